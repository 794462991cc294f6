"""Findings over templates are mended there, or in Terraform's configuration: the edit by which the check passes.

What a check asks for is taken from its predicate where that says it: a column that must be true, or must be some value.
Each edit is read and judged again before it is offered: the finding must pass then, and nothing fail that did not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import eq
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from demarcate.base.documents import DocumentError
from demarcate.base.encoding import to_json
from demarcate.changes.arguments import wanted_for
from demarcate.changes.properties import filled, with_own, with_resource
from demarcate.changes.properties import properties as property_data
from demarcate.changes.proving import Proving
from demarcate.checks.catalog import load_checks, select
from demarcate.checks.judgement import Finding, finding_id
from demarcate.checks.structs import Check
from demarcate.checks.wishes import wishes_of
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.sources.cloudformation.amending import NoWay, ways
from demarcate.estate.sources.cloudformation.editing import (
    REMOVED,
    UNTOLD,
    NotEdited,
    Place,
    SaidAlready,
    set_property,
)
from demarcate.estate.sources.cloudformation.rereading import Reading, edit_all, edited_files
from demarcate.estate.sources.collecting import everything
from demarcate.estate.sources.edits import Edited
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.registry import source_of
from demarcate.estate.sources.terraform.referring import kind_of
from demarcate.estate.sources.terraform.rereading import CONFIGURATION, Asked, ConfigurationReading
from demarcate.estate.sources.terraform.source import TerraformSource
from demarcate.estate.tables import table
from demarcate.model import load


@dataclass(frozen=True, slots=True)
class Patch:
    """The edited templates, the findings that pass by it with the lines that are edited, and the others, with why.

    `unread` is what could not be read of the templates: what it holds may fail as well. `configured` are the findings
    that pass by an edit of Terraform's configuration, with its file and line. `then` are those that fail by the edits,
    of checks that were not about their resources before. `properties` are what an edit of a template sets, as it is
    written in JSON, by the id of the finding.
    """

    files: tuple[Edited, ...]
    edits: tuple[tuple[Finding, int], ...]
    left: tuple[tuple[Finding, str], ...]
    unread: tuple[Unread, ...]
    configured: tuple[tuple[Finding, str, int], ...] = ()
    then: tuple[Finding, ...] = ()
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that were meant."""
        templates = (finding for finding, _ in (*self.edits, *self.left))
        return (*templates, *(finding for finding, _, _ in self.configured))


def patch_of(
    sources: Sequence[str],
    options: Options,
    names: Sequence[str] | None,
    ids: Collection[str] = (),
    folders: Sequence[Path] = (),
    *,
    only: Collection[tuple[str, str]] | None = None,
    asked: Mapping[str, Any] = {},
    called: Mapping[tuple[str, str], str] = {},
) -> Patch:
    """The edits by which findings of templates pass: of these checks (or any), and with these ids (or any).

    `only` are the findings that are meant, each by its check and its logical id, or its address. `asked` are values
    that their remedies ask of a person. `called` is what findings call resources of the CDK, by file and logical id.

    Raises DemarcateError where the sources are no templates and no Terraform, or cannot be read.
    """
    checks = load_checks(folders, responsibilities=load().owed)
    chosen = select(checks, names or None)
    terraform = isinstance(source_of(sources), TerraformSource)
    reading = (ConfigurationReading if terraform else Reading)(sources, options, everything())
    with reading.read() as snapshot:
        held = {name for name, of in snapshot.manifest.tables.items() if any(part.rows for part in of.parts)}
        checks = {name: check for name, check in checks.items() if check.table in held}  # others are about nothing
        live = only is not None  # what fails live may be left to AWS where it is declared
        proving = Proving(snapshot, checks, {check for check, _ in only or ()} & checks.keys() if live else ())
        wanted = [
            finding
            for each in (proving.findings if live else proving.failing).values()
            for finding in [_called(each, called)]
            if finding.check in chosen
            and finding.file is not None
            and (not ids or finding.id in ids)
            and (only is None or (finding.check, finding.resource) in only)
        ]
        rows = _rows(snapshot, {checks[finding.check].table for finding in wanted})

        properties: dict[str, tuple[str, ...]] = {}

        def texts(reading: Reading, finding: Finding) -> Iterator[tuple[int, str]]:
            check = checks[finding.check]
            row = rows.get((check.table, finding.file, finding.resource))
            if check.id in property_data():
                line, text, properties[finding.id] = _completed(reading, finding, check, asked)
            else:
                line, text, properties[finding.id] = _edited(reading, finding, check, row)
            yield line, text

        unread = tuple(snapshot.unread)
        if isinstance(reading, ConfigurationReading):
            looked = {name for check in checks.values() for name in check.lookups}
            reading.selection = everything(held | looked)
            return _configured(reading, wanted, checks, rows, proving, unread, asked)
        edits, left = edit_all(reading, wanted, texts, proving.why_wrong)
    return Patch(
        edited_files(reading), tuple(edits), tuple(left), unread, then=proving.then, properties=properties
    )


def _called(finding: Finding, called: Mapping[tuple[str, str], str]) -> Finding:
    """A finding with the id that it has where its resource is called by its construct."""
    name = called.get((str(finding.file), str(finding.resource)))
    if name is None:
        return finding
    of = finding_id(finding.check, finding.account, finding.region, finding.file, name)
    return replace(finding, id=of)


def _configured(
    reading: ConfigurationReading,
    wanted: Sequence[Finding],
    checks: Mapping[str, Check],
    rows: _Rows,
    proving: Proving,
    unread: tuple[Unread, ...],
    values: Mapping[str, Any],
) -> Patch:
    """The edits of Terraform's configuration by which findings pass."""
    asked: list[Asked[Finding]] = []
    left: list[tuple[Finding, str]] = []
    for finding in wanted:
        check = checks[finding.check]
        row = rows.get((check.table, finding.file, finding.resource))
        try:
            if not str(finding.file).endswith(CONFIGURATION):
                raise NotEdited(reading.configured.why_not(str(finding.resource)))
            asked.append(_asked(reading, finding, check, row, values))
        except NotEdited as error:
            left.append((finding, str(error)))

    def wrong(after: Snapshot, items: list[Asked[Finding]]) -> str | None:
        findings = [item.item for item in items]
        return proving.why_more(after, findings, reading.added()) or proving.why_wrong(after, findings)

    edits, refused = edit_all(reading, asked, lambda reading, item: item.texts(reading, eq), wrong)
    left += [(item.item, why) for item, why in refused]
    configured = tuple((item.item, item.file, line) for item, line in edits)
    return Patch(edited_files(reading), (), tuple(left), unread, configured, proving.then)


def _asked(
    reading: ConfigurationReading,
    finding: Finding,
    check: Check,
    row: Mapping[str, Any] | None,
    values: Mapping[str, Any],
) -> Asked[Finding]:
    """The edits by which a finding would pass. Raises NotEdited."""
    file, address = str(finding.file), str(finding.resource)
    told = wanted_for(check, kind_of(address), values)
    if told:
        return Asked.by(reading, finding, file, address, [[wanted] for wanted in told])
    chosen, wishes = table(check.table), wishes_of(check.predicate)
    wished = [
        (column, wishes[column.name], UNTOLD)
        for column in chosen.columns
        if row is not None
        and column.name in wishes
        and (finding.verdict == "pass" or row[column.name] != wishes[column.name])
    ]
    if not wished:
        raise NotEdited(f"it takes a person: {check.remedy.text}")
    return Asked.of(reading, finding, file, address, chosen, wished)


_Rows = Mapping[tuple[str, str | None, str | None], Mapping[str, Any] | None]


def _rows(snapshot: Snapshot, names: Iterable[str]) -> _Rows:
    """The rows of tables, by table, file and logical id; None where a resource has several."""
    rows: dict[tuple[str, str | None, str | None], Mapping[str, Any] | None] = {}
    for chosen in map(table, sorted(names)):
        columns = ["file", "resource", *(column.name for column in chosen.columns)]
        for row in rows_of(snapshot, chosen, columns):
            key = (chosen.name, row["file"], row["resource"])
            rows[key] = None if key in rows else row
    return rows


def _completed(
    reading: Reading, finding: Finding, check: Check, asked: Mapping[str, Any]
) -> tuple[int, str, tuple[str, ...]]:
    """The line and the text of a file, edited by what data says of a check, and the properties. Raises NotEdited."""
    file, name, types = str(finding.file), str(finding.resource), table(check.table).types
    says, of = filled(check, asked, name), property_data()[check.id]
    told = tuple(f"{path} = {to_json(value).decode()}" for path, value in says.items())
    try:
        if of.by:
            text, line = with_resource(reading, reading.text(file), file, name, types, of, says)
            return line, text, (f"a resource {of.by} beside it with {', '.join(told)}",)
        text, line = with_own(reading.text(file), file, name, types, says)
    except SaidAlready as error:
        raise NotEdited(_SAID) from error
    except DocumentError as error:
        raise NotEdited(error.message) from error
    return line, text, told


def _edited(
    reading: Reading, finding: Finding, check: Check, row: Mapping[str, Any] | None
) -> tuple[int, str, tuple[str, ...]]:
    """The line and the text of a file, edited for all that a check asks for, and the properties. Raises NotEdited."""
    chosen = table(check.table)
    wishes = wishes_of(check.predicate)
    if row is None or not wishes:
        raise NotEdited(f"it takes a person: {check.remedy.text}")
    file = str(finding.file)
    text, lines, properties, said = reading.text(file), list[int](), list[str](), False
    for column in chosen.columns:
        if column.name not in wishes or (finding.verdict != "pass" and row[column.name] == wishes[column.name]):
            continue
        try:
            way = next(ways(chosen, column, wishes[column.name]), None)
            if way is None:
                raise NotEdited(f"{column.name} is made of properties by a rule that does not lead back")
            place = Place(str(finding.resource), chosen.types, way.path)
            text, line = set_property(text, file, place, way.value)
        except SaidAlready:
            said = True
            continue
        except NoWay as error:
            raise NotEdited(f"{column.name}: {error}") from error
        except DocumentError as error:
            raise NotEdited(error.message) from error
        lines.append(line)
        properties.append(
            f"no {way.path}" if way.value is REMOVED else f"{way.path} = {to_json(way.value).decode()}"
        )
    if not lines:
        raise NotEdited(_SAID if said else f"it takes a person: {check.remedy.text}")
    return min(lines), text, tuple(properties)


_SAID: Final = "it is declared so already: deploy it again"

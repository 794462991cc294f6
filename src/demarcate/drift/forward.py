"""Drift the forward way: the edit of the template, or of Terraform's configuration, by which it declares what is live.

Each edit is read again as part of all templates, or of the plan or state beside the configuration, before it is
offered: the declared row must then be like the live one, and no other resource be another. What cannot be edited so is
told, with why. Nothing is written to a template.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from demarcate.base.documents import DocumentError
from demarcate.base.files import is_file, is_folder
from demarcate.drift.alike import alike
from demarcate.drift.columns import CHILDREN, declarable
from demarcate.drift.resolving import marks_of
from demarcate.drift.rows import Row, plain_value
from demarcate.drift.structs import Comparison, Drift, DriftKind
from demarcate.estate.schema.table import Table
from demarcate.estate.snapshots.differing import differing
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.cloudformation.amending import NoWay, Way, ways
from demarcate.estate.sources.cloudformation.editing import NotEdited, Place, change_items, set_property
from demarcate.estate.sources.cloudformation.rereading import Reading, edit_all, edited_files
from demarcate.estate.sources.collecting import everything
from demarcate.estate.sources.edits import Edited
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection
from demarcate.estate.sources.registry import source_of
from demarcate.estate.sources.terraform.rereading import CONFIGURATION, Asked, ConfigurationReading
from demarcate.estate.sources.terraform.source import TerraformSource
from demarcate.estate.tables import all_tables
from demarcate.estate.tables.security_groups import declared_rule, written_rule


@dataclass(frozen=True, slots=True)
class Patch:
    """The edited files, the drifts that end by it with the lines that are edited, and the others, each with why.

    `configured` are those that end by an edit of Terraform's configuration, with its file and line.
    """

    files: tuple[Edited, ...]
    edits: tuple[tuple[Drift, int], ...]
    left: tuple[tuple[Drift, str], ...]
    configured: tuple[tuple[Drift, str, int], ...] = ()


def patch_of(comparison: Comparison, sources: Sequence[str], options: Options = Options()) -> Patch:
    """The edits of templates, or of Terraform's configuration, by which they declare what is live.

    `sources` are the templates and `options` their parameters, as they were read; of Terraform, the plan or state that
    the configuration lies beside. Raises DemarcateError where they cannot be read any more.
    """
    left: list[tuple[Drift, str]] = []
    wanted: list[Drift] = []
    if any(
        file.endswith(CONFIGURATION) for file in sources
    ):  # of a baseline, whose origin names what it was made of
        sources = [file for file in sources if not file.endswith(CONFIGURATION)] + _named_in(comparison.declared)
    source = source_of(sources) if sources else None
    for drift in comparison.drifts:
        why = _why_not(drift, comparison)
        if why is None and drift.kind is DriftKind.CHANGED:
            if str(drift.file).endswith(CONFIGURATION):
                why = None if isinstance(source, TerraformSource) else _NO_PLAN
            elif source is not None and source.identifies:
                why = _NO_TEMPLATE
        if why is not None:
            left.append((drift, why))
        elif drift.kind is DriftKind.CHANGED:
            wanted.append(drift)
    if not wanted:
        return Patch((), (), tuple(left))
    if isinstance(source, TerraformSource):
        return _configured(wanted, sources, options, left)
    reading = Reading(sources, options, everything())
    with reading.read() as before:
        reading.selection = _held(before)
        edits, refused = edit_all(
            reading, _once(wanted), _texts, lambda after, drifts: _why_wrong(before, after, drifts)
        )
    return Patch(edited_files(reading), tuple(edits), (*left, *refused))


_NO_TEMPLATE: Final = (
    "no template declares it, and no configuration (.tf) lies beside what does: edit that which makes it"
)
_NO_PLAN: Final = "it is of Terraform, and what its baseline was made of is not there: name its plan or state"


def _named_in(origin: str) -> list[str]:
    """The plans and states that a baseline was made of, and their configuration; none where they are not there."""
    names = origin.split(" ")
    there = all(is_file(Path(name)) or is_folder(Path(name)) for name in names)
    return names if there and isinstance(source_of(names), TerraformSource) else []


def _held(snapshot: Snapshot) -> Selection:
    """The tables that a snapshot has rows of."""
    held = snapshot.manifest.tables.items()
    return everything(name for name, table in held if any(part.rows for part in table.parts))


def _configured(
    wanted: Sequence[Drift], sources: Sequence[str], options: Options, left: list[tuple[Drift, str]]
) -> Patch:
    """The edits of Terraform's configuration."""
    reading = ConfigurationReading(sources, options, everything())
    asked: list[Asked[Drift]] = []
    with reading.read() as before:
        reading.selection = _held(before)
        for drift in wanted:
            table = all_tables()[drift.table]
            column = next((column for column in table.columns if column.name == drift.column), None)
            try:
                if column is None:
                    raise NotEdited("several resources or blocks make it: edit these")
                name, file = str(drift.logical_id), str(drift.file)
                wish = (column, drift.live, drift.declared)
                asked.append(Asked.of(reading, drift, file, name, table, [wish]))
            except NotEdited as error:
                left.append((drift, str(error)))
        edits, refused = edit_all(
            reading,
            asked,
            lambda reading, item: item.texts(reading, alike),
            lambda after, items: _why_wrong(before, after, [item.item for item in items], reading.added()),
        )
    return Patch(
        edited_files(reading),
        (),
        (*left, *((item.item, why) for item, why in refused)),
        tuple((item.item, item.file, line) for item, line in edits),
    )


def _why_not(drift: Drift, comparison: Comparison) -> str | None:
    """Why no edit is for a drift; None where one may be, and for what is none."""
    if drift.kind is DriftKind.MISSING and drift.file is not None:
        return "it is gone: deploy the template again, or take the resource out of it"
    if drift.kind is not DriftKind.CHANGED:
        return None
    if drift.file is None or drift.logical_id is None:
        return "no template declares it: set a new version of the baseline"
    if not Path(drift.file).is_file():
        return f"{drift.file} is not there any more"
    stacks = comparison.stacks.get(drift.file, ())
    if len(stacks) > 1:
        alike_ = [other for other in comparison.of(DriftKind.CHANGED) if _key(other) == _key(drift)]
        if len(alike_) < len(stacks) or any(not alike(drift.live, other.live) for other in alike_):
            return f"the template is {len(stacks)} stacks, and they are not alike in this"
    return None


def _key(drift: Drift) -> tuple[str | None, ...]:
    return drift.file, drift.logical_id, drift.table, drift.column


def _once(drifts: Iterable[Drift]) -> list[Drift]:
    """Of several stacks that one template is, the drift of one."""
    return list({_key(drift): drift for drift in reversed(list(drifts))}.values())[::-1]


def _texts(reading: Reading, drift: Drift) -> Iterator[tuple[int, str]]:
    """The line and the text of a file, by each way in which it could declare what is live. Raises NotEdited."""
    file = str(drift.file)
    text = reading.text(file)
    table = all_tables()[drift.table]
    children = CHILDREN.get(drift.table)
    why: NotEdited | None = None
    try:
        if children is not None and drift.column == children.called:
            yield _with_rules(text, file, drift, all_tables()[children.of])
            return
        column = next(column for column in table.columns if column.name == drift.column)
        for way in ways(table, column, drift.live, drift.declared):
            try:
                edited, line = set_property(
                    text, file, _place(table, drift, way), way.value, declared=way.declared, same=alike
                )
                yield line, edited
            except NotEdited as error:
                why = why or error
    except NoWay as error:
        raise NotEdited(str(error)) from error
    except DocumentError as error:
        raise NotEdited(error.message) from error
    raise why or NotEdited(_MADE)


_MADE: Final = "it is made of properties by a rule that does not lead back"


def _place(table: Table, drift: Drift, way: Way) -> Place:
    return Place(str(drift.logical_id), table.types, way.path)


def _with_rules(text: str, file: str, drift: Drift, group: Table) -> tuple[int, str]:
    """The text with the rules of a security group that it has live."""
    lines = []
    for egress, path in ((False, "SecurityGroupIngress"), (True, "SecurityGroupEgress")):
        gone, added = ([rule for rule in of if rule["is_egress"] is egress] for of in (drift.declared, drift.live))
        if not gone and not added:
            continue

        def is_of(item: Any, rule: Any) -> bool:
            told = declared_rule(item)
            return all(alike(value, rule[name]) for name, value in told.items() if name in rule)

        place = Place(str(drift.logical_id), group.types, path)
        text, line = change_items(text, file, place, gone, [written_rule(rule) for rule in added], is_of)
        lines.append(line)
    return min(lines), text


@dataclass(slots=True)
class _Differing:
    """The rows of one resource in one table that only the templates before the edits have, and only those after."""

    before: list[Row] = field(default_factory=list)
    after: list[Row] = field(default_factory=list)


def _why_wrong(
    before: Snapshot, after: Snapshot, drifts: Sequence[Drift], added: Collection[str] = ()
) -> str | None:
    """Why templates are not as they should be after edits for drifts; None where they are.

    `added` are the addresses of resources that an edit makes.
    """
    if len(after.unread) > len(before.unread):
        return f"the template could not be read any more: {after.unread[-1].reason}"
    resources = {(drift.file, drift.logical_id) for drift in drifts}
    rows: dict[tuple[str, Any, Any], _Differing] = {}
    for table, was, row in differing(before, after):
        if row["resource"] in added and not was:
            continue
        if (row["file"], row["resource"]) not in resources:
            return f"the edit would change {row['resource']}, in {row['file']}, as well"
        of = rows.setdefault((table, row["file"], row["resource"]), _Differing())
        (of.before if was else of.after).append(row)
    meant: dict[tuple[str, Any, Any], dict[str, Drift]] = {}
    for drift in drifts:
        meant.setdefault((drift.table, drift.file, drift.logical_id), {})[str(drift.column)] = drift
    for key, columns in meant.items():
        of = rows.get(key, _Differing())
        children = CHILDREN.get(key[0])
        wrong = (
            _rules_wrong(of, columns)
            if children is not None
            else _columns_wrong(all_tables()[key[0]], of, columns)
        )
        if wrong is not None:
            return wrong
    return None


def _columns_wrong(table: Table, rows: _Differing, drifts: Mapping[str, Drift]) -> str | None:
    if len(rows.after) != 1 or len(rows.before) != 1:
        return _MADE
    old, new = rows.before[0], rows.after[0]
    for column in declarable(table.name):
        drift = drifts.get(column.name)
        told, was = (
            None if row[column.name] is None else plain_value(column, row[column.name]) for row in (new, old)
        )
        if drift is None:
            if told != was:
                return f"the edit would change {column.name} as well"
            continue
        if column.name not in marks_of(old) and not alike(was, drift.declared, column=column.name):
            return f"the file does not declare {column.name} as it was compared: it was edited since"
        if told is None or not alike(told, drift.live, column=column.name):
            return _MADE
    return None


def _rules_wrong(rows: _Differing, drifts: Mapping[str, Drift]) -> str | None:
    """Why rules are not as they should be after an edit."""
    (drift,) = drifts.values()
    for has, meant in ((rows.before, drift.declared), (rows.after, drift.live)):
        names = set(meant[0]) if meant else set()
        if len(has) != len(meant) or not alike([{name: row[name] for name in names} for row in has], meant):
            return _MADE
    return None

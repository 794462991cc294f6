"""Where the line runs for the resources at hand: the model's `when` predicates over their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from demarcate.base import cache
from demarcate.base.documents import DocumentError, compose
from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import compile_check, compiler, load_checks
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Finding, Tally
from demarcate.checks.structs import Check, Written
from demarcate.estate.schema.table import MANAGED_BY
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.tables import all_tables
from demarcate.model import Model, Responsibility, Service
from demarcate.posture.structs import State


def line_checks(model: Model) -> dict[str, Check]:
    """Every `when` of the model as a check that passes where it holds, by `<id>#<number>`.

    Raises DemarcateError for a predicate that does not fit its table.
    """
    written = [(item.id, when) for item in _items(model) for when in item.when]
    key = cache.fingerprint([compiler(), Path(__file__).read_bytes(), repr(written).encode()])
    return cache.cached("line", key, dict[str, Check], lambda: dict(_compile(model)))


def _items(model: Model) -> Iterator[Responsibility | Service]:
    yield from model.responsibilities
    yield from model.services


def _compile(model: Model) -> Iterator[tuple[str, Check]]:
    for item in _items(model):
        for number, when in enumerate(item.when):
            name = f"{item.id}#{number}"
            written = Written(
                id=name,
                title=when.because,
                responsibility=item.id,
                table=when.table,
                passes=when.predicate,
                fail="",
                severity="low",
            )
            try:
                yield name, compile_check(written, "the model", compose("{}", "the model"), own=False)
            except DocumentError as error:
                raise DemarcateError(f"{item.id}: when: {error}") from error


class Reach(msgspec.Struct, frozen=True):
    """To how many resources a responsibility applies, does not, or may: all zero where there are none."""

    applies: int = 0
    not_applies: int = 0
    unknown: int = 0

    def __add__(self, other: Reach) -> Reach:
        return Reach(
            self.applies + other.applies,
            self.not_applies + other.not_applies,
            self.unknown + other.unknown,
        )


def drawn_by(model: Model, snapshot: Snapshot) -> list[Check]:
    """The checks that tell where the line runs, of the tables that a snapshot has."""
    return [check for check in line_checks(model).values() if check.table in snapshot.manifest.tables]


def reach(model: Model, tallies: Iterable[Tally]) -> dict[str, Reach]:
    """For each responsibility and service that has a `when`: for how many resources it holds, by tallies of the checks
    that it was `drawn_by`.
    """
    reached = {check.responsibility: Reach() for check in line_checks(model).values()}
    for tally in tallies:
        name = tally.check.partition("#")[0]
        reached[name] += Reach(tally.passed, tally.failed, tally.unknown)
    return reached


class Drawn(msgspec.Struct, frozen=True):
    """One responsibility on the line of one resource: whether it applies, and why; and whether it is met.

    `state` is of this resource alone, and None where the responsibility does not apply; `told` says what led to it, and
    `checks` which checks judged it.
    """

    responsibility: Responsibility
    applies: bool | None
    because: str
    state: State | None = None
    told: str = ""
    checks: tuple[str, ...] = ()


class ResourceLine(msgspec.Struct, frozen=True):
    """The line for one resource: its table, service and row's identity, and each responsibility about it.

    `managed_by` is the AWS service or the other account that operates it, so that it is not judged; else ''.
    """

    resource: str
    table: str
    service: Service
    drawn: tuple[Drawn, ...]
    managed_by: str = ""


def draw(model: Model, snapshot: Snapshot, resource: str, *, live: bool = False) -> list[ResourceLine]:
    """The line for the resource of that ARN, name or logical id, once for each row that it has.

    Of a `live` account, checks that run only on request are left out.

    Raises DemarcateError where the snapshot has no such resource.
    """
    lines = []
    for table, row_resource in find_resource(snapshot, resource):
        about = _about(model, table)
        checks = resource_checks(model, [table], live=live).values()
        findings, told = _findings(snapshot, checks, about, row_resource)
        operator = _operator(snapshot, table, row_resource)
        for service in _services(model, table, told):
            drawn = tuple(_judged(each, findings) for each in _drawn(model, service, about, told))
            lines.append(ResourceLine(row_resource, table, service, drawn, operator))
    if not lines:
        unread = "".join(f"; {told} (could not be read)" for told in list(snapshot.unread)[:1])
        raise DemarcateError(
            f"{snapshot.manifest.origin} has no resource {resource!r}: name its ARN, or its logical id in a template"
            f"{unread}"
        )
    return lines


def _operator(snapshot: Snapshot, table: str, resource: str) -> str:
    """Who operates a resource, where its row tells that another does than its account's owner."""
    if all_tables()[table].column(MANAGED_BY) is None:
        return ""
    with snapshot.cursor() as cursor:
        rows: list[Any] = cursor.execute(
            f"SELECT max({MANAGED_BY}) FROM {snapshot.rows_in(table)} WHERE resource = $it",
            {"it": resource},
        ).fetchall()
    return rows[0][0] or ""


def resource_checks(model: Model, tables: Sequence[str], *, live: bool) -> dict[str, Check]:
    """The checks that judge resources of these tables, or rows that are derived from theirs."""
    own = {*tables, *(name for name, table in all_tables().items() if table.owners)}
    checks = load_checks(responsibilities=model.owed)
    return {
        name: check for name, check in checks.items() if check.table in own and not (live and check.on_request)
    }


def _about(model: Model, table: str) -> dict[str, Check]:
    """Each `when` that speaks of rows of a table."""
    return {name: check for name, check in line_checks(model).items() if check.table == table}


def _findings(
    snapshot: Snapshot, checks: Iterable[Check], about: Mapping[str, Check], resource: str
) -> tuple[dict[str, list[Finding]], list[Finding]]:
    """What the checks say of one resource, by responsibility, and what each `when` says of it: in one look, since a
    database takes longer to be opened than one resource to be judged.
    """
    held = [check for check in checks if check.table in snapshot.manifest.tables]
    findings: dict[str, list[Finding]] = {}
    told: list[Finding] = []
    for finding in judge(snapshot, [*held, *about.values()], passes=True, only=resource).findings():
        if finding.check in about:
            told.append(finding)
        elif finding.resource == resource:
            findings.setdefault(finding.responsibility, []).append(finding)
    return findings, told


def _judged(drawn: Drawn, findings: Mapping[str, list[Finding]]) -> Drawn:
    """The same, with its state."""
    if drawn.applies is False:
        return drawn
    about = findings.get(drawn.responsibility.id, [])
    state, told = _state(drawn.responsibility, about)
    return replace(drawn, state=state, told=told, checks=tuple(dict.fromkeys(finding.check for finding in about)))


def _state(responsibility: Responsibility, findings: Sequence[Finding]) -> tuple[State, str]:
    """Whether one resource meets a responsibility by what its checks found, and what led to that."""
    if responsibility.party == "aws":
        return "provided", ""
    for verdict, state in (("fail", "gap"), ("unknown", "unproven")):
        reasons = dict.fromkeys(finding.reason for finding in findings if finding.verdict == verdict)
        if reasons:
            return cast(State, state), "; ".join(reasons)
    others = " and ".join(kind for kind in responsibility.proof_kinds if kind != "checks")
    if findings and not others:
        return "met", ""
    if findings:
        return "unproven", f"its checks pass here, and it is proven by {others} as well"
    return "unproven", f"it is proven by {others}" if others else "no check judges this resource for it"


def _services(model: Model, table: str, told: Iterable[Finding]) -> list[Service]:
    """The services that a resource is of: where two share the table, those whose `when` may hold for it."""
    refused = {finding.responsibility for finding in told if finding.verdict == "fail"}
    return [service for service in model.services_of_table.get(table, ()) if service.id not in refused]


def _drawn(model: Model, service: Service, about: Mapping[str, Check], told: Iterable[Finding]) -> Iterator[Drawn]:
    verdicts = {finding.check: finding for finding in told}
    for responsibility in model.responsibilities:
        if not responsibility.covers(service.id):
            continue
        names = [name for name in about if name.partition("#")[0] == responsibility.id]
        if not names:
            # One that speaks of rows of other tables alone says nothing of this resource.
            if not responsibility.when:
                yield Drawn(responsibility, True, "")
            continue
        met = [name for name in names if verdicts[name].verdict == "pass"]
        unsure = [name for name in names if verdicts[name].verdict == "unknown"]
        if met:
            yield Drawn(responsibility, True, about[met[0]].title)
        elif unsure:
            yield Drawn(responsibility, None, verdicts[unsure[0]].reason)
        else:
            yield Drawn(responsibility, False, "")


def find_resource(snapshot: Snapshot, resource: str) -> list[tuple[str, str]]:
    """The (table, resource) pairs of a snapshot that an ARN, logical id or last part of an ARN means."""
    resources: dict[tuple[str, str], None] = {}
    with snapshot.cursor() as cursor:
        for name in snapshot.manifest.tables:
            if not snapshot.has_rows(name) or name not in all_tables() or all_tables()[name].owners:
                continue
            rows: list[Any] = cursor.execute(
                f"SELECT DISTINCT resource FROM {snapshot.rows_in(name)} WHERE resource = $it "
                "OR ends_with(resource, '/' || $it) OR ends_with(resource, ':' || $it) ORDER BY 1",
                {"it": resource},
            ).fetchall()
            resources.update(dict.fromkeys((name, row[0]) for row in rows))
    exact = [pair for pair in resources if pair[1] == resource]
    return exact or list(resources)

"""How far the patching of each resource is: what its checks find, and what is told of it, in one row.

What is known to be so comes first: a resource whose support has ended is overdue, whatever else could not be read of
it. Then comes what keeps anything from being told (it is not managed, stopped, never scanned), then what is known to
be missing, then what one of its checks could not tell. Only what is left is current.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demarcate.assessing import selection_of, tags_come_along
from demarcate.base.encoding import from_json
from demarcate.checks.database import Database
from demarcate.checks.engine import judge
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.plan import Selection
from demarcate.estate.tables import all_tables
from demarcate.model import Model, Party
from demarcate.patching.kinds import TOLD, Effect, Judged, Kind, checks_of, judged, reads, sql_of, sql_of_other
from demarcate.patching.structs import PatchFinding, PatchState, PatchStatus
from demarcate.patching.versions import behind, is_ordered, newest
from demarcate.posture.line import line_checks

Resource = tuple[str | None, str | None, str | None]
"""The account, the region, and what findings call it."""

NEWER = "a newer version is offered"
"""The finding of a resource that is behind what is offered in its place."""

ROWS = 2_000
"""How many rows are fetched at once."""


def selection(model: Model, kinds: Sequence[Kind], *, live: bool, tags: bool = False) -> Selection:
    """What is read to tell the status of these kinds; with `tags`, their tags also where these take more calls."""
    checks = [*checks_of(kinds).values(), *_lines(model, kinds).values()]
    chosen = {name: set(columns or ()) for name, columns in selection_of(checks, live=live).items()}
    for name, columns in reads(kinds).items():
        chosen.setdefault(name, set()).update(columns)
    for kind in kinds:
        table = all_tables()[kind.table]
        if table.column("tags") is not None and (tags or tags_come_along(table)):
            chosen[kind.table].add("tags")
    return {name: frozenset(columns) for name, columns in chosen.items()}


def patch_status(model: Model, snapshot: Snapshot, kinds: Sequence[Kind]) -> Iterator[PatchStatus]:
    """The status of each resource of these kinds, by kind, account, region and resource.

    What could not be read as a whole is one row without a resource, in the account and region that it is of.
    """
    parts = judged(kinds)
    checks = {**checks_of(kinds), **_lines(model, kinds)}
    verdicts = _verdicts(snapshot, checks)
    database = Database(verdicts.snapshot)
    try:
        group = database.group(verdicts.snapshot)
        group.make_whole(reads(kinds))
        cursor = group.cursor()
        for kind in kinds:
            if kind.table not in snapshot.manifest.tables and kind.table not in verdicts.lost:
                continue
            others = {
                part.table: _joined(cursor.execute(sql_of_other(kind, part.table, part.on)))
                for part in kind.others
            }
            own = [part for part in parts if part.kind == kind.kind]
            yield from _unread(kind, verdicts)
            result = cursor.execute(f"{sql_of(kind)} ORDER BY 1, 2, 3")
            while rows := result.fetchmany(ROWS):
                for row in rows:
                    yield _status(model, kind, row, own, others, verdicts)
    finally:
        database.connection.close()


Others = Mapping[Resource, tuple[str, ...]]
"""What the rows of another table that tell of resources are called, by the resource."""


def _joined(result: Any) -> Others:
    """What the rows of another table that tell of each resource are called, each once."""
    joined: dict[Resource, tuple[str, ...]] = {}
    while rows := result.fetchmany(ROWS):
        for account, region, resource, other in rows:
            place = (account, region, resource)
            held = joined.get(place, ())
            if other not in held:
                joined[place] = (*held, other)
    return joined


def _lines(model: Model, kinds: Sequence[Kind]) -> dict[str, Check]:
    """The predicates of the model that tell who patches resources of these kinds."""
    return {
        name: check
        for name, check in line_checks(model).items()
        if any(check.table == kind.table and check.responsibility in kind.patched_by for kind in kinds)
    }


@dataclass(frozen=True, slots=True)
class _Verdicts:
    """What checks say of rows, but what passes: by table and row, the check with its verdict and reason.

    `lost` has what could not be read as a whole, by table; `not_run` why a check did not run at all. `lines` are the
    checks that tell who patches, by table and responsibility.
    """

    snapshot: Snapshot
    of_rows: Mapping[tuple[str, Resource], list[tuple[str, str, str]]]
    lost: Mapping[str, list[tuple[Resource, str]]]
    not_run: Mapping[str, str]
    lines: Mapping[tuple[str, str], list[str]]
    checks: Mapping[str, Check]


def _verdicts(snapshot: Snapshot, checks: Mapping[str, Check]) -> _Verdicts:
    judgement = judge(snapshot, checks.values())
    of_rows: dict[tuple[str, Resource], list[tuple[str, str, str]]] = {}
    lost: dict[str, list[tuple[Resource, str]]] = {}
    try:
        result = judgement.cursor().execute(
            'SELECT "check", account, region, resource, verdict, reason FROM findings ORDER BY ALL'
        )
        while rows := result.fetchmany(ROWS):
            for name, account, region, resource, verdict, reason in rows:
                table, place = checks[name].table, (account, region, resource)
                if resource is None:
                    lost.setdefault(table, []).append((place, reason))
                else:
                    told = reason if verdict == "fail" else f"{checks[name].title}? {reason}"
                    of_rows.setdefault((table, place), []).append((name, verdict, told))
    finally:
        judgement.close()
    lines: dict[tuple[str, str], list[str]] = {}
    for name, check in checks.items():
        lines.setdefault((check.table, check.responsibility), []).append(name)
    not_run = {each.check: f"{checks[each.check].title}? {each.reason}" for each in judgement.not_run}
    return _Verdicts(judgement.snapshot, of_rows, lost, not_run, lines, checks)


def _unread(kind: Kind, verdicts: _Verdicts) -> Iterator[PatchStatus]:
    reasons: dict[Resource, dict[str, None]] = {}
    for place, reason in verdicts.lost.get(kind.table, ()):
        reasons.setdefault(place, {})[reason] = None
    for (account, region, _), told in reasons.items():
        yield PatchStatus(
            account_id=account or "",
            region=region or "",
            resource="",
            table=kind.table,
            kind=kind.kind,
            name="",
            tags={},
            party=None,
            state=PatchState.UNKNOWN,
            reasons=tuple(told),
        )


def _status(
    model: Model,
    kind: Kind,
    row: Sequence[Any],
    parts: Iterable[Judged],
    others: Mapping[str, Others],
    verdicts: _Verdicts,
) -> PatchStatus:
    account, region, resource, tags = row[:4]
    told = dict(zip(TOLD, row[4:], strict=True))
    place = (account, region, resource)
    version, offered = told["version"], told["offered"]
    ordered = version is not None and is_ordered(version)
    latest = newest(offered) if offered and ordered else None
    behind_by = behind(version, offered) if offered is not None and ordered else None
    newer: str | None = ""
    if kind.follows:
        newer = None if behind_by is None else _newer(behind_by, latest)
    state, reasons, findings = _state(place, parts, others, verdicts, newer)
    return PatchStatus(
        account_id=account or "",
        region=region or "",
        resource=told["resource"] or resource,
        table=kind.table,
        kind=kind.kind,
        name=told["name"] or resource,
        tags=from_json(tags) if tags is not None else {},
        party=_party(model, kind, place, verdicts),
        state=state,
        reasons=reasons,
        findings=findings,
        version=version,
        newest=latest,
        behind_by=behind_by,
        support_ends=told["support_ends"].date() if told["support_ends"] is not None else None,
        window=told["window"],
        next_date=_moment(told["next_date"]),
        next_action=told["next_action"] or "",
    )


def _newer(behind_by: int, latest: str | None) -> str:
    """What a resource is behind; empty where it is the newest."""
    return f"it is {behind_by} version{'' if behind_by == 1 else 's'} behind {latest}" if behind_by else ""


def _moment(value: datetime | None) -> datetime | None:
    """A moment of a table, which is in UTC."""
    return None if value is None else value.replace(tzinfo=UTC)


_WORST: tuple[tuple[Effect | None, PatchState], ...] = (
    ("overdue", PatchState.OVERDUE),
    ("unless-told", PatchState.UNKNOWN),
    ("behind", PatchState.BEHIND),
    (None, PatchState.UNKNOWN),
)
"""What decides, in this order: a check that fails by its effect, and None for one that is unknown."""


def _state(
    place: Resource,
    parts: Iterable[Judged],
    others: Mapping[str, Others],
    verdicts: _Verdicts,
    newer: str | None,
) -> tuple[PatchState, tuple[str, ...], tuple[PatchFinding, ...]]:
    """The state of a resource, all that led to it (what decides first), and what of that is known to be missing.

    `newer` says what it is behind; it is empty where it is behind nothing, and None where that is not known.
    """
    reasons: dict[Effect | None, dict[str, None]] = {effect: {} for effect, _ in _WORST}
    findings: dict[str, PatchFinding] = {}
    for part in parts:
        # Where another table has nothing of it, that is for a check to tell.
        named = others[part.table].get(place, ()) if part.on else (place[2],)
        effects = dict(part.checks)
        for name in filter(verdicts.not_run.__contains__, effects if named else ()):
            reasons[None][verdicts.not_run[name]] = None
        for other in named:
            for name, verdict, reason in verdicts.of_rows.get((part.table, (place[0], place[1], other)), ()):
                if name not in effects:
                    continue
                reasons[effects[name] if verdict == "fail" else None][reason] = None
                if verdict == "fail" and effects[name] != "unless-told":
                    check = verdicts.checks[name]
                    id_ = check.title if "#" in name else name
                    findings[id_] = PatchFinding(id=id_, severity=check.severity, reason=reason)
    if newer is None:
        reasons[None]["which versions are offered in its place is not known"] = None
    elif newer:
        reasons["behind"][newer] = None
        findings[NEWER] = PatchFinding(id=NEWER, severity="medium", reason=newer)
    told = tuple(dict.fromkeys(reason for effect, _ in _WORST for reason in reasons[effect]))
    state = next((state for effect, state in _WORST if reasons[effect]), PatchState.CURRENT)
    return state, told, tuple(findings[id_] for id_ in sorted(findings))


def _party(model: Model, kind: Kind, place: Resource, verdicts: _Verdicts) -> Party | None:
    """Who patches a resource: you, where something of yours holds, else AWS; None where neither is known to."""
    unsure = False
    failing = {name: verdict for name, verdict, _ in verdicts.of_rows.get((kind.table, place), ())}
    by_party: dict[Party, list[str]] = {"customer": [], "aws": []}
    for name in kind.patched_by:
        by_party[model.responsibility[name].party].append(name)
    for party, names in by_party.items():
        for responsibility in names:
            whens = verdicts.lines.get((kind.table, responsibility), ())
            if not model.responsibility[responsibility].when or any(when not in failing for when in whens):
                return None if unsure and party == "aws" else party
            unsure = unsure or any(failing[when] == "unknown" for when in whens)
    return None

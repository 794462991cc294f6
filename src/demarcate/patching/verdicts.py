"""What checks say of the resources of a kind: their state with its reasons, and who patches them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from demarcate.checks.database import Database
from demarcate.checks.engine import judge
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.model import Model, Party
from demarcate.patching.kinds import Effect, Judged, Kind
from demarcate.patching.reading import Place
from demarcate.patching.structs import PatchFinding, PatchState
from demarcate.posture.line import line_checks

NEWER: Final = "a newer version is offered"
"""The finding of a resource that is behind what is offered in its place."""

ROWS: Final = 10_000
"""How many rows are fetched at once."""

Said = tuple[str, bool, str]
"""A check that does not pass, whether it fails (or is unknown), and why."""

_KEY: Final = "concat_ws('|', account, region, file, resource)"
"""What tells a row from all others of its table, as `kinds.KEY` has it."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What checks say of rows, but what passes: by table and row. `snapshot` is without parts that are damaged.

    `lost` has what could not be read as a whole, by table; `not_run` why a check did not run at all. `parties` are who
    patches the resources of each kind, by its name.
    """

    snapshot: Snapshot
    checks: Mapping[str, Check]
    of_rows: Mapping[str, Mapping[str, list[Said]]]
    lost: Mapping[str, list[tuple[Place, str]]]
    not_run: Mapping[str, str]
    parties: Mapping[str, Parties]


def verdicts_of(
    model: Model, snapshot: Snapshot, kinds: Sequence[Kind], checks: Mapping[str, Check], database: Database
) -> Verdicts:
    """Judge a snapshot, in a database of it, by the checks that tell states of kinds, and by what tells who patches
    their resources.
    """
    lines = lines_of(model, kinds)
    judgement = judge(snapshot, [*checks.values(), *lines.values()], passing=lines, database=database)
    of_states = {"of_states": list(checks)}
    of_rows: dict[str, dict[str, list[Said]]] = {check.table: {} for check in checks.values()}
    lost: dict[str, list[tuple[Place, str]]] = {}
    result = judgement.cursor().execute(
        f"SELECT \"check\", {_KEY}, verdict = 'fail', reason FROM findings "
        'WHERE resource IS NOT NULL AND list_contains($of_states, "check")',
        of_states,
    )
    while rows := result.fetchmany(ROWS):
        for name, key, fails, reason in rows:
            check = checks[name]
            told = reason if fails else f"{check.title}? {reason}"
            of_rows[check.table].setdefault(key, []).append((name, fails, told))
    whole = judgement.cursor().execute(
        'SELECT DISTINCT "check", account, region, reason FROM findings '
        'WHERE resource IS NULL AND list_contains($of_states, "check") ORDER BY ALL',
        of_states,
    )
    for name, account, region, reason in whole.fetchall():
        lost.setdefault(checks[name].table, []).append(((account, region), reason))
    parties = {kind.kind: _parties(model, kind, lines, judgement.cursor()) for kind in kinds}
    database.connection.execute("DROP TABLE findings")  # what is told next needs the room
    not_run = {
        each.check: f"{checks[each.check].title}? {each.reason}"
        for each in judgement.not_run
        if each.check in checks
    }
    return Verdicts(judgement.snapshot, checks, of_rows, lost, not_run, parties)


class Part:
    """What tells states of a kind's resources: checks of its own rows, or of rows of another table beside them.

    `named` are what those rows are called, by the resource's key; None where they are the same. `gaps` is where they
    could not be read, and why.
    """

    def __init__(
        self,
        part: Judged,
        verdicts: Verdicts,
        named: Mapping[str, Sequence[str]] | None,
        gaps: Mapping[Place, str],
    ) -> None:
        self.table, self.named, self.gaps = part.table, named, gaps
        self.effects: dict[str, Effect] = dict(part.checks)
        self.rows = verdicts.of_rows.get(part.table, {})
        names = [name for name in self.effects if name in verdicts.not_run and not part.second]
        self.open = [verdicts.not_run[name] for name in names]
        self.checks = verdicts.checks

    def said(self, key: str) -> Iterable[Said]:
        """What its checks say of a resource."""
        if self.named is None:
            return self.rows.get(key, ())
        # Where another table was read and has nothing of it, that is for a check to tell, if it means anything.
        return (said for other in self.named.get(key, ()) for said in self.rows.get(other, ()))

    def why_open(self, place: Place) -> Iterator[str]:
        """Why what it tells is not known there, whatever the resource."""
        yield from self.open
        if self.gaps and (gap := gap_at(self.gaps, place)) is not None:
            yield f"{self.table} could not be read: {gap}"


def gap_at(gaps: Mapping[Place, str], place: Place) -> str | None:
    """Why something could not be read at a place, or of its account; None where it could."""
    return gaps.get(place) or gaps.get((place[0], None)) or gaps.get((place[0], "global"))


_WORST: tuple[tuple[Effect | None, PatchState], ...] = (
    ("overdue", PatchState.OVERDUE),
    ("unless-told", PatchState.UNKNOWN),
    ("behind", PatchState.BEHIND),
    (None, PatchState.UNKNOWN),
)
"""What decides, in this order: a check that fails by its effect, and None for one that is unknown."""


def state_of(
    key: str, place: Place, parts: Iterable[Part], newer: str | None
) -> tuple[PatchState, tuple[str, ...], tuple[PatchFinding, ...]]:
    """The state of a resource, all that led to it (what decides first), and what of that is known to be missing.

    `newer` says what it is behind; it is empty where it is behind nothing, and None where that is not known.
    """
    reasons: dict[Effect | None, list[str]] = {}
    findings: dict[str, PatchFinding] = {}
    for part in parts:
        if opened := list(part.why_open(place)):
            reasons.setdefault(None, []).extend(opened)
        for name, fails, reason in part.said(key):
            effect = part.effects.get(name)
            if effect is None:
                continue
            reasons.setdefault(effect if fails else None, []).append(reason)
            if fails and effect != "unless-told":
                check = part.checks[name]
                id_ = check.title if "#" in name else name
                findings[id_] = PatchFinding(id=id_, severity=check.severity, reason=reason)
    if newer is None:
        reasons.setdefault(None, []).append("which versions are offered in its place is not known")
    elif newer:
        reasons.setdefault("behind", []).append(newer)
        findings[NEWER] = PatchFinding(id=NEWER, severity="medium", reason=newer)
    if not reasons:
        return PatchState.CURRENT, (), ()
    told = tuple(dict.fromkeys(reason for effect, _ in _WORST for reason in sorted(reasons.get(effect, ()))))
    state = next(state for effect, state in _WORST if effect in reasons)
    return state, told, tuple(findings[id_] for id_ in sorted(findings))


class Parties:
    """Who patches a kind's resources: you where something of yours holds, else AWS; None where neither is known."""

    def __init__(self, most: Party | None, others: Mapping[str, Party | None]) -> None:
        self._most, self._others = most, others

    def of(self, key: str) -> Party | None:
        """Who patches a resource."""
        return self._others.get(key, self._most)


_PARTIES: Final = f"""
WITH told AS (
    SELECT {_KEY} AS key,
    bool_or(verdict = 'pass') FILTER (list_contains($yours, "check")) AS yours,
    bool_or(verdict = 'unknown') FILTER (list_contains($yours, "check")) AS perhaps,
    bool_or(verdict = 'pass') FILTER (list_contains($theirs, "check")) AS theirs
    FROM findings WHERE list_contains($yours, "check") OR list_contains($theirs, "check") GROUP BY 1
), party AS (
    SELECT key, CASE WHEN yours THEN 'customer' WHEN NOT coalesce(perhaps, false) AND theirs THEN 'aws' END AS party
    FROM told
), most AS (SELECT mode(coalesce(party, '')) AS party FROM party)
SELECT NULL, party FROM most UNION ALL
SELECT key, coalesce(party, '') FROM party WHERE coalesce(party, '') <> (SELECT party FROM most)
"""
"""The party of most resources, and those of all others."""


def lines_of(model: Model, kinds: Iterable[Kind]) -> dict[str, Check]:
    """The predicates of the model that tell who patches resources of these kinds."""
    wanted = {(kind.table, name) for kind in kinds for name in kind.patched_by}
    return {
        name: check for name, check in line_checks(model).items() if (check.table, check.responsibility) in wanted
    }


def _parties(model: Model, kind: Kind, lines: Mapping[str, Check], cursor: Any) -> Parties:
    told = [model.responsibility[name] for name in kind.patched_by]
    always = [responsibility.party for responsibility in told if not responsibility.when]
    if "customer" in always:
        return Parties("customer", {})
    of_party: dict[str, list[str]] = {"customer": [], "aws": []}
    for name, check in lines.items():
        if check.table == kind.table and check.responsibility in kind.patched_by:
            of_party[model.responsibility[check.responsibility].party].append(name)
    rows = cursor.execute(_PARTIES, {"yours": of_party["customer"], "theirs": of_party["aws"]}).fetchall()
    most = next((party for key, party in rows if key is None), None)
    others = {key: _party(party) for key, party in rows if key is not None}
    return Parties(_party(most) or (always[0] if always else None), others)


def _party(name: str | None) -> Party | None:
    if name == "customer":
        return "customer"
    return "aws" if name == "aws" else None

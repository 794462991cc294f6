"""What waivers do to what was judged: which findings each is about, and how it stands on the day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from demarcate.base.encoding import to_json
from demarcate.base.errors import Problem
from demarcate.base.logs import phase
from demarcate.checks.judgement import IDENTITY, Judgement, Tally, Waived
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.evidence.waivers import (
    Known,
    Of,
    ReadWaivers,
    Waiver,
    Waivers,
    checks_of,
    declared_waivers,
    joined,
)
from demarcate.posture.structs import EXPIRES_SOON, WaiverResult, WaiverStanding

_OPEN: Final = "verdict <> 'pass'"


def read_waivers(places: Iterable[ReadWaivers], known: Known) -> Waivers:
    """All waivers of some places, with those that are refused. Raises DemarcateError as what gives them does."""
    return joined(*(read(known) for read in places))


ORDER: Final[tuple[WaiverStanding, ...]] = ("expired", "ends-soon", "matches-nothing", "active", "not-judged")
"""How waivers stand, those first that need somebody's attention."""


def ordered(waivers: Iterable[WaiverResult]) -> list[WaiverResult]:
    """Waivers in that order, and those that end first before others."""
    return sorted(waivers, key=lambda w: (ORDER.index(w.standing), w.until or "9999", w.what))


def standing_of(waivers: Iterable[Waiver], day: date) -> tuple[WaiverResult, ...]:
    """How waivers stand on a day, as far as that can be told without an assessment."""
    return tuple(_result(waiver, 0, _by_day(waiver, day)) for waiver in waivers)


def declared_in(snapshot: Snapshot, known: Known) -> Waivers:
    """The waivers that stand in the templates of a snapshot."""
    return joined(
        *(
            declared_waivers(said.said, Of(file=said.file, resource=said.resource), said.line, known)
            for said in snapshot.manifest.declared
        )
    )


def waive(
    judgement: Judgement, given: Waivers, checks: Mapping[str, Check], *, every: Collection[str]
) -> tuple[tuple[WaiverResult, ...], tuple[Problem, ...]]:
    """Have findings be waived, and return what each waiver does, and those that are refused.

    `checks` are those that judged, `every` the ids of all that there are. Where several waivers are about a finding,
    that which ends last has it. A waiver of every check that is about all that is not passed is refused.
    """
    return _waive(judgement, given, checks, every) if given.waivers else ((), given.problems)


@phase("waived")
def _waive(
    judgement: Judgement, given: Waivers, checks: Mapping[str, Check], every: Collection[str]
) -> tuple[tuple[WaiverResult, ...], tuple[Problem, ...]]:
    settled = settle(judgement, given.waivers, checks, every=every)
    left_out = {entry.check for entry in judgement.not_run}
    judged = Judged(
        checks={name: check for name, check in checks.items() if name not in left_out},
        is_whole=set(every) <= set(checks),
        accounts=frozenset(account for account in judgement.snapshot.accounts if account is not None),
    )
    return told_of(given, settled, judgement.snapshot.moment.date(), judged, every)


class Settled(NamedTuple):
    """How many findings some waivers are about, each in their order, and how many fail or are unknown in all."""

    counts: tuple[int, ...]
    open: int


def settle(
    judgement: Judgement, waivers: Sequence[Waiver], checks: Mapping[str, Check], *, every: Collection[str] = ()
) -> Settled:
    """Have findings be waived by those waivers that hold on the day, and say what each is about.

    With `every`, the ids of all checks, those do nothing that `are_about_all`.
    """
    day = judgement.snapshot.moment.date()
    order = sorted(range(len(waivers)), key=lambda number: waivers[number].until or date.max, reverse=True)
    matched = _Matched(judgement, checks)
    everything = matched.count_open()
    counts = [0] * len(waivers)
    holding: dict[int, Waiver] = {}
    for rank, number in enumerate(order):
        waiver = waivers[number]
        counts[number] = matched.add(rank, waiver)
        if _is_about_all(waiver, counts[number], everything, every):
            matched.forget(rank)
        elif waiver.until is None or waiver.until >= day:
            holding[rank] = waiver
    matched.settle(holding)
    return Settled(tuple(counts), everything)


def are_about_all(waivers: Sequence[Waiver], settled: Settled, every: Collection[str]) -> tuple[int, ...]:
    """The places of those waivers that are of every check, and about all that is not passed: these are refused."""
    pairs = enumerate(zip(waivers, settled.counts, strict=True))
    return tuple(n for n, (waiver, count) in pairs if _is_about_all(waiver, count, settled.open, every))


def _is_about_all(waiver: Waiver, count: int, everything: int, every: Collection[str]) -> bool:
    return count == everything > 1 and _is_wide(waiver, every)


def told_of(
    given: Waivers, settled: Settled, day: date, judged: Judged, every: Collection[str]
) -> tuple[tuple[WaiverResult, ...], tuple[Problem, ...]]:
    """What each waiver does, those first that end last, and those that are refused."""
    refused = are_about_all(given.waivers, settled, every)
    problems = [
        Problem(
            f"{waiver.what} is about all {settled.open:,} findings of this estate; name what is accepted",
            waiver.file or None,
            waiver.line or None,
        )
        for waiver in (given.waivers[number] for number in refused)
    ]
    kept = [pair for n, pair in enumerate(zip(given.waivers, settled.counts, strict=True)) if n not in refused]
    kept.sort(key=lambda pair: pair[0].until or date.max, reverse=True)
    results = tuple(_result(waiver, count, _standing(waiver, count, day, judged)) for waiver, count in kept)
    return results, (*given.problems, *problems)


def ending(judgement: Judgement, given: Waivers, checks: Mapping[str, Check], days: int) -> frozenset[str]:
    """The ids of fails that are accepted no more, or will not be in so many days: no waiver of them lasts longer."""
    today, ahead = judgement.snapshot.moment.date(), timedelta(days=days)
    last = today + ahead if today <= date.max - ahead else date.max
    waivers = sorted(given.waivers, key=lambda waiver: waiver.until or date.max, reverse=True)
    matched = _Matched(judgement, checks)
    for number, waiver in enumerate(waivers):
        matched.add(number, waiver)
    return matched.fails_of(
        number for number, waiver in enumerate(waivers) if waiver.until is not None and waiver.until <= last
    )


def _result(waiver: Waiver, findings: int, standing: WaiverStanding) -> WaiverResult:
    return WaiverResult(
        id=waiver.id,
        what=waiver.what,
        reason=waiver.reason,
        owner=waiver.owner,
        until=waiver.until.isoformat() if waiver.until is not None else None,
        standing=standing,
        findings=findings,
        file=waiver.file,
        line=waiver.line,
    )


def waived_by(waiver: Waiver) -> Waived:
    """What a finding is told with that a waiver accepts."""
    until = waiver.until.isoformat() if waiver.until is not None else None
    return Waived(id=waiver.id, reason=waiver.reason, owner=waiver.owner, until=until)


def _is_wide(waiver: Waiver, every: Collection[str]) -> bool:
    """Whether a waiver is about every check, and names no resource."""
    named = any("*" not in pattern for pattern in waiver.scope.resources) or waiver.of is not None
    return not named and waiver.check is not None and len(checks_of(waiver, every)) == len(every) > 1


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What was judged, as far as a waiver asks: the checks that ran, whether these are all that there are, and the
    accounts.
    """

    checks: Mapping[str, Check]
    is_whole: bool
    accounts: frozenset[str]

    def has(self, waiver: Waiver) -> bool:
        """Whether anything that a waiver is about was judged."""
        if waiver.scope.accounts and not self.accounts & {*waiver.scope.accounts}:
            return False
        if waiver.finding is not None:
            return self.is_whole
        return bool(_named(waiver, self.checks))


def _standing(waiver: Waiver, findings: int, day: date, judged: Judged) -> WaiverStanding:
    by_day = _by_day(waiver, day)
    if by_day == "expired" or findings:
        return by_day
    return "matches-nothing" if judged.has(waiver) else "not-judged"


def _by_day(waiver: Waiver, day: date) -> WaiverStanding:
    if waiver.until is not None and waiver.until < day:
        return "expired"
    ahead = timedelta(days=EXPIRES_SOON)
    if waiver.until is not None and waiver.until <= (day + ahead if day <= date.max - ahead else date.max):
        return "ends-soon"
    return "active"


def _named(waiver: Waiver, checks: Mapping[str, Check]) -> list[str]:
    """The checks whose findings a waiver is about; none where it is about a finding."""
    if waiver.responsibility is not None:
        return [name for name, check in checks.items() if check.responsibility == waiver.responsibility]
    return checks_of(waiver, checks) if waiver.check is not None else []


class _Matched:
    """Which findings waivers are about, in the judgement's own database: there may be a million of either."""

    def __init__(self, judgement: Judgement, checks: Mapping[str, Check]) -> None:
        self._judgement, self._checks = judgement, checks
        self._cursor = judgement.cursor()
        self._cursor.execute("CREATE OR REPLACE TEMP TABLE matched (finding BIGINT, number BIGINT)")
        self._judging = {
            row[0] for row in self._cursor.execute('SELECT DISTINCT "check" FROM findings').fetchall()
        }
        self._has_ids = False
        self.counts: Counter[int] = Counter()
        """How many findings each waiver is about."""

    def count_open(self) -> int:
        """How many findings are fails or unknown."""
        return self._number(f"SELECT count(*) FROM findings WHERE {_OPEN}")

    def add(self, number: int, waiver: Waiver) -> int:
        """Note what a waiver is about, and return how many findings that is."""
        conditions, given = self._conditions(waiver)
        if conditions is None:
            return 0
        self.counts[number] = self._number(
            "INSERT INTO matched SELECT findings.rowid, $number FROM findings "
            f"WHERE {' AND '.join([_OPEN, *conditions])}",
            {"number": number, **given},
        )
        return self.counts[number]

    def forget(self, number: int) -> None:
        """Take back what was noted of a waiver."""
        self._cursor.execute("DELETE FROM matched WHERE number = $number", {"number": number})

    def fails_of(self, numbers: Iterable[int]) -> frozenset[str]:
        """The ids of the fails of which the first of the waivers that are about them is one of these."""
        self._make_ids()
        rows = self._cursor.execute(
            "SELECT id FROM (SELECT finding, min(number) AS first FROM matched GROUP BY finding) "
            "JOIN ids USING (finding) JOIN findings ON findings.rowid = finding "
            "WHERE verdict = 'fail' AND first IN (SELECT unnest($numbers))",
            {"numbers": list(numbers)},
        ).fetchall()
        return frozenset(row[0] for row in rows)

    def settle(self, holding: Mapping[int, Waiver]) -> None:
        """Have findings be told with the first of the waivers that hold which is about them."""
        ids = [{"number": number, "id": waiver.id} for number, waiver in holding.items()]
        self._cursor.execute(
            "UPDATE findings SET waiver = chosen.id FROM ("
            "SELECT finding, arg_min(id, number) AS id FROM matched JOIN ("
            'SELECT unnest(from_json($ids, \'[{"number": "BIGINT", "id": "VARCHAR"}]\'), recursive := true)'
            ") USING (number) GROUP BY finding) AS chosen WHERE findings.rowid = chosen.finding",
            {"ids": to_json(ids).decode()},
        )
        told = {waiver.id: waived_by(waiver) for waiver in reversed(list(holding.values()))}
        self._judgement.waive(told.values(), tuple(self._tallies()))

    def _tallies(self) -> Iterable[Tally]:
        rows = self._cursor.execute(
            "SELECT \"check\", account, region, count(*) FILTER (WHERE verdict = 'fail'), "
            "count(*) FILTER (WHERE verdict = 'unknown') FROM findings WHERE waiver IS NOT NULL GROUP BY ALL"
        ).fetchall()
        waived = {tuple(row[:3]): row[3:] for row in rows}
        for tally in self._judgement.tallies:
            # A place that could not be read has a tally beside that of its rows: the first with so many has them.
            fails, unknowns = waived.pop((tally.check, tally.account, tally.region), (0, 0))
            of_fails, of_unknowns = min(fails, tally.failed), min(unknowns, tally.unknown)
            if (of_fails, of_unknowns) != (fails, unknowns):
                rest = (fails - of_fails, unknowns - of_unknowns)
                waived[tally.check, tally.account, tally.region] = rest
            yield replace(tally, waived=of_fails, waived_unknown=of_unknowns)

    def _conditions(self, waiver: Waiver) -> tuple[Sequence[str] | None, dict[str, Any]]:
        """SQL for what a waiver is about, and the values in it; None where nothing can be."""
        if waiver.finding is not None:
            self._make_ids()
            return ["rowid IN (SELECT finding FROM ids WHERE id = $finding)"], {"finding": waiver.finding}
        checks = [name for name in _named(waiver, self._checks) if name in self._judging]
        if not checks:
            return None, {}
        conditions, given = ['"check" IN (SELECT unnest($checks))'], dict[str, Any](checks=checks)
        if waiver.of is not None:
            conditions.append("resource = $resource AND file = $file")
            return conditions, {**given, "resource": waiver.of.resource, "file": waiver.of.file}
        scope = waiver.scope
        for name, column in (("accounts", "account"), ("regions", "region")):
            if values := list(getattr(scope, name)):
                conditions.append(f"{column} IN (SELECT unnest(${name}))")
                given[name] = values
        if scope.resources:
            conditions.append(_like(("resource", "name"), "resources", map(_pattern, scope.resources), given))
        if scope.files:
            patterns = (way for pattern in map(_pattern, scope.files) for way in (pattern, f"%/{pattern}"))
            conditions.append(_like(("file",), "files", patterns, given))
        for number, (key, value) in enumerate(scope.tags.items()):
            quoted = key.replace("\\", "\\\\").replace('"', '\\"')
            given |= {f"key{number}": f'$."{quoted}"', f"tag{number}": _pattern(value)}
            conditions.append(f"like_escape(tags ->> $key{number}, $tag{number}, '\\')")
        return conditions, given

    def _make_ids(self) -> None:
        if not self._has_ids:
            self._cursor.execute(
                f"CREATE OR REPLACE TEMP TABLE ids AS SELECT rowid AS finding, {IDENTITY} AS id FROM findings"
            )
            self._has_ids = True

    def _number(self, sql: str, given: Mapping[str, Any] | None = None) -> int:
        row = self._cursor.execute(sql, given or {}).fetchone()
        return int(row[0]) if row else 0


def _like(columns: Iterable[str], name: str, patterns: Iterable[str], given: dict[str, Any]) -> str:
    """SQL for that any of some columns is like any of some patterns."""
    alternatives = []
    for number, pattern in enumerate(patterns):
        given[f"{name}{number}"] = pattern
        alternatives += [f"like_escape({column}, ${name}{number}, '\\')" for column in columns]
    return f"({' OR '.join(alternatives)})"


def _pattern(text: str) -> str:
    r"""A pattern with `*` and `?` as SQL has it, escaped by a backslash.

    >>> _pattern("a_*[0]?")
    'a\\_%[0]_'
    """
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")

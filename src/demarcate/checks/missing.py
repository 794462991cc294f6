"""What is known to be missing from a snapshot, and what of it matters to a check that looks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from demarcate.checks.facts import Facts, facts_of
from demarcate.checks.structs import Check
from demarcate.checks.whys import Cause, cause_text
from demarcate.estate.schema.table import Table
from demarcate.estate.schema.unknown import Kind, Unknown, first
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.interface import Source
from demarcate.estate.sources.registry import collected_from
from demarcate.estate.tables import all_tables

Place = tuple[str | None, str | None]
"""An account and region."""


def concerns(gap: Unread, check: Check, name: str) -> bool:
    """Whether rows that are missing from a table may matter to a check."""
    return gap.of is None or gap.of in owners_of(check, name)


def owners_of(check: Check, name: str) -> set[str]:
    """The tables to whose rows belong the rows of a derived or computed table that may matter to a check."""
    demands = [demand for demand in check.demands if demand.table == name]
    of = all_tables()[name]
    computed = {of.computed.of} if of.computed is not None else set()
    return computed | {
        derived.of
        for derived in of.derived
        if not demands or any(demand.allows(derived.known) for demand in demands)
    }


def shipped_facts(table: Table) -> Facts | None:
    """The facts that fill a table where no account told its own; None where there are none."""
    return facts_of(table.name) if table.facts else None


def unread_column(table: str) -> str:
    """The column of a judged row that says why a table was not read where the row is; NULL where it was."""
    return f"unread {table}"


def partly_column(table: str) -> str:
    """The column of a judged row that says what of a table is not known where the row is."""
    return f"partly {table}"


def can_answer(check: Check, table: Table, source: Source) -> bool:
    """Whether a source tells what a check needs for an answer."""
    return any(all(_tells(source, table, name) for name in need) for need in check.needs)


def _tells(source: Source, table: Table, name: str) -> bool:
    """Whether a source tells a column of a table, or another table that is looked into."""
    looked = all_tables().get(name)
    if looked is not None:
        return looked.facts or source.tells(looked)
    column = next((column for column in table.columns if column.name == name), None)
    made_elsewhere = column is None or table.owners or table.facts
    return bool(made_elsewhere) or (column is not None and source.place(table, column) is not None)


class Missing:
    """What a snapshot does not have."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.source = collected_from(snapshot)
        self._gaps: dict[str, list[Unread]] = {}
        for unread in snapshot.unread:
            for name in unread.missing:
                self._gaps.setdefault(name, []).append(unread)
        self._columns = [unread for unread in snapshot.unread if unread.columns]
        self._regions = [
            unread
            for unread in snapshot.unread
            if unread.operation == "ec2:DescribeRegions" and unread.table is None
        ]
        self._lost_file = next((unread for unread in snapshot.unread if unread.file is not None), None)

    def gaps(self, table: str) -> list[Unread]:
        """The parts of a table that could not be read."""
        return self._gaps.get(table, [])

    def why_absent(self, table: Table) -> Unknown | None:
        """Why the snapshot has nothing of a table; None where it has, or has tried."""
        if table.name in self._snapshot.manifest.tables or self.gaps(table.name):
            return None
        return self.source.why_absent(table)

    def why_unanswered(self, check: Check, table: Table) -> Unknown | None:
        """Why a check has an answer for no row of this source; None where it may have one."""
        return None if can_answer(check, table, self.source) else Unknown(Kind.UNTOLD, self.source.untold)

    def why_partly_read(self, name: str) -> Unknown | None:
        """Why a table may have rows that are not in the snapshot, anywhere; None where it has them all."""
        table = all_tables()[name]
        if shipped_facts(table) is not None:
            return None  # they are the same everywhere
        absent = self.why_absent(table)
        if absent is None and self._lost_file is not None:
            lost = self._lost_file
            return Unknown(lost.kind, f"{name} may have rows in what could not be read: {lost}")
        return absent

    def why_null(self, table: Table, name: str) -> Unknown:
        """Why a column is NULL in a row that does not say so itself."""
        column = table.column(name)
        if column in table.columns and column is not None and not table.owners:
            if self.source.place(table, column) is None:
                return Unknown(Kind.UNTOLD, self.source.untold)
            held = self._snapshot.manifest.tables.get(table.name)
            if held is not None and name not in held.columns:
                return Unknown(Kind.NOT_COLLECTED, "was not collected")
        return Unknown(Kind.UNSET, self.source.unset)

    def unread_as_a_whole(self, check: Check, table: Table) -> dict[Place, Cause]:
        """Where the table that a check judges could not be read, and why."""
        gaps: dict[Place, list[Unread]] = {}
        for gap in self.gaps(table.name):
            if concerns(gap, check, table.name):
                gaps.setdefault((gap.account, gap.region), []).append(gap)
        return {
            place: Cause(
                first(gap.kind for gap in here), f"{table.name} could not be read: {'; '.join(map(str, here))}"
            )
            for place, here in gaps.items()
        }

    def looked_into(self, check: Check) -> Looked | None:
        """What is missing from the tables that a check looks into; None where nothing is."""
        reasons: dict[str, Callable[[Place], Cause | None]] = {}
        for name, used in check.lookups.items():
            unread, partly = _Gaps(self._unread(name, check)), _Gaps(self._partly(name, used, check))
            if unread:
                reasons[unread_column(name)] = partial(_first_of, unread)
            if partly:
                reasons[partly_column(name)] = partial(_all_of, partly)
        return Looked(reasons) if reasons else None

    def why_open(self, lookups: Iterable[str]) -> Unknown:
        """Why what was looked up is not known, where all was read: no row tells, or none that is still believed."""
        looked = list(lookups)
        for name in looked:
            facts = shipped_facts(all_tables()[name])
            stale = facts.stale(self._snapshot.moment) if facts is not None else None
            if stale is not None:
                return Unknown(Kind.STALE, f"{name}: {stale}")
        return Unknown(Kind.LOOKUP, f"what {', '.join(looked)} says of it is not known")

    def _unread(self, name: str, check: Check) -> Iterator[tuple[Unread, str, Cause]]:
        """Each gap, the scope of what it is a gap in, and the reason."""
        table = all_tables()[name]
        for gap in self.gaps(name):
            # Where nothing was read of an account, no row is there to look from.
            if not gap.tables and concerns(gap, check, name):
                yield gap, table.scope, Cause(gap.kind, f"{name} could not be read: {gap}")
        if table.scope == "region" and shipped_facts(table) is None:
            for gap in self._regions:
                yield gap, "elsewhere", Cause(gap.kind, f"{name} may be in other regions: {gap}")

    def _partly(self, name: str, used: Sequence[str], check: Check) -> Iterator[tuple[Unread, str, Cause]]:
        """Each gap in the columns that are used of a table, likewise."""
        owners = owners_of(check, name) if self._columns else ()
        derived = {each.of: each.needs for each in all_tables()[name].derived if each.of in owners}
        for gap in self._columns:
            needs = used if gap.table == name else derived.get(gap.table or "", ())
            if set(needs) & set(gap.columns):
                why = Cause(gap.kind, f"{name} is not known whole: {gap}")
                yield gap, all_tables()[gap.table or name].scope, why


class _Gaps:
    """Gaps by their account, each with the scope of what it is a gap in, and what is said of it."""

    def __init__(self, gaps: Iterable[tuple[Unread, str, Cause]]) -> None:
        self._of_account: dict[str | None, list[tuple[Unread, str, Cause]]] = {}
        for gap, scope, why in gaps:
            self._of_account.setdefault(gap.account, []).append((gap, scope, why))

    def __bool__(self) -> bool:
        return bool(self._of_account)

    def at(self, place: Place) -> list[Cause]:
        """What is said of those where a row looks."""
        account, region = place
        return [why for gap, scope, why in self._of_account.get(account, ()) if _is_at(gap, scope, region)]


def _first_of(gaps: _Gaps, place: Place) -> Cause | None:
    return next(iter(gaps.at(place)), None)


def _all_of(gaps: _Gaps, place: Place) -> Cause | None:
    here = gaps.at(place)
    if not here:
        return None
    return Cause(first(why.kind for why in here), "; ".join(why.reason for why in here))


def _is_at(gap: Unread, scope: str, region: str | None) -> bool:
    """Whether a gap is where a row of a region looks: a row that is of no region looks in all."""
    if scope == "elsewhere":
        return region == "global"
    return scope != "region" or gap.region == "global" or region in (gap.region, "global")


class Looked:
    """What is missing from tables that are looked into: causes by place, for columns of the judged rows."""

    def __init__(self, reasons: Mapping[str, Callable[[Place], Cause | None]]) -> None:
        self._reasons = reasons
        self.columns = tuple(reasons)

    def rows(self, places: Iterable[Place]) -> list[dict[str, str | None]]:
        """A row for each place where anything is missing."""
        rows = []
        for place in places:
            whys = {name: reason(place) for name, reason in self._reasons.items()}
            told = {name: cause_text(why) if why is not None else None for name, why in whys.items()}
            if any(whys.values()):
                rows.append({"account_id": place[0], "region": place[1], **told})
        return rows

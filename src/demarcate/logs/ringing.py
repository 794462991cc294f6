"""Which alarms of CloudWatch rang, as a snapshot tells it: in which state each was when it was read, and since when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from demarcate.base.moments import utc
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import Row, rows, why_not_read

TABLE: Final = "aws_cloudwatch_alarm"
TABLES: Final = (TABLE, "aws_cloudwatch_composite_alarm")
COLUMNS: Final = ("name", "state_value", "state_updated_timestamp")

STATES: Final = ("ALARM", "INSUFFICIENT_DATA", "OK", "")
"""Of alarms, in the order in which they are told; '' where it is not known."""


DAYS: Final = 7
"""Of the picture of the week, as the dashboard's are."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm, and since when it is in its state; None where that is not known. `why` says why its state is not."""

    name: str
    account: str
    region: str
    state: str
    since: datetime | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rang:
    """The alarms of a snapshot, those that ring first and of each state the newest; and why some may be missing."""

    alarms: tuple[Alarm, ...]
    unread: str
    moment: datetime

    def count(self, state: str) -> int:
        """How many are in a state."""
        return sum(alarm.state == state for alarm in self.alarms)

    @property
    def week(self) -> list[tuple[date, int]]:
        """The days of the week up to the moment, each with how many of those that ring went off on it."""
        last = utc(self.moment).date()
        went = Counter(alarm.since.date() for alarm in self.alarms if alarm.state == "ALARM" and alarm.since)
        return [(day, went[day]) for day in (last - timedelta(days=ago) for ago in reversed(range(DAYS)))]


def rang(snapshot: Snapshot) -> Rang:
    """What a snapshot tells of alarms. Raises DemarcateError where a file cannot be read."""
    there = [name for name in TABLES if name in snapshot.asked]
    alarms = [_alarm(row) for name in there for row in rows(snapshot, name, COLUMNS)]
    alarms.sort(key=lambda each: (each.account, each.region, each.name))
    told = sorted(((each.since, each) for each in alarms if each.since), key=lambda pair: pair[0], reverse=True)
    alarms = [*(each for _, each in told), *(each for each in alarms if each.since is None)]
    alarms.sort(key=lambda each: STATES.index(each.state))
    accounts = [account for account in snapshot.accounts if account is not None]
    gaps = (why_not_read(snapshot, name, COLUMNS, each, None) for name in there for each in accounts)
    return Rang(tuple(alarms), next(filter(None, gaps), ""), snapshot.moment)


def _alarm(row: Row) -> Alarm:
    state, since, name = row["state_value"], row["state_updated_timestamp"], row["name"]
    known = type(state) is str and state in STATES
    return Alarm(
        name if type(name) is str else str(row["resource"]),
        row["account_id"] or "",
        row["region"] or "",
        state if known else "",
        utc(since) if isinstance(since, datetime) else None,
        "" if known else state.reason if isinstance(state, Unknown) else "its state was not told",
    )

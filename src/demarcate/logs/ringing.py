"""Which alarms of CloudWatch rang, as a snapshot tells it: in which state each was when it was read, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from demarcate.base.moments import utc
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import Row, rows, why_not_read

TABLE: Final = "aws_cloudwatch_alarm"
COLUMNS: Final = ("name", "state_value", "state_updated_timestamp")

STATES: Final = ("ALARM", "INSUFFICIENT_DATA", "OK", "")
"""Of alarms, in the order in which they are told; '' where it is not known."""


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

    def count(self, state: str) -> int:
        """How many are in a state."""
        return sum(alarm.state == state for alarm in self.alarms)


def rang(snapshot: Snapshot) -> Rang:
    """What a snapshot tells of alarms. Raises DemarcateError where a file cannot be read."""
    alarms = [_alarm(row) for row in rows(snapshot, TABLE, COLUMNS)]
    alarms.sort(key=lambda each: (each.account, each.region, each.name))
    told = sorted(((each.since, each) for each in alarms if each.since), key=lambda pair: pair[0], reverse=True)
    alarms = [*(each for _, each in told), *(each for each in alarms if each.since is None)]
    alarms.sort(key=lambda each: STATES.index(each.state))
    accounts = [account for account in snapshot.accounts if account is not None]
    unread = next((why for each in accounts if (why := why_not_read(snapshot, TABLE, COLUMNS, each, None))), "")
    return Rang(tuple(alarms), unread)


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

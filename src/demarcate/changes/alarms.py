"""Alarms that stop a change: before each step CloudWatch is asked whether one rings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Operation, Read, Step
from demarcate.changes.tasks import Stopped

OPERATION: Final = "cloudwatch.describe_alarms"
"""What is asked."""

HISTORY: Final = "cloudwatch.describe_alarm_history"
"""What is asked of the time that has passed."""

_ARN: Final = re.compile(r"arn:[a-z-]+:cloudwatch:([a-z0-9-]+):([0-9]{12}):alarm:(.+)")

_KINDS: Final = ["MetricAlarm", "CompositeAlarm"]
"""Where none are named, CloudWatch answers with metric alarms alone.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""


class Reader(Protocol):
    """What reads states: `reach.Reach`, which see."""

    def read(self, account: str, region: str, read: Read) -> Any:
        """The state. Raises NotDone."""


def is_alarm(arn: str) -> bool:
    """Whether an ARN is that of an alarm."""
    return _ARN.fullmatch(arn) is not None


@dataclass(frozen=True, slots=True)
class Alarms:
    """The alarms of a change's policies, by ARN or by name: one that has a name is where the step is."""

    names: Iterable[str]
    reader: Reader

    def check(self, step: Step) -> None:
        """Raise Stopped where one rings, or where one cannot be read."""
        for name in self.names:
            state = self._state(name, step)
            if state == "ALARM":
                raise Stopped(f"the alarm {name} rings")

    def check_since(self, step: Step, since: datetime) -> None:
        """Raise Stopped where one rings, or has rung since a moment, or where that cannot be read."""
        self.check(step)
        for name in self.names:
            region, account, own = _place(name, step)
            try:
                told = self.reader.read(account, region, _history(own, since))
            except NotDone as error:
                raise Stopped(f"the history of the alarm {name} cannot be read: {error}") from error
            rung = [text for text in told or () if str(text).lower().endswith("to alarm")]
            if rung:
                raise Stopped(f"the alarm {name} has rung since {since.isoformat(timespec='minutes')}")

    def _state(self, name: str, step: Step) -> str:
        region, account, own = _place(name, step)
        try:
            alarms = self.reader.read(account, region, _read(own))
        except NotDone as error:
            raise Stopped(f"the alarm {name} cannot be read: {error}") from error
        named = [alarm for alarm in alarms or () if isinstance(alarm, Mapping) and alarm.get("name") == own]
        if len(named) != 1:
            raise Stopped(f"the alarm {name} cannot be read: there is none in {account}, {region}")
        return str(named[0].get("state"))


def _place(name: str, step: Step) -> tuple[str, str, str]:
    """The region, the account and the own name of an alarm."""
    arn = _ARN.fullmatch(name)
    return (arn[1], arn[2], arn[3]) if arn is not None else (step.region, step.account, name)


def _history(name: str, since: datetime) -> Read:
    """The changes of an alarm's state, the newest first, as CloudWatch sums them up."""
    parameters = {
        "AlarmName": name,
        "AlarmTypes": _KINDS,
        "HistoryItemType": "StateUpdate",
        "StartDate": since.isoformat(timespec="seconds"),
        "ScanBy": "TimestampDescending",
        "MaxRecords": 100,
    }
    return Read(
        operation=Operation(name=HISTORY, parameters=parameters), state="AlarmHistoryItems[].HistorySummary"
    )


def _read(name: str) -> Read:
    return Read(
        operation=Operation(name=OPERATION, parameters={"AlarmNames": [name], "AlarmTypes": _KINDS}),
        state="[MetricAlarms, CompositeAlarms][].{name: AlarmName, state: StateValue}",
    )

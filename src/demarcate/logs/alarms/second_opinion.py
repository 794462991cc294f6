"""What AWS itself says of a metric filter: whether its pattern matches the events that ours says that it matches.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from demarcate.changes.planning import Reader
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Operation, Read
from demarcate.estate.schema.alarm_events import alarm_events, samples
from demarcate.estate.schema.standins import settled
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.telling import Row

OPERATION: Final = "logs.test_metric_filter"
READS: Final = frozenset({OPERATION})

_AT_ONCE: Final = 50
"""How many log events AWS takes in a call."""


@dataclass(slots=True)
class SecondOpinion:
    """Asks AWS about filters, for the events of some alarms. `unasked` are the filters that it would not speak of."""

    reader: Reader
    alarms: Sequence[str]
    unasked: list[str] = field(default_factory=list)

    def of(self, row: Row) -> Row:
        """A filter as it is once AWS was asked: where AWS says otherwise of an event, which it matches is not known,
        and where ours could not tell, it is what AWS says.
        """
        ours, pattern = row["matched_events"], settled(row["filter_pattern"])
        events = [event for alarm in self.alarms for event in alarm_events().get(alarm, ())]
        if isinstance(pattern, Unknown) or (not isinstance(ours, Unknown) and set(ours).isdisjoint(events)):
            return row
        try:
            theirs = set(self._matched(row, pattern, events))
        except NotDone as error:
            self.unasked.append(f"{row['resource']}: {error}")
            return row
        if isinstance(ours, Unknown):
            return {**row, "matched_events": [event for event in events if event in theirs]}
        differing = sorted(theirs.symmetric_difference(set(ours).intersection(events)))
        if not differing:
            return row
        return {
            **row,
            "matched_events": Unknown(Kind.INDIRECT, f"AWS says otherwise of {', '.join(differing)}"),
        }

    def _matched(self, row: Row, pattern: str, events: Iterable[str]) -> Iterator[str]:
        """The events of which AWS says that the pattern matches all forms. Raises NotDone."""
        forms = [(event, form.text) for event in events for form in samples()[event]]
        missed: set[str] = set()
        for start in range(0, len(forms), _AT_ONCE):
            part = forms[start : start + _AT_ONCE]
            numbers = self._numbers(row, pattern, [text for _, text in part])
            missed.update(event for number, (event, _) in enumerate(part, 1) if number not in numbers)
        yield from (event for event, _ in dict.fromkeys(forms) if event not in missed)

    def _numbers(self, row: Row, pattern: str, messages: list[str]) -> set[Any]:
        asked: dict[str, Any] = {"filterPattern": pattern, "logEventMessages": messages}
        read = Read(operation=Operation(name=OPERATION, parameters=asked), state="matches[].eventNumber")
        return set(self.reader.read(row["account_id"], row["region"], read) or ())

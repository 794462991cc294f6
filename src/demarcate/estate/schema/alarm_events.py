"""Events of CloudTrail that must raise an alarm, and which of them a metric filter's pattern matches."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from itertools import chain, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from demarcate.base.documents import read
from demarcate.base.encoding import to_json
from demarcate.estate.schema.unknown import Kind, Unknown

if TYPE_CHECKING:
    from demarcate.base.filter_pattern import Event

FILE: Final = Path(__file__).with_suffix(".yaml")


class _Alarm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One alarm: its `events` by name, as far as they are not those of the caller, or the `calls` of one service.

    `callers` are the types of those who may cause them, `regions` where they are recorded; else all. `pattern` is a
    filter pattern that matches all of them.
    """

    pattern: str
    events: dict[str, dict[str, Any]] = {}
    service: str = ""
    calls: tuple[tuple[str, ...], ...] = ()
    callers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    checked: date
    regions: tuple[str, ...]
    callers: tuple[dict[str, Any], ...]
    ordinary: tuple[dict[str, Any], ...]
    alarms: dict[str, _Alarm]


@cache
def _file() -> _File:
    return read(FILE, _File)


_ALWAYS: Final = {
    "eventVersion": "1.11",
    "eventTime": "2026-01-01T00:00:00Z",
    "eventID": "11111111-2222-3333-4444-555555555555",
    "requestID": "66666666-7777-8888-9999-000000000000",
    "managementEvent": True,
    "eventCategory": "Management",
}


def _called(alarm: _Alarm) -> dict[str, dict[str, Any]]:
    """The events of an alarm by name, without who caused them and where."""
    return alarm.events | {
        f"{alarm.service}:{name}": {
            "eventSource": f"{alarm.service}.amazonaws.com",
            "eventName": name,
            "eventType": "AwsApiCall",
            "readOnly": False,
        }
        for name in chain(*alarm.calls)
    }


@cache
def alarm_events() -> dict[str, tuple[str, ...]]:
    """The names of the events that must raise each alarm, by the alarm's name."""
    return {name: tuple(_called(alarm)) for name, alarm in _file().alarms.items()}


@cache
def patterns() -> dict[str, str]:
    """A filter pattern for each alarm, which matches all its events."""
    return {name: alarm.pattern for name, alarm in _file().alarms.items()}


@cache
def samples() -> dict[str, tuple[Event, ...]]:
    """Each event by its name, in all the ways in which it may come."""
    file = _file()
    return {
        name: tuple(
            _event(event, caller, region)
            for caller, region in product(file.callers, alarm.regions or file.regions)
            if not alarm.callers or caller["userIdentity"]["type"] in alarm.callers
        )
        for alarm in file.alarms.values()
        for name, event in _called(alarm).items()
    }


@cache
def ordinary() -> tuple[Event, ...]:
    """Events that need no alarm."""
    file = _file()
    return tuple(_event(event, file.callers[3], file.regions[1]) for event in file.ordinary)


def _event(event: dict[str, Any], caller: dict[str, Any], region: str) -> Event:
    from demarcate.base.filter_pattern import Event

    return Event(to_json(_ALWAYS | caller | event | {"awsRegion": region}).decode())


@lru_cache(maxsize=1024)
def events_matched(pattern: str) -> tuple[str, ...] | Unknown:
    """The names of the events that a pattern matches in all the ways in which they may come; none where it matches
    ordinary ones as well. Unknown where AWS would refuse the pattern.

    >>> events_matched("{ $.eventName = DisableKey }")
    ('kms:DisableKey',)
    """
    from demarcate.base.filter_syntax import PatternError, parse

    try:
        read_pattern = parse(pattern)
    except PatternError as error:
        return Unknown(Kind.MALFORMED, f"is not a filter pattern: {error}")
    if any(read_pattern.matches(event) for event in ordinary()):
        return ()
    return tuple(name for name, events in samples().items() if all(read_pattern.matches(e) for e in events))

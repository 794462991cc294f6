"""Examples of rules: the events that an author wrote beside a rule, run through it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.logs.detecting.rows import make_table
from demarcate.logs.detecting.running import Detector
from demarcate.logs.sigma.structs import Rule

if TYPE_CHECKING:
    from demarcate.base import duckdb

_BEGINNING: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
_MOST: Final = 10_000
"""How many events one example may come to."""


class _Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    event: dict[str, Any]
    times: int = 1
    every: float = 1
    after: float = 0
    vary: str = ""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What an example came to: `is_right` where the rule fired and should, or did not and should not."""

    rule: str
    number: int
    fires: bool
    is_right: bool


def tried(rule: Rule, rules: Mapping[str, Rule], connection: duckdb.DuckDBPyConnection) -> Iterator[Tried]:
    """What each example of a rule comes to, in order. Raises DemarcateError for one that is none."""
    examples = rule.examples
    if examples is None:
        return
    given = [(True, example) for example in examples.fires] + [(False, example) for example in examples.silent]
    did = _fired(
        rule, [events_of(example, f"{rule.file}: {rule.title}") for _, example in given], rules, connection
    )
    for number, ((fires, _), fired) in enumerate(zip(given, did, strict=True), 1):
        yield Tried(rule=rule.name, number=number, fires=fires, is_right=fires == fired)


def _fired(
    rule: Rule,
    examples: Sequence[Sequence[Mapping[str, Any]]],
    rules: Mapping[str, Rule],
    connection: duckdb.DuckDBPyConnection,
) -> list[bool]:
    if rule.correlation is None and rule.baseline is None and all(len(events) == 1 for events in examples):
        make_table(connection, _TABLE, [events[0] for events in examples])
        told = connection.execute(f"SELECT {rule.predicate} FROM {_TABLE}").fetchall()
        return [answer is True for (answer,) in told]
    looked_at = rule.correlation.rules if rule.correlation is not None else ()
    detector = Detector([msgspec.structs.replace(rule, silent=False), *(rules[other] for other in looked_at)])
    did = []
    for events in examples:
        make_table(connection, _TABLE, events)
        outcome = detector.detect(connection, _TABLE)
        detections = (*outcome.detections, *detector.finish(outcome.state).detections)
        did.append(any(detection.rule == rule.id for detection in detections))
    return did


_TABLE: Final = "examples"


def events_of(example: Any, where: str) -> list[dict[str, Any]]:
    """The events of an example, each with an id and a moment. Raises DemarcateError for one that is none."""
    steps = example if isinstance(example, list) else [{"event": example}]
    events: list[dict[str, Any]] = []
    moment = _BEGINNING
    for written in steps:
        try:
            step = msgspec.convert(written, _Step)
            if not 0 < step.times <= _MOST - len(events):
                raise ValueError(f"comes to more than {_MOST:,} events, or none")
            moment += timedelta(seconds=step.after)
            for time in range(step.times):
                event = {"eventID": f"example-{len(events)}", "eventTime": moment.isoformat(), **step.event}
                events.append(_varied(event, step.vary, time) if step.vary else event)
                moment += timedelta(seconds=step.every)
        except (ValueError, TypeError, OverflowError) as error:
            raise DemarcateError(f"{where}: an example is none: {error}") from error
    return events


def _varied(event: dict[str, Any], field: str, number: int) -> dict[str, Any]:
    varied = copy.deepcopy(event)
    *path, last = field.split(".")
    inner = varied
    for name in path:
        inner = inner.setdefault(name, {})
    inner[last] = f"{inner.get(last, '')}{number}"
    return varied

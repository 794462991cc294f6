"""The alarms that a metric's alarm carries on to: composite alarms that go off once it does, by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demarcate.base.alarm_rule import AlarmRuleError, compiled
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.truths import Truth
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.telling import Row
from demarcate.logs.alarms.estate import COMPOSITES, Account
from demarcate.logs.alarms.links import Link, Links, Name


def carried(alarm: Row, account: Account) -> Iterator[tuple[Links, Row]]:
    """Composite alarms that go off when an alarm does and all others are OK, each with the links that lead there."""
    here = [row for row in account.rows(COMPOSITES) if row["region"] == alarm["region"]]
    ringing, left = _names(alarm), here
    links: Links = ()
    while left:
        went = [(row, truth) for row in left if (truth := _rings(row, ringing)) is not False]
        for row, truth in went:
            yield (*links, Link.of(Name.COMPOSITE, _name(row), truth, "")), row
        # What goes off next, such as a composite alarm on this one, is led to by these.
        certain = [row for row, truth in went if truth is True]
        if not certain:
            return
        ringing = ringing.union(*map(_names, certain))
        links = (*links, Link(Name.COMPOSITE, ", ".join(map(_name, certain)), True))
        gone = {id(row) for row, _ in went}
        left = [row for row in left if id(row) not in gone]


def _rings(composite: Row, ringing: frozenset[str]) -> Truth:
    rule: Any = composite["alarm_rule"]
    if isinstance(rule, Unknown):
        return rule
    text = rule.written if isinstance(rule, StandIn) else str(rule)
    try:
        rings = compiled(text)(lambda name: "ALARM" if name in ringing else "OK")
        # One that is in ALARM whatever others are does not go off.
        return rings and not compiled(text)(lambda _: "OK")
    except AlarmRuleError as error:
        return Unknown(Kind.UNSUPPORTED, f"the rule of {_name(composite)} {error}")


def _name(row: Row) -> str:
    return row["name"] if type(row["name"]) is str else str(row["resource"])


def _names(alarm: Row) -> frozenset[str]:
    """What a rule may call an alarm: its name or ARN, of a template as it refers to it."""
    told = (alarm["name"], alarm["arn"])
    return frozenset(
        each.written if isinstance(each, StandIn) else str(each) for each in told if isinstance(each, str)
    )

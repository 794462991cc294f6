"""The alarms that a metric's alarm carries on to: composite alarms that go off once it does, by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demarcate.estate.schema.composite_alarms import waves
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.telling import Row
from demarcate.logs.alarms.estate import COMPOSITES, Account
from demarcate.logs.alarms.links import Link, Links, Name


def carried(alarm: Row, account: Account) -> Iterator[tuple[Links, Row]]:
    """Composite alarms that go off when an alarm does and all others are OK, each with the links that lead there."""
    here = [row for row in account.rows(COMPOSITES) if row["region"] == alarm["region"]]
    links: Links = ()
    for wave in waves(alarm["name"], alarm["arn"], here, _told):
        for row, truth in wave:
            yield (*links, Link.of(Name.COMPOSITE, _name(row), truth, "")), row
        # What goes off next, such as a composite alarm on this one, is led to by these.
        certain = ", ".join(_name(row) for row, truth in wave if not isinstance(truth, Unknown))
        links = (*links, Link(Name.COMPOSITE, certain, True))


def _told(row: Row) -> tuple[Any, Any, Any]:
    return row["name"], row["arn"], row["alarm_rule"]


def _name(row: Row) -> str:
    return row["name"] if type(row["name"]) is str else str(row["resource"])

"""What is no longer so: a destination knows it as open, and an assessment that could tell does not have it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from msgspec.structs import replace

from demarcate.base.moments import milliseconds
from demarcate.ledger.ledger import Ledger
from demarcate.sending import outbox
from demarcate.sending.structs import Item

_CLOSED = {"activity_id": 3, "activity_name": "Close", "status_id": 4, "status": "Resolved"}
"""OCSF: the activity and status of a finding that is done with."""


def resolved(
    ledger: Ledger, destination: str, there: Collection[str], moment: str, is_read: Callable[[Item], bool]
) -> Iterator[Item]:
    """The findings that are resolved: told as open before `moment`, not `there`, and of what was read."""
    for item in outbox.standing(ledger, destination):
        if item.kind == "finding" and item.id not in there and item.moment < moment and is_read(item):
            yield closed(item, moment)


def closed(item: Item, moment: str) -> Item:
    """An item as one that is resolved at a moment."""
    when = milliseconds(datetime.fromisoformat(moment))
    event = {**item.event, **_CLOSED, "time": when}
    class_uid = event["class_uid"]
    event["type_uid"] = class_uid * 100 + 3
    event["type_name"] = f"{event['class_name']}: Close"
    event["finding_info"] = {**event["finding_info"], "modified_time": when}
    if "compliance" in event:
        event["compliance"] = {**event["compliance"], "status_id": 1, "status": "Pass"}
    return replace(item, state="resolved", moment=moment, event=event)

"""Detections that go on: the same finding, with more events than a destination was told of."""

from __future__ import annotations

from msgspec.structs import replace

from demarcate.sending.structs import Item

_UPDATED = {"activity_id": 2, "activity_name": "Update"}
"""OCSF: the activity of a finding that is there, and is told as it is now."""


def has_grown(item: Item, before: Item) -> bool:
    """Whether a detection rests on more events than before. Fewer are no news: a run may have read fewer logs."""
    return bool(item.event.get("count", 0) > before.event.get("count", 0))


def updated(item: Item) -> Item:
    """An item as one that its receiver knows already, by the same `finding_info.uid`."""
    event = {**item.event, **_UPDATED, "type_uid": item.event["class_uid"] * 100 + 2}
    event["type_name"] = f"{event['class_name']}: Update"
    return replace(item, event=event)

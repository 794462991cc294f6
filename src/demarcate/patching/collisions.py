"""Windows that are in each other's way: at once on one resource, or on several of one group; and too short ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from demarcate.patching.schedules import Span
from demarcate.patching.windows import MaintenanceWindow, Member, Note

Spans = Mapping[str, Sequence[Span]]
"""The times of each window, by its id, in order."""

NAMED: Final = 20
"""How many windows and resources of a collision are named; the rest is counted."""


class Collision(msgspec.Struct, frozen=True, kw_only=True):
    """Windows that are at once: how often, and the first time that two of them are, in UTC.

    `group` is what the resources are members of; it is empty where each of them has all of the windows.
    """

    group: str
    windows: tuple[str, ...]
    """Their names."""
    resources: tuple[str, ...]
    """The names of the resources."""
    number: int
    """How many resources."""
    account_id: str | None
    region: str | None
    first: datetime
    until: datetime
    times: int


def collisions(windows: Sequence[MaintenanceWindow], spans: Spans, tag: str | None = None) -> list[Collision]:
    """All collisions, the first one first. With `tag`, what has one value of that tag is a group, too."""
    by_id = {window.id: window for window in windows}
    members: dict[tuple[str | None, str | None, str], dict[str, Member]] = {}
    groups: dict[tuple[str | None, str | None, str], dict[str, dict[str, Member]]] = {}
    for window in windows:
        for member in window.members:
            place = (window.account_id, window.region)
            members.setdefault((*place, member.resource), {})[window.id] = member
            names = [member.group] if member.group else []
            if tag is not None and tag in member.tags:
                names.append(f"tag {tag}={member.tags[tag]}")
            for name in names:
                groups.setdefault((*place, name), {}).setdefault(window.id, {})[member.resource] = member
    made: list[Collision] = []
    alike: dict[tuple[str | None, str | None, tuple[str, ...]], list[Member]] = {}
    for (account, region, _), of_resource in members.items():
        if len(of_resource) > 1:
            alike.setdefault((account, region, tuple(sorted(of_resource))), []).append(
                next(iter(of_resource.values()))
            )
    for (account, region, ids), resources in alike.items():
        made += _collided("", account, region, ids, dict.fromkeys(ids, resources), by_id, spans)
    for (account, region, name), by_window in groups.items():
        several = {id_: list(of.values()) for id_, of in by_window.items()}
        # Windows that all have the same resources were compared for these.
        if len(several) > 1 and len({tuple(sorted(of)) for of in by_window.values()}) > 1:
            made += _collided(name, account, region, tuple(sorted(several)), several, by_id, spans)
    return sorted(made, key=lambda one_of: (one_of.first, one_of.group, one_of.windows, one_of.resources))


def _collided(
    group: str,
    account: str | None,
    region: str | None,
    ids: tuple[str, ...],
    resources: Mapping[str, Sequence[Member]],
    windows: Mapping[str, MaintenanceWindow],
    spans: Spans,
) -> Iterable[Collision]:
    """The collision of some windows; none where they are never at once."""
    times = sorted((span.start, span.end, id_) for id_ in ids for span in spans[id_])
    involved: set[str] = set()
    first: tuple[datetime, datetime] | None = None
    count, open_end, open_id, counted = 0, None, "", False
    for start, end, id_ in times:
        if open_end is not None and start < open_end:
            if id_ != open_id:
                involved |= {id_, open_id}
                first = first or (start, min(end, open_end))
                count += not counted
                counted = True
            if end > open_end:
                open_end, open_id = end, id_
        else:
            open_end, open_id, counted = end, id_, False
    if first is None:
        return
    named = {member.resource: member.name for id_ in involved for member in resources[id_]}
    yield Collision(
        group=group,
        windows=tuple(sorted(f"{windows[id_].kind} {windows[id_].name}" for id_ in involved))[:NAMED],
        resources=tuple(sorted(named.values()))[:NAMED],
        number=len(named),
        account_id=account,
        region=region,
        first=first[0],
        until=first[1],
        times=count,
    )


def too_short(windows: Iterable[MaintenanceWindow], minutes: int) -> list[Note]:
    """Windows in which not all members can be patched, where one takes so many minutes.

    Nothing is begun in the hours before the end that are cut off.
    """
    notes = []
    for window in windows:
        rounds = _rounds(len(window.members), window.at_once)
        if not window.installs or window.duration is None or rounds is None:
            continue
        last_begins, ends = (rounds - 1) * minutes, rounds * minutes
        open_for, begins_for = window.duration * 60, (window.duration - window.cutoff) * 60
        if rounds and (ends > open_for or last_begins >= begins_for):
            reason = (
                f"{len(window.members)} nodes, {window.at_once} at once, take {rounds} rounds of {minutes} minutes; "
                f"it is open for {open_for:g} minutes, and in the last {window.cutoff * 60:g} nothing is begun"
            )
            notes.append(
                Note(
                    kind=window.kind,
                    resource=window.id,
                    name=window.name,
                    account_id=window.account_id,
                    region=window.region,
                    reason=reason,
                )
            )
    return notes


def _rounds(members: int, at_once: str) -> int | None:
    """How often one has to wait for others; None where it is not told how many are worked on at once."""
    digits = at_once.rstrip("%")
    if not digits.isdecimal() or len(digits) > 9:
        return None
    number = math.floor(members * int(digits) / 100) if at_once.endswith("%") else int(digits)
    return math.ceil(members / max(number, 1))

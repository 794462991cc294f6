"""What `logs verify` is asked for, and what it tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from demarcate.estate.snapshots.manifest import Unread
from demarcate.logs.integrity.digests import chain_of, time_of
from demarcate.logs.integrity.keys import Keys, pinned
from demarcate.logs.integrity.places import Copies
from demarcate.logs.integrity.verifying import State, Verified, verify
from demarcate.logs.store.buckets import SCHEME
from demarcate.logs.store.entries import Days, place_of


def verified(
    source: str, keys: Sequence[Path], days: Days, profile: str | None, endpoint_url: str | None
) -> tuple[Verified, list[Unread]]:
    """A bucket or a copy of one, verified, with what could not be read of it.

    Raises DemarcateError for what is neither, and where keys cannot be had.
    """
    if not source.startswith(SCHEME):
        copies = Copies(Path(source))
        return verify(copies, pinned(keys), wanted=_wanted(days)), copies.unread
    from demarcate.estate.sources.aws.session import make_session
    from demarcate.logs.integrity.online import Learning, Online

    session = make_session(profile)
    online = Online(source, session, endpoint_url, _and_the_next(days))
    if keys:
        return verify(online, pinned(keys), wanted=_wanted(days)), online.unread
    known = Keys()
    learn = Learning(known, session, endpoint_url, online.unread.append)
    return verify(online, known, learn=learn, wanted=_wanted(days)), online.unread


def _and_the_next(days: Days) -> Days:
    """The last hour of a day is covered by a digest of the next one."""
    if days.last is None or days.last == date.max:
        return Days(days.first)
    return Days(days.first, days.last + timedelta(days=1))


def _wanted(days: Days) -> Any:
    """Whether a key is of these days; a digest of the first hours of the next one is as well."""

    def wanted(key: str) -> bool:
        day = place_of(key)[1]
        if not day or days.has(day):
            return True
        early = chain_of(key) is not None and time_of(key)[9:11] < "02"
        return early and days.last is not None and day == (days.last + timedelta(days=1)).isoformat()

    return wanted


def told(of: Verified) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows: how many of each chain are valid, and each that is not, with why."""
    counts = [
        (state.value, what, chain, count, None)
        for (chain, what, state), count in sorted(of.counts.items())
        if state is State.VALID
    ]
    return ["state", "what", "name", "count", "why"], [
        *counts,
        *((each.state.value, each.what, each.name, 1, each.why) for each in of.told),
    ]


def is_broken(of: Verified) -> bool:
    """Whether something was altered, is missing, or no digest covers a time."""
    return of.has(State.ALTERED, State.MISSING, State.GAP)


def is_unknown(of: Verified) -> bool:
    """Whether something is not known, or nothing is there at all."""
    return of.has(State.UNKNOWN) or not of.counts

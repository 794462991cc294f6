"""Watching a log store: what came since it was last looked at, judged with what was carried over.

Each look reads the files of rows that are new. Old ones come again in new files, when a store puts some together: what
was counted is known by its event. Events that come more than `LATENESS` after others are judged by themselves, and are
left out of what depends on order.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_file, read_bytes, write_whole
from demarcate.base.moments import since_1970
from demarcate.logs.detecting.findings import together
from demarcate.logs.detecting.places import Findings
from demarcate.logs.detecting.running import Detector
from demarcate.logs.detecting.stored import grouped, match_here
from demarcate.logs.detecting.structs import VERSION, Outcome, State
from demarcate.logs.events import TABLE
from demarcate.logs.sigma.structs import Rule
from demarcate.logs.store.catalog import Catalog

LATENESS: Final = 3_600
"""Seconds that an event may come after later ones: CloudTrail delivers within minutes, and sources are read late."""

LARGEST: Final = 500_000_000
"""Bytes that a kept state may have."""

KEPT: Final = "detecting.json"
"""Where in a store the state of who follows it is kept."""

_SECOND: Final = 1_000_000


def look(store: Path, rules: Iterable[Rule], state: State, now: float | None = None) -> Findings:
    """What is new in a log store since a state, or has grown; the state is carried on. Raises DemarcateError.

    `now` is in seconds since 1970: an event of the future does not make all that come after it late.
    """
    detector = Detector(rules)
    result = Findings(state=state)
    with Catalog(store) as catalog:
        parts = catalog.parts(TABLE)
    first = since_1970(state.settled // _SECOND - 86_400).date().isoformat() if state.settled else ""
    new = [part for part in parts if part.file not in state.files and part.day >= first]
    state.files = {part.file for part in parts}
    if not new:
        return result
    outcomes: list[Outcome] = []
    for matched in match_here(store, detector, grouped(new)):
        result.unread += matched.unread
        outcomes += [detector.take(matches, state) for matches in matched.matches]
    latest = min(state.until or 0, int((time.time() if now is None else now) * _SECOND))
    outcomes.append(detector.settle(state, max(latest - LATENESS * _SECOND, state.settled or 0)))
    result.detections = together(outcomes)
    return result


def kept(path: Path) -> State:
    """The state that a file has; a new one where there is no file. Raises DemarcateError for what is none."""
    if not is_file(path):
        return State()
    try:
        state = msgspec.json.decode(read_bytes(path, LARGEST), type=State)
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise DemarcateError(f"{path}: is no state that detect --state has kept: {error}") from error
    if state.version != VERSION:
        raise DemarcateError(f"{path}: is a state of version {state.version}, and version {VERSION} is read here")
    return state


def keep(path: Path, state: State) -> None:
    """Keep a state in a file. Raises DemarcateError."""
    try:
        write_whole(path, msgspec.json.encode(state))
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error

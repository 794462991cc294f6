"""Watching a log store: what came since it was last looked at, judged with what was carried over.

Each look reads the files of rows that are new. Old ones come again in new files, when a store puts some together: what
was counted is known by its event. Events that come more than `LATENESS` after others are judged by themselves, and are
left out of what depends on order.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import duckdb
import msgspec

from demarcate.base.connection import Limits, connect, short
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_file, read_bytes, write_whole
from demarcate.base.moments import since_1970
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.logs.detecting.places import Findings
from demarcate.logs.detecting.running import Detector
from demarcate.logs.detecting.stored import MEMORY, RELATION
from demarcate.logs.detecting.structs import VERSION, State
from demarcate.logs.events import TABLE
from demarcate.logs.sigma.structs import Rule
from demarcate.logs.store.catalog import Catalog
from demarcate.logs.store.forms.cloudtrail import EVENTS
from demarcate.logs.store.reading import rows_of

LATENESS: Final = 3_600
"""Seconds that an event may come after later ones: CloudTrail delivers within minutes, and sources are read late."""

LARGEST: Final = 500_000_000
"""Bytes that a kept state may have."""

_SECOND: Final = 1_000_000


def look(store: Path, rules: Iterable[Rule], state: State) -> Findings:
    """What is new in a log store since a state, or has grown; the state is carried on. Raises DemarcateError."""
    detector = Detector(rules)
    result = Findings(state=state)
    with Catalog(store) as catalog, connect(store, limits=Limits(memory=MEMORY)) as connection:
        parts = {part.file: part.day for part in catalog.parts(TABLE)}
        first = since_1970(state.settled // _SECOND - 86_400).date().isoformat() if state.settled else ""
        new = [store / file for file, day in parts.items() if file not in state.files and day >= first]
        state.files = set(parts)
        if not new:
            return result
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {RELATION} AS {rows_of(EVENTS, new)}")
        try:
            ((latest,),) = connection.execute(f"SELECT epoch_us(max(event_time)) FROM {RELATION}").fetchall()
            until = max(latest or 0, state.until or 0) - LATENESS * _SECOND
            outcome = detector.detect(connection, RELATION, state, settled=max(until, state.settled or 0))
        except duckdb.Error as error:
            reason = f"new events cannot be read: {short(error)}"
            result.unread.append(Unread(kind=Kind.UNREADABLE, reason=reason, file=str(store)))
            return result
    result.detections = outcome.detections
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

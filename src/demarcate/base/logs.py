"""What a run tells of itself while it goes on, to whoever asked for it (`report/logs.py`); to nobody else, nothing.

An entry is an event and fields, and no sentence: for people and for programs alike. It goes through Python's `logging`
below the logger "demarcate", so that a program that embeds Demarcate has it as it has its own.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from time import monotonic
from typing import Final

LOG: Final = logging.getLogger("demarcate")


def tell(level: int, event: str, **fields: object) -> None:
    """Tell of an event. Fields are plain values, never a secret, a header, a body or a row."""
    if LOG.isEnabledFor(level):
        LOG.log(level, event, extra={"fields": fields})


@contextlib.contextmanager
def phase(event: str) -> Iterator[None]:
    """Tell when a part of a run is done, and how many seconds it took; also as a decorator."""
    began = monotonic()
    yield
    tell(logging.INFO, event, seconds=round(monotonic() - began, 3))

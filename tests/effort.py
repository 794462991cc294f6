"""How much work something may be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def effort(seconds: float) -> Iterator[None]:
    """What takes at most so many seconds of the processor, which do not grow with what runs beside it.

    A limit is ten times what was measured, or more: it tells what grows without bound from what does not.
    """
    began = time.process_time()
    yield
    took = time.process_time() - began
    assert took < seconds, f"it took {took:.1f} s of the processor, and may take {seconds:g} s"

"""The known name that is nearest to one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """A question for the known name that looks most like this one; empty where none does.

    >>> nearest("complete", ["person", "completed"])
    '; did you mean completed?'
    """
    known = list(known)
    near = difflib.get_close_matches(name[:200], known, 1)
    if not near and name:  # an id without its area, or half a name
        near = [candidate for candidate in known if name.lower() in candidate.lower()]
    return f"; did you mean {near[0]}?" if near else ""

"""What was made of policies before: most of an estate's are like others of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar

from demarcate.base.encoding import to_json
from demarcate.estate.schema.standins import first_standin
from demarcate.estate.schema.unknown import first_unknown

T = TypeVar("T")

_LONGEST: Final = 20_000
"""How long one document may be, in bytes of JSON."""

_MOST: Final = 1_000_000
"""How long all that are remembered may be together: what is made of one takes some twenty times as much memory."""


class Remembered(Generic[T]):
    """What was made of documents, by their text. Whoever is given it must not change it.

    What holds something unknown or assigned is made anew each time. Safe for several threads: one may make again what
    another has made.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[bytes, Hashable], T] = {}
        self._bytes = 0

    def of(self, document: Any, beside: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes of a document and what is asked beside it."""
        if first_unknown(document) is not None or first_standin(document) is not None:
            return make()
        text = to_json(document)
        if len(text) > _LONGEST:
            return make()
        key = text, beside
        made = self._made.get(key)
        if made is None:
            made = make()
            if self._bytes + len(text) > _MOST:
                self._made.clear()
                self._bytes = 0
            self._made[key] = made
            self._bytes += len(text)
        return made

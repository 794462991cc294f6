"""Regular expressions that are compiled when they are first used, and not as their module is loaded.

Compiling those of a large module takes longer than loading it, and most runs use none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property


class Pattern:
    """A regular expression, with the methods of `re.Pattern` that are used.

    >>> Pattern("[a-z]+").fullmatch("abc")[0]
    'abc'
    """

    def __init__(self, form: str, flags: int = 0) -> None:
        self._form, self._flags = form, flags

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._form, self._flags)

    def match(self, text: str) -> re.Match[str] | None:
        """What it matches at the beginning of a text."""
        return self._compiled.match(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """What it matches if that is a whole text."""
        return self._compiled.fullmatch(text)

    def findall(self, text: str) -> list[str]:
        """All that it matches in a text."""
        return self._compiled.findall(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """All that it matches in a text, one after the other."""
        return self._compiled.finditer(text)

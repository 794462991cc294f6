"""What is wrong with evidence, by file: a bad row is told of and not counted, and the rest goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from demarcate.base.errors import Problem
from demarcate.base.names import nearest

SHOWN = 20
"""How many problems of one file are told in full; then one line says how many more there are."""


class Unusable(Exception):
    """One piece of evidence that is not counted; its text says why. `line` is where, if not where it begins."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class UnknownName(Unusable):
    """A name that the model does not have. The nearest is only looked for where the message is shown."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        super().__init__(name)
        self.kind, self.name, self.known, self.hint = kind, name, known, hint

    def __str__(self) -> str:
        return f"there is no {self.kind} {shown(self.name)}{nearest(self.name, self.known)}{self.hint}"


class Problems:
    """The problems of one folder. Of each file, those beyond the first `SHOWN` are only counted."""

    def __init__(self) -> None:
        self._shown: dict[str, list[Problem]] = {}
        self._more: Counter[str] = Counter()

    def add(self, file: str, line: int | None, what: object, *, of: str | None = None) -> None:
        """Note a problem; its text is made only if it is shown. `of` counts it with another file's or folder's."""
        shown = self._shown.setdefault(of or file, [])
        if len(shown) < SHOWN:
            shown.append(Problem(str(what), file, line))
        else:
            self._more[of or file] += 1

    def listed(self) -> tuple[Problem, ...]:
        """All of them, file by file in the order of reading."""
        listed: list[Problem] = []
        for file, problems in self._shown.items():
            listed += problems
            if more := self._more[file]:
                these = "1 more problem here is" if more == 1 else f"{more:,} more problems here are"
                listed.append(Problem(f"{these} not shown; none of it is counted as evidence", file))
        return tuple(listed)


def shown(value: str, most: int = 60) -> str:
    """A value as it was found, quoted, printable and short.

    >>> shown("a" * 100, most=5)
    "'aaaa…'"
    """
    return repr(value if len(value) <= most else f"{value[: most - 1]}…")

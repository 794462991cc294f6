"""Truth in three values: what rests on something that is not known is Unknown, unless the rest decides it alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demarcate.estate.schema.standins import shown
from demarcate.estate.schema.unknown import Unknown, first, first_unknown

Truth = bool | Unknown


def all_of(truths: Iterable[Truth]) -> Truth:
    """Whether all are true. Of several that are not known, the one whose kind stands first is told."""
    return _joined(truths, decides=False)


def any_of(truths: Iterable[Truth]) -> Truth:
    """Whether any is true.

    >>> any_of([False, True]), any_of([])
    (True, False)
    """
    return _joined(truths, decides=True)


def _joined(truths: Iterable[Truth], *, decides: bool) -> Truth:
    unknown: Unknown | None = None
    for truth in truths:
        if isinstance(truth, Unknown):
            unknown = (
                truth if unknown is None or first((truth.kind, unknown.kind)) is not unknown.kind else unknown
            )
        elif truth is decides:
            return decides
    return not decides if unknown is None else unknown


def values_of(row: Any, *columns: str) -> list[Any]:
    """Columns of a row of which the whole may not be known: then each of them is not."""
    return [row] * len(columns) if isinstance(row, Unknown) else [row[name] for name in columns]


class Lookup:
    """Whether there is something under a key of several values, any of which may not be known.

    Stand-ins are the same where they stand for the same, as where a check compares two columns.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Truth] = {}
        self._open: list[tuple[tuple[Any, ...], Truth]] = []

    def add(self, key: tuple[Any, ...], truth: Truth) -> None:
        """Have something under a key, as far as that is so."""
        key = tuple(map(shown, key))
        if truth is False:
            return
        if first_unknown(list(key)) is not None:
            self._open.append((key, truth))
        else:
            self._known[key] = any_of((self._known.get(key, False), truth))

    def holds(self, key: tuple[Any, ...]) -> Truth:
        """Whether anything is there."""
        key = tuple(map(shown, key))
        if first_unknown(list(key)) is not None:
            return any_of(_there(key, other, truth) for other, truth in (*self._known.items(), *self._open))
        others = (_there(key, other, truth) for other, truth in self._open)
        return any_of((self._known.get(key, False), *others))


def _there(key: tuple[Any, ...], other: tuple[Any, ...], truth: Truth) -> Truth:
    """Whether what is under another key is under this one."""
    return all_of((*map(_same, key, other), truth))


def _same(value: Any, other: Any) -> Truth:
    unknown = next((side for side in (value, other) if isinstance(side, Unknown)), None)
    return bool(value == other) if unknown is None else unknown

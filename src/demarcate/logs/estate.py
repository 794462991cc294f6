"""The rows of a snapshot that tell of logs and alarms, by account, and why some of them may be missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from demarcate.estate.schema.standins import shown
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import Row, rows, why_not_read

_OWN: Final = frozenset({"region"})
"""Columns that every row has, and some tables tell themselves."""


@dataclass(frozen=True, slots=True)
class Estate:
    """The rows of some tables. Columns are those that were asked for.

    `asked` gives the rows of a table as they are once AWS was asked about each.
    """

    snapshot: Snapshot
    columns: Mapping[str, tuple[str, ...]]
    asked: Mapping[str, Callable[[Row], Row]] = field(default_factory=dict)
    _rows: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    _keyed: dict[tuple[str, str], dict[tuple[str, str], list[Row]]] = field(default_factory=dict)

    def by_account(self, name: str) -> Mapping[str, list[Row]]:
        """The rows of a table, by their account; one without a number is ''."""
        if name not in self._rows:
            told: dict[str, list[Row]] = defaultdict(list)
            asked = self.asked.get(name, _as_it_is)
            for row in rows(self.snapshot, name, [each for each in self.columns[name] if each not in _OWN]):
                told[_text(row["account_id"])].append(asked(row))
            self._rows[name] = told
        return self._rows[name]

    def having(self, name: str, column: str, account: str, value: Any) -> list[Row]:
        """The rows of a table of an account that have a value in a column."""
        if (name, column) not in self._keyed:
            keyed: dict[tuple[str, str], list[Row]] = defaultdict(list)
            for of, listed in self.by_account(name).items():
                for row in listed:
                    keyed[of, _text(shown(row[column]))].append(row)
            self._keyed[name, column] = keyed
        text = _text(shown(value))
        return self._keyed[name, column].get((account, text), []) if text else []

    def lacks(self, name: str, account: str, region: Any = None) -> Unknown | None:
        """Why rows of a table may be missing, in one region of an account or in any."""
        why = why_not_read(self.snapshot, name, self.columns[name], account or None, region)
        return Unknown(Kind.NOT_COLLECTED, f"{name}: {why}") if why else None

    @property
    def accounts(self) -> list[str]:
        """The accounts that it speaks of; '' is that of templates, and not of what could be read of no account."""
        told = [account for account in self.snapshot.accounts if account is not None]
        return told if told and self.snapshot.is_divisible else ["", *told]


def _as_it_is(row: Row) -> Row:
    return row


def _text(value: Any) -> str:
    return value if type(value) is str else ""

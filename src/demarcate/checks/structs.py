"""What a check is, as written and as compiled."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from demarcate.checks.names import Demand, Look
from demarcate.checks.remedies import Remedy
from demarcate.checks.standins import Ask
from demarcate.estate.sources.plan import Named

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
"""Worst first."""

Verdict = Literal["pass", "fail", "unknown"]
VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "unknown")

Example = dict[str, Any]
"""A row of the check's table. `with` holds rows of other tables, `unread` names tables not read."""


class Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that must pass, fail and be unknown."""

    passes: tuple[Example, ...] = msgspec.field(name="pass")
    fails: tuple[Example, ...] = msgspec.field(name="fail")
    unknown: tuple[Example, ...] = ()


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A check as its author writes it; `docs/how-to/write-a-check.md` says what each key means."""

    id: str
    title: str
    responsibility: str
    table: str
    passes: str | bool = msgspec.field(name="pass")
    where: str = ""
    fail: str
    severity: Severity
    severity_why: str = msgspec.field(name="severity-why", default="")
    remedy: str | Remedy = ""
    on_request: str = msgspec.field(name="on-request", default="")
    refs: dict[str, str | tuple[str, ...]] = {}
    related: dict[str, dict[str, str]] = {}
    examples: Examples | None = None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check that is valid: its texts, and its predicates as SQL over the judged row `_row`.

    `severity_why` says why the severity is not that of a control that it cites. `refs` are identifiers elsewhere of
    what it decides, `related` those of what it decides otherwise, with the difference.
    `verdict` is NULL or a boolean for each row that it is about; `about`, whether it is or may be, is empty where it is
    about every row. `looks` are what other tables say of the row, which both read as columns of `_row`. `reason` is SQL
    text for a row that fails.
    `columns` are the judged table's columns that it reads, `asked` those of them that it compares with more than other
    columns, `shown` those that the reason shows (and who operates the row), `lookups` other tables and their columns,
    `named` those of these that it reads of no other rows than those that are named, `asks` what is asked of columns of
    all of these that may hold stand-ins, `demands` what is asked of the rows of any of them. `on_request` says what it
    would cost on a live account, where it runs only when it is named; empty where it costs nothing to speak of. `needs`
    are sets of columns of the judged table, and of tables that it looks into: it has an answer only where all of one
    set are told.
    """

    id: str
    title: str
    area: str
    responsibility: str
    table: str
    severity: Severity
    severity_why: str
    remedy: Remedy
    refs: dict[str, tuple[str, ...]]
    related: dict[str, dict[str, str]]
    predicate: str
    condition: str
    verdict: str
    about: str
    reason: str
    columns: tuple[str, ...]
    asked: tuple[str, ...]
    shown: tuple[str, ...]
    lookups: dict[str, tuple[str, ...]]
    named: dict[str, tuple[Named, ...]]
    asks: dict[str, tuple[Ask, ...]]
    looks: dict[str, Look]
    demands: tuple[Demand, ...]
    needs: tuple[tuple[str, ...], ...] = ((),)
    on_request: str
    file: str
    line: int

    @property
    def tables(self) -> tuple[str, ...]:
        """All tables that the predicate reads, its own first."""
        return (self.table, *sorted(set(self.lookups) - {self.table}))

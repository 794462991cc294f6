"""Rows that a check is not about: its `where` leaves them out, so that one fault has one finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demarcate.base.documents import read
from tests.checks.examples import shipped, verdicts_apart

CASES = read(Path(__file__).parent / "cases" / "not_judged.yaml", dict[str, list[dict[str, Any]]])


def test_not_judged() -> None:
    told = verdicts_apart((shipped()[check], rows) for check, rows in CASES.items())
    judged = {check: [row for row, of in zip(CASES[check], told[check], strict=True) if of] for check in CASES}
    assert {check: rows for check, rows in judged.items() if rows} == {}

"""Rows that a check is not about: its `where` leaves them out, so that one fault has one finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demarcate.base.documents import read
from tests.checks.examples import shipped, verdicts

CASES = read(Path(__file__).parent / "cases" / "not_judged.yaml", dict[str, list[dict[str, Any]]])


@pytest.mark.parametrize(
    ("check", "row"),
    [(check, row) for check, rows in CASES.items() for row in rows],
    ids=lambda value: str(value)[:60],
)
def test_not_judged(check: str, row: dict[str, Any]) -> None:
    assert verdicts(shipped()[check], [row]) == [[]]

"""Facts as the tests make them."""

from __future__ import annotations

from datetime import date
from typing import Any

from demarcate.checks.facts import Comparison, Facts

SOURCE = "https://docs.example.org/versions"


def facts_compared(day: date, *rows: dict[str, Any], days: int, key: str = "name") -> Facts:
    """Facts that were compared with one source on one day."""
    return Facts(key=(key,), believed_for_days=days, compared=(Comparison(source=SOURCE, checked=day, rows=rows),))

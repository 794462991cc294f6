"""Event patterns match what AWS's documentation says that they match."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demarcate.base.documents import read
from demarcate.base.event_pattern import EventPatternError, compiled

CASES = read(Path(__file__).with_name("event_patterns.yaml"), dict[str, Any])


@pytest.mark.parametrize("case", CASES["matches"], ids=lambda case: str(case["pattern"]))
def test_a_pattern_matches_the_events_that_it_names(case: dict[str, Any]) -> None:
    matches = compiled(case["pattern"])
    assert [event for event in case.get("matched", ()) if not matches(event)] == []
    assert [event for event in case["not_matched"] if matches(event)] == []


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: str(case["pattern"]))
def test_what_eventbridge_refuses_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(EventPatternError, match=case["says"]):
        compiled(case["pattern"])


def test_no_pattern_is_read_deeper_than_it_may_be() -> None:
    deep: Any = {"a": ["x"]}
    for _ in range(2_000):
        deep = {"a": deep}
    with pytest.raises(EventPatternError, match="deep"):
        compiled(deep)

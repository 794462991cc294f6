"""What means the same, as data, and what follows whatever the values are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from demarcate.drift.alike import alike

CASES = yaml.safe_load((Path(__file__).parent / "alike.yaml").read_text())

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab:/*", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.get("what") or str(case["declared"])[:40])
def test_cases(case: dict[str, Any]) -> None:
    column = case.get("column", "")
    assert alike(case["declared"], case["live"], column=column) is case["alike"]
    assert alike(case["live"], case["declared"], column=column) is case["alike"]


@given(PLAIN)
def test_a_value_is_like_itself(value: Any) -> None:
    assert alike(value, value)


@given(PLAIN, PLAIN)
def test_it_does_not_matter_which_is_declared(value: Any, other: Any) -> None:
    assert alike(value, other) is alike(other, value)


@given(st.lists(PLAIN, max_size=4), st.randoms(use_true_random=False))
def test_lists_have_no_order(values: list[Any], random: Any) -> None:
    assert alike(values, random.sample(values, len(values)))

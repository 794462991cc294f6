"""Many cases in one test: none is lost, and each that is wrong is named."""

from __future__ import annotations

import inspect

import pytest

from tests.each import each


def test_all_cases_are_tried_and_each_that_is_wrong_is_told() -> None:
    tried: list[int] = []

    @each("number", [1, 2, 3, 4, 2], ids=lambda number: f"case {number}")
    def small(number: int, limit: int) -> None:
        tried.append(number)
        if number == 4:
            pytest.fail("four")
        assert number < limit, "is large"

    assert list(inspect.signature(small).parameters) == ["limit"], "what is left is a fixture"
    with pytest.raises(AssertionError, match="4 of 5 cases") as told:
        small(limit=2)
    assert tried == [1, 2, 3, 4, 2]
    lines = str(told.value).splitlines()
    assert [line.partition("]")[0] for line in lines if line.startswith("[")] == [
        "[case 2",
        "[case 3",
        "[case 4",
        "[case 2 4",
    ]
    tried.clear()
    with pytest.raises(AssertionError, match="four"):
        small(limit=9)
    assert tried == [1, 2, 3, 4, 2]


def test_cases_of_several_parameters_and_in_one_another() -> None:
    tried = []

    @each("word", "xy")
    @each(("a", "b"), [(1, 2), (3, 4)], ids=["one", "two"])
    def pairs(word: str, a: int, b: int) -> None:
        tried.append((word, a, b))
        assert (word, a) != ("y", 3)

    with pytest.raises(AssertionError, match=r"\[y\] .*1 of 2 cases(.|\n)*\[two\]"):
        pairs()
    assert tried == [("x", 1, 2), ("x", 3, 4), ("y", 1, 2), ("y", 3, 4)]


def test_no_case_is_no_success() -> None:
    @each("number", [])
    def nothing(number: int) -> None:
        """It tries nothing."""

    with pytest.raises(AssertionError, match="there is no case"):
        nothing()

"""Filter patterns of CloudWatch Logs, held to AWS's examples, and what is written is read as the same."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from demarcate.base.documents import read
from demarcate.base.filter_pattern import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Delimited,
    Event,
    Is,
    Json,
    NotExists,
    Pattern,
    Selector,
    Slot,
    Term,
    Terms,
    Text,
)
from demarcate.base.filter_regex import Regex, RegexError
from demarcate.base.filter_syntax import PatternError, parse, written
from tests.each import each
from tests.effort import effort

CASES = read(Path(__file__).parent / "filter_patterns.yaml", dict[str, Any])


def event(case: str) -> Event:
    """A log event of a case: its text, or one of those named."""
    return Event(CASES["json"][case.removeprefix("json ")] if case.startswith("json ") else case)


@each("case", CASES["matches"], ids=lambda case: case["pattern"])
def test_the_examples_of_aws(case: dict[str, Any]) -> None:
    pattern = parse(case["pattern"])
    assert [text for text in case.get("matched", ()) if not pattern.matches(event(text))] == []
    assert [text for text in case.get("not_matched", ()) if pattern.matches(event(text))] == []
    assert parse(written(pattern)) == pattern


@each("case", CASES["expressions"], ids=lambda case: case["regex"])
def test_the_expressions_of_aws(case: dict[str, Any]) -> None:
    regex = Regex(case["regex"])
    assert [text for text in case["matched"] if not regex.found_in(text)] == []
    assert [text for text in case.get("not_matched", ()) if regex.found_in(text)] == []


@each("case", CASES["refused"], ids=lambda case: case["pattern"])
def test_what_aws_refuses_says_where(case: dict[str, Any]) -> None:
    with pytest.raises(PatternError) as refused:
        parse(case["pattern"].ljust(case.get("length", 0), "a"))
    assert case["why"] in str(refused.value)
    assert refused.value.position == case["at"]


# --- written and read -----------------------------------------------------------------------------------

NAMES = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=3)
MEMBERS = NAMES | st.text(max_size=3)
INDEXES = st.integers(0, 3)
WORDS = st.text(string.ascii_letters + string.digits + "_*.", min_size=1, max_size=4)
TEXTS = st.builds(Text, WORDS) | st.builds(Text, st.text(max_size=5), st.just(True))
REGEXES = st.sampled_from(["a", "^a|b$", "[^a-c]+", r"\d{2,}", r"1\.1"]).map(Regex)
NUMBERS = st.integers(-9, 9).map(str) | st.sampled_from(["+1.5", "1e3", "-2e-2"])


def comparisons(selectors: st.SearchStrategy[Selector]) -> st.SearchStrategy[Compare]:
    """Comparisons of what is selected with anything that they may be compared with."""
    same = st.builds(Compare, selectors, st.sampled_from(["=", "!="]), TEXTS)
    sizes = st.builds(Compare, selectors, st.sampled_from(["<", "<=", ">", ">="]), NUMBERS.map(Text))
    return same | sizes


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
    """Conditions of conditions."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(AllOf, st.lists(inner, min_size=2, max_size=3).map(tuple))
            | st.builds(AnyOf, st.lists(inner, min_size=2, max_size=3).map(tuple))
        ),
        max_leaves=6,
    )


SELECTORS = st.builds(
    Selector, st.tuples(MEMBERS, *[]) | st.tuples(MEMBERS, MEMBERS) | st.tuples(MEMBERS, INDEXES, MEMBERS)
)
WILD = st.builds(Selector, st.tuples(st.none()) | st.tuples(MEMBERS, st.none()))
CONDITIONS = nested(
    comparisons(SELECTORS)
    | st.builds(Is, SELECTORS, st.sampled_from(["NULL", "TRUE", "FALSE"]))
    | st.builds(NotExists, SELECTORS)
)
SLOTS = NAMES.flatmap(
    lambda name: st.builds(Slot, st.just(name), st.none() | nested(comparisons(st.just(Selector((name,))))))
)
PATTERNS: st.SearchStrategy[Pattern] = st.one_of(
    st.builds(Json, CONDITIONS | comparisons(WILD) | st.builds(Compare, SELECTORS, st.just("="), REGEXES)),
    st.builds(
        Delimited,
        st.lists(SLOTS, min_size=1, max_size=3).map(tuple),
        st.none() | st.lists(SLOTS, max_size=2).map(tuple),
    ),
    st.builds(
        Terms,
        st.lists(st.builds(Term, TEXTS | REGEXES, st.sampled_from(["", "?", "-"])), max_size=4).map(tuple),
    ),
)


@given(PATTERNS)
def test_what_is_written_is_read_as_the_same(pattern: Pattern) -> None:
    text = written(pattern)
    assume(len(text) <= 1_024)
    assert parse(text) == pattern


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text("abE*.", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def negated(condition: Condition) -> Condition:
    """What holds where it does not, for all whose comparisons have something to compare."""
    if isinstance(condition, AllOf | AnyOf):
        parts = tuple(map(negated, condition.parts))
        return AnyOf(parts) if isinstance(condition, AllOf) else AllOf(parts)
    assert isinstance(condition, Compare)
    return Compare(condition.selector, OPPOSITE[condition.operator], condition.value)  # type: ignore[arg-type]


@given(nested(st.builds(Compare, st.just(Selector(("a",))), st.sampled_from(["=", "!="]), TEXTS)), VALUES)
def test_where_there_is_a_value_a_condition_or_its_opposite_holds(condition: Condition, value: Any) -> None:
    comparable = isinstance(value, str | int | float) and not isinstance(value, bool)
    assert (condition.holds({"a": value}) is not negated(condition).holds({"a": value})) is comparable
    assert not condition.holds({}), "nothing holds of a member that is not there"


@given(st.sampled_from(list(OPPOSITE)), NUMBERS, st.integers(-9, 9) | st.floats(-9, 9))
def test_numbers_are_compared_as_numbers(operator: Any, limit: str, value: float) -> None:
    condition = Compare(Selector(("a",)), operator, Text(limit))
    assert condition.holds({"a": value}) is not negated(condition).holds({"a": value})
    fields = Delimited((Slot("a", condition),))
    assert fields.matches(Event(str(value))) is condition.holds({"a": value})


@given(st.text(max_size=40) | st.text('{}[]()$.=!<>&|%"*, aIS-?', max_size=40), st.text(max_size=40))
def test_anything_is_a_pattern_or_refused_within_it(text: str, message: str) -> None:
    try:
        pattern = parse(text)
    except PatternError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert pattern.matches(Event(message)) in (True, False)
        assert parse(written(pattern)) == pattern


@given(VALUES, SELECTORS | WILD)
def test_any_json_can_be_asked(value: Any, selector: Selector) -> None:
    for condition in (Compare(selector, "=", Text("*")), Is(selector, "NULL"), NotExists(selector)):
        assert Json(condition).matches(Event(json.dumps({"a": value}))) in (True, False)


@pytest.mark.parametrize(
    "source", ["a*" * 500 + "b", "[a-z]*" * 150 + "1", ".*.*.*.*.*x", "a?" * 300 + "a{300}", "x|" * 500 + "y"]
)
def test_an_expression_takes_little_time_however_often_it_repeats(source: str) -> None:
    with effort(20):
        assert Regex(source).found_in("a" * 100_000) is ("?" in source)


def test_an_expression_that_stands_for_too_much_is_refused() -> None:
    with pytest.raises(RegexError, match="4,000 characters"):
        Regex("a{999}" * 5)


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(PatternError, match="deep"):
        parse("{" + "(" * 400 + "$.a = 1" + ")" * 400 + "}")
    assert not parse("{ $.a = 1 }").matches(Event("[" * 100_000))


def test_a_number_of_too_many_digits_is_compared_with_nothing() -> None:
    digits = "9" * 10_000
    assert not parse("[a > 1]").matches(Event(digits))
    assert not parse("{ $.a > 1 }").matches(Event(f'{{"a": {digits}}}'))
    assert parse("[a != 1]").matches(Event(digits))


@pytest.mark.parametrize("text", ["[ ", '"a', '" ', "[]", '[ "', "a "])
def test_the_fields_of_an_event_take_little_time_however_it_is_made(text: str) -> None:
    with effort(10):
        assert not parse("[a=b, c]").matches(Event(text * 200_000))

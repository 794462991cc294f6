"""How answers are made: values come from names alone, and another botocore changes none of them."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

from tests.estate.golden.files import merged, without, written
from tests.estate.golden.forms import Form
from tests.estate.golden.outline import Outline
from tests.estate.golden.values import SPARSE, VARIANTS, Values, code

STATES = ("on", "off", "starting")


def made(members: dict[str, Form], outline: Outline) -> list[Any]:
    form = Form("object", "s.Thing", lambda: members)
    return [Values(outline, variant, {}, {"ask"}).of(form, "ask") for variant in range(VARIANTS + SPARSE)]


def some(names: str, *states: str) -> dict[str, Form]:
    texts = {name: Form("text", "s.Text") for name in names.split()}
    flags = {f"Is{name}": Form("boolean", "s.Flag") for name in names.split()}
    chosen = {f"State{name}": Form("text", "s.State", values=states or STATES) for name in names.split()}
    return {**texts, **flags, **chosen}


def test_every_two_members_of_a_type_differ_in_some_answer() -> None:
    answers = made(some("A B C D E F G H"), Outline({}, anew=True))
    for kind in ("", "Is", "State"):
        for name, other in combinations("ABCDEFGH", 2):
            assert any(answer.get(kind + name) != answer.get(kind + other) for answer in answers)
            assert any((kind + name in answer) != (kind + other in answer) for answer in answers[VARIANTS:])


def test_all_members_are_in_answers_that_are_not_sparse() -> None:
    for answer in made(some("A B"), Outline({}, anew=True))[:VARIANTS]:
        assert answer.keys() == some("A B").keys()


def test_no_choice_is_the_same_in_all_answers() -> None:
    assert all(len({*code(size, rank)}) > 1 for size in (2, 3, 8) for rank in range(30))
    assert len({code(2, rank) for rank in range(30)}) == 30


def test_what_a_newer_botocore_adds_changes_nothing() -> None:
    first = Outline({}, anew=True)
    answers = made(some("B D"), first)
    assert made(some("A B C D E", "paused", *STATES), Outline(first.used)) == answers


def test_what_an_older_botocore_lacks_changes_nothing() -> None:
    first = Outline({}, anew=True)
    answers = made(some("A B C"), first)
    older = Outline(first.used)
    assert made(some("A", "off", "on"), older) == answers
    assert older.lacking == {"B", "C", "IsB", "IsC", "StateB", "StateC"}


def test_an_object_that_an_older_botocore_lacks_is_told() -> None:
    first = Outline({}, anew=True)
    inner = Form("object", "s.Inner", lambda: some("A"))
    answers = made({**some("A B"), "Inner": inner}, first)
    older = Outline(first.used)
    assert made(some("A B"), older) == [without(answer, {"Inner"}) for answer in answers]
    assert older.lacking == {"Inner"}


def test_written_anew_new_members_come_last() -> None:
    first = Outline({}, anew=True)
    made(some("B D"), first)
    second = Outline(first.used, anew=True)
    made(some("A B D"), second)
    assert second.used["s.Thing"] == {
        "boolean": ["IsB", "IsD", "IsA"],
        "text": ["B", "D", "A"],
        "text 3": [f"State{name} s.State" for name in "BDA"],
    }


def test_variants_are_merged_where_they_differ() -> None:
    assert merged([{"a": [1, {"b": True}]}, {"a": [1, {"b": False}]}]) == {
        "a": [1, {"b": {"each": [True, False]}}]
    }
    assert merged([1, True]) == {"each": [1, True]}


def test_files_have_a_line_for_each_column() -> None:
    document = {"ec2.describe": {"rows": [{"b": {"y": 1, "x": 2}, "a": None}], "calls": ["ec2.describe()"]}}
    text = written(document)
    assert json.loads(text) == document
    assert '        "a": null,\n        "b": {"x": 2, "y": 1}\n' in text

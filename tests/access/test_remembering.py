"""What was made of a policy is made once, for as many as memory has room for."""

from __future__ import annotations

from typing import Any

import pytest

from demarcate.access import remembering
from demarcate.access.remembering import Remembered
from demarcate.access.rows import statements
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Kind, Unknown


def made(documents: list[Any], beside: list[Any] | None = None) -> int:
    """How often something is made of documents, asked for one after the other."""
    remembered, calls = Remembered[int](), []

    def make() -> int:
        calls.append(1)
        return len(calls)

    for number, document in enumerate(documents):
        remembered.of(document, beside[number] if beside else None, make)
    return len(calls)


def test_what_is_alike_is_made_once() -> None:
    assert made([{"a": [1]}, {"a": [1]}, {"a": [True]}, {"a": ["1"]}]) == 3
    assert made([{"a": 1}, {"a": 1}], ["trust", "key"]) == 2


def test_what_is_not_known_is_made_each_time() -> None:
    for odd in (Unknown(Kind.PARAMETER, "it has no value"), StandIn("Key", "${Key}")):
        assert made([{"a": [odd]}, {"a": [odd]}]) == 2


def test_what_is_long_is_not_kept_and_what_is_much_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "_LONGEST", 10)
    monkeypatch.setattr(remembering, "_MOST", 20)
    assert made(["x" * 9, "x" * 9]) == 2
    texts = [f"{number:07}" for number in range(3)]  # nine bytes each, of which two have room
    assert made([*texts, texts[0], texts[2]]) == 4


def test_rows_of_equal_policies_are_rows_of_their_own() -> None:
    document = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    first, second = statements(document), statements(document)
    first[0]["sid"] = "changed"
    assert second[0]["sid"] == statements(document)[0]["sid"] == ""

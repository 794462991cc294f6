"""Properties in their forms: the data is what the resource schemas say, and what has its form stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.cloudformation import forms
from demarcate.estate.sources.cloudformation.forms import in_form
from tools.forms import text

FILE = Path(forms.__file__).with_name("forms.json")


def test_the_data_is_what_the_schemas_say_now() -> None:
    assert FILE.read_text() == text(), "make shapes"


ODD: list[Any] = ["", "y", "1", 1, 0, 1.5, "sometimes", [True, False], {}]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *((word, True) for word in (True, "true", "True", "TRUE", "yes", "Yes", "on", "ON")),
        *((word, False) for word in (False, "false", "False", "no", "NO", "off", "Off")),
        *((value, None) for value in ODD),
    ],
)
def test_true_and_false(written: Any, read: bool | None) -> None:
    value = in_form("AWS::EC2::Volume", {"Encrypted": written})["Encrypted"]
    assert (None if isinstance(value, Unknown) else value) is read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (22, 22),
        ("22", 22),
        (22.0, 22),
        ("007", 7),
        ("080", 80),
        ("022", None),
        ("22x", None),
        (True, None),
        ([], None),
    ],
)
def test_whole_numbers(written: Any, read: int | None) -> None:
    value = in_form("AWS::EC2::Volume", {"Size": written})["Size"]
    assert (None if isinstance(value, Unknown) else value) == read


def test_what_has_its_form_is_its_own_answer() -> None:
    properties = {"Encrypted": True, "Size": 1, "Tags": [{"Key": "a", "Value": "b"}]}
    assert in_form("AWS::EC2::Volume", properties) is properties
    assert in_form("Custom::Thing", properties) is properties

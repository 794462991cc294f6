"""Parameters that keep what is there: lists that are joined, and policies that take statements."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.changes.values import Missing, Values
from demarcate.checks.remedies import Remedy, columns_of, faults

DENY = {"Effect": "Deny", "Resource": "{arn}/*"}
WRITTEN = {"$policy": {"$before": "Policy"}, "$add": [DENY]}
FILLED = {"Effect": "Deny", "Resource": "arn:aws:s3:::b/*"}
STATEMENTS = st.lists(st.dictionaries(st.sampled_from(["Sid", "Effect", "Resource"]), st.text()))


def added(before: Any) -> Any:
    return json.loads(Values(row={"arn": "arn:aws:s3:::b"}, before=before).fill(WRITTEN))


@given(STATEMENTS, st.sampled_from(["2008-10-17", "2012-10-17"]))
def test_a_policy_keeps_its_statements(statements: list[dict[str, str]], version: str) -> None:
    before = {"Version": version, "Id": "own", "Statement": statements}
    assert added({"Policy": json.dumps(before)}) == {**before, "Statement": [*statements, FILLED]}


def test_a_policy_of_one_statement_gets_a_list() -> None:
    statement = {"Effect": "Allow", "Principal": "*"}
    assert added({"Policy": json.dumps({"Statement": statement})})["Statement"] == [statement, FILLED]


@pytest.mark.parametrize("before", [None, {}, {"Policy": None}])
def test_where_there_is_no_policy_it_is_new(before: Any) -> None:
    assert added(before) == {"Version": "2012-10-17", "Statement": [FILLED]}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "7"])
def test_what_is_no_policy_is_not_overwritten(text: str) -> None:
    with pytest.raises(Missing):
        added({"Policy": text})


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (None, [{"Days": 9}]),
        ({"Rules": []}, [{"Days": 9}]),
        ({"Rules": [{"Days": 1}]}, [{"Days": 1}, {"Days": 9}]),
    ],
)
def test_lists_are_joined(before: Any, expected: list[dict[str, int]]) -> None:
    written = {"$joined": [{"$before": "Rules"}, [{"Days": {"$asked": "days"}}]]}
    assert Values(asked={"days": 9}, before=before).fill(written) == expected


@pytest.mark.parametrize("path", [{"a": 1}, ["a"], 1, None, True])
def test_a_path_that_is_no_text_is_told(path: Any) -> None:
    """Whoever writes a check may write anything there."""
    written = {
        "text": "Set it.",
        "do": {"s3.put_bucket_policy": {"Bucket": "{name}", "Policy": {"$before": path}}},
        "reads": {"s3.get_bucket_policy": {"Bucket": "{name}"}},
        "done": "@",
        "undo": {"s3.delete_bucket_policy": {"Bucket": "{name}"}},
        "risk": [],
    }
    remedy = msgspec.convert(written, Remedy)
    [told] = faults(remedy, ["name"])
    assert told.startswith("remedy: ") and "is no JMESPath" in told
    assert columns_of(remedy) == ("name",)

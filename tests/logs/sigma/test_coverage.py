"""Which technique has a rule, and whether the log that it needs is on: by what trails record."""

from __future__ import annotations

from typing import Any

import pytest

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.logs.sigma.coverage import COLUMNS, coverage
from demarcate.logs.sigma.reading import load_rules
from demarcate.logs.sigma.structs import Rule

pytest.importorskip("sigma")

ALL: dict[str, Any] = {**dict.fromkeys(COLUMNS, True), "excluded_management_event_sources": []}
RULES = ("trail-stopped", "objects-taken-hostage", "rights-felt-out", "key-to-be-deleted")


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return load_rules().rules


def told(rules: dict[str, Rule], trails: list[dict[str, Any]] | None) -> list[bool | None]:
    covered = {each.rule: each for each in coverage(rules, trails)}
    return [covered[name].on for name in RULES]


def test_what_a_trail_records_is_on(rules: dict[str, Rule]) -> None:
    assert told(rules, [ALL]) == [True, True, True, True]
    assert told(rules, None) == [None] * 4
    assert told(rules, []) == [False] * 4
    assert told(rules, [{**ALL, "is_logging": False}]) == [False] * 4
    assert told(rules, [{**ALL, "is_multi_region_trail": False}, ALL]) == [True] * 4


def test_each_rule_needs_its_own_events(rules: dict[str, Rule]) -> None:
    assert told(rules, [{**ALL, "s3_data_writes": False}]) == [True, False, True, True]
    assert told(rules, [{**ALL, "management_reads": False}]) == [True, True, False, True]
    assert told(rules, [{**ALL, "management_writes": False}]) == [False, True, False, False]
    excluded = {**ALL, "excluded_management_event_sources": ["kms.amazonaws.com"]}
    assert told(rules, [excluded]) == [True, True, True, False]
    assert told(rules, [excluded, {**ALL, "s3_data_writes": False}]) == [True] * 4


def test_what_is_not_known_is_not_on(rules: dict[str, Rule]) -> None:
    denied = Unknown(Kind.DENIED, "cloudtrail:GetEventSelectors was denied")
    assert told(rules, [{**ALL, "s3_data_writes": denied}]) == [True, None, True, True]
    covered = {each.rule: each for each in coverage(rules, [{**ALL, "s3_data_writes": denied}])}
    assert covered["objects-taken-hostage"].why == "cloudtrail:GetEventSelectors was denied"
    assert told(rules, [{**ALL, "s3_data_writes": denied}, ALL]) == [True] * 4


def test_techniques_have_the_ids_of_today() -> None:
    old = Rule(id="1", name="old", title="Old", tags=("attack.t1562.008",), event_names=("stoplogging",))
    assert [(each.technique, each.title) for each in coverage({"1": old})] == [
        ("T1685.002", "Disable or Modify Cloud Log")
    ]

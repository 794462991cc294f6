"""Each line of Sigma's semantics, as `cases/semantics.yaml` has it: as it is written, and as brute force has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from demarcate.base.connection import connect
from demarcate.logs.detecting.rows import make_table
from demarcate.logs.sigma.reading import Rules, load_rules
from tests.logs.sigma import oracle

pytest.importorskip("sigma")

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "semantics.yaml").read_text())
ANSWERS = {"fires": True, "silent": False, "undecided": None}
NOT_BY_FORCE = ("windash", "base64", "utf16", "wide", "expand", "week", "ignorecase", "re|startswith")
"""What brute force does not know: pySigma rewrites these values, which the cases hold it to."""


def rule_of(case: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": case["says"][:200],
        "name": case["says"],
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {"condition": "a", **case["detection"]},
    }


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "cases.yml").write_text(yaml.safe_dump_all(map(rule_of, CASES), allow_unicode=True))
    placeholders = {name: told for case in CASES for name, told in case.get("placeholders", {}).items()}
    return load_rules([folder], shipped=False, placeholders=placeholders)


def test_every_case_says_something_of_its_own() -> None:
    assert len({case["says"] for case in CASES}) == len(CASES)
    assert all(ANSWERS.keys() & case.keys() or "refused" in case for case in CASES)


def test_every_modifier_of_sigma_has_a_case() -> None:
    from sigma.modifiers import modifier_mapping

    keys = re.findall(r"'([^']*)': ", str([case["detection"] for case in CASES]))
    named = {modifier for key in keys for modifier in key.split("|")[1:]}
    assert named - {"sounds"} == set(modifier_mapping)


def test_events_fire_as_the_cases_say(rules: Rules) -> None:
    wrong: list[Any] = []
    with connect() as connection:
        for case in CASES:
            if "refused" in case:
                continue
            if not (rule := next((rule for rule in rules.rules.values() if rule.name == case["says"]), None)):
                wrong.append((case["says"], [str(problem) for problem in rules.problems]))
                continue
            events = [(event, answer) for name, answer in ANSWERS.items() for event in case.get(name, ())]
            make_table(connection, "events", [event for event, _ in events])
            told = connection.execute(f"SELECT {rule.predicate} FROM events").fetchall()
            wrong += [
                (case["says"], event, got)
                for (event, wanted), (got,) in zip(events, told, strict=True)
                if got is not wanted
            ]
    assert wrong == []


def test_brute_force_says_the_same() -> None:
    wrong: list[Any] = []
    for case in CASES:
        if "refused" in case or any(name in str(case["detection"]) for name in NOT_BY_FORCE):
            continue
        detection = rule_of(case)["detection"]
        for name, answer in ANSWERS.items():
            for event in case.get(name, ()):
                got = oracle.holds(detection, event)
                wrong += [(case["says"], event, got)] if got is not answer else []
    assert wrong == []


def test_what_cannot_be_held_to_is_refused_by_name(rules: Rules) -> None:
    for case in CASES:
        if "refused" in case:
            said = [str(problem) for problem in rules.problems if case["says"] in str(problem)]
            assert len(said) == 1, case["says"]
            assert case["refused"] in said[0]
    assert len(rules.problems) == sum("refused" in case for case in CASES)

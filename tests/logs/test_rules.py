"""Our own rules: each fires where it should and nowhere else, leads somewhere, and asks for what AWS has."""

from __future__ import annotations

from collections import Counter

import pytest
import yaml

from demarcate.base.connection import connect
from demarcate.logs.detecting.examples import tried
from demarcate.logs.sigma.reading import SHIPPED, Rules, load_rules
from demarcate.model.load import load

pytest.importorskip("sigma")


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules()


def test_all_are_taken(rules: Rules) -> None:
    assert rules.problems == ()
    assert rules.elsewhere == ()


def test_there_are_sixty_that_say_something_by_themselves(rules: Rules) -> None:
    told = [rule for rule in rules.rules.values() if not rule.silent and rule.level != "informational"]
    assert len(told) >= 60
    areas = Counter(rule.responsibility.split(".")[0] for rule in told)
    assert set(areas) == {area.id for area in load().areas}
    assert min(areas.values()) >= 8


def test_each_fires_where_it_should_and_nowhere_else(rules: Rules) -> None:
    with connect() as connection:
        every = [told for rule in rules.rules.values() for told in tried(rule, rules.rules, connection)]
    wrong = [told for told in every if not told.is_right]
    assert len(every) > 2 * len(rules.rules)
    assert wrong == []


def test_each_has_examples_of_both(rules: Rules) -> None:
    for rule in rules.rules.values():
        assert rule.examples is not None and rule.examples.fires and rule.examples.silent, rule.name


def test_each_leads_to_a_responsibility_a_technique_and_what_to_do(rules: Rules) -> None:
    known = set(load().owed)
    for rule in rules.rules.values():
        assert rule.responsibility in known, rule.name
        assert rule.techniques and rule.remedy and rule.description and rule.author, rule.name
        assert rule.license == "Apache-2.0"


def test_techniques_are_those_that_attack_has(rules: Rules) -> None:
    named = {technique for rule in rules.rules.values() for technique in rule.techniques}
    told = yaml.safe_load((SHIPPED.parent / "sigma" / "techniques.yaml").read_text())
    assert named == set(told["names"])
    assert not set(told["renamed"]) & named


def test_names_and_ids_are_of_one_rule_each(rules: Rules) -> None:
    names = Counter(rule.name for rule in rules.rules.values())
    assert names.most_common(1)[0][1] == 1
    texts = "".join(path.read_text() for path in sorted(SHIPPED.rglob("*.yml")))
    assert texts.count("\nid: ") == len(rules.rules)

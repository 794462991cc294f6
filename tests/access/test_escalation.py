"""By which combinations of actions a holder of policies gains rights."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.access import escalation
from demarcate.access.actions import sensitive_actions
from demarcate.access.escalation import Combination, Holder, combinations, escalates
from demarcate.access.patterns import matching
from demarcate.estate.schema.unknown import Kind, Unknown

U = Unknown(Kind.PARAMETER, "parameter X has no value")


@cache
def reference() -> dict[str, Any]:
    """The Service Authorization Reference, as cfn-lint has it: read without that, which takes long to be imported."""
    spec = find_spec("cfnlint")
    assert spec is not None and spec.origin is not None
    text = (Path(spec.origin).parent / "data" / "AdditionalSpecs" / "Policies.json").read_text()
    document: dict[str, Any] = json.loads(text)
    return document


every_combination = pytest.mark.parametrize("combination", combinations(), ids=lambda combination: combination.id)


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def deny(*actions: str, **more: Any) -> dict[str, Any]:
    return {**allow(*actions, **more), "Effect": "Deny"}


def has(combination: Combination, *statements: Any) -> Any:
    return dict(Holder(statements).escalations())[combination.id]


def test_ids_are_unique() -> None:
    assert len({combination.id for combination in combinations()}) == len(combinations()) > 100


def test_actions_and_what_they_are_aimed_at_are_those_of_aws() -> None:
    named = {action for combination in combinations() for action in (*combination.at, *combination.with_)}
    assert {action for combination in combinations() for action in combination.at} <= set(sensitive_actions())
    for action in named | set(sensitive_actions()):
        service, _, name = action.partition(":")
        assert name in reference()[service]["Actions"], f"{action} is no action"
        kinds = [kind.lower() for kind in reference()[service]["Actions"][name].get("Resources", [])]
        formats = [
            arn.replace(".*", "*")
            for kind, of_kind in reference()[service]["Resources"].items()
            if kind.lower() in kinds
            for arn in of_kind.get("ARNFormats", [])
        ]
        for said in sensitive_actions().get(action, ()):
            known = any(matching(arn)(said) for arn in formats) if kinds else said == "*"
            assert known, f"{action} works on {formats}, not on {said}"


@every_combination
def test_its_actions_together_are_enough(combination: Combination) -> None:
    assert has(combination, allow(*combination.at, *combination.with_)) is True
    assert has(combination, *map(allow, combination.at), *map(allow, combination.with_)) is True
    assert has(combination, allow(*(action.upper() for action in (*combination.at, *combination.with_)))) is True
    assert has(combination, {"Effect": "Allow", "NotAction": "s3:GetObjectTagging", "Resource": "*"}) is True


@every_combination
def test_each_of_its_actions_is_needed(combination: Combination) -> None:
    actions = (*combination.at, *combination.with_)
    for left_out in actions:
        others = [action for action in actions if action != left_out]
        assert has(combination, allow(*others)) is False
        assert has(combination, allow(*actions), deny(left_out)) is False
        assert has(combination, allow("*"), deny(f"{left_out[:-2]}*")) is False
        assert has(combination, allow(*others), U) is not False
        assert isinstance(has(combination, {**allow(), "Action": [*others, U]}), Unknown)


@every_combination
def test_what_does_not_limit_it_does_not_excuse_it(combination: Combination) -> None:
    actions = (*combination.at, *combination.with_)
    for condition in (
        {"Bool": {"aws:SecureTransport": "true"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}},
        {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        {"StringEqualsIfExists": {"aws:ResourceTag/team": "a"}},
    ):
        assert has(combination, allow(*actions, Condition=condition)) is True
        assert has(combination, allow(*actions), deny(*actions, Condition=condition)) is True
    assert (
        has(combination, allow(*actions), deny(*actions, Resource="arn:aws:sqs:eu-west-1:123456789012:queue"))
        is True
    )
    assert (
        has(
            combination,
            allow(*combination.at),
            *(allow(action, Resource=ONE[action]) for action in combination.with_),
        )
        is True
    )


ONE = {
    action: [
        f"arn:aws:{service}:*:*:*/mine"
        for service in (action.partition(":")[0], "iam" if action.startswith("sts:") else "x")
    ]
    for combination in combinations()
    for action in combination.with_
}
"""Some resources of each action's own."""


@every_combination
def test_what_limits_it_excuses_it(combination: Combination) -> None:
    actions = (*combination.at, *combination.with_)
    assert has(combination, allow(*actions, Condition={"StringEquals": {"aws:ResourceTag/team": "a"}})) is False
    assert has(combination, allow(*actions, Resource="arn:aws:sqs:eu-west-1:123456789012:queue")) is False
    named = [kind.replace("*", "mine") for action in combination.at for kind in sensitive_actions()[action]]
    assert has(combination, allow(*combination.at, Resource=named), *map(allow, combination.with_)) is False
    if combination.passed_to:
        to = {"StringEquals": {"iam:PassedToService": list(combination.passed_to)}}
        other = {"StringLike": {"iam:PassedToService": "other.amazonaws.com"}}
        assert has(combination, allow(*actions, Condition=to)) is True
        assert has(combination, allow(*actions, Condition=other)) is False


names = st.sampled_from(
    sorted(
        {a for combination in combinations() for a in (*combination.at, *combination.with_)}
        | {"iam:*", "*", "s3:*"}
    )
)
resources = st.sampled_from(["*", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::123456789012:role/app"])
conditions = st.sampled_from(
    [{}, {"Bool": {"aws:SecureTransport": "true"}}, {"StringEquals": {"aws:ResourceTag/a": "b"}}]
)
statement_lists = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
            "Action": st.lists(names, min_size=1, max_size=4),
            "Resource": resources,
            "Condition": conditions,
        }
    ),
    max_size=5,
)


@given(statement_lists, statement_lists)
def test_allowing_more_never_takes_and_denying_never_gives(first: list[Any], second: list[Any]) -> None:
    before = set(escalates(first)[1])
    assert before <= set(
        escalates([*first, *(statement for statement in second if statement["Effect"] == "Allow")])[1]
    )
    assert before >= set(
        escalates([*first, *(statement for statement in second if statement["Effect"] == "Deny")])[1]
    )


@given(statement_lists, st.data())
def test_an_unknown_never_changes_an_answer(listed: list[Any], data: st.DataObject) -> None:
    if not listed:
        return
    place = data.draw(st.integers(0, len(listed) - 1))
    member = data.draw(st.sampled_from([None, *listed[place]]))
    partly = [*listed]
    partly[place] = U if member is None else {**listed[place], member: U}
    whole, told = dict(Holder(listed).escalations()), dict(Holder(partly).escalations())
    assert all(isinstance(told[id_], Unknown) or told[id_] is whole[id_] for id_ in whole)


@given(statement_lists)
def test_the_order_of_statements_is_nothing(listed: list[Any]) -> None:
    assert escalates(listed) == escalates(listed[::-1])


def test_statements_that_name_no_action_of_a_combination_are_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where one statement is not known, every combination is open: how many others there are makes no difference."""
    asked: list[str] = []

    def names(said: Any, action: str) -> bool:
        asked.append(action)
        return True

    monkeypatch.setattr(escalation, "_names", names)
    counts = []
    for number in (1, 100):
        asked.clear()
        others = [{"Effect": "Allow", "Action": f"x:y{n}", "Resource": "*"} for n in range(number)]
        escalates([Unknown(Kind.PARAMETER, "a parameter"), *others])
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0

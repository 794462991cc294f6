"""How far policies reach: each corner case is a line of `cases/`; what must hold of all is held against `brute.py`."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.access.callers import Own, Reach
from demarcate.access.evaluating import Request, decide
from demarcate.access.reach import reading
from demarcate.access.statements import Policy, PolicyKind
from demarcate.base.documents import read
from demarcate.base.encoding import from_json, to_json
from demarcate.estate.schema.unknown import Kind, Unknown
from tests.access import brute

CASES = Path(__file__).parent / "cases"
OWN = Own("111122223333", "o-ours000000")
U = Unknown(Kind.PARAMETER, "parameter X has no value")


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """A statement (or several), what the policy reaches, and what it reaches by its Allows alone where that differs.

    A reach with `..` is a range. `U` in a text is what is not known. `why` is a part of the reason.
    """

    it: str
    reach: str
    allow: dict[str, Any] = {}
    deny: dict[str, Any] | list[dict[str, Any]] = []
    statements: Any = None
    condition: Any = None
    principal: Any = "*"
    alone: str = ""
    why: str = ""
    kind: str = "resource"
    version: str | None = "2012-10-17"
    service: str = "s3"
    witness: dict[str, Any] = {}


def filled(value: Any) -> Any:
    if value == "U":
        return U
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    return [filled(item) for item in value] if isinstance(value, list) else value


def document(case: Case) -> Any:
    if case.statements is None:
        allow = {
            "Effect": "Allow",
            "Principal": case.principal,
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*",
            **({} if case.condition is None else {"Condition": case.condition}),
            **case.allow,
        }
        for name in ("Principal", "Action", "Resource"):
            if f"Not{name}" in allow:
                allow.pop(name)
        denies = case.deny if isinstance(case.deny, list) else [case.deny]
        made = [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", **deny} for deny in denies]
        for deny in made:
            for name in ("Principal", "Action", "Resource"):
                if f"Not{name}" in deny:
                    deny.pop(name)
        statements: Any = [allow, *made]
    else:
        statements = case.statements
    whole = {"Statement": filled(statements)}
    return {"Version": filled(case.version), **whole} if case.version else whole


def said(reached: Any) -> str:
    return reached.low.value if reached.low is reached.high else f"{reached.low.value}..{reached.high.value}"


ALL = [case for path in sorted(CASES.glob("reach*.yaml")) for case in read(path, list[Case])]


@pytest.mark.parametrize("case", ALL, ids=[case.it for case in ALL])
def test_how_far_a_policy_reaches(case: Case) -> None:
    policy = Policy.of(document(case))
    told = reading(policy, PolicyKind(case.kind), OWN, case.service)
    assert said(told.whole) == case.reach, told.whole
    if case.alone:
        assert said(max(told.alone, key=lambda each: each.low.rank)) == case.alone
    if case.why:
        assert case.why in told.whole.why.reason
    if told.whole.witness is not None:
        plain = from_json(to_json(told.whole.witness.plain))
        assert case.witness.items() <= {**plain, **plain["context"]}.items()
        if "U" not in to_json(msgspec.to_builtins(case)).decode():
            assert decide(policy, Request.of(plain), PolicyKind(case.kind)).allowed is True


def test_every_line_has_a_name_of_its_own() -> None:
    assert len({case.it for case in ALL}) == len(ALL)


# --- what holds of all ------------------------------------------------------------------------------------

ROLE, OTHER = "arn:aws:iam::111122223333:role/app", "arn:aws:iam::444455556666:role/app"
STRANGE = "arn:aws:iam::777777777777:role/any"
VALUES = {
    "aws:PrincipalOrgID": ["o-ours000000", "o-theirs00000", "o-*"],
    "aws:PrincipalAccount": ["111122223333", "444455556666", "4444*"],
    "aws:SourceIp": ["8.8.8.0/24", "0.0.0.0/1", "128.0.0.0/1"],
    "aws:SecureTransport": ["true", "false"],
    "aws:UserAgent": ["a", "a*", "*b"],
    "s3:prefix": ["x/*", "x/y"],
}
OPERATORS = {
    "aws:SourceIp": ["IpAddress", "NotIpAddress"],
    "aws:SecureTransport": ["Bool", "StringEquals"],
}
TEXT = [
    *("StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringEqualsIfExists", "Null"),
    *("ForAllValues:StringEquals", "ForAnyValue:StringLike"),
]


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=2, unique=True)):
        operator = draw(st.sampled_from(OPERATORS.get(key, TEXT)))
        texts = ["true", "false"] if operator == "Null" else VALUES[key]
        made.setdefault(operator, {})[key] = draw(st.lists(st.sampled_from(texts), min_size=1, max_size=2))
    return made


def statement(effect: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "Effect": effect,
            "Principal": st.sampled_from(["*", "*", {"AWS": "*"}, {"AWS": [ROLE]}, {"AWS": ["444455556666"]}]),
            "Action": st.sampled_from([["s3:GetObject"], ["s3:*"], ["*"], ["s3:Get*", "s3:List*"]]),
            "Resource": st.sampled_from([["*"], ["arn:aws:s3:::b/*"], ["arn:aws:s3:::b/x*", "arn:aws:s3:::b"]]),
            "Condition": conditions(),
        }
    )


STATEMENTS = st.lists(statement(st.sampled_from(["Allow", "Allow", "Deny"])), min_size=1, max_size=3)


def whole(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def reach_of(statements: list[dict[str, Any]]) -> Any:
    return reading(Policy.of(whole(statements)), PolicyKind.RESOURCE, OWN, "s3").whole


def context_of(who: str, chooser: random.Random) -> dict[str, list[str] | None]:
    account = who.split(":")[4] if who.startswith("arn:") else None
    return {
        "aws:PrincipalOrgID": chooser.choice([None, ["o-strange0000"]]) if account else None,
        "aws:PrincipalAccount": [account] if account else None,
        "aws:PrincipalArn": [who] if account else None,
        "aws:SourceIp": [chooser.choice(["9.9.9.9", "200.1.1.1"])],
        "aws:SecureTransport": [chooser.choice(["true", "false"])],
        "aws:UserAgent": chooser.choice([None, ["a"], ["ab"], ["b"], ["q"]]),
        "s3:prefix": chooser.choice([None, ["x/y"], ["x/z"], ["q"]]),
    }


@settings(max_examples=150)
@given(STATEMENTS, st.integers(0, 10**6))
def test_whoever_gets_in_is_told_and_the_witness_gets_in(statements: list[dict[str, Any]], seed: int) -> None:
    chooser = random.Random(seed)  # noqa: S311
    reached = reach_of(statements)
    if reached.witness is not None:
        assert brute.allowed(whole(statements), from_json(to_json(reached.witness.plain))), reached.witness
    assert isinstance(reached.reach, Reach)
    for _ in range(20):
        who = chooser.choice(["anonymous", STRANGE])
        request = {
            "principal": who,
            "action": chooser.choice(["s3:GetObject", "s3:ListBucket", "s3:PutObject"]),
            "resource": chooser.choice(["arn:aws:s3:::b/k", "arn:aws:s3:::b/x1", "arn:aws:s3:::b"]),
            "context": context_of(who, chooser),
        }
        if brute.allowed(whole(statements), request):
            assert reached.anyone is True, request


@settings(max_examples=100)
@given(STATEMENTS, st.integers(0, 10**6), st.sets(st.sampled_from(sorted(VALUES))))
def test_what_is_decided_is_what_a_plain_evaluator_says(
    statements: list[dict[str, Any]], seed: int, hidden: set[str]
) -> None:
    """And stays so, whatever else the request turns out to hold."""
    chooser = random.Random(seed)  # noqa: S311
    for who in ("anonymous", ROLE, OTHER, STRANGE):
        context = context_of(who, chooser)
        data = {"principal": who, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "context": context}
        right = brute.allowed(whole(statements), data)
        policy = Policy.of(whole(statements))
        assert decide(policy, Request.of(data)).allowed is right
        part = {**data, "context": {key: value for key, value in context.items() if key not in hidden}}
        told = decide(policy, Request.of(part)).allowed
        assert isinstance(told, Unknown) or told is right


@settings(max_examples=60)
@given(STATEMENTS, statement(st.just("Deny")), statement(st.just("Allow")))
def test_a_deny_never_widens_and_an_allow_never_narrows(
    statements: list[dict[str, Any]], deny: dict[str, Any], allow: dict[str, Any]
) -> None:
    before = reach_of(statements)
    assert reach_of([*statements, deny]).high.rank <= before.high.rank
    assert reach_of([*statements, allow]).low.rank >= before.low.rank


@settings(max_examples=60)
@given(STATEMENTS, st.randoms(use_true_random=False))
def test_order_lists_and_the_case_of_names_do_not_matter(statements: list[dict[str, Any]], chooser: Any) -> None:
    other = copy.deepcopy(statements)
    chooser.shuffle(other)
    for each in other:
        each["Action"] = [text.swapcase() for text in reversed(each["Action"])]
        each["Resource"] = each["Resource"][0] if len(each["Resource"]) == 1 else each["Resource"][::-1]
        each["Condition"] = {
            operator: {key.swapcase(): value[0] if len(value) == 1 else value[::-1] for key, value in keys.items()}
            for operator, keys in reversed(each["Condition"].items())
        }
    first, two = reach_of(statements), reach_of(other)
    assert (first.low, first.high) == (two.low, two.high)


@settings(max_examples=60)
@given(STATEMENTS, st.integers(0, 10**6))
def test_what_is_known_stays_so_whatever_the_unknown_is(statements: list[dict[str, Any]], seed: int) -> None:
    """A text of a condition is hidden: the range that is told then holds what it is with that text, whatever it is."""
    chooser = random.Random(seed)  # noqa: S311
    hidden = copy.deepcopy(statements)
    places = [
        (each, operator, key) for each in hidden for operator, keys in each["Condition"].items() for key in keys
    ]
    if not places:
        return
    each, operator, key = chooser.choice(places)
    each["Condition"][operator][key] = [U, *each["Condition"][operator][key][1:]]
    partly, right = reach_of(hidden), reach_of(statements)
    assert partly.low.rank <= right.high.rank and right.low.rank <= partly.high.rank
    if partly.low is Reach.ANYONE:
        assert right.low is Reach.ANYONE
    if partly.high is not Reach.ANYONE:
        assert right.high is not Reach.ANYONE

"""Policies that ask for very much, and such as AWS refuses: a clear answer within bounds, and never a pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demarcate.access import comparing, conditions, searching
from demarcate.access.evaluating import Outcome, Request, decide
from demarcate.access.patterns import TooWide, covers, shared
from demarcate.access.reach import TOO_MUCH, Reach, reading
from demarcate.access.rows import statements
from demarcate.access.statements import MOST_STATEMENTS, Policy, PolicyKind
from demarcate.base.limits import MAX_BYTES
from demarcate.estate.schema.unknown import Kind, Unknown
from tests.effort import effort

ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
DENY = {**ALLOW, "Effect": "Deny"}


def told(document: Any) -> Any:
    return reading(Policy.of(document), PolicyKind.RESOURCE, service="s3").whole


def whole(*written: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(written)}


@pytest.mark.parametrize(
    ("document", "kind", "reason"),
    [
        (" " * MAX_BYTES + "{}", Kind.TOO_MUCH, "characters"),
        ('{"Statement": [', Kind.MALFORMED, "JSON"),
        ('{"Statement": [], "Statement": []}', Kind.MALFORMED, "twice"),
        (
            '{"Statement": {"Effect": "Allow", "Condition": {"Bool": {"a": "1", "a": "2"}}}}',
            Kind.MALFORMED,
            "twice",
        ),
        ("[" * 1000 + "]" * 1000, Kind.TOO_MUCH, "deep"),
        ("[]", Kind.MALFORMED, "object"),
        ({"Version": "2031-01-01", "Statement": [ALLOW]}, Kind.UNSUPPORTED, "2031-01-01"),
        ({"Statement": [ALLOW] * (MOST_STATEMENTS + 1)}, Kind.TOO_MUCH, "statements"),
        ({"Statement": [7]}, Kind.MALFORMED, "object"),
        (whole({**ALLOW, "Principal": 7}), Kind.MALFORMED, "Principal"),
        (whole({**ALLOW, "Action": {"a": 1}}, {**DENY, "Action": "*", "Condition": 7}), Kind.MALFORMED, "object"),
        (whole({**ALLOW, "Resource": "*" + "a*" * 1_000}), Kind.TOO_MUCH, "comparisons"),
    ],
)
def test_what_cannot_be_weighed_is_not_known(document: Any, kind: Kind, reason: str) -> None:
    with effort(2):
        reached = told(document)
    assert isinstance(reached.anyone, Unknown)
    assert (reached.anyone.kind, reason in reached.anyone.reason) == (kind, True), reached.anyone
    request = Request.of({"principal": "anonymous", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"})
    if kind is not Kind.TOO_MUCH or "statements" in reason:
        assert decide(Policy.of(document), request).outcome is Outcome.UNKNOWN


def condition(operator: str, **keys: Any) -> dict[str, Any]:
    return {"Condition": {operator: {name.replace("__", ":"): value for name, value in keys.items()}}}


MUCH = [
    whole(*({**DENY, "Resource": f"arn:aws:s3:::b/{n}*"} for n in range(900)), ALLOW),
    whole(
        ALLOW,
        *({**DENY, **condition("StringLike", aws__Referer=f"*{n}*", s3__prefix=f"{n}*")} for n in range(40)),
    ),
    whole({**ALLOW, "Principal": {"AWS": [f"{n:012}" for n in range(10_000)]}}),
    whole({**ALLOW, **condition("IpAddress", aws__SourceIp=[f"8.{n // 200}.{n % 200}.0/24" for n in range(800)])}),
    whole({**ALLOW, "Condition": {"StringEquals": {f"aws:PrincipalTag/{n}": f"{n}" for n in range(2_000)}}}),
    whole(
        {**ALLOW, **condition("StringLike", aws__PrincipalArn=["arn:*" + "a*" * 60 + f":{n}" for n in range(50)])}
    ),
    whole(
        {
            **ALLOW,
            **condition("StringEquals", s3__prefix="${aws:PrincipalTag/a}${aws:PrincipalTag/b}${aws:username}"),
        }
    ),
    whole(*({**ALLOW, **condition("StringEquals", aws__PrincipalOrgID=f"o-{n}")} for n in range(1_000))),
]


@pytest.mark.parametrize("document", MUCH)
def test_much_is_weighed_within_bounds(document: dict[str, Any]) -> None:
    with effort(8):
        reached = told(document)
    assert reached.high.rank >= Reach.ORGANIZATION.rank


def test_a_policy_of_many_statements_is_listed() -> None:
    rows = statements(json.dumps(whole(*[ALLOW] * 6_000)))
    assert len(rows) == 6_000
    assert all(isinstance(row["anyone"], Unknown) for row in rows)


def test_texts_of_many_wildcards_are_compared_within_bounds() -> None:
    with effort(2):
        assert shared("a*" * 100, "*a" * 100) is not None
        assert shared("a*" * 150 + "b", "*a" * 150 + "c") is None
        assert covers("*a" * 40 + "*", "a*" * 60)
    with pytest.raises(TooWide):
        shared("a*" * 1_000 + "b*", "*a" * 1_000 + "c*")


def test_many_texts_of_many_wildcards_are_not_compared_without_end() -> None:
    """Each pair is within bounds, and all of them together would take minutes."""
    allowed, denied = ([f"arn:aws:s3:::{part * 40}{number}" for number in range(150)] for part in ("*a", "*b?"))
    whole = {"Principal": "*", "Action": "s3:GetObject"}
    said = [
        {**whole, "Effect": effect, "Resource": texts} for effect, texts in (("Allow", allowed), ("Deny", denied))
    ]
    with effort(20):
        told = reading(Policy.of({"Statement": said}), PolicyKind.RESOURCE).whole
    assert (told.low, told.high, told.why) == (Reach.NOBODY, Reach.ANYONE, TOO_MUCH)


def test_what_two_policies_are_compared_by_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """All statements together, and each text that a value is compared with: not each statement and value alone."""
    networks = condition("NotIpAddress", aws__SourceIp=[f"8.{n}.0.0/16" for n in range(40)])
    allows = whole(*({**ALLOW, "Resource": f"arn:aws:s3:::{n}/*", **networks} for n in range(30)))
    denies = whole(*({**DENY, **condition("StringNotEquals", aws__SourceVpce=f"vpce-{n}")} for n in range(30)))
    times, real = 0, conditions.compared

    def counted(*arguments: Any) -> bool | Unknown:
        nonlocal times
        times += 1
        return real(*arguments)

    monkeypatch.setattr(conditions, "compared", counted)
    monkeypatch.setattr(searching, "MOST_STEPS", 3_000)
    monkeypatch.setattr(comparing, "MOST_STEPS", 6_000)
    gains = list(comparing.gained(Policy.of(denies), Policy.of(allows), PolicyKind.RESOURCE, service="s3"))
    assert (len(gains), gains[-1].reached.unknown) == (30, TOO_MUCH)
    assert 5_000 < times < 30_000


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity", "9" * 400])
def test_a_number_without_end_is_none(number: str) -> None:
    document = whole({**ALLOW, **condition("NumericLessThan", s3__max_keys=["10", number])})
    reached = told(json.loads(json.dumps(document).replace("max_keys", "max-keys")))
    assert reached.low is Reach.ANYONE, "up to 10 it is plain"


def test_a_key_that_stands_twice_is_found_however_it_is_spaced() -> None:
    for text in (
        '{"Statement": [], "Statement": []}',
        '{"Statement" : [], "Statement": []}',
        '{"Statement": [{"Sid": "a\\":", "Sid": "b"}]}',
        '{"Version" : "2012-10-17", "Statement": [], "Statement": []}',
    ):
        unknown = Policy.of(text).statements[0].effect
        assert "twice" in str(unknown), text
    once = '{"Statement": [{"Effect": "Allow", "Sid": "a\\":", "Action": "s3:*"}]}'
    assert Policy.of(once).statements[0].effect == "Allow"

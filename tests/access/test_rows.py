"""Policy documents as statements."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.access.actions import sensitive_actions
from demarcate.access.patterns import matching
from demarcate.access.rows import COLUMNS, REACH, UNLIMITED, statements, taken_for_public, unlimited, unreached
from demarcate.access.statements import Statement
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from tests.effort import effort

U = Unknown(Kind.PARAMETER, "parameter X has no value")

texts = st.sampled_from(["*", "s3:GetObject", "kms:*", "iam:Pass*", "arn:aws:iam::123456789012:root", "x"])
text_or_list = texts | st.lists(texts, max_size=3)
principals = st.just("*") | st.dictionaries(
    st.sampled_from(["AWS", "Service", "Federated", "CanonicalUser"]), text_or_list, max_size=3
)
conditions = st.dictionaries(
    st.sampled_from(["StringEquals", "StringLike", "ArnLike", "IpAddress", "Bool", "StringNotEquals"]),
    st.dictionaries(st.sampled_from(["aws:SourceArn", "aws:SourceIp", "aws:PrincipalOrgID", "x:y"]), text_or_list),
    max_size=2,
)
statement_maps = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Sid": texts,
        "Principal": principals,
        "NotPrincipal": principals,
        "Action": text_or_list,
        "NotAction": text_or_list,
        "Resource": text_or_list,
        "NotResource": text_or_list,
        "Condition": conditions,
    },
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(U),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def the_row(**statement: Any) -> dict[str, Any]:
    (row,) = statements({"Statement": statement})
    return row


@given(st.lists(statement_maps, max_size=3))
def test_one_row_a_statement_with_every_column(listed: list[dict[str, Any]]) -> None:
    rows = statements({"Version": "2012-10-17", "Statement": listed})
    assert [row["statement_index"] for row in rows] == list(range(1, len(listed) + 1))
    assert all(set(row) == set(COLUMNS) for row in rows)


@given(statement_maps)
def test_a_single_statement_is_a_list_of_one(statement: dict[str, Any]) -> None:
    assert statements({"Statement": statement}) == statements({"Statement": [statement]})


@given(statement_maps)
def test_text_is_a_list_of_one(statement: dict[str, Any]) -> None:
    wrapped = {
        key: [value]
        if isinstance(value, str) and key not in ("Effect", "Sid", "Principal", "NotPrincipal")
        else value
        for key, value in statement.items()
    }
    assert statements({"Statement": statement}) == statements({"Statement": wrapped})


@given(plain)
def test_no_document_stops_it(document: Any) -> None:
    for row in statements({"Statement": document}) + statements(document):
        assert set(row) <= set(COLUMNS)


@given(plain | st.lists(statement_maps | st.just(U), max_size=3))
def test_what_is_asked_alone_is_what_the_row_says(document: Any) -> None:
    for policy in (document, {"Statement": document}):
        rows = statements(policy)
        assert taken_for_public(policy) == [row["s3_public"] for row in rows]
        others = [{name: row[name] for name in row if name not in REACH} for row in rows]
        assert [{name: row[name] for name in row if name not in REACH} for row in unreached(policy)] == others


def replaced(statement: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The statement with one of its elements, or one item of it, made unknown."""
    made = [{**statement, name: U} for name in statement]
    for name, value in statement.items():
        if isinstance(value, list):
            made += [{**statement, name: [*value[:i], U, *value[i + 1 :]]} for i in range(len(value))]
        if isinstance(value, dict):
            made += [{**statement, name: {**value, key: U}} for key in value]
    return st.sampled_from(made)


@given(statement_maps.flatmap(lambda s: st.tuples(st.just(s), replaced(s))))
def test_an_unknown_never_changes_an_answer(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """A column of a partly unknown statement is unknown, or what it is whatever the unknown turns out to be."""
    (whole,), (partly,) = statements({"Statement": pair[0]}), statements({"Statement": pair[1]})
    for name in COLUMNS:
        if name == "witness":  # one of many
            assert bool(partly[name]) is bool(whole[name]) or first_unknown(partly[name])
        else:
            assert partly[name] == whole[name] or first_unknown(partly[name]), name


def test_an_unknown_element_is_unknown_in_its_columns_only() -> None:
    row = the_row(Effect="Allow", Action=U, Resource="*", Principal="*")
    assert {name for name in COLUMNS if first_unknown(row[name])} == {
        "actions",
        "wildcard_services",
        "watched_actions",
        "allows_plain_http",
        *UNLIMITED,
    }
    assert row["anyone"] is True


def test_a_document_as_text() -> None:
    (row,) = statements('{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}')
    assert (row["effect"], row["actions"]) == ("Deny", ["*"])


def test_a_document_that_is_not_known() -> None:
    assert all(isinstance(value, Unknown) for value in statements(U)[0].values())
    assert statements({}) == statements(None) == statements("") == []


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({}, True),
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, False),
        ({"StringEquals": {"AWS:SourceOwner": "123456789012"}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": U}}, False),
        ({"StringLike": {"aws:PrincipalOrgID": U}}, None),
        ({"StringLike": {"aws:PrincipalOrgID": "*"}}, True),
        ({"StringLike": {"aws:PrincipalOrgID": ["o-1", "*"]}}, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}, True),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:sns:*:${AWS::AccountId}:*"}}, False),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::mine"}}, False),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::*"}}, True),
        ({"ArnEquals": {"aws:SourceArn": "Topic"}}, False),
        ({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, False),
        ({"IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "0.0.0.0/0"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "::/0"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:PrincipalIsAWSService": True}}, True),
        ({"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:a/b:ref"}}, False),
        (U, None),
        ({"StringEquals": U}, None),
    ],
)
def test_public(condition: Any, public: bool | None) -> None:
    for principal in ("*", {"AWS": "*"}, {"AWS": ["123456789012", "*", U]}):
        told = the_row(Effect="Allow", Principal=principal, Action="sqs:*", Resource="*", Condition=condition)[
            "anyone"
        ]
        assert isinstance(told, Unknown) if public is None else told is public


def test_what_is_not_public() -> None:
    assert the_row(Effect="Deny", Principal="*", Action="*", Resource="*", Condition=U)["anyone"] is False
    assert the_row(Effect="Allow", Principal={"AWS": "123456789012"}, Action="*")["anyone"] is False
    assert the_row(Effect="Allow", Action="*", Resource="*")["anyone"] is False
    assert isinstance(the_row(Effect="Allow", Principal={"AWS": U}, Action="*")["anyone"], Unknown)
    assert the_row(Effect="Allow", Principal={"Service": U}, Action="*")["anyone"] is False


def test_everybody_but_some_is_everybody() -> None:
    assert the_row(Effect="Allow", NotPrincipal={"AWS": "123456789012"}, Action="*")["anyone"] is True


@pytest.mark.parametrize(
    ("resource", "everything"),
    [
        ("*", True),
        ("arn:*", True),
        ("arn:aws:*", True),
        ("arn:${AWS::Partition}:*:*:${AWS::AccountId}:*", True),
        ("arn:aws:s3:::*", False),
        ("arn:aws:iam::123456789012:*", False),
        ("arn:aws:logs:*:*:log-group:*", False),
        ("Bucket.Arn", False),
        (["Bucket.Arn", "*"], True),
        (["*", U], True),
        (["Bucket.Arn", U], None),
    ],
)
def test_all_resources(resource: Any, everything: bool | None) -> None:
    told = the_row(Effect="Allow", Action="*", Resource=resource)["all_resources"]
    assert isinstance(told, Unknown) if everything is None else told is everything


@pytest.mark.parametrize(
    ("action", "resource", "unlimited"),
    [
        ("kms:Decrypt", "*", True),
        ("kms:Decrypt", "arn:aws:kms:*:123456789012:key/*", True),
        ("kms:Decrypt", "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*", True),
        ("kms:Decrypt", "arn:aws:kms:*", True),
        ("kms:Decrypt", "arn:aws:kms:*:key/*", True),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/1-2", False),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:alias/*", False),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/????????", False),
        ("kms:Decrypt", ["arn:aws:kms:eu-west-1:123456789012:key/1-2", "arn:aws:s3:::*"], False),
        ("s3:PutBucketPolicy", "arn:aws:s3:::*", True),
        ("s3:PutBucketPolicy", "arn:aws:s3:::bucket/*", False),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/app/*", False),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/*", True),
        ("iam:PassRole", "arn:aws:iam::*:*", True),
        ("iam:PassRole", "arn:aws:iam:eu-west-1:123456789012:role/*", False),
        ("iam:PassRole", ["arn:aws:iam::123456789012:user/*", "arn:aws:ec2:*:*:instance/*"], False),
        ("organizations:LeaveOrganization", "*", True),
        ("iam:PassRole", ["Role.Arn", "*"], True),
        ("iam:PassRole", ["*", U], True),
        ("iam:PassRole", ["Role.Arn", U], None),
    ],
)
def test_all_of_a_kind(action: str, resource: Any, unlimited: bool | None) -> None:
    told = limitless(action, Resource=resource)
    assert isinstance(told, Unknown) if unlimited is None else told is unlimited


def limitless(action: str, **said: Any) -> bool | Unknown:
    return unlimited(Statement.of({"Effect": "Allow", "Action": action, **said}), action.lower())


def test_all_but_a_few_are_counted_as_all() -> None:
    def told(resource: Any) -> bool | Unknown:
        return limitless("iam:PassRole", NotResource=resource)

    assert told("arn:aws:iam::123456789012:role/app") is told("arn:aws:s3:::*") is True
    assert told("arn:aws:iam::123456789012:role/*") is told("*") is False
    assert isinstance(told(U), Unknown)


def test_one_unknown_leaves_the_actions_that_are_known() -> None:
    """What stands beside something unknown is told, and so is what the unknown has no part in."""
    row = the_row(Effect="Allow", Action=["iam:PassRole", U], Resource="*")
    assert row["passes_any_role"] is True and isinstance(row["decrypts_with_any_key"], Unknown)
    row = the_row(Effect="Allow", Action=["iam:PassRole", "kms:Decrypt"], Resource=["arn:aws:iam::*:role/*", U])
    assert row["passes_any_role"] is True and isinstance(row["decrypts_with_any_key"], Unknown)
    assert row["assumes_any_role"] is row["changes_any_trail"] is False
    assert the_row(Effect="Allow", Action=["*", U], Resource="*")["wildcard_services"] == ["*"]


@pytest.mark.parametrize(
    ("action", "condition", "limited"),
    [
        ("iam:PutRolePolicy", {"Bool": {"aws:SecureTransport": "true"}}, False),
        ("iam:PutRolePolicy", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ("iam:PutRolePolicy", {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, False),
        ("iam:PutRolePolicy", {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
        ("iam:PutRolePolicy", {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}, False),
        (
            "iam:PutRolePolicy",
            {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::123456789012:policy/b"}},
            True,
        ),
        ("iam:PutRolePolicy", {"StringNotEquals": {"iam:PermissionsBoundary": "arn:aws:iam::1:policy/b"}}, False),
        (
            "iam:PutRolePolicy",
            {"StringEqualsIfExists": {"iam:PermissionsBoundary": "arn:aws:iam::1:policy/b"}},
            False,
        ),
        ("iam:PutGroupPolicy", {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::1:policy/b"}}, False),
        ("iam:PutRolePolicy", {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}, True),
        ("iam:PutRolePolicy", {"StringLike": {"aws:ResourceTag/team": "*"}}, False),
        ("iam:PutRolePolicy", {"StringEquals": {"aws:PrincipalTag/admin": "yes"}}, True),
        ("iam:PutRolePolicy", {"StringEquals": {"aws:ResourceTag/team": U}}, True),
        ("iam:PutRolePolicy", {"StringLike": {"aws:ResourceTag/team": U}}, None),
        ("iam:PutRolePolicy", U, None),
        ("iam:AttachRolePolicy", {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}, True),
        ("iam:AttachRolePolicy", {"ArnLike": {"iam:PolicyARN": "arn:aws:iam::aws:policy/*"}}, False),
        ("iam:AttachRolePolicy", {"ArnNotEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/x"}}, False),
        ("iam:PassRole", {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}, True),
        ("iam:PassRole", {"StringNotEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}, False),
        ("iam:PassRole", {"StringLike": {"iam:PassedToService": "*"}}, False),
        ("kms:Decrypt", {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}, False),
        ("kms:Decrypt", {"StringEquals": {"kms:CallerAccount": "123456789012"}}, False),
        (
            "kms:Decrypt",
            {
                "StringEquals": {
                    "kms:ViaService": "s3.eu-west-1.amazonaws.com",
                    "kms:CallerAccount": "123456789012",
                }
            },
            True,
        ),
        ("kms:Decrypt", {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/app-*"}}, True),
        ("kms:Decrypt", {"ForAllValues:StringLike": {"kms:ResourceAliases": "alias/app-*"}}, False),
        ("kms:Decrypt", {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/*"}}, False),
        ("secretsmanager:GetSecretValue", {"StringEquals": {"secretsmanager:ResourceTag/team": "a"}}, True),
        ("sts:AssumeRole", {"StringEquals": {"sts:ExternalId": "x"}}, False),
    ],
)
def test_conditions_that_limit_an_action(action: str, condition: Any, limited: bool | None) -> None:
    told = limitless(action, Resource="*", Condition=condition)
    assert isinstance(told, Unknown) if limited is None else told is not limited


@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        ({}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, True),
        ({"Bool": {"AWS:securetransport": False}}, True),
        ({"BoolIfExists": {"aws:SecureTransport": ["false"]}}, True),
        ({"StringEquals": {"aws:SecureTransport": "false"}}, True),
        ({"StringNotEquals": {"aws:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringNotEquals": {"aws:SecureTransport": "false"}}, False),
        ({"Null": {"aws:SecureTransport": "true"}}, False),
        ({"Null": {"aws:SecureTransport": "false"}}, True),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, False),
        ({"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}}, True),
        ({"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:SourceVpc": "vpc-1"}}, False),
        ({"Bool": {"aws:SecureTransport": "false", "aws:PrincipalIsAWSService": "false"}}, False),
        ({"Bool": {"aws:SecureTransport": U}}, None),
        ({"Bool": {"aws:SecureTransport": ["false", U]}}, True),
        (U, None),
    ],
)
def test_plain_http_is_denied(condition: Any, denied: bool | None) -> None:
    def told(**other: Any) -> Any:
        statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition}
        return the_row(**{**statement, **other})["denies_plain_http"]

    for principal in ("*", {"AWS": "*"}):
        assert (
            isinstance(told(Principal=principal), Unknown)
            if denied is None
            else told(Principal=principal) is denied
        )
    for other in ({"Effect": "Allow"}, {"Principal": {"AWS": "123456789012"}}, {"Action": "s3:Get*"}):
        assert told(**other) is False
    if denied:
        assert isinstance(told(Action=U), Unknown)
        assert told(Action="elasticfilesystem:Client*") is told(Action=["*", U]) is True


def test_watched_actions() -> None:
    assert the_row(Effect="Allow", Action=["kms:De*", "iam:PassRol?"])["watched_actions"] == [
        "iam:passrole",
        "kms:decrypt",
    ]
    assert the_row(Effect="Allow", Action="*")["watched_actions"] == sorted(sensitive_actions())
    assert the_row(Effect="Allow", Action=["*", U])["watched_actions"] == sorted(sensitive_actions())
    assert "kms:decrypt" in the_row(Effect="Allow", NotAction="iam:*")["watched_actions"]
    assert "iam:passrole" not in the_row(Effect="Allow", NotAction="iam:*")["watched_actions"]


def test_wildcard_services() -> None:
    assert the_row(Effect="Allow", Action=["S3:*", "ec2:Describe*", "*:*"])["wildcard_services"] == ["*", "s3"]


def test_principals() -> None:
    row = the_row(
        Effect="Allow",
        Principal={
            "Service": ["SNS.amazonaws.com"],
            "AWS": 123456789012,
            "Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
        },
        Action="sts:AssumeRole",
    )
    assert row["principals"][:2] == ["Service:SNS.amazonaws.com", "AWS:123456789012"]
    assert row["service_principals"] == ["sns.amazonaws.com"]
    assert row["federated_providers"] == ["token.actions.githubusercontent.com"]
    assert isinstance(the_row(Effect="Allow", Principal={"Federated": "Provider"})["federated_providers"], Unknown)


def test_subjects_that_name_nobody() -> None:
    def limiting(subject: str) -> Any:
        condition = {"StringLike": {"token.actions.githubusercontent.com:sub": subject}}
        return the_row(Effect="Allow", Action="sts:AssumeRoleWithWebIdentity", Condition=condition)[
            "limiting_keys"
        ]

    assert limiting("repo:octo/app:*") == ["token.actions.githubusercontent.com:sub"]
    assert limiting("repo:*") == limiting("*") == []


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_wildcards_stand_for_what_a_regular_expression_would(text: str, value: str) -> None:
    right = re.fullmatch(text.replace("*", ".*").replace("?", "."), value)
    assert matching(text)(value) is (right is not None)


@pytest.mark.parametrize(
    "text", ["*" * 1_000_000 + "a?*", "*a" * 500_000 + "*", "*?" * 5_000 + "*b", "?*" * 20 + "b*"]
)
def test_many_wildcards_take_no_time(text: str) -> None:
    with effort(10):
        statements({"Statement": [{"Effect": "Allow", "Action": [text, text.upper()], "Resource": text}]})

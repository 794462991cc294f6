"""Who may do something: a line of `cases.yaml` each, in an estate of one account and its organization."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Unknown
from demarcate.permitted.asking import May, Policies
from demarcate.permitted.listing import what_can
from tests.checks.test_engine import snapshot
from tests.permitted.estates import ACCOUNT, BUCKET, DENIED, Estate, arn, as_snapshot, document, tables


class Case(Estate, forbid_unknown_fields=True, kw_only=True):
    source: str
    action: str = "s3:GetObject"
    resource: str = f"{BUCKET}/k"
    may: str | None = None
    outside: list[str] | None = None
    rcp: str = ""
    witness: dict[str, Any] = msgspec.field(default_factory=dict)
    guardrails: dict[str, str] = msgspec.field(default_factory=dict)


CASES = read(Path(__file__).parent / "cases.yaml", list[Case])


def told(may: list[May]) -> str:
    sure = sorted(each.principal.rpartition("/")[2] for each in may if each.effective.allowed is True)
    perhaps = sorted(each.principal.rpartition("/")[2] for each in may if each.effective.allowed is not True)
    return " ".join([*sure, *(["?", *perhaps] if perhaps else [])])


@pytest.mark.parametrize("case", CASES, ids=[case.it for case in CASES])
def test_who_may(case: Case) -> None:
    with as_snapshot(case) as snapshot, Policies(snapshot) as policies:
        may, outside = policies.who_can(case.action, case.resource)
    if case.may is not None:
        assert told(may) == case.may, [each.effective for each in may]
    if case.outside is not None:
        reaches = [(each.reached.low.value, each.reached.high.value) for each in outside]
        assert [low if low == high else f"{low} to {high}" for low, high in reaches] == case.outside
    assert {case.rcp} - {""} <= {each.rcp.value for each in outside}
    for each in may:
        guardrails = {name: state.value for name, state in each.effective.guardrails.items()}
        assert case.guardrails.items() <= guardrails.items()
        known = not isinstance(each.effective.allowed, Unknown)
        assert each.witness is not None or not (known or case.witness)
        if each.witness is not None:
            carried = {key: list(given or ()) for key, given in each.witness.context.items()}
            assert case.witness.items() <= carried.items()


@pytest.mark.parametrize(
    ("action", "resource", "why"),
    [
        ("GetObject", BUCKET, "is no action"),
        ("s3:Get*", BUCKET, "is no action"),
        ("kms:Decrypt", BUCKET, "is never about"),
        ("s3:GetObject", "arn:aws:s3:::none", "no such resource"),
        ("s3:GetObject", "arn:aws:s3", "is no ARN"),
        ("s3:GetObject", "arn:venus:s3:::data", "no partition that is known: aws,"),
    ],
)
def test_what_is_not_there_is_refused(action: str, resource: str, why: str) -> None:
    with (
        as_snapshot(CASES[0]) as snapshot,
        Policies(snapshot) as policies,
        pytest.raises(DemarcateError, match=why),
    ):
        policies.who_can(action, resource)


def test_a_grant_of_a_key_lets_in() -> None:
    """Whom a grant names, also one who is of none of the accounts that were read; and that grants were not read."""
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"
    grants = [
        {"GranteePrincipal": who, "Operations": ["Decrypt"]}
        for who in (arn("role/app"), "arn:aws:iam::444455556666:role/x")
    ]
    row = {
        "resource": key,
        "arn": key,
        "account_id": ACCOUNT,
        "region": "eu-west-1",
        "policy": document([], named=True),
    }
    whole = tables(Estate(roles={"app": [], "none": []}))
    for held, expected in ((grants, "app ? x"), (DENIED, "? whomever a grant names"), ([], "")):
        with snapshot({**whole, "aws_kms_key": [row | {"grants": held}]}) as of, Policies(of) as policies:
            may, _ = policies.who_can("kms:Decrypt", key)
            assert told(may) == expected
            assert not [each for each in policies.who_can("kms:Encrypt", key)[0] if each.effective.allowed is True]


def test_what_a_service_may_is_known_as_far_as_it_is_told_for_whom_it_asks() -> None:
    said: dict[str, Any] = {"Principal": {"Service": "logging.s3.amazonaws.com"}, "Resource": f"{BUCKET}/*"}
    held = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    for condition, allowed in (({}, True), (held, None), ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, True)):
        estate = Estate(
            bucket=[{"allow": "s3:PutObject", **said, **({"Condition": condition} if condition else {})}]
        )
        with as_snapshot(estate) as of, Policies(of) as policies:
            (can,) = what_can(policies, "logging.s3.amazonaws.com", "s3:PutObject")
        assert (None if isinstance(can.effective.allowed, Unknown) else can.effective.allowed) is allowed
        assert can.witness is not None
        if allowed is None:
            assert can.witness.context["aws:sourceaccount"] == (ACCOUNT,)


def test_a_data_catalog_has_one_policy_for_all_that_is_in_it() -> None:
    catalog = f"arn:aws:glue:eu-west-1:{ACCOUNT}:catalog"
    public = document([{"allow": "glue:Get*", "AWS": "*"}])
    row = {"resource": catalog, "account_id": ACCOUNT, "region": "eu-west-1", "arn": catalog, "policy": public}
    held = {**tables(Estate(roles={"app": [{"allow": "glue:*"}]})), "aws_glue_resource_policy": [row]}
    with snapshot(held) as of, Policies(of) as policies:
        may, outside = policies.who_can("glue:GetTable", catalog.replace("catalog", "table/sales/orders"))
        assert (told(may), [each.reached.low.value for each in outside]) == ("app", ["anyone"])
        elsewhere = catalog.replace("catalog", "table/sales/orders").replace("eu-west-1", "eu-west-3")
        assert policies.of(elsewhere) is None, "its region was read, and has no policy"
        assert policies.of(catalog.replace("catalog", "job/nightly")) is None, "a job takes none"

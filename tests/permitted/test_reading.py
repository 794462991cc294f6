"""What is read of snapshots that hold less than is asked for, and of templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.permitted.asking import Policies
from demarcate.permitted.explaining import policies_about
from demarcate.permitted.listing import what_can
from demarcate.permitted.resources import AWS_MANAGED
from tests.checks.test_engine import snapshot
from tests.permitted.estates import ACCOUNT, BUCKET, DENIED, Estate, arn, as_snapshot, document, tables

TEMPLATE = """
Resources:
  Data: {Type: AWS::S3::Bucket, Properties: {BucketName: data}}
  Unnamed: {Type: AWS::S3::Bucket}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Data
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {AWS: !GetAtt Reader.Arn}, Action: "s3:Get*", Resource: !Sub "${Data.Arn}/*"}
  Reader: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Writer:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      Policies:
        - PolicyName: own
          PolicyDocument: {Statement: {Effect: Allow, Action: "s3:Put*", Resource: !Sub "${Unnamed.Arn}/*"}}
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref Writer]
      PolicyDocument: {Statement: {Effect: Allow, Action: "s3:DeleteObject", Resource: !Sub "${Data.Arn}/*"}}
  User: {Type: AWS::IAM::User, Properties: {Groups: [!Ref Group]}}
  Group:
    Type: AWS::IAM::Group
    Properties:
      Policies:
        - PolicyName: own
          PolicyDocument: {Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::data/*"}}
"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    path: Path = tmp_path_factory.mktemp("t") / "t.yaml"
    path.write_text(TEMPLATE)
    return collect_snapshot([path])


@pytest.mark.parametrize(
    ("action", "resource", "who"),
    [
        ("s3:GetObject", "Data", "Reader User"),
        ("s3:GetObject", f"{BUCKET}/a", "Reader User"),
        ("s3:GetObject", "Unnamed", ""),
        ("s3:PutObject", "Unnamed", "Writer"),
        ("s3:PutObject", "Data", ""),
        ("s3:DeleteObject", "Data", "Writer"),
    ],
)
def test_who_may_by_a_template(declared: Snapshot, action: str, resource: str, who: str) -> None:
    with Policies(declared) as policies:
        may, _ = policies.who_can(action, resource)
    assert " ".join(sorted(each.principal for each in may)) == who
    assert all(each.effective.allowed is True for each in may)


def test_what_somebody_may_by_a_template(declared: Snapshot) -> None:
    with Policies(declared) as policies:
        told = {(name, can.resource) for can in what_can(policies, "Writer") for name in can.actions}
        assert ("s3:DeleteObject", "arn:aws:s3:::data/*") in told
        assert {resource for name, resource in told if name == "s3:PutObject"} == {"arn:aws:s3:::<Unnamed>/*"}
        with pytest.raises(DemarcateError, match="declares no such user or role"):
            what_can(policies, "Nobody")


@pytest.mark.parametrize(
    "lacking", ["policy", "inline_policies", "permissions_boundary_arn", "restrict_public_buckets"]
)
def test_columns_that_were_not_collected_are_not_known(lacking: str) -> None:
    """They say so, and nothing fails."""
    whole = tables(Estate(roles={"app": [{"allow": "s3:*"}]}, bucket=[{"allow": "s3:GetObject", "AWS": "*"}]))
    held = {
        name: [{column: value for column, value in row.items() if column != lacking} for row in rows]
        for name, rows in whole.items()
    }
    columns = {column for rows in held.values() for row in rows for column in row} | {"groups"}
    with snapshot(held, columns=tuple(columns)) as of, Policies(of) as policies:
        may, outside = policies.who_can("s3:GetObject", f"{BUCKET}/k")
        assert bool(policies.not_read(ACCOUNT)) is (lacking != "restrict_public_buckets")
    if lacking == "restrict_public_buckets":
        assert [each.reached.low.value for each in outside] == ["nobody"]
    else:
        assert all(isinstance(each.effective.allowed, Unknown) for each in may)
        assert any("was not collected" in step.words for each in may for step in each.effective.because)


def test_every_policy_of_an_arn_is_told() -> None:
    estate = Estate(
        roles={"app": [{"allow": "s3:*"}]},
        boundaries={"app": [{"allow": "ec2:*"}]},
        bucket=[{"allow": "s3:GetObject", "AWS": "*"}],
    )
    with as_snapshot(estate) as of, Policies(of) as policies:
        told = [(each.kind.value, each.name) for each in policies_about(policies, arn("role/app"))]
        assert [kind for kind, _ in told] == ["trust", "identity", "boundary", "scp", "scp", "scp"]
        assert told[1][1] == "inline policy p"
        (bucket, *above) = policies_about(policies, BUCKET)
        assert bucket.reading.whole.low.value == "anyone"
        assert [each.kind.value for each in above] == ["rcp"] * 3
        with pytest.raises(DemarcateError, match="no such resource"):
            policies_about(policies, "arn:aws:s3:::none")
        with pytest.raises(DemarcateError, match="nothing of what was read has a policy"):
            policies_about(policies, f"arn:aws:iam::{ACCOUNT}:group/none")


READER = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


@pytest.mark.parametrize(
    ("read", "allowed", "why"),
    [
        ([document([{"allow": "s3:Get*"}])], True, ""),
        ([document([{"allow": "sqs:*"}])], None, ""),
        ([DENIED], Unknown, "access denied"),
        ([DENIED, document([{"allow": "s3:Get*"}])], True, ""),
        ([document([{"allow": "s3:Get*"}]), DENIED], True, ""),
        ([], Unknown, "which the snapshot does not hold"),
        (None, Unknown, "aws_iam_aws_managed_policy: it was not collected"),
    ],
)
def test_what_aws_manages(read: list[Any] | None, allowed: Any, why: str) -> None:
    """It is known where it was read in one of the accounts, and elsewhere not, with the reason."""
    held = dict(tables(Estate(roles={"app": []})))
    held["aws_iam_role"] = [{**row, "attached_policy_arns": [READER]} for row in held["aws_iam_role"]]
    if read is not None:
        held[AWS_MANAGED] = [
            {
                "resource": READER,
                "account_id": f"11112222333{place}",
                "region": "global",
                "arn": READER,
                "policy": said,
            }
            for place, said in enumerate(read)
        ]
    columns = {column for rows in held.values() for row in rows for column in row} | {"groups", "arn", "policy"}
    with snapshot(held, columns=tuple(columns)) as of, Policies(of) as policies:
        may, _ = policies.who_can("s3:GetObject", f"{BUCKET}/k")
    told = may[0].effective.allowed if may else None
    assert told is allowed or type(told) is allowed
    assert why in (" ".join(step.words for step in may[0].effective.because) if may else "")

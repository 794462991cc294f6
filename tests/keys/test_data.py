"""Who can read data: a case of `data.yaml` each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.keys.data import Reader, of_data, readers
from tests.checks.test_engine import snapshot
from tests.keys.test_uses import ACCOUNT, REGION, Statements, document, identities, key, short

BUCKET = "arn:aws:s3:::data"


DELEGATES: Statements = [{"AWS": "root", "Action": "kms:*"}]


class Case(msgspec.Struct, forbid_unknown_fields=True):
    it: str
    iam: dict[str, Statements]
    key: str = ""
    algorithm: str = "aws:kms"
    bucket: Statements = []
    policy: Statements = []
    reads: str = ""
    perhaps: str = ""
    asks: str = msgspec.field(name="asks only", default="")
    decrypts: str = msgspec.field(name="decrypts only", default="")


CASES = read(Path(__file__).parent / "data.yaml", list[Case])


def estate(case: Case) -> Snapshot:
    bucket = {
        **{"resource": BUCKET, "arn": BUCKET, "name": "data", "account_id": ACCOUNT, "region": REGION},
        **{"sse_algorithm": case.algorithm, "kms_master_key_id": case.key},
        "policy": document(case.bucket) if case.bucket else None,
        "restrict_public_buckets": False,
        "object_ownership": "BucketOwnerEnforced",
    }
    tables: dict[str, Any] = {
        "aws_s3_bucket": [bucket],
        "aws_s3_account_settings": [
            {"resource": ACCOUNT, "account_id": ACCOUNT, "region": REGION, "restrict_public_buckets": False}
        ],
        "aws_kms_key": [key(document(case.policy or DELEGATES), [])],
    }
    return snapshot(tables | identities(case.iam))


def halves(told: list[Reader]) -> dict[str, str]:
    groups: dict[str, list[str]] = {"reads": [], "perhaps": [], "asks": [], "decrypts": []}
    for each in told:
        half = "asks" if each.asks is not None else "decrypts"
        name = "perhaps" if isinstance(each.reads, Unknown) else "reads" if each.reads else half
        groups[name].append(short(each.principal))
    return {name: " ".join(sorted(names)) for name, names in groups.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.it)
def test_who_can_read_the_data(case: Case) -> None:
    with estate(case) as of:
        _, told = readers(of, BUCKET)
        assert halves(told) == {name: getattr(case, name) for name in ("reads", "perhaps", "asks", "decrypts")}
        assert halves(readers(of, f"{BUCKET}/a/b")[1]) == halves(told)


def test_the_command_tells_which_half_is_missing() -> None:
    with estate(CASES[0]) as of:
        run, asked = CliRunner().invoke, ["access", "data", BUCKET, str(of.folder)]
        text = run(app, asked, env={"COLUMNS": "80"}).stdout
        assert "can ask for it, cannot decrypt\n    arn:aws:iam::111122223333:role/asks\n" in text
        told = json.loads(run(app, [*asked, "--format", "json"]).stdout)
        assert [(short(each["principal"]), each["reads"]) for each in told][:2] == [
            ("both", True),
            ("asks", False),
        ]
        with pytest.raises(DemarcateError, match="no such resource"):
            readers(of, "arn:aws:s3:::other")
    with pytest.raises(DemarcateError, match="who reads the data is told of"):
        of_data("arn:aws:ec2:eu-west-1:111122223333:volume/v")


TEMPLATE = """
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Statement:
          Effect: Allow
          Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}
          Action: "kms:*"
          Resource: "*"
  Data:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: data
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {SSEAlgorithm: "aws:kms", KMSMasterKeyID: !GetAtt Key.Arn}
  Queue: {Type: AWS::SQS::Queue, Properties: {KmsMasterKeyId: !Ref Key}}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: plain}}
  Both:
    Type: AWS::IAM::User
    Properties:
      Policies:
        - PolicyName: own
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ["s3:Get*", "sqs:*", "secretsmanager:*"], Resource: "*"}
              - {Effect: Allow, Action: "kms:Decrypt", Resource: !GetAtt Key.Arn}
  Asks:
    Type: AWS::IAM::User
    Properties:
      Policies:
        - PolicyName: own
          PolicyDocument: {Statement: {Effect: Allow, Action: "s3:Get*", Resource: !Sub "${Data.Arn}/*"}}
  Through:
    Type: AWS::IAM::User
    Properties:
      Policies:
        - PolicyName: own
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: "s3:Get*", Resource: "*"}
              - Effect: Allow
                Action: "kms:Decrypt"
                Resource: "*"
                Condition: {StringEquals: {"kms:ViaService": s3.eu-west-1.amazonaws.com}}
"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    path = tmp_path_factory.mktemp("t") / "t.yaml"
    path.write_text(TEMPLATE)
    return collect_snapshot([path])


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ("Data", {"reads": "Both", "perhaps": "Through", "asks": "Asks"}),
        ("arn:aws:s3:::data/k", {"reads": "Both", "perhaps": "Through", "asks": "Asks"}),
        ("Queue", {"reads": "Both", "decrypts": "Through"}),
        ("Secret", {"reads": "Both"}),
    ],
)
def test_of_a_template(declared: Snapshot, resource: str, told: dict[str, str]) -> None:
    under, who = readers(declared, resource)
    assert {name: names for name, names in halves(who).items() if names} == told
    assert (under.key is None) is (resource == "Secret")


def test_what_a_template_does_not_declare(declared: Snapshot) -> None:
    assert of_data("Data").keys() >= {"aws_s3_bucket", "aws_sqs_queue", "aws_kms_key"}
    for resource in ("Nothing", "Key", "arn:aws:s3:::other"):
        with pytest.raises(DemarcateError, match=f"^{resource}: what was read has no such resource"):
            readers(declared, resource)

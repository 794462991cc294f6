"""A narrower policy for a key: what is proposed by recorded use, who loses what, and whom that locks out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.guardrails import events
from demarcate.keys.access import Identities
from demarcate.keys.listing import keys_of
from demarcate.keys.narrowing import narrowed, proposed
from demarcate.keys.recorded import Recorded, of_metadata, seen, used
from tests.aws.conftest import REGION, Aws
from tests.checks.test_engine import snapshot
from tests.keys.test_changing import ACCOUNT, CHANGE, applied, aws, endless, images, say, server, undone

__all__ = ["aws", "endless", "images", "say", "server"]

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k-1"
APP, ADMIN = f"arn:aws:iam::{ACCOUNT}:role/app", f"arn:aws:iam::{ACCOUNT}:role/admin"
ROOT = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def event(
    name: str, by: str = APP, key: str = KEY, at: str = "2026-10-01T12:00:00Z", **more: Any
) -> dict[str, Any]:
    """A call of KMS as CloudTrail records one."""
    issuer = {"type": "Role", "arn": by, "accountId": ACCOUNT, "userName": by.rpartition("/")[2]}
    return {
        **{
            "eventVersion": "1.11",
            "eventType": "AwsApiCall",
            "eventSource": "kms.amazonaws.com",
            "eventName": name,
        },
        **{"eventTime": at, "awsRegion": REGION, "recipientAccountId": ACCOUNT, "eventID": "e"},
        "userIdentity": {"type": "AssumedRole", "accountId": ACCOUNT, "sessionContext": {"sessionIssuer": issuer}},
        "resources": [{"ARN": key, "type": "AWS::KMS::Key", "accountId": ACCOUNT}],
        **more,
    }


def allow(who: Any, *actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": who}, "Action": list(actions), "Resource": "*", **more}


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def estate(document: Any, arn: str = KEY) -> Snapshot:
    """An account with one key, and the roles app and admin without policies of their own."""
    row = {"account_id": ACCOUNT, "region": REGION, "resource": arn, "arn": arn, "id": arn.rpartition("/")[2]}
    role = {"account_id": ACCOUNT, "region": "global", "inline_policies": [], "attached_policy_arns": []}
    roles = [{**role, "resource": who, "arn": who, "name": who.rpartition("/")[2]} for who in (APP, ADMIN)]
    key = {**row, "aliases": [], "key_manager": "CUSTOMER", "policy": json.dumps(document), "grants": []}
    empty: dict[str, Any] = {"aws_iam_user": [], "aws_iam_group": [], "aws_iam_policy": []}
    return snapshot({"aws_kms_key": [key], "aws_iam_role": roles, **empty})


def test_use_is_counted_by_whom_and_what_for() -> None:
    refused = event("Decrypt", ADMIN, errorCode="AccessDenied")
    other = event("Decrypt") | {"eventSource": "s3.amazonaws.com"}
    told = used([event("Decrypt"), event("Decrypt", at="2026-10-03T12:00:00Z"), refused, other, {}])
    assert told == [Recorded(KEY, APP, "kms:decrypt", 2, "2026-10-03T12:00:00Z")]


def test_named_principals_keep_what_they_were_recorded_to_do() -> None:
    service = {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "kms:Decrypt*"}
    document = policy(
        ROOT, service, allow(APP, "kms:Decrypt", "kms:Encrypt"), allow([ADMIN], "kms:Enc*"), allow("*", "*")
    )
    after = proposed(document, [Recorded(KEY, APP, "kms:decrypt", 2, "")])
    assert after["Statement"] == [ROOT, service, allow(APP, "kms:Decrypt"), allow("*", "*")]


def test_what_administers_is_kept_also_where_nobody_did_it() -> None:
    (said,) = proposed(policy(allow(ADMIN, "kms:*")), [])["Statement"]
    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"} <= set(said["Action"])
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:Sign"} & set(said["Action"])


@pytest.mark.parametrize(
    ("after", "losses", "locks_out"),
    [
        (policy(ROOT, allow(APP, "kms:Decrypt")), {(APP, "Encrypt"), (ADMIN, "Decrypt")}, []),
        (
            policy(ROOT, allow(ADMIN, "kms:Decrypt")),
            {(APP, "Encrypt"), (APP, "Decrypt")},
            ["loses Decrypt, which it did 2"],
        ),
        (policy(allow(APP, "kms:Decrypt")), {(APP, "Encrypt"), (ADMIN, "Decrypt")}, ["nobody of what was read"]),
    ],
)
def test_who_loses_what(after: Any, losses: set[tuple[str, str]], locks_out: list[str]) -> None:
    before = policy(ROOT, allow(APP, "kms:Decrypt", "kms:Encrypt"), allow(ADMIN, "kms:Decrypt"))
    with estate(before) as read:
        (key,) = keys_of(read)
        recorded = [Recorded(KEY, APP, "kms:decrypt", 2, "2026-10-03T12:00:00Z")]
        told = narrowed(key, before, after, Identities(read), recorded)
    assert losses <= {(loss.principal, loss.operation) for loss in told.losses}
    assert all(any(part in each for each in told.locks_out) for part in locks_out)
    assert bool(locks_out) >= any("loses" in each for each in told.locks_out)


def test_a_wider_policy_is_refused() -> None:
    before = policy(ROOT, allow(APP, "kms:Decrypt"))
    with estate(before) as read, pytest.raises(DemarcateError, match=f"not narrower: {ADMIN} may Decrypt"):
        (key,) = keys_of(read)
        narrowed(key, before, policy(ROOT, allow([APP, ADMIN], "kms:Decrypt")), Identities(read), [])


def test_a_policy_is_narrowed_and_brought_back(aws: Aws, say: Callable[..., Any], tmp_path: Path) -> None:
    kms = aws.client("kms")
    document = policy(ROOT, allow(ADMIN, "kms:PutKeyPolicy"), allow(APP, "kms:Decrypt", "kms:Encrypt"))
    key = kms.create_key(Policy=json.dumps(document))["KeyMetadata"]["Arn"]
    delivered = tmp_path / "events.json"

    def plan(*recorded: dict[str, Any]) -> Any:
        delivered.write_text(json.dumps({"Records": list(recorded)}))
        with estate(document, key) as read:
            return say("keys", "narrow", key, str(read.folder), "--events", str(delivered), "--days", "90")

    code, out, err = plan(event("Decrypt", key=key))
    assert code == 0, err
    assert "Encrypt: no use of it was recorded" in out
    applied(say, "--accept-lockout")
    after = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert after["Statement"][2]["Action"] == ["kms:Decrypt"]
    undone(say)
    assert json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]) == document
    assert CHANGE in out


class History:
    """CloudTrail's event history of a key: calls, or a denial."""

    def __init__(self, key: str, *calls: dict[str, Any]) -> None:
        self.key, self.calls = key, calls
        self.meta = SimpleNamespace(events=SimpleNamespace(register=lambda *_: None))

    def get_paginator(self, _: str) -> History:
        return self

    def paginate(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        assert parameters["LookupAttributes"] == [{"AttributeKey": "ResourceName", "AttributeValue": self.key}]
        if not self.calls:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "LookupEvents")
        yield {"Events": [{"CloudTrailEvent": json.dumps(call)} for call in self.calls]}


def test_the_history_of_the_key_is_read_and_nothing_proposed_without_it(
    aws: Aws, say: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = policy(ROOT, allow(ADMIN, "kms:PutKeyPolicy"), allow(APP, "kms:Decrypt", "kms:Encrypt"))
    key = aws.client("kms").create_key(Policy=json.dumps(document))["KeyMetadata"]["Arn"]

    def plan(*calls: dict[str, Any]) -> Any:
        monkeypatch.setattr(events, "client_of", lambda *_, **__: History(key, *calls))
        with estate(document, key) as read:
            return say("keys", "narrow", key, str(read.folder))

    code, out, err = plan(event("Encrypt", key=key))
    assert code == 0, err
    assert "Decrypt: no use of it was recorded" in out
    code, _, err = plan()
    assert code == 2 and "could not all be read: name the policy" in err


def test_client_side_encryption_is_seen_by_its_context() -> None:
    def encrypted(context: dict[str, str]) -> dict[str, Any]:
        return event("GenerateDataKey", requestParameters={"encryptionContext": context})

    recorded = [
        encrypted({"aws-crypto-public-key": "A", "purpose": "x"}),
        encrypted({"aws-crypto-table-name": "orders", "aws-crypto-public-key": "A"}),
        encrypted({"*aws-kms-table*": "orders"}),
        encrypted({"aws:x-amz-cek-alg": "AES/GCM/NoPadding"}),
        encrypted({"aws:s3:arn": "arn:aws:s3:::b/o"}),
        event("Decrypt"),
    ]
    assert {(each.library, each.principal, each.key) for each in seen(recorded)} == {
        ("the AWS Encryption SDK", APP, KEY),
        ("the Database Encryption SDK for DynamoDB", APP, KEY),
        ("the DynamoDB Encryption Client", APP, KEY),
        ("the S3 Encryption Client", APP, KEY),
    }
    assert of_metadata({"x-amz-meta-x-amz-c": "A"}) == "the S3 Encryption Client"
    assert of_metadata({"x-amz-meta-owner": "A"}) == ""

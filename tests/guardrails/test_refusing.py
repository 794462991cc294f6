"""A policy of settings is tested against recorded calls: what a setting refuses, and what no record tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.access.values import some
from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.estate.schema.unknown import Unknown
from demarcate.guardrails.calls import call_of
from demarcate.guardrails.filling import policies
from demarcate.guardrails.load import load_guardrails
from demarcate.guardrails.refusing import kind_of, refusals, rulings, whom
from tests.each import each
from tests.guardrails.recorded import deliver, event
from tests.guardrails.test_catalog import actions

SHARE = "createVolumePermission"
EVERYBODY = {"add": {"items": [{"group": "all"}]}}
SOMEBODY = {"add": {"items": [{"userId": "444455556666"}]}}
PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
HELD = {**PUBLIC, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}
GRANT = {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}

CASES: list[tuple[str, str, dict[str, Any] | None, bool | str]] = [
    ("snapshots-not-public", "ec2:ModifySnapshotAttribute", {SHARE: EVERYBODY}, True),
    ("snapshots-not-public", "ec2:ModifySnapshotAttribute", {SHARE: SOMEBODY}, False),
    ("snapshots-not-public", "ec2:ModifySnapshotAttribute", {SHARE: {"remove": EVERYBODY["add"]}}, False),
    ("snapshots-not-public", "ec2:ModifySnapshotAttribute", None, "what the call asked for"),
    ("snapshots-not-public", "ec2:DisableSnapshotBlockPublicAccess", {}, True),
    ("snapshots-not-public", "ec2:CreateSnapshot", {}, False),
    ("images-not-public", "ec2:ModifyImageAttribute", {"launchPermission": EVERYBODY}, True),
    ("images-not-public", "ec2:ModifyImageAttribute", {"description": {"value": "x"}}, False),
    ("serial-console-off", "ec2-instance-connect:SendSerialConsoleSSHPublicKey", {}, True),
    ("serial-console-off", "ec2-instance-connect:SendSSHPublicKey", {}, False),
    ("imdsv2-by-default", "ec2:ModifyInstanceMetadataDefaults", {}, True),
    ("imdsv2-by-default", "ec2:RunInstances", {}, False),
    ("internet-ingress-blocked", "ec2:ModifyVpcBlockPublicAccessOptions", {}, True),
    ("internet-ingress-blocked", "ec2:CreateVpcBlockPublicAccessExclusion", {}, False),
    ("images-of-known-owners", "ec2:RunInstances", {}, "who owns the image"),
    ("s3-public-access-blocked", "s3:PutBucketPolicy", {"bucketPolicy": {"Statement": [HELD, PUBLIC]}}, True),
    ("s3-public-access-blocked", "s3:PutBucketPolicy", {"bucketPolicy": {"Statement": HELD}}, False),
    ("s3-public-access-blocked", "s3:PutBucketPolicy", {"bucketName": "b"}, "what the policy says"),
    ("s3-public-access-blocked", "s3:PutBucketAcl", {"x-amz-acl": ["public-read-write"]}, True),
    ("s3-public-access-blocked", "s3:PutBucketAcl", {"x-amz-acl": ["private"]}, False),
    ("s3-public-access-blocked", "s3:PutObjectAcl", {"AccessControlPolicy": {"Grant": [GRANT]}}, True),
    ("s3-public-access-blocked", "s3:PutAccountPublicAccessBlock", {}, True),
]


def policy(name: str) -> Any:
    return from_json(policies([load_guardrails()[name]])[0].text)


@each("name, call, asked, refused", CASES, ids=[f"{case[0]}-{case[1]}-{n}" for n, case in enumerate(CASES)])
def test_a_setting_and_a_call(name: str, call: str, asked: Any, refused: bool | str) -> None:
    (told, _) = rulings(policy(name), name)
    answer = some(each.denies(call_of(event(call, requestParameters=asked))) for each in told)
    assert (answer.reason if isinstance(answer, Unknown) else answer) == refused


def test_each_setting_is_known_and_each_action_is_awss() -> None:
    named = {action for told in refusals().settings for each in told.refuses for action in each.actions}
    known = {f"{prefix}:{name}" for prefix, names in actions().items() for name in names}
    assert {action.lower() for action in named} <= known
    of_settings = [name for name, told in load_guardrails().items() if told.kind in ("declarative-ec2", "s3")]
    assert len(of_settings) >= 7
    for name in of_settings:
        assert rulings(policy(name), name)[0]
        assert kind_of(policy(name)) == load_guardrails()[name].kind
    with pytest.raises(DemarcateError, match=r"p\.json: it is not known what ec2_attributes\.new\.state refuses"):
        rulings({"ec2_attributes": {"new": {"state": {"@@assign": "on"}}}}, "p.json")
    with pytest.raises(DemarcateError, match=r"p\.json: it assigns no setting"):
        rulings({"ec2_attributes": {}}, "p.json")


def test_it_holds_for_everybody_but_the_management_account() -> None:
    by = {who: whom("", ())(call_of(event("ec2:RunInstances", who)))[0] for who in ("role", "linked", "root")}
    assert by == {"role": True, "linked": True, "root": True}
    call = call_of(event("ec2:RunInstances"))
    assert whom(call.account, ())(call) == (False, "of the management account")
    assert whom(call.account, (call.account,))(call)[0] is True


def test_the_command(tmp_path: Path) -> None:
    events = [
        event("ec2:ModifySnapshotAttribute", requestParameters={SHARE: EVERYBODY}),
        event("ec2:ModifySnapshotAttribute", requestParameters={SHARE: SOMEBODY}),
        event("ec2:DescribeSnapshots"),
    ]
    deliver(tmp_path / "logs" / "a.json.gz", events)
    (tmp_path / "own.json").write_text(json.dumps(policy("images-not-public")))
    words = ["guardrails", "test", "snapshots-not-public", "--events", str(tmp_path / "logs"), "--format", "json"]
    told = CliRunner().invoke(app, [*words, str(tmp_path / "own.json")])
    assert told.exit_code == 1, (told.output, told.exception)
    said = json.loads(told.stdout)
    assert (said["denied"], said["allowed"]) == (1, 2)
    assert [each["statement"] for each in said["who"]] == [
        "snapshot_block_public_access.state (sharing with everybody)"
    ]
    assert "public no more" in told.stderr
    refused = CliRunner().invoke(app, [*words, "trails-kept"])
    assert "apart: they bind others" in str(refused.exception)

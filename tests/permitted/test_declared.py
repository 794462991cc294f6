"""All policies of a template, and who gains where one template takes the place of another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demarcate.access.comparing import gained
from demarcate.access.statements import Policy, PolicyKind
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.permitted.asking import Policies
from demarcate.permitted.declared import Declared, all_policies, changes, needed

READS: Any = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
WRITES: Any = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
DENIES: Any = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
TRUST: Any = {
    "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
}
OTHERS = {"Effect": "Allow", "Action": "s3:*", "Principal": {"AWS": {"Ref": "Partner"}}, "Resource": "*"}


def policies(folder: Path, *, inline: Any, managed: Any = None, bucket: Any = None) -> list[Declared]:
    """The policies of a template with a role, a bucket and perhaps a managed policy that the role has."""
    role: dict[str, Any] = {"AssumeRolePolicyDocument": TRUST, "Policies": [], "ManagedPolicyArns": []}
    if inline:
        role["Policies"] = [
            {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": inline}}
        ]
    resources: dict[str, Any] = {"App": {"Type": "AWS::IAM::Role", "Properties": role}}
    if managed:
        document = {"Version": "2012-10-17", "Statement": managed}
        resources["More"] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
        role["ManagedPolicyArns"] = [{"Ref": "More"}]
    resources["Data"] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "data"}}
    said = {
        "Bucket": {"Ref": "Data"},
        "PolicyDocument": {"Version": "2012-10-17", "Statement": bucket or [OTHERS]},
    }
    resources["Said"] = {"Type": "AWS::S3::BucketPolicy", "Properties": said}
    file = folder / "t.json"
    file.write_text(json.dumps({"Parameters": {"Partner": {"Type": "String"}}, "Resources": resources}))
    with collect_snapshot([file], selection=needed()) as snapshot, Policies(snapshot) as told:
        return list(all_policies(told))


def test_what_a_role_has_counts_together(tmp_path: Path) -> None:
    before = policies(tmp_path, inline=[READS])
    assert {each.kind for each in before} == {PolicyKind.IDENTITY, PolicyKind.TRUST, PolicyKind.RESOURCE}
    assert not list(changes(before, before)), "what stands there as before changes nothing, though it is not known"
    moved = policies(tmp_path, inline=[], managed=[READS])
    assert not list(changes(before, moved))
    (gain,) = changes(before, policies(tmp_path, inline=[READS], managed=[WRITES]))
    assert (gain.whoever, gain.loses, gain.gain.reached.witness is not None) == ("App", False, True)
    assert "More" in gain.policy and gain.gain.statement.index == 1
    (loss,) = changes(before, policies(tmp_path, inline=[READS, DENIES]))
    assert loss.loses and loss.whoever == "App"


def test_a_group_that_is_named_once_it_is_deployed_may_have_any_policy(tmp_path: Path) -> None:
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://example.com/t.json"}}
    groups = [{"Fn::GetAtt": ["Nested", "Outputs.Group"]}, {"Ref": "Nested"}, "elsewhere"]
    users = {
        f"User{number}": {"Type": "AWS::IAM::User", "Properties": {"Groups": [group]}}
        for number, group in enumerate(groups)
    }
    file = tmp_path / "t.json"
    file.write_text(json.dumps({"Resources": {"Nested": nested, **users}}))
    with collect_snapshot([file], selection=needed()) as snapshot, Policies(snapshot) as told:
        reasons = {each.resource: each.named.policy.unknown for each in all_policies(told)}
    assert [reasons[name] is not None for name in users] == [True] * 3


def holders(folder: Path, *, said: bool, member: bool = True) -> list[Declared]:
    """The policies of a template with two users, a role, a group and a control policy, which `said` fills."""
    more = [{"PolicyName": "more", "PolicyDocument": {"Statement": [WRITES]}}] if said else []
    controls = [{"Effect": "Allow", "Action": "*", "Resource": "*"}, *([] if said else [DENIES])]
    groups = {"Groups": [{"Ref": "Inside"}]} if member else {}
    control = {"Type": "SERVICE_CONTROL_POLICY", "Name": "guard", "Content": {"Statement": controls}}
    resources = {
        "Named": {"Type": "AWS::IAM::User", "Properties": {"UserName": "vera", "Policies": more}},
        "Member": {"Type": "AWS::IAM::User", "Properties": groups},
        "App": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "Policies": more}},
        "Inside": {"Type": "AWS::IAM::Group", "Properties": {"Policies": more}},
        "Guard": {"Type": "AWS::Organizations::Policy", "Properties": control},
    }
    file = folder / "t.json"
    file.write_text(json.dumps({"Resources": resources}))
    with collect_snapshot([file], selection=needed()) as snapshot, Policies(snapshot) as told:
        return list(all_policies(told))


def test_who_gains_is_who_has_it(tmp_path: Path) -> None:
    """A user as a user, by a group as well; of a group without users whoever is in it, of a control policy its own."""
    before, after = holders(tmp_path, said=False), holders(tmp_path, said=True)
    told = {change.whoever: change.gain.reached.witness for change in changes(before, after)}
    assert {whoever: witness and str(witness.who) for whoever, witness in told.items()} == {
        "Named": "arn:aws:iam::x:user/vera",
        "Member": "arn:aws:iam::x:user/<Member>",
        "App": "arn:aws:iam::x:role/<App>",
        "whoever Guard binds": "arn:aws:iam::x:role/zz",
    }
    assert {change.loses for change in changes(after, before)} == {True}
    alone = changes(holders(tmp_path, said=False, member=False), holders(tmp_path, said=True, member=False))
    told = {change.whoever: change.gain.reached.witness for change in alone}
    witness = told["whoever is in Inside"]
    assert "Member" not in told and witness is not None and str(witness.who) == "arn:aws:iam::x:user/zz"


def test_a_policy_that_asks_who_has_it_is_for_anybody_of_the_account() -> None:
    """Of a declared role the path is not known, so that its ARN may be what a condition names."""
    narrow = {**READS, "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy/*"}}}
    nothing, after = Policy.of({"Statement": []}), Policy.of({"Statement": [narrow]})
    (gain,) = gained(nothing, after, PolicyKind.IDENTITY, who="arn:aws:iam::x:role/<A>")
    assert gain.reached.witness is not None and ":role/deploy/" in str(gain.reached.witness.who)


def test_a_policy_with_a_value_that_is_kept_elsewhere_is_weighed(tmp_path: Path) -> None:
    """Nothing is asked of a value that is only known once it is deployed, not even whether it is empty."""
    kept = {**READS, "Resource": "{{resolve:ssm:data}}"}
    told = policies(tmp_path, inline=[kept], managed=[{**WRITES, "Action": "{{resolve:ssm:actions}}"}])
    assert [each.named.policy.unknown for each in told if each.kind is PolicyKind.IDENTITY] == [None, None]


def test_who_gains_at_a_bucket(tmp_path: Path) -> None:
    public = {**READS, "Principal": "*"}
    (gain,) = changes(policies(tmp_path, inline=[]), policies(tmp_path, inline=[], bucket=[OTHERS, public]))
    assert (gain.policy, gain.whoever) == ("Data (aws_s3_bucket)", "")
    assert (gain.gain.reached.low.value, gain.gain.reached.high.value) == ("nobody", "anyone"), "Partner may be *"
    trusted = [{**OTHERS, "Principal": {"AWS": "111122223333"}}]
    (gain,) = changes(
        policies(tmp_path, inline=[], bucket=trusted), policies(tmp_path, inline=[], bucket=[*trusted, public])
    )
    assert gain.gain.reached.low.value == "anyone"


def test_what_is_assigned_is_not_surely_what_stood_there(tmp_path: Path) -> None:
    """Of two names that exist once they are deployed nobody knows whether they are one."""
    files = [{**READS, "Resource": {"Fn::GetAtt": [name, "Arn"]}} for name in ("Data", "More")]
    before, after = (policies(tmp_path, inline=[file], managed=[WRITES]) for file in files)
    assert {(change.whoever, change.loses) for change in changes(before, after)} == {("App", False), ("App", True)}
    assert not list(changes(before, before))


@pytest.mark.parametrize("kind", [PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SCP])
def test_a_policy_that_names_nobody_is_for_whoever_has_it(kind: PolicyKind) -> None:
    narrow, wide = Policy.of({"Statement": [READS]}), Policy.of({"Statement": [{**READS, "Action": "s3:*"}]})
    (gain,) = gained(narrow, wide, kind)
    assert gain.reached.witness is not None and gain.reached.witness.action != "s3:GetObject"
    assert not list(gained(wide, narrow, kind))
    (gain,) = gained(Policy.of({"Statement": [READS, DENIES]}), narrow, kind)
    assert gain.reached.witness is not None and gain.reached.witness.action == "s3:GetObject"

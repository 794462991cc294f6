"""Templates and baselines against a live estate: what drifted, and what could not be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from demarcate.drift.comparing import compare
from demarcate.drift.ignoring import Ignored, Rule
from demarcate.drift.structs import Comparison, Drift, DriftKind
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from tests.checks.test_engine import snapshot

ACCOUNT, REGION = "111122223333", "eu-west-1"
STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/app/1"
RESOURCES = "aws_cloudformation_stack_resource"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k-1"

TEMPLATE = """
Parameters: {Size: {Type: Number}}
Resources:
  Data:
    Type: AWS::EC2::Volume
    Properties: {AvailabilityZone: eu-west-1a, Size: 8, Encrypted: true, KmsKeyId: !GetAtt Key.Arn}
  Key:
    Type: AWS::KMS::Key
    Properties: {EnableKeyRotation: true}
  Other:
    Type: AWS::EC2::Volume
    Properties: {AvailabilityZone: eu-west-1a, Size: !Ref Size, Encrypted: true}
  Strange: {Type: "AWS::Nobody::Knows"}
"""


def declared(folder: Path, text: str = TEMPLATE) -> Snapshot:
    (folder / "app.yaml").write_text(text)
    return collect_snapshot([folder / "app.yaml"])


def resource(logical: str, physical: str, type_: str, stack: str = STACK_ID) -> dict[str, Any]:
    return {
        "resource": f"{stack}/{logical}",
        "account_id": ACCOUNT,
        "region": REGION,
        "stack_id": stack,
        "stack_name": stack.split("/")[1],
        "logical_resource_id": logical,
        "physical_resource_id": physical,
        "resource_type": type_,
    }


STACK = [
    resource("Data", "vol-1", "AWS::EC2::Volume"),
    resource("Key", "k-1", "AWS::KMS::Key"),
    resource("Other", "vol-2", "AWS::EC2::Volume"),
]


def volume(name: str, **columns: Any) -> dict[str, Any]:
    plain = {"encrypted": True, "size": 8, "volume_type": "gp2", "availability_zone": "eu-west-1a", "tags": {}}
    return {
        "resource": f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{name}",
        "account_id": ACCOUNT,
        "region": REGION,
        "volume_id": name,
        "kms_key_id": KEY_ARN,
        "snapshot_id": "",
        **plain,
        **columns,
    }


KEY = {
    "resource": KEY_ARN,
    "arn": KEY_ARN,
    "account_id": ACCOUNT,
    "region": REGION,
    "id": "k-1",
    "key_rotation_enabled": True,
}


def live(
    *rows: dict[str, Any], tables: Mapping[str, Any] | None = None, unread: Sequence[Unread] = ()
) -> Snapshot:
    held: Mapping[str, Any] = {
        "aws_ebs_volume": list(rows),
        "aws_kms_key": [KEY],
        RESOURCES: STACK,
        **(tables or {}),
    }
    return snapshot({name: of for name, of in held.items() if of is not None}, *unread)


def told(comparison: Comparison, kind: DriftKind) -> list[tuple[str, str | None, Any, Any]]:
    return [
        (drift.resource.rpartition("/")[2], drift.column, drift.declared, drift.live)
        for drift in comparison.of(kind)
    ]


def reasons(comparison: Comparison, resource: str) -> dict[str | None, str]:
    left = comparison.of(DriftKind.NOT_COMPARED)
    return {drift.column: drift.reason for drift in left if drift.resource.endswith(resource)}


def test_what_is_as_declared_has_not_drifted(tmp_path: Path) -> None:
    comparison = compare(declared(tmp_path), live(volume("vol-1"), volume("vol-2", kms_key_id="")))
    assert not comparison.drifted
    assert comparison.resources == 3
    assert comparison.values > 10


def test_a_stand_in_is_what_its_stack_has_for_it(tmp_path: Path) -> None:
    other = "arn:aws:kms:eu-west-1:111122223333:key/another"
    comparison = compare(
        declared(tmp_path), live(volume("vol-1", kms_key_id=other), volume("vol-2", kms_key_id=""))
    )
    assert told(comparison, DriftKind.CHANGED) == [("vol-1", "kms_key_id", KEY_ARN, other)]


@pytest.mark.parametrize(
    ("column", "value"), [("encrypted", False), ("size", 9), ("volume_type", "io2"), ("tags", {"a": "b"})]
)
def test_each_column_that_differs_is_named_on_its_line(tmp_path: Path, column: str, value: Any) -> None:
    comparison = compare(
        declared(tmp_path), live(volume("vol-1", **{column: value}), volume("vol-2", kms_key_id=""))
    )
    (drift,) = comparison.of(DriftKind.CHANGED)
    assert (drift.column, drift.live) == (column, value)
    assert (drift.logical_id, Path(drift.file or "").name, drift.line) == ("Data", "app.yaml", 4)


def test_what_could_not_be_compared_is_told_with_why(tmp_path: Path) -> None:
    blind = volume("vol-1", volume_type=Unknown(Kind.DENIED, "access denied"), size=None)
    comparison = compare(declared(tmp_path), live(blind, volume("vol-2", kms_key_id="")))
    assert not comparison.drifted
    assert reasons(comparison, "vol-1") == {"volume_type": "access denied", "size": "AWS does not return it"}
    assert reasons(comparison, "vol-2") == {"size": "declared: parameter Size has no value"}
    assert reasons(comparison, "AWS::Nobody::Knows") == {None: "no table holds AWS::Nobody::Knows: 1 declared"}


def test_an_attribute_that_nobody_tells_is_not_guessed(tmp_path: Path) -> None:
    comparison = compare(
        declared(tmp_path),
        live(volume("vol-1"), volume("vol-2", kms_key_id=""), tables={"aws_kms_key": [{**KEY, "arn": None}]}),
    )
    assert reasons(comparison, "vol-1") == {"kms_key_id": "the live estate does not tell Key.Arn"}


def test_what_is_gone_is_missing_unless_nobody_looked(tmp_path: Path) -> None:
    meant = declared(tmp_path)
    comparison = compare(meant, live(volume("vol-2", kms_key_id="")))
    assert told(comparison, DriftKind.MISSING) == [("vol-1", None, None, None)]
    denied = Unread(
        kind=Kind.DENIED,
        reason="access denied",
        table="aws_ebs_volume",
        account=ACCOUNT,
        region=REGION,
        operation="ec2:DescribeVolumes",
    )
    comparison = compare(meant, live(unread=[denied], tables={"aws_ebs_volume": None}))
    assert not comparison.drifted
    assert reasons(comparison, "vol-1") == {None: "aws_ebs_volume was not read: access denied"}


def test_a_template_without_a_stack_is_told(tmp_path: Path) -> None:
    comparison = compare(
        declared(tmp_path), live(volume("vol-1"), tables={RESOURCES: [resource("Else", "x", "T")]})
    )
    (left,) = [drift for drift in comparison.of(DriftKind.NOT_COMPARED) if drift.resource.endswith("app.yaml")]
    assert "--stack" in left.reason


def test_one_template_may_be_several_stacks(tmp_path: Path) -> None:
    second = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/second/1"
    more = [
        *STACK,
        resource("Data", "vol-3", "AWS::EC2::Volume", second),
        resource("Key", "k-1", "AWS::KMS::Key", second),
        resource("Other", "vol-4", "AWS::EC2::Volume", second),
    ]
    rows = [
        volume("vol-1"),
        volume("vol-3", encrypted=False),
        *(volume(name, kms_key_id="") for name in ("vol-2", "vol-4")),
    ]
    comparison = compare(declared(tmp_path), live(*rows, tables={RESOURCES: more}))
    assert told(comparison, DriftKind.CHANGED) == [("vol-3", "encrypted", True, False)]
    named = {str(tmp_path / "app.yaml"): ["app"]}
    assert not compare(declared(tmp_path), live(*rows, tables={RESOURCES: more}), stacks=named).of(
        DriftKind.CHANGED
    )


def test_what_nothing_declares_is_told_other_than_awss_own(tmp_path: Path) -> None:
    rows = [
        volume("vol-1"),
        volume("vol-2", kms_key_id=""),
        volume("vol-stray"),
        volume("vol-operated", managed_by="eks.amazonaws.com"),
    ]
    comparison = compare(declared(tmp_path), live(*rows))
    assert told(comparison, DriftKind.UNDECLARED) == [("vol-stray", None, None, None)]
    assert not compare(declared(tmp_path), live(*rows), undeclared=False).drifted


def test_rules_leave_out_what_they_name(tmp_path: Path) -> None:
    rows = [volume("vol-1", size=9), volume("vol-2", kms_key_id="")]
    rules = Ignored((Rule(why="it grows by itself", table="aws_ebs_volume", column="size", resource="Data"),))
    assert not compare(declared(tmp_path), live(*rows), ignored=rules).drifted
    others = Ignored((Rule(why="other", table="aws_ebs_volume", column="size", resource="Other"),))
    assert compare(declared(tmp_path), live(*rows), ignored=others).drifted


GROUP = """
Resources:
  Web:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: web
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]
  More:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref Web, IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 10.0.0.0/8}
"""


def rule(port: int, cidr: str, **columns: Any) -> dict[str, Any]:
    return {
        "resource": "sg-1",
        "account_id": ACCOUNT,
        "region": REGION,
        "group_id": "sg-1",
        "type": "ingress",
        "is_egress": False,
        "ip_protocol": "tcp",
        "from_port": port,
        "to_port": port,
        "cidr_ipv4": cidr,
        "cidr_ipv6": "",
        "prefix_list_id": "",
        "referenced_group_id": "",
        "description": "",
        **columns,
    }


OUT = rule(0, "0.0.0.0/0", type="egress", is_egress=True, ip_protocol="-1", to_port=65535)


def test_the_rules_of_a_group_are_those_within_it_and_those_apart(tmp_path: Path) -> None:
    group = {
        "resource": "sg-1",
        "account_id": ACCOUNT,
        "region": REGION,
        "group_id": "sg-1",
        "group_name": "app-Web-1",
        "description": "web",
        "tags": {},
    }
    stack = [
        resource("Web", "sg-1", "AWS::EC2::SecurityGroup"),
        resource("More", "sgr-1", "AWS::EC2::SecurityGroupIngress"),
    ]

    def compared(*rules: dict[str, Any]) -> Comparison:
        estate: dict[str, Any] = {
            "aws_vpc_security_group": [group],
            "aws_vpc_security_group_rule": [*rules, OUT],
            RESOURCES: stack,
            "aws_kms_key": None,
            "aws_ebs_volume": None,
        }
        return compare(declared(tmp_path, GROUP), live(tables=estate))

    whole = (rule(443, "0.0.0.0/0"), rule(80, "10.0.0.0/8"))
    assert compared(*whole).of(DriftKind.CHANGED) == ()
    (drift,) = compared(*whole, rule(22, "0.0.0.0/0")).of(DriftKind.CHANGED)
    assert (drift.column, drift.declared, [item["from_port"] for item in drift.live]) == ("rules", [], [22])
    (drift,) = compared(whole[0]).of(DriftKind.CHANGED)
    assert ([item["from_port"] for item in drift.declared], drift.live) == ([80], [])


def test_a_baseline_is_compared_by_identity() -> None:
    before = live(volume("vol-1"), volume("vol-2"), volume("vol-3"))
    assert not compare(before, before).drifted
    now = live(volume("vol-1"), volume("vol-2", encrypted=False), volume("vol-4"))
    comparison = compare(before, now)
    assert told(comparison, DriftKind.CHANGED) == [("vol-2", "encrypted", True, False)]
    assert told(comparison, DriftKind.MISSING) == [("vol-3", None, None, None)]
    assert told(comparison, DriftKind.UNDECLARED) == [("vol-4", None, None, None)]


def test_a_baseline_and_what_could_not_be_read_now() -> None:
    before = live(volume("vol-1"))
    now = live(volume("vol-1", encrypted=Unknown(Kind.DENIED, "access denied")))
    comparison = compare(before, now)
    assert not comparison.drifted
    assert reasons(comparison, "vol-1") == {"encrypted": "access denied"}


def test_drifts_are_in_one_order_whatever_that_of_the_rows() -> None:
    rows = [volume(f"vol-{number}", size=number) for number in range(20)]
    before, now = live(*(volume(f"vol-{number}") for number in range(20))), live(*rows)
    turned = live(*reversed(rows))
    assert [_key(drift) for drift in compare(before, now).drifts] == [
        _key(drift) for drift in compare(before, turned).drifts
    ]


def _key(drift: Drift) -> tuple[Any, ...]:
    return drift.kind, drift.resource, drift.column, drift.live

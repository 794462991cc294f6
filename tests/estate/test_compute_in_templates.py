"""What a template's silence means for instances, functions, containers and nodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demarcate.estate.snapshots.snapshot import rows_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import table

Template = dict[str, Any]


@pytest.fixture
def row(tmp_path: Path) -> Any:
    """The row of a table for the resource `It` of a template."""

    def find(
        name: str, type_: str, properties: Template, *, parameters: Template | None = None, **more: Any
    ) -> Any:
        resources = {"It": {"Type": type_, "Properties": properties}, **more}
        file = tmp_path / "template.json"
        file.write_text(json.dumps({"Parameters": parameters or {}, "Resources": resources}))
        snapshot = collect_snapshot([file], selection={name: None})
        columns = [column.name for column in table(name).all_columns]
        (made,) = [row for row in rows_of(snapshot, table(name), columns) if row["resource"] == "It"]
        return dict(made)

    return find


def test_what_an_instance_leaves_to_its_launch_template(row: Any) -> None:
    alone = row("aws_ec2_instance", "AWS::EC2::Instance", {})
    assert alone["left_to_launch_template"] == []
    used = {"LaunchTemplate": {"LaunchTemplateId": "lt-1"}, "MetadataOptions": {"HttpTokens": "required"}}
    launched = row("aws_ec2_instance", "AWS::EC2::Instance", used)
    assert "UserData" in launched["left_to_launch_template"]
    assert "MetadataOptions" not in launched["left_to_launch_template"]


@pytest.mark.parametrize(
    ("interface", "asks", "left"),
    [
        ({"AssociatePublicIpAddress": True}, True, False),
        ({"AssociatePublicIpAddress": False}, False, False),
        ({}, False, True),
    ],
)
def test_who_decides_on_a_public_address(row: Any, interface: Template, asks: bool, left: bool) -> None:
    instance = row(
        "aws_ec2_instance", "AWS::EC2::Instance", {"NetworkInterfaces": [{"SubnetId": "s", **interface}]}
    )
    assert (instance["associate_public_ip_address"], instance["public_address_left_to_subnet"]) == (asks, left)
    assert instance["subnet_id"] == "s"


@pytest.mark.parametrize(
    ("kind", "virtualization"), [("c7g.large", "hvm"), ("t3.micro", "hvm"), ("m3.large", None)]
)
def test_virtualization_goes_by_the_family(row: Any, kind: str, virtualization: str | None) -> None:
    instance = row("aws_ec2_instance", "AWS::EC2::Instance", {"InstanceType": kind})
    assert instance["virtualization_type"] == virtualization


PARAMETERS = {
    "FromStore": {
        "Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
        "Default": "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    },
    "Open": {"Type": "String"},
}


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ({"Ref": "FromStore"}, True),
        ("{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}", True),
        ("resolve:ssm:/golden/linux", True),
        ("ami-0123456789abcdef0", False),
        ({"Ref": "Open"}, None),
    ],
)
def test_an_image_that_a_parameter_names(row: Any, image: Any, told: bool | None) -> None:
    data = {"LaunchTemplateData": {"ImageId": image}}
    template = row("aws_ec2_launch_template", "AWS::EC2::LaunchTemplate", data, parameters=PARAMETERS)
    assert template["image_from_parameter"] is told


def test_nodes_take_the_version_of_their_cluster(row: Any) -> None:
    nodes = row("aws_eks_node_group", "AWS::EKS::Nodegroup", {"ClusterName": "main"})
    assert (nodes["version"], nodes["release_version"], nodes["minor_version"]) == ("", "", None)


def permission(principal: str, **more: Any) -> Template:
    what = {"FunctionName": {"Ref": "It"}, "Action": "lambda:InvokeFunctionUrl", "Principal": principal}
    return {"Type": "AWS::Lambda::Permission", "Properties": {**what, **more}}


@pytest.mark.parametrize(
    ("more", "public"),
    [
        ({}, True),
        ({"FunctionUrlAuthType": "AWS_IAM"}, True),
        ({"FunctionUrlAuthType": "NONE"}, False),
        ({"InvokedViaFunctionUrl": True}, False),
    ],
)
def test_calls_of_the_url_are_told_by_the_url(row: Any, more: Template, public: bool) -> None:
    function = row("aws_lambda_function", "AWS::Lambda::Function", {}, Allow=permission("*", **more))
    assert function["policy_public"] is public


def test_services_that_do_not_wait(row: Any) -> None:
    allow = {"Sns": permission("sns.amazonaws.com"), "Api": permission("apigateway.amazonaws.com")}
    function = row("aws_lambda_function", "AWS::Lambda::Function", {}, **allow)
    assert function["asynchronous_sources"] == ["sns.amazonaws.com"]
    assert function["event_invoke_configured"] is False
    invoke = {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {"FunctionName": {"Ref": "It"}, "Qualifier": "1"},
    }
    assert (
        row("aws_lambda_function", "AWS::Lambda::Function", {}, Invoke=invoke)["event_invoke_configured"] is True
    )


def test_a_detector_has_no_runtime_monitoring_unless_asked(row: Any) -> None:
    detector = row("aws_guardduty_detector", "AWS::GuardDuty::Detector", {"Enable": True})
    assert detector["runtime_monitoring_enabled"] is False
    assert detector["s3_protection_enabled"] is None


TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("principal", "others"),
    [
        ({"AWS": "arn:aws:iam::111122223333:root"}, ["111122223333"]),
        (
            {"AWS": ["111122223333", "arn:aws:sts::444455556666:assumed-role/a/b"]},
            ["111122223333", "444455556666"],
        ),
        ({"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}, []),
        ({"Service": "ec2.amazonaws.com"}, []),
        ({"AWS": {"Ref": "Open"}}, None),
    ],
)
def test_the_other_accounts_that_a_role_trusts(row: Any, principal: Template, others: list[str] | None) -> None:
    policy = {"Statement": [{**TRUST, "Principal": principal}]}
    role = row(
        "aws_policy_statement", "AWS::IAM::Role", {"AssumeRolePolicyDocument": policy}, parameters=PARAMETERS
    )
    assert role["other_accounts"] == others


def test_a_managed_policy_is_found_by_its_arn(row: Any) -> None:
    policy = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    statement = row("aws_policy_statement", "AWS::IAM::ManagedPolicy", {"PolicyDocument": policy})
    assert statement["policy_arn"] == "It"

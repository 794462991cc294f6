"""EC2 tables over HTTP. Moto lacks `describe_instance_image_metadata` (aws_ec2_instance_image)."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from demarcate.estate.schema.secrets import secrets_in_data
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.tables.ec2 import unencrypted_devices
from tests.aws.conftest import REGION, Aws


def _image(aws: Aws) -> str:
    images = aws.client("ec2").describe_images(Owners=["amazon"])["Images"]
    return str(next(image["ImageId"] for image in images if image.get("Platform") != "windows"))


@pytest.mark.usefixtures("images")
def test_instances(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    (made, gone) = ec2.run_instances(
        ImageId=_image(aws),
        MinCount=2,
        MaxCount=2,
        InstanceType="t3.micro",
        UserData="#!/bin/sh\nexport DB_PASSWORD=correct-horse\n",
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "aws:ec2launchtemplate:id", "Value": "lt-1"}]}
        ],
    )["Instances"]
    ec2.terminate_instances(InstanceIds=[gone["InstanceId"]])
    (row,) = aws.rows("aws_ec2_instance")
    assert row["instance_id"] == made["InstanceId"]
    assert row["arn"] == f"arn:aws:ec2:{REGION}:123456789012:instance/{made['InstanceId']}"
    assert row["instance_state"] == "running"
    assert row["metadata_http_tokens"] == "required"
    assert row["metadata_http_put_response_hop_limit"] == 2
    assert row["platform"] == ""
    assert row["user_data_secrets"] == ["a password"]
    assert row["disable_api_termination"] is False
    assert row["launch_template_id"] == "lt-1"
    assert row["iam_instance_profile_arn"] == ""
    assert row["network_interface_count"] == 1
    assert row["launch_time"] is not None


@pytest.mark.usefixtures("images")
def test_images(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    instance = ec2.run_instances(ImageId=_image(aws), MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    image = ec2.create_image(InstanceId=instance, Name="golden")["ImageId"]
    ec2.modify_image_attribute(
        ImageId=image, Attribute="launchPermission", OperationType="add", UserGroups=["all"]
    )
    (row,) = aws.rows("aws_ec2_ami")
    assert row["image_id"] == image
    assert row["name"] == "golden"
    assert row["public"] is True
    assert row["creation_date"] is not None


def test_launch_templates(aws: Aws) -> None:
    aws.client("ec2").create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={
            "ImageId": "ami-1",
            "MetadataOptions": {"HttpTokens": "required"},
            "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}],
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}},
                {"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": 8}},
            ],
        },
    )
    (row,) = aws.rows("aws_ec2_launch_template")
    assert row["launch_template_name"] == "web"
    assert row["image_id"] == "ami-1"
    assert row["metadata_http_tokens"] == "required"
    assert row["metadata_http_endpoint"] == ""
    assert row["associate_public_ip_address"] is True
    assert row["unencrypted_devices"] == ["/dev/xvdb"]
    assert row["user_data_secrets"] == []


def test_network_interfaces(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    made = ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]
    (row,) = aws.rows("aws_ec2_network_interface")
    assert row["network_interface_id"] == made["NetworkInterfaceId"]
    assert row["security_group_ids"] == [group]
    assert row["association_public_ip"] == ""


def test_transit_gateways(aws: Aws) -> None:
    aws.client("ec2").create_transit_gateway(Options={"AutoAcceptSharedAttachments": "enable"})
    (row,) = aws.rows("aws_ec2_transit_gateway")
    assert row["auto_accept_shared_attachments"] == "enable"
    assert json.loads(row["tags"]) == {}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("yum update -y", []),
        ("TOKEN=`curl -X PUT http://169.254.169.254/latest/api/token`", []),
        ("DB_PASSWORD=$(aws ssm get-parameter --name /db)", []),
        ("key AKIAIOSFODNN7EXAMPLE", ["an AWS access key"]),
        ("psql postgres://app:hunter22@db/app", ["a password in a URL"]),
        ("-----BEGIN RSA PRIVATE KEY-----", ["a private key"]),
        ('{"clientSecret": "abcdefgh"}', ["a password"]),
    ],
)
def test_user_data_is_searched_for_secrets(text: str, kinds: list[str]) -> None:
    assert secrets_in_data(base64.b64encode(text.encode()).decode()) == kinds
    assert secrets_in_data(base64.b64encode(gzip.compress(text.encode())).decode()) == kinds


def test_a_volume_of_a_snapshot_is_encrypted_as_the_snapshot_is() -> None:
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1"}}
    assert isinstance(unencrypted_devices([mapping]), Unknown)
    ephemeral = {"DeviceName": "/dev/xvdb", "VirtualName": "ephemeral0"}
    assert isinstance(unencrypted_devices([ephemeral]), Unknown), "the image has a volume of its own"
    assert unencrypted_devices([ephemeral, {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}]) == []

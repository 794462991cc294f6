"""Auto Scaling tables over HTTP."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_groups(aws: Aws) -> None:
    template = aws.client("ec2").create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    aws.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["eu-west-1a", "eu-west-1b"],
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
        Tags=[{"Key": "env", "Value": "prod"}],
    )
    (row,) = aws.rows("aws_ec2_autoscaling_group")
    assert row["name"] == "web"
    assert row["uses_launch_template"] is True
    assert (row["launch_template_id"], row["launch_template_version"]) == (template, "$Latest")
    assert row["availability_zones"] == ["eu-west-1a", "eu-west-1b"]
    assert row["health_check_type"] == "EC2"
    assert row["load_balanced"] is False
    assert row["max_instance_lifetime"] == 0
    assert row["instance_type_count"] == 1


def test_launch_configurations(aws: Aws) -> None:
    aws.client("autoscaling").create_launch_configuration(
        LaunchConfigurationName="old",
        ImageId="ami-12c6146b",
        InstanceType="t3.micro",
        MetadataOptions={"HttpTokens": "optional"},
        AssociatePublicIpAddress=True,
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "Encrypted": False}}],
    )
    (row,) = aws.rows("aws_ec2_launch_configuration")
    assert row["name"] == "old"
    assert row["metadata_http_tokens"] == "optional"
    assert row["associate_public_ip_address"] is True
    assert row["unencrypted_devices"] == ["/dev/xvda"]

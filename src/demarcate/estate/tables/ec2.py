"""Amazon EC2: instances, images and launch templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.secrets import secrets_in_data
from demarcate.estate.schema.standins import PARAMETER, StandIn
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Each,
    From,
    Int,
    ManagedBy,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import as_list, each, present
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables.ebs import encryption_asked
from demarcate.estate.tables.ec2_tags import eks_cluster, tag

IMAGE_DECIDES: Final = Unknown(Kind.INDIRECT, "no volume is declared: the image decides about its own")


def unencrypted_devices(mappings: list[Any]) -> Any:
    """The devices of block device mappings whose volumes are not asked to be encrypted."""
    devices: list[Any] = []
    unsure: Unknown | None = None
    volumes = 0
    for mapping in mappings:
        encrypted = _encrypted(mapping)
        if encrypted is None:
            continue
        volumes += 1
        if isinstance(encrypted, Unknown):
            unsure = unsure or encrypted
        elif not encrypted:
            name = mapping.get("DeviceName", "?")
            devices.append("?" if isinstance(name, Unknown) else name)
    return devices or unsure or ([] if volumes else IMAGE_DECIDES)


def _encrypted(mapping: Any) -> Any:
    """Whether the volume of a block device mapping is asked to be encrypted; None where it has none."""
    if isinstance(mapping, Unknown):
        return mapping
    ebs, without = mapping.get("Ebs"), mapping.get("NoDevice", False)
    if ebs is None or isinstance(ebs, Unknown):
        return ebs
    encrypted = encryption_asked(ebs)
    if not (isinstance(without, Unknown) or without in (False, "false")):
        return None
    return without if isinstance(without, Unknown) and encrypted is not True else encrypted


def _asks_for_public_address(interfaces: list[Any]) -> Any:
    """Whether any interface asks for a public address; ABSENT where none says anything."""
    told = [
        interface if isinstance(interface, Unknown) else interface.get("AssociatePublicIpAddress")
        for interface in interfaces
    ]
    told = [answer for answer in told if answer is not None]
    if True in told:
        return True
    unknown = next((answer for answer in told if isinstance(answer, Unknown)), None)
    return unknown or (False if told else ABSENT)


def _has_public_address(instance: dict[str, Any]) -> bool:
    interfaces = instance.get("NetworkInterfaces", [])
    addresses = [instance.get("PublicIpAddress")] + [
        interface.get("Association", {}).get("PublicIp") for interface in interfaces
    ]
    return any(addresses)


def _own(member: str, default: Any, function: Callable[[Any], Any] = lambda value: value) -> From:
    """A property of a declared instance, and its default unless a launch template may say otherwise."""

    def get(properties: dict[str, Any]) -> Any:
        value = properties.get(member)
        if value is None:
            return (
                Unknown(Kind.INDIRECT, "its launch template may say")
                if "LaunchTemplate" in properties
                else default
            )
        return value if isinstance(value, Unknown) else function(value)

    return From("@", get)


def _negated(asks: Any) -> Any:
    return asks if isinstance(asks, Unknown) else asks is ABSENT


_LEFT = (
    *("DisableApiTermination", "IamInstanceProfile", "ImageId", "KeyName", "MetadataOptions", "Monitoring"),
    *("NetworkInterfaces", "UserData"),
)


def _left(properties: dict[str, Any]) -> Any:
    """What a declared instance leaves to its launch template."""
    template = properties.get("LaunchTemplate")
    if template is None or isinstance(template, Unknown):
        return template or []
    return [name for name in _LEFT if name not in properties]


def _declares_public_address(properties: dict[str, Any]) -> Any:
    """Whether a declared instance asks for a public address, so that its subnet does not decide."""
    interfaces = properties.get("NetworkInterfaces", [])
    return interfaces if isinstance(interfaces, Unknown) else _asks_for_public_address(interfaces)


def _subnet(properties: dict[str, Any]) -> Any:
    interfaces = properties.get("NetworkInterfaces", [])
    own = properties.get("SubnetId")
    if own is not None or isinstance(interfaces, Unknown):
        return own or interfaces
    first = interfaces[0] if interfaces else {}
    return first if isinstance(first, Unknown) else first.get("SubnetId", ABSENT)


def _from_parameter(data: dict[str, Any]) -> bool | Unknown:
    """Whether a declared launch template's image is read from Systems Manager when it is deployed."""
    image = data.get("ImageId", "")
    if isinstance(image, Unknown):
        return image.kind is Kind.PARAMETER_STORE or image
    if isinstance(image, StandIn) and image.refers_to(PARAMETER):
        return True
    return bool(image.startswith("resolve:ssm:"))


_PARAVIRTUAL = frozenset(("c1", "c3", "hs1", "m1", "m2", "m3", "t1"))
"""The instance families that can be virtualized in either way. Source: "AMI types" of the EC2 User Guide."""


def _virtualization(instance_type: str) -> str | Unknown:
    family = instance_type.partition(".")[0]
    return Unknown(Kind.INDIRECT, f"the image of the {instance_type} decides") if family in _PARAVIRTUAL else "hvm"


def _enabled(value: bool) -> str:
    return "enabled" if value else "disabled"


INSTANCE = Table(
    "aws_ec2_instance",
    "An EC2 instance that is not terminated.",
    service="ec2",
    live=Each(
        "ec2.describe_instances",
        "Reservations[].Instances[]",
        params={
            "Filters": [
                {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
            ]
        },
        by={"InstanceIds[]": "instance_id"},
    ),
    details={
        "termination": Call(
            "ec2.describe_instance_attribute",
            inputs={"InstanceId": "InstanceId"},
            params={"Attribute": "disableApiTermination"},
        ),
        "user_data": Call(
            "ec2.describe_instance_attribute",
            inputs={"InstanceId": "InstanceId"},
            params={"Attribute": "userData"},
        ),
    },
    cloudformation="AWS::EC2::Instance",
    ref_attributes=("InstanceId",),
    gone=("instance_state", "shutting-down", "terminated"),
    columns=(
        Text("instance_id", live="InstanceId", cloudformation=REF),
        Arn("arn:{partition}:ec2:{region}:{account_id}:instance/{instance_id}", cloudformation=REF),
        Text("instance_type", live="InstanceType"),
        Text("instance_state", live="State.Name", about="pending, running, stopping or stopped."),
        Text("image_id", live="ImageId"),
        Text("platform", live=From("Platform", str.lower), absent="", about="windows, or empty."),
        Text("platform_details", live="PlatformDetails"),
        Text("architecture", live="Architecture"),
        Text(
            "virtualization_type",
            live="VirtualizationType",
            cloudformation=From("InstanceType", _virtualization),
        ),
        Text("vpc_id", live="VpcId", absent=""),
        Text("subnet_id", live=From("SubnetId", absent=""), cloudformation=From("@", _subnet)),
        Texts(
            "security_group_ids", live=From("SecurityGroups", each("GroupId")), cloudformation="SecurityGroupIds"
        ),
        Text("private_ip_address", live="PrivateIpAddress"),
        Text("public_ip_address", live="PublicIpAddress", absent=""),
        Bool(
            "associate_public_ip_address",
            live=From("@", _has_public_address),
            cloudformation=From("@", _declares_public_address, absent=False),
            about="Whether it has (or asks for) a public IPv4 address on any network interface.",
        ),
        Bool(
            "public_address_left_to_subnet",
            live=From("@", lambda _: False),
            cloudformation=From("@", lambda own: _negated(_declares_public_address(own))),
            about="Whether a template leaves it to the subnet (or launch template) to give it a public address.",
        ),
        Texts(
            "left_to_launch_template",
            live=From("@", lambda _: []),
            cloudformation=From("@", _left),
            about="The properties that a template leaves to the launch template. AWS tells what is in force.",
        ),
        Int(
            "network_interface_count",
            live=From("NetworkInterfaces", len),
            cloudformation=_own("NetworkInterfaces", 1, len),
        ),
        Bool("source_dest_check", live="SourceDestCheck", cloudformation=_own("SourceDestCheck", True)),
        Text("key_name", live=From("KeyName", absent=""), cloudformation=_own("KeyName", "")),
        Text(
            "iam_instance_profile_arn",
            live=From("IamInstanceProfile.Arn", absent=""),
            cloudformation=_own("IamInstanceProfile", ""),
            about="In a template the profile's name.",
        ),
        Text("metadata_http_tokens", live="MetadataOptions.HttpTokens"),
        Text(
            "metadata_http_endpoint",
            live="MetadataOptions.HttpEndpoint",
        ),
        Int(
            "metadata_http_put_response_hop_limit",
            live="MetadataOptions.HttpPutResponseHopLimit",
        ),
        Text(
            "monitoring_state",
            live="Monitoring.State",
            cloudformation=_own("Monitoring", "disabled", _enabled),
            about="enabled: detailed monitoring, a minute apart.",
        ),
        Bool("ebs_optimized", live="EbsOptimized"),
        Bool(
            "disable_api_termination",
            live="@termination.DisableApiTermination.Value",
            cloudformation=_own("DisableApiTermination", False),
        ),
        Text("root_device_type", live="RootDeviceType"),
        Text("root_device_name", live="RootDeviceName"),
        Texts(
            "volume_ids",
            live=From("BlockDeviceMappings[].Ebs.VolumeId", as_list),
            about="The EBS volumes attached to it.",
        ),
        Texts(
            "user_data_secrets",
            live=From("@user_data.UserData.Value", secrets_in_data, absent=[]),
            cloudformation=_own("UserData", [], secrets_in_data),
            about="What kinds of secrets its user data seems to hold; never their values.",
        ),
        Text(
            "launch_template_id",
            live=From("Tags", tag("aws:ec2launchtemplate:id")),
            cloudformation=From("LaunchTemplate.LaunchTemplateId"),
            absent="",
        ),
        Text(
            "autoscaling_group_name",
            live=From("Tags", tag("aws:autoscaling:groupName")),
            cloudformation=From("@", lambda _: ""),
            absent="",
        ),
        Text(
            "eks_cluster",
            live=From("Tags", eks_cluster),
            absent="",
            about="The EKS cluster that its tags say it is a node of; '' for none.",
        ),
        Text(
            "eks_node_group",
            live=From("Tags", tag("eks:nodegroup-name")),
            cloudformation=From("@", lambda _: ""),
            absent="",
            about="The managed node group that started it; '' for none.",
        ),
        Text("instance_lifecycle", live="InstanceLifecycle", absent="", about="spot, scheduled, …, or empty."),
        Time("launch_time", live="LaunchTime"),
        Text("state_transition_reason", live="StateTransitionReason", absent=""),
        ManagedBy(live="Operator.Principal"),
        Tags(live="Tags"),
    ),
)

INSTANCE_IMAGE = Table(
    "aws_ec2_instance_image",
    "What is known of the image that an instance was launched from, whoever owns it.",
    service="ec2",
    live=Each(
        "ec2.describe_instance_image_metadata",
        "InstanceImageMetadata[]",
        params={
            "Filters": [
                {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
            ]
        },
    ),
    columns=(
        Text("instance_id", live="InstanceId"),
        Arn("arn:{partition}:ec2:{region}:{account_id}:instance/{instance_id}"),
        Text("image_id", live="ImageMetadata.ImageId"),
        Text("image_name", live="ImageMetadata.Name"),
        Text("image_owner_id", live="ImageMetadata.OwnerId"),
        Text(
            "image_owner_alias",
            live="ImageMetadata.ImageOwnerAlias",
            absent="",
            about="amazon, aws-marketplace, …",
        ),
        Text("image_state", live="ImageMetadata.State"),
        Bool("image_public", live="ImageMetadata.IsPublic"),
        Bool(
            "image_allowed",
            live="ImageMetadata.ImageAllowed",
            about="Whether the account's settings of allowed images let it be launched, as they are or would be.",
        ),
        Time("image_creation_date", live=From("ImageMetadata.CreationDate", str)),
        Time("image_deprecation_time", live=From("ImageMetadata.DeprecationTime", str)),
        Bool("image_deprecates", live=From("ImageMetadata.DeprecationTime", present), absent=False),
        Time("launch_time", live="LaunchTime"),
        ManagedBy(live="Operator.Principal"),
    ),
)


def _all_encrypted(mappings: list[dict[str, Any]]) -> Any:
    told = [mapping["Ebs"].get("Encrypted") for mapping in mappings if "Ebs" in mapping]
    return False if False in told else (ABSENT if None in told else True)


AMI = Table(
    "aws_ec2_ami",
    "An Amazon machine image that the account owns.",
    service="ec2",
    live=Each("ec2.describe_images", "Images[]", params={"Owners": ["self"]}, by={"ImageIds[]": "image_id"}),
    gone=("state", "invalid", "deregistered", "failed", "error"),
    columns=(
        Text("image_id", live="ImageId"),
        Arn("arn:{partition}:ec2:{region}::image/{image_id}"),
        Text("name", live="Name"),
        Text("state", live="State"),
        Text("owner_id", live="OwnerId"),
        Bool("public", live="Public", about="Whether every AWS account may launch it."),
        Bool(
            "encrypted",
            live=From("BlockDeviceMappings", _all_encrypted),
            about="Whether the snapshots of all of its EBS volumes are encrypted.",
        ),
        Text("platform_details", live="PlatformDetails"),
        Text("architecture", live="Architecture"),
        Text(
            "imds_support", live="ImdsSupport", absent="", about="v2.0: its instances require IMDSv2 by default."
        ),
        Text("deregistration_protection", live="DeregistrationProtection"),
        Text("source_image_id", live="SourceImageId", absent=""),
        Time("creation_date", live=From("CreationDate", str)),
        Time("deprecation_time", live=From("DeprecationTime", str)),
        Time("last_launched_time", live=From("LastLaunchedTime", str)),
        Tags(live="Tags", cloudformation=None),
    ),
)


def _data(path: str) -> str:
    """Where the default version of a launch template has it."""
    return f"@default.LaunchTemplateVersions[0].LaunchTemplateData.{path}"


LAUNCH_TEMPLATE = Table(
    "aws_ec2_launch_template",
    "A launch template, with what its default version says.",
    service="ec2",
    live=Each(
        "ec2.describe_launch_templates", "LaunchTemplates[]", by={"LaunchTemplateIds[]": "launch_template_id"}
    ),
    details={
        "default": Call(
            "ec2.describe_launch_template_versions",
            inputs={"LaunchTemplateId": "LaunchTemplateId"},
            params={"Versions": ["$Default"]},
        ),
    },
    cloudformation="AWS::EC2::LaunchTemplate",
    ref_attributes=("LaunchTemplateId",),
    columns=(
        Text("launch_template_id", live="LaunchTemplateId", cloudformation=REF),
        Arn("arn:{partition}:ec2:{region}:{account_id}:launch-template/{launch_template_id}", cloudformation=REF),
        Text("launch_template_name", live="LaunchTemplateName"),
        Int("default_version_number", live="DefaultVersionNumber"),
        Int("latest_version_number", live="LatestVersionNumber"),
        Time("create_time", live="CreateTime"),
        Text("created_by", live="CreatedBy"),
        Text(
            "image_id",
            live=_data("ImageId"),
            cloudformation="LaunchTemplateData.ImageId",
            absent="",
            about="An image id, or a parameter that holds one (resolve:ssm:…).",
        ),
        Bool(
            "image_from_parameter",
            live=From(_data("ImageId"), lambda image: image.startswith("resolve:ssm:")),
            cloudformation=From("LaunchTemplateData", _from_parameter),
            absent=False,
            about="Whether a Systems Manager parameter names the image, which is then the current one.",
        ),
        Text(
            "instance_type",
            live=_data("InstanceType"),
            cloudformation="LaunchTemplateData.InstanceType",
            absent="",
        ),
        Text(
            "metadata_http_tokens",
            live=_data("MetadataOptions.HttpTokens"),
            cloudformation="LaunchTemplateData.MetadataOptions.HttpTokens",
            absent="",
            about="required, optional, or empty: left to the account's default and the image.",
        ),
        Text(
            "metadata_http_endpoint",
            live=_data("MetadataOptions.HttpEndpoint"),
            cloudformation="LaunchTemplateData.MetadataOptions.HttpEndpoint",
            absent="",
            about="enabled, disabled, or empty: left to the account's default.",
        ),
        Int(
            "metadata_http_put_response_hop_limit",
            live=_data("MetadataOptions.HttpPutResponseHopLimit"),
            cloudformation="LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit",
        ),
        Bool(
            "associate_public_ip_address",
            live=From(_data("NetworkInterfaces"), _asks_for_public_address),
            cloudformation=From("LaunchTemplateData.NetworkInterfaces", _asks_for_public_address),
            absent=False,
            about="Whether it asks for a public address; a subnet may still assign one.",
        ),
        Texts(
            "security_group_ids",
            live=_data("SecurityGroupIds"),
            cloudformation="LaunchTemplateData.SecurityGroupIds",
            absent=[],
        ),
        Texts(
            "unencrypted_devices",
            live=From(_data("BlockDeviceMappings"), unencrypted_devices),
            cloudformation=From("LaunchTemplateData.BlockDeviceMappings", unencrypted_devices),
            absent=IMAGE_DECIDES,
            about="The devices whose volumes it does not ask to be encrypted; unknown where it declares no volume.",
        ),
        Bool(
            "monitoring_enabled",
            live=_data("Monitoring.Enabled"),
            cloudformation="LaunchTemplateData.Monitoring.Enabled",
            absent=False,
            about="Whether detailed monitoring is asked for.",
        ),
        Bool(
            "disable_api_termination",
            live=_data("DisableApiTermination"),
            cloudformation="LaunchTemplateData.DisableApiTermination",
            absent=False,
        ),
        Text("key_name", live=_data("KeyName"), cloudformation="LaunchTemplateData.KeyName", absent=""),
        Texts(
            "user_data_secrets",
            live=From(_data("UserData"), secrets_in_data),
            cloudformation=From("LaunchTemplateData.UserData", secrets_in_data),
            absent=[],
            about="What kinds of secrets its user data seems to hold; never their values.",
        ),
        ManagedBy(live="Operator.Principal"),
        Tags(live="Tags", cloudformation=None),
    ),
)

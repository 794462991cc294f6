"""Amazon EKS: clusters, their nodes, add-ons and Fargate profiles, and the Kubernetes versions on offer."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Each,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import each, present
from demarcate.estate.schema.unknown import first_unknown
from demarcate.estate.tables.published_images import NODE_RELEASES, offered

_CLUSTERS = Each("eks.list_clusters", "clusters[]")


def _enabled_types(groups: Any) -> Any:
    return sorted({type_ for group in groups if group.get("enabled") for type_ in group.get("types", [])})


def _flat(lists: Any) -> Any:
    return first_unknown(lists) or sorted({item for items in lists for item in items})


def _minor(version: Any) -> Any:
    return int(str(version).split(".")[1])


def _released(version: Any) -> Any:
    """The day of a node image's release, which all but Bottlerocket's have in their names."""
    day = re.search(r"-(20\d\d)\.?(\d\d)\.?(\d\d)$", version)
    return datetime.strptime("".join(day.groups()), "%Y%m%d") if day else ABSENT


CLUSTER = Table(
    "aws_eks_cluster",
    "An EKS cluster: its control plane.",
    service="eks",
    live=(_CLUSTERS, Each("eks.describe_cluster", "cluster", inputs={"name": "@"}, by={"name": "name"})),
    cloudformation="AWS::EKS::Cluster",
    ref_property="Name",
    gone=("status", "DELETING", "FAILED"),
    columns=(
        Text("name", live="name", cloudformation=REF),
        Arn(live="arn"),
        Text("status", live="status"),
        Text("version", live="version", about="Kubernetes, such as 1.34."),
        Int(
            "minor_version",
            live=From("version", _minor),
            about="34 for Kubernetes 1.34.",
        ),
        Text("platform_version", live="platformVersion"),
        Time("created_at", live="createdAt"),
        Text("role_arn", live="roleArn"),
        Text(
            "support_type",
            live="upgradePolicy.supportType",
            cloudformation=From("UpgradePolicy.SupportType", absent="EXTENDED"),
            about="What happens after standard support: STANDARD (it is upgraded) or EXTENDED (it is paid for).",
        ),
        Bool(
            "endpoint_public_access",
            live="resourcesVpcConfig.endpointPublicAccess",
            cloudformation=From("ResourcesVpcConfig.EndpointPublicAccess", absent=True),
        ),
        Bool(
            "endpoint_private_access",
            live="resourcesVpcConfig.endpointPrivateAccess",
            cloudformation=From("ResourcesVpcConfig.EndpointPrivateAccess", absent=False),
        ),
        Texts(
            "public_access_cidrs",
            live="resourcesVpcConfig.publicAccessCidrs",
            absent=["0.0.0.0/0"],
            about="Who may reach the public endpoint; everyone, where nothing is said.",
        ),
        Text("vpc_id", live="resourcesVpcConfig.vpcId"),
        Texts(
            "subnet_ids",
            live="resourcesVpcConfig.subnetIds",
        ),
        Texts(
            "security_group_ids",
            live="resourcesVpcConfig.securityGroupIds",
            absent=[],
        ),
        Texts(
            "logging_types",
            live=From("logging.clusterLogging", _enabled_types),
            cloudformation="Logging.ClusterLogging.EnabledTypes[].Type",
            absent=[],
            about="The control plane's logs that are sent to CloudWatch: api, audit, authenticator, …",
        ),
        Texts(
            "encrypted_resources",
            live=From("encryptionConfig[].resources", _flat),
            absent=[],
            about="What is encrypted with a KMS key of the owner's: secrets.",
        ),
        Text(
            "encryption_key_arn",
            live="encryptionConfig[0].provider.keyArn",
            absent="",
        ),
        Text(
            "authentication_mode",
            live="accessConfig.authenticationMode",
            cloudformation=From("AccessConfig.AuthenticationMode", absent="CONFIG_MAP"),
            about="Who may sign in is told by access entries (API), a config map, or both.",
        ),
        Bool(
            "deletion_protection",
            live="deletionProtection",
            absent=False,
        ),
        Bool(
            "auto_mode_enabled",
            live="computeConfig.enabled",
            absent=False,
            about="Whether EKS runs and patches the nodes itself (EKS Auto Mode).",
        ),
        Bool(
            "hybrid_nodes_enabled",
            live=From("remoteNetworkConfig.remoteNodeNetworks", present),
            absent=False,
            about="Whether machines outside AWS may be nodes (EKS Hybrid Nodes).",
        ),
        Tags(live="tags"),
    ),
)

NODE_GROUP = Table(
    "aws_eks_node_group",
    "A managed node group of an EKS cluster.",
    service="eks",
    live=(
        _CLUSTERS,
        Each("eks.list_nodegroups", "nodegroups[]", inputs={"clusterName": "@"}),
        Each("eks.describe_nodegroup", "nodegroup", inputs={"clusterName": "^", "nodegroupName": "@"}),
    ),
    details={"images": NODE_RELEASES},
    cloudformation="AWS::EKS::Nodegroup",
    gone=("status", "DELETING", "CREATE_FAILED"),
    columns=(
        Text("nodegroup_name", live="nodegroupName"),
        Arn(live="nodegroupArn"),
        Text("cluster_name", live="clusterName"),
        Text("status", live="status"),
        Text(
            "ami_type",
            live="amiType",
            about="The image family that EKS maintains, or CUSTOM for one of the owner's.",
        ),
        Text(
            "version",
            live="version",
            cloudformation=From("Version", absent=""),
            about="Kubernetes on the nodes; in a template, empty where it is the cluster's.",
        ),
        Int("minor_version", live=From("version", _minor)),
        Text(
            "release_version",
            live="releaseVersion",
            cloudformation=From("ReleaseVersion", absent=""),
            about="The release of the node image, an image's id where ami_type is CUSTOM; in a template, empty "
            "where it is the latest.",
        ),
        Time(
            "release_date",
            live=From("releaseVersion", _released),
            about="When AWS released the node image, where its release tells.",
        ),
        Json(
            "offered_releases",
            live=From("@images", offered),
            about="The releases of its image that AWS publishes, each as `release` with the `version` of Kubernetes "
            "that it is for; none where the image is the owner's.",
        ),
        Text(
            "capacity_type",
            live="capacityType",
            absent="ON_DEMAND",
        ),
        Text("launch_template_id", live="launchTemplate.id", absent=""),
        Text("launch_template_name", live="launchTemplate.name", absent=""),
        Text(
            "launch_template_version",
            live="launchTemplate.version",
            absent="",
        ),
        Texts("instance_types", live="instanceTypes", absent=[]),
        Texts("subnets", live="subnets"),
        Text("node_role", live="nodeRole"),
        Bool(
            "node_repair_enabled",
            live="nodeRepairConfig.enabled",
            absent=False,
            about="Whether EKS replaces or restarts nodes that are unhealthy.",
        ),
        Int(
            "update_max_unavailable",
            live="updateConfig.maxUnavailable",
        ),
        Int(
            "update_max_unavailable_percentage",
            live="updateConfig.maxUnavailablePercentage",
        ),
        Text(
            "remote_access_ec2_ssh_key",
            live="remoteAccess.ec2SshKey",
            absent="",
            about="The key pair for SSH into the nodes; '' where there is none.",
        ),
        Texts(
            "remote_access_source_security_groups",
            live="remoteAccess.sourceSecurityGroups",
            absent=[],
            about="Who may use SSH; with a key and none of these, everyone may.",
        ),
        Texts("health_issues", live=From("health.issues", each("code")), absent=[]),
        Time("created_at", live="createdAt"),
        Time("modified_at", live="modifiedAt"),
        Tags(live="tags"),
    ),
)


def _offered(addons: Any) -> Any:
    """The versions of an add-on, each with the Kubernetes versions that it is for."""
    unknown = first_unknown(addons)
    return unknown or [
        {
            "version": version["addonVersion"],
            "clusters": [fits["clusterVersion"] for fits in version.get("compatibilities", [])],
        }
        for addon in addons
        for version in addon.get("addonVersions", [])
    ]


ADDON = Table(
    "aws_eks_addon",
    "An add-on that EKS installs in a cluster.",
    service="eks",
    live=(
        _CLUSTERS,
        Each("eks.list_addons", "addons[]", inputs={"clusterName": "@"}),
        Each("eks.describe_addon", "addon", inputs={"clusterName": "^", "addonName": "@"}),
    ),
    details={"versions": Call("eks.describe_addon_versions", inputs={"addonName": "addonName"})},
    cloudformation="AWS::EKS::Addon",
    gone=("status", "DELETING"),
    columns=(
        Text("addon_name", live="addonName"),
        Arn(live="addonArn"),
        Text("cluster_name", live="clusterName"),
        Text("addon_version", live="addonVersion"),
        Text("status", live="status"),
        Text("publisher", live="publisher"),
        Text(
            "owner",
            live="owner",
            cloudformation=From("@", lambda _: ""),
            about="aws, aws-marketplace or community. A template does not tell: there, it is empty.",
        ),
        Json(
            "offered_versions",
            live=From("@versions.addons", _offered),
            absent=[],
            about="The versions that EKS offers, each as `version` with the Kubernetes versions that it is for.",
        ),
        Text("marketplace_product_id", live="marketplaceInformation.productId", absent=""),
        Text(
            "service_account_role_arn",
            live="serviceAccountRoleArn",
            absent="",
        ),
        Texts("health_issues", live=From("health.issues", each("code")), absent=[]),
        Time("created_at", live="createdAt"),
        Time("modified_at", live="modifiedAt"),
        Tags(live="tags"),
    ),
)

FARGATE_PROFILE = Table(
    "aws_eks_fargate_profile",
    "Which pods of an EKS cluster run on Fargate.",
    service="eks",
    live=(
        _CLUSTERS,
        Each("eks.list_fargate_profiles", "fargateProfileNames[]", inputs={"clusterName": "@"}),
        Each(
            "eks.describe_fargate_profile",
            "fargateProfile",
            inputs={"clusterName": "^", "fargateProfileName": "@"},
        ),
    ),
    cloudformation="AWS::EKS::FargateProfile",
    gone=("status", "DELETING", "CREATE_FAILED"),
    columns=(
        Text("fargate_profile_name", live="fargateProfileName"),
        Arn(live="fargateProfileArn"),
        Text("cluster_name", live="clusterName"),
        Text("status", live="status"),
        Text("pod_execution_role_arn", live="podExecutionRoleArn"),
        Texts("subnets", live="subnets", absent=[]),
        Texts(
            "namespaces",
            live=From("selectors", each("namespace")),
            absent=[],
        ),
        Json("selectors", live="selectors", absent=[]),
        Time("created_at", live="createdAt"),
        Tags(live="tags"),
    ),
)

INSIGHT = Table(
    "aws_eks_insight",
    "What EKS finds that stands in the way of an upgrade of a cluster.",
    service="eks",
    live=(
        _CLUSTERS,
        Each(
            "eks.list_insights",
            "insights[]",
            inputs={"clusterName": "@"},
            params={"filter": {"categories": ["UPGRADE_READINESS"]}},
        ),
    ),
    columns=(
        Text("id", live="id"),
        Arn("arn:{partition}:eks:{region}:{account_id}:insight/{cluster_name}/{id}"),
        Text("cluster_name", live="^"),
        Text("name", live="name"),
        Text("kubernetes_version", live="kubernetesVersion", about="The version to which it is in the way."),
        Text("status", live="insightStatus.status", about="PASSING, WARNING, ERROR or UNKNOWN."),
        Text("reason", live="insightStatus.reason", absent=""),
        Time(
            "last_refresh_time",
            live="lastRefreshTime",
            about="Deprecated calls are looked for in the thirty days before it.",
        ),
        Time("last_transition_time", live="lastTransitionTime"),
    ),
)

ADDON_OWNER = Table(
    "aws_eks_addon_owner",
    "Who builds and publishes an add-on of EKS, for where the add-on itself does not tell.",
    service="eks",
    facts=True,
    columns=(
        Text("addon_name", about="Such as vpc-cni."),
        Text("owner", about="As EKS names it: aws, or community."),
    ),
)

CLUSTER_VERSION = Table(
    "aws_eks_cluster_version",
    "A Kubernetes version on EKS, and until when it is supported.",
    service="eks",
    live=Each("eks.describe_cluster_versions", "clusterVersions[]", params={"includeAll": True}),
    facts=True,
    columns=(
        Text("cluster_version", live="clusterVersion", about="Such as 1.34."),
        Arn("arn:{partition}:eks:{region}:{account_id}:cluster-version/{cluster_version}"),
        Text("version_status", live="versionStatus"),
        Bool("default_version", live="defaultVersion"),
        Time("release_date", live="releaseDate"),
        Time("end_of_standard_support_date", live="endOfStandardSupportDate"),
        Time("end_of_extended_support_date", live="endOfExtendedSupportDate"),
    ),
)

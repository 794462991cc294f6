"""EKS tables over HTTP. moto lacks add-ons and describe_cluster_versions."""

from __future__ import annotations

from tests.aws.conftest import Aws


def make(aws: Aws) -> None:
    aws.client("eks").create_cluster(
        name="main",
        version="1.34",
        roleArn="arn:aws:iam::123456789012:role/eks",
        resourcesVpcConfig={"subnetIds": ["subnet-1"], "endpointPublicAccess": True},
        logging={"clusterLogging": [{"types": ["audit"], "enabled": True}, {"types": ["api"], "enabled": False}]},
        encryptionConfig=[
            {"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-west-1:123456789012:key/1"}}
        ],
    )


def test_clusters(aws: Aws) -> None:
    make(aws)
    (row,) = aws.rows("aws_eks_cluster")
    assert row["arn"] == "arn:aws:eks:eu-west-1:123456789012:cluster/main"
    assert (row["name"], row["version"], row["minor_version"]) == ("main", "1.34", 34)
    assert row["logging_types"] == ["audit"]
    assert row["encrypted_resources"] == ["secrets"]


def test_node_groups(aws: Aws) -> None:
    make(aws)
    aws.client("eks").create_nodegroup(
        clusterName="main",
        nodegroupName="workers",
        subnets=["subnet-1"],
        nodeRole="arn:aws:iam::123456789012:role/node",
        amiType="AL2023_x86_64_STANDARD",
        remoteAccess={"ec2SshKey": "key"},
    )
    (row,) = aws.rows("aws_eks_node_group")
    assert (row["cluster_name"], row["nodegroup_name"]) == ("main", "workers")
    assert row["ami_type"] == "AL2023_x86_64_STANDARD"
    assert row["remote_access_ec2_ssh_key"] == "key"
    assert row["remote_access_source_security_groups"] == []


def test_fargate_profiles(aws: Aws) -> None:
    make(aws)
    aws.client("eks").create_fargate_profile(
        clusterName="main",
        fargateProfileName="jobs",
        podExecutionRoleArn="arn:aws:iam::123456789012:role/pods",
        selectors=[{"namespace": "jobs"}],
    )
    (row,) = aws.rows("aws_eks_fargate_profile")
    assert (row["cluster_name"], row["fargate_profile_name"]) == ("main", "jobs")
    assert row["namespaces"] == ["jobs"]

"""ECS tables over HTTP, and what a container's image and environment tell."""

from __future__ import annotations

from typing import Any

import pytest

from demarcate.estate.schema.secrets import plaintext_secrets, secret_name
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables.ecs import image_parts
from tests.aws.conftest import Aws


def register(aws: Aws, **container: Any) -> None:
    aws.client("ecs").register_task_definition(
        family="web",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "app", "image": "nginx", "memory": 128, **container}],
    )


def test_clusters(aws: Aws) -> None:
    aws.client("ecs").create_cluster(
        clusterName="main", settings=[{"name": "containerInsights", "value": "enabled"}]
    )
    (row,) = aws.rows("aws_ecs_cluster")
    assert row["arn"] == "arn:aws:ecs:eu-west-1:123456789012:cluster/main"
    assert (row["cluster_name"], row["container_insights"]) == ("main", "enabled")


def test_services(aws: Aws) -> None:
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="main")
    register(aws)
    subnet = aws.client("ec2").describe_subnets()["Subnets"][0]
    group = aws.client("ec2").create_security_group(GroupName="web", Description="web", VpcId=subnet["VpcId"])
    ecs.create_service(
        cluster="main",
        serviceName="web",
        taskDefinition="web",
        desiredCount=1,
        launchType="FARGATE",
        platformVersion="1.3.0",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": [subnet["SubnetId"]],
                "securityGroups": [group["GroupId"]],
                "assignPublicIp": "ENABLED",
            }
        },
    )
    (row,) = aws.rows("aws_ecs_service")
    assert (row["service_name"], row["launch_type"]) == ("web", "FARGATE")
    assert row["platform_version"] == "1.3.0"
    assert row["deployment_circuit_breaker_rollback"] is False


def test_only_the_latest_revision_of_a_task_definition_is_a_row(aws: Aws) -> None:
    register(aws)
    register(aws)
    (row,) = aws.rows("aws_ecs_task_definition")
    assert (row["family"], row["revision"], row["network_mode"]) == ("web", 2, "awsvpc")
    assert row["requires_compatibilities"] == ["FARGATE"]
    assert row["pid_mode"] == ""


def test_containers(aws: Aws) -> None:
    register(
        aws,
        image="nginx:1.29",
        privileged=True,
        environment=[{"name": "API_TOKEN", "value": "abc123"}, {"name": "STAGE", "value": "prod"}],
        logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "web"}},
    )
    (row,) = [row for row in aws.rows("aws_ecs_container_definition") if row["name"] == "app"]
    assert row["resource"] == "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1"
    assert (row["name"], row["image_tag"], row["image_digest"]) == ("app", "1.29", "")
    assert (row["privileged"], row["readonly_root_filesystem"], row["user"]) == (True, False, "")
    assert row["plaintext_secret_names"] == ["API_TOKEN"]
    assert row["log_driver"] == "awslogs"


@pytest.mark.parametrize(
    ("image", "tag", "digest"),
    [
        ("nginx", "latest", ""),
        ("localhost:5000/nginx", "latest", ""),
        ("nginx:1.29", "1.29", ""),
        ("nginx@sha256:ab", "", "sha256:ab"),
        ("nginx:1.29@sha256:ab", "1.29", "sha256:ab"),
        ("${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/app:7", "7", ""),
    ],
)
def test_an_image_is_named_by_tag_and_digest(image: str, tag: str, digest: str) -> None:
    assert image_parts(image) == (tag, digest)


def test_an_image_with_an_assigned_tag_is_not_known() -> None:
    image = StandIn("app:${AWS::StackName}", "app:${AWS::StackName}")
    assert isinstance(image_parts(image)[0], Unknown)


@pytest.mark.parametrize("name", ["DB_PASSWORD", "dbPassword", "GITHUB_TOKEN", "STRIPE_API_KEY", "secretKey"])
def test_names_of_secrets(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize("name", ["PARTITION_KEY", "SECRET_ARN", "TOKEN_TTL_SECONDS", "TABLE", "TOKENIZER", "KEY"])
def test_names_of_what_is_no_secret(name: str) -> None:
    assert not secret_name(name)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("hunter2", ["DB_PASSWORD"]),
        ("", []),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db", []),
        ("/prod/db/password", []),
    ],
)
def test_plaintext_secrets(value: str, names: list[str]) -> None:
    assert plaintext_secrets({"DB_PASSWORD": value}) == names


def test_a_secret_of_unknown_value_is_not_known() -> None:
    assert isinstance(plaintext_secrets({"DB_PASSWORD": Unknown(Kind.PARAMETER, "a parameter")}), Unknown)
    assert plaintext_secrets({"DB_PASSWORD": Unknown(Kind.PARAMETER, "a parameter"), "TOKEN": "abc"}) == ["TOKEN"]


def test_in_a_template_what_is_a_reference_is_not_known() -> None:
    reference = StandIn("Database.Secret", "${Database.Secret}")
    assert isinstance(plaintext_secrets({"DB_PASSWORD": reference}), Unknown)
    assert plaintext_secrets({"DB_PASSWORD": StandIn("Secret.Arn", "${Secret.Arn}")}) == []
    assert plaintext_secrets({"DB_PASSWORD": "Database.Secret"}) == ["DB_PASSWORD"]


def test_an_image_that_is_a_resource_of_a_template() -> None:
    assert image_parts(StandIn("Repository.RepositoryUri", "${Repository.RepositoryUri}")) == ("latest", "")
    assert image_parts(StandIn("a/b:1", "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/b:1")) == ("1", "")
    assert isinstance(image_parts(StandIn("Build.ImageUri", "${Build.ImageUri}"))[0], Unknown)
    assert isinstance(image_parts(StandIn("app:Tag", "app:${Tag}"))[0], Unknown)

"""Tables of CodeBuild, Batch, Glue, MSK and Amazon MQ over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws


def test_a_project_tells_its_secrets_and_keeps_none(aws: Aws) -> None:
    aws.client("codebuild").create_project(
        name="shop",
        source={"type": "GITHUB", "location": "https://builder:c0rrecthorse@github.com/example/shop.git"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [
                {"name": "DB_PASSWORD", "value": "Hunter2Horse", "type": "PLAINTEXT"},
                {"name": "TOKEN", "value": "build/token", "type": "SECRETS_MANAGER"},
            ],
        },
        serviceRole="arn:aws:iam::123456789012:role/service-role/builds",
    )
    (row,) = aws.rows("aws_codebuild_project")
    assert (row["name"], row["plaintext_secret_names"], row["source_secrets"]) == (
        "shop",
        ["DB_PASSWORD"],
        ["source"],
    )
    assert set(json.loads(row["environment_variables"])) == {"DB_PASSWORD", "TOKEN"}
    assert row["logs_enabled"] is True
    assert "Hunter2Horse" not in str(row) and "c0rrecthorse" not in str(row)


def test_a_job_definition(aws: Aws) -> None:
    made = aws.client("batch").register_job_definition(
        jobDefinitionName="nightly",
        type="container",
        containerProperties={
            "image": "busybox",
            "vcpus": 1,
            "memory": 128,
            "command": ["load", "--password", "Hunter2Horse"],
            "environment": [{"name": "STAGE", "value": "prod"}],
        },
    )
    (row,) = aws.rows("aws_batch_job_definition")
    assert (row["arn"], row["status"]) == (made["jobDefinitionArn"], "ACTIVE")
    assert (row["plaintext_secret_names"], row["privileged"]) == (["command"], False)
    assert "Hunter2Horse" not in str(row)


def test_glue(aws: Aws) -> None:
    client = aws.client("glue")
    client.create_job(
        Name="nightly",
        Role="jobs",
        Command={"Name": "glueetl", "ScriptLocation": "s3://scripts/a.py"},
        DefaultArguments={"--api-token": "a8q3xYz1kk"},
        GlueVersion="5.0",
    )
    client.create_connection(
        ConnectionInput={
            "Name": "warehouse",
            "ConnectionType": "JDBC",
            "ConnectionProperties": {
                "JDBC_CONNECTION_URL": "jdbc:postgresql://db.example.com/app",
                "JDBC_ENFORCE_SSL": "true",
                "USERNAME": "app",
            },
        }
    )
    (job,) = aws.rows("aws_glue_job")
    assert (job["command_name"], job["glue_version"], job["plaintext_secret_names"]) == (
        "glueetl",
        "5.0",
        ["--api-token"],
    )
    (connection,) = aws.rows("aws_glue_connection")
    assert (connection["jdbc_enforce_ssl"], connection["plaintext_secret_names"]) == ("true", [])


def test_a_kafka_cluster(aws: Aws) -> None:
    aws.client("kafka").create_cluster_v2(
        ClusterName="orders",
        Provisioned={
            "BrokerNodeGroupInfo": {
                "InstanceType": "kafka.m5.large",
                "ClientSubnets": ["subnet-1"],
                "SecurityGroups": ["sg-1"],
                "ConnectivityInfo": {"PublicAccess": {"Type": "DISABLED"}},
            },
            "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": "TLS_PLAINTEXT", "InCluster": True}},
            "KafkaVersion": "2.8.1",
            "NumberOfBrokerNodes": 3,
        },
    )
    (row,) = aws.rows("aws_msk_cluster")
    assert (row["cluster_name"], row["public_access_type"]) == ("orders", "DISABLED")


def test_a_broker(aws: Aws) -> None:
    aws.client("mq").create_broker(
        BrokerName="orders",
        EngineType="ACTIVEMQ",
        EngineVersion="5.17.6",
        DeploymentMode="SINGLE_INSTANCE",
        HostInstanceType="mq.t3.micro",
        PubliclyAccessible=True,
        AutoMinorVersionUpgrade=False,
        Logs={"Audit": True, "General": False},
        Users=[{"Username": "admin", "Password": "admin-password-1"}],
    )
    (row,) = aws.rows("aws_mq_broker")
    assert (row["engine_type"], row["engine_version"], row["deployment_mode"]) == (
        "ACTIVEMQ",
        "5.17.6",
        "SINGLE_INSTANCE",
    )
    assert (row["publicly_accessible"], row["auto_minor_version_upgrade"]) == (True, False)
    assert (row["audit_logs_enabled"], row["general_logs_enabled"]) == (True, False)

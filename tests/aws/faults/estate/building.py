"""What builds, and what runs jobs and carries messages for them: projects, definitions, connections, brokers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.aws.faults.estate.networks import Net

ROLE = "arn:aws:iam::123456789012:role/little"


def fill(make: Callable[..., Any], net: Net) -> None:
    """Create them in a network."""
    make("codebuild").create_project(
        name="shop",
        source={"type": "GITHUB", "location": "https://github.com/example/shop.git"},
        artifacts={"type": "S3", "location": "artifacts", "encryptionDisabled": True},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "privilegedMode": True,
            "environmentVariables": [{"name": "STAGE", "value": "prod", "type": "PLAINTEXT"}],
        },
        serviceRole=ROLE,
        tags=[{"key": "env", "value": "test"}],
    )
    _jobs(make("batch"), net)
    _transforms(make("glue"))
    _brokers(make, net)


def _jobs(batch: Any, net: Net) -> None:
    batch.create_compute_environment(
        computeEnvironmentName="jobs",
        type="MANAGED",
        state="ENABLED",
        computeResources={
            "type": "FARGATE",
            "maxvCpus": 4,
            "subnets": [net.subnets[0]],
            "securityGroupIds": [net.group],
        },
        serviceRole=ROLE,
    )
    batch.register_job_definition(
        jobDefinitionName="nightly",
        type="container",
        containerProperties={
            "image": "app:1",
            "vcpus": 1,
            "memory": 512,
            "privileged": False,
            "environment": [{"name": "STAGE", "value": "prod"}],
        },
    )


def _transforms(glue: Any) -> None:
    glue.create_job(
        Name="nightly",
        Role=ROLE,
        Command={"Name": "glueetl", "ScriptLocation": "s3://scripts/nightly.py"},
        DefaultArguments={"--enable-continuous-cloudwatch-log": "true"},
        GlueVersion="5.0",
    )
    glue.create_connection(
        ConnectionInput={
            "Name": "warehouse",
            "ConnectionType": "JDBC",
            "ConnectionProperties": {
                "JDBC_CONNECTION_URL": "jdbc:postgresql://db.example.com/app",
                "JDBC_ENFORCE_SSL": "false",
            },
        }
    )
    glue.create_ml_transform(
        Name="customers",
        InputRecordTables=[{"DatabaseName": "shop", "TableName": "customers"}],
        Parameters={"TransformType": "FIND_MATCHES"},
        Role=ROLE,
    )


def _brokers(make: Callable[..., Any], net: Net) -> None:
    make("kafka").create_cluster(
        ClusterName="orders",
        KafkaVersion="3.8.x",
        NumberOfBrokerNodes=2,
        BrokerNodeGroupInfo={
            "InstanceType": "kafka.m5.large",
            "ClientSubnets": list(net.subnets),
            "SecurityGroups": [net.group],
            "ConnectivityInfo": {"PublicAccess": {"Type": "DISABLED"}},
        },
        EncryptionInfo={"EncryptionInTransit": {"ClientBroker": "TLS_PLAINTEXT", "InCluster": True}},
        ClientAuthentication={"Unauthenticated": {"Enabled": True}},
        EnhancedMonitoring="DEFAULT",
        Tags={"env": "test"},
    )
    make("mq").create_broker(
        BrokerName="orders",
        EngineType="ACTIVEMQ",
        EngineVersion="5.18",
        DeploymentMode="SINGLE_INSTANCE",
        HostInstanceType="mq.t3.micro",
        AutoMinorVersionUpgrade=True,
        PubliclyAccessible=True,
        Logs={"General": True, "Audit": False},
        Users=[{"Username": "owner", "Password": "not-a-secret"}],
        Tags={"env": "test"},
    )

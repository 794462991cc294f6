"""Data stores, queues and interfaces."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.aws.faults.estate.networks import Net

TAGS = [{"Key": "env", "Value": "test"}]


def fill(make: Callable[..., Any], net: Net) -> None:
    """Create them in a network."""
    _databases(make("rds"))
    redshift = make("redshift")
    redshift.create_cluster_parameter_group(
        ParameterGroupName="own", ParameterGroupFamily="redshift-1.0", Description="own"
    )
    redshift.create_cluster(
        ClusterIdentifier="main",
        NodeType="ra3.large",
        MasterUsername="owner",
        MasterUserPassword="Notasecret1",
        ClusterParameterGroupName="own",
    )
    _tables(make("dynamodb"))
    cache = make("elasticache")
    cache.create_cache_cluster(
        CacheClusterId="one", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1
    )
    cache.create_replication_group(
        ReplicationGroupId="many",
        ReplicationGroupDescription="many",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
    )
    make("opensearch").create_domain(DomainName="logs", EngineVersion="OpenSearch_2.19", TagList=TAGS)
    _files(make("efs"), net)
    _messages(make)
    _interfaces(make)


def _databases(rds: Any) -> None:
    rds.create_db_parameter_group(
        DBParameterGroupName="own", DBParameterGroupFamily="postgres17", Description="own"
    )
    rds.create_db_instance(
        DBInstanceIdentifier="one",
        Engine="postgres",
        EngineVersion="17.2",
        DBInstanceClass="db.t3.micro",
        MasterUsername="owner",
        MasterUserPassword="not-a-secret",
        AllocatedStorage=20,
    )
    rds.create_db_cluster(
        DBClusterIdentifier="many",
        Engine="aurora-postgresql",
        EngineVersion="12.7",
        MasterUsername="owner",
        MasterUserPassword="not-a-secret",
    )
    rds.create_db_snapshot(DBInstanceIdentifier="one", DBSnapshotIdentifier="one")
    rds.create_db_cluster_snapshot(DBClusterIdentifier="many", DBClusterSnapshotIdentifier="many")
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="one", AttributeName="restore", ValuesToAdd=["all"])
    rds.create_event_subscription(
        SubscriptionName="changes", SnsTopicArn="arn:aws:sns:eu-west-1:123456789012:a", SourceType="db-instance"
    )


def _tables(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=TAGS,
    )
    dynamodb.update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def _files(efs: Any, net: Net) -> None:
    system = efs.create_file_system(CreationToken="one", Encrypted=True, Backup=True)["FileSystemId"]
    efs.create_mount_target(FileSystemId=system, SubnetId=net.subnets[0])
    efs.create_access_point(FileSystemId=system, ClientToken="one")
    efs.put_lifecycle_configuration(FileSystemId=system, LifecyclePolicies=[{"TransitionToIA": "AFTER_30_DAYS"}])
    allow = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}
    efs.put_file_system_policy(
        FileSystemId=system, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )


def _messages(make: Callable[..., Any]) -> None:
    sns, sqs, events = make("sns"), make("sqs"), make("events")
    topic = sns.create_topic(Name="alerts", Tags=TAGS)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="platform@example.com")
    sqs.create_queue(QueueName="jobs", tags={"env": "test"})
    events.create_event_bus(Name="own", Tags=TAGS)
    events.put_rule(Name="findings", EventPattern=json.dumps({"source": ["aws.guardduty"]}), Tags=TAGS)
    events.put_targets(Rule="findings", Targets=[{"Id": "topic", "Arn": topic}])


def _interfaces(make: Callable[..., Any]) -> None:
    rest = make("apigateway")
    api = rest.create_rest_api(name="shop")["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    rest.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    rest.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    rest.create_deployment(restApiId=api, stageName="live")
    rest.create_domain_name(domainName="api.example.com", certificateName="api")
    http = make("apigatewayv2")
    api = http.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    http.create_route(ApiId=api, RouteKey="GET /")
    http.create_stage(ApiId=api, StageName="live")

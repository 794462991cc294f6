"""What a template's silence means for buckets, databases, caches and file systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demarcate.estate.snapshots.snapshot import rows_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import table


@pytest.fixture
def declared(tmp_path: Path) -> Any:
    """The one row of a table that a template's resources give."""

    def row(name: str, type_: str, properties: dict[str, Any], **others: Any) -> dict[str, Any]:
        template = {"Resources": {"It": {"Type": type_, "Properties": properties}, **others}}
        file = tmp_path / "template.json"
        file.write_text(json.dumps(template))
        snapshot = collect_snapshot([file], selection={name: None})
        columns = [column.name for column in table(name).all_columns]
        (made,) = [row for row in rows_of(snapshot, table(name), columns) if row["resource"] == "It"]
        return dict(made)

    return row


def test_a_bucket_that_says_nothing_is_closed_and_encrypted(declared: Any) -> None:
    row = declared("aws_s3_bucket", "AWS::S3::Bucket", {})
    assert row["block_public_acls"] is True
    assert row["restrict_public_buckets"] is True
    assert row["object_ownership"] == "BucketOwnerEnforced"
    assert row["sse_algorithm"] == "AES256"
    assert row["versioning_enabled"] is False
    assert row["bucket_policy_is_public"] is False
    assert row["policy"] == "{}"
    assert row["versioning_mfa_delete"] is None


def test_a_block_that_is_declared_blocks_what_it_names(declared: Any) -> None:
    row = declared(
        "aws_s3_bucket", "AWS::S3::Bucket", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": "true"}}
    )
    assert row["block_public_acls"] is True
    assert row["block_public_policy"] is False


@pytest.mark.parametrize(("principal", "public"), [("*", True), ({"AWS": "arn:aws:iam::1:root"}, False)])
def test_a_bucket_policy_is_read_for_everyone(declared: Any, principal: Any, public: bool) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*"}
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": "It"}, "PolicyDocument": {"Statement": [statement]}},
    }
    row = declared("aws_s3_bucket", "AWS::S3::Bucket", {}, Policy=policy)
    assert row["bucket_policy_is_public"] is public


def test_a_database_that_says_nothing(declared: Any) -> None:
    row = declared("aws_rds_db_instance", "AWS::RDS::DBInstance", {"Engine": "mysql", "EngineVersion": "8.0.36"})
    assert row["engine_major_version"] == "8.0"
    assert row["storage_encryption_type"] == "none"
    assert row["auto_minor_version_upgrade"] is True
    assert row["backup_retention_period"] == 1
    assert row["preferred_maintenance_window"] == ""
    assert row["publicly_accessible"] is None


def test_a_database_restored_from_a_snapshot_takes_its_settings(declared: Any) -> None:
    row = declared("aws_rds_db_instance", "AWS::RDS::DBInstance", {"DBSnapshotIdentifier": "snap"})
    assert row["storage_encrypted"] is None
    assert row["backup_retention_period"] is None
    assert "DBSnapshotIdentifier" in json.loads(row["_unknown"])["storage_encrypted"]["reason"]


def test_a_new_aurora_cluster_is_encrypted_by_a_key_of_aws(declared: Any) -> None:
    row = declared("aws_rds_db_cluster", "AWS::RDS::DBCluster", {"Engine": "aurora-postgresql"})
    assert row["storage_encrypted"] is False
    assert row["storage_encryption_type"] == "sse-rds"


@pytest.mark.parametrize(
    ("family", "parameters", "forced"),
    [
        ("postgres16", {}, True),
        ("postgres14", {}, False),
        ("postgres14", {"rds.force_ssl": 1}, True),
        ("mysql8.0", {}, False),
        ("mysql8.0", {"require_secure_transport": "ON"}, True),
        ("mariadb11.8", {}, None),
    ],
)
def test_parameter_groups(declared: Any, family: str, parameters: dict[str, Any], forced: bool | None) -> None:
    row = declared(
        "aws_rds_db_parameter_group",
        "AWS::RDS::DBParameterGroup",
        {"Family": family, "Parameters": parameters},
    )
    assert row["force_tls"] is forced


@pytest.mark.parametrize(("engine", "type_"), [("valkey", "sse-elasticache"), ("redis", "none")])
def test_valkey_is_encrypted_by_default(declared: Any, engine: str, type_: str) -> None:
    row = declared("aws_elasticache_replication_group", "AWS::ElastiCache::ReplicationGroup", {"Engine": engine})
    assert row["storage_encryption_type"] == type_
    assert row["transit_encryption_mode"] == ""


def test_a_vault_lock_with_a_grace_time_becomes_immutable(declared: Any) -> None:
    row = declared(
        "aws_backup_vault",
        "AWS::Backup::BackupVault",
        {"BackupVaultName": "v", "LockConfiguration": {"MinRetentionDays": 7, "ChangeableForDays": 3}},
    )
    assert (row["locked"], row["lock_mode"], row["min_retention_days"]) == (True, "compliance", 7)


@pytest.mark.parametrize(
    ("properties", "backed_up"),
    [({}, False), ({"AvailabilityZoneName": "eu-west-1a"}, True), ({"BackupPolicy": {"Status": "ENABLED"}}, True)],
)
def test_file_systems_of_one_zone_are_backed_up(
    declared: Any, properties: dict[str, Any], backed_up: bool
) -> None:
    row = declared("aws_efs_file_system", "AWS::EFS::FileSystem", properties)
    assert row["automatic_backups_enabled"] is backed_up


def test_an_elasticsearch_domain_is_a_row_too(declared: Any) -> None:
    row = declared(
        "aws_opensearch_domain",
        "AWS::Elasticsearch::Domain",
        {"ElasticsearchVersion": 7.1, "ElasticsearchClusterConfig": {"InstanceCount": 3}},
    )
    assert row["engine_version"] == "Elasticsearch_7.1"
    assert row["instance_count"] == 3
    assert row["in_vpc"] is False


def test_a_new_warehouse_is_encrypted(declared: Any) -> None:
    row = declared("aws_redshift_cluster", "AWS::Redshift::Cluster", {"NodeType": "ra3.large"})
    assert row["encrypted"] is True
    assert row["publicly_accessible"] is False
    assert row["logging_enabled"] is False


def test_a_table_with_a_key_of_the_account(declared: Any) -> None:
    row = declared("aws_dynamodb_table", "AWS::DynamoDB::Table", {"SSESpecification": {"SSEEnabled": True}})
    assert row["sse_type"] == "KMS"
    assert row["point_in_time_recovery_enabled"] is False


@pytest.mark.parametrize(
    ("password", "resolved"),
    [
        ("{{resolve:secretsmanager:db:SecretString:password}}", True),
        ("{{resolve:ssm-secure:db}}", False),
        ("x", False),
    ],
)
def test_a_password_that_secrets_manager_keeps(declared: Any, password: str, resolved: bool) -> None:
    row = declared("aws_rds_db_instance", "AWS::RDS::DBInstance", {"MasterUserPassword": password})
    assert row["master_user_password_resolved"] is resolved


@pytest.mark.parametrize(
    ("engine", "version", "name", "tls"),
    [
        ("postgres", "17.4", None, "forced"),
        ("postgres", "14.9", "default.postgres14", "optional"),
        ("mysql", "8.0.44", None, "optional"),
        ("postgres", "17.4", "own", ""),
        ("oracle-ee", "19.0.0.0", None, None),
    ],
)
def test_what_the_default_parameter_group_says_of_tls(
    declared: Any, engine: str, version: str, name: str | None, tls: str | None
) -> None:
    group = {} if name is None else {"DBParameterGroupName": name}
    row = declared(
        "aws_rds_db_instance", "AWS::RDS::DBInstance", {"Engine": engine, "EngineVersion": version, **group}
    )
    assert row["default_group_tls"] == tls


def test_the_dynamic_reference_of_a_name_is_not_the_name(declared: Any) -> None:
    row = declared("aws_rds_db_instance", "AWS::RDS::DBInstance", {"MasterUsername": "{{resolve:ssm:name}}"})
    assert json.loads(row["_assigned"])["master_user_name"] == "${resolve:ssm:name}"

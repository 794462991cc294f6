"""What a collection would call, held to what it does call."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest
from botocore import xform_name

from demarcate.assessing import selection_of
from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import load_checks
from demarcate.estate.sources.aws.calls import PlannedCall, calls_of, how_often, planned_rows
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection
from demarcate.estate.tables import all_tables
from demarcate.report import rows
from demarcate.report.out import Out, data
from tests.aws.conftest import REGION, Aws


def names(selection: Selection) -> list[str]:
    """The operations that a selection calls, without those that every collection calls."""
    return [call.operation for call in calls_of(selection) if call.tables]


def the_call(selection: Selection, operation: str) -> PlannedCall:
    (call,) = [call for call in calls_of(selection) if call.operation == operation and call.tables]
    return call


def test_one_check_on_volumes_calls_for_volumes_and_nothing_else() -> None:
    calls = calls_of(selection_of([load_checks()["ebs-volume-encrypted"]], live=True))
    assert [(call.operation, call.scope, call.tables) for call in calls] == [
        ("ec2.describe_regions", "account", ()),
        ("ec2.describe_volumes", "region", ("aws_ebs_volume",)),
        ("sts.get_caller_identity", "account", ()),
    ]


def test_regions_that_are_given_are_not_asked_for() -> None:
    calls = calls_of({"aws_ebs_volume": frozenset()}, all_regions=False)
    assert [call.operation for call in calls] == ["ec2.describe_volumes", "sts.get_caller_identity"]


def test_details_follow_the_columns() -> None:
    assert names({"aws_s3_bucket": frozenset({"name"})}) == ["s3.list_buckets"]
    assert names({"aws_s3_bucket": frozenset({"versioning_enabled"})}) == [
        "s3.get_bucket_versioning",
        "s3.list_buckets",
    ]


def test_a_detail_that_rests_on_another_brings_it_along() -> None:
    selection = {"aws_s3_bucket": frozenset({"bucket_policy_is_public"})}
    assert names(selection) == ["s3.get_bucket_policy", "s3.get_bucket_policy_status", "s3.list_buckets"]
    assert how_often(the_call(selection, "s3.get_bucket_policy_status")) == "for some items of ListBuckets"


def test_one_listing_that_fills_several_tables_is_there_once() -> None:
    selection = {"aws_eks_cluster": frozenset[str](), "aws_eks_addon": frozenset[str]()}
    assert the_call(selection, "eks.list_clusters").tables == ("aws_eks_addon", "aws_eks_cluster")


def test_a_derived_table_calls_what_it_is_derived_from() -> None:
    call = the_call({"aws_vpc_security_group_rule": None}, "ec2.describe_security_groups")
    assert call.tables == ("aws_vpc_security_group_rule",)


@pytest.mark.parametrize(
    ("table", "operation", "often"),
    [
        ("aws_ecs_service", "ecs.list_clusters", "once, page by page"),
        ("aws_ecs_service", "ecs.list_services", "for each item of ListClusters, page by page"),
        ("aws_ecs_service", "ecs.describe_services", "for each 10 items of ListServices"),
        ("aws_kms_key", "kms.list_aliases", "once, page by page"),
        ("aws_kms_key", "kms.describe_key", "for each item of ListKeys"),
        ("aws_dynamodb_table", "dynamodb.describe_time_to_live", "for each item of ListTables"),
        ("aws_ebs_snapshot", "ec2.describe_snapshot_attribute", "for the first item of DescribeSnapshots"),
        ("aws_iam_credential_report_file", "iam.get_credential_report", "once"),
        ("aws_ssm_regional_settings", "ssm.get_service_setting", "once"),
    ],
)
def test_how_often(table: str, operation: str, often: str) -> None:
    assert {how_often(call) for call in calls_of({table: None}) if call.operation == operation} == {often}


def test_a_table_that_does_not_exist() -> None:
    with pytest.raises(DemarcateError, match="did you mean aws_ebs_volume"):
        calls_of({"aws_ebs_volum": None})


def test_rows_are_for_each_region_and_once_for_the_account() -> None:
    selection = {"aws_ec2_regional_settings": frozenset[str](), "aws_iam_account_summary": frozenset[str]()}
    columns, calls = planned_rows(selection, "123456789012", ["eu-west-1", "us-east-1"])
    out = StringIO()
    rows.write(columns, calls, "csv", Out(out))
    assert out.getvalue() == (
        "account,region,service,operation,how often,parameters,tables\n"
        "123456789012,global,ec2,DescribeRegions,once,,\n"
        "123456789012,global,iam,GetAccountSummary,once,,aws_iam_account_summary\n"
        "123456789012,global,sts,GetCallerIdentity,once,,\n"
        "123456789012,eu-west-1,ec2,GetEbsEncryptionByDefault,once,,aws_ec2_regional_settings\n"
        "123456789012,us-east-1,ec2,GetEbsEncryptionByDefault,once,,aws_ec2_regional_settings\n"
    )


def test_everything_has_rows() -> None:
    columns, calls = planned_rows(dict.fromkeys(all_tables()), "123456789012", [REGION])
    told = {str(row[columns.index("tables")]) for row in calls}
    live = {name for name, table in all_tables().items() if table.steps}
    assert live <= {name for tables in told for name in tables.split(", ")}
    rows.write(columns, calls, "json", data())


def called(aws: Aws, selection: Mapping[str, frozenset[str] | None]) -> set[str]:
    """The operations that collecting a selection did call."""
    asked: set[str] = set()

    def note(model: Any, **_: Any) -> None:
        asked.add(f"{model.service_model.service_name}.{xform_name(model.name)}")

    aws.session.events.register("before-call", note)
    collect_snapshot(
        ["aws"], Options(session=aws.session, regions=(REGION,), endpoint_url=aws.url), selection=selection
    )
    return asked


def test_what_is_planned_is_what_is_called(aws: Aws) -> None:
    aws.client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1)
    aws.client("kms").create_key()
    cluster = aws.client("ecs").create_cluster(clusterName="main")["cluster"]["clusterName"]
    aws.client("ecs").register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 128}]
    )
    aws.client("ecs").create_service(cluster=cluster, serviceName="web", taskDefinition="web", desiredCount=0)
    aws.client("iam").create_user(UserName="person-01")
    bucket = aws.client("s3")
    bucket.create_bucket(Bucket="of-the-tests", CreateBucketConfiguration={"LocationConstraint": REGION})
    bucket.put_bucket_policy(Bucket="of-the-tests", Policy='{"Version": "2012-10-17", "Statement": []}')
    bucket.put_bucket_versioning(Bucket="of-the-tests", VersioningConfiguration={"Status": "Enabled"})
    tables = [
        "aws_ebs_volume",
        "aws_kms_key",
        "aws_ecs_service",
        "aws_ecs_cluster",
        "aws_iam_user",
        "aws_s3_bucket",
    ]
    for selection in (dict.fromkeys(tables), dict.fromkeys(tables, frozenset({"arn"}))):
        planned = {call.operation for call in calls_of(selection, all_regions=False)}
        assert called(aws, selection) == planned

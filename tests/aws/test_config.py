"""AWS Config tables over HTTP. Moto has no conformance packs outside of organizations."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_recorder_and_channel(aws: Aws) -> None:
    config = aws.client("config")
    config.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "default",
            "roleARN": "arn:aws:iam::123456789012:role/config",
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        }
    )
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "recorded"})
    config.start_configuration_recorder(ConfigurationRecorderName="default")
    (row,) = aws.rows("aws_config_configuration_recorder")
    assert (row["name"], row["status_recording"]) == ("default", True)
    assert (row["all_supported"], row["include_global_resource_types"]) == (True, True)
    (channel,) = aws.rows("aws_config_delivery_channel")
    assert (channel["s3_bucket_name"], channel["sns_topic_arn"]) == ("recorded", "")


def test_rule(aws: Aws) -> None:
    config = aws.client("config")
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "default", "roleARN": "arn:aws:iam::123456789012:role/config"}
    )
    config.put_config_rule(
        ConfigRule={
            "ConfigRuleName": "encrypted",
            "Source": {"Owner": "AWS", "SourceIdentifier": "ENCRYPTED_VOLUMES"},
        }
    )
    (row,) = aws.rows("aws_config_rule")
    assert (row["name"], row["source_identifier"]) == ("encrypted", "ENCRYPTED_VOLUMES")


def test_aggregator(aws: Aws) -> None:
    aws.client("config").put_configuration_aggregator(
        ConfigurationAggregatorName="all",
        OrganizationAggregationSource={"RoleArn": "arn:aws:iam::123456789012:role/config", "AllAwsRegions": True},
    )
    (row,) = aws.rows("aws_config_configuration_aggregator")
    assert row["is_organization_aggregator"] is True
    assert row["organization_all_aws_regions"] is True

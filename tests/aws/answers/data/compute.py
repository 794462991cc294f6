"""Compute, containers, builds, databases: what moto lacks of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.aws.answers.asking import Asked
from tests.aws.answers.data.common import ACCOUNT, INSTANCE, ROLE, THEN

Moto = Callable[[], dict[str, Any]]


def _snapshots(what: Asked, moto: Moto) -> dict[str, Any]:
    """Moto does not pick out the snapshots that everyone may restore: those of encrypted volumes are, here."""
    answer = moto()
    if "RestorableByUserIds" in what.params():
        answer["Snapshots"] = [snapshot for snapshot in answer["Snapshots"] if snapshot["Encrypted"]]
    return answer


def _addon(what: Asked, _: Moto) -> dict[str, Any]:
    params = what.params()
    name, cluster = params["addonName"], params["clusterName"]
    return {
        "addon": {
            "addonName": name,
            "clusterName": cluster,
            "status": "ACTIVE",
            "addonVersion": "v1.20.4-eksbuild.2",
            "health": {"issues": []},
            "addonArn": f"arn:aws:eks:$region:{ACCOUNT}:addon/{cluster}/{name}/1",
            "createdAt": THEN,
            "modifiedAt": THEN,
            "tags": {"env": "test"},
        }
    }


def _settings(what: Asked, _: Moto) -> dict[str, Any]:
    params = what.params()
    return {
        "ConfigurationSettings": [
            {
                "ApplicationName": params["ApplicationName"],
                "EnvironmentName": params["EnvironmentName"],
                "DeploymentStatus": "deployed",
                "OptionSettings": [
                    {"Namespace": f"aws:elasticbeanstalk:{namespace}", "OptionName": name, "Value": value}
                    for namespace, name, value in (
                        ("managedactions", "ManagedActionsEnabled", "true"),
                        ("managedactions", "PreferredStartTime", "Tue:09:00"),
                        ("managedactions:platformupdate", "UpdateLevel", "minor"),
                        ("healthreporting:system", "SystemType", "enhanced"),
                        ("cloudwatch:logs", "StreamLogs", "false"),
                    )
                ],
            }
        ]
    }


_SERVICE = {
    "ServiceName": "shop",
    "ServiceId": "8fe1e10304f84fd2b0df550fe98a71fa",
    "ServiceArn": f"arn:aws:apprunner:$region:{ACCOUNT}:service/shop/8fe1e10304f84fd2b0df550fe98a71fa",
    "ServiceUrl": "psbqam834h.$region.awsapprunner.com",
    "CreatedAt": THEN,
    "UpdatedAt": THEN,
    "Status": "RUNNING",
}

_REPORTS = f"arn:aws:codebuild:$region:{ACCOUNT}:report-group/shop-tests"

ANSWERS: dict[str, Any] = {
    "elasticache.describe_update_actions": {
        "UpdateActions": [
            {
                "ReplicationGroupId": "sessions",
                "ServiceUpdateName": "elasticache-20260101-001",
                "ServiceUpdateReleaseDate": THEN,
                "ServiceUpdateSeverity": "important",
                "ServiceUpdateStatus": "available",
                "ServiceUpdateRecommendedApplyByDate": THEN,
                "ServiceUpdateType": "security-update",
                "UpdateActionStatus": "not-applied",
                "Engine": "redis",
            }
        ]
    },
    "apprunner.list_services": {"ServiceSummaryList": [_SERVICE]},
    "apprunner.describe_service": {
        "Service": {
            **_SERVICE,
            "SourceConfiguration": {
                "ImageRepository": {
                    "ImageIdentifier": f"{ACCOUNT}.dkr.ecr.$region.amazonaws.com/app:1",
                    "ImageConfiguration": {"RuntimeEnvironmentVariables": {"STAGE": "prod"}, "Port": "8080"},
                    "ImageRepositoryType": "ECR",
                },
                "AutoDeploymentsEnabled": False,
                "AuthenticationConfiguration": {"AccessRoleArn": ROLE},
            },
            "InstanceConfiguration": {"Cpu": "1024", "Memory": "2048", "InstanceRoleArn": ROLE},
            "NetworkConfiguration": {
                "EgressConfiguration": {"EgressType": "DEFAULT"},
                "IngressConfiguration": {"IsPubliclyAccessible": True},
                "IpAddressType": "IPV4",
            },
        }
    },
    "apprunner.list_tags_for_resource": {"Tags": [{"Key": "env", "Value": "test"}]},
    "codebuild.list_report_groups": {"reportGroups": [_REPORTS]},
    "codebuild.batch_get_report_groups": {
        "reportGroups": [
            {
                "arn": _REPORTS,
                "name": "shop-tests",
                "type": "TEST",
                "exportConfig": {
                    "exportConfigType": "S3",
                    "s3Destination": {"bucket": "reports", "packaging": "NONE", "encryptionDisabled": True},
                },
                "created": THEN,
                "lastModified": THEN,
                "tags": [{"key": "env", "value": "test"}],
                "status": "ACTIVE",
            }
        ],
        "reportGroupsNotFound": [],
    },
    "ec2.describe_snapshots": _snapshots,
    "ec2.describe_instance_event_windows": {
        "InstanceEventWindows": [
            {
                "InstanceEventWindowId": "iew-0123456789abcdef0",
                "Name": "nights",
                "CronExpression": "* 0-4,20-23 * * 1,5",
                "AssociationTarget": {"InstanceIds": [INSTANCE], "Tags": [{"Key": "env", "Value": "prod"}]},
                "State": "active",
            }
        ]
    },
    "ec2.describe_instance_image_metadata": {
        "InstanceImageMetadata": [
            {
                "InstanceId": INSTANCE,
                "InstanceType": "t3.micro",
                "LaunchTime": THEN,
                "AvailabilityZone": "$regiona",
                "State": {"Code": 16, "Name": "running"},
                "OwnerId": ACCOUNT,
                "ImageMetadata": {
                    "ImageId": "ami-0123456789abcdef0",
                    "Name": "al2023-ami-2023.9.20251208.0-kernel-6.1-x86_64",
                    "OwnerId": "137112412989",
                    "State": "available",
                    "ImageOwnerAlias": "amazon",
                    "CreationDate": "2025-12-08T00:00:00.000Z",
                    "DeprecationTime": "2026-03-08T00:00:00.000Z",
                    "IsPublic": True,
                },
            }
        ]
    },
    "ec2.get_image_block_public_access_state": {"ImageBlockPublicAccessState": "block-new-sharing"},
    "ec2.get_ebs_default_kms_key_id": {"KmsKeyId": "alias/aws/ebs"},
    "ec2.get_instance_metadata_defaults": {"AccountLevel": {"HttpTokens": "required", "ManagedBy": "account"}},
    "ec2.get_serial_console_access_status": {"SerialConsoleAccessEnabled": True, "ManagedBy": "account"},
    "ec2.get_snapshot_block_public_access_state": {"State": "unblocked", "ManagedBy": "account"},
    "eks.list_addons": {"addons": ["vpc-cni"]},
    "eks.describe_addon": _addon,
    "eks.describe_cluster_versions": {
        "clusterVersions": [
            {
                "clusterVersion": version,
                "clusterType": "eks",
                "defaultPlatformVersion": "eks.9",
                "defaultVersion": version == "1.34",
                "releaseDate": released,
                "endOfStandardSupportDate": datetime(2026, end, day, tzinfo=UTC),
                "endOfExtendedSupportDate": datetime(2027, end, day, tzinfo=UTC),
                "versionStatus": "STANDARD_SUPPORT",
            }
            for version, released, end, day in (
                ("1.34", datetime(2025, 10, 2, tzinfo=UTC), 12, 2),
                ("1.33", datetime(2025, 5, 29, tzinfo=UTC), 7, 29),
            )
        ]
    },
    "elasticbeanstalk.describe_platform_version": {
        "PlatformDescription": {
            "PlatformArn": "arn:aws:elasticbeanstalk:$region::platform/Python 3.13 on Amazon Linux 2023/4.7.0",
            "PlatformOwner": "AWSElasticBeanstalk",
            "PlatformName": "Python 3.13 running on 64bit Amazon Linux 2023",
            "PlatformVersion": "4.7.0",
            "PlatformStatus": "Ready",
            "PlatformLifecycleState": "Recommended",
            "PlatformBranchName": "Python 3.13 running on 64bit Amazon Linux 2023",
            "PlatformBranchLifecycleState": "Supported",
        }
    },
    "elasticbeanstalk.describe_configuration_settings": _settings,
    "lambda.get_runtime_management_config": lambda what, _: {
        "UpdateRuntimeOn": "Auto",
        "FunctionArn": f"arn:aws:lambda:$region:{ACCOUNT}:function:{what.params()['FunctionName']}",
    },
    "lambda.list_function_url_configs": lambda what, _: {
        "FunctionUrlConfigs": [
            {
                "FunctionUrl": "https://abcdefghij.lambda-url.$region.on.aws/",
                "FunctionArn": f"arn:aws:lambda:$region:{ACCOUNT}:function:{what.params()['FunctionName']}",
                "CreationTime": "2026-01-15T09:30:00.000Z",
                "LastModifiedTime": "2026-01-15T09:30:00.000Z",
                "Cors": {"AllowOrigins": ["*"]},
                "AuthType": "NONE",
            }
        ]
    },
    "rds.describe_db_major_engine_versions": {
        "DBMajorEngineVersions": [
            {
                "Engine": engine,
                "MajorEngineVersion": version,
                "SupportedEngineLifecycles": [
                    {
                        "LifecycleSupportName": "open-source-rds-standard-support",
                        "LifecycleSupportStartDate": datetime(end - 5, 2, 28, tzinfo=UTC),
                        "LifecycleSupportEndDate": datetime(end, 2, 28, 23, 59, 59, tzinfo=UTC),
                    }
                ],
            }
            for engine, version, end in (("postgres", "17", 2030), ("aurora-postgresql", "12", 2025))
        ]
    },
    "rds.describe_pending_maintenance_actions": {
        "PendingMaintenanceActions": [
            {
                "ResourceIdentifier": f"arn:aws:rds:$region:{ACCOUNT}:{resource}",
                "PendingMaintenanceActionDetails": [
                    {
                        "Action": "system-update",
                        "Description": "New Operating System update is available",
                        "AutoAppliedAfterDate": THEN,
                        "CurrentApplyDate": THEN,
                    }
                ],
            }
            for resource in ("db:one", "cluster:many")
        ]
    },
}

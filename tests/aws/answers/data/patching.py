"""What patching asks and moto lacks: patches and runs of Systems Manager, events, updates and what runs in ECS."""

from __future__ import annotations

from typing import Any

from tests.aws.answers.asking import Asked
from tests.aws.answers.data.common import ACCOUNT, INSTANCE, ROLE, THEN

WINDOW_EXECUTION = "0a1b2c3d-0000-4000-8000-000000000001"
TASK_EXECUTION = "0a1b2c3d-0000-4000-8000-000000000002"
INVOCATION = "0a1b2c3d-0000-4000-8000-000000000003"
COMMAND = "0a1b2c3d-0000-4000-8000-000000000004"
DIGEST = "sha256:" + "0a" * 32
POLICY = f"arn:aws:ssm-quicksetup:$region:{ACCOUNT}:configuration-manager/0a1b2c3d-0000-4000-8000-000000000005"
IMAGES = f"arn:aws:imagebuilder:$region:{ACCOUNT}:image-pipeline/golden"
TAGS = [{"Key": "env", "Value": "test"}]


def _cluster(what: Asked) -> str:
    return str(what.params()["cluster"]).rpartition("/")[2]


def _container_instance(what: Asked, _: Any) -> dict[str, Any]:
    return {
        "containerInstances": [
            {
                "containerInstanceArn": arn,
                "ec2InstanceId": INSTANCE,
                "version": 1,
                "versionInfo": {
                    "agentVersion": "1.86.0",
                    "agentHash": "0a1b2c3d",
                    "dockerVersion": "DockerVersion: 25.0.3",
                },
                "status": "ACTIVE",
                "agentConnected": True,
                "registeredAt": THEN,
                "tags": [{"key": "env", "value": "test"}],
            }
            for arn in what.params()["containerInstances"]
        ],
        "failures": [],
    }


def _tasks(what: Asked, _: Any) -> dict[str, Any]:
    return {
        "tasks": [
            {
                "taskArn": arn,
                "clusterArn": what.params()["cluster"],
                "group": "service:web",
                "lastStatus": "RUNNING",
                "launchType": "FARGATE",
                "platformVersion": "1.4.0",
                "taskDefinitionArn": f"arn:aws:ecs:$region:{ACCOUNT}:task-definition/web:1",
                "containers": [{"name": "web", "image": "app:1", "imageDigest": DIGEST, "lastStatus": "RUNNING"}],
                "createdAt": THEN,
                "startedAt": THEN,
                "tags": [],
            }
            for arn in what.params()["tasks"]
        ],
        "failures": [],
    }


def _window(what: Asked, _: Any) -> dict[str, Any]:
    return {
        "WindowExecutions": [
            {
                "WindowId": what.params()["WindowId"],
                "WindowExecutionId": WINDOW_EXECUTION,
                "Status": "SUCCESS",
                "StartTime": THEN,
                "EndTime": THEN,
            }
        ]
    }


def _images(what: Asked, moto: Any) -> dict[str, Any]:
    """Moto has images of Amazon's, and none that is as new as what AWS publishes."""
    if not any(
        "al2023-ami-2023" in value for each in what.params().get("Filters", ()) for value in each["Values"]
    ):
        told: dict[str, Any] = moto()
        return told
    name = "al2023-ami-2023.10.20261116.0-kernel-6.1-x86_64"
    image = {"ImageId": "ami-0a1b2c3d4e5f60718", "Name": name, "CreationDate": "2026-01-15T09:30:00.000Z"}
    return {"Images": [image]}


def _instance_status(_: Asked, moto: Any) -> dict[str, Any]:
    """Moto schedules nothing."""
    told = moto()
    event = {
        "InstanceEventId": "instance-event-0a1b2c3d4e5f60718",
        "Code": "system-reboot",
        "Description": "The instance is scheduled for a reboot",
        "NotBefore": THEN,
        "NotAfter": THEN,
    }
    return {"InstanceStatuses": [{**status, "Events": [event]} for status in told["InstanceStatuses"]]}


ANSWERS: dict[str, Any] = {
    "ec2.describe_images": _images,
    "ssm.describe_instance_patches": {
        "Patches": [
            {
                "Title": "kernel.x86_64",
                "KBId": "kernel.x86_64:0:6.1.119-129.201.amzn2023",
                "Classification": "Security",
                "Severity": "Important",
                "State": "Missing",
                "InstalledTime": THEN,
                "CVEIds": "CVE-2026-0002,CVE-2026-0001",
            }
        ]
    },
    "ssm.describe_maintenance_window_executions": _window,
    "ssm.describe_maintenance_window_execution_tasks": {
        "WindowExecutionTaskIdentities": [
            {
                "WindowExecutionId": WINDOW_EXECUTION,
                "TaskExecutionId": TASK_EXECUTION,
                "Status": "SUCCESS",
                "StartTime": THEN,
                "EndTime": THEN,
                "TaskArn": "AWS-RunPatchBaseline",
                "TaskType": "RUN_COMMAND",
            }
        ]
    },
    "ssm.describe_maintenance_window_execution_task_invocations": {
        "WindowExecutionTaskInvocationIdentities": [
            {
                "WindowExecutionId": WINDOW_EXECUTION,
                "TaskExecutionId": TASK_EXECUTION,
                "InvocationId": INVOCATION,
                "ExecutionId": COMMAND,
                "TaskType": "RUN_COMMAND",
                "Status": "SUCCESS",
                "StartTime": THEN,
                "EndTime": THEN,
            }
        ]
    },
    "ssm.list_commands": {
        "Commands": [
            {
                "CommandId": COMMAND,
                "DocumentName": "AWS-RunPatchBaseline",
                "Comment": "",
                "Parameters": {"Operation": ["Install"]},
                "Targets": [{"Key": "InstanceIds", "Values": [INSTANCE]}],
                "RequestedDateTime": THEN,
                "Status": "Success",
                "TargetCount": 1,
                "ErrorCount": 0,
            }
        ]
    },
    "ssm-quicksetup.list_configuration_managers": {
        "ConfigurationManagersList": [{"ManagerArn": POLICY, "Name": "patching", "Description": ""}]
    },
    "ssm-quicksetup.get_configuration_manager": {
        "ManagerArn": POLICY,
        "Name": "patching",
        "Description": "",
        "LastModifiedAt": THEN,
        "ConfigurationDefinitions": [
            {
                "Id": "0a1b2c3d",
                "Type": "AWSQuickSetupType-PatchPolicy",
                "TypeVersion": "1",
                "Parameters": {
                    "ConfigurationOptionsPatchOperation": "ScanAndInstall",
                    "ConfigurationOptionsScanValue": "cron(0 1 * * ? *)",
                    "TargetType": "*",
                    "TargetRegions": "eu-west-1",
                },
            }
        ],
        "Tags": {"env": "test"},
    },
    "ec2.describe_instance_status": _instance_status,
    "eks.list_insights": {
        "insights": [
            {
                "id": "0a1b2c3d",
                "name": "Deprecated APIs removed in Kubernetes v1.36",
                "category": "UPGRADE_READINESS",
                "kubernetesVersion": "1.36",
                "lastRefreshTime": THEN,
                "lastTransitionTime": THEN,
                "description": "Checks for the usage of deprecated APIs.",
                "insightStatus": {"status": "PASSING", "reason": "No deprecated API usage detected."},
            }
        ]
    },
    "eks.describe_addon_versions": {
        "addons": [
            {
                "addonName": "coredns",
                "addonVersions": [
                    {
                        "addonVersion": "v1.11.4-eksbuild.14",
                        "compatibilities": [
                            {"clusterVersion": "1.34", "platformVersions": ["*"], "defaultVersion": True}
                        ],
                    }
                ],
            }
        ]
    },
    "ecs.list_container_instances": lambda what, _: {
        "containerInstanceArns": [f"arn:aws:ecs:$region:{ACCOUNT}:container-instance/{_cluster(what)}/0a1b2c3d"]
    },
    "ecs.describe_container_instances": _container_instance,
    "ecs.list_tasks": lambda what, _: {
        "taskArns": [f"arn:aws:ecs:$region:{ACCOUNT}:task/{_cluster(what)}/0a1b2c3d"]
    },
    "ecs.describe_tasks": _tasks,
    "ecs.list_account_settings": {
        "settings": [
            {
                "name": "fargateTaskRetirementWaitPeriod",
                "value": "7",
                "principalArn": f"arn:aws:iam::{ACCOUNT}:root",
            }
        ]
    },
    "elasticbeanstalk.describe_environment_managed_actions": {
        "ManagedActions": [
            {
                "ActionId": "own-2026-01-20",
                "ActionDescription": "Platform update",
                "ActionType": "PlatformUpdate",
                "Status": "Scheduled",
                "WindowStartTime": THEN,
            }
        ]
    },
    "elasticbeanstalk.describe_environment_managed_action_history": {
        "ManagedActionHistoryItems": [
            {
                "ActionId": "own-2026-01-13",
                "ActionType": "PlatformUpdate",
                "ActionDescription": "Platform update",
                "FailureType": "UpdateCancelled",
                "Status": "Failed",
                "FailureDescription": "The update was cancelled.",
                "ExecutedTime": THEN,
                "FinishedTime": THEN,
            }
        ]
    },
    "autoscaling.describe_instance_refreshes": {
        "InstanceRefreshes": [
            {
                "InstanceRefreshId": "0a1b2c3d-0000-4000-8000-000000000006",
                "AutoScalingGroupName": "own",
                "Status": "Successful",
                "StartTime": THEN,
                "EndTime": THEN,
                "PercentageComplete": 100,
                "InstancesToUpdate": 0,
                "Preferences": {"AutoRollback": True},
                "DesiredConfiguration": {
                    "LaunchTemplate": {"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "2"}
                },
                "Strategy": "Rolling",
            }
        ]
    },
    "ecr.describe_images": {
        "imageDetails": [
            {
                "registryId": ACCOUNT,
                "repositoryName": "app",
                "imageDigest": DIGEST,
                "imageTags": ["1"],
                "imagePushedAt": THEN,
                "imageScanStatus": {"status": "COMPLETE", "description": "The scan was completed successfully."},
                "imageScanFindingsSummary": {
                    "imageScanCompletedAt": THEN,
                    "findingSeverityCounts": {"HIGH": 2, "LOW": 1},
                },
            }
        ]
    },
    "ecr.describe_image_scan_findings": {
        "registryId": ACCOUNT,
        "repositoryName": "app",
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindings": {
            "imageScanCompletedAt": THEN,
            "findings": [
                {
                    "name": "CVE-2026-0003",
                    "severity": "HIGH",
                    "attributes": [
                        {"key": "package_name", "value": "openssl"},
                        {"key": "package_version", "value": "3.0.1"},
                        {"key": "CVSS3_SCORE", "value": "7.5"},
                    ],
                }
            ],
        },
    },
    "resource-groups.list_groups": {
        "GroupIdentifiers": [
            {"GroupName": "web", "GroupArn": f"arn:aws:resource-groups:$region:{ACCOUNT}:group/web"}
        ]
    },
    "resource-groups.list_group_resources": {
        "Resources": [
            {
                "Identifier": {
                    "ResourceArn": f"arn:aws:ec2:$region:{ACCOUNT}:instance/{INSTANCE}",
                    "ResourceType": "AWS::EC2::Instance",
                }
            }
        ]
    },
    "imagebuilder.list_image_pipelines": {
        "imagePipelineList": [
            {
                "arn": IMAGES,
                "name": "golden",
                "platform": "Linux",
                "imageRecipeArn": f"arn:aws:imagebuilder:$region:{ACCOUNT}:image-recipe/golden/1.0.0",
                "schedule": {"scheduleExpression": "cron(0 0 * * ? *)", "timezone": "Europe/Berlin"},
                "status": "ENABLED",
                "dateLastRun": "2026-01-15T09:30:00.000Z",
                "lastRunStatus": "AVAILABLE",
                "dateNextRun": "2026-01-22T09:30:00.000Z",
                "consecutiveFailures": 0,
                "tags": {"env": "test"},
            }
        ]
    },
    "imagebuilder.list_image_pipeline_images": {
        "imageSummaryList": [
            {
                "arn": f"arn:aws:imagebuilder:$region:{ACCOUNT}:image/golden/1.0.0/1",
                "version": "1.0.0/1",
                "state": {"status": "AVAILABLE"},
                "dateCreated": "2026-01-15T09:30:00.000Z",
                "outputResources": {"amis": [{"region": "$region", "image": "ami-0123456789abcdef0"}]},
            }
        ]
    },
    "codepipeline.list_pipelines": {"pipelines": [{"name": "shop", "version": 1}]},
    "codepipeline.get_pipeline": {
        "pipeline": {
            "name": "shop",
            "roleArn": ROLE,
            "version": 1,
            "pipelineType": "V2",
            "stages": [
                {
                    "name": "Source",
                    "actions": [
                        {
                            "name": "Source",
                            "actionTypeId": {
                                "category": "Source",
                                "owner": "AWS",
                                "provider": "CodeStarSourceConnection",
                                "version": "1",
                            },
                            "configuration": {"FullRepositoryId": "example/shop", "BranchName": "main"},
                        }
                    ],
                },
                {
                    "name": "Build",
                    "actions": [
                        {
                            "name": "Build",
                            "actionTypeId": {
                                "category": "Build",
                                "owner": "AWS",
                                "provider": "CodeBuild",
                                "version": "1",
                            },
                            "configuration": {"ProjectName": "shop"},
                        }
                    ],
                },
            ],
        },
        "metadata": {"pipelineArn": f"arn:aws:codepipeline:$region:{ACCOUNT}:shop", "created": THEN},
    },
    "codepipeline.list_tags_for_resource": {"tags": [{"key": "env", "value": "test"}]},
}

"""Systems Manager, Config, Backup, logs and support: what moto lacks of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.aws.answers.asking import Asked
from tests.aws.answers.data.common import ACCOUNT, INSTANCE, ROLE, THEN, TOPIC

Moto = Callable[[], dict[str, Any]]

SETTINGS = {
    "/ssm/documents/console/public-sharing-permission": "Disable",
    "/ssm/automation/customer-script-log-destination": "CloudWatch",
    "/ssm/managed-instance/default-ec2-instance-management-role": "$None",
}
"""The service settings of Systems Manager."""

ASSOCIATION = {
    "Name": "AWS-RunPatchBaseline",
    "AssociationId": "11111111-2222-3333-4444-555555555555",
    "AssociationVersion": "1",
    "AssociationName": "patching",
    "Targets": [{"Key": "InstanceIds", "Values": ["*"]}],
    "ScheduleExpression": "rate(1 day)",
    "LastExecutionDate": THEN,
    "Overview": {"Status": "Success", "DetailedStatus": "Success"},
}

SELECTION = "22222222-3333-4444-5555-666666666666"


def _report(_: Asked, moto: Moto) -> dict[str, Any]:
    """The report is made the first time that it is asked for; moto begins it then."""
    while moto()["State"] != "COMPLETE":
        pass
    return {"State": "COMPLETE"}


def _setting(what: Asked, _: Moto) -> dict[str, Any]:
    name = what.params()["SettingId"]
    return {
        "ServiceSetting": {
            "SettingId": name,
            "SettingValue": SETTINGS[name],
            "LastModifiedDate": THEN,
            "LastModifiedUser": "System",
            "ARN": f"arn:aws:ssm:$region:{ACCOUNT}:servicesetting{name}",
            "Status": "Customized",
        }
    }


def _patch_states(what: Asked, _: Moto) -> dict[str, Any]:
    return {
        "InstancePatchStates": [
            {
                "InstanceId": instance,
                "PatchGroup": "servers",
                "BaselineId": "pb-0123456789abcdef0",
                "InstalledCount": 120,
                "InstalledPendingRebootCount": 0,
                "InstalledRejectedCount": 0,
                "MissingCount": 2,
                "FailedCount": 0,
                "AvailableSecurityUpdateCount": 0,
                "OperationStartTime": THEN,
                "OperationEndTime": THEN,
                "Operation": "Scan",
                "RebootOption": "NoReboot",
                "CriticalNonCompliantCount": 1,
                "SecurityNonCompliantCount": 1,
                "OtherNonCompliantCount": 0,
            }
            for instance in what.params()["InstanceIds"]
        ]
    }


def _window_task(what: Asked, _: Moto) -> dict[str, Any]:
    params = what.params()
    return {
        "WindowId": params["WindowId"],
        "WindowTaskId": params["WindowTaskId"],
        "TaskArn": "AWS-RunPatchBaseline",
        "TaskType": "RUN_COMMAND",
        "TaskInvocationParameters": {"RunCommand": {"Parameters": {"Operation": ["Install"]}}},
        "Priority": 1,
        "MaxConcurrency": "1",
        "MaxErrors": "1",
    }


def _baseline(what: Asked, _: Moto) -> dict[str, Any]:
    return {
        "BaselineId": what.params()["BaselineId"],
        "Name": "own",
        "OperatingSystem": "AMAZON_LINUX_2023",
        "ApprovalRules": {
            "PatchRules": [
                {
                    "PatchFilterGroup": {
                        "PatchFilters": [{"Key": "SEVERITY", "Values": ["Critical", "Important"]}]
                    },
                    "ComplianceLevel": "HIGH",
                    "ApproveAfterDays": 3,
                    "EnableNonSecurity": False,
                }
            ]
        },
        "ApprovedPatches": [],
        "RejectedPatches": [],
        "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY",
        "PatchGroups": ["servers"],
        "CreatedDate": THEN,
        "ModifiedDate": THEN,
    }


def _vault(what: Asked) -> dict[str, str]:
    name = what.params()["BackupVaultName"]
    return {"BackupVaultName": name, "BackupVaultArn": f"arn:aws:backup:$region:{ACCOUNT}:backup-vault:{name}"}


def _vault_policy(what: Asked, _: Moto) -> dict[str, Any]:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}
    return {**_vault(what), "Policy": json.dumps({"Version": "2012-10-17", "Statement": [deny]})}


def _recovery_points(what: Asked, _: Moto) -> dict[str, Any]:
    return {
        "RecoveryPoints": [
            {
                **_vault(what),
                "RecoveryPointArn": f"arn:aws:backup:$region:{ACCOUNT}:recovery-point:1",
                "ResourceArn": f"arn:aws:dynamodb:$region:{ACCOUNT}:table/orders",
                "ResourceType": "DynamoDB",
                "IamRoleArn": ROLE,
                "Status": "COMPLETED",
                "CreationDate": THEN,
                "CompletionDate": THEN,
                "BackupSizeInBytes": 1024,
                "Lifecycle": {"DeleteAfterDays": 35},
                "EncryptionKeyArn": f"arn:aws:kms:$region:{ACCOUNT}:key/1",
                "IsEncrypted": True,
            }
        ]
    }


def _selection(what: Asked, _: Moto) -> dict[str, Any]:
    params = what.params()
    return {
        "BackupPlanId": params["BackupPlanId"],
        "SelectionId": params["SelectionId"],
        "CreationDate": THEN,
        "BackupSelection": {
            "SelectionName": "tables",
            "IamRoleArn": ROLE,
            "Resources": [f"arn:aws:dynamodb:$region:{ACCOUNT}:table/orders"],
        },
    }


def _log_groups(_: Asked, moto: Moto) -> dict[str, Any]:
    """Moto knows nothing of their data protection."""
    told = moto()
    return told | {"logGroups": [{**group, "dataProtectionStatus": "ACTIVATED"} for group in told["logGroups"]]}


def _secrets(what: Asked, moto: Moto) -> dict[str, Any]:
    """Moto lets nothing of a replica be asked."""
    told = moto()
    here = {"PrimaryRegion": what.region}
    return told | {
        "SecretList": [secret | (here if "replicated" in secret["Name"] else {}) for secret in told["SecretList"]]
    }


def _tags(what: Asked, moto: Moto) -> dict[str, Any]:
    """Moto keeps tags of parameters, and not of what it lacks."""
    return (
        moto() if what.params()["ResourceType"] == "Parameter" else {"TagList": [{"Key": "env", "Value": "test"}]}
    )


LANDING_ZONE = f"arn:aws:controltower:$region:{ACCOUNT}:landingzone/1A2B3C4D5E6F7G8H"
UNIT = f"arn:aws:organizations::{ACCOUNT}:ou/o-1234567890/ou-1234-12345678"

ANSWERS: dict[str, Any] = {
    "config.describe_compliance_by_config_rule": {
        "ComplianceByConfigRules": [
            {"ConfigRuleName": "volumes", "Compliance": {"ComplianceType": "NON_COMPLIANT"}}
        ]
    },
    "config.describe_compliance_by_resource": {
        "ComplianceByResources": [
            {
                "ResourceType": "AWS::SSM::PatchCompliance",
                "ResourceId": f"AWS::SSM::ManagedInstanceInventory/{INSTANCE}",
                "Compliance": {
                    "ComplianceType": "NON_COMPLIANT",
                    "ComplianceContributorCount": {"CappedCount": 1, "CapExceeded": False},
                },
            }
        ]
    },
    "controltower.get_landing_zone": {
        "landingZone": {
            "arn": LANDING_ZONE,
            "status": "ACTIVE",
            "version": "3.3",
            "latestAvailableVersion": "3.3",
            "driftStatus": {"status": "DRIFTED"},
            "manifest": {"governedRegions": ["$region"]},
        }
    },
    "controltower.list_enabled_baselines": {
        "enabledBaselines": [
            {
                "arn": f"arn:aws:controltower:$region:{ACCOUNT}:enabledbaseline/XAHTR2ZSUGZ6SR6F2",
                "baselineIdentifier": "arn:aws:controltower:$region::baseline/17BSJV3IGJ2QSGA2",
                "baselineVersion": "4.0",
                "targetIdentifier": UNIT,
                "statusSummary": {"status": "SUCCEEDED"},
                "driftStatusSummary": {"types": {"inheritance": {"status": "IN_SYNC"}}},
            }
        ]
    },
    "controltower.list_enabled_controls": {
        "enabledControls": [
            {
                "arn": f"arn:aws:controltower:$region:{ACCOUNT}:enabledcontrol/2BGFUIWJ4JSPOBCM",
                "controlIdentifier": "arn:aws:controltower:$region::control/AWS-GR_ENCRYPTED_VOLUMES",
                "targetIdentifier": UNIT,
                "statusSummary": {"status": "SUCCEEDED"},
                "driftStatusSummary": {"driftStatus": "IN_SYNC"},
            }
        ]
    },
    "controltower.list_landing_zones": {"landingZones": [{"arn": LANDING_ZONE}]},
    "logs.describe_log_groups": _log_groups,
    "logs.get_data_protection_policy": {
        "logGroupIdentifier": "/app",
        "policyDocument": json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": []}),
    },
    "secretsmanager.list_secrets": _secrets,
    "ssm.list_tags_for_resource": _tags,
    "ssm-incidents.list_tags_for_resource": {"tags": {"env": "test"}},
    "account.get_contact_information": {
        "ContactInformation": {
            "FullName": "platform team",
            "AddressLine1": "1 Any Street",
            "City": "Any Town",
            "PostalCode": "12345",
            "CountryCode": "US",
            "PhoneNumber": "+1 555 0100",
            "CompanyName": "Example",
        }
    },
    "backup.get_backup_selection": _selection,
    "backup.get_backup_vault_access_policy": _vault_policy,
    "backup.get_backup_vault_notifications": lambda what, _: {
        **_vault(what),
        "SNSTopicArn": TOPIC,
        "BackupVaultEvents": ["BACKUP_JOB_FAILED"],
    },
    "backup.list_backup_selections": lambda what, _: {
        "BackupSelectionsList": [
            {
                "SelectionId": SELECTION,
                "SelectionName": "tables",
                "BackupPlanId": what.params()["BackupPlanId"],
                "CreationDate": THEN,
                "IamRoleArn": ROLE,
            }
        ]
    },
    "backup.list_protected_resources": {
        "Results": [
            {
                "ResourceArn": f"arn:aws:dynamodb:$region:{ACCOUNT}:table/orders",
                "ResourceType": "DynamoDB",
                "LastBackupTime": THEN,
                "ResourceName": "orders",
            }
        ]
    },
    "backup.list_recovery_points_by_backup_vault": _recovery_points,
    "cloudtrail.get_event_data_store": lambda what, _: {
        "EventDataStoreArn": what.params()["EventDataStore"],
        "Name": "lake",
        "Status": "ENABLED",
        "MultiRegionEnabled": True,
        "OrganizationEnabled": False,
        "RetentionPeriod": 366,
        "TerminationProtectionEnabled": True,
        "CreatedTimestamp": THEN,
        "UpdatedTimestamp": THEN,
        "BillingMode": "EXTENDABLE_RETENTION_PRICING",
    },
    "cloudtrail.list_event_data_stores": {
        "EventDataStores": [
            {"EventDataStoreArn": f"arn:aws:cloudtrail:$region:{ACCOUNT}:eventdatastore/1", "Name": "lake"}
        ]
    },
    "config.describe_conformance_packs": {
        "ConformancePackDetails": [
            {
                "ConformancePackName": "baseline",
                "ConformancePackArn": f"arn:aws:config:$region:{ACCOUNT}:conformance-pack/baseline/1",
                "ConformancePackId": "conformance-pack-1",
                "ConformancePackInputParameters": [],
                "LastUpdateRequestedTime": THEN,
            }
        ]
    },
    "config.describe_delivery_channel_status": {
        "DeliveryChannelsStatus": [
            {
                "name": "default",
                "configHistoryDeliveryInfo": {
                    "lastStatus": "Success",
                    "lastAttemptTime": THEN,
                    "lastSuccessfulTime": THEN,
                },
            }
        ]
    },
    "artifact.list_reports": {
        "reports": [
            {
                "id": "report-0123456789abcdef",
                "arn": "arn:aws:artifact:us-east-1::report/report-0123456789abcdef:1",
                "name": "Service Organization Controls (SOC) 2 Report",
                "description": "An auditor's report.",
                "state": "PUBLISHED",
                "uploadState": "COMPLETE",
                "acceptanceType": "EXPLICIT",
                "version": 1,
                "series": "Fall",
                "category": "Certifications And Attestations",
                "companyName": "AWS",
                "productName": "Global",
                "periodStart": THEN,
                "periodEnd": THEN,
            }
        ]
    },
    "health.describe_events": {
        "events": [
            {
                "arn": "arn:aws:health:eu-west-1::event/EC2/AWS_EC2_INSTANCE_REBOOT/AWS_EC2_INSTANCE_REBOOT_1",
                "service": "EC2",
                "eventTypeCode": "AWS_EC2_INSTANCE_REBOOT_MAINTENANCE_SCHEDULED",
                "eventTypeCategory": "scheduledChange",
                "region": "eu-west-1",
                "startTime": THEN,
                "lastUpdatedTime": THEN,
                "statusCode": "upcoming",
                "eventScopeCode": "ACCOUNT_SPECIFIC",
                "actionability": "ACTION_REQUIRED",
            }
        ]
    },
    "iam.generate_credential_report": _report,
    "logs.describe_account_policies": {
        "accountPolicies": [
            {
                "policyName": "ship",
                "policyDocument": json.dumps(
                    {"DestinationArn": f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/logs", "FilterPattern": ""}
                ),
                "lastUpdatedTime": 1768469400000,
                "policyType": "SUBSCRIPTION_FILTER_POLICY",
                "scope": "ALL",
                "accountId": ACCOUNT,
            }
        ]
    },
    "ssm.describe_association": {
        "AssociationDescription": {
            **ASSOCIATION,
            "LastSuccessfulExecutionDate": THEN,
            "ComplianceSeverity": "HIGH",
            "Parameters": {"Operation": ["Install"]},
        }
    },
    "ssm.describe_instance_information": {
        "InstanceInformationList": [
            {
                "InstanceId": INSTANCE,
                "PingStatus": "Online",
                "LastPingDateTime": THEN,
                "AgentVersion": "3.3.2299.0",
                "IsLatestVersion": False,
                "PlatformType": "Linux",
                "PlatformName": "Amazon Linux",
                "PlatformVersion": "2023",
                "ResourceType": "EC2Instance",
                "IPAddress": "10.0.0.5",
                "ComputerName": "ip-10-0-0-5",
                "AssociationStatus": "Success",
                "LastAssociationExecutionDate": THEN,
            }
        ]
    },
    "ssm.describe_instance_patch_states": _patch_states,
    "ssm.describe_patch_groups": {
        "Mappings": [
            {
                "PatchGroup": "servers",
                "BaselineIdentity": {
                    "BaselineId": "pb-0123456789abcdef0",
                    "BaselineName": "own",
                    "OperatingSystem": "AMAZON_LINUX_2023",
                    "DefaultBaseline": False,
                },
            }
        ]
    },
    "ssm.get_maintenance_window_task": _window_task,
    "ssm.get_patch_baseline": _baseline,
    "ssm.get_service_setting": _setting,
    "ssm.list_associations": {"Associations": [ASSOCIATION]},
    "ssm.list_resource_compliance_summaries": {
        "ResourceComplianceSummaryItems": [
            {
                "ComplianceType": "Patch",
                "ResourceType": "ManagedInstance",
                "ResourceId": INSTANCE,
                "Status": "NON_COMPLIANT",
                "OverallSeverity": "CRITICAL",
                "ExecutionSummary": {"ExecutionTime": THEN},
                "NonCompliantSummary": {
                    "NonCompliantCount": 2,
                    "SeveritySummary": {"CriticalCount": 1, "HighCount": 1},
                },
            }
        ]
    },
    "support.describe_severity_levels": {
        "severityLevels": [{"code": "low", "name": "Low"}, {"code": "urgent", "name": "Urgent"}]
    },
}

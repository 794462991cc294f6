"""Security services: what moto lacks of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.aws.answers.asking import Asked
from tests.aws.answers.data.common import ACCOUNT, INSTANCE, THEN, TOPIC

Moto = Callable[[], dict[str, Any]]

AGGREGATOR = f"arn:aws:securityhub:$region:{ACCOUNT}:finding-aggregator/1"
PLAN = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/breach"
STANDARD = "aws-foundational-security-best-practices/v/1.0.0"


RULE = f"arn:aws:securityhub:$region:{ACCOUNT}:automation-rule/1"
_RULE = {
    "RuleArn": RULE,
    "RuleStatus": "ENABLED",
    "RuleOrder": 1,
    "RuleName": "quiet",
    "Description": "Suppress what is accepted",
    "IsTerminal": False,
}


def _alarms(what: Asked, moto: Moto) -> dict[str, Any]:
    """Moto makes no composite alarms."""
    if "CompositeAlarm" not in (what.params().get("AlarmTypes") or ()) or what.params().get("AlarmNames"):
        return moto()
    return {
        **moto(),
        "CompositeAlarms": [
            {
                "AlarmName": "security",
                "AlarmArn": f"arn:aws:cloudwatch:$region:{ACCOUNT}:alarm:security",
                "AlarmRule": 'ALARM("root")',
                "ActionsEnabled": True,
                "AlarmActions": [TOPIC],
                "OKActions": [],
                "InsufficientDataActions": [],
                "StateValue": "OK",
                "StateUpdatedTimestamp": THEN,
            }
        ],
    }


def _findings(what: Asked, _: Moto) -> dict[str, Any]:
    return {
        "Findings": [
            {
                "AccountId": ACCOUNT,
                "Arn": f"arn:aws:guardduty:$region:{ACCOUNT}:detector/1/finding/{name}",
                "CreatedAt": "2026-01-15T09:30:00.000Z",
                "UpdatedAt": "2026-01-15T09:30:00.000Z",
                "Id": name,
                "Region": "$region",
                "Resource": {"ResourceType": "Instance"},
                "SchemaVersion": "2.0",
                "Service": {"Archived": False, "Count": 3},
                "Severity": 8.0,
                "Title": "An instance is querying a domain name of a known mining pool.",
                "Type": "CryptoCurrency:EC2/BitcoinTool.B!DNS",
            }
            for name in what.params()["FindingIds"]
        ]
    }


ANSWERS: dict[str, Any] = {
    "kms.describe_custom_key_stores": {
        "CustomKeyStores": [
            {
                "CustomKeyStoreId": "cks-1",
                "CustomKeyStoreName": "outside",
                "ConnectionState": "CONNECTED",
                "CreationDate": THEN,
                "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
                "XksProxyConfiguration": {
                    "Connectivity": "PUBLIC_ENDPOINT",
                    "UriEndpoint": "https://keys.example.com",
                },
            }
        ]
    },
    "kms.get_key_last_usage": lambda what, _: {
        "KeyId": what.params()["KeyId"],
        "KeyLastUsage": {"Operation": "Decrypt", "Timestamp": THEN},
        "TrackingStartDate": THEN,
        "KeyCreationDate": THEN,
    },
    "accessanalyzer.list_analyzers": {
        "analyzers": [
            {
                "arn": f"arn:aws:access-analyzer:$region:{ACCOUNT}:analyzer/outside",
                "name": "outside",
                "type": "ACCOUNT",
                "createdAt": THEN,
                "tags": {"env": "test"},
                "status": "ACTIVE",
            }
        ]
    },
    "cloudwatch.describe_alarms": _alarms,
    "glue.get_resource_policy": {
        "PolicyInJson": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, '
        '"Action": "glue:GetTables", "Resource": "*"}]}',
        "PolicyHash": "1",
        "CreateTime": THEN,
        "UpdateTime": THEN,
    },
    "guardduty.get_findings": _findings,
    "guardduty.list_findings": {"FindingIds": ["0123456789abcdef0123456789abcdef"]},
    "inspector2.list_findings": {
        "findings": [
            {
                "findingArn": f"arn:aws:inspector2:$region:{ACCOUNT}:finding/0123456789abcdef",
                "awsAccountId": ACCOUNT,
                "type": "PACKAGE_VULNERABILITY",
                "description": "A package has a known vulnerability.",
                "title": "CVE-2021-44228 - log4j",
                "remediation": {"recommendation": {"text": "Upgrade the package."}},
                "severity": "CRITICAL",
                "firstObservedAt": THEN,
                "lastObservedAt": THEN,
                "status": "ACTIVE",
                "resources": [{"type": "AWS_EC2_INSTANCE", "id": INSTANCE}],
                "inspectorScore": 10.0,
                "packageVulnerabilityDetails": {
                    "vulnerabilityId": "CVE-2021-44228",
                    "vulnerablePackages": [{"name": "log4j", "version": "2.14.1"}],
                    "source": "NVD",
                    "relatedVulnerabilities": [],
                },
                "fixAvailable": "YES",
                "exploitAvailable": "YES",
                "epss": {"score": 0.975},
            }
        ]
    },
    "inspector2.list_coverage": {
        "coveredResources": [
            {
                "resourceType": "AWS_EC2_INSTANCE",
                "resourceId": INSTANCE,
                "accountId": ACCOUNT,
                "scanType": "PACKAGE",
                "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
                "lastScannedAt": THEN,
            }
        ]
    },
    "macie2.get_automated_discovery_configuration": {"status": "ENABLED", "firstEnabledAt": THEN},
    "security-ir.list_memberships": {
        "items": [
            {
                "membershipId": "m-12345678901",
                "accountId": ACCOUNT,
                "region": "us-east-1",
                "membershipArn": f"arn:aws:security-ir:us-east-1:{ACCOUNT}:membership/m-12345678901",
                "membershipStatus": "Active",
            }
        ]
    },
    "securityhub.batch_get_automation_rules": {
        "Rules": [
            {
                **_RULE,
                "Criteria": {"ProductName": [{"Value": "GuardDuty", "Comparison": "EQUALS"}]},
                "Actions": [
                    {
                        "Type": "FINDING_FIELDS_UPDATE",
                        "FindingFieldsUpdate": {"Workflow": {"Status": "SUPPRESSED"}},
                    }
                ],
            }
        ],
        "UnprocessedAutomationRules": [],
    },
    "securityhub.list_automation_rules": {"AutomationRulesMetadata": [_RULE]},
    "securityhub.get_enabled_standards": {
        "StandardsSubscriptions": [
            {
                "StandardsSubscriptionArn": f"arn:aws:securityhub:$region:{ACCOUNT}:subscription/{STANDARD}",
                "StandardsArn": f"arn:aws:securityhub:$region::standards/{STANDARD}",
                "StandardsInput": {},
                "StandardsStatus": "READY",
            }
        ]
    },
    "securityhub.get_finding_aggregator": {
        "FindingAggregatorArn": AGGREGATOR,
        "FindingAggregationRegion": "us-east-1",
        "RegionLinkingMode": "ALL_REGIONS",
    },
    "securityhub.list_finding_aggregators": {"FindingAggregators": [{"FindingAggregatorArn": AGGREGATOR}]},
    "securityhub.list_tags_for_resource": {"Tags": {"env": "test"}},
    "ssm-incidents.get_response_plan": {
        "arn": PLAN,
        "name": "breach",
        "displayName": "Breach",
        "incidentTemplate": {
            "title": "Breach",
            "impact": 1,
            "notificationTargets": [{"snsTopicArn": TOPIC}],
        },
        "engagements": [f"arn:aws:ssm-contacts:$region:{ACCOUNT}:contact/platform"],
        "chatChannel": {"chatbotSns": [TOPIC]},
        "actions": [
            {"ssmAutomation": {"documentName": "isolate", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/little"}}
        ],
    },
    "ssm-incidents.list_response_plans": {
        "responsePlanSummaries": [{"arn": PLAN, "name": "breach", "displayName": "Breach"}]
    },
    "wafv2.list_resources_for_web_acl": lambda what, _: {
        "ResourceArns": (
            [f"arn:aws:elasticloadbalancing:$region:{ACCOUNT}:loadbalancer/app/web/1"]
            if what.params().get("ResourceType") == "APPLICATION_LOAD_BALANCER"
            else []
        )
    },
}

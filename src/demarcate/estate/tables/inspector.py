"""Amazon Inspector: what it is told to scan, and what it scans."""

from __future__ import annotations

from demarcate.estate.schema.table import Arn, Each, Float, From, Int, Table, Text, Texts, Time
from demarcate.estate.schema.transforms import each

STATUS = Table(
    "aws_inspector2_status",
    "Which kinds of resource Inspector scans in a region of the account.",
    service="inspector",
    live=(
        Each("sts.get_caller_identity", "@"),
        Each(
            "inspector2.batch_get_account_status",
            "accounts[]",
            inputs={"accountIds": "Account"},
            batch="accountIds",
            failures="failedAccounts",
        ),
    ),
    columns=(
        Arn("arn:{partition}:inspector2:{region}:{account_id}:status"),
        Text("status", live="state.status"),
        Text("ec2_status", live="resourceState.ec2.status"),
        Text("ecr_status", live="resourceState.ecr.status"),
        Text("lambda_status", live="resourceState.lambda.status"),
        Text("lambda_code_status", live="resourceState.lambdaCode.status"),
        Text("code_repository_status", live="resourceState.codeRepository.status"),
    ),
)

FINDING = Table(
    "aws_inspector2_finding",
    "A package with a known vulnerability that Inspector sees in a resource now.",
    service="inspector",
    live=Each(
        "inspector2.list_findings",
        "findings[]",
        params={
            "filterCriteria": {
                "findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}],
                "findingType": [{"comparison": "EQUALS", "value": "PACKAGE_VULNERABILITY"}],
            }
        },
    ),
    columns=(
        Arn(live="findingArn"),
        Text("source_account_id", live="awsAccountId", about="The account that the resource is in."),
        Text(
            "vulnerability_id", live="packageVulnerabilityDetails.vulnerabilityId", about="Such as CVE-2021-44228."
        ),
        Texts("related_vulnerabilities", live="packageVulnerabilityDetails.relatedVulnerabilities", absent=[]),
        Text("severity", live="severity"),
        Text("status", live="status"),
        Text("title", live="title", absent=""),
        Float("inspector_score", live="inspectorScore"),
        Float("epss_score", live="epss.score", about="How likely it is exploited within 30 days, from 0 to 1."),
        Text("fix_available", live="fixAvailable", about="YES, NO or PARTIAL."),
        Text("exploit_available", live="exploitAvailable", about="YES or NO."),
        Text("resource_type", live="resources[0].type"),
        Text("resource_id", live="resources[0].id"),
        Int(
            "image_in_use_count",
            live="resources[0].details.awsEcrContainerImage.inUseCount",
            about="Of a container image: how many tasks and pods of the organization run it.",
        ),
        Texts("packages", live=From("packageVulnerabilityDetails.vulnerablePackages", each("name")), absent=[]),
        Time("first_observed_at", live="firstObservedAt"),
        Time("last_observed_at", live="lastObservedAt"),
    ),
)

COVERAGE = Table(
    "aws_inspector2_coverage",
    "A resource that Inspector knows of, and whether it scans it.",
    service="inspector",
    live=Each("inspector2.list_coverage", "coveredResources[]"),
    columns=(
        Text("resource_id", live="resourceId"),
        Arn("arn:{partition}:inspector2:{region}:{account_id}:coverage/{scan_type}/{resource_id}"),
        Text("resource_type", live="resourceType"),
        Text("source_account_id", live="accountId", about="The account that the resource is in."),
        Text("scan_type", live="scanType"),
        Text("scan_status_code", live="scanStatus.statusCode"),
        Text("scan_status_reason", live="scanStatus.reason"),
        Time("last_scanned_at", live="lastScannedAt"),
    ),
)

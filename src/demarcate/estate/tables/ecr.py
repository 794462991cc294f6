"""Amazon ECR: private repositories, and how the registry scans images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from demarcate.access.rows import reach_of
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.standins import sample
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Derived,
    Each,
    Float,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
    attribute,
)
from demarcate.estate.schema.transforms import aws_managed_key, document, present
from demarcate.estate.schema.unknown import Unknown, first_unknown


def _public(policy: Any) -> Any:
    """Whether the policy lets anyone in."""
    return reach_of(policy, service="ecr").anyone


def _all_scanned(frequency: str, filters: str, filter_: str) -> Any:
    """Whether a rule that scans by itself covers every repository."""

    def find(rules: Any) -> Any:
        for rule in rules:
            unknown = first_unknown(rule)
            if unknown:
                return unknown
            if rule[frequency] in ("SCAN_ON_PUSH", "CONTINUOUS_SCAN") and any(
                wanted[filter_] == "*" for wanted in rule[filters]
            ):
                return True
        return False

    return find


def _filters(registry: Mapping[str, Any]) -> Iterator[dict[str, Any] | Unknown]:
    """One row for each filter of each rule. One without a wildcard is for each name that holds it."""
    rules = registry.get("rules", [])
    for rule in [rules] if isinstance(rules, Unknown) else rules:
        if isinstance(rule, Unknown):
            yield rule
            continue
        # As the API has it, or a template.
        members = {name.lower(): value for name, value in rule.items()}
        for named in members["repositoryfilters"]:
            text = named if isinstance(named, Unknown) else named.get("filter", named.get("Filter"))
            shown = text if isinstance(text, Unknown) else _pattern(sample(text))
            yield {"scan_frequency": members["scanfrequency"], "filter": text, "pattern": shown}


def _pattern(filter_: str) -> str:
    """A filter as LIKE has it.

    >>> _pattern("prod"), _pattern("prod/*")
    ('%prod%', 'prod/%')
    """
    return filter_.replace("*", "%") if "*" in filter_ else f"%{filter_}%"


def _findings(severity: str) -> From:
    """How many findings of a severity the last scan has; not known where there was none."""
    return From(
        "imageScanFindingsSummary", lambda summary: summary.get("findingSeverityCounts", {}).get(severity, 0)
    )


REPOSITORY = Table(
    "aws_ecr_repository",
    "A private repository of container images.",
    service="ecr",
    live=Each("ecr.describe_repositories", "repositories[]", by={"repositoryNames[]": "repository_name"}),
    details={
        "policy": Call(
            "ecr.get_repository_policy",
            inputs={"repositoryName": "repositoryName", "registryId": "registryId"},
            absent=("RepositoryPolicyNotFoundException",),
        ),
        "lifecycle": Call(
            "ecr.get_lifecycle_policy",
            inputs={"repositoryName": "repositoryName", "registryId": "registryId"},
            absent=("LifecyclePolicyNotFoundException",),
        ),
        "tags": Call("ecr.list_tags_for_resource", inputs={"resourceArn": "repositoryArn"}),
    },
    cloudformation="AWS::ECR::Repository",
    ref_property="RepositoryName",
    columns=(
        Text("repository_name", live="repositoryName", cloudformation=REF),
        Arn(live="repositoryArn"),
        Text("registry_id", live="registryId"),
        Text("repository_uri", live="repositoryUri", cloudformation=attribute("RepositoryUri")),
        Time("created_at", live="createdAt"),
        Text(
            "image_tag_mutability",
            live="imageTagMutability",
            cloudformation=From("ImageTagMutability", absent="MUTABLE"),
            about="MUTABLE, IMMUTABLE, or either of them _WITH_EXCLUSION.",
        ),
        Bool(
            "scan_on_push",
            live="imageScanningConfiguration.scanOnPush",
            absent=False,
        ),
        Text(
            "encryption_type",
            live="encryptionConfiguration.encryptionType",
            cloudformation=From("EncryptionConfiguration.EncryptionType", absent="AES256"),
            about="AES256 (a key of AWS's), KMS or KMS_DSSE.",
        ),
        Text(
            "kms_key",
            live="encryptionConfiguration.kmsKey",
            absent="",
        ),
        Bool(
            "kms_key_aws_managed",
            live=From("encryptionConfiguration.kmsKey", aws_managed_key),
            absent=False,
            about="Whether the key is named by an alias that AWS keeps for itself.",
        ),
        Bool(
            "has_lifecycle_policy",
            live=From("@lifecycle.lifecyclePolicyText", present),
            cloudformation=From("LifecyclePolicy.LifecyclePolicyText", present),
            absent=False,
        ),
        Json(
            "lifecycle_policy",
            live=From("@lifecycle.lifecyclePolicyText", document),
            cloudformation=From("LifecyclePolicy.LifecyclePolicyText", document),
            absent={},
        ),
        Json(
            "policy",
            live=From("@policy.policyText", document),
            cloudformation=From("RepositoryPolicyText", document),
            absent={},
        ),
        Bool(
            "policy_public",
            live=From("@policy.policyText", _public),
            cloudformation=From("RepositoryPolicyText", _public),
            absent=False,
            about="Whether the policy lets everyone in, with no condition that limits who.",
        ),
        Tags(live="@tags.tags"),
    ),
)

IMAGE = Table(
    "aws_ecr_image",
    "An image in a private repository.",
    service="ecr",
    live=(
        Each("ecr.describe_repositories", "repositories[]"),
        Each(
            "ecr.describe_images",
            "imageDetails[]",
            inputs={"repositoryName": "repositoryName", "registryId": "registryId"},
        ),
    ),
    columns=(
        Text("image_digest", live="imageDigest"),
        Text("repository_name", live="repositoryName"),
        Arn("arn:{partition}:ecr:{region}:{account_id}:repository/{repository_name}/{image_digest}"),
        Texts("image_tags", live="imageTags", absent=[]),
        Time("image_pushed_at", live="imagePushedAt"),
        Time("last_recorded_pull_time", live="lastRecordedPullTime"),
        Text(
            "scan_status",
            live="imageScanStatus.status",
            absent="",
            about="ACTIVE, COMPLETE, FAILED, SCAN_ELIGIBILITY_EXPIRED, …; '' where it was never scanned.",
        ),
        Text("scan_description", live="imageScanStatus.description", absent=""),
        Time("scan_completed_at", live="imageScanFindingsSummary.imageScanCompletedAt"),
        Int("critical_count", live=_findings("CRITICAL")),
        Int("high_count", live=_findings("HIGH")),
        Int("medium_count", live=_findings("MEDIUM")),
        Int("low_count", live=_findings("LOW")),
        Text("media_type", live="artifactMediaType", absent=""),
    ),
)

REGISTRY_SCANNING = Table(
    "aws_ecr_registry_scanning_configuration",
    "How the private registry of a region scans images for vulnerabilities.",
    service="ecr",
    live=Each("ecr.get_registry_scanning_configuration", "@"),
    cloudformation="AWS::ECR::RegistryScanningConfiguration",
    columns=(
        Text("registry_id", live="registryId"),
        Arn("arn:{partition}:ecr:{region}:{account_id}:registry-scanning", cloudformation=REF),
        Text(
            "scan_type",
            live="scanningConfiguration.scanType",
            cloudformation="ScanType",
            about="BASIC, or ENHANCED by Amazon Inspector.",
        ),
        Json("rules", live="scanningConfiguration.rules", cloudformation="Rules", absent=[]),
        Bool(
            "scans_all_repositories",
            live=From("scanningConfiguration.rules", _all_scanned("scanFrequency", "repositoryFilters", "filter")),
            cloudformation=From("Rules", _all_scanned("ScanFrequency", "RepositoryFilters", "Filter")),
            absent=False,
            about="Whether every repository's images are scanned when pushed, or continuously.",
        ),
    ),
)

REGISTRY_FILTER = Table(
    "aws_ecr_registry_scanning_filter",
    "A filter of a scanning rule of the private registry: for which repositories the rule is.",
    service="ecr",
    derived=(Derived("aws_ecr_registry_scanning_configuration", needs=("rules",), function=_filters),),
    columns=(
        Text("scan_frequency", about="SCAN_ON_PUSH, CONTINUOUS_SCAN or MANUAL."),
        Text("filter", about="As it is written: prod, prod/*."),
        Text("pattern", about="The same, for LIKE with a repository's name."),
    ),
)


def _score(attributes: list[Mapping[str, Any]]) -> Any:
    """The CVSS score of a finding, by the newest version that is told."""
    told: dict[Any, Any] = {attribute.get("key"): attribute.get("value") for attribute in attributes}
    scores = [told[name] for name in ("CVSS4_SCORE", "CVSS3_SCORE", "CVSS2_SCORE") if told.get(name)]
    return float(scores[0]) if scores else ABSENT


def _attribute(name: str) -> Callable[[list[Mapping[str, Any]]], Any]:
    def value(attributes: list[Mapping[str, Any]]) -> Any:
        return next((each["value"] for each in attributes if each.get("key") == name), ABSENT)

    return value


SCAN_FINDING = Table(
    "aws_ecr_image_scan_finding",
    "A flaw that ECR's own scan, the basic one, finds in an image. Those of the enhanced scan are Inspector's.",
    service="ecr",
    live=(
        Each("ecr.describe_repositories", "repositories[]"),
        Each(
            "ecr.describe_images",
            "imageDetails[]",
            inputs={"repositoryName": "repositoryName", "registryId": "registryId"},
        ),
        Each(
            "ecr.describe_image_scan_findings",
            "imageScanFindings.findings[]",
            inputs={
                "repositoryName": "repositoryName",
                "registryId": "registryId",
                "imageId.imageDigest": "imageDigest",
            },
            only=("imageScanStatus.status=COMPLETE",),
            absent=("ScanNotFoundException",),
        ),
    ),
    columns=(
        Text("name", live="name", about="Such as CVE-2026-0001."),
        Text("repository_name", live="^.repositoryName"),
        Text("image_digest", live="^.imageDigest"),
        Texts("image_tags", live="^.imageTags", absent=[]),
        Text("package_name", live=From("attributes", _attribute("package_name")), absent=""),
        Text("package_version", live=From("attributes", _attribute("package_version")), absent=""),
        Arn(
            "arn:{partition}:ecr:{region}:{account_id}:repository/{repository_name}/{image_digest}/"
            "{name}/{package_name}"
        ),
        Text("severity", live="severity", about="CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL or UNDEFINED."),
        Float("cvss_score", live=From("attributes", _score)),
        Text("uri", live="uri", absent=""),
        Time("scan_completed_at", live="^.imageScanFindingsSummary.imageScanCompletedAt"),
    ),
)

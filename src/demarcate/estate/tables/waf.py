"""AWS WAF: web ACLs, regional and of CloudFront."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demarcate.estate.schema.secrets import without_secrets
from demarcate.estate.schema.table import (
    Arn,
    Bool,
    Call,
    Column,
    Companion,
    Each,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    attribute,
)
from demarcate.estate.schema.transforms import present
from demarcate.estate.schema.unknown import Kind, Unknown


def _groups(rules: Any) -> Any:
    """The managed rule groups of the rules, as "vendor/name"."""
    groups = []
    for rule in rules:
        if isinstance(rule, Unknown) or isinstance(rule["Statement"], Unknown):
            return rule if isinstance(rule, Unknown) else rule["Statement"]
        group = rule["Statement"].get("ManagedRuleGroupStatement")
        if group is not None:
            groups.append(f"{group['VendorName']}/{group['Name']}")
    return groups


_MANAGED = ("PreProcessFirewallManagerRuleGroups", "PostProcessFirewallManagerRuleGroups")
"""The rule groups that Firewall Manager puts before a web ACL's own rules, and after them."""


def _managed(acl: dict[str, Any]) -> list[dict[str, Any]]:
    """Firewall Manager's rule groups, as rules."""
    return [
        {**group, "Statement": group["FirewallManagerStatement"]}
        for name in _MANAGED
        for group in acl.get(name, [])
    ]


def _of_all(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of rules, for a web ACL: of its own rules and Firewall Manager's."""
    return lambda acl: function([*acl.get("Rules", []), *_managed(acl)])


_ELSEWHERE = Unknown(Kind.INDIRECT, "a rule group decides, whose rules stand elsewhere")


def _has_rate_limit(rules: Any) -> Any:
    known = [rule for rule in rules if not isinstance(rule, Unknown)]
    if any("RateBasedStatement" in rule["Statement"] for rule in known):
        return True
    if any(
        "RuleGroupReferenceStatement" in rule["Statement"] or "FirewallManagerStatement" in rule for rule in known
    ):
        return _ELSEWHERE
    return next((rule for rule in rules if isinstance(rule, Unknown)), False)


def _measured(rules: Any) -> Any:
    told = [rule["VisibilityConfig"]["CloudWatchMetricsEnabled"] for rule in rules]
    if any(measured is False for measured in told):
        return False
    return next((measured for measured in told if isinstance(measured, Unknown)), True)


def _action(action: Any) -> str:
    return "Block" if "Block" in action else "Allow"


def _without_search(rules: Any) -> Any:
    return without_secrets(rules, frozenset(("searchstring", "searchstringbase64")))


def _columns(scope: str) -> tuple[Column, ...]:
    """The columns that both kinds have. Only a regional table reads templates, where the scope is told."""
    rules, acl = "@acl.WebACL.Rules", "@acl.WebACL"
    return (
        Text("name", live="Name"),
        Text("id", live="Id", cloudformation=attribute("Id")),
        Arn(live="ARN"),
        Text("scope", live=From("@", lambda _: scope), cloudformation="Scope"),
        Text("description", live="Description", absent=""),
        Text(
            "default_action",
            live=From("@acl.WebACL.DefaultAction", _action),
            cloudformation=From("DefaultAction", _action),
        ),
        Int("rule_count", live=From(acl, _of_all(len)), cloudformation=From("Rules", len), absent=0),
        Texts(
            "managed_rule_groups",
            live=From(acl, _of_all(_groups)),
            cloudformation=From("Rules", _groups),
            absent=[],
            about="vendor/name.",
        ),
        Bool(
            "has_rate_limit",
            live=From(acl, _of_all(_has_rate_limit)),
            cloudformation=From("Rules", _has_rate_limit),
            absent=False,
        ),
        Bool(
            "all_rules_have_metrics",
            live=From(acl, _of_all(_measured)),
            cloudformation=From("Rules", _measured),
            absent=True,
        ),
        Bool("managed_by_firewall_manager", live="@acl.WebACL.ManagedByFirewallManager", absent=False),
        Bool(
            "logging_enabled",
            live=From("@logging.LoggingConfiguration", present),
            cloudformation=From("@logging.LogDestinationConfigs", present),
            absent=False,
        ),
        Texts(
            "log_destination_arns",
            live="@logging.LoggingConfiguration.LogDestinationConfigs",
            cloudformation="@logging.LogDestinationConfigs",
            absent=[],
        ),
        Json(
            "rules",
            live=From(rules, _without_search),
            cloudformation=From("Rules", _without_search),
            absent=[],
            about="Without what they search for, which may be the value of a secret header.",
        ),
    )


def _details(scope: str) -> dict[str, Call]:
    return {
        "acl": Call("wafv2.get_web_acl", inputs={"Name": "Name", "Id": "Id"}, params={"Scope": scope}),
        "logging": Call(
            "wafv2.get_logging_configuration",
            inputs={"ResourceArn": "ARN"},
            absent=("WAFNonexistentItemException",),
        ),
        "tags": Call("wafv2.list_tags_for_resource", inputs={"ResourceARN": "ARN"}),
    }


WEB_ACL = Table(
    "aws_wafv2_web_acl",
    "A web ACL of a region. A template's web ACL for CloudFront is here too.",
    service="waf",
    live=Each("wafv2.list_web_acls", "WebACLs[]", params={"Scope": "REGIONAL"}),
    details=_details("REGIONAL")
    | {
        "balancers": Call(
            "wafv2.list_resources_for_web_acl",
            inputs={"WebACLArn": "ARN"},
            params={"ResourceType": "APPLICATION_LOAD_BALANCER"},
        ),
        "apis": Call(
            "wafv2.list_resources_for_web_acl",
            inputs={"WebACLArn": "ARN"},
            params={"ResourceType": "API_GATEWAY"},
        ),
    },
    cloudformation="AWS::WAFv2::WebACL",
    companions={
        "logging": Companion("AWS::WAFv2::LoggingConfiguration", "ResourceArn"),
        "associations": Companion("AWS::WAFv2::WebACLAssociation", "WebACLArn", many=True),
    },
    columns=(
        *_columns("REGIONAL"),
        Texts(
            "load_balancer_arns",
            live="@balancers.ResourceArns",
            cloudformation="@associations[].ResourceArn",
            absent=[],
            about="In a template, whatever is associated.",
        ),
        Texts(
            "api_stage_arns",
            live="@apis.ResourceArns",
            cloudformation="@associations[].ResourceArn",
            absent=[],
            about="In a template, whatever is associated.",
        ),
        Tags(live="@tags.TagInfoForResource.TagList"),
    ),
)

GLOBAL_WEB_ACL = Table(
    "aws_wafv2_global_web_acl",
    "A web ACL of CloudFront.",
    service="waf",
    scope="account",
    live=Each("wafv2.list_web_acls", "WebACLs[]", params={"Scope": "CLOUDFRONT"}),
    details=_details("CLOUDFRONT"),
    columns=(
        *(column for column in _columns("CLOUDFRONT")),
        Tags(live="@tags.TagInfoForResource.TagList", cloudformation=None),
    ),
)

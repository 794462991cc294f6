"""Amazon VPC: endpoints, the private ways to services, and what their policies let through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.access.conditions import tests_in
from demarcate.access.rows import Row, statements
from demarcate.access.statements import PolicyKind
from demarcate.access.values import every, opposite, some
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.standins import sample
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Bulk,
    Each,
    From,
    Json,
    ManagedBy,
    Table,
    Tags,
    Text,
    Texts,
)
from demarcate.estate.schema.transforms import document, each
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables.vpc import requester


def _open_policy(value: Any) -> Any:
    """Whether an endpoint policy lets everyone do everything with everything: what Denies leave of it is not that."""
    policy = document(value)
    if isinstance(policy, Unknown):
        return policy
    told = statements(policy, PolicyKind.VPC_ENDPOINT)
    return every((opposite(some(map(_limits_all, told))), some(map(_allows_all, told))))


def _about_all(statement: Row) -> Iterator[bool | Unknown]:
    services = statement["wildcard_services"]
    yield services if isinstance(services, Unknown) else "*" in services
    yield statement["all_resources"]


def _allows_all(statement: Row) -> bool | Unknown:
    effect = statement["effect"]
    allows = effect if isinstance(effect, Unknown) else effect == "Allow"
    return every((allows, statement["anyone"], *_about_all(statement)))


_RESOURCE_KEYS: Final = frozenset(("aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"))


def _limits_all(statement: Row) -> bool | Unknown:
    """Whether it denies everything with resources of other accounts or organizations than it names, but to services."""
    effect = statement["effect"]
    denies = effect if isinstance(effect, Unknown) else effect == "Deny"
    keys = statement["condition_keys"]
    if isinstance(keys, Unknown):
        return every((denies, keys))
    held = _RESOURCE_KEYS.intersection(keys) and not set(keys) - _RESOURCE_KEYS - {"aws:principalisawsservice"}
    tests = [test for test in tests_in(statement["conditions"]) if not isinstance(test, Unknown)]
    negated = all(test[0].startswith("stringnot") for test in tests if test[1] in _RESOURCE_KEYS)
    return every((denies, bool(held) and negated, *_about_all(statement)))


def _policy_supported(services: list[Any]) -> Any:
    """Whether endpoints of the service may have a policy, as those of the service's name that are listed say it."""
    told = [
        bool(service["VpcEndpointPolicySupported"])
        for service in services
        if "VpcEndpointPolicySupported" in service
    ]
    return any(told) if told else ABSENT


def _service_takes_policy(properties: Mapping[str, Any]) -> Any:
    """The same as far as a template tells it: by a declared policy, the kind of endpoint, the name of a service."""
    kind, service = properties.get("VpcEndpointType", "Gateway"), properties.get("ServiceName", "")
    if isinstance(kind, Unknown):
        return kind
    if kind == "Gateway" or properties.get("PolicyDocument") is not None:
        return True
    if not isinstance(service, Unknown) and sample(service).startswith("com.amazonaws.vpce."):
        return False
    return Unknown(Kind.UNTOLD, "a template does not tell whether the service takes endpoint policies")


ENDPOINT = Table(
    "aws_vpc_endpoint",
    "A VPC endpoint: a private way to a service.",
    service="vpc",
    live=Each("ec2.describe_vpc_endpoints", "VpcEndpoints[]", by={"VpcEndpointIds[]": "vpc_endpoint_id"}),
    details={
        "services": Bulk(
            Each("ec2.describe_vpc_endpoint_services", "ServiceDetails[]"), key="ServiceName", of="ServiceName"
        ),
    },
    cloudformation="AWS::EC2::VPCEndpoint",
    gone=("state", "Deleting", "Deleted", "Rejected", "Failed", "Expired"),
    columns=(
        Text("vpc_endpoint_id", live="VpcEndpointId", cloudformation=REF),
        Arn("arn:{partition}:ec2:{region}:{owner_id}:vpc-endpoint/{vpc_endpoint_id}", cloudformation=REF),
        Text("owner_id", live="OwnerId"),
        Text("vpc_id", live="VpcId"),
        Text("service_name", live="ServiceName"),
        Text(
            "vpc_endpoint_type", live="VpcEndpointType", cloudformation=From("VpcEndpointType", absent="Gateway")
        ),
        Text("state", live="State"),
        Bool("private_dns_enabled", live="PrivateDnsEnabled"),
        Json("policy", live=From("PolicyDocument", document)),
        Bool(
            "policy_allows_everything",
            live=From("PolicyDocument", _open_policy),
            cloudformation=From("PolicyDocument", _open_policy, absent=True),
            about="Whether its policy lets everyone do everything with everything, as it does by default.",
        ),
        Bool(
            "policy_supported",
            live=From("@services", _policy_supported),
            cloudformation=From("@", _service_takes_policy),
            about="Whether the service takes a policy for its endpoints: some of AWS's do not, nor do other people's.",
        ),
        Texts("subnet_ids", live="SubnetIds", absent=[]),
        Texts("route_table_ids", live="RouteTableIds", absent=[]),
        Texts(
            "security_group_ids",
            live=From("Groups", each("GroupId"), absent=[]),
            cloudformation="SecurityGroupIds",
        ),
        ManagedBy(owner="OwnerId", live=From("@", requester)),
        Tags(live="Tags"),
    ),
)

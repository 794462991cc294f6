"""What a person does by hand: commands and properties that AWS has, and all four ways where no call mends it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore import xform_name

from demarcate.checks.catalog import load_checks
from demarcate.checks.remedies import Remedy
from tests.each import each
from tests.estate.schemas import schema
from tests.estate.test_tables import _session

CHECKS = load_checks()
BY_HAND = {name: check.remedy for name, check in CHECKS.items() if check.remedy.by_hand}

WAYS = {"console", "cli", "cloudformation", "terraform"}

COMMAND = re.compile(r"\baws ([a-z0-9-]+) ([a-z0-9]+(?:-[a-z0-9]+)+)\b(.*?)(?=\baws [a-z0-9-]+ [a-z0-9]+-|;|$)")
OPTION = re.compile(r"(?<!\S)--([a-z0-9-]+)")
OF_CLI = {"region", "profile", "query", "output", "cli-input-json", "endpoint-url"}
CALLED = {"s3api": "s3", "configservice": "config", "deploy": "codedeploy"}
"""Services that the CLI calls otherwise than botocore."""
RENAMED = {
    ("sns", "subscribe"): {"notification-endpoint": "endpoint"},
    ("configservice", "put-configuration-recorder"): {"recording-group": "configuration-recorder"},
    ("eks", "update-cluster-version"): {"kubernetes-version": "version"},
    ("ec2", "run-instances"): {"no-associate-public-ip-address": "network-interfaces"},
    ("ec2", "revoke-security-group-egress"): {
        "cidr": "cidr-ip",
        "protocol": "ip-protocol",
        "port": "from-port",
    },
}
"""Options that the CLI calls otherwise: since one of its own has their name, or since theirs are long or deep.

https://github.com/aws/aws-cli/tree/develop/awscli/customizations
"""

TYPE = re.compile(r"AWS::\w+::\w+")
PROPERTY = re.compile(r"(?<![\w:.-])((?:[A-Z][A-Za-z0-9]+\.)*[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+)(?![\w:-])")
NAMES = {
    *("CloudFormation", "CodeBuild", "CloudTrail", "CloudWatch", "DynamoDB", "EventBridge", "GuardDuty", "IPv6"),
    *(
        "OpenSearch",
        "ElastiCache",
        "AppSpec",
        "CodeDeploy",
        "GitHub",
        "CloudFront",
        "CloudHSM",
        "MemoryDB",
        "IPv4",
    ),
    *("AdministratorAccess", "ManagedActionsEnabled", "PreferredStartTime", "UpdateLevel"),
    *("RebootOption", "RebootIfNeeded"),
    *("UpdatePolicy", "EnableVersionUpgrade"),  # an attribute of resources, and its member
    *("PostgreSQL", "MySQL", "MariaDB", "NotPrincipal", "SecureTransport", "DocumentDB", "RunPatchBaseline"),
}
"""Words that look like properties: names of services and policies, options of Beanstalk and of
documents, elements of policies."""


def commands(remedy: Remedy) -> Iterator[tuple[str, str, set[str]]]:
    """The commands of the CLI that a text has: service, operation, and options."""
    for service, operation, rest in COMMAND.findall(remedy.by_hand.get("cli", "")):
        yield service, operation, set(OPTION.findall(rest))


@cache
def options(service: str) -> dict[str, dict[str, str]]:
    """The options of each operation of a service, as the CLI writes them, with their types."""
    model = _session().get_service_model(CALLED.get(service, service))
    told: dict[str, dict[str, str]] = {}
    for name in model.operation_names:
        shape: Any = model.operation_model(name).input_shape
        members = shape.members.items() if shape is not None else ()
        told[_written(name)] = {_written(member): of.type_name for member, of in members}
    return told


def _written(name: str) -> str:
    return xform_name(name).replace("_", "-")


@each("name", [name for name, remedy in BY_HAND.items() if list(commands(remedy))])
def test_commands_are_those_of_aws(name: str) -> None:
    for service, operation, given in commands(BY_HAND[name]):
        known = options(service)
        assert operation in known, f"aws {service} has no {operation}"
        takes = known[operation]
        renamed = RENAMED.get((service, operation), {})
        for option in given - OF_CLI:
            member = renamed.get(option, option)
            plain = member.removeprefix("no-") if takes.get(member.removeprefix("no-")) == "boolean" else member
            assert plain in takes, f"aws {service} {operation} has no --{option}, but {sorted(takes)}"


@each("name", [n for n, remedy in BY_HAND.items() if TYPE.search(remedy.by_hand.get("cloudformation", ""))])
def test_properties_are_those_of_cloudformation(name: str) -> None:
    text = BY_HAND[name].by_hand["cloudformation"]
    written = " ".join(json.dumps(schema(type_)) for type_ in set(TYPE.findall(text)))
    rest = re.sub(r"\{\w+\}", "", TYPE.sub("", text))
    for path in PROPERTY.findall(rest):
        for word in path.split("."):
            assert word in NAMES or f'"{word}"' in written, f"{word} is no property of {TYPE.findall(text)}"


def test_who_must_act_is_told_how() -> None:
    """In all ways, wherever no call mends it; and whoever is told one way of a check is told all."""
    untold = [n for n, check in CHECKS.items() if not check.remedy.mends and set(check.remedy.by_hand) != WAYS]
    assert not untold, f"{len(untold)} checks do not tell a person all four ways: {', '.join(untold)}"
    partly = [n for n, check in CHECKS.items() if set(check.remedy.by_hand) not in (set(), WAYS)]
    assert not partly, f"some ways only: {', '.join(partly)}"

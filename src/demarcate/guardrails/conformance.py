"""Rules of AWS Config for checks that pass everywhere, as templates of conformance packs.

A rule prevents nothing: it reports a resource that stops passing. Which rule a check is like, the check's `refs` say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.documents import compose, convert, read, read_text
from demarcate.base.encoding import to_json
from demarcate.checks.structs import Check
from demarcate.guardrails.load import FOLDER
from demarcate.posture.structs import Posture

LARGEST: Final = 51_200
"""How many bytes a template may have that is sent with the request: botocore's model of PutConformancePack."""

MOST: Final = 130
"""How many rules a conformance pack may have.

https://docs.aws.amazon.com/config/latest/developerguide/configlimits.html
"""


RULE: Final = "AWS::Config::ConfigRule"
"""The type of a rule in a template."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A managed rule, and the parameters that it is deployed with."""

    identifier: str
    parameters: dict[str, str] = {}


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    source: str
    checked: date
    rules: dict[str, Rule]
    left_out: dict[str, str]


@cache
def _rules() -> _Rules:
    return read(FOLDER / "data" / "config_rules.yaml", _Rules)


def rule_of(name: str) -> Rule | str:
    """The managed rule of a name, or why it cannot be deployed as it is."""
    if name in _rules().left_out:
        return _rules().left_out[name]
    return _rules().rules.get(name) or Rule(name.upper().replace("-", "_"))


@dataclass(frozen=True, slots=True)
class Packs:
    """Templates of conformance packs, how many rules are in all of them, and the rules that are not, with why.

    `watches` are the rules that are, each with the checks that it is like.
    """

    templates: tuple[str, ...]
    rules: int
    left_out: Mapping[str, str]
    watches: Mapping[str, tuple[str, ...]]


class _Resource(msgspec.Struct, frozen=True):
    type: str = msgspec.field(name="Type")


class _Template(msgspec.Struct, frozen=True):
    resources: dict[str, _Resource] = msgspec.field(name="Resources")


@dataclass(frozen=True, slots=True)
class PackTemplate:
    """The template of a conformance pack, as it stands in its file, and the types of its resources by their names."""

    file: str
    text: str
    resources: Mapping[str, str]


def read_template(path: Path) -> PackTemplate:
    """The template in a file. Raises DocumentError where there is none."""
    text = read_text(path)
    resources = convert(compose(text, str(path)), _Template, str(path)).resources
    return PackTemplate(path.name, text, {name: resource.type for name, resource in resources.items()})


def packs(posture: Posture, checks: Mapping[str, Check]) -> Packs:
    """The rules that watch the checks which pass everywhere, as few conformance packs."""
    passing = sorted(
        {
            result.check
            for item in posture.responsibilities
            for result in item.checks
            if result.passed and not result.failed and not result.unknown
        }
    )
    return packs_of(checks[check] for check in passing)


def packs_of(checks: Iterable[Check]) -> Packs:
    """The rules that watch what checks judge, as few conformance packs."""
    watched: dict[str, list[str]] = {}
    for check in checks:
        for name in check.refs.get("config-rule", ()):
            watched.setdefault(name, []).append(check.id)
    rules: dict[str, Rule] = {}
    left_out: dict[str, str] = {}
    for name in sorted(watched):
        rule = rule_of(name)
        if isinstance(rule, str):
            left_out[name] = rule
        elif rule not in rules.values():
            rules[name] = rule
    watches = {name: tuple(sorted(watched[name])) for name in rules}
    return Packs(tuple(_templates(rules)), len(rules), left_out, watches)


def _templates(rules: Mapping[str, Rule]) -> Iterable[str]:
    part: dict[str, Any] = {}
    for name, rule in rules.items():
        resource = {
            "Type": RULE,
            "Properties": {
                "ConfigRuleName": name,
                "Source": {"Owner": "AWS", "SourceIdentifier": rule.identifier},
                **({"InputParameters": rule.parameters} if rule.parameters else {}),
            },
        }
        logical_id = "".join(word.capitalize() for word in name.split("-"))
        larger = {**part, logical_id: resource}
        if len(larger) > MOST or len(_template(larger).encode()) > LARGEST:
            yield _template(part)
            larger = {logical_id: resource}
        part = larger
    if part:
        yield _template(part)


def _template(resources: Mapping[str, Any]) -> str:
    return msgspec.json.format(to_json({"Resources": resources}).decode(), indent=1) + "\n"

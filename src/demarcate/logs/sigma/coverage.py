"""Which techniques of ATT&CK which rules look for, and whether the log that each needs is switched on here.

A rule needs management events that write, those that read, or data events of S3 or Lambda: by the names of its events,
and all of them where it may fire under any. What a trail records is a row of `aws_cloudtrail_trail`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.documents import read
from demarcate.estate.schema.unknown import Unknown
from demarcate.logs.sigma import models
from demarcate.logs.sigma.structs import Rule

TRAILS: Final = "aws_cloudtrail_trail"

COLUMNS: Final = (
    "is_logging",
    "is_multi_region_trail",
    "management_reads",
    "management_writes",
    "excluded_management_event_sources",
    "s3_data_reads",
    "s3_data_writes",
    "lambda_data_events",
)
"""What is asked of trails."""

_NEEDS: Final = {
    "management_writes": "management events that write",
    "management_reads": "management events that read",
    "s3_data_reads": "data events of S3 that read",
    "s3_data_writes": "data events of S3 that write",
    "lambda_data_events": "data events of Lambda",
}

_READS: Final = re.compile(
    r"(get|list|describe|head|batchget|lookup|search|scan|query|test|validate|view)", re.IGNORECASE
)


class _Techniques(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: dict[str, str]
    renamed: dict[str, str]


@functools.cache
def _techniques() -> _Techniques:
    return read(Path(__file__).parent / "techniques.yaml", _Techniques)


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """A technique, by the id that it has today, and a rule that looks for it. `title` is what it is called, where one
    of our rules names it. `needs` is the log that is needed, `on` whether a trail records that here: None where it is
    not known, or was not asked; then `why` says why.
    """

    technique: str
    title: str
    rule: str
    level: str
    needs: str
    on: bool | None = None
    why: str = ""


def coverage(rules: Mapping[str, Rule], trails: Sequence[Mapping[str, Any]] | None = None) -> list[Covered]:
    """What rules cover, by technique. Without trails it is not asked what is on; with an empty list nothing is."""
    told = []
    for rule in rules.values():
        if rule.silent:
            continue
        needs = sorted(_needs(rule, rules))
        on, why = _are_on(needs, rule, trails)
        told += [
            Covered(
                technique=_techniques().renamed.get(technique, technique),
                title=_techniques().names.get(_techniques().renamed.get(technique, technique), ""),
                rule=rule.name,
                level=rule.level,
                needs=", ".join(_NEEDS[need] for need in needs),
                on=on,
                why=why,
            )
            for technique in rule.techniques or ("",)
        ]
    return sorted(told, key=lambda each: (each.technique, each.rule))


def _needs(rule: Rule, rules: Mapping[str, Rule]) -> set[str]:
    """The columns of a trail that must be true for a rule to see all of its events."""
    if rule.correlation is not None:
        return {need for other in rule.correlation.rules for need in _needs(rules[other], rules)}
    if rule.event_names is None:
        return {"management_reads", "management_writes"}
    needs = set()
    for name in rule.event_names:
        kinds = {(source, models.data_event(source, name)) for source in rule.sources or ()}
        data = {(source, kind) for source, kind in kinds if kind}
        for source, kind in data:
            needs.add("lambda_data_events" if source.startswith("lambda") else f"s3_data_{kind}")
        if not data:
            needs.add("management_reads" if _READS.match(name) else "management_writes")
    return needs


def _are_on(
    needs: Iterable[str], rule: Rule, trails: Sequence[Mapping[str, Any]] | None
) -> tuple[bool | None, str]:
    if trails is None:
        return None, ""
    unknown = ""
    for need in needs:
        answers = [_records(trail, need, rule) for trail in trails]
        if True in answers:
            continue
        open_ = next((answer for answer in answers if answer is not False), None)
        if open_ is None:
            return False, f"no trail records {_NEEDS[need]}" + ("" if trails else ": there is none")
        unknown = unknown or str(open_)
    return (None, unknown) if unknown else (True, "")


def _records(trail: Mapping[str, Any], need: str, rule: Rule) -> bool | str:
    """Whether a trail records something, or why that is not known."""
    unknown = ""
    for name in ("is_logging", "is_multi_region_trail", need):
        value = trail.get(name)
        if value is False:
            return False
        if value is not True:
            unknown = unknown or (value.reason if isinstance(value, Unknown) else f"{name} is not known")
    excluded = trail.get("excluded_management_event_sources")
    if need.startswith("management") and isinstance(excluded, list) and set(rule.sources or ()) & set(excluded):
        return False
    return unknown or True

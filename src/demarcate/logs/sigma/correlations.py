"""Correlations as pySigma reads them, as ours: by the ids of the rules they look at, and SQL of what groups them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from demarcate.logs.sigma.printing import first_text
from demarcate.logs.sigma.structs import Correlation, CorrelationType, Operator, Rule
from demarcate.logs.sigma.values import Refused

MAX_SECONDS: Final = 31 * 86_400
"""The longest time span: what lies within it is remembered."""

MAX_RULES: Final = 100


def correlation_of(parsed: Any, rules: Mapping[str, Rule]) -> Correlation:
    """What a correlation of pySigma asks. Raises Refused for one that names rules that are not there."""
    kind = cast(CorrelationType, parsed.type.name.lower())
    extended = not hasattr(parsed.condition, "op")
    references = [reference.reference for reference in parsed.rules or ()] or (
        parsed.condition.get_referenced_rules() if extended else []
    )
    if not 0 < len(references) <= MAX_RULES:
        raise Refused(f"looks at {len(references)} rules; from 1 to {MAX_RULES} are taken")
    named = [_named(str(reference), rules) for reference in references]
    if parsed.timespan.seconds > MAX_SECONDS:
        raise Refused(f"has a time span of {parsed.timespan.spec}; at most 31d are taken")
    fields = tuple(parsed.group_by or ())
    aliases = {alias.alias: alias.mapping for alias in parsed.aliases}
    by = tuple(
        tuple(first_text(_field(field, reference, aliases)) for field in fields) for reference in references
    )
    correlation = Correlation(
        type=kind, rules=tuple(rule.id for rule in named), seconds=parsed.timespan.seconds, by=by, names=fields
    )
    if kind == "temporal_ordered" and (
        extended or (parsed.condition.op.name, parsed.condition.count) != ("GTE", len(references))
    ):
        raise Refused(
            "asks for an order and has a condition, which is not taken; all of its rules must match in order"
        )
    if extended:
        return _replaced(correlation, needed=tuple(_polish(parsed.condition.parsed, references)))
    condition = parsed.condition
    values = condition.fieldref if isinstance(condition.fieldref, list) else [condition.fieldref]
    if kind.startswith("value_") and len(values) != 1:
        raise Refused("counts several fields at once; name one")
    return _replaced(
        correlation,
        operator=cast(Operator, condition.op.name.lower()),
        threshold=condition.count,
        percentile=_percentile(kind, condition.percentile),
        value=tuple(first_text(_field(str(values[0]), reference, aliases)) for reference in references)
        if kind.startswith("value_")
        else (),
    )


def _replaced(correlation: Correlation, **changes: Any) -> Correlation:
    import msgspec

    return msgspec.structs.replace(correlation, **changes)


def _percentile(kind: str, percentile: int | None) -> int:
    if kind != "value_percentile":
        return 0
    if percentile is None or not 0 <= percentile <= 100:
        raise Refused("is a percentile without 'percentile', from 0 to 100, in its condition")
    return percentile


def _named(reference: str, rules: Mapping[str, Rule]) -> Rule:
    for rule in rules.values():
        if reference in (rule.name, rule.id):
            if rule.correlation is not None:
                raise Refused(f"looks at {reference}, which is a correlation itself; that is not taken")
            return rule
    raise Refused(f"looks at the rule {reference!r}, which is not there or was not taken")


def _field(field: str, reference: str, aliases: Mapping[str, Mapping[Any, str]]) -> str:
    """The field that a name stands for in a rule."""
    for rule, told in aliases.get(field, {}).items():
        if rule.reference == reference:
            return told
    return field


def _polish(node: Any, references: list[str]) -> list[str | int]:
    """A condition over rules: an operator before what it joins, with how many that are behind it."""
    if hasattr(node, "reference"):
        return [references.index(node.reference)]
    name = type(node).__name__.removeprefix("CorrelationCondition").lower()
    told: list[str | int] = [f"{name} {len(node.args)}"]
    for arg in node.args:
        told += _polish(arg, references)
    return told

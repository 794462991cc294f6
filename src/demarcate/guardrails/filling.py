"""Guardrails as policies: with their parameters filled in, with principals left out, and packed under AWS's limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import msgspec

from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.guardrails.load import limits
from demarcate.guardrails.structs import EACH, PARAMETER, TYPES, Guardrail, Kind

VERSION: Final = "2012-10-17"
PRINCIPAL: Final = "aws:PrincipalArn"


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody says of guardrails: values of their parameters, and the principals that they leave out."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exempt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """The text of one policy, and the guardrails in it."""

    kind: Kind
    guardrails: tuple[Guardrail, ...]
    text: str

    @property
    def name(self) -> str:
        """What it is called in the organization: one that says anything else has another name."""
        more = f"-and-{len(self.guardrails) - 1}-more" if len(self.guardrails) > 1 else ""
        return f"demarcate-{self.guardrails[0].id}{more}-{sha256(self.text.encode()).hexdigest()[:8]}"


def missing(guardrail: Guardrail, choices: Choices) -> list[str]:
    """The parameters that it needs and nobody has said."""
    return [
        name
        for name, parameter in guardrail.parameters.items()
        if not parameter.default and not choices.values.get(name)
    ]


def statements(guardrail: Guardrail, choices: Choices) -> list[dict[str, Any]]:
    """The statements of a control policy as IAM reads them. Raises DemarcateError where a parameter is missing."""
    written = []
    for number, statement in enumerate(guardrail.statements, 1):
        told = _filled(msgspec.to_builtins(statement), guardrail, choices)
        condition = told.pop("Condition", {})
        if choices.exempt and guardrail.exemptible:
            _add(condition, "ArnNotLike", PRINCIPAL, choices.exempt)
        written.append(
            {
                "Sid": "".join(word.capitalize() for word in guardrail.id.split("-")) + str(number),
                "Effect": "Deny",
                **({"Principal": "*"} if guardrail.kind == "rcp" else {}),
                **{key: _single(value) if key.endswith("Action") else value for key, value in told.items()},
                "Resource": _single(told.get("Resource", "*")),
                **({"Condition": condition} if condition else {}),
            }
        )
    return written


def _add(condition: dict[str, Any], operator: str, key: str, values: Sequence[str]) -> None:
    condition.setdefault(operator, {})[key] = _single(list(values))


def _single(value: Any) -> Any:
    """A list of one thing as that thing, which is shorter and means the same."""
    return value[0] if isinstance(value, list | tuple) and len(value) == 1 else value


def _filled(value: Any, guardrail: Guardrail, choices: Choices) -> Any:
    if isinstance(value, dict):
        if PARAMETER in value:
            return list(_values(value[PARAMETER], guardrail, choices))
        if EACH in value:
            return [whole for text in value[EACH] for whole in _each(text, guardrail, choices)]
        return {key: _filled(inner, guardrail, choices) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(inner, guardrail, choices) for inner in value]
    return value


def _each(text: str, guardrail: Guardrail, choices: Choices) -> Iterable[str]:
    before, _, rest = text.partition("{")
    name, _, after = rest.partition("}")
    return (before + value + after for value in _values(name, guardrail, choices))


def _values(name: str, guardrail: Guardrail, choices: Choices) -> tuple[str, ...]:
    parameter = guardrail.parameters[name]
    values = choices.values.get(name) or parameter.default
    if not values:
        raise DemarcateError(f"{guardrail.id} needs {parameter.about}: say it with --set {name}=VALUE[,VALUE…]")
    return values


def policies(guardrails: Iterable[Guardrail], choices: Choices = Choices()) -> list[Policy]:
    """Guardrails as few policies, by kind: those of control policies share one as long as it is small enough.

    Raises DemarcateError where a parameter is missing, and where one guardrail alone is too large for a policy.
    """
    packed: list[Policy] = []
    together: dict[Kind, list[tuple[list[Guardrail], list[dict[str, Any]]]]] = {}
    for guardrail in guardrails:
        if guardrail.kind not in TYPES:
            continue
        if guardrail.content:
            text = _text(_filled(guardrail.content, guardrail, choices))
            packed.append(_checked(Policy(guardrail.kind, (guardrail,), text)))
            continue
        own = statements(guardrail, choices)
        bins = together.setdefault(guardrail.kind, [])
        fitting = next((held for held in bins if _fits(guardrail.kind, [*held[1], *own])), None)
        if fitting is None:
            bins.append(([guardrail], own))
        else:
            fitting[0].append(guardrail)
            fitting[1].extend(own)
    for kind, bins in together.items():
        packed += [_checked(Policy(kind, tuple(members), _document(of))) for members, of in bins]
    return sorted(packed, key=lambda policy: list(TYPES).index(policy.kind))


def _document(of: Sequence[Mapping[str, Any]]) -> str:
    return _text({"Version": VERSION, "Statement": list(of)})


def _text(document: Mapping[str, Any]) -> str:
    """A document without a character that it does not need."""
    return to_json(document).decode()


def _fits(kind: Kind, of: Sequence[Mapping[str, Any]]) -> bool:
    return len(_document(of)) <= limits()[kind].characters


def _checked(policy: Policy) -> Policy:
    most = limits()[policy.kind].characters
    if len(policy.text) > most:
        names = ", ".join(guardrail.id for guardrail in policy.guardrails)
        raise DemarcateError(
            f"{names}: the policy has {len(policy.text):,} characters, and AWS takes {most:,}: give fewer values"
        )
    return policy

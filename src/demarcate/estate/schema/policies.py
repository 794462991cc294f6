"""IAM's policy language: a document as its statements, with what checks ask of each, flat.

Pure, and the same for every kind of policy. Where an element is not known, only the answers that depend on it
are: a statement that allows "*" to everybody is public whatever else its list of principals may hold.

Source: the IAM JSON policy element reference of the IAM User Guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from demarcate.estate.schema.conditions import FEDERATED, always_hold, condition_keys, limits_action
from demarcate.estate.schema.conditions import limiting as limiting_of
from demarcate.estate.schema.paths import ABSENT, kind
from demarcate.estate.schema.policy_actions import (
    covers_action,
    covers_service,
    sensitive,
    sensitive_actions,
    wildcard_services,
)
from demarcate.estate.schema.policy_resources import covers_everything, covers_kind
from demarcate.estate.schema.policy_values import Values, every, lower, some, values_of
from demarcate.estate.schema.standins import StandIn, combined, distinct, sample, settled
from demarcate.estate.schema.transforms import document as parsed
from demarcate.estate.schema.unknown import Kind, Unknown

Statement = dict[str, Any]
"""Column of `aws_policy_statement` to value; a value may be an Unknown."""

COLUMNS: Final = (
    *("statement_index", "sid", "effect", "principals", "not_principals", "service_principals"),
    *("federated_providers", "actions", "not_actions", "wildcard_services", "watched_actions"),
    *("unlimited_actions", "resources", "not_resources", "wildcard_resources", "all_resources"),
    *("conditions", "condition_keys", "limiting_keys", "has_condition", "is_public", "denies_plain_http"),
)
"""What a statement tells."""


def statements(document: Any) -> list[Statement]:
    """The statements of a policy document: as data, or as JSON text. None or nothing has none.

    >>> [one["actions"] for one in statements({"Statement": {"Effect": "Allow", "Action": "s3:Get*"}})]
    [['s3:get*']]
    """
    if document is None or document == "":
        return []
    document = parsed(document)
    if isinstance(document, Unknown):
        return [_all_unknown(document)]
    if not isinstance(document, dict):
        return [_all_unknown(Unknown(Kind.MALFORMED, f"a policy document is an object, not {kind(document)}"))]
    found = document.get("Statement", [])
    if isinstance(found, Unknown):
        return [_all_unknown(found)]
    return [
        {"statement_index": index, **_statement(one)}
        for index, one in enumerate(found if isinstance(found, list) else [found])
    ]


def _all_unknown(reason: Unknown) -> Statement:
    return dict.fromkeys(COLUMNS, reason)


def _statement(one: Any) -> Statement:
    if not isinstance(one, dict):
        reason = (
            one
            if isinstance(one, Unknown)
            else Unknown(Kind.MALFORMED, f"a statement is an object, not {kind(one)}")
        )
        return {name: reason for name in COLUMNS if name != "statement_index"}
    effect = settled(one.get("Effect", Unknown(Kind.MALFORMED, "a statement has no Effect")))
    principals, not_principals = (
        _principals(one.get("Principal", ABSENT)),
        _principals(one.get("NotPrincipal", ABSENT)),
    )
    actions, not_actions = lower(one.get("Action", ABSENT)), lower(one.get("NotAction", ABSENT))
    resources, not_resources = values_of(one.get("Resource", ABSENT)), values_of(one.get("NotResource", ABSENT))
    conditions = settled(one.get("Condition", {}))
    if conditions is None:
        conditions = {}
    limiting = limiting_of(conditions)
    watched = sensitive(actions, not_actions)
    return {
        "sid": one.get("Sid", ""),
        "effect": effect,
        "principals": principals.column,
        "not_principals": not_principals.column,
        "service_principals": principals.of_type("Service", _service),
        "federated_providers": principals.of_type("Federated", _provider),
        "actions": actions.column,
        "not_actions": not_actions.column,
        "wildcard_services": wildcard_services(actions, not_actions),
        "watched_actions": watched.column,
        "unlimited_actions": _unlimited(watched, resources, not_resources, conditions),
        "resources": resources.column,
        "not_resources": not_resources.column,
        "wildcard_resources": any("*" in text for text in resources.known) or resources.unknown or False,
        "all_resources": covers_everything(resources, not_resources),
        "conditions": conditions,
        "condition_keys": condition_keys(conditions),
        "limiting_keys": limiting.column,
        "has_condition": conditions if isinstance(conditions, Unknown) else bool(conditions),
        "is_public": _is_public(effect, principals, not_principals, limiting),
        "denies_plain_http": _denies_plain_http(effect, principals, actions, not_actions, conditions),
    }


# --- principals -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Principals:
    """Principals by type; `unknown` where not even the types are known."""

    types: dict[str, Values] = field(default_factory=dict)
    unknown: Unknown | None = None

    @property
    def anyone(self) -> bool | Unknown:
        """Whether everybody is meant."""
        if "*" in self.types:
            return True
        aws = self.types.get("AWS", Values())
        return "*" in aws.known or self.unknown or aws.unknown or False

    @property
    def column(self) -> Any:
        texts = []
        for type_, values in self.types.items():
            if self.unknown or values.unknown:
                return self.unknown or values.unknown
            of_type = f"{type_}:{{value}}"
            texts += [
                "*" if text == "*" and type_ in ("*", "AWS") else combined(of_type, {"value": whole})
                for text, whole in zip(values.known, values.texts, strict=True)
            ]
        return self.unknown or distinct(texts)

    def of_type(self, type_: str, change: Any) -> Any:
        """The principals of one type, each changed by a function (which may give an Unknown)."""
        values = self.types.get(type_, Values())
        if self.unknown or values.unknown:
            return self.unknown or values.unknown
        texts = [change(text) for text in values.texts]
        return next((text for text in texts if isinstance(text, Unknown)), texts)


def _principals(value: Any) -> _Principals:
    value = settled(value)
    if value is ABSENT or value is None:
        return _Principals()
    if isinstance(value, Unknown):
        return _Principals(unknown=value)
    if value == "*":
        return _Principals({"*": Values(["*"])})
    if not isinstance(value, dict):
        return _Principals(unknown=Unknown(Kind.MALFORMED, f'Principal is "*" or an object, not {kind(value)}'))
    return _Principals({type_: values_of(texts) for type_, texts in value.items()})


def _service(text: str | StandIn) -> str | StandIn:
    return text if isinstance(text, StandIn) else text.lower()


_OWN_NAMES = ("cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com", "www.amazon.com")


def _provider(whole: str | StandIn) -> str | Unknown:
    """The name of an identity provider: a host (and path), or `saml:` and its name."""
    text = sample(whole)
    _, found, name = text.partition(":oidc-provider/")
    if found:
        return name.lower()
    _, found, name = text.partition(":saml-provider/")
    if found:
        return f"saml:{name}"
    if isinstance(whole, StandIn):
        return whole.unknown
    return text if text in _OWN_NAMES else Unknown(Kind.DEPLOYMENT, f"{text}: which identity provider it is")


# --- actions on resources ---------------------------------------------------------------------------------


def _unlimited(watched: Values, resources: Values, not_resources: Values, conditions: Any) -> Any:
    """Those of the watched actions that it is about on every resource of their kind, and without a condition that
    limits who may do them, or what to.
    """
    unlimited, unsure = [], watched.unknown
    for action in watched.known:
        limited = limits_action(conditions, action)
        answer = every(
            (
                covers_kind(resources, not_resources, sensitive_actions()[action]),
                limited if isinstance(limited, Unknown) else not limited,
            )
        )
        if isinstance(answer, Unknown):
            unsure = unsure or answer
        elif answer:
            unlimited.append(action)
    return unsure or unlimited


# --- plain HTTP -------------------------------------------------------------------------------------------

_PLAIN_HTTP = {"aws:securetransport": "false", "s3:tlsversion": None}
"""What is known of a request without TLS."""


def _denies_plain_http(
    effect: Any, principals: _Principals, actions: Values, not_actions: Values, conditions: Any
) -> bool | Unknown:
    """Whether it denies everybody whatever needs no TLS: all of S3, or the mounting of a file system."""
    denies = effect if isinstance(effect, Unknown) else effect == "Deny"
    served = some(
        (
            covers_service(actions, not_actions, "s3"),
            covers_action(actions, not_actions, "elasticfilesystem:clientmount"),
        )
    )
    return every((denies, principals.anyone, served, always_hold(conditions, _PLAIN_HTTP)))


# --- public -----------------------------------------------------------------------------------------------


def _is_public(
    effect: Any, principals: _Principals, not_principals: _Principals, limiting: Values
) -> bool | Unknown:
    """Whether it allows everybody, without a condition that limits it."""
    allows = effect if isinstance(effect, Unknown) else effect == "Allow"
    anyone: bool | Unknown = True if not_principals.types else not_principals.unknown or principals.anyone
    if any(not key.endswith(FEDERATED) for key in limiting.known):
        return False
    return every((allows, anyone, limiting.unknown or True))


def named_statements(policies: Iterable[Any]) -> Iterator[Statement]:
    """The statements of inline policies: {PolicyName, PolicyDocument} each."""
    for policy in policies:
        if isinstance(policy, Unknown):
            yield _all_unknown(policy)
            continue
        for one in statements(policy.get("PolicyDocument")):
            yield {"policy_name": policy.get("PolicyName", ""), **one}

"""IAM's policy language: a document as its statements, with what checks ask of each, flat.

Pure, and the same for every kind of policy. Where an element is not known, only the answers that depend on it
are: a statement that allows "*" to everybody is public whatever else its list of principals may hold.

Source: the IAM JSON policy element reference of the IAM User Guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from demarcate.estate.schema.conditions import (
    FEDERATED,
    always_hold,
    condition_keys,
    limits_action,
    names_source,
    never_hold,
)
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
from demarcate.estate.schema.policy_values import Values, every, lower, opposite, some, values_of
from demarcate.estate.schema.standins import StandIn, combined, distinct, sample, settled
from demarcate.estate.schema.transforms import document as parsed
from demarcate.estate.schema.unknown import Kind, Unknown

Statement = dict[str, Any]
"""Column of `aws_policy_statement` to value; a value may be an Unknown."""

UNLIMITED: Final = {
    "passes_any_role": ("iam:passrole",),
    "assumes_any_role": ("sts:assumerole",),
    "reads_any_secret": ("secretsmanager:getsecretvalue",),
    "decrypts_with_any_key": ("kms:decrypt", "kms:reencryptfrom"),
    "changes_any_trail": ("cloudtrail:deletetrail", "cloudtrail:stoplogging", "cloudtrail:updatetrail"),
}
"""Columns that tell whether a statement is about one of these actions, on every resource of their kind."""

COLUMNS: Final = (
    *("statement_index", "statement", "sid", "effect", "principals", "not_principals", "service_principals"),
    *("federated_providers", "actions", "not_actions", "wildcard_services", "watched_actions"),
    *("resources", "not_resources", "wildcard_resources", "all_resources"),
    *("conditions", "condition_keys", "limiting_keys", "has_condition", "is_public", "denies_plain_http"),
    *("allows_plain_http", "unlimited_services", *UNLIMITED),
)
"""What a statement tells: first where it is."""


@dataclass(frozen=True, slots=True)
class Elements:
    """What a statement of a policy says, by its elements, but for whom it is for."""

    effect: Any
    actions: Values
    not_actions: Values
    resources: Values
    not_resources: Values
    conditions: Any

    @classmethod
    def of(cls, statement: Any) -> Elements:
        """The elements of one statement; all are unknown where it is none."""
        if not isinstance(statement, dict):
            reason = _no_statement(statement)
            some_, none = Values(unknown=reason), Values()
            return cls(reason, some_, none, some_, none, reason)
        conditions = settled(statement.get("Condition", {}))
        return cls(
            settled(statement.get("Effect", Unknown(Kind.MALFORMED, "a statement has no Effect"))),
            lower(statement.get("Action", ABSENT)),
            lower(statement.get("NotAction", ABSENT)),
            values_of(statement.get("Resource", ABSENT)),
            values_of(statement.get("NotResource", ABSENT)),
            {} if conditions is None else conditions,
        )


def listed(document: Any) -> list[Any]:
    """The statements of a policy document as they are written: as data, or as JSON text. None or nothing has none; one
    that is Unknown stands for all of those that could not be read.
    """
    if document is None or document == "":
        return []
    document = parsed(document)
    if isinstance(document, Unknown):
        return [document]
    if not isinstance(document, dict):
        return [Unknown(Kind.MALFORMED, f"a policy document is an object, not {kind(document)}")]
    items = document.get("Statement", [])
    return items if isinstance(items, list) else [items]


def statements(document: Any) -> list[Statement]:
    """The statements of a policy document, with what checks ask of each.

    >>> [one["actions"] for one in statements({"Statement": {"Effect": "Allow", "Action": "s3:Get*"}})]
    [['s3:get*']]
    """
    inside = isinstance(document, dict) and isinstance(document.get("Statement"), list)
    return [
        _all_unknown(written)
        if isinstance(written, Unknown) and not inside
        else {"statement_index": number, "statement": f"statement {number}", **_statement(written)}
        for number, written in enumerate(listed(document), 1)
    ]


def _all_unknown(reason: Unknown) -> Statement:
    return dict.fromkeys(COLUMNS, reason)


def _no_statement(value: Any) -> Unknown:
    if isinstance(value, Unknown):
        return value
    return Unknown(Kind.MALFORMED, f"a statement is an object, not {kind(value)}")


def _statement(written: Any) -> Statement:
    if not isinstance(written, dict):
        return dict.fromkeys(COLUMNS[2:], _no_statement(written))
    said = Elements.of(written)
    principals, not_principals = (
        _principals(written.get("Principal", ABSENT)),
        _principals(written.get("NotPrincipal", ABSENT)),
    )
    limiting = limiting_of(said.conditions)
    return {
        "sid": written.get("Sid", ""),
        "effect": said.effect,
        "principals": principals.column,
        "not_principals": not_principals.column,
        "service_principals": principals.of_type("Service", _service),
        "federated_providers": principals.of_type("Federated", _provider),
        "actions": said.actions.column,
        "not_actions": said.not_actions.column,
        "wildcard_services": wildcard_services(said.actions, said.not_actions),
        "watched_actions": sensitive(said.actions, said.not_actions).column,
        "resources": said.resources.column,
        "not_resources": said.not_resources.column,
        "wildcard_resources": any("*" in text for text in said.resources.known) or said.resources.unknown or False,
        "all_resources": covers_everything(said.resources, said.not_resources),
        "conditions": said.conditions,
        "condition_keys": condition_keys(said.conditions),
        "limiting_keys": limiting.column,
        "has_condition": said.conditions if isinstance(said.conditions, Unknown) else bool(said.conditions),
        "is_public": _is_public(said.effect, principals, not_principals, limiting),
        "denies_plain_http": _denies_plain_http(said, principals),
        "allows_plain_http": _allows_plain_http(said, principals, not_principals),
        "unlimited_services": _unlimited_services(said, principals),
        **{column: some(unlimited(said, action) for action in actions) for column, actions in UNLIMITED.items()},
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
    _, separator, name = text.partition(":oidc-provider/")
    if separator:
        return name.lower()
    _, separator, name = text.partition(":saml-provider/")
    if separator:
        return f"saml:{name}"
    if isinstance(whole, StandIn):
        return whole.unknown
    return text if text in _OWN_NAMES else Unknown(Kind.DEPLOYMENT, f"{text}: which identity provider it is")


# --- actions on resources ---------------------------------------------------------------------------------


def unlimited(said: Elements, action: str) -> bool | Unknown:
    """Whether it is about an action on every resource of its kind, and without a condition that limits who may do it,
    or what to.
    """

    def answers() -> Iterator[bool | Unknown]:  # one by one: few statements get past the first
        yield covers_action(said.actions, said.not_actions, action)
        yield covers_kind(said.resources, said.not_resources, sensitive_actions()[action])
        yield opposite(limits_action(said.conditions, action))

    return every(answers())


def _unlimited_services(said: Elements, principals: _Principals) -> Any:
    """The services that it lets in for whomever they act."""
    services = principals.of_type("Service", _service)
    if said.effect == "Deny" or services == []:
        return []
    if isinstance(said.effect, Unknown) or isinstance(services, Unknown):
        return said.effect if isinstance(said.effect, Unknown) else services
    answers = [(name, names_source(said.conditions, sample(name))) for name in services]
    unsure = next((answer for _, answer in answers if isinstance(answer, Unknown)), None)
    return unsure or [name for name, answer in answers if answer is False]


# --- plain HTTP -------------------------------------------------------------------------------------------

_PLAIN_HTTP = {"aws:securetransport": "false", "s3:tlsversion": None}
"""What is known of a request without TLS."""


def _denies_plain_http(said: Elements, principals: _Principals) -> bool | Unknown:
    """Whether it denies everybody whatever needs no TLS: all of S3, or the mounting of a file system."""

    def answers() -> Iterator[bool | Unknown]:
        yield said.effect if isinstance(said.effect, Unknown) else said.effect == "Deny"
        yield principals.anyone
        yield some(
            (
                covers_service(said.actions, said.not_actions, "s3"),
                covers_action(said.actions, said.not_actions, "elasticfilesystem:clientmount"),
            )
        )
        yield always_hold(said.conditions, _PLAIN_HTTP)

    return every(answers())


def _allows_plain_http(said: Elements, principals: _Principals, not_principals: _Principals) -> bool | Unknown:
    """Whether it allows everybody to mount a file system, also where there is no TLS."""

    def answers() -> Iterator[bool | Unknown]:
        yield said.effect if isinstance(said.effect, Unknown) else said.effect == "Allow"
        yield _anyone(principals, not_principals)
        yield covers_action(said.actions, said.not_actions, "elasticfilesystem:clientmount")
        yield opposite(never_hold(said.conditions, _PLAIN_HTTP))

    return every(answers())


# --- public -----------------------------------------------------------------------------------------------


def _is_public(
    effect: Any, principals: _Principals, not_principals: _Principals, limiting: Values
) -> bool | Unknown:
    """Whether it allows everybody, without a condition that limits it."""
    allows = effect if isinstance(effect, Unknown) else effect == "Allow"
    if any(not key.endswith(FEDERATED) for key in limiting.known):
        return False
    return every((allows, _anyone(principals, not_principals), limiting.unknown or True))


def _anyone(principals: _Principals, not_principals: _Principals) -> bool | Unknown:
    """Whether everybody is meant, or everybody but some."""
    return True if not_principals.types else not_principals.unknown or principals.anyone


def named_statements(policies: Iterable[Any]) -> Iterator[Statement]:
    """The statements of inline policies: {PolicyName, PolicyDocument} each."""
    for policy in policies:
        if isinstance(policy, Unknown):
            yield _all_unknown(policy)
            continue
        name = policy.get("PolicyName", "")
        for statement in statements(policy.get("PolicyDocument")):
            called = statement["statement"]
            if name and isinstance(name, str) and isinstance(called, str):
                called = combined("{called} of inline policy {name}", {"called": called, "name": name})
            yield {"policy_name": name, **statement, "statement": called}

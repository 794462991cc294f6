"""IAM's policy language: a document as its statements, with what checks ask of each, flat.

Pure, and the same for every kind of policy. Where an element is not known, only the answers that depend on it
are: a statement that allows "*" to everybody is public whatever else its list of principals may hold.

Source: the IAM JSON policy element reference of the IAM User Guide.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from demarcate.estate.schema.paths import ABSENT, kind
from demarcate.estate.schema.standins import StandIn, Undecided, combined, distinct, sample, settled
from demarcate.estate.schema.transforms import document as parsed
from demarcate.estate.schema.unknown import Kind, Unknown

Statement = dict[str, Any]
"""Column of `aws_policy_statement` to value; a value may be an Unknown."""

WATCHED: Final = (
    "cloudtrail:deletetrail",
    "cloudtrail:stoplogging",
    "cloudtrail:updatetrail",
    "ec2:runinstances",
    "iam:addusertogroup",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:createpolicyversion",
    "iam:deletegrouppolicy",
    "iam:deleterolepermissionsboundary",
    "iam:deleteuserpermissionsboundary",
    "iam:passrole",
    "iam:putgrouppolicy",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
    "iam:updateassumerolepolicy",
    "iam:updateloginprofile",
    "kms:decrypt",
    "kms:putkeypolicy",
    "kms:reencryptfrom",
    "kms:schedulekeydeletion",
    "lambda:updatefunctioncode",
    "organizations:leaveorganization",
    "s3:putbucketpolicy",
    "secretsmanager:getsecretvalue",
    "sts:assumerole",
)
"""Actions that checks ask after, found behind whatever wildcard a statement names them by."""

COLUMNS: Final = (
    *("statement_index", "sid", "effect", "principals", "not_principals", "service_principals"),
    *("federated_providers", "actions", "not_actions", "wildcard_services", "watched_actions", "resources"),
    *(
        "not_resources",
        "wildcard_resources",
        "all_resources",
        "conditions",
        "condition_keys",
        "limiting_keys",
        "has_condition",
    ),
    "is_public",
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
    actions, not_actions = _lower(one.get("Action", ABSENT)), _lower(one.get("NotAction", ABSENT))
    resources, not_resources = _values(one.get("Resource", ABSENT)), _values(one.get("NotResource", ABSENT))
    conditions = settled(one.get("Condition", {}))
    if conditions is None:
        conditions = {}
    limiting = _limiting(conditions)
    return {
        "sid": one.get("Sid", ""),
        "effect": effect,
        "principals": principals.column,
        "not_principals": not_principals.column,
        "service_principals": principals.of_type("Service", _service),
        "federated_providers": principals.of_type("Federated", _provider),
        "actions": actions.column,
        "not_actions": not_actions.column,
        "wildcard_services": _wildcard_services(actions),
        "watched_actions": _watched(actions, not_actions),
        "resources": resources.column,
        "not_resources": not_resources.column,
        "wildcard_resources": any("*" in text for text in resources.known) or resources.unknown or False,
        "all_resources": _all_resources(resources, but_some=one.get("NotResource") is not None),
        "conditions": conditions,
        "condition_keys": _condition_keys(conditions),
        "limiting_keys": limiting.column,
        "has_condition": conditions if isinstance(conditions, Unknown) else bool(conditions),
        "is_public": _is_public(effect, principals, not_principals, limiting),
    }


# --- lists of text that may be partly unknown -------------------------------------------------------------


@dataclass(slots=True)
class _Values:
    """The texts that are known, and why there may be more.

    `known` has a sample of each stand-in: it names something of the templates, and so it is no wildcard.
    """

    known: list[str] = field(default_factory=list)
    unknown: Unknown | None = None
    standins: dict[int, StandIn] = field(default_factory=dict)
    """Those among the texts, by their place."""

    @property
    def texts(self) -> list[str | StandIn]:
        """The texts, with stand-ins in their places."""
        return [self.standins.get(index, text) for index, text in enumerate(self.known)]

    @property
    def column(self) -> Any:
        """The list where all of it is known."""
        return self.unknown or self.texts

    @property
    def given(self) -> bool:
        """Whether there is, or may be, anything."""
        return bool(self.known) or self.unknown is not None


def _values(value: Any) -> _Values:
    """One text, or a list of them."""
    found = _Values()
    if value is ABSENT or value is None:
        return found
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, StandIn):
            try:
                found.known.append(item.sample)
            except Undecided:
                found.unknown = found.unknown or item.unknown
            else:
                found.standins[len(found.known) - 1] = item
        elif isinstance(item, str):
            found.known.append(item)
        elif isinstance(item, bool):
            found.known.append("true" if item else "false")
        elif isinstance(item, int | float):
            found.known.append(str(item))
        elif isinstance(item, Unknown):
            found.unknown = found.unknown or item
        else:
            found.unknown = found.unknown or Unknown(Kind.MALFORMED, f"expected text, found {kind(item)}")
    return found


def _lower(value: Any) -> _Values:
    items = value if isinstance(value, list) else [value]
    found = _values(value if value is ABSENT else [settled(item) for item in items])
    return _Values([text.lower() for text in found.known], found.unknown)


# --- principals -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Principals:
    """Principals by type; `unknown` where not even the types are known."""

    types: dict[str, _Values] = field(default_factory=dict)
    unknown: Unknown | None = None

    @property
    def anyone(self) -> bool | Unknown:
        """Whether everybody is meant."""
        if "*" in self.types:
            return True
        aws = self.types.get("AWS", _Values())
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
        values = self.types.get(type_, _Values())
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
        return _Principals({"*": _Values(["*"])})
    if not isinstance(value, dict):
        return _Principals(unknown=Unknown(Kind.MALFORMED, f'Principal is "*" or an object, not {kind(value)}'))
    return _Principals({type_: _values(texts) for type_, texts in value.items()})


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


# --- actions and resources --------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    parts = (
        ".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", text)
    )
    return re.compile("".join(parts), re.DOTALL)


@lru_cache(maxsize=8192)
def _watched_by(action: str) -> frozenset[str]:
    return frozenset(name for name in WATCHED if _pattern(action).fullmatch(name))


def _watched(actions: _Values, not_actions: _Values) -> Any:
    """Those of WATCHED that the statement is about."""
    covered = frozenset[str]().union(*map(_watched_by, actions.known))
    if not_actions.given:
        if not_actions.unknown:
            return not_actions.unknown
        covered |= frozenset(WATCHED) - frozenset[str]().union(*map(_watched_by, not_actions.known))
    if actions.unknown and len(covered) < len(WATCHED):
        return actions.unknown
    return sorted(covered)


def _wildcard_services(actions: _Values) -> Any:
    """The services that are named with all of their actions; `*` where all services are."""
    if actions.unknown:
        return actions.unknown
    found = (
        "*" if text == "*" else text.removesuffix(":*")
        for text in actions.known
        if text.endswith(":*") or text == "*"
    )
    return sorted(set(found))


_TOKEN = re.compile(r"\$\{[^{}]*\}")
_KINDS = frozenset(
    (
        *("alias", "cluster", "db", "domain", "function", "group", "instance", "key", "log-group"),
        *("policy", "queue", "repository", "role", "secret", "snapshot", "stream", "table", "topic"),
        *("user", "volume"),
    )
)
"""Kinds of resource in an ARN of which `kind/*` or `kind:*` are all."""


def _plain(text: str) -> str:
    """A text with what AWS puts in for pseudo parameters, and policy variables, as one letter."""
    return _TOKEN.sub("x", text)


def _is_all(resource: str) -> bool:
    text = _plain(resource)
    if text == "*":
        return True
    parts = text.split(":", 5)
    if len(parts) < 6:
        return bool(re.fullmatch(r"[a-z0-9*:-]*\*", text))  # arn:*, arn:aws:kms:*
    if re.fullmatch(r"\*+", parts[5]):
        return True
    name, _, rest = parts[5].replace(":", "/", 1).partition("/")
    if parts[2] == "s3":
        return text.endswith(":*/*")
    return name in _KINDS and bool(re.fullmatch(r"[*/:]+", rest))


def _all_resources(resources: _Values, *, but_some: bool) -> bool | Unknown:
    """Whether it is about every resource of a kind. All but a few are counted as all."""
    if but_some or any(map(_is_all, resources.known)):
        return True
    return resources.unknown or False


# --- conditions -------------------------------------------------------------------------------------------

_LIMITING_KEYS = frozenset(
    (
        *("aws:principalaccount", "aws:principalarn", "aws:principalisawsservice"),
        *("aws:principalorgid", "aws:principalorgpaths", "aws:principalservicename"),
        *("aws:sourceaccount", "aws:sourcearn", "aws:sourceip", "aws:sourceorgid"),
        *("aws:sourceorgpaths", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpcarn"),
        *("aws:sourcevpce", "aws:userid", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"),
        *("ec2:sourceinstancearn", "elasticfilesystem:accessedviamounttarget", "kms:calleraccount"),
        *("lambda:sourcefunctionarn", "s3:dataaccesspointaccount", "s3:dataaccesspointarn"),
    )
)
_EXACT = ("stringequals", "stringequalsignorecase")
_LIKE = ("stringlike", "arnequals", "arnlike")
_FEDERATED = (":sub", ":aud")


def _operators(conditions: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(conditions, dict):
        yield from ((name.lower(), keys) for name, keys in conditions.items())


def _condition_keys(conditions: Any) -> Any:
    if isinstance(conditions, Unknown):
        return conditions
    if not isinstance(conditions, dict):
        return Unknown(Kind.MALFORMED, f"Condition is an object, not {kind(conditions)}")
    found: set[str] = set()
    for _, keys in _operators(conditions):
        if isinstance(keys, Unknown):
            return keys
        if not isinstance(keys, dict):
            return Unknown(Kind.MALFORMED, f"a condition operator holds an object, not {kind(keys)}")
        found.update(key.lower() for key in keys)
    return sorted(found)


def _limiting(conditions: Any) -> _Values:
    """The condition keys that limit who or what the statement is for, to an account, organization, network, …

    A key of a negated operator limits nothing, nor one that may be missing from the request (`…IfExists`,
    `ForAllValues:`), nor a value that is a wildcard.
    """
    if not isinstance(conditions, dict):
        return _Values(
            unknown=conditions
            if isinstance(conditions, Unknown)
            else Unknown(Kind.MALFORMED, "Condition is no object")
        )
    found: dict[str, bool | Unknown] = {}
    more: Unknown | None = None
    for operator, keys in _operators(conditions):
        if not isinstance(keys, dict):
            more = (
                keys
                if isinstance(keys, Unknown)
                else Unknown(Kind.MALFORMED, "a condition operator holds no object")
            )
            continue
        for key, value in keys.items():
            name = key.lower()
            limits = _limits(operator.removeprefix("foranyvalue:"), name, _values(value))
            if found.get(name) is not True:
                found[name] = limits or found.get(name, False)
    unsure = next((limits for limits in found.values() if isinstance(limits, Unknown)), more)
    return _Values(sorted(name for name, limits in found.items() if limits is True), unsure)


def _limits(operator: str, key: str, values: _Values) -> bool | Unknown:
    if key not in _LIMITING_KEYS and not key.endswith(_FEDERATED):
        return False
    if operator == "bool":
        test = _is_true
    elif operator in _EXACT:
        return values.given
    elif operator == "ipaddress":
        test = _is_narrow
    elif operator in _LIKE:
        test = _fixed_test(key)
    else:
        return False
    if not values.given or not all(map(test, values.known)):
        return False
    return values.unknown or True


def _is_true(text: str) -> bool:
    return text.lower() == "true"


def _is_narrow(text: str) -> bool:
    """Whether a range of addresses is no wider than a large network (a /8, or a /32 of IPv6)."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return True  # an address that is put in at deployment
    return network.prefixlen >= (8 if network.version == 4 else 32)


def _fixed_test(key: str) -> Any:
    if key.endswith("arn"):
        return _is_fixed_arn
    if key.endswith(":sub"):
        return _is_fixed_subject
    if key.endswith("orgpaths"):
        return lambda text: not re.search(r"[*?]", _plain(text).split("/")[0])
    if key == "aws:userid":
        return lambda text: not re.search(r"[*?]", _plain(text).split(":")[0])
    return lambda text: not re.search(r"[*?]", _plain(text))


def _is_fixed_arn(text: str) -> bool:
    """Whether an ARN pattern names an account, or where ARNs have none, how a resource's name begins."""
    parts = _plain(text).split(":", 5)
    if len(parts) < 6:
        return not re.search(r"[*?]", text)
    account = parts[4]
    if account:
        return not re.search(r"[*?]", account)
    return not parts[5].startswith(("*", "?"))


def _is_fixed_subject(text: str) -> bool:
    """Whether a token's subject (`repo:owner/name:…`) names whose it is."""
    first, colon, rest = _plain(text).partition(":")
    return not (rest if colon else first).startswith(("*", "?"))


# --- public -----------------------------------------------------------------------------------------------


def _is_public(
    effect: Any, principals: _Principals, not_principals: _Principals, limiting: _Values
) -> bool | Unknown:
    """Whether it allows everybody, without a condition that limits it."""
    allows = effect if isinstance(effect, Unknown) else effect == "Allow"
    anyone: bool | Unknown = True if not_principals.types else not_principals.unknown or principals.anyone
    if any(not key.endswith(_FEDERATED) for key in limiting.known):
        return False
    return _every((allows, anyone, limiting.unknown or True))


def _every(answers: Iterable[bool | Unknown]) -> bool | Unknown:
    """AND, as SQL has it."""
    answers = tuple(answers)
    if any(answer is False for answer in answers):
        return False
    return next((answer for answer in answers if isinstance(answer, Unknown)), True)


def named_statements(policies: Iterable[Any]) -> Iterator[Statement]:
    """The statements of inline policies: {PolicyName, PolicyDocument} each."""
    for policy in policies:
        if isinstance(policy, Unknown):
            yield _all_unknown(policy)
            continue
        for one in statements(policy.get("PolicyDocument")):
            yield {"policy_name": policy.get("PolicyName", ""), **one}

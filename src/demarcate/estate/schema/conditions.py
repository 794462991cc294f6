"""Conditions of a statement: the keys that they ask after, and which of them limit whom the statement is for."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from demarcate.estate.schema.paths import kind
from demarcate.estate.schema.policy_values import Values, plain, values_of
from demarcate.estate.schema.unknown import Kind, Unknown

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
FEDERATED = (":sub", ":aud")


def _operators(conditions: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(conditions, dict):
        yield from ((name.lower(), keys) for name, keys in conditions.items())


def condition_keys(conditions: Any) -> Any:
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


def limiting(conditions: Any) -> Values:
    """The condition keys that limit who or what the statement is for, to an account, organization, network, …

    A key of a negated operator limits nothing, nor one that may be missing from the request (`…IfExists`,
    `ForAllValues:`), nor a value that is a wildcard.
    """
    if not isinstance(conditions, dict):
        return Values(
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
            limits = _limits(operator.removeprefix("foranyvalue:"), name, values_of(value))
            if found.get(name) is not True:
                found[name] = limits or found.get(name, False)
    unsure = next((limits for limits in found.values() if isinstance(limits, Unknown)), more)
    return Values(sorted(name for name, limits in found.items() if limits is True), unsure)


def _limits(operator: str, key: str, values: Values) -> bool | Unknown:
    if key not in _LIMITING_KEYS and not key.endswith(FEDERATED):
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
        return lambda text: not re.search(r"[*?]", plain(text).split("/")[0])
    if key == "aws:userid":
        return lambda text: not re.search(r"[*?]", plain(text).split(":")[0])
    return lambda text: not re.search(r"[*?]", plain(text))


def _is_fixed_arn(text: str) -> bool:
    """Whether an ARN pattern names an account, or where ARNs have none, how a resource's name begins."""
    parts = plain(text).split(":", 5)
    if len(parts) < 6:
        return not re.search(r"[*?]", text)
    account = parts[4]
    if account:
        return not re.search(r"[*?]", account)
    return not parts[5].startswith(("*", "?"))


def _is_fixed_subject(text: str) -> bool:
    """Whether a token's subject (`repo:owner/name:…`) names whose it is."""
    first, colon, rest = plain(text).partition(":")
    return not (rest if colon else first).startswith(("*", "?"))

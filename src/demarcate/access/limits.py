"""Whom and what the conditions of a statement limit it to, by the keys that they ask after."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from demarcate.access.conditions import tests_in
from demarcate.access.patterns import matching
from demarcate.access.values import Values, every, plain, some
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Unknown

LIMITING_KEYS = frozenset(
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


def condition_keys(conditions: Any) -> Any:
    tests = list(tests_in(conditions))
    unknown = next((test for test in tests if isinstance(test, Unknown)), None)
    return unknown or sorted({test[1] for test in tests if not isinstance(test, Unknown)})


# --- whom and what they limit a statement to --------------------------------------------------------------


def limiting(conditions: Any) -> Values:
    """The condition keys that limit who or what the statement is for, to an account, organization, network, …

    A key of a negated operator limits nothing, nor one that may be missing from the request (`…IfExists`,
    `ForAllValues:`), nor a value that is a wildcard.
    """
    return _fixed(conditions, lambda key: key in LIMITING_KEYS or key.endswith(FEDERATED))


def _fixed(conditions: Any, about: Callable[[str], bool]) -> Values:
    """Those keys, of what is asked about, that a condition holds to values which are given."""
    answers: dict[str, bool | Unknown] = {}
    more: Unknown | None = None
    for test in tests_in(conditions):
        if isinstance(test, Unknown):
            more = test
            continue
        operator, key, values = test
        fixed = about(key) and _is_fixed(operator.removeprefix("foranyvalue:"), key, values)
        if answers.get(key) is not True:
            answers[key] = fixed or answers.get(key, False)
    unsure = next((fixed for fixed in answers.values() if isinstance(fixed, Unknown)), more)
    return Values(sorted(key for key, fixed in answers.items() if fixed is True), unsure)


def _is_fixed(operator: str, key: str, values: Values) -> bool | Unknown:
    test: Callable[[str], bool]
    if operator == "bool":
        return every((values.given, *(_is("true", text) for text in values.texts), values.unknown or True))
    if operator in _EXACT:
        return values.given
    if operator == "ipaddress":
        test = _is_narrow
    elif operator in _LIKE:
        test = _fixed_test(key)
    else:
        return False
    if not values.given or not all(map(test, values.known)):
        return False
    return values.unknown or True


def _is(truth: str, text: str | StandIn) -> bool | Unknown:
    """Whether a text is that truth, in whatever letters."""
    if isinstance(text, StandIn):
        return text.unknown
    return text.lower() == truth


def _is_narrow(text: str) -> bool:
    """Whether a range of addresses is no wider than a large network (a /8, or a /32 of IPv6)."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return True  # an address that is put in at deployment
    return network.prefixlen >= (8 if network.version == 4 else 32)


def _fixed_test(key: str) -> Callable[[str], bool]:
    if key == "iam:policyarn":
        return lambda text: not matching(plain(text))(_ADMINISTRATOR)
    if key.endswith("arn"):
        return _is_fixed_arn
    if key.endswith(":sub"):
        return _is_fixed_subject
    if key.endswith("orgpaths"):
        return lambda text: not re.search(r"[*?]", plain(text).split("/")[0])
    if key == "aws:userid":
        return lambda text: not re.search(r"[*?]", plain(text).split(":")[0])
    if key in LIMITING_KEYS or key.endswith(FEDERATED):
        return lambda text: not re.search(r"[*?]", plain(text))
    return lambda text: not re.fullmatch(r"(alias/)?[*?]*", plain(text))


_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


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
    """Whether a token's subject (`repo:owner/name:…`, `organization:name:…`) names whose it is, with the whole name."""
    first, colon, rest = plain(text).partition(":")
    owner = re.split("[/:]", rest if colon else first, maxsplit=1)[0]
    return bool(owner) and not re.search(r"[*?]", owner)


_HOLDERS = frozenset(("aws:principalarn", "aws:userid", "aws:username"))
"""Keys that limit who of those that have a policy may do what it allows."""

_BOUNDARY = ("iam:permissionsboundary",)
_MATERIAL = ("kms:requestalias", "kms:resourcealiases")
_TARGETS: Mapping[str, tuple[str, ...]] = {
    "cloudformation:createchangeset": ("cloudformation:rolearn",),
    "cloudformation:updatestack": ("cloudformation:rolearn",),
    "ec2:runinstances": ("ec2:instanceprofile",),
    "ecs:executecommand": ("ecs:cluster",),
    "iam:attachgrouppolicy": ("iam:policyarn",),
    "iam:attachrolepolicy": ("iam:policyarn", *_BOUNDARY),
    "iam:attachuserpolicy": ("iam:policyarn", *_BOUNDARY),
    "iam:deleterolepermissionsboundary": _BOUNDARY,
    "iam:deleteuserpermissionsboundary": _BOUNDARY,
    "iam:passrole": ("iam:associatedresourcearn", "iam:passedtoservice"),
    "iam:putrolepolicy": _BOUNDARY,
    "iam:putuserpolicy": _BOUNDARY,
    "kms:decrypt": _MATERIAL,
    "kms:putkeypolicy": _MATERIAL,
    "kms:reencryptfrom": _MATERIAL,
    "kms:schedulekeydeletion": _MATERIAL,
    "secretsmanager:getsecretvalue": ("secretsmanager:secretid",),
}
"""Keys that limit what an action may be done to, other than tags.

Source: the condition keys of each action in the Service Authorization Reference.
"""


def limits_action(conditions: Any, action: str, besides: Collection[str] = ()) -> bool | Unknown:
    """Whether conditions limit who may do an action (given in lower case), or what to: not from where, when, or how.

    A service that a key is used through (`kms:ViaService`) limits it together with an account alone. Keys of `besides`
    do not count.
    """
    if conditions == {}:
        return False
    service, _, _ = action.partition(":")
    tags = ("aws:principaltag/", "aws:resourcetag/", f"{service}:resourcetag/", "iam:resourcetag/")
    named = {*_HOLDERS, *_TARGETS.get(action, ())}.difference(besides)
    pair = {"kms:calleraccount", "kms:viaservice"} if service == "kms" else set[str]()
    fixed = _fixed(conditions, lambda key: key in named or key in pair or key.startswith(tags))
    if pair and pair <= set(fixed.known):
        return True
    return any(key not in pair for key in fixed.known) or fixed.unknown or False


_EXCEPTIONS = frozenset(
    f"{kind}not{how}{if_exists}"
    for kind in ("arn", "string")
    for how in ("equals", "like")
    for if_exists in ("", "ifexists")
)


def except_principals(conditions: Any, besides: Collection[str] = ()) -> bool | Unknown:
    """Whether all that conditions do is to leave out principals that they name. Keys of `besides` do not count."""
    if conditions == {}:
        return True
    return every(
        test if isinstance(test, Unknown) else test[1] in besides or _is_exception(*test)
        for test in tests_in(conditions)
    )


def _is_exception(operator: str, key: str, values: Values) -> bool | Unknown:
    if operator not in _EXCEPTIONS or key != "aws:principalarn" or not all(map(_names_one, values.known)):
        return False
    return values.unknown or values.given


def _names_one(arn: str) -> bool:
    """Whether an ARN says how the name of a principal begins or ends, in whichever account it is."""
    return bool(re.search(r"[^*?/:]", plain(arn).rpartition("/")[2]))


def outside_regions(conditions: Any) -> bool | Unknown:
    """Whether conditions hold outside of regions that they name."""
    return some(
        test
        if isinstance(test, Unknown)
        else test[1] == "aws:requestedregion"
        and test[0].removesuffix("ifexists") in ("stringnotequals", "stringnotlike", "stringnotequalsignorecase")
        and every((all(text.strip("*") for text in test[2].known), test[2].unknown or test[2].given))
        for test in tests_in(conditions)
    )


_SOURCES = ("aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner")


def names_source(conditions: Any, service: str) -> bool | Unknown:
    """Whether conditions hold a service to those on whose behalf it may act.

    The ARN of a bucket names no account, and a bucket of that name may become another's: S3 is held by it to nobody.
    """
    keys = _fixed(conditions, lambda key: key in (*_SOURCES, "aws:sourcearn"))
    if any(key in _SOURCES for key in keys.known):
        return True
    if "aws:sourcearn" in keys.known and (service.partition(".")[0] != "s3" or _named_accounts(conditions)):
        return True
    return keys.unknown or False


def _named_accounts(conditions: Any) -> bool:
    """Whether every ARN of a source has an account in it."""
    arns = [
        text
        for test in tests_in(conditions)
        if not isinstance(test, Unknown) and test[1] == "aws:sourcearn"
        for text in test[2].texts
    ]
    return bool(arns) and all(
        len(parts := (arn.fill("<{}>".format) if isinstance(arn, StandIn) else arn).split(":", 5)) == 6
        and parts[4]
        for arn in arns
    )

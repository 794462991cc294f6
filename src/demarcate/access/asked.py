"""What people ask about: the names of actions, ARNs and principals that they type, held to what AWS has.

A name that AWS does not have would be answered as if it had it, and "nobody may" is what a slip of the pen must never
be told. Sources: the Service Authorization Reference (`authorization.py`), botocore's `partitions.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from demarcate.access.authorization import action, actions_like, actions_of, arn_services, edition, services
from demarcate.access.evaluating import Caller, Who
from demarcate.access.patterns import is_wild
from demarcate.base.arn import PARTITIONS, is_account_id, is_region
from demarcate.base.errors import DemarcateError
from demarcate.base.names import nearest

_ACTION: Final = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+")
_PATTERN: Final = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+")
_ANY: Final = ("", "x")
"""What stands for a region or an account that there is none of, or that is not known yet."""

_SUFFIXES: Final = (
    *("amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk"),
    "csp.hci.ic.gov",
)
"""How the names of services as principals end, partition by partition."""


def check_action(text: str) -> None:
    """Raises DemarcateError for what is no name of an action, and for a name that AWS has not."""
    if not _ACTION.fullmatch(text):
        raise DemarcateError(f"{text[:100]!r} is no action: expected SERVICE:NAME, as s3:GetObject")
    if action(text) is None:
        raise _unknown(text)


def check_pattern(text: str) -> None:
    """Raises DemarcateError for what stands for no actions: by its form, or because AWS has none that is called so."""
    if not _PATTERN.fullmatch(text):
        raise DemarcateError(f"{text[:100]!r} stands for no action: expected SERVICE:NAME, with * for any")
    if text != "*" and next(actions_like(text), None) is None:
        raise _unknown(text)


def _unknown(text: str) -> DemarcateError:
    """What is wrong with the name of an action that AWS has not."""
    service = text.partition(":")[0]
    if not actions_of(service.lower()) and not is_wild(service):
        what = f"no service of {edition().taken} is called {service[:60]!r}"
        return DemarcateError(f"{text[:100]}: {what}{nearest(service.lower(), services())}")
    return DemarcateError(f"{text[:100]}: no action of {edition().taken} is called so{near_action(text)}")


def near_action(text: str) -> str:
    """A question for the action of the same service whose name is nearest; empty where none is near."""
    known = actions_of(text.partition(":")[0].lower())
    return "" if is_wild(text) else _nearest(text.lower(), known, [told.name for told in known.values()])


def _nearest(name: str, keys: Iterable[str], names: Iterable[str]) -> str:
    """The question for the nearest name, as AWS writes it."""
    written = dict(zip(keys, names, strict=True))
    told = nearest(name, written)
    for key in sorted(written, key=len, reverse=True):
        if told.endswith(f" {key}?"):
            return told.replace(key, written[key])
    return told


def parts_of(arn: str) -> list[str]:
    """The six parts of an ARN. Raises DemarcateError for what is none, or names what AWS has not."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or not all(parts[place] for place in (1, 2, 5)):
        raise DemarcateError(
            f"{arn[:200]!r} is no ARN: expected arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME, or * for any"
        )
    _, partition, service, region, account, _ = parts
    if partition not in PARTITIONS:
        raise DemarcateError(
            f"{arn[:200]!r}: {partition!r} is no partition that is known: {', '.join(PARTITIONS)}"
        )
    if not is_wild(service) and service not in services() and service not in arn_services():
        raise DemarcateError(
            f"{arn[:200]!r}: no service of {edition().taken} is called {service[:60]!r}"
            f"{nearest(service, arn_services())}"
        )
    if region not in _ANY and not is_wild(region) and not is_region(region):
        raise DemarcateError(f"{arn[:200]!r}: {region[:60]!r} is no region, as eu-west-1 is one")
    if account.isdigit() and not is_account_id(account):
        raise DemarcateError(f"{arn[:200]!r}: {account[:60]!r} is no account: expected 12 digits")
    return parts


def named_principal(text: str) -> Who:
    """Whoever is asked about: anonymous, an account, a user, role or session by its ARN, a service, or `federated:` or
    `canonical:` and a name. Raises DemarcateError for what is none of these.
    """
    who = Who.of(text)
    if who.caller is Caller.SERVICE and not is_service(text):
        raise DemarcateError(
            f"{text[:200]!r} is no principal: expected the ARN of a user or role, an account (12 digits), a service as "
            "lambda.amazonaws.com, anonymous, or federated: and a provider"
        )
    if who.caller is Caller.PRINCIPAL and ":" in text and parts_of(text)[2] not in ("iam", "sts"):
        raise DemarcateError(f"{text[:200]!r} is no principal: the ARN of one is of iam or sts")
    return who


def is_declared(text: str) -> bool:
    """Whether a text can only be what a template or plan calls one of its users or roles.

    >>> is_declared("AppRole"), is_declared("111122223333"), is_declared("lambda.amazonaws.com")
    (True, False, False)
    """
    return not (
        ":" in text or "/" in text or text in ("", "*", "anonymous") or is_account_id(text) or is_service(text)
    )


def is_service(text: str) -> bool:
    """Whether a text is called as a service is, as a principal.

    >>> is_service("lambda.amazonaws.com"), is_service("nobody")
    (True, False)
    """
    return any(text.lower().endswith(f".{suffix}") for suffix in _SUFFIXES)

"""What S3 itself takes for public, which decides what Block Public Access blocks.

It reads each Allow by itself, and only by whether it is held to fixed values: it subtracts no Deny. So it differs from
what anyone can do, in both directions.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
#access-control-block-public-access-policy-status
"""

from __future__ import annotations

import ipaddress
from typing import Final

from demarcate.access.conditions import Test
from demarcate.access.patterns import is_wild
from demarcate.access.statements import Statement
from demarcate.access.values import every, opposite, some
from demarcate.estate.schema.unknown import Unknown

_KEYS: Final = frozenset(
    (
        *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths"),
        *("aws:principalservicename", "aws:sourceaccount", "aws:sourcearn", "aws:sourceowner"),
        *("aws:sourcevpc", "aws:sourcevpce", "aws:userid"),
        *("s3:dataaccesspointaccount", "s3:x-amz-server-side-encryption-aws-kms-key-id"),
    )
)
_ACCESS_POINT: Final = "s3:dataaccesspointarn"
_FIXING: Final = frozenset(
    ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress")
)


def is_public(said: Statement) -> bool | Unknown:
    """Whether S3 takes a statement for public."""
    anyone = True if said.not_principals.given else said.principals.anyone
    fixed = some(test if isinstance(test, Unknown) else _is_fixed(test) for test in said.tests)
    return every((said.allows, anyone, opposite(fixed)))


def _is_fixed(test: Test) -> bool | Unknown:
    if test.operator not in _FIXING or test.if_exists or test.quantity == "all" or not test.values.given:
        return False
    if (test.operator == "ipaddress") is not (test.key == "aws:sourceip"):
        return False
    if test.operator != "ipaddress" and test.key not in (*_KEYS, _ACCESS_POINT):
        return False
    if not all(_is_value(test, text) for text in test.values.known):
        return False
    exact = test.operator in ("stringequals", "stringequalsignorecase")
    return True if exact else test.values.unknown or True


def _is_value(test: Test, text: str) -> bool:
    if "${" in text:
        return False
    if test.operator == "ipaddress":
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return True  # an address that is put in at deployment
        return network.prefixlen >= (8 if network.version == 4 else 32)
    if test.operator in ("stringequals", "stringequalsignorecase"):
        return True
    if test.key == _ACCESS_POINT:
        parts = text.split(":", 5)
        return len(parts) == 6 and bool(parts[4]) and not is_wild(parts[4])
    return not is_wild(text)

"""The parts of ARNs: what can be the id of an account, and what the name of a region.

AWS's answers, deliveries and snapshots say them, and files and hosts are named after them: so what comes from outside
is held to these forms where it comes in.
"""

from __future__ import annotations

import re

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,5}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f")
"""The partitions that AWS has, by botocore's `partitions.json`."""

_PARTITION = re.compile(r"aws(-[a-z]{1,5}){0,3}")


def is_account_id(text: object) -> bool:
    """Whether it is the id of an account: 12 digits.

    >>> is_account_id("123456789012"), is_account_id("../12345678")
    (True, False)
    """
    return isinstance(text, str) and _ACCOUNT.fullmatch(text) is not None


def is_region(text: object) -> bool:
    """Whether a region may have this name, known or not.

    >>> is_region("us-gov-west-1"), is_region("a.example.com/")
    (True, False)
    """
    return isinstance(text, str) and _REGION.fullmatch(text) is not None


def is_partition(text: object) -> bool:
    """Whether a partition may have this name.

    >>> is_partition("aws-us-gov"), is_partition("aws:iam")
    (True, False)
    """
    return isinstance(text, str) and _PARTITION.fullmatch(text) is not None

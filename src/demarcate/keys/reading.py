"""What is read of a snapshot about keys, and the columns of all tables that name a key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from demarcate.estate.schema.standins import StandIn
from demarcate.estate.sources.plan import Selection
from demarcate.estate.tables import all_tables
from demarcate.permitted.resources import of_identities, of_organization

KEYS: Final = "aws_kms_key"
ALIASES: Final = "aws_kms_alias"
GRANTS: Final = "aws_kms_grant"
IDENTITIES: Final = ("aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_policy")

_OWN: Final = (KEYS, ALIASES, GRANTS)
_NAMES: Final = re.compile(r"(.*_)?(kms(_master)?_key|encryption_key|key)(_id|_arn)?|key_id|key_arn")
_PATHS: Final = re.compile(r".*(kms|encryption|provider\.)(master)?key(id|arn)?|keyid", re.IGNORECASE)
_NO_KMS: Final = re.compile(r"(.*_)?(access|public|ssh)_key(_id|_arn)?")


@cache
def key_columns() -> Mapping[str, tuple[str, ...]]:
    """The columns that name a KMS key, by table: texts whose own name and place in the API say so."""
    told = {
        of.name: tuple(
            column.name
            for column in of.columns
            if column.type == "VARCHAR"
            and _NAMES.fullmatch(column.name)
            and not _NO_KMS.fullmatch(column.name)
            and any(_PATHS.fullmatch(place.path) for place in column.places.values())
        )
        for of in all_tables().values()
        if of.name not in _OWN
    }
    return {name: columns for name, columns in told.items() if columns}


def of_keys() -> Selection:
    """What is read of a source for the keys, their aliases, and what is encrypted with them."""
    return {KEYS: None, ALIASES: None, **{name: frozenset(columns) for name, columns in key_columns().items()}}


def of_grants() -> Selection:
    """What is read of a source for the grants of keys."""
    return {KEYS: None, GRANTS: None}


def of_access() -> Selection:
    """What is read of a source for who may use the keys."""
    return {KEYS: None, **of_identities(), **of_organization()}


def text_of(value: Any) -> str:
    """A text as it stands in its row, also where it stands for what only exists once deployed; empty for none."""
    if type(value) is StandIn:
        return value.text
    return value if type(value) is str else ""

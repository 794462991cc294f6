"""What is read of a snapshot about keys: their rows, and the columns of all tables that name a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from demarcate.base.encoding import from_json
from demarcate.estate.schema.standins import StandIn, unmarked
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.sources.plan import Selection
from demarcate.estate.tables import all_tables, table
from demarcate.permitted.resources import of_organization
from demarcate.permitted.rows import why_not_read as why_not_read

KEYS: Final = "aws_kms_key"
IDENTITIES: Final = ("aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_policy")

_OWN: Final = ("aws_kms_key", "aws_kms_alias")
_NAMES: Final = re.compile(r"(.*_)?(kms(_master)?_key|encryption_key|key)(_id|_arn)?|key_id|key_arn")
_PATHS: Final = re.compile(r".*(kms|encryption|provider\.)(master)?key(id|arn)?|keyid", re.IGNORECASE)
_NO_KMS: Final = re.compile(r"(.*_)?(access|public|ssh)_key(_id|_arn)?")

_OF_ALL: Final = ("resource", "account_id", "region", "file", "_unknown", "_assigned")


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
    """What is read of a source for the keys, and for what is encrypted with them."""
    return {KEYS: None, **{name: frozenset(columns) for name, columns in key_columns().items()}}


def of_access() -> Selection:
    """What is read of a source for who may use the keys."""
    return {KEYS: None, **dict.fromkeys(IDENTITIES), **of_organization()}


Row = dict[str, Any]
"""Column to value; what is not known is an Unknown that says why, and what a template assigns a stand-in."""


def rows(snapshot: Snapshot, name: str, columns: Iterable[str]) -> Iterator[Row]:
    """The rows of a table with these columns. Raises DemarcateError where a file cannot be read."""
    of, names = table(name), tuple(columns)
    types = {column.name: column.type for column in of.all_columns}
    held = snapshot.asked.get(name, ())
    for values in rows_of(snapshot, of, [*_OF_ALL, *names]):
        unknown, assigned = (from_json(values.pop(note) or "{}") for note in ("_unknown", "_assigned"))
        for column in names:
            value = values[column]
            if value is None:
                values[column] = _why(column, unknown.get(column), held)
                continue
            if types[column] == "JSON":
                value = from_json(value)
            values[column] = unmarked(value, assigned[column]) if column in assigned else value
        yield values


_KINDS: Final = {kind.value: kind for kind in Kind}


def _why(column: str, told: Any, held: tuple[str, ...]) -> Unknown | None:
    if isinstance(told, dict):
        return Unknown(_KINDS[told["kind"]], told["reason"])
    if column not in held:
        return Unknown(Kind.NOT_COLLECTED, f"{column} was not collected")
    return None


def text_of(value: Any) -> str:
    """A text as it stands in its row, also where it stands for what only exists once deployed; empty for none."""
    if type(value) is StandIn:
        return value.text
    return value if type(value) is str else ""

"""From AWS Config's JSON to the shape of the API's answer that it mirrors.

Config records most types as the call that describes them answers. What differs:

- Names are in one of two camel cases (`dBInstanceArn`, `dbinstanceArn` for `DBInstanceArn`).
- What is not there is null, or left out.
- Text may be wrapped (`{"value": "in-use"}`), and a list of one element may be that element.
- Policies of IAM are URL-encoded, dates are ISO 8601, "Aug 13, 2019 8:39:10 AM", or milliseconds since 1970.

Keys of maps are data and stay as they are; which dicts are maps, botocore's model of the service says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

import botocore.session

from demarcate.estate.schema.table import Table

_MILLISECONDS = 10**11
"""A number of seconds that is beyond every date that AWS gives: then it counts milliseconds."""


@cache
def output_shape(operation: str) -> Any:
    """The shape, as botocore has it, of the answer of an operation ("ec2.describe_volumes")."""
    from botocore import xform_name

    service, method = operation.split(".")
    model = _session().get_service_model(service)
    return model.operation_model(next(n for n in model.operation_names if xform_name(n) == method)).output_shape


@cache
def _session() -> Any:
    return botocore.session.get_session()


def item_shape(table: Table) -> Any:
    """The shape of what a table's live rows are made from."""
    step = table.steps[-1]
    shape = output_shape(step.operation)
    for name in step.items.split(".") if step.items != "@" else ():
        shape = shape.members[name.removesuffix("[]")]
        if name.endswith("[]"):
            shape = shape.member
    return shape


@cache
def _members(shape: Any) -> dict[str, tuple[str, Any]]:
    return {name.lower(): (name, member) for name, member in shape.members.items()}


def shaped(
    shape: Any, value: Any, nulls: set[str], names: Mapping[str, str] | None = None, where: str = ""
) -> Any:
    """A value of Config in a botocore shape.

    `names` are Config's members that the API calls otherwise. `nulls` gets the paths ("A.B", "A[].B") of what
    Config says is not there. Members that the shape does not have are left out, but for those of the value
    itself. What is of another form than the shape stays as it is: whoever looks into it will say so.
    """
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return _structure(shape, value, nulls, names or {}, where)
    if kind == "map" and isinstance(value, dict):
        return {key: shaped(shape.value, item, nulls) for key, item in value.items() if item is not None}
    if isinstance(value, dict) and value.keys() == {"value"}:
        value = value["value"]
    if kind == "list":
        listed = value if isinstance(value, list) else [value]
        return [shaped(shape.member, item, nulls, names, f"{where}[]") for item in listed if item is not None]
    if kind == "timestamp":
        return _moment(value)
    if shape.name == "policyDocumentType" and isinstance(value, str) and value.startswith("%"):
        return unquote(value)
    return value


def _structure(
    shape: Any, value: Mapping[str, Any], nulls: set[str], names: Mapping[str, str], where: str
) -> dict[str, Any]:
    members = _members(shape)
    told: dict[str, Any] = {}
    for key, item in value.items():
        name, member = members.get(names.get(key, key).lower(), (key, None))
        path = f"{where}.{name}" if where else name
        if item is None:
            nulls.add(path)
        elif member is not None:
            told[name] = shaped(member, item, nulls, names, path)
        elif not where:
            told.setdefault(name, item)
    return told


def _moment(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > _MILLISECONDS:
        return value / 1000
    if isinstance(value, str) and value[:1].isalpha():
        try:
            return datetime.strptime(value, "%b %d, %Y %I:%M:%S %p").isoformat()
        except ValueError:
            return value
    return value

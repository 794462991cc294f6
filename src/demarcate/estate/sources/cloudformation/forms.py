"""Properties in the forms that CloudFormation reads them in, whatever form they are written in.

A template may write `yes` or "True" for true, an account id without quotes, a number with them, and one thing where a
list of things stands. What a property is, is data (`forms.json`, written by `make shapes` from CloudFormation's
resource schemas), so that everything after this meets one form: what was meant, or Unknown where that is not clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from operator import is_
from pathlib import Path
from typing import Any

import msgspec

from demarcate.estate.schema.conversion import convert
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Unknown

_FILE = Path(__file__).with_name("forms.json")

Forms = Mapping[str, Any]
"""Forms by name: a type of columns, `[form]` for a list, members by name for an object ("*" for all of a map), or
`#name` for another one."""


@cache
def _forms() -> Mapping[str, Forms]:
    return msgspec.json.decode(_FILE.read_bytes(), type=dict[str, dict[str, Any]])


def forms_of(type_: str) -> Forms:
    """The forms of a type by name, the resource's own under ""; {"": {}} where none are known."""
    return _forms().get(type_, {"": {}})


def in_form(type_: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties of a resource, in the forms that they have. What has them already is its own answer.

    >>> in_form("AWS::EC2::Volume", {"Encrypted": "yes", "Size": "10", "Tags": {"Key": "year", "Value": 2026}})
    {'Encrypted': True, 'Size': 10, 'Tags': [{'Key': 'year', 'Value': '2026'}]}
    """
    forms = _forms().get(type_)
    formed: dict[str, Any] = properties if forms is None else _formed(properties, "#", forms, "")
    return formed


def form_at(type_: str, path: str) -> Any:
    """The form of the property at a path (`Rules[0].Status`); None where none is known.

    >>> form_at("AWS::EC2::Volume", "Encrypted")
    'BOOLEAN'
    """
    forms = _forms().get(type_)
    form: Any = "#" if forms is not None else None
    for step in path.replace("[", ".[").split("."):
        if forms is None or form is None:
            return None
        if step.startswith("["):
            form = form[0] if isinstance(form, list) else None
            continue
        members = forms.get(form[1:]) if isinstance(form, str) and form.startswith("#") else form
        form = members.get(step, members.get("*")) if isinstance(members, dict) else None
    return form


def _formed(value: Any, form: Any, forms: Forms, where: str) -> Any:
    if form is None or value is None or isinstance(value, Unknown):
        return value
    if isinstance(form, list):
        return _list(value, form[0], forms, f"{where}[]")
    if form[0] == "#" if isinstance(form, str) else True:
        members = forms[form[1:]] if isinstance(form, str) else form
        return _object(value, members, forms, where) if isinstance(value, dict) else value
    if form == "VARCHAR":
        return convert(form, value, where) if isinstance(value, bool | int | float) else value
    if form == "DOUBLE" and isinstance(value, int) and not isinstance(value, bool):
        return value
    return convert(form, value, where)


def _list(value: Any, form: Any, forms: Forms, where: str) -> Any:
    if isinstance(value, StandIn) and not value.filled:
        return value.unknown
    items = value if isinstance(value, list) else [value]
    formed = [_formed(item, form, forms, where) for item in items]
    return value if items is value and all(map(is_, formed, items)) else formed


def _object(value: dict[str, Any], members: Forms, forms: Forms, where: str) -> Any:
    prefix = f"{where}." if where else ""
    everything = members.get("*")
    formed = {
        name: _formed(item, members.get(name, everything), forms, prefix + name) for name, item in value.items()
    }
    return value if all(map(is_, formed.values(), value.values())) else formed

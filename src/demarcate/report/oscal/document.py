"""What all documents of OSCAL have: names that last, texts that it allows, and lists that are streamed.

Every UUID is one of version 5 of our own ids: the same finding, resource or responsibility has the same in each
document and each run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from demarcate.report.out import Out
from demarcate.report.safe import json_text, markdown, one_line
from demarcate.version import __version__

VERSION: Final = "1.2.1"

NAMESPACE: Final = "urn:demarcate:oscal"
"""The namespace of our properties."""

CATALOG: Final = (
    "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/SP800-53/rev5/json/"
    "NIST_SP-800-53_rev5_catalog.json"
)
FRAMEWORK: Final = "nist-800-53-r5"
"""The controls that documents speak of: NIST's own catalog of SP 800-53 revision 5, by our name for it."""

_OURS: Final = uuid5(NAMESPACE_URL, NAMESPACE)

_CONTROL: Final = re.compile(r"([A-Z]{2})-(\d{1,2})(?:\((\d{1,2})\))?")


def name_of(kind: str, *parts: str | None) -> str:
    """The UUID of something of ours, of its kind and of what tells it from others."""
    return str(uuid5(_OURS, json_text([kind, *parts])))


AWS: Final = name_of("party", "aws")
CUSTOMER: Final = name_of("party", "customer")
TOOL: Final = name_of("component", "demarcate")


def line(text: str) -> str:
    """Text as one line of Markdown in which nothing is markup; a dash for none, which OSCAL does not take."""
    return markdown(text) or "-"


def value(text: str) -> str:
    """Text as the value of a property."""
    return one_line(text) or "-"


def prop(name: str, told: str) -> dict[str, str]:
    """A property of ours."""
    return {"name": name, "ns": NAMESPACE, "value": value(told)}


def control_id(control: str) -> str | None:
    """A control as NIST's catalog names it; None for what is none.

    >>> control_id("SC-28"), control_id("AC-2(13)"), control_id("SI-2 a.")
    ('sc-28', 'ac-2.13', None)
    """
    told = _CONTROL.fullmatch(control)
    if told is None:
        return None
    family, number, enhancement = told.groups()
    return f"{family.lower()}-{number}" + (f".{enhancement}" if enhancement else "")


def controls_of(controls: Mapping[str, Iterable[str]]) -> list[str]:
    """The controls of SP 800-53 among those that something cites, as its catalog names them."""
    named = (control_id(control) for control in controls.get(FRAMEWORK, ()))
    return list(dict.fromkeys(control for control in named if control))


def metadata(title: str, moment: str, remarks: str = "") -> dict[str, Any]:
    """What a document is, of the moment at which the estate was read, and the two parties that it speaks of."""
    told: dict[str, Any] = {
        "title": line(title),
        "last-modified": moment,
        "version": value(moment),
        "oscal-version": VERSION,
        "props": [prop("demarcate-version", __version__)],
        "roles": [
            {"id": "provider", "title": "Cloud provider"},
            {"id": "customer", "title": "Customer"},
        ],
        "parties": [
            {"uuid": AWS, "type": "organization", "name": "Amazon Web Services", "short-name": "AWS"},
            {"uuid": CUSTOMER, "type": "organization", "name": "Customer"},
        ],
        "responsible-parties": [
            {"role-id": "provider", "party-uuids": [AWS]},
            {"role-id": "customer", "party-uuids": [CUSTOMER]},
        ],
    }
    return {**told, "remarks": remarks} if remarks else told


def write_document(root: str, document: Mapping[str, Any], out: Out) -> None:
    """Write a document. A list that is an iterator is written as it comes, and left out where it is empty."""
    out.write(f'{{"{root}":')
    _write(document, out)
    out.write("}\n")


def _write(value: Any, out: Out) -> None:
    if isinstance(value, Mapping):
        out.write("{")
        separator = ""
        for key, inner in value.items():
            told = inner
            if isinstance(inner, Iterator):
                first = list(islice(inner, 1))
                if not first:
                    continue
                told = chain(first, inner)
            out.write(f"{separator}{json_text(key)}:")
            _write(told, out)
            separator = ",\n"
        out.write("}")
    elif isinstance(value, Iterator) or _has_iterators(value):
        out.write("[")
        separator = "\n"
        for inner in value:
            out.write(separator)
            if isinstance(inner, Mapping) and not any(isinstance(each, Iterator) for each in inner.values()):
                out.write(json_text(inner))  # as most are: of findings there may be a million
            else:
                _write(inner, out)
            separator = ",\n"
        out.write("]")
    else:
        out.write(json_text(value))


def _has_iterators(value: Any) -> bool:
    """Whether a list has mappings in it that hold iterators: those are few, and are looked at one level down."""
    return isinstance(value, list) and any(
        isinstance(item, Mapping) and any(isinstance(inner, Iterator | Mapping) for inner in item.values())
        for item in value
    )

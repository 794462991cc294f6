"""What holds a document to its public schema (`schemas/`): it gives what is wrong with it, a line each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema  # type: ignore[import-untyped]
import yaml

SCHEMAS = Path(__file__).parent / "schemas"

Wrong = list[str]


def by_json_schema(name: str) -> Callable[[str], Wrong]:
    """What holds a JSON document to the schema of that file."""

    def wrong(text: str) -> Wrong:
        return told(name, json.loads(text))

    return wrong


def told(name: str, document: Any) -> Wrong:
    return [f"{error.json_path}: {error.message[:300]}" for error in _validator(name).iter_errors(document)]


@cache
def _validator(name: str) -> Any:
    schema = yaml.safe_load((SCHEMAS / name).read_text())
    return jsonschema.validators.validator_for(schema)(schema)


def by_junit(text: str) -> Wrong:
    """What is wrong with a document of JUnit's."""
    return list(_of_element(ElementTree.fromstring(text), yaml.safe_load((SCHEMAS / "junit.yaml").read_text())))


VALUES = {
    "token": r"\S+( \S+)*",
    "int": r"\d+",
    "decimal": r"\d+(\.\d+)?",
    "moment": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "string": r"(?s:.*)",
}


def _of_element(element: ElementTree.Element, rules: dict[str, Any]) -> Iterator[str]:
    rule = rules[element.tag]
    if rule["attributes"] != "any":
        allowed = {name.rstrip("?"): (name, type_) for name, type_ in rule["attributes"].items()}
        for name, value in element.attrib.items():
            if name not in allowed or not re.fullmatch(VALUES[allowed[name][1]], value):
                yield f"{element.tag}: {name}={value!r}"
        yield from (
            f"{element.tag} lacks {name}"
            for name in rule["attributes"]
            if name[-1] != "?" and name not in element.attrib
        )
    order = "".join(f"{child.tag} " for child in element)
    pattern = "".join(_child(child) for child in rule["children"])
    if not re.fullmatch(pattern, order):
        yield f"{element.tag} has {order}"
    for child in element:
        yield from _of_element(child, rules)


def _child(text: str) -> str:
    if "|" in text:
        return f"(?:(?:{text}) )?"
    return f"(?:{text.rstrip('*')} ){'*' if text.endswith('*') else ''}"


STANDARDS: dict[str, Callable[[str], Wrong]] = {
    "sarif": by_json_schema("sarif-2.1.0.json"),
    "junit": by_junit,
    "gitlab-codequality": by_json_schema("gitlab-codequality.yaml"),
    "gitlab-sast": by_json_schema("gitlab-sast.yaml"),
}
"""What holds each format that is somebody else's."""

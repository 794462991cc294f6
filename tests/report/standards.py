"""What holds a document to its public schema (`schemas/`): it gives what is wrong with it, a line each."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import botocore.session
import jmespath
import jsonschema  # type: ignore[import-untyped]
import yaml
from botocore.validate import ParamValidator

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
    # JSON Schema's patterns are those of ECMAScript, which has \p{L}; Python writes it otherwise.
    written = (SCHEMAS / name).read_text().replace("\\\\p{L}", "[^\\\\W\\\\d_]").replace("\\\\p{N}", "\\\\d")
    schema = json.loads(written) if name.endswith(".json") else yaml.safe_load(written)
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


def by_oscal(name: str) -> Callable[[str], Wrong]:
    """What holds a document to a schema of OSCAL, and its references to what they refer to: each must be there."""

    def wrong(text: str) -> Wrong:
        document = json.loads(text)
        (body,) = document.values()
        return [*told(f"oscal-1.2.1-{name}.json", document), *_dangling(body), *_twice(body)]

    return wrong


ELSEWHERE = {"provided-uuid", "responsibility-uuid"}
"""References of a plan into the plan that it leverages."""


def _dangling(body: Any) -> Iterator[str]:
    there = {value for key, value in _pairs(body) if key == "uuid"}
    for key, value in _pairs(body):
        if key.endswith("-uuid") and key not in ELSEWHERE and value not in there:
            yield f"{key} {value}: nothing has it"
        if key == "href" and isinstance(value, str) and value.startswith("#") and value[1:] not in there:
            yield f"{value}: nothing has it"


def _twice(body: Any) -> Iterator[str]:
    named = Counter(value for key, value in _pairs(body) if key == "uuid")
    yield from (f"{value} is there {count} times" for value, count in named.items() if count > 1)


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _pairs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(inner)


def by_asff(text: str) -> Wrong:
    """What is wrong with findings for Security Hub: botocore has the model of its API, and `asff.yaml` the limits."""
    document = json.loads(text)
    if not document["Findings"]:  # a file of none; nobody sends it
        return []
    shape = _import().input_shape
    report = ParamValidator().validate(document, shape)
    wrong = [report.generate_report()] if report.has_errors() else []
    wrong += [f"{place}: {value!r}" for place, value in _texts(document, "") if not value.strip()]
    limits = yaml.safe_load((SCHEMAS / "asff.yaml").read_text())
    for finding in document["Findings"]:
        for path, most in limits.items():
            for value in jmespath.search(path, finding) or ():
                if value is not None and len(value) > most:
                    wrong.append(f"{path}: {len(value)} > {most}")
        if len(json.dumps(finding).encode()) > 240 * 1024:
            wrong.append(f"{finding['Id']}: more than 240 KB")
    return wrong


@cache
def _import() -> Any:
    return botocore.session.get_session().get_service_model("securityhub").operation_model("BatchImportFindings")


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key, f"{place}.{key} (key)")
            if not (place.endswith(".Tags")):  # a tag may be empty
                yield from _texts(inner, f"{place}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, place)


def by_ocsf(text: str) -> Wrong:
    """What is wrong with events of OCSF, each of which is held to the schema of its class."""
    return [wrong for event in json.loads(text) for wrong in of_ocsf(event)]


CLASSES = {2003: "compliance-finding", 2004: "detection-finding", 6003: "api-activity"}


def of_ocsf(event: dict[str, Any]) -> Wrong:
    """What is wrong with one event; that its type is of its class and activity is in no schema."""
    wrong = told(f"ocsf-1.6.0-{CLASSES[event['class_uid']]}.json", event)
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        wrong.append(f"type_uid {event['type_uid']} is not of activity_id {event['activity_id']}")
    return wrong


STANDARDS: dict[str, Callable[[str], Wrong]] = {
    "sarif": by_json_schema("sarif-2.1.0.json"),
    "junit": by_junit,
    "gitlab-codequality": by_json_schema("gitlab-codequality.yaml"),
    "gitlab-sast": by_json_schema("gitlab-sast.yaml"),
    "ocsf": by_ocsf,
    "asff": by_asff,
    "oscal-assessment-results": by_oscal("assessment-results"),
    "oscal-poam": by_oscal("poam"),
    "oscal-component-definition": by_oscal("component-definition"),
    "oscal-ssp": by_oscal("ssp"),
    "oscal-ssp-aws": by_oscal("ssp"),
}
"""What holds each format that is somebody else's."""

"""Template parameters: the values given for them, and what a template makes of those values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demarcate.base.documents import DocumentError
from demarcate.estate.schema.conversion import convert
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation.reading import read_plain
from demarcate.estate.sources.cloudformation.values import REFERENCE, Assigned, text_of


def read_parameters(path: Path) -> dict[str, Any]:
    """Values by parameter name, from a JSON or YAML file in any of three forms.

    The AWS CLI's (`[{"ParameterKey": …, "ParameterValue": …}]`), CodePipeline's (`{"Parameters": {…}}`), or a
    plain map. A parameter that keeps its previous value is Unknown. Raises DocumentError.
    """
    file = str(path)
    value = read_plain(path, file)
    if isinstance(value, dict) and isinstance(value.get("Parameters"), (dict, list)):
        value = value["Parameters"]
    if isinstance(value, list):
        value = dict(_pair(item, file) for item in value)
    if not isinstance(value, dict):
        raise DocumentError(
            'is no parameter file: expected [{"ParameterKey": …, "ParameterValue": …}] or a map of values', file
        )
    for name, given in value.items():
        if not isinstance(given, Unknown) and text_of(given) is None and not _is_texts(given):
            raise DocumentError(
                f"gives parameter {name} something that is neither a text nor a list of texts", file
            )
    return value


def _pair(item: Any, file: str) -> tuple[str, Any]:
    if isinstance(item, str) and "=" in item:  # "Name=value", as `aws cloudformation deploy` takes it
        name, _, given = item.partition("=")
        return name, given
    if isinstance(item, dict) and isinstance(item.get("ParameterKey"), str):
        name = item["ParameterKey"]
        if item.get("UsePreviousValue") in (True, "true"):
            return name, Unknown(Kind.PARAMETER, f"parameter {name} keeps its previous value")
        if "ParameterValue" in item:
            return name, item["ParameterValue"]
    raise DocumentError("has an entry without ParameterKey and ParameterValue", file)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(text_of(item) is not None for item in value)


def is_secret(declaration: dict[str, Any]) -> bool:
    """Whether a parameter is declared to hold a secret (NoEcho), or may be."""
    return convert("BOOLEAN", declaration.get("NoEcho", False), "NoEcho") is not False


def typed(name: str, declaration: Any, given: Any) -> Any:
    """What `Ref` to a parameter gives: its value in its type, or Unknown. `given` is None for none.

    Source: "Parameters" in the AWS CloudFormation template reference: all values are texts, lists are
    comma-separated, and an AWS::SSM::Parameter::Value's text is only the name of where the value is.
    """
    if not isinstance(declaration, dict):
        return Unknown(Kind.MALFORMED, f"parameter {name} is not a mapping")
    kind = declaration.get("Type", "String")
    if isinstance(kind, str) and kind.startswith("AWS::SSM::Parameter::Value"):
        return Unknown(Kind.PARAMETER_STORE, f"parameter {name} is read from Systems Manager at deployment")
    value = declaration.get("Default") if given is None else given
    if value is None:
        return Unknown(Kind.PARAMETER, f"parameter {name} has no value")
    if isinstance(value, Unknown):
        return value
    if not isinstance(kind, str):
        return Unknown(Kind.MALFORMED, f"parameter {name} has a type that is not a text")
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return _listed(name, kind, value)
    text = ",".join(map(str, map(text_of, value))) if _is_texts(value) else text_of(value)
    if text is None:
        return Unknown(Kind.MALFORMED, f"parameter {name} is given something that is not a text")
    return _number(name, text) if kind == "Number" else text


def _listed(name: str, kind: str, value: Any) -> Any:
    if isinstance(value, Assigned):
        return Unknown(Kind.DEPLOYMENT, f"parameter {name} is a list that is only known at deployment")
    if isinstance(value, list):
        items = value
    else:
        text = text_of(value)
        if text is None:
            return Unknown(Kind.MALFORMED, f"parameter {name} is given something that is not a list")
        items = [item.strip() for item in text.split(",")]
    return [_number(name, item) if kind == "List<Number>" else item for item in items]


def _number(name: str, value: Any) -> Any:
    text = text_of(value)
    if isinstance(value, Assigned) or (text is not None and REFERENCE in text):
        return value
    if isinstance(value, Unknown) or text is None:
        return Unknown(Kind.MALFORMED, f"parameter {name} is not a number")
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return Unknown(Kind.MALFORMED, f"parameter {name} is not a number: {text[:40]!r}")
    return (
        number
        if abs(number) < 1e300
        else Unknown(Kind.MALFORMED, f"parameter {name} is not a number: {text[:40]!r}")
    )

"""Values in the types of columns, whatever form a source has them in."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from demarcate.base.moments import since_1970, utc
from demarcate.estate.schema.paths import kind
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Kind, Unknown


def convert(type_: str, value: Any, what: str) -> Any:
    """A value as a column's type has it, or an Unknown that says what was found instead.

    Templates may write booleans and numbers as text, and text as numbers: CloudFormation takes either, and the `yes`
    and `on` of YAML 1.1.

    >>> convert("BOOLEAN", "on", "Encrypted"), convert("VARCHAR", 123456789012, "Principal")
    (True, '123456789012')
    """
    if value is None or (type_ == "VARCHAR" and type(value) is str) or isinstance(value, Unknown):
        return value
    if isinstance(value, StandIn) and (type_ != "VARCHAR[]" or not value.filled):
        return value if type_ == "VARCHAR" else value.unknown
    if type_ == "JSON":
        return value
    if type_ == "VARCHAR":
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
    elif type_ == "BOOLEAN":
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in _TRUTHS:
            return _TRUTHS[value.lower()]
    elif type_ == "BIGINT":
        if isinstance(value, int) and not isinstance(value, bool):
            return (
                value
                if -(2**63) <= value < 2**63
                else Unknown(Kind.MALFORMED, f"{what}: is out of range", _shown(str(value)))
            )
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
            return int(value)
        if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 19:
            return (
                int(value)
                if not _is_octal(value)
                else Unknown(Kind.AMBIGUOUS, f"{what}: begins with a zero", _shown(value))
            )
    elif type_ == "DOUBLE":
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                pass
    elif type_ == "TIMESTAMP":
        return _moment(value, what)
    elif type_ == "VARCHAR[]":
        return _texts(value, what)
    return Unknown(Kind.MALFORMED, f"{what}: expected {_EXPECTED[type_]}, found {kind(value)}", _shown(value))


_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _is_octal(text: str) -> bool:
    """Whether a number may be meant as one of base 8, as YAML 1.1 reads it, and is another one then."""
    digits = text.strip().lstrip("-")
    return digits[0] == "0" and bool(re.fullmatch("[0-7]+", digits)) and int(digits, 8) != int(digits)


_EXPECTED = {
    "VARCHAR": "text",
    "BOOLEAN": "true or false",
    "BIGINT": "a whole number",
    "DOUBLE": "a number",
    "TIMESTAMP": "a date",
    "VARCHAR[]": "a list of text",
}


def _shown(value: Any) -> str:
    return f" ({value[:40]!r})" if isinstance(value, str) else ""


_TEXT = {str}


def _texts(value: Any, what: str) -> Any:
    if not isinstance(value, list):
        value = [value]
    if {*map(type, value)} <= _TEXT:
        return value
    texts = [convert("VARCHAR", item, what) for item in value]
    return next((item for item in texts if isinstance(item, Unknown)), texts)


def _moment(value: Any, what: str) -> Any:
    """UTC, without an offset, as the TIMESTAMP columns hold it. A number is seconds since 1970."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = since_1970(value)
        if isinstance(value, datetime):
            return utc(value).replace(tzinfo=None)
    except ValueError:
        return Unknown(Kind.MALFORMED, f"{what}: is not a date", _shown(str(value)))
    return Unknown(Kind.MALFORMED, f"{what}: expected a date, found {kind(value)}")

"""Whether an answer is one: botocore reads what is no JSON, and what was cut off, as an answer with nothing in it."""

from __future__ import annotations

import json
from typing import Any

from botocore.parsers import ResponseParserError, ResponseParserFactory

_JSON = ("json", "rest-json")


class Parsers(ResponseParserFactory):
    """botocore's parsers. They take the form of an answer for granted, and fail in any way where it is another."""

    def create_parser(self, protocol_name: str) -> Any:
        """A parser that raises ResponseParserError, and nothing else."""
        parser: Any = super().create_parser(protocol_name)
        read = parser.parse

        def parse(response: Any, shape: Any) -> Any:
            try:
                return read(response, shape)
            except ResponseParserError:
                raise
            except Exception as error:
                raise ResponseParserError(f"the answer is of another form: {error}") from error

        parser.parse = parse
        return parser


def told(answer: Any, *names: str) -> Any:
    """What an answer has under names, each within the one before. Raises ResponseParserError where it has nothing."""
    for name in names:
        answer = answer.get(name)
        if answer is None:
            raise ResponseParserError(f"the answer has no {'.'.join(names)}")
    return answer


def hold(operation_model: Any, response_dict: Any, **_: Any) -> None:
    """Raise ResponseParserError for a good status without a good answer (botocore's event before-parse)."""
    body = response_dict["body"]
    if response_dict["status_code"] >= 300 or not isinstance(body, bytes):
        return
    headers = response_dict["headers"]
    length = headers.get("Content-Length")
    if length is not None and not headers.get("Content-Encoding") and length != str(len(body)):
        raise ResponseParserError(f"the answer ends after {len(body)} of {length} bytes")
    shape = operation_model.output_shape
    if shape is None or not _has_members_in_body(shape):
        return
    if operation_model.service_model.resolved_protocol in _JSON:
        try:
            whole = isinstance(json.loads(body), dict)
        except ValueError:
            whole = False
        if not whole:
            raise ResponseParserError("the answer is no JSON object")
    elif not body.strip() or body.lstrip()[:200].lower().startswith((b"<html", b"<!doctype html")):
        raise ResponseParserError("the answer is not of the service")


def _has_members_in_body(shape: Any) -> bool:
    payload = shape.serialization.get("payload")
    if payload is not None:
        return shape.members[payload].type_name in ("structure", "list", "map")
    return any("location" not in member.serialization for member in shape.members.values())

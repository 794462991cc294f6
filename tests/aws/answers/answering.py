"""Answers as botocore's parser takes them: made from plain data, from an error, and read back."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from botocore.parsers import create_parser
from moto.core.serialize import get_serializer_class

from tests.aws.answers.asking import Asked

JSON = ("json", "rest-json")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: bool = False
    """Whether the connection ends in the middle of it."""

    @property
    def good(self) -> bool:
        """Whether it is an answer rather than an error."""
        return self.status < 300

    def but(self, **changes: Any) -> Answer:
        """The same answer with another status, other headers or another body."""
        return replace(self, **changes)


def answer(asked: Asked, result: Any) -> Answer:
    """The answer that tells `result`, a dict as boto3 would give it."""
    serializer = get_serializer_class(asked.service, asked.protocol)(asked.model)
    made = serializer.serialize(result)
    body = made["body"]
    return Answer(
        made["status_code"],
        tuple((name, str(value)) for name, value in made["headers"].items()),
        body.encode(errors="replace") if isinstance(body, str) else body,
    )


def read(asked: Asked, given: Answer) -> dict[str, Any]:
    """What boto3 makes of an answer."""
    parser = create_parser(asked.protocol)
    told = {"status_code": given.status, "headers": _Headers(given.headers), "body": given.body, "context": {}}
    parsed: dict[str, Any] = parser.parse(told, asked.model.output_shape)
    parsed.pop("ResponseMetadata", None)
    return parsed


class _Headers(dict[str, str]):
    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        super().__init__({name.lower(): value for name, value in pairs})

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


def error(asked: Asked, status: int, code: str, message: str = "a fault that a test asked for") -> Answer:
    """An error in the form of the service's protocol."""
    protocol = asked.protocol
    if protocol in JSON:
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", code))
        return Answer(status, headers, json.dumps({"__type": code, "message": message}).encode())
    inner = f"<Code>{code}</Code><Message>{message}</Message>"
    if protocol == "ec2":
        text = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>test</RequestID></Response>"
    elif asked.service == "s3":
        text = f"<Error>{inner}<RequestId>test</RequestId></Error>"
    else:
        text = f"<ErrorResponse><Error>{inner}</Error><RequestId>test</RequestId></ErrorResponse>"
    return Answer(status, (("Content-Type", "text/xml"),), text.encode(errors="replace"))

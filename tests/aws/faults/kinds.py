"""What can go wrong with a call, one kind at a time."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

from moto.core.request import Request

from tests.aws.answers.answering import JSON, Answer, answer, error, read
from tests.aws.answers.asking import Asked, model_of
from tests.aws.answers.paging import Paging, at, paging_of
from tests.aws.answers.server import Fault

TOKEN = "the-same-again"

Truth = Callable[[], Answer]


def denied(asked: Asked, _: Truth) -> Answer:
    """IAM does not allow it."""
    if asked.protocol == "ec2":
        return error(asked, 403, "UnauthorizedOperation")
    if asked.protocol in JSON:
        return error(asked, 400 if asked.protocol == "json" else 403, "AccessDeniedException")
    return error(asked, 403, "AccessDenied")


def throttled(asked: Asked, _: Truth) -> Answer:
    """It is asked too often."""
    if asked.service == "s3":
        return error(asked, 503, "SlowDown")
    codes = {
        "ec2": (503, "RequestLimitExceeded"),
        "json": (400, "ThrottlingException"),
        "rest-json": (429, "TooManyRequestsException"),
    }
    return error(asked, *codes.get(asked.protocol, (400, "Throttling")))


def broken(asked: Asked, _: Truth) -> Answer:
    """AWS itself fails."""
    return error(asked, 500, "InternalError")


def cut(_: Asked, true: Truth) -> Answer:
    """The connection ends in the middle of the answer."""
    given = true()
    return given.but(status=200, body=given.body or b"something", cut=True)


def malformed(_: Asked, true: Truth) -> Answer:
    """The answer ends in the middle, and the connection does not show it."""
    given = true()
    half = given.body[: len(given.body) // 2]
    return given.but(status=200, body=half if given.good and half else b"<{")


def repeating(asked: Asked, true: Truth) -> Answer:
    """After every page AWS says that there is one more, under the same token."""
    paging = paging_of(asked.operation)
    if paging is None:
        return true()
    again = asked.params().get(paging.input) == TOKEN
    return answer(asked, say_more({} if again else read(asked, true()), paging, TOKEN))


def say_more(result: dict[str, Any], paging: Paging, token: str) -> dict[str, Any]:
    """A page that says that there is one more, under a token."""
    holder, name = at(result, paging.output)
    holder[name] = token
    if paging.more:
        holder, name = at(result, paging.more)
        holder[name] = True
    return result


FAILED = ("the call failed", "the answer cannot be used", "AWS answered 500")
NO_END = ("the pages have no end: a token came again",)
"""What is told of an answer that is none. Of S3, botocore itself makes a 500 of it."""

KINDS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "denied": (denied, ("access denied",)),
    "throttled for ever": (throttled, ("throttled, retries exhausted",)),
    "HTTP 500": (broken, ("AWS answered InternalError",)),
    "connection cut": (cut, FAILED),
    "malformed answer": (malformed, FAILED),
    "page token that repeats": (repeating, NO_END),
}
"""The faults by name, each with how the reason that is told may begin."""

REPEATS = "page token that repeats"


def applies(kind: str, operation: str) -> bool:
    """Whether a fault can happen to an operation: only one that has pages has a token that can repeat."""
    return kind != REPEATS or paging_of(operation) is not None


def example(operation: str) -> Asked:
    """A request for an operation that was not sent by anyone."""
    model = model_of(operation)
    kinds = {"json": "application/x-amz-json-1.1", "query": "application/x-www-form-urlencoded; charset=utf-8"}
    kind = {"Content-Type": kinds.get(model.service_model.protocol, kinds["query"])}
    request = Request.from_primitives("POST", "http://127.0.0.1/", kind)
    return Asked(operation, "eu-west-1", operation.partition(".")[0], model, request, b"", {})


def in_region(region: str, fault: Fault) -> Fault:
    """A fault in one region alone."""

    def only_there(asked: Asked, true: Truth) -> Answer:
        return fault(asked, true) if asked.region == region else true()

    return only_there


def but_first(fault: Fault) -> Fault:
    """A fault of every call but the first."""
    calls = count()

    def later(asked: Asked, true: Truth) -> Answer:
        return fault(asked, true) if next(calls) else true()

    return later


def _call(asked: Asked) -> str:
    """What tells a call from others: the same in each run, wherever the server is."""
    path, query = asked.request.raw_path, asked.request.query_string.decode()
    return f"{asked.operation} {asked.region} {path}?{query} {asked.body!r}"


class Storm:
    """Half of all calls are throttled, by lot. The same seed throttles the same attempts of the same calls."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._attempts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.throttled = 0

    def __call__(self, asked: Asked, true: Truth) -> Answer:
        call = _call(asked)
        with self._lock:
            self._attempts[call] += 1
            lot = hashlib.sha256(f"{self._seed} {call} {self._attempts[call]}".encode()).digest()[0] % 2
            self.throttled += lot
        return throttled(asked, true) if lot else true()


class Pages:
    """No fault: every list comes one item a page, and the first page is empty, as AWS's may be."""

    def __init__(self) -> None:
        self._rest: dict[str, tuple[dict[str, Any], int]] = {}
        self.pages = 0

    def __call__(self, asked: Asked, true: Truth) -> Answer:
        paging = paging_of(asked.operation)
        if paging is None:
            return true()
        token = asked.params().get(paging.input)
        if token in self._rest:
            result, start = self._rest[token]
        else:
            given = true()
            if not given.good:
                return given
            result, start = read(asked, given), -1
        page: dict[str, Any] = _copied(result)
        last = 0
        for path in paging.lists:
            holder, name = at(page, path)
            if isinstance(holder.get(name), list):
                last = max(last, len(holder[name]))
                holder[name] = holder[name][start : start + 1] if start >= 0 else []
        if start + 1 < last:
            token = f"page-{hashlib.sha256(_call(asked).encode()).hexdigest()[:16]}"
            self._rest[token] = (result, start + 1)
            self.pages += 1
            say_more(page, paging, token)
        return answer(asked, page)


def _copied(result: dict[str, Any]) -> dict[str, Any]:
    """A copy whose dicts on the way to lists are its own."""
    return {name: _copied(value) if isinstance(value, dict) else value for name, value in result.items()}

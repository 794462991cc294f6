"""An aggregator of AWS Config over HTTP, as far as Demarcate asks it; moto has none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import botocore.session
from botocore.validate import ParamValidator

from tests.estate.config.estate import Raw
from tests.serving import served

_QUERY = re.compile(r"SELECT (?P<fields>[\w, ]+) WHERE resourceType = '(?P<type>[\w:]+)'")

Answer = tuple[int, dict[str, Any]]


class Aggregator:
    """What it has, what it was asked, and what it answers instead.

    `fails` is by type (or "sources"): a function from the number of the page to an answer, or None for the
    true one.
    """

    name = "all"

    def __init__(self) -> None:
        self.items: list[Raw] = []
        self.sources: list[dict[str, Any]] = []
        self.fails: dict[str, Callable[[int], Answer | None]] = {}
        self.asked: list[str] = []
        self.page = 100
        self.url = ""

    @property
    def session(self) -> boto3.Session:
        """Credentials that are good for it."""
        return boto3.Session("testing", "testing", region_name="eu-west-1")

    def answer(self, operation: str, given: dict[str, Any]) -> Answer:
        """The answer to one request, after botocore's own model says that it is one."""
        model = botocore.session.get_session().get_service_model("config").operation_model(operation)
        assert model.input_shape is not None
        errors = ParamValidator().validate(given, model.input_shape)
        assert not errors.has_errors(), errors.generate_report()
        if given["ConfigurationAggregatorName"] != self.name:
            return failure("NoSuchConfigurationAggregatorException")
        number = int(given.get("NextToken", "0"))
        if operation == "DescribeConfigurationAggregatorSourcesStatus":
            return self._told("sources", number) or (200, {"AggregatedSourceStatusList": self.sources})
        assert operation == "SelectAggregateResourceConfig"
        return self._selected(given, number)

    def _selected(self, given: dict[str, Any], number: int) -> Answer:
        query = _QUERY.fullmatch(given["Expression"])
        assert query is not None, given["Expression"]
        assert given["Limit"] == 100
        self.asked.append(query["type"])
        told = self._told(query["type"], number)
        if told is not None:
            return told
        fields = query["fields"].split(", ")
        items = [item for item in self.items if item["resourceType"] == query["type"]]
        results = [json.dumps({name: item[name] for name in fields if name in item}) for item in items]
        start = number * self.page
        more = {"NextToken": str(number + 1)} if len(results) > start + self.page else {}
        return 200, {"Results": results[start : start + self.page], **more}

    def _told(self, what: str, number: int) -> Answer | None:
        fails = self.fails.get(what)
        return fails(number) if fails else None


def failure(code: str, status: int = 400) -> Answer:
    """An error as AWS answers it."""
    return status, {"__type": code, "message": "no"}


@contextmanager
def serving(aggregator: Aggregator) -> Iterator[Aggregator]:
    """The aggregator on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, told = aggregator.answer(self.headers["X-Amz-Target"].partition(".")[2], json.loads(body))
            data = told["raw"].encode() if "raw" in told else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as aggregator.url:
        yield aggregator

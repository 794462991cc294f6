"""Elasticsearch and OpenSearch: the bulk API, in which each document has an answer of its own.

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
A document is created under the key of its delivery: one that is there already (409) was taken before. The answer may be
200 with documents in it that were refused.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final

from demarcate.base.encoding import from_json, to_json
from demarcate.base.moments import since_1970
from demarcate.sending.destinations import Elastic, secret
from demarcate.sending.structs import Answer, Delivery, Later, SendingError, plain
from demarcate.sending.transports.http import halving, post

_THERE: Final = 409
_BUSY: Final = 429


class ElasticTransport:
    """Creates a document for each delivery, two hundred a call."""

    most = 200

    def __init__(self, destination: Elastic, at: str) -> None:
        self._url = destination.url.rstrip("/") + "/_bulk"
        self._index = destination.index
        if destination.api_key_variable is not None:
            self._authorization = f"ApiKey {secret(destination.api_key_variable, at)}"
        elif destination.user is not None and destination.password_variable is not None:
            pair = f"{destination.user}:{secret(destination.password_variable, at)}"
            self._authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            raise SendingError(f"{at}: set api-key-variable, or user and password-variable")

    def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Deliver, in order. Raises Later."""
        answers: list[Answer] = []
        whole = halving(deliveries, lambda some: answers.append(self._post(some)))
        refused = {**whole.refused, **{number: why for each in answers for number, why in each.refused.items()}}
        later = {**whole.later, **{number: why for each in answers for number, why in each.later.items()}}
        return Answer(refused, later)

    def _post(self, deliveries: Sequence[Delivery]) -> Answer:
        lines = [
            line
            for each in deliveries
            for line in ({"create": {"_index": self._index, "_id": each.key}}, _document(each))
        ]
        body = b"".join(to_json(line) + b"\n" for line in lines)
        answer = post(self._url, {"Authorization": self._authorization}, body)
        results = _results(answer)
        if len(results) != len(deliveries):
            raise Later(f"answered for {len(results)} documents of {len(deliveries)}", counts=True)
        refused: dict[int, str] = {}
        later: dict[int, str] = {}
        for delivery, (status, why) in zip(deliveries, results, strict=True):
            if 200 <= status < 300 or status == _THERE:
                continue
            (later if status >= 500 or status == _BUSY else refused)[delivery.number] = f"answered {status}: {why}"
        return Answer(refused, later)


def _document(delivery: Delivery) -> dict[str, Any]:
    event = delivery.item.event
    return {"@timestamp": since_1970(event["time"] / 1000).isoformat(), **event}


def _results(answer: bytes) -> list[tuple[int, str]]:
    """The status of each document, and why it has that. Raises Later for what is no answer of the bulk API."""
    try:
        items = from_json(answer)["items"]
        told = [item["create"] for item in items]
        return [(int(each["status"]), _why(each)) for each in told]
    except (ValueError, TypeError, KeyError) as error:
        raise Later(
            f"answered what is none of the bulk API: {plain(answer[:200].decode(errors='replace'))}", counts=True
        ) from error


def _why(told: dict[str, Any]) -> str:
    error = told.get("error")
    if not isinstance(error, dict):
        return plain(error or "")
    return plain(f"{error.get('type')}: {error.get('reason')}")

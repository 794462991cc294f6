"""Asks AWS: the pages of an operation, and the items that steps of a listing lead to."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from demarcate.estate.schema.paths import ABSENT, path
from demarcate.estate.schema.rows import Item, find
from demarcate.estate.schema.table import Each
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.aws.clients import Clients
from demarcate.estate.sources.aws.failures import (
    FAILED,
    CallFailed,
    PartsFailed,
    is_gone,
    is_in_vain,
    is_not_offered,
    means_nothing,
)
from demarcate.estate.sources.aws.paging import paged
from demarcate.estate.sources.aws.session import Account
from demarcate.estate.sources.plan import Resource

GLOBAL = "global"

_GONE = "MISSING"
"""How ECS says in an answer that it does not find what it was asked for.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
"""

IN_VAIN = 600.0
"""Seconds of waiting, added up over calls of an operation that were not answered however often each was tried, without
an answer between them: then it is not called again in that region. Ten thousand more, each with minutes of patience,
would take days; a line that fails for half a minute is passed over."""

WAITS = 8
"""How often an answer that is still being made is asked for; about half a minute in all."""


@dataclass(frozen=True, slots=True)
class Target:
    """One account and region that are read. `region` is "global" for what is kept once an account."""

    account: Account
    region: str
    chosen: tuple[str, ...] | None
    """The regions that were asked for by name; None where all are meant."""

    @property
    def endpoint(self) -> str:
        """The region whose endpoint is called."""
        return self.account.home if self.region == GLOBAL else self.region

    def has(self, resource: Resource) -> bool:
        """Whether a resource was found here."""
        return resource.account == self.account.id and self.region in (resource.region, GLOBAL)


class Asker:
    """Makes the calls of one account.

    An operation that an endpoint does not have is asked for once, one that is not answered for a while.
    """

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self._refused: dict[tuple[str, str], Exception] = {}
        self._in_vain: dict[tuple[str, str], float] = {}

    def pages(self, operation: str, params: Mapping[str, Any], region: str) -> Iterator[Any]:
        """The pages of an answer. Raises one of `FAILED`."""
        refused = self._refused.get((operation, region))
        if refused is not None:
            raise refused.with_traceback(None)  # or it would grow from call to call
        service, method = operation.split(".")
        client, limit = self.clients.pair(service, region)
        pages = paged(client, method, params)
        while True:
            try:
                with limit:
                    began = monotonic()
                    page = next(pages, None)
            except FAILED as error:
                self._note(operation, region, error, monotonic() - began)
                raise
            self._in_vain.pop((operation, region), None)
            if page is None:
                return
            yield page

    def _note(self, operation: str, region: str, error: Exception, seconds: float) -> None:
        """Decide by what went wrong, after so long, whether an operation is called again."""
        waited = self._in_vain.get((operation, region), 0) + seconds
        if is_in_vain(error):
            self._in_vain[operation, region] = waited
        if is_not_offered(error) or (is_in_vain(error) and waited >= IN_VAIN):
            self._refused[operation, region] = error

    def answer(self, operation: str, params: Mapping[str, Any], region: str) -> dict[str, Any]:
        """All pages of an answer as one: lists are continued. Raises one of `FAILED`."""
        answer: dict[str, Any] = {}
        for page in self.pages(operation, params, region):
            for key, value in page.items():
                if isinstance(value, list) and isinstance(answer.get(key), list):
                    answer[key] = answer[key] + value
                elif key != "ResponseMetadata":
                    answer[key] = value
        return answer

    def step(self, step: Each, items: list[Item], scope: Target, *, first: bool) -> Iterator[list[Item]]:
        """Page by page the items that a step leads to from those given (one, or a batch of them).

        Raises CallFailed; an item that is gone since it was listed has none.
        """
        params = nested((key, value) for key, value in self._params(step, items, scope) if value is not ABSENT)
        get = path(step.items)
        try:
            for page in self._settled(step, params, scope.endpoint):
                failures = _failures(path(step.failures)(page)) if step.failures else []
                if failures:
                    told = f"{step.failures} has {', '.join(failures)}"
                    raise CallFailed(step.operation, PartsFailed(told, failures))
                yield [Item(value, None if first else items[0]) for value in _listed(get(page), step)]
        except FAILED as error:
            if len(items) > 1 and is_gone(error):  # one of them is, and the others are not told for it
                for item in items:
                    yield from self.step(step, [item], scope, first=first)
                return
            if means_nothing(error, step.absent) or (not first and is_gone(error)):
                return
            raise CallFailed(step.operation, error) from error

    def _params(self, step: Each, items: list[Item], scope: Target) -> Iterator[tuple[str, Any]]:
        yield from step.params.items()
        for name, text in step.inputs.items():
            if name == step.batch:
                yield name, [find(item, text) for item in items]
            else:
                yield name, asked(items[0], text, scope, scope.endpoint)

    def _settled(self, step: Each, params: Mapping[str, Any], region: str) -> Iterator[Any]:
        """The pages of an answer; where it must reach a state first, asked for again until it has."""
        if step.until is None:
            yield from self.pages(step.operation, params, region)
            return
        where, value = step.until
        for attempt in range(WAITS):
            pages = list(self.pages(step.operation, params, region))
            if all(path(where)(page) == value for page in pages):
                yield from pages
                return
            time.sleep(min(attempt + 1, 5))
        raise CallFailed(step.operation, TimeoutError(f"{where} did not become {value}"))


def is_meant(step: Each, item: Item) -> bool:
    """Whether a step is taken for an item. What is not known of it is asked for."""
    if not step.only:
        return True
    return any(_is_there(item, text) for text in step.only)


def _is_there(item: Item, text: str) -> bool:
    place, equals, wanted = text.partition("=")
    value = find(item, place)
    if value is ABSENT or isinstance(value, Unknown):
        return value is not ABSENT
    return value == wanted if equals else bool(value)


def nested(params: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Parameters of a call: a name with dots is one within another.

    >>> nested([("repositoryName", "app"), ("imageId.imageDigest", "sha256:0a")])
    {'repositoryName': 'app', 'imageId': {'imageDigest': 'sha256:0a'}}
    """
    told: dict[str, Any] = {}
    for name, value in params:
        *outer, last = name.split(".")
        inner = told
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return told


def asked(item: Item, text: str, scope: Target, region: str) -> Any:
    """The value of a parameter: from the item, or what is known of where it is asked."""
    if text == "#account_id":
        return scope.account.id
    if text == "#region":
        return region
    if text == "#owner_id":
        return [{"Name": "owner-id", "Values": [scope.account.id]}]
    return [region] if text == "#regions" else find(item, text)


def _failures(failures: Any) -> list[str]:
    """The codes of failures inside of an answer, each once; what is gone since it was listed is none."""
    if failures is ABSENT:
        return []
    if not isinstance(failures, list) or not all(isinstance(failure, dict) for failure in failures):
        return ["failures of another form"]
    codes = {str(failure.get("errorCode") or failure.get("reason") or "a failure") for failure in failures}
    return sorted(codes - {_GONE})


def _listed(answer: Any, step: Each) -> Iterable[Any]:
    if answer is ABSENT:
        return ()
    if isinstance(answer, Unknown):
        raise CallFailed(step.operation, ValueError(answer.reason))
    return answer if isinstance(answer, list) else (answer,)

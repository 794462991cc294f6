"""All pages of an operation, whether botocore has a paginator for it or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jmespath

from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.aws.failures import Unending

_TOKENS = ("NextToken", "nextToken", "NextMarker", "nextMarker", "Marker")
"""How answers call the token of the next page."""

MOST = 100_000
"""Pages of one listing. A service that gives 50 items a page has told five million by then."""

IDLE = 1_000
"""Pages in a row without anything new. AWS gives empty ones where it looks through more than it tells."""

Token = Callable[[Any], Any]
"""The token of the next page in a page; None on the last one."""


def paged(client: Any, method: str, params: Mapping[str, Any]) -> Iterator[Any]:
    """The pages of an operation's answer.

    Raises Unending where a token comes again, where many pages bring nothing new, and where there are too many.
    Raises what botocore raises, too.
    """
    if client.can_paginate(method):
        paginator = client.get_paginator(method)
        tokens = paginator._pagination_cfg["output_token"]  # the token itself is not told otherwise
        token = _search(tokens if isinstance(tokens, str) else f"[{', '.join(tokens)}]")
        pages = iter(paginator.paginate(**params))
    else:
        name, token = _unpaginated(client, method)
        pages = _turned(getattr(client, method), params, name, token)
    seen: set[int] = set()  # by their hashes: a token may be long
    idle, last = 0, None
    for page in pages:
        held = _lists(page)
        idle = 0 if held and held != last else idle + 1
        last = held
        following = token(page)
        if following:
            if hash(str(following)) in seen:
                raise Unending("the pages have no end: a token came again", Kind.TOO_MUCH)
            if idle >= IDLE:
                raise Unending(f"the pages have no end: {IDLE:,} in a row brought nothing new", Kind.TOO_MUCH)
            if len(seen) >= MOST:
                raise Unending(f"the pages have no end: there are more than {MOST:,}", Kind.TOO_MUCH)
            seen.add(hash(str(following)))
        yield page


def _lists(value: Any) -> Any:
    """The lists of a page that have something in them, by where they are; None where it has none."""
    if isinstance(value, dict):
        lists = {name: lists for name, member in value.items() if (lists := _lists(member))}
        return lists or None
    return value if isinstance(value, list) and value else None


def _search(expression: str) -> Token:
    compiled = jmespath.compile(expression)
    return lambda page: compiled.search(page)


def _turned(call: Callable[..., Any], params: Mapping[str, Any], name: str, token: Token) -> Iterator[Any]:
    while True:
        page = call(**params)
        yield page
        following = token(page)
        if not following:
            return
        params = {**params, name: following}


def _unpaginated(client: Any, method: str) -> tuple[str, Token]:
    """The parameter that takes the next page's token, and where an answer has it, by the operation's shapes."""
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    given = model.input_shape.members if model.input_shape else {}
    told = model.output_shape.members if model.output_shape else {}
    for token in _TOKENS:
        for name in (token, token.replace("NextM", "M")):
            if token in told and name in given:
                return name, _search(token)
    return "", lambda _: None

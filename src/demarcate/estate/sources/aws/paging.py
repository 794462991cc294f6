"""All pages of an operation, whether botocore has a paginator for it or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jmespath
from botocore.exceptions import PaginationError

_TOKENS = ("NextToken", "nextToken", "NextMarker", "nextMarker", "Marker")
"""How answers call the token of the next page."""

Token = Callable[[Any], Any]
"""The token of the next page in a page; None on the last one."""


def paged(client: Any, method: str, params: Mapping[str, Any]) -> Iterator[Any]:
    """The pages of an operation's answer.

    Raises PaginationError where a token comes again: such a list has no end. Raises what botocore raises, too.
    """
    if client.can_paginate(method):
        paginator = client.get_paginator(method)
        tokens = paginator._pagination_cfg["output_token"]  # the token itself is not told otherwise
        token = _search(tokens if isinstance(tokens, str) else f"[{', '.join(tokens)}]")
        pages = iter(paginator.paginate(**params))
    else:
        name, token = _unpaginated(client, method)
        pages = _turned(getattr(client, method), params, name, token)
    seen: set[str] = set()
    for page in pages:
        found = token(page)
        if found:
            if str(found) in seen:
                raise PaginationError(message=f"a token came again: {found}")
            seen.add(str(found))
        yield page


def _search(expression: str) -> Token:
    compiled = jmespath.compile(expression)
    return lambda page: compiled.search(page)


def _turned(call: Callable[..., Any], params: Mapping[str, Any], name: str, token: Token) -> Iterator[Any]:
    while True:
        page = call(**params)
        yield page
        found = token(page)
        if not found:
            return
        params = {**params, name: found}


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

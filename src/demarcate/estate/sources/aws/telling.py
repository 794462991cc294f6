"""Every call of AWS in the log, where somebody asked for it: an entry for each attempt."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from demarcate.base.logs import LOG, tell

_BEGAN: Final = "demarcate-began"
_ATTEMPT: Final = "demarcate-attempt"


def log_calls(client: Any, service: str, account: Callable[[], str | None] = lambda: None) -> None:
    """Have a client's calls told. Where nobody listens to that, nothing is added to it.

    `account` gives whose client it is, as soon as that is known.
    """
    if not LOG.isEnabledFor(logging.DEBUG):
        return
    region = client.meta.region_name

    def began(request: Any, **_: Any) -> None:
        request.context[_BEGAN] = monotonic()
        request.context[_ATTEMPT] = request.context.get(_ATTEMPT, 0) + 1

    def ended(event_name: str, context: Any, parsed_response: Any, exception: Any = None, **_: Any) -> None:
        answer = parsed_response or {}
        meta = answer.get("ResponseMetadata", {})
        tell(
            logging.DEBUG,
            "called",
            account=account(),
            region=region,
            operation=f"{service}:{event_name.rpartition('.')[2]}",
            seconds=round(monotonic() - context.get(_BEGAN, monotonic()), 3),
            attempt=context.get(_ATTEMPT),
            status=_short(meta.get("HTTPStatusCode")),
            request_id=_short(meta.get("RequestId")),
            error=_short(answer.get("Error", {}).get("Code")) or (type(exception).__name__ if exception else None),
        )

    client.meta.events.register("request-created", began)
    client.meta.events.register("response-received", ended)


def _short(value: object) -> str | int | None:
    """A part of an answer: an endpoint may give anything."""
    return value if value is None or isinstance(value, int) else str(value)[:100]

"""What all transports over HTTP share: one call, and what its status means."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from urllib.error import URLError

from demarcate.base.errors import DemarcateError
from demarcate.base.fetching import ask, shown_url
from demarcate.sending.structs import Answer, Delivery, Later, plain

_NOT_OF_WHAT_IS_SENT = frozenset({401, 403, 404, 405, 407, 408, 425, 429, 503})
"""Statuses that say something of the receiver, or of who may send: they are no fault of a delivery."""


class Refused(Exception):
    """The receiver does not take what was sent, and never will."""


def post(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Post JSON; the answer of a receiver that says it took it. No redirect is followed.

    Raises Later where it did not, and Refused where it says that what was sent is wrong.
    """
    shown = shown_url(url)
    try:
        status, answer = ask(url, "POST", headers, body)
    except DemarcateError as error:
        raise Later(str(error), counts=True) from error
    except OSError as error:
        raise Later(f"{shown}: {plain(_reason(error))}", counts=not _is_unreachable(error)) from error
    if 200 <= status < 300:
        return answer
    said = plain(answer.decode(errors="replace"), 200)
    why = f"{shown}: answered {status}" + (f": {said}" if said else "")
    if 300 <= status < 400:
        raise Later(
            f"{shown}: answered {status}: redirects are not followed: name where it leads to", counts=False
        )
    if status >= 500 or status in _NOT_OF_WHAT_IS_SENT:
        raise Later(why, counts=status not in _NOT_OF_WHAT_IS_SENT)
    raise Refused(why)


def _reason(error: OSError) -> object:
    return error.reason if isinstance(error, URLError) else error


def _is_unreachable(error: OSError) -> bool:
    """Whether nobody was there who could have taken anything."""
    cause = _reason(error)
    return isinstance(cause, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError)


def halving(deliveries: Sequence[Delivery], call: Callable[[Sequence[Delivery]], None]) -> Answer:
    """Send deliveries in one call, and where that is refused in halves, so that what is wrong in it is known.

    Raises Later where nothing was taken.
    """
    try:
        call(deliveries)
    except Refused as error:
        if len(deliveries) == 1:
            return Answer(refused={deliveries[0].number: str(error)})
        middle = len(deliveries) // 2
        first = halving(deliveries[:middle], call)
        if first.later:
            return Answer(first.refused, {**first.later, **_all(deliveries[middle:], "what is before it waits")})
        try:
            second = halving(deliveries[middle:], call)
        except Later as later:
            return Answer(first.refused, _all(deliveries[middle:], str(later)))
        return Answer({**first.refused, **second.refused}, second.later)
    return Answer()


def _all(deliveries: Sequence[Delivery], why: str) -> dict[int, str]:
    return {each.number: why for each in deliveries}

"""Splunk's HTTP Event Collector: events of JSON one after the other, and an answer whose code counts, not its status.

https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector
https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector
Splunk does not drop what it was sent twice: `demarcate_key` in the indexed fields is the same then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from demarcate.base.encoding import from_json, to_json
from demarcate.base.moments import milliseconds
from demarcate.sending.destinations import Splunk, secret
from demarcate.sending.structs import Answer, Delivery, Later, plain
from demarcate.sending.transports.http import Refused, halving, post

PATH: Final = "/services/collector/event"

_TAKEN: Final = 0
_OF_WHAT_IS_SENT: Final = frozenset({5, 6, 12, 13, 15})
"""Codes that speak of an event: no data, invalid format, no event field, a blank one, indexed fields that are wrong."""


class SplunkTransport:
    """Posts deliveries to a collector, a hundred a call."""

    most = 100

    def __init__(self, destination: Splunk, at: str) -> None:
        self._url = destination.url.rstrip("/") + PATH
        self._token = secret(destination.token_variable, at)
        self._told = {
            "source": "demarcate",
            "sourcetype": destination.sourcetype,
            **({"index": destination.index} if destination.index else {}),
        }

    def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Deliver, in order. Raises Later."""
        return halving(deliveries, self._post)

    def _post(self, deliveries: Sequence[Delivery]) -> None:
        body = b"\n".join(to_json(self._event(each)) for each in deliveries)
        answer = post(self._url, {"Authorization": f"Splunk {self._token}"}, body)
        code, text = _code(answer)
        if code == _TAKEN:
            return
        why = f"answered {plain(text)} (code {code})"
        if code in _OF_WHAT_IS_SENT:
            raise Refused(why)
        raise Later(why, counts=True)

    def _event(self, delivery: Delivery) -> dict[str, Any]:
        item = delivery.item
        return {
            "time": milliseconds(datetime.fromisoformat(item.moment)) / 1000,
            **self._told,
            "event": item.event,
            "fields": {
                **{"demarcate_key": delivery.key, "demarcate_id": item.id, "demarcate_state": item.state},
                "severity": item.severity,
            },
        }


def _code(answer: bytes) -> tuple[object, str]:
    """The code of an answer and its words; what is no answer of a collector has no code."""
    try:
        told = from_json(answer)
    except ValueError:
        return None, answer[:200].decode(errors="replace")
    if not isinstance(told, dict):
        return None, str(told)
    return told.get("code"), str(told.get("text", ""))

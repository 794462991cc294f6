"""A webhook: JSON that is signed, so that the receiver knows who sent it, and when.

    Demarcate-Timestamp: 1795827600
    Demarcate-Signature: v1=HEX         HMAC-SHA256 of the timestamp, a full stop and the body, under the secret
    Idempotency-Key: KEY                the same each time these deliveries are tried

The form is ours; a receiver refuses a timestamp that is old, and compares signatures in constant time. HMAC: RFC 2104.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime

from demarcate.base.encoding import to_json
from demarcate.base.moments import milliseconds
from demarcate.sending.destinations import Webhook, secret
from demarcate.sending.structs import Answer, Delivery
from demarcate.sending.transports.http import halving, post

TOGETHER = 100
"""How many deliveries a digest has at most."""


class WebhookTransport:
    """Posts deliveries to an address: one a call, or those of a digest together."""

    def __init__(self, destination: Webhook, at: str, now: Callable[[], datetime]) -> None:
        self.most = TOGETHER if destination.digest is not None else 1
        self._url = destination.url
        self._secret = secret(destination.secret_variable, at)
        self._now = now

    def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Deliver, in order. Raises Later."""
        return halving(deliveries, self._post)

    def _post(self, deliveries: Sequence[Delivery]) -> None:
        body = to_json({"deliveries": [_told(each) for each in deliveries]})
        timestamp = str(milliseconds(self._now()) // 1000)
        keys = "\n".join(each.key for each in deliveries)
        headers = {
            "Demarcate-Timestamp": timestamp,
            "Demarcate-Signature": f"v1={signature(self._secret, timestamp, body)}",
            "Idempotency-Key": keys if len(deliveries) == 1 else hashlib.sha256(keys.encode()).hexdigest()[:32],
        }
        post(self._url, headers, body)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a body that is sent at a moment, in hexadecimal."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _told(delivery: Delivery) -> dict[str, object]:
    item = delivery.item
    return {
        **{"key": delivery.key, "id": item.id, "kind": item.kind, "state": item.state, "severity": item.severity},
        "event": item.event,
    }

"""Slack, Teams, mail and others, by apprise: one message for people, of all that waits.

https://github.com/caronc/apprise: the URL says what it is, and has the secret in it, so it is one of the environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from demarcate.sending.destinations import Apprise, secret
from demarcate.sending.structs import Answer, Delivery, Later, SendingError, plain

SHOWN: Final = 20
"""How many a message names; of the rest it says how many they are."""


class ChatTransport:
    """Sends one message about many deliveries."""

    most = 500

    def __init__(self, destination: Apprise, at: str) -> None:
        try:
            import apprise
        except ImportError as error:
            raise SendingError(f"{at}: needs apprise: pip install 'demarcate[send]'") from error
        self._chat: Any = apprise.Apprise()
        if not self._chat.add(secret(destination.url_variable, at)):
            raise SendingError(f"{at}: the environment's {destination.url_variable} is no URL that apprise knows")

    def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Tell people. Raises Later."""
        title, body = message(deliveries)
        try:
            told = self._chat.notify(title=title, body=body, body_format="text")
        except Exception as error:  # whatever a plug-in of it raises is no fault of ours, and is tried again
            raise Later(f"apprise failed: {type(error).__name__}", counts=True) from error
        if not told:
            raise Later("apprise could not deliver it", counts=True)
        return Answer()


def message(deliveries: Sequence[Delivery]) -> tuple[str, str]:
    """The title and the text of a message about deliveries."""
    items = [each.item for each in deliveries]
    first = items[0]
    if len(items) == 1:
        title = plain(f"Demarcate: {first.severity}: {first.title}", 150)
    else:
        title = f"Demarcate: {len(items):,} things to know"
    lines = []
    for item in items[:SHOWN]:
        where = " ".join(part for part in (item.account, item.region, item.resource) if part)
        state = "" if item.state == "open" else f" ({item.state})"
        lines.append(plain(f"{item.severity}{state}: {item.title}" + (f": {where}" if where else ""), 400))
    if len(items) > SHOWN:
        lines.append(f"and {len(items) - SHOWN:,} more")
    return title, "\n".join(lines)

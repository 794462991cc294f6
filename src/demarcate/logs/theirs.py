"""Events of AWS Health that are open: whether AWS mends it by itself, or you must do something.

Source: AWS Health API Reference, "Event": its category, and its actionability, which says whether customers must act.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

TABLE: Final = "aws_health_event"
COLUMNS: Final = (
    *("account_id", "arn", "service", "region", "event_type_code", "event_type_category", "event_scope_code"),
    *("status_code", "actionability", "start_time", "end_time"),
)

Whose = Literal["aws", "customer", "unknown"]

_ACTIONABLE: Final[Mapping[str, tuple[Whose, str]]] = {
    "ACTION_REQUIRED": ("customer", "AWS asks you to act"),
    "ACTION_MAY_BE_REQUIRED": ("customer", "AWS cannot tell whether you must act: look"),
    "INFORMATIONAL": ("aws", "AWS tells you, and asks nothing of you"),
}

_OF_AWS: Final = {"issue": "AWS has an issue, and mends it", "investigation": "AWS looks into an issue"}


def whose(event: Mapping[str, Any]) -> tuple[Whose, str]:
    """Whose an event is, and why. What AWS does not tell is unknown."""
    told = _ACTIONABLE.get(str(event.get("actionability")))
    if told is not None and told[0] == "customer":
        return told
    mends = _OF_AWS.get(str(event.get("event_type_category")))
    if mends is not None:
        return "aws", mends
    return told or ("unknown", "AWS does not tell whether you must act")

"""A value that is not known, why, and of which kind that is: the Python side of SQL's NULL."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from demarcate.base.limits import MAX_REASON, shortened


class Kind(StrEnum):
    """Why something is not known, for programs; the sentence beside it is for people.

    A kind is that of the cause: what hangs on a parameter without a value through a condition, a function or another
    stack is of the kind `parameter`. Where a verdict is unknown for several causes, it has the kind that stands first
    here: what kept anything from being read, then what the estate's description leaves open, then what is not told.
    """

    label: str
    """What people call it, after a number: 3 access denied."""
    meaning: str
    """What it means, in a sentence."""

    def __new__(cls, value: str, label: str, meaning: str) -> Kind:
        kind = str.__new__(cls, value)
        kind._value_, kind.label, kind.meaning = value, label, meaning
        return kind

    DENIED = (
        "denied",
        "access denied",
        "AWS refused the call: no permission, or no valid credentials.",
    )
    THROTTLED = "throttled", "throttled", "AWS asked to call less often, until the call was given up."
    TIMED_OUT = "timed-out", "timed out", "The answer did not come, or was not complete, in its time."
    UNREACHABLE = (
        "unreachable",
        "not reachable",
        "The call did not reach AWS: the network, a name or a certificate.",
    )
    NOT_ENABLED = (
        "not-enabled",
        "not enabled",
        "The account has not enabled the service, or has not opted in to it.",
    )
    SERVICE_ERROR = "service-error", "error of AWS", "AWS answered with another error."
    UNSUPPORTED = (
        "unsupported",
        "not supported",
        "The endpoint does not have the operation, or Demarcate the function.",
    )
    UNREADABLE = (
        "unreadable",
        "file not readable",
        "A file cannot be opened, or may not be followed to where it lies.",
    )
    MALFORMED = "malformed", "malformed", "What is there is not of the form that it must have."
    TOO_MUCH = (
        "too-much",
        "beyond a limit",
        "It takes more than is allowed: size, depth, repetition, memory or time.",
    )
    INCOMPLETE = "incomplete", "incomplete", "What was read says itself that it is not all there is."
    STALE = "stale", "out of date", "What it rests on is older than what may be believed."
    PARAMETER = "parameter", "parameter without a value", "A parameter of a template has no value here."
    SECRET = "secret", "secret", "It is a secret, whose value is not kept."
    PARAMETER_STORE = (
        "parameter-store",
        "from Parameter Store",
        "It is read from Systems Manager's Parameter Store when the template is deployed.",
    )
    DEPLOYMENT = "deployment", "known once deployed", "AWS decides it when the template or plan is deployed."
    MACRO = "macro", "made by a macro", "A macro or another transform makes it, which is not run here."
    NOT_GIVEN = (
        "not-given",
        "not among what was given",
        "It stands in a template, stack or file that was not given.",
    )
    UNRESOLVED = "unresolved", "reference to nothing", "It refers to what is not there, or to itself."
    AMBIGUOUS = "ambiguous", "ambiguous", "Several things stand for it, and which is meant cannot be told."
    INDIRECT = (
        "indirect",
        "decided elsewhere",
        "Something else decides it: a snapshot, an image, a launch template.",
    )
    UNTOLD = "untold", "not returned by the source", "Where the rows come from does not tell it."
    NOT_COLLECTED = (
        "not-collected",
        "not collected",
        "The snapshot has nothing of it: nobody asked, or there was none.",
    )
    ON_REQUEST = "on-request", "run on request", "A check that takes many calls runs only where it is named."
    LOOKUP = (
        "lookup",
        "open in another table",
        "A row of another table that it looks for is not there, or leaves it open.",
    )
    UNCOMPUTABLE = "uncomputable", "not computable", "The check cannot be computed over the values that were read."
    UNSET = "unset", "not set", "There is no value, and nothing says why."
    UNRECORDED = (
        "unrecorded",
        "of no recorded kind",
        "An older version took the snapshot, which kept sentences alone.",
    )


_ORDER = {kind: number for number, kind in enumerate(Kind)}


def first(kinds: Iterable[Kind]) -> Kind:
    """Of several kinds, of which there is one at least, that which stands first."""
    return min(kinds, key=_ORDER.__getitem__)


class Unknown(msgspec.Struct, frozen=True):
    """Stands wherever a value could not be read or resolved. `reason` is shown to people, cut where it is long.

    `shown` is added to the reason in the row: what was found, which differs from row to row.

    >>> Unknown(Kind.PARAMETER, "parameter Encrypt has no value").reason
    'parameter Encrypt has no value'
    """

    kind: Kind
    reason: str
    shown: str = ""

    def __post_init__(self) -> None:
        if len(self.reason) > MAX_REASON:
            msgspec.structs.force_setattr(self, "reason", shortened(self.reason))

    def __str__(self) -> str:
        return self.reason + self.shown


def first_unknown(value: Any) -> Unknown | None:
    """The first Unknown anywhere inside plain data (dicts, lists), or None where all is known."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return None
    for item in value:
        # Most that stands anywhere is text.
        if type(item) is not str and (inside := first_unknown(item)) is not None:
            return inside
    return None

"""What a comparison gives: every difference, and everything that could not be compared."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class DriftKind(StrEnum):
    """How the live estate differs from its declaration."""

    CHANGED = "changed"
    MISSING = "missing"
    UNDECLARED = "undeclared"
    NOT_COMPARED = "not-compared"


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A call that CloudTrail has of a resource that drifted: which, by whom, and when (UTC). Or, of Config: in which
    state it was recorded.
    """

    event: str
    by: str
    at: str


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """One difference, or one thing that could not be compared and why.

    `resource` is the live resource's ARN or id; where there is none, what declares it. `column` is the table's, None
    for a resource as a whole. `logical_id`, `file`, `line` and `stack` say where it is declared.
    """

    kind: DriftKind
    table: str
    resource: str
    account: str | None
    region: str | None
    column: str | None = None
    declared: Any = None
    live: Any = None
    reason: str = ""
    logical_id: str | None = None
    file: str | None = None
    line: int | None = None
    stack: str | None = None
    causes: tuple[Cause, ...] = ()
    """The calls that changed the resource last, where CloudTrail was asked (`causes.py`)."""


class AwsResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a service of AWS itself says of a resource that it watches, as of a moment (UTC).

    `in_sync` is None where its status says neither. Where nothing could be read, there is a reason and no resource.
    """

    by: str
    resource: str = ""
    account: str | None = None
    region: str | None = None
    status: str = ""
    in_sync: bool | None = None
    at: str | None = None
    reason: str = ""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All differences of one live estate from its declaration. `resources` and `values` were compared.

    `aws` are AWS's own results beside them; None where they were not asked for.
    """

    declared: str
    live: str
    moment: str
    drifts: tuple[Drift, ...]
    resources: int
    values: int
    stacks: dict[str, tuple[str, ...]] = {}
    """The stacks that each file of a template was compared with, by their ids."""
    aws: tuple[AwsResult, ...] | None = None

    def of(self, kind: DriftKind) -> tuple[Drift, ...]:
        """Those of one kind."""
        return tuple(drift for drift in self.drifts if drift.kind is kind)

    @property
    def drifted(self) -> bool:
        """Whether the live estate differs: that something could not be compared is not yet a difference."""
        return any(drift.kind is not DriftKind.NOT_COMPARED for drift in self.drifts)

    @property
    def unpaired(self) -> tuple[str, ...]:
        """The templates of which nothing was compared, since no stack is theirs."""
        not_compared = self.of(DriftKind.NOT_COMPARED)
        return tuple(drift.resource for drift in not_compared if drift.file == drift.resource)

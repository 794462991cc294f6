"""What is said of the patching of one resource."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import msgspec

from demarcate.model import Party


class PatchState(StrEnum):
    """How far the patching of a resource is."""

    CURRENT = "current"
    """Nothing is missing that could be told."""
    BEHIND = "behind"
    """Something is missing, and still has time."""
    OVERDUE = "overdue"
    """Its support has ended, its forced date has passed, or what is missing is older than its service level."""
    UNKNOWN = "unknown"
    """It could not be told, for the reasons beside it. It is never counted as current."""


class PatchFinding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is known to be missing from a resource. `id` stays the same while it is; `reason` may count."""

    id: str
    severity: str
    """critical, high, medium or low; '' where nobody rates it."""
    reason: str


class PatchStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The patching of one resource. What is None is not known, and `reasons` says why; '' is known to be nothing.

    `kind` is what the console calls it ("RDS DB instance"); `resource` is its ARN. `behind_by` counts releases
    between `version` and `newest`. `support_ends` is the last day of standard support. `window` is as the service
    spells it. `next_date` has a zone: when something is applied next, and `next_action` what.
    """

    account_id: str
    region: str
    resource: str
    table: str
    kind: str
    name: str
    tags: dict[str, str]
    party: Party | None
    """Who patches it: None where its own settings that tell were not read."""
    state: PatchState
    reasons: tuple[str, ...] = ()
    findings: tuple[PatchFinding, ...] = ()
    """What of the reasons is known to be missing, each under an id that lasts."""
    version: str | None = None
    newest: str | None = None
    behind_by: int | None = None
    support_ends: date | None = None
    window: str | None = None
    next_date: datetime | None = None
    next_action: str = ""

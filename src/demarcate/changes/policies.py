"""Who must approve which changes, and when they may be applied: data, which a person signed off.

    - name: production
      tags: {environment: [production]}
      approvals: {default: 1, interrupts: 2, loses-data: 2, locks-out: 2}
      by: [platform@example.com, security@example.com]
      windows: [{days: [sat, sun], from: "22:00", to: "04:00", zone: Europe/Berlin}]
      freezes: [{from: 2026-12-18, to: 2027-01-04, why: end of the year}]
      at-most: {resources: 20, percent: 10}

Of a file of policies each step falls under the first that is for it; a step that none is for is refused. Without a file
there is one policy: everything takes another person's approval, for 72 hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from demarcate.base.documents import DocumentError, compose, convert, line_of, read_text
from demarcate.base.errors import DemarcateError
from demarcate.changes.status import Approval
from demarcate.changes.structs import Change, Step

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When changes may be applied: on days, between two times of a zone. One that ends before it begins ends on the
    next day.
    """

    days: tuple[Day, ...] = DAYS
    begins: str = msgspec.field(name="from", default="00:00")
    ends: str = msgspec.field(name="to", default="24:00")
    zone: str = "UTC"

    def holds(self, moment: datetime) -> bool:
        """Whether a moment is within it, by the clock of its zone."""
        local = moment.astimezone(ZoneInfo(self.zone))
        begins, ends = _minutes(self.begins), _minutes(self.ends)
        now = local.hour * 60 + local.minute
        today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
        if begins < ends:
            return today in self.days and begins <= now < ends
        return (today in self.days and now >= begins) or (yesterday in self.days and now < ends)


class Freeze(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days, both included, by the calendar of a zone, on which nothing is applied."""

    begins: date = msgspec.field(name="from")
    ends: date = msgspec.field(name="to")
    why: str = ""
    zone: str = "UTC"

    def holds(self, moment: datetime) -> bool:
        """Whether a moment is within it."""
        return self.begins <= moment.astimezone(ZoneInfo(self.zone)).date() <= self.ends


class Most(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many resources one change may touch: of them all, and of those that its checks are about."""

    resources: int | None = None
    percent: float | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What is asked of changes in some accounts, to resources with some tags; an empty field means all.

    `approvals` says by risk how many people must approve; `default` holds for the rest, and 0 means none. `by` are
    those whose approval counts. With `own`, the planner's counts too. `expires` is for how many hours.
    """

    name: str
    accounts: tuple[str, ...] = ()
    tags: dict[str, tuple[str, ...]] = {}
    approvals: dict[Literal["default", "interrupts", "costs", "loses-data", "locks-out"], int] = {}
    by: tuple[str, ...] = ()
    own: bool = False
    expires: float = 72
    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    at_most: Most = Most()
    alarms: tuple[str, ...] = ()

    def is_for(self, step: Step) -> bool:
        """Whether a step falls under it. One whose tags are not known falls under no policy for tags."""
        tags = step.tags or {}
        return (not self.accounts or step.account in self.accounts) and all(
            tags.get(key) in values for key, values in self.tags.items()
        )

    def needed(self, steps: Iterable[Step]) -> int:
        """How many people must approve these steps."""
        default = self.approvals.get("default", 1)
        return max([default, *(self.approvals.get(risk, default) for step in steps for risk in step.risk)])


DEFAULT: Final = (Policy(name="another person approves"),)
"""What holds where no policies are given."""


def read_policies(path: Path | None) -> tuple[Policy, ...]:
    """The policies of a file, or what holds without one. Raises DemarcateError that names the line."""
    if path is None:
        return DEFAULT
    file = str(path)
    node = compose(read_text(path), file)
    items = node.value if node is not None and isinstance(node.value, list) else []
    if not items or isinstance(items[0], tuple):
        raise DocumentError("expected a list of policies", file, 1)
    policies = []
    for item in items:
        policy = convert(item, Policy, file)
        for wrong in _wrong(policy):
            raise DocumentError(f"policy {policy.name!r}: {wrong}", file, line_of(item))
        policies.append(policy)
    return tuple(policies)


def _wrong(policy: Policy) -> Iterable[str]:
    for window in policy.windows:
        for text in (window.begins, window.ends):
            if _minutes(text) < 0:
                yield f"{text!r} is no time; expected HH:MM, such as 22:30"
    for zone in [window.zone for window in policy.windows] + [freeze.zone for freeze in policy.freezes]:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield f"there is no time zone {zone!r}; expected a name such as Europe/Berlin"
    for freeze in policy.freezes:
        if freeze.ends < freeze.begins:
            yield f"a freeze ends on {freeze.ends}, before it begins on {freeze.begins}"
    if policy.expires <= 0:
        yield "an approval expires after a number of hours that is more than 0"


def _minutes(text: str) -> int:
    """Minutes of the day; -1 for what is no time."""
    if text == "24:00":
        return 24 * 60
    try:
        told = time.fromisoformat(text)
    except ValueError:
        return -1
    return told.hour * 60 + told.minute


def under(policies: Sequence[Policy], change: Change) -> dict[str, tuple[Policy, list[Step]]]:
    """The steps of a change by the policy that they fall under. Raises DemarcateError for one that none is for."""
    by_policy: dict[str, tuple[Policy, list[Step]]] = {}
    for number, step in enumerate(change.steps, 1):
        policy = next((policy for policy in policies if policy.is_for(step)), None)
        if policy is None:
            raise DemarcateError(f"{change.id}: no policy is for step {number}, {step.resource} in {step.account}")
        by_policy.setdefault(policy.name, (policy, []))[1].append(step)
    return by_policy


def until(policies: Sequence[Policy], change: Change, now: datetime) -> datetime:
    """When an approval that is given now expires. Raises DemarcateError as `under` does."""
    return now + timedelta(hours=min(policy.expires for policy, _ in under(policies, change).values()))


def why_not(
    policies: Sequence[Policy],
    change: Change,
    *,
    planner: str,
    approvals: Sequence[Approval],
    judged: int | None,
    now: datetime,
) -> list[str]:
    """Why a change may not be applied now; nothing where it may.

    `approvals` are those of this plan that have not expired, `judged` is how many resources its checks are about, where
    that is known. Raises DemarcateError as `under` does.
    """
    reasons: list[str] = []
    for policy, steps in under(policies, change).values():
        reasons += _unapproved(policy, steps, planner, approvals)
        reasons += _ill_timed(policy, now)
        reasons += _too_many(policy, steps, judged)
    return reasons


def _unapproved(policy: Policy, steps: list[Step], planner: str, approvals: Sequence[Approval]) -> Iterable[str]:
    people = {approval.by for approval in approvals if not policy.by or approval.by in policy.by}
    if not policy.own:
        people.discard(planner)
    needed = policy.needed(steps)
    if len(people) < needed:
        of = f" of {', '.join(policy.by)}" if policy.by else ""
        other = "" if policy.own else f" other than {planner}, who planned it"
        yield f"policy {policy.name!r}: {needed} to approve it{of}{other}, and {len(people)} did"


def _ill_timed(policy: Policy, now: datetime) -> Iterable[str]:
    for freeze in policy.freezes:
        if freeze.holds(now):
            yield f"policy {policy.name!r}: nothing is applied until {freeze.ends} ({freeze.why or 'a freeze'})"
    if policy.windows and not any(window.holds(now) for window in policy.windows):
        yield f"policy {policy.name!r}: it is outside of every window"


def _too_many(policy: Policy, steps: list[Step], judged: int | None) -> Iterable[str]:
    touched = len({(step.account, step.region, step.resource) for step in steps})
    most = policy.at_most
    if most.resources is not None and touched > most.resources:
        yield f"policy {policy.name!r}: it touches {touched} resources, and {most.resources} at once are allowed"
    if most.percent is not None:
        if judged is None:
            yield f"policy {policy.name!r}: of how many resources it touches {touched} is not known"
        elif touched * 100 > most.percent * judged:
            yield (
                f"policy {policy.name!r}: it touches {touched} of {judged} resources, and {most.percent:g} % at once "
                "are allowed"
            )

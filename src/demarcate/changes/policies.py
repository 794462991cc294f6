"""Who must approve which changes, and when they may be applied: data, which a person signed off.

    - name: production
      tags: {environment: [production]}
      approvals: {default: 1, interrupts: 2, loses-data: 2, locks-out: 2}
      by: [platform@example.com, security@example.com]
      windows: [{days: [sat, sun], from: "22:00", to: "04:00", zone: Europe/Berlin}]
      freezes: [{from: 2026-12-18, to: 2027-01-04, why: end of the year}]
      at-most: {resources: 20, percent: 10}

Of a file of policies each step falls under the first that is for it; a step that none is for is refused. Where the tags
of a resource are not known, its step falls under each policy that may be for it as well. Without a file there is one
policy: everything takes another person's approval, for 72 hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec

from demarcate.base.arn import is_account_id
from demarcate.base.documents import DocumentError, convert, items_of, line_of, read_text
from demarcate.base.errors import DemarcateError
from demarcate.base.moments import local
from demarcate.changes.alarms import is_alarm
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
        there = local(moment, ZoneInfo(self.zone))
        begins, ends = minutes(self.begins), minutes(self.ends)
        now = there.hour * 60 + there.minute
        today, yesterday = DAYS[there.weekday()], DAYS[there.weekday() - 1]
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
        return self.begins <= local(moment, ZoneInfo(self.zone)).date() <= self.ends


class Most(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many resources one change may touch: in all, and per cent of those that a check is about."""

    resources: Annotated[int, msgspec.Meta(ge=0)] | None = None
    percent: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None


LONGEST: Final = 366 * 24
"""Hours for which an approval may hold."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What is asked of changes in some accounts, to resources with some tags; an empty field means all.

    `approvals` says by risk how many people must approve; `default` holds for the rest, and 0 means none. `by` are
    those whose approval counts. With `own`, the planner's counts too. `expires` is for how many hours. `alarms` are
    CloudWatch's, by ARN, or by a name that each account and region has which is changed: one that rings stops a change.
    """

    name: str
    accounts: tuple[str, ...] = ()
    tags: dict[str, tuple[str, ...]] = {}
    approvals: dict[
        Literal["default", "interrupts", "costs", "loses-data", "locks-out"], Annotated[int, msgspec.Meta(ge=0)]
    ] = {}
    by: tuple[str, ...] = ()
    own: bool = False
    expires: Annotated[float, msgspec.Meta(gt=0, le=LONGEST)] = 72
    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    at_most: Most = Most()
    alarms: tuple[str, ...] = ()

    def is_for(self, step: Step) -> bool | None:
        """Whether a step falls under it; None where that hangs on tags which are not known."""
        if self.accounts and step.account not in self.accounts:
            return False
        if step.tags is None and self.tags:
            return None
        tags = step.tags or {}
        return all(tags.get(key) in values for key, values in self.tags.items())

    def needed(self, steps: Iterable[Step]) -> int:
        """How many people must approve these steps."""
        default = self.approvals.get("default", 1)
        return max(self.approvals.get(risk, default) for step in steps for risk in step.risk or ("default",))

    def counts(self, person: str, planner: str) -> bool:
        """Whether a person's approval counts. Nobody is somebody else for writing a name in capitals."""
        named = not self.by or _is_among(person, self.by)
        return named and (self.own or not _is_among(person, [planner]))


DEFAULT: Final = (Policy(name="another person approves"),)
"""What holds where no policies are given."""


def read_policies(path: Path | None) -> tuple[Policy, ...]:
    """The policies of a file, or what holds without one. Raises DemarcateError that names the line."""
    if path is None:
        return DEFAULT
    file = str(path)
    policies: list[Policy] = []
    for item in items_of(read_text(path), file, "policies"):
        policy = convert(item, Policy, file)
        if policy.name in {other.name for other in policies}:
            raise DocumentError(f"there are two policies of the name {policy.name!r}", file, line_of(item))
        for wrong in wrong_of(policy):
            raise DocumentError(f"policy {policy.name!r}: {wrong}", file, line_of(item))
        policies.append(policy)
    return tuple(policies)


def wrong_of(policy: Policy) -> Iterable[str]:
    """What a policy says that cannot be, in words; also what would make it hold for nothing, as a slip does."""
    for account in policy.accounts:
        if not is_account_id(account):
            yield f"{account!r} is no account: expected 12 digits"
    for key, values in policy.tags.items():
        if not values:
            yield f"the tag {key!r} has no value, so that it is for nothing"
    if not all(person.strip() for person in policy.by):
        yield "by has somebody without a name"
    if any(not window.days for window in policy.windows):
        yield "a window has no days, so that it never opens"
    for window in policy.windows:
        for text in (window.begins, window.ends):
            if minutes(text) < 0:
                yield f"{text!r} is no time; expected HH:MM, such as 22:30"
    for zone in [window.zone for window in policy.windows] + [freeze.zone for freeze in policy.freezes]:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            if available_timezones():
                yield f"there is no time zone {zone!r}; expected a name such as Europe/Berlin"
            else:
                yield f"this machine has no data of time zones, and so not {zone!r}: pip install tzdata"
    for freeze in policy.freezes:
        if freeze.ends < freeze.begins:
            yield f"a freeze ends on {freeze.ends}, before it begins on {freeze.begins}"
    for alarm in policy.alarms:
        if not alarm or (alarm.startswith("arn:") and not is_alarm(alarm)):
            yield f"{alarm!r} is no alarm; expected a name, or arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME"


def minutes(text: str) -> int:
    """Minutes of the day, of HH:MM; -1 for what is no time."""
    told = _TIME.fullmatch(text)
    if told is None:
        return -1
    hour, minute = int(told[1]), int(told[2])
    return hour * 60 + minute if hour < 24 or minute == 0 else -1


_TIME: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")


def _is_among(person: str, people: Iterable[str]) -> bool:
    return person.casefold() in {other.casefold() for other in people}


def under(policies: Sequence[Policy], change: Change) -> dict[str, tuple[Policy, list[Step]]]:
    """The steps of a change by the policies that they fall under. Raises DemarcateError for one that none is for."""
    steps: dict[str, tuple[Policy, list[Step]]] = {}
    for number, step in enumerate(change.steps, 1):
        sure = False
        for policy in policies:
            verdict = policy.is_for(step)
            if verdict is not False:
                steps.setdefault(policy.name, (policy, []))[1].append(step)
            if verdict:
                sure = True
                break
        if not sure:
            why = " whose tags are not known" if step.tags is None else ""
            raise DemarcateError(
                f"{change.id}: no policy is for step {number}, {step.resource} in {step.account}{why}"
            )
    return steps


def alarms_of(policies: Sequence[Policy], change: Change) -> tuple[str, ...]:
    """The alarms that stop a change. Raises DemarcateError as `under` does."""
    names = (name for policy, _ in under(policies, change).values() for name in policy.alarms)
    return tuple(dict.fromkeys(names))


def until(policies: Sequence[Policy], change: Change, now: datetime) -> datetime:
    """When an approval that is given now expires. Raises DemarcateError as `under` does."""
    return now + timedelta(hours=min(policy.expires for policy, _ in under(policies, change).values()))


def why_not(
    policies: Sequence[Policy],
    change: Change,
    *,
    planner: str,
    approvals: Sequence[Approval],
    now: datetime,
) -> list[str]:
    """Why a change may not be applied now; nothing where it may.

    `approvals` are those of this plan that have not expired. Raises DemarcateError as `under` does.
    """
    reasons: list[str] = []
    for policy, steps in under(policies, change).values():
        reasons += _unapproved(policy, steps, planner, approvals)
        reasons += _ill_timed(policy, now)
        reasons += _too_many(policy, steps, change.judged)
    return reasons


def _unapproved(policy: Policy, steps: list[Step], planner: str, approvals: Sequence[Approval]) -> Iterable[str]:
    people = {approval.by.casefold() for approval in approvals if policy.counts(approval.by, planner)}
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


SEARCHED: Final = timedelta(days=35)
"""How far ahead is looked for a moment at which a policy lets a change through."""


def opens(policy: Policy, now: datetime) -> datetime | None:
    """The first whole minute after now that is within a window and in no freeze, where now is none; None where now is
    one, and where none is near.

    Each minute is asked, and none is computed: so a night on which clocks are set is as long as it is.
    """
    if not list(_ill_timed(policy, now)):
        return None
    moment, last = now.replace(second=0, microsecond=0) + timedelta(minutes=1), now + SEARCHED
    while moment <= last:
        if not list(_ill_timed(policy, moment)):
            return moment
        moment += timedelta(minutes=1)
    return None


def _too_many(policy: Policy, steps: list[Step], judged: Mapping[str, int]) -> Iterable[str]:
    most = policy.at_most
    touched = _places(steps)
    if most.resources is not None and touched > most.resources:
        yield f"policy {policy.name!r}: it touches {touched} resources, and {most.resources} at once are allowed"
    if most.percent is None:
        return
    if any(not step.checks for step in steps):
        yield f"policy {policy.name!r}: of how many resources it touches {touched} is not known"
    for check in sorted({check for step in steps for check in step.checks}):
        touched, of = _places(step for step in steps if check in step.checks), judged.get(check, 0)
        if touched * 100 > most.percent * of:
            yield (
                f"policy {policy.name!r}: it touches {touched} of the {of} resources of {check}, and "
                f"{most.percent:g} % at once are allowed"
            )


def _places(steps: Iterable[Step]) -> int:
    """How many resources steps are for."""
    return len({(step.account, step.region, step.resource) for step in steps})

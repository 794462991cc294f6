"""Changes that no person approves one by one: a policy allows them, and a person approved the policy.

What is approved is the policies themselves, by their digest: a file that was edited since allows nothing. A policy
allows a change by itself where it asks for no approvals of any of its risks. Its windows, freezes, limits and alarms
hold as for every change, and what may lock somebody out is never done so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.changes.policies import Policy, under, why_not
from demarcate.changes.structs import Change
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger

SIGNED: Final = "policies-approved"
"""The kind of entry by which a person approves policies."""

ALLOWED: Final = "change-allowed"
"""The kind of entry that says that a policy allowed a change, and who approved the policy."""


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """Policies that a person approved."""

    digest: str
    names: tuple[str, ...]
    by: str = ""
    at: str = ""

    @property
    def told(self) -> str:
        """They, in words."""
        return f"policies {self.digest[:12]}, which {self.by} approved on {self.at[:10]}"


def digest_of(policies: Sequence[Policy]) -> str:
    """What an approval of policies names: others have another one."""
    return hashlib.sha256(to_json(policies, order="sorted")).hexdigest()


def approve_policies(ledger: Ledger, actor: Actor, policies: Sequence[Policy]) -> Signed:
    """Record that a person approves policies as they are."""
    signed = Signed(digest=digest_of(policies), names=tuple(policy.name for policy in policies))
    entry = ledger.append(actor, Act(kind=SIGNED, after=msgspec.to_builtins(signed)))[0]
    return msgspec.structs.replace(signed, by=entry.person, at=entry.at)


def signed_policies(ledger: Ledger, policies: Sequence[Policy]) -> Signed:
    """The last approval of just these policies. Raises DemarcateError where there is none."""
    digest = digest_of(policies)
    last: Signed | None = None
    for entry in ledger.entries(kinds=(SIGNED,)):
        told = _told(entry.act.after)
        if told is not None and told.digest == digest:
            last = msgspec.structs.replace(told, by=entry.person, at=entry.at)
    if last is None:
        raise DemarcateError(
            f"nobody approved these policies ({digest[:12]}) as they are: demarcate change approve-policies FILE"
        )
    return last


def _told(after: Any) -> Signed | None:
    try:
        return msgspec.convert(after, Signed)
    except msgspec.ValidationError:
        return None


def why_not_alone(
    policies: Sequence[Policy], change: Change, planner: str, now: datetime | None = None
) -> list[str]:
    """Why policies do not allow a change by themselves now; nothing where they do.

    Raises DemarcateError for a step that none is for.
    """
    reasons = []
    for policy, steps in under(policies, change).values():
        if needed := policy.needed(steps):
            reasons.append(f"policy {policy.name!r}: {needed} to approve it")
    if "locks-out" in change.risks:
        reasons.append("it may lock somebody out: a person must accept that")
    moment = now or datetime.now(UTC)
    return reasons or why_not(policies, change, planner=planner, approvals=(), now=moment)


def record_allowed(
    ledger: Ledger, actor: Actor, change: Change, policies: Sequence[Policy], signed: Signed
) -> None:
    """Record that policies allow a plan as it is. Raises DemarcateError that says why they do not."""
    reasons = why_not_alone(policies, change, actor.person)
    if reasons:
        raise DemarcateError(*(f"{change.id}: {reason}" for reason in reasons))
    names = ", ".join(under(policies, change))
    after = {"plan": change.digest, "policy": names, "policies": msgspec.to_builtins(signed)}
    ledger.append(
        actor, Act(kind=ALLOWED, change=change.id, authority=f"policy {names} of {signed.told}", after=after)
    )

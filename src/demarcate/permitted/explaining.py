"""Every policy of a snapshot that has a say for one ARN: a role's own, its trust policy and boundary, a bucket's, a
key's, and the control policies of the organization above them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demarcate.access.asked import parts_of
from demarcate.access.callers import Own
from demarcate.access.effective import Named
from demarcate.access.reach import Reading, reading
from demarcate.access.statements import Policy, PolicyKind
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.plan import Selection
from demarcate.permitted.asking import Policies, needed
from demarcate.permitted.holders import Holder, Holders
from demarcate.permitted.organization import RCP, SCP
from demarcate.permitted.resources import Owned, of_identities, of_organization, policies_of

_IDENTITIES = (":role/", ":user/", ":group/", ":policy/")


@dataclass(frozen=True, slots=True)
class Said:
    """A policy that has a say: what people call it, what it is attached to, and how far it reaches."""

    name: str
    kind: PolicyKind
    policy: Policy
    reading: Reading


def needed_to_explain(arn: str) -> Selection:
    """What is read of a source for the policies of an ARN. Raises DemarcateError for what is none."""
    service = parts_of(arn)[2]
    if service != "iam":
        return {**policies_of(service), **of_organization()} if policies_of(service) else needed(arn)
    return {**of_identities(), **of_organization()}


def policies_about(policies: Policies, arn: str) -> list[Said]:
    """The policies that have a say for an ARN.

    Raises DemarcateError where the snapshot has no such thing, or it takes no policy.
    """
    told = list(_about(policies, arn))
    if not told:
        raise DemarcateError(f"{arn}: nothing of what was read has a policy for it")
    return told


def _about(policies: Policies, arn: str) -> Iterator[Said]:
    if ":iam:" in arn and any(kind in arn for kind in _IDENTITIES):
        yield from _of_identity(policies, arn)
        return
    owned = policies.of(arn)
    if owned is not None:
        yield from _of_resource(owned)
        yield from _levels(policies, owned.account, RCP, PolicyKind.RCP)


def _of_resource(owned: Owned) -> Iterator[Said]:
    policy = owned.policy
    if policy is not None:
        told = reading(policy, owned.kind, Own(owned.account), owned.service)
        yield Said(_CALLED.get(owned.kind, "its policy"), owned.kind, policy, told)


_CALLED = {PolicyKind.TRUST: "trust policy", PolicyKind.KEY: "key policy"}


def _of_identity(policies: Policies, arn: str) -> Iterator[Said]:
    own = next((holder for holder in policies.holders if arn == holder.who.name), None)
    if ":role/" in arn:
        yield from _of_resource_or_nothing(policies, arn)
    if own is not None:
        yield from _of_holder(own)
        yield from _levels(policies, own.who.account, SCP, PolicyKind.SCP)
        return
    for named in Holders(policies.reading, policies.organizations).apart(arn):
        yield _plain(named, PolicyKind.IDENTITY)


def _of_resource_or_nothing(policies: Policies, arn: str) -> Iterator[Said]:
    owned = policies.of(arn)
    if owned is not None:
        yield from _of_resource(owned)


def _of_holder(holder: Holder) -> Iterator[Said]:
    around = holder.around
    if isinstance(around.identity, tuple):
        yield from (_plain(named, PolicyKind.IDENTITY) for named in around.identity)
    if isinstance(around.boundary, Named):
        yield _plain(around.boundary, PolicyKind.BOUNDARY, "boundary ")
    elif isinstance(around.boundary, Unknown):
        unknown = Named("boundary", Policy((), unknown=around.boundary))
        yield _plain(unknown, PolicyKind.BOUNDARY)


def _levels(policies: Policies, account: str, type_: str, kind: PolicyKind) -> Iterator[Said]:
    levels = policies.organizations.levels(account, type_)
    if isinstance(levels, Unknown):
        return  # the verb tells what was not read
    for number, level in enumerate(levels, 1):
        for named in level:
            yield _plain(named, kind, f"level {number} of {len(levels)}: ")


def _plain(named: Named, kind: PolicyKind, before: str = "") -> Said:
    return Said(f"{before}{named.name}", kind, named.policy, reading(named.policy, kind))

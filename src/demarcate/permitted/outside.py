"""Whom a resource's own policy lets in, and whom access control lists and access points do beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from demarcate.access.callers import Own, Reach
from demarcate.access.conditions import variables_in
from demarcate.access.effective import RCP_SERVICES, Around, Guardrail, Named
from demarcate.access.evaluating import Request, decide
from demarcate.access.reach import Reached, reading, widest
from demarcate.access.statements import Policy, PolicyKind, Statement
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.permitted.beside import Beside, Listed, at_point, delegates, through
from demarcate.permitted.narrowing import asked_alone
from demarcate.permitted.organization import RCP, Levels, Organizations
from demarcate.permitted.resources import Owned


@dataclass(frozen=True, slots=True)
class Outside:
    """What lets somebody in by itself, as a statement of the resource's policy does that is about what is asked.

    Also how far it reaches, and what a resource control policy and the organization's S3 policy have to do with it.
    """

    by: str
    reached: Reached
    rcp: Guardrail = Guardrail.UNKNOWN
    s3: Guardrail = Guardrail.NONE


def called(owned: Owned | None) -> str:
    """What people call the policy of a resource."""
    return _CALLED.get(owned.kind if owned is not None else PolicyKind.RESOURCE, "the resource's policy")


def doubted(reached: Reached, why: Unknown) -> Reached:
    """What it reaches at most, where something that has a say is not known."""
    return Reached(Reach.NOBODY, reached.high, why)


_CALLED: Final = {PolicyKind.ACCESS_POINT: "the access point's policy"}

_ONLY_FROM_VPC: Final = Unknown(Kind.UNTOLD, "it takes requests from its VPC alone: who can make them there")


@dataclass(frozen=True, slots=True)
class Outsiders:
    """Tells whom policies let in, by the organizations of a snapshot."""

    organizations: Organizations
    beside: Beside

    def around(self, owned: Owned | None, arn: str, account: str = "") -> Around:
        """What of a resource has a say in requests for it."""
        account = owned.account if owned is not None else arn.split(":", 5)[4] or account
        rcps = self.organizations.levels(account, RCP)
        policy = owned.policy if owned is not None else None
        return Around(
            resource=None if policy is None else Named(called(owned), policy),
            resource_kind=owned.kind if owned is not None else PolicyKind.RESOURCE,
            resource_account=account,
            rcps=rcps,
            resource_in_management=self.organizations.is_management(account) if rcps else False,
            restricted=owned.restricted if owned is not None else False,
            grants=() if owned is None or isinstance(owned.grants, Unknown) else owned.grants,
        )

    def s3_guardrail(self, of_resource: Around, action: str, *, inside: bool) -> Guardrail:
        """What the organization's S3 policy has to do with a request for a resource: it keeps out whoever is outside of
        the account where the bucket's policy is public.
        """
        if of_resource.resource is None or not action.lower().startswith("s3:"):
            return Guardrail.NONE
        blocks = self.organizations.blocks_public(of_resource.resource_account)
        if blocks is None:
            return Guardrail.NONE
        if isinstance(blocks, Unknown) or isinstance(of_resource.restricted, Unknown):
            return Guardrail.UNKNOWN
        return Guardrail.APPLIED if blocks and of_resource.restricted and not inside else Guardrail.APPLICABLE

    # --- the resource's own policy ----------------------------------------------------------------------------

    def by_policy(self, owned: Owned, action: str, resource: str) -> Iterator[Outside]:
        """Whom the statements of a resource's own policy let in that are about an action."""
        policy = owned.policy
        if policy is None:
            return
        around = self.around(owned, resource)
        own = self.own(owned.account)
        service = action.lower().partition(":")[0]
        denies, state = self.rcp_denies(around.rcps, service, around.resource_in_management)
        asked, about = asked_alone(policy, action, resource)
        told = {
            said.index: left for said, left in zip(asked.statements, self.past(asked, owned, own), strict=True)
        }
        narrowed, counted = self.past_denies(asked, denies, owned, own)
        state = state if counted else Guardrail.UNKNOWN
        past = {said.index: left for said, left in zip(asked.statements, narrowed, strict=True)}
        for said, is_about in zip(policy.statements, about, strict=True):
            if said.allows is False or is_about is False:
                continue
            left = past[said.index]
            if isinstance(is_about, Unknown):
                left = Reached(Reach.NOBODY, left.high, is_about)
            applied = state is Guardrail.APPLICABLE and left.high.rank < told[said.index].high.rank
            inside = self.restricted(left, said, owned)
            s3 = self.s3_guardrail(around, action, inside=inside is left)
            if inside is not None and inside.high is not Reach.NOBODY:
                yield Outside(
                    f"{said.name} of {called(owned)}", inside, Guardrail.APPLIED if applied else state, s3
                )
        if policy.unknown is not None and not policy.statements:
            yield Outside(called(owned), Reached(Reach.NOBODY, Reach.ANYONE, policy.unknown), state)

    def own(self, account: str) -> Own:
        """An account with its organization, as far as that is known."""
        told = self.organizations.of(account)
        return Own(account, told if isinstance(told, str) else "")

    def past(self, policy: Policy, owned: Owned, own: Own) -> Sequence[Reached]:
        """How far each statement of a resource's policy reaches, past its Denies."""
        return reading(policy, owned.kind, own, owned.service).left

    def past_denies(
        self, policy: Policy, denies: tuple[Statement, ...], owned: Owned, own: Own
    ) -> tuple[Sequence[Reached], bool]:
        """The same past Denies of others too, and whether these could be counted."""
        if denies and policy.unknown is None and not policy.variables and any(map(_has_variables, denies)):
            denies, counted = (), False
        else:
            counted = True
        joined = Policy((*policy.statements, *denies), policy.variables, policy.unknown)
        return self.past(joined, owned, own)[: len(policy.statements)], counted

    def rcp_denies(
        self, levels: Levels | Unknown, service: str, in_management: bool | Unknown
    ) -> tuple[tuple[Statement, ...], Guardrail]:
        """The Denies of resource control policies that bind a resource, and what is told of them as a whole."""
        if levels == ():
            return (), Guardrail.NONE
        if isinstance(levels, Unknown) or isinstance(in_management, Unknown):
            return (), Guardrail.UNKNOWN
        if in_management:
            return (), Guardrail.NONE
        if service not in RCP_SERVICES:
            return (), Guardrail.UNKNOWN
        policies = [named.policy for level in levels for named in level]
        if any(policy.unknown is not None for policy in policies):
            return (), Guardrail.UNKNOWN
        denies = tuple(said for policy in policies for said in policy.statements if said.allows is not True)
        return denies, Guardrail.APPLICABLE

    def restricted(self, left: Reached, said: Statement, owned: Owned) -> Reached | None:
        """Whom a statement lets in, once S3 keeps out whoever is outside of the account but services."""
        if owned.restricted is False or left.high.rank <= Reach.OWN_ACCOUNT.rank:
            return left
        if isinstance(owned.restricted, Unknown):
            return Reached(Reach.NOBODY, left.high, owned.restricted)
        if "Service" in said.principals.types:
            return Reached(Reach.NOBODY, Reach.SERVICE, _RESTRICTED)
        return None

    # --- lists and access points ------------------------------------------------------------------------------

    def by_lists(self, owned: Owned, action: str, resource: str) -> Iterator[Outside]:
        """Whom access control lists let in, past the Denies of the bucket's policy and of resource control policies."""
        for listed in self.beside.lists(owned, action):
            around = self.around(owned, resource)
            denies, state = self.rcp_denies(around.rcps, "s3", around.resource_in_management)
            reached = self._listed(listed, owned, action, resource, denies)
            if reached.high is not Reach.NOBODY:
                yield Outside(listed.by, reached, state)

    def _listed(
        self, listed: Listed, owned: Owned, action: str, resource: str, denies: tuple[Statement, ...]
    ) -> Reached:
        if listed.statement is None:
            return Reached(Reach.NOBODY, Reach.ANYONE if listed.public else Reach.NAMED_ACCOUNTS, listed.unknown)
        grant = Policy.of({"Version": "2012-10-17", "Statement": {**listed.statement, "Resource": resource}})
        own = self.own(owned.account)
        if owned.policy is not None and owned.policy.unknown is not None:
            high = widest(self.past(grant, owned, own)).high
            return Reached(Reach.NOBODY, high, owned.policy.unknown)
        asked = asked_alone(owned.policy, action, resource)[0].statements if owned.policy is not None else ()
        against = (*(said for said in asked if said.allows is not True), *denies)
        reached = widest(self.past_denies(grant, against, owned, own)[0])
        return reached if listed.unknown is None else Reached(Reach.NOBODY, reached.high, listed.unknown)

    def by_points(self, owned: Owned, action: str, resource: str) -> Iterator[Outside]:
        """Whom access points let in, where the bucket behind them does too."""
        for point, bucket, origin in self.beside.points():
            if bucket in (owned.arn.rpartition(":")[2], owned.shown):
                for outside in self.by_policy(point, action, at_point(point, resource)):
                    reached = self.past_bucket(outside.reached, owned, point, origin, resource)
                    if reached is not None:
                        yield replace(outside, by=f"{outside.by} ({point.shown})", reached=reached)

    def past_bucket(
        self, reached: Reached, bucket: Owned, point: Owned, origin: str, resource: str
    ) -> Reached | None:
        """What the bucket leaves of whom an access point lets in; None where it surely lets in none of them."""
        if bucket.policy is None:
            return None
        if bucket.policy.unknown is not None:
            return doubted(reached, bucket.policy.unknown)
        if reached.witness is None:
            return reached
        asked: Request = reached.witness
        carried = {**asked.context, **through(point, origin)}
        told = decide(bucket.policy, msgspec.structs.replace(asked, resource=resource, context=carried))
        if told.allowed is False and not delegates(bucket.policy):
            return None
        if told.allowed is not True:
            why = told.allowed or Unknown(Kind.UNTOLD, "whom of these the bucket's policy lets in")
            return doubted(reached, why)
        if origin.upper() == "VPC" and reached.high.rank > Reach.OWN_ACCOUNT.rank:
            return doubted(reached, _ONLY_FROM_VPC)
        return reached


_RESTRICTED: Final = Unknown(
    Kind.UNTOLD, "Block Public Access leaves services alone, of those outside of the account"
)


def _has_variables(said: Statement) -> bool:
    values = [
        said.resources,
        said.not_resources,
        *(test.values for test in said.tests if not isinstance(test, Unknown)),
    ]
    return any(variables_in(each) for each in values)

"""Who of a snapshot may do something, and whom a resource's own policy lets in.

Answers are told as far as the snapshot goes: what was not read may be anything. Control policies of the organization
count where they were read, and are told apart where they were not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from demarcate.access import authorization
from demarcate.access.asked import check_action, parts_of
from demarcate.access.callers import Own, Reach
from demarcate.access.conditions import Given, variables_in
from demarcate.access.effective import RCP_SERVICES, Around, Because, Effective, Guardrail, Named
from demarcate.access.evaluating import Caller, Outcome, Request, Who, account_named, is_for
from demarcate.access.reach import Reached, reading
from demarcate.access.statements import Policy, PolicyKind, Statement
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import why_not_read
from demarcate.estate.sources.plan import Selection
from demarcate.permitted.holders import Holder, Holders, context_of
from demarcate.permitted.narrowing import Narrowing, asked_alone
from demarcate.permitted.organization import RCP, Levels, Organizations
from demarcate.permitted.resources import (
    IDENTITIES,
    Owned,
    Resources,
    as_asked,
    of_identities,
    of_organization,
    policies_of,
)
from demarcate.permitted.rows import Reading, columns_of

THE_POLICY: Final = "the resource's policy"


def needed(resource: str) -> Selection:
    """What is read of a source to tell who may use a resource: by its ARN, or a declared one by its logical id.

    Raises DemarcateError for an ARN that is none.
    """
    services = (parts_of(resource)[2],) if resource.startswith("arn:") else _DECLARED
    told = {**of_identities(), **of_organization()}
    for service in services:
        for name, columns in policies_of(service).items():
            told.setdefault(name, columns)
    return told


_DECLARED: Final = (
    *("s3", "kms", "sqs", "sns", "secretsmanager", "dynamodb", "lambda", "ecr", "elasticfilesystem"),
    *("backup", "events", "es", "iam"),
)


@dataclass(frozen=True, slots=True)
class May:
    """A principal, and what comes of its request, with one that surely gets in."""

    principal: str
    effective: Effective
    witness: Request | None = None


@dataclass(frozen=True, slots=True)
class Outside:
    """A statement of the resource's own policy that is about it, how far it reaches, and what a resource control policy
    and the organization's S3 policy have to do with it.
    """

    statement: Statement
    reached: Reached
    rcp: Guardrail = Guardrail.UNKNOWN
    s3: Guardrail = Guardrail.NONE


class Policies:
    """The policies of a snapshot. Use as a context manager."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.reading = Reading(snapshot)

    def __enter__(self) -> Policies:
        return self

    def __exit__(self, *error: object) -> None:
        self.reading.__exit__(*error)

    @cached_property
    def organizations(self) -> Organizations:
        """The organizations of its accounts."""
        return Organizations(self.reading)

    @cached_property
    def resources(self) -> Resources:
        """Its resources that have a policy."""
        return Resources(self.reading, self.organizations)

    @cached_property
    def holders(self) -> tuple[Holder, ...]:
        """Its users and roles."""
        return tuple(Holders(self.reading, self.organizations).all())

    def of(self, name: str) -> Owned | None:
        """The policy of a resource. Raises DemarcateError where the snapshot has no such resource."""
        return self.resources.named(name)

    def not_read(self, account: str | None = None) -> list[str]:
        """What of the users and roles of an account, or of all, was not read, and why."""
        return [
            f"{name}: {why}"
            for name in IDENTITIES
            if (why := why_not_read(self.snapshot, name, _HELD & columns_of(name), account, None))
        ]

    # --- who may --------------------------------------------------------------------------------------------

    def who_can(self, action: str, resource: str, account: str = "") -> tuple[list[May], list[Outside]]:
        """The users and roles that may do something, or perhaps, and whom the resource's own policy lets in.

        `account` is whose the resource is, where neither its ARN nor its table says so.
        Raises DemarcateError for an action or a resource that is none.
        """
        check_action(action)
        owned = self.of(resource)
        asked = about(action, as_asked(resource, owned))
        if owned is not None and owned.kind is PolicyKind.TRUST and not action.lower().startswith("sts:"):
            owned = None  # a trust policy says who may have the role, and nothing of who may do what to it
        narrowing = Narrowing(action, asked)
        around = self.around(owned, asked, account)
        told = []
        for holder in self.holders:
            may = self.weighed(holder, around, narrowing)
            if may is not None:
                told.append(may)
        told += self._by_grant(owned, narrowing) if owned is not None else ()
        return told, list(self._outside(owned, action, asked)) if owned is not None else []

    def around(self, owned: Owned | None, arn: str, account: str = "") -> Around:
        """What of a resource has a say in requests for it."""
        account = owned.account if owned is not None else arn.split(":", 5)[4] or account
        rcps = self.organizations.levels(account, RCP)
        policy = owned.policy if owned is not None else None
        return Around(
            resource=None if policy is None else Named(THE_POLICY, policy),
            resource_kind=owned.kind if owned is not None else PolicyKind.RESOURCE,
            resource_account=account,
            rcps=rcps,
            resource_in_management=self.organizations.is_management(account) if rcps else False,
            restricted=owned.restricted if owned is not None else False,
            grants=() if owned is None or isinstance(owned.grants, Unknown) else owned.grants,
        )

    def weighed(self, holder: Holder, of_resource: Around, narrowing: Narrowing) -> May | None:
        """What comes of a holder's request, with what of the resource has a say; None where it surely may not."""
        own = holder.around
        whole = narrowing.around(
            replace(
                of_resource,
                identity=own.identity,
                boundary=own.boundary,
                scps=own.scps,
                management_account=own.management_account,
            )
        )
        by_itself = not isinstance(whole.identity, tuple) or any(map(_may_allow, whole.identity))
        if not by_itself and not whole.grants and not _may_let_in(whole, holder.who):
            return None
        context = self.context(holder)
        if of_resource.resource_account:
            context["aws:resourceaccount"] = (of_resource.resource_account,)
        read, uncounted = counted(whole)
        request = Request(holder.who, narrowing.action, narrowing.resource, context)
        comes, witness = narrowing.weighed(request, read, Own(of_resource.resource_account))
        for guardrail in uncounted:
            comes.guardrails[guardrail] = Guardrail.UNKNOWN
        inside = holder.who.account == of_resource.resource_account
        comes.guardrails["s3"] = self.s3_guardrail(of_resource, narrowing.action, inside=inside)
        return None if comes.allowed is False else May(holder.shown, comes, witness)

    def context(self, holder: Holder) -> dict[str, Given]:
        """What is known of every request of a holder."""
        return context_of(holder.who, self.organizations)

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

    def _by_grant(self, owned: Owned, narrowing: Narrowing) -> Iterator[May]:
        """Whom grants of a key let in who is none of the users and roles that were read."""
        if isinstance(owned.grants, Unknown):
            because = Because("grant", Outcome.UNKNOWN, reason=owned.grants.reason)
            yield May("whomever a grant names", Effective(owned.grants, [because]))
            return
        held = {name for each in self.holders for name in (each.who.name, each.who.role)}
        around = self.around(owned, narrowing.resource)
        for grantee in dict.fromkeys(grant.grantee for grant in owned.grants if grant.grantee not in held):
            who = Who.of(grantee)
            unseen = Unknown(Kind.NOT_COLLECTED, f"the policies of {grantee}")
            identity = unseen if who.caller is Caller.PRINCIPAL and account_named(who.arn) is None else ()
            may = self.weighed(Holder(who, Around(identity=identity), grantee), around, narrowing)
            if may is not None:
                yield may

    # --- whom the policy lets in ------------------------------------------------------------------------------

    def _outside(self, owned: Owned, action: str, resource: str) -> Iterable[Outside]:
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
                yield Outside(said, inside, Guardrail.APPLIED if applied else state, s3)
        if policy.unknown is not None and not policy.statements:
            yield Outside(_ANYBODY, Reached(Reach.NOBODY, Reach.ANYONE, policy.unknown), state)

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


_RESTRICTED: Final = Unknown(
    Kind.UNTOLD, "Block Public Access leaves services alone, of those outside of the account"
)


_HELD: Final = frozenset(
    ("inline_policies", "attached_policy_arns", "groups", "policy", "permissions_boundary_arn")
)


_ANYBODY: Final = Statement.of({"Effect": "Allow", "Action": "*", "Principal": "*"})
"""What a policy that is not known may say."""


def _may_allow(named: Named) -> bool:
    """Whether a policy allows anything, or may."""
    policy = named.policy
    return policy.unknown is not None or any(said.allows is not False for said in policy.statements)


def _may_let_in(around: Around, who: Who) -> bool:
    """Whether the resource's policy allows somebody anything, or may."""
    named = around.resource
    if not isinstance(named, Named) or named.policy.unknown is not None:
        return named is not None
    kind = around.resource_kind
    return any(
        said.allows is not False and is_for(said, who, kind) is not False for said in named.policy.statements
    )


def _has_variables(said: Statement) -> bool:
    values = [
        said.resources,
        said.not_resources,
        *(test.values for test in said.tests if not isinstance(test, Unknown)),
    ]
    return any(variables_in(each) for each in values)


def counted(around: Around) -> tuple[Around, tuple[str, ...]]:
    """What is around without the control policies that were not read, and which these are."""
    uncounted = tuple(name for name in ("scp", "rcp") if isinstance(getattr(around, f"{name}s"), Unknown))
    scps = () if isinstance(around.scps, Unknown) else around.scps
    rcps = () if isinstance(around.rcps, Unknown) else around.rcps
    return replace(around, scps=scps, rcps=rcps), uncounted


def about(action: str, resource: str) -> str:
    """What an action is asked about: of a bucket all that is in it, where the action is about objects.

    Raises DemarcateError for a resource that an action is never about.
    """
    told = authorization.action(action)
    if told is None or not told.resources or authorization.fits(action, resource):
        return resource
    inside = f"{resource}/*"
    if ":s3:::" in resource and "/" not in resource and authorization.fits(action, inside):
        return inside
    if "<" in resource:
        return resource  # the form of its ARN is not known in whole
    forms = ", ".join(sorted(set(told.resources)))
    raise DemarcateError(f"{told.name} is never about {resource}: it is about {forms}")

"""Who of a snapshot may do something, and whom a resource's own policy lets in.

Answers are told as far as the snapshot goes: what was not read may be anything. Control policies of the organization
count where they were read, and are told apart where they were not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Final

from demarcate.access import authorization
from demarcate.access.asked import check_action, parts_of
from demarcate.access.callers import Own
from demarcate.access.conditions import Given
from demarcate.access.effective import Around, Because, Effective, Guardrail, Named
from demarcate.access.evaluating import Caller, Outcome, Request, Who, account_named, is_for
from demarcate.access.statements import PolicyKind
from demarcate.access.values import every
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import why_not_read
from demarcate.estate.sources.plan import Selection, Want
from demarcate.permitted.beside import SELECTION as BESIDE
from demarcate.permitted.beside import Beside, in_bucket, is_point, through
from demarcate.permitted.holders import Holder, Holders, context_of
from demarcate.permitted.narrowing import Narrowing
from demarcate.permitted.organization import Organizations
from demarcate.permitted.outside import Outside, Outsiders, doubted
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


def needed(resource: str) -> Selection:
    """What is read of a source to tell who may use a resource: by its ARN, or a declared one by its logical id.

    Raises DemarcateError for an ARN that is none.
    """
    services = (parts_of(resource)[2],) if resource.startswith("arn:") else _DECLARED
    told = {**of_identities(), **of_organization()}
    for service in services:
        for name, columns in policies_of(service).items():
            told.setdefault(name, columns)
    if "s3" in services:
        for name, columns in BESIDE.items():
            told[name] = _both(told.get(name, columns), columns)
    return told


def _both(left: frozenset[Want] | None, right: frozenset[Want] | None) -> frozenset[Want] | None:
    return None if left is None or right is None else left | right


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
    def outsiders(self) -> Outsiders:
        """Whom the policies of its resources let in."""
        return Outsiders(self.organizations, self.beside)

    @cached_property
    def beside(self) -> Beside:
        """What lets into buckets beside their policies."""
        return Beside(self.reading)

    @cached_property
    def holders(self) -> tuple[Holder, ...]:
        """Its users and roles."""
        return tuple(Holders(self.reading, self.organizations).all())

    def _held(self) -> Iterable[Holder]:
        """The same one after the other, as they are read, so that memory does not grow with them."""
        if "holders" in self.__dict__:
            return self.holders
        return Holders(self.reading, self.organizations).all()

    def of(self, name: str) -> Owned | None:
        """The policy of a resource. Raises DemarcateError where the snapshot has no such resource."""
        if is_point(name):
            return self._point(name)[0]
        return self.resources.named(name)

    def _point(self, name: str) -> tuple[Owned, str, str]:
        """An access point by its ARN, or that of what is behind it; its bucket's name, and where requests come from."""
        for point, bucket, origin in self.beside.points():
            if name == point.arn or name.startswith(f"{point.arn}/"):
                return point, bucket, origin
        raise DemarcateError(f"{name}: what was read has no such access point")

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
        for holder in self._held():
            may = self.weighed(holder, around, narrowing)
            if may is not None:
                told.append(may)
        told += self._by_grant(owned, narrowing) if owned is not None else ()
        if owned is not None and owned.kind is PolicyKind.ACCESS_POINT:
            return self._in_bucket(told, action, asked)
        if owned is None:
            return told, []
        outside = [*self.outsiders.by_policy(owned, action, asked)]
        if owned.service == "s3" and owned.kind is PolicyKind.RESOURCE:
            outside += self.outsiders.by_lists(owned, action, asked)
            outside += self.outsiders.by_points(owned, action, asked)
        return told, outside

    def _in_bucket(self, told: Iterable[May], action: str, resource: str) -> tuple[list[May], list[Outside]]:
        """What the bucket behind an access point leaves of whom that lets in: both must."""
        point, name, origin = self._point(resource)
        outside = self.outsiders.by_policy(point, action, resource)
        buckets = (each for each in self.resources.of("s3") if name in (each.arn.rpartition(":")[2], each.shown))
        bucket = next(buckets, None)
        if bucket is None:
            unread = Unknown(Kind.NOT_COLLECTED, f"the policy of the bucket {name}")
            step = Because("bucket", Outcome.UNKNOWN, reason=unread.reason)
            perhaps = [
                May(each.principal, Effective(unread, [*each.effective.because, step], each.effective.guardrails))
                for each in told
            ]
            return perhaps, [replace(each, reached=doubted(each.reached, unread)) for each in outside]
        inside = in_bucket(bucket, point, resource)
        narrowing, around = Narrowing(action, inside), self.around(bucket, inside)
        held = {holder.shown: holder for holder in self.holders}
        left = []
        for each in told:
            both = self.weighed(held[each.principal], around, narrowing, through(point, origin))
            if both is not None:
                left.append(_together(each, both))
        reaches = (
            (each, self.outsiders.past_bucket(each.reached, bucket, point, origin, inside)) for each in outside
        )
        return left, [replace(each, reached=reached) for each, reached in reaches if reached is not None]

    def around(self, owned: Owned | None, arn: str, account: str = "") -> Around:
        """What of a resource has a say in requests for it."""
        return self.outsiders.around(owned, arn, account)

    def weighed(
        self,
        holder: Holder,
        of_resource: Around,
        narrowing: Narrowing,
        carried: Mapping[str, Given] = MappingProxyType({}),
    ) -> May | None:
        """What comes of a holder's request, with what of the resource has a say; None where it surely may not.

        `carried` is what is known of the request besides.
        """
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
        context = {**self.context(holder), **carried}
        if of_resource.resource_account:
            context["aws:resourceaccount"] = (of_resource.resource_account,)
        read, uncounted = counted(whole)
        request = Request(holder.who, narrowing.action, narrowing.resource, context)
        comes, witness = narrowing.weighed(request, read, Own(of_resource.resource_account))
        for guardrail in uncounted:
            comes.guardrails[guardrail] = Guardrail.UNKNOWN
        inside = holder.who.account == of_resource.resource_account
        comes.guardrails["s3"] = self.outsiders.s3_guardrail(of_resource, narrowing.action, inside=inside)
        return None if comes.allowed is False else May(holder.shown, comes, witness)

    def context(self, holder: Holder) -> dict[str, Given]:
        """What is known of every request of a holder."""
        return context_of(holder.who, self.organizations)

    def _by_grant(self, owned: Owned, narrowing: Narrowing) -> Iterator[May]:
        """Whom grants of a key let in who is none of the users and roles that were read."""
        if isinstance(owned.grants, Unknown):
            because = Because("grant", Outcome.UNKNOWN, reason=owned.grants.reason)
            yield May("whomever a grant names", Effective(owned.grants, [because]))
            return
        if not owned.grants:
            return
        held = {name for each in self._held() for name in (each.who.name, each.who.role)}
        around = self.around(owned, narrowing.resource)
        for grantee in dict.fromkeys(grant.grantee for grant in owned.grants if grant.grantee not in held):
            who = Who.of(grantee)
            unseen = Unknown(Kind.NOT_COLLECTED, f"the policies of {grantee}")
            identity = unseen if who.caller is Caller.PRINCIPAL and account_named(who.arn) is None else ()
            may = self.weighed(Holder(who, Around(identity=identity), grantee), around, narrowing)
            if may is not None:
                yield may


_HELD: Final = frozenset(
    ("inline_policies", "attached_policy_arns", "groups", "policy", "permissions_boundary_arn")
)


def _together(point: May, bucket: May) -> May:
    """What an access point and the bucket behind it make of a request together."""
    allowed = every((point.effective.allowed, bucket.effective.allowed))
    steps = [replace(step, layer=f"bucket, {step.layer}") for step in bucket.effective.because]
    guardrails = {**point.effective.guardrails, **bucket.effective.guardrails}
    witness = point.witness if allowed is True else None
    return May(point.principal, Effective(allowed, [*point.effective.because, *steps], guardrails), witness)


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
    if is_point(resource) and authorization.fits(action, f"{resource}/object/*"):
        return f"{resource}/object/*"
    if "<" in resource:
        return resource  # the form of its ARN is not known in whole
    forms = ", ".join(sorted(set(told.resources)))
    raise DemarcateError(f"{told.name} is never about {resource}: it is about {forms}")

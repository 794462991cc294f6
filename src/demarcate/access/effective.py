"""What all policies together make of a request: identity, boundary, session, organization, and the resource's own.

Each layer is one question with three answers, and each answer that matters is told. Guardrails (control policies of the
organization, a permissions boundary) are told apart: applied, applicable, none or unknown.

Sources:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html,
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html,
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from demarcate.access.evaluating import (
    Caller,
    Decision,
    Outcome,
    Request,
    Who,
    account_named,
    decide,
    is_excepted,
)
from demarcate.access.statements import Policy, PolicyKind, Statement
from demarcate.access.values import Values, every, some
from demarcate.estate.schema.unknown import Kind, Unknown


class Guardrail(StrEnum):
    """What is told of a guardrail: it decided, it is there and did not, there is none, or it is not known."""

    APPLIED = "applied"
    APPLICABLE = "applicable"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Named:
    """A policy with what people call it."""

    name: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant of a KMS key. `operations` are actions in lower case (`kms:decrypt`); `constrained` says whether it is
    held to an encryption context or a source.
    """

    grantee: str
    operations: frozenset[str]
    constrained: bool | Unknown = False


@dataclass(frozen=True, slots=True)
class Around:
    """Everything that has a say in a request.

    None is for what is not there, and an Unknown for what could not be read. `scps` and `rcps` are the levels from the
    root to the account, each with the policies that are attached there; an empty tuple is for an account outside of
    organizations, or one without such policies.
    """

    identity: tuple[Named, ...] | Unknown = ()
    boundary: Named | Unknown | None = None
    session: tuple[Named, ...] = ()
    resource: Named | Unknown | None = None
    resource_kind: PolicyKind = PolicyKind.RESOURCE
    resource_account: str = ""
    scps: tuple[tuple[Named, ...], ...] | Unknown = ()
    rcps: tuple[tuple[Named, ...], ...] | Unknown = ()
    endpoint: Named | Unknown | None = None
    grants: tuple[Grant, ...] | Unknown = ()
    management_account: bool | Unknown = False
    """Whether the principal's account is that of the organization's management, which no SCP binds."""
    resource_in_management: bool | Unknown = False
    restricted: bool | Unknown = False
    """Whether S3 keeps out whoever is of another account, but services: the policy is public, and that is blocked."""


@dataclass(frozen=True, slots=True)
class Because:
    """One step of an answer: a layer, what came of it, and by which statements of which policy."""

    layer: str
    outcome: Outcome
    policy: str = ""
    statements: tuple[str, ...] = ()
    reason: str = ""

    @property
    def words(self) -> str:
        """The step as people read it."""
        by = f" by {', '.join(self.statements)}" if self.statements else ""
        of = f" of {self.policy}" if self.policy else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.layer}: {self.outcome.value}{by}{of}{reason}"


@dataclass(slots=True)
class Effective:
    """What comes of a request, and why. Guardrails are told by their kind: scp, rcp, boundary."""

    allowed: bool | Unknown
    because: list[Because] = field(default_factory=list)
    guardrails: dict[str, Guardrail] = field(default_factory=dict)

    @property
    def steps(self) -> list[str]:
        """Why, step by step, as people read it: each once."""
        return list(dict.fromkeys(step.words for step in self.because))


RCP_SERVICES: Final = frozenset(
    (
        *("s3", "sts", "kms", "sqs", "secretsmanager", "ecr", "aoss"),
        *("cognito-identity", "cognito-idp", "logs", "dynamodb"),
    )
)
"""Services whose resources resource control policies are known to bind, as of 2026-02; others may have come."""


def effective(request: Request, around: Around) -> Effective:
    """What comes of a request of a principal, or of anyone."""
    told = Effective(False)
    same = _same_account(request.who, around)
    denied = list(_denials(request, around, told))
    scp = _levels(request, around, told, "scp")
    rcp = _levels(request, around, told, "rcp")
    granted = _granted(request, around, same, told)
    endpoint = _endpoint(request, around, told)
    blocked = _blocked(request, around, same, told)
    told.allowed = every((*(_not(answer) for answer in denied), _not(blocked), scp, rcp, endpoint, granted))
    for kind, answer in (("scp", scp), ("rcp", rcp)):
        _guard(told, kind, answer, around)
    return told


def _not(answer: bool | Unknown) -> bool | Unknown:
    return answer if isinstance(answer, Unknown) else not answer


def _same_account(who: Who, around: Around) -> bool | Unknown:
    if who.caller is not Caller.PRINCIPAL:
        return False
    if not around.resource_account:
        return True if around.resource is None else Unknown(Kind.UNTOLD, "whose account the resource is of")
    return who.account == around.resource_account


# --- who is denied ----------------------------------------------------------------------------------------


def _denials(request: Request, around: Around, told: Effective) -> Iterator[bool | Unknown]:
    """Whether each policy denies the request; what binds it is asked first."""
    for layer, kind, named in _binding(request, around):
        if isinstance(named, Unknown):
            yield named  # it may deny
            continue
        decision = decide(named.policy, request, kind)
        answer = decision.denial
        if kind.names_principals:
            answer = some((answer, _except_with_boundary(named.policy, request, around)))
        bound = _bound(layer, request, around)
        if answer is True and isinstance(bound, Unknown):
            answer = bound
        if answer is not False:
            told.because.append(_because(layer, named.name, decision, denies=True))
            if layer in ("scp", "rcp", "boundary") and told.guardrails.get(layer) is not Guardrail.APPLIED:
                told.guardrails[layer] = Guardrail.APPLIED if answer is True else Guardrail.UNKNOWN
        yield answer


def _bound(layer: str, request: Request, around: Around) -> bool | Unknown:
    """Whether policies of a layer bind at all; those of the others always do."""
    if layer == "scp":
        return _bound_by_scp(request, around)
    return _bound_by_rcp(request, around) if layer == "rcp" else True


Layer = tuple[str, PolicyKind, Named | Unknown]


def _binding(request: Request, around: Around) -> Iterator[Layer]:
    if request.who.caller is Caller.PRINCIPAL:
        yield from _layer("identity", PolicyKind.IDENTITY, around.identity)
        yield from _layer("boundary", PolicyKind.BOUNDARY, around.boundary)
        yield from _layer("session", PolicyKind.SESSION, around.session)
        if _bound_by_scp(request, around) is not False:
            yield from _of_levels("scp", PolicyKind.SCP, around.scps)
    if _bound_by_rcp(request, around) is not False:
        yield from _of_levels("rcp", PolicyKind.RCP, around.rcps)
    yield from _layer("vpc-endpoint", PolicyKind.VPC_ENDPOINT, around.endpoint)
    yield from _layer("resource", around.resource_kind, around.resource)


def _layer(name: str, kind: PolicyKind, policies: tuple[Named, ...] | Named | Unknown | None) -> Iterator[Layer]:
    if isinstance(policies, tuple):
        yield from ((name, kind, named) for named in policies)
    elif policies is not None:
        yield name, kind, policies


def _of_levels(name: str, kind: PolicyKind, levels: tuple[tuple[Named, ...], ...] | Unknown) -> Iterator[Layer]:
    for level in (levels,) if isinstance(levels, Unknown) else levels:
        yield from _layer(name, kind, level)


def _except_with_boundary(policy: Policy, request: Request, around: Around) -> bool | Unknown:
    """Whether a Deny with NotPrincipal is about somebody with a boundary: it denies them, whomever it names."""
    if around.boundary is None or request.who.caller is not Caller.PRINCIPAL:
        return False
    return some(
        _about_but_whom(said, request, policy)
        for said in policy.statements
        if said.allows is not True and said.not_principals.given
    )


def _about_but_whom(said: Statement, request: Request, policy: Policy) -> bool | Unknown:
    if is_excepted(said.not_principals, request.who) is False:
        return False  # it is denied anyway
    bare = Statement(
        said.effect, said.actions, said.not_actions, said.resources, said.not_resources, said.conditions
    )
    return decide(Policy((bare,), policy.variables), request, PolicyKind.SCP).denial


# --- the organization -------------------------------------------------------------------------------------


def _bound_by_scp(request: Request, around: Around) -> bool | Unknown:
    """Whether a control policy of the organization binds whoever asks: members' principals alone."""
    who = request.who
    if who.caller is not Caller.PRINCIPAL or ":role/aws-service-role/" in who.arn:
        return False
    return _not(around.management_account)


def _bound_by_rcp(request: Request, around: Around) -> bool | Unknown:
    """Whether a control policy binds the resource: not of the management account, nor a service-linked role's call."""
    if ":role/aws-service-role/" in request.who.arn or request.action.lower() == "kms:retiregrant":
        return False
    service = request.action.lower().partition(":")[0]
    if service not in RCP_SERVICES:
        if around.rcps == ():
            return False
        return Unknown(Kind.UNSUPPORTED, f"whether resource control policies bind resources of {service}")
    return _not(around.resource_in_management)


def _levels(request: Request, around: Around, told: Effective, kind: str) -> bool | Unknown:
    """Whether a control policy of every level allows it."""
    levels, bound = around.scps if kind == "scp" else around.rcps, _bound(kind, request, around)
    if bound is False or levels == ():
        return True
    if isinstance(levels, Unknown):
        return levels
    as_kind = PolicyKind(kind)
    answers: list[bool | Unknown] = []
    for number, level in enumerate(levels):
        decisions = [decide(named.policy, request, as_kind) for named in level]
        answer = some(decision.allowance for decision in decisions)
        if answer is not True:
            names = ", ".join(named.name for named in level)
            told.because.append(
                Because(
                    kind, _outcome(answer), names, (), f"level {number + 1} of {len(levels)} does not allow it"
                )
            )
        answers.append(answer)
    allowed = every(answers)
    return allowed if bound is True or allowed is True else bound if isinstance(bound, Unknown) else allowed


def _outcome(answer: bool | Unknown) -> Outcome:
    if isinstance(answer, Unknown):
        return Outcome.UNKNOWN
    return Outcome.ALLOWED if answer else Outcome.NOT_ALLOWED


def _guard(told: Effective, kind: str, answer: bool | Unknown, around: Around) -> None:
    levels = around.scps if kind == "scp" else around.rcps
    if kind in told.guardrails:
        return
    if isinstance(levels, Unknown) or isinstance(answer, Unknown):
        told.guardrails[kind] = Guardrail.UNKNOWN
    elif answer is False:
        told.guardrails[kind] = Guardrail.APPLIED
    else:
        told.guardrails[kind] = Guardrail.APPLICABLE if levels else Guardrail.NONE


# --- who is allowed ---------------------------------------------------------------------------------------


def _granted(request: Request, around: Around, same: bool | Unknown, told: Effective) -> bool | Unknown:
    """Whether the identity's side and the resource's side allow it, as far as each must."""
    mine = _identity_side(request, around, told)
    theirs, directly = _resource_side(request, around, told)
    grant = _by_grant(request, around, told)
    if request.who.caller is not Caller.PRINCIPAL:
        return some((theirs, grant))
    if same is True:
        if around.resource_kind is PolicyKind.KEY:
            return some((directly, grant, every((mine, _delegates(request, around)))))
        if around.resource_kind is PolicyKind.TRUST:
            return some((directly, every((mine, theirs))))
        return some((directly, mine))
    both = every((mine, theirs))
    if isinstance(same, Unknown):
        return both if both is True else some((both, every((same, some((directly, mine))))))
    return some((both, grant))


def _identity_side(request: Request, around: Around, told: Effective) -> bool | Unknown:
    """Whether the identity's policies allow it, as far as its boundary and its session do."""
    if request.who.caller is not Caller.PRINCIPAL:
        return False
    if account_named(request.who.arn) is not None:
        return True  # the root of an account may do all that nothing denies
    allowed = _any(request, around.identity, PolicyKind.IDENTITY, told, "identity")
    within = _boundary(request, around, told)
    session: bool | Unknown = True
    if around.session:
        session = _any(request, around.session, PolicyKind.SESSION, told, "session")
    return every((allowed, within, session))


def _boundary(request: Request, around: Around, told: Effective) -> bool | Unknown:
    boundary = around.boundary
    if boundary is None:
        told.guardrails.setdefault("boundary", Guardrail.NONE)
        return True
    if isinstance(boundary, Unknown):
        told.guardrails.setdefault("boundary", Guardrail.UNKNOWN)
        told.because.append(Because("boundary", Outcome.UNKNOWN, reason=boundary.reason))
        return boundary
    answer = _any(request, (boundary,), PolicyKind.BOUNDARY, told, "boundary")
    state = (
        Guardrail.UNKNOWN if isinstance(answer, Unknown) else Guardrail.APPLICABLE if answer else Guardrail.APPLIED
    )
    told.guardrails.setdefault("boundary", state)
    return answer


def _any(
    request: Request, policies: Sequence[Named] | Unknown, kind: PolicyKind, told: Effective, layer: str
) -> bool | Unknown:
    """Whether any of some policies allows it."""
    if isinstance(policies, Unknown):
        told.because.append(Because(layer, Outcome.UNKNOWN, reason=policies.reason))
        return policies
    decisions = [(named, decide(named.policy, request, kind)) for named in policies]
    answer = some(decision.allowance for _, decision in decisions)
    for named, decision in decisions:
        perhaps = isinstance(answer, Unknown) and isinstance(decision.allowance, Unknown)
        if decision.allowance is True or perhaps:
            told.because.append(_because(layer, named.name, decision))
            return answer
    told.because.append(Because(layer, Outcome.NOT_ALLOWED, ", ".join(named.name for named in policies)))
    return answer


def _because(layer: str, name: str, decision: Decision, *, denies: bool = False) -> Because:
    answer, statements = decision.allowance, decision.allowing
    if denies:
        answer = decision.denial
        statements = decision.denying if answer is True else decision.doubtful
    reason = answer.reason if isinstance(answer, Unknown) else ""
    outcome = Outcome.DENIED if denies and answer is True else _outcome(answer)
    return Because(layer, outcome, name, tuple(said.name for said in statements), reason)


def _resource_side(request: Request, around: Around, told: Effective) -> tuple[bool | Unknown, bool | Unknown]:
    """Whether the resource's policy allows it at all, and whether it does so by itself, without the identity's.

    By itself it does where it names who asks, or everybody: a user, a session, or a role. Where it names a role, a
    boundary and a session's policies still bind; where it names the account, it leaves the decision to that account.
    """
    named = around.resource
    if named is None:
        return False, False
    if isinstance(named, Unknown):
        told.because.append(Because("resource", Outcome.UNKNOWN, reason=named.reason))
        return named, named
    decision = decide(named.policy, request, around.resource_kind)
    answer = decision.allowance
    told.because.append(_because("resource", named.name, decision))
    if answer is False:
        return False, False
    if isinstance(answer, Unknown):
        return answer, answer
    ways = [_directly(said, request, around, told) for said in decision.allowing]
    return answer, some(ways)


def _directly(said: Statement, request: Request, around: Around, told: Effective) -> bool | Unknown:
    who = request.who
    if who.caller is not Caller.PRINCIPAL:
        return True
    known = said.principals.types.get("AWS", Values()).known
    if said.not_principals.given or said.principals.anyone is True:
        # AWS does not say how a wildcard is weighed against a boundary: with neither it is plain.
        return _within(request, around, told)
    if who.name in known and (who.role or ":user/" in who.name or ":federated-user/" in who.name):
        return True  # a session or a user: neither boundary nor session policies that say nothing bind
    if who.arn in known:
        return _within(request, around, told)
    return False


def _within(request: Request, around: Around, told: Effective) -> bool | Unknown:
    session: bool | Unknown = True
    if around.session:
        session = some(decide(named.policy, request, PolicyKind.SESSION).allowance for named in around.session)
    boundary = around.boundary
    if boundary is None:
        return session
    if isinstance(boundary, Unknown):
        return every((boundary, session))
    within = decide(boundary.policy, request, PolicyKind.BOUNDARY).allowance
    if within is False:
        told.guardrails["boundary"] = Guardrail.APPLIED
    return every((within, session))


def _delegates(request: Request, around: Around) -> bool | Unknown:
    """Whether a key's policy lets IAM policies of its account allow it: it allows the account itself, under its own
    conditions.
    """
    named = around.resource
    if named is None or isinstance(named, Unknown):
        return named if isinstance(named, Unknown) else False
    root = Who(Caller.PRINCIPAL, f"arn:aws:iam::{around.resource_account}:root", around.resource_account)
    decision = decide(
        Policy(tuple(said for said in named.policy.statements if _names_account(said, around.resource_account)),
               named.policy.variables, named.policy.unknown),
        Request(request.who if request.who.account == root.account else root, request.action, request.resource,
                request.context),
        PolicyKind.KEY,
    )  # fmt: skip
    return decision.allowance


def _names_account(said: Statement, account: str) -> bool:
    return any(account_named(text) == account for text in said.principals.types.get("AWS", Values()).known)


def _by_grant(request: Request, around: Around, told: Effective) -> bool | Unknown:
    """Whether a grant of the key allows it; one that is held to an encryption context may."""
    if isinstance(around.grants, Unknown):
        return around.grants
    who = request.who
    answers: list[bool | Unknown] = []
    for grant in around.grants:
        account = account_named(grant.grantee)
        names = {grant.grantee} & {who.name, who.role} or (account is not None and account == who.account)
        if names and request.action.lower() in grant.operations:
            if isinstance(grant.constrained, Unknown) or grant.constrained:
                answers.append(Unknown(Kind.UNTOLD, "what the grant is held to, which is not told of the request"))
            else:
                answers.append(True)
                told.because.append(Because("grant", Outcome.ALLOWED, grant.grantee))
    return some(answers)


def _blocked(request: Request, around: Around, same: bool | Unknown, told: Effective) -> bool | Unknown:
    """Whether S3 refuses it as one from outside of the account to a bucket whose policy is public."""
    if request.who.caller is Caller.SERVICE or same is True or around.restricted is False:
        return False
    blocked = every((_not(same), around.restricted))
    reason = blocked.reason if isinstance(blocked, Unknown) else "its policy is public, and lets in nobody outside"
    outcome = Outcome.UNKNOWN if isinstance(blocked, Unknown) else Outcome.DENIED
    told.because.append(Because("block-public-access", outcome, reason=reason))
    return blocked


def _endpoint(request: Request, around: Around, told: Effective) -> bool | Unknown:
    """Whether the policy of the VPC endpoint allows it, where the request comes through one."""
    if around.endpoint is None:
        return True
    if isinstance(around.endpoint, Unknown):
        return around.endpoint
    return _any(request, (around.endpoint,), PolicyKind.VPC_ENDPOINT, told, "vpc-endpoint")

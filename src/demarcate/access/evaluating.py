"""What a policy makes of one request: allowed, denied, or not known, and which statements decide that.

Denies are taken from Allows, and what is not told of the request stays unknown. This is one document by itself; what
several make of a request together is in `effective.py`.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from demarcate.access.conditions import Context, Generic, Same, compared
from demarcate.access.operators import WILD
from demarcate.access.patterns import matching
from demarcate.access.statements import Policy, PolicyKind, Principals, Statement
from demarcate.access.values import Values, every, opposite, some
from demarcate.base.arn import PARTITIONS, is_account_id
from demarcate.estate.schema.unknown import Kind, Unknown

# --- who asks ---------------------------------------------------------------------------------------------


class Caller(StrEnum):
    """Who can ask, by what AWS knows of them."""

    ANONYMOUS = "anonymous"
    PRINCIPAL = "principal"
    SERVICE = "service"
    FEDERATED = "federated"
    CANONICAL = "canonical"


class Who(msgspec.Struct, frozen=True):
    """Who asks: an ARN, the name of a service, of an identity provider, or a canonical user.

    Of a session of a role, `name` is the ARN of the session, and `role` is that of the role.
    """

    caller: Caller
    name: str = ""
    account: str = ""
    role: str = ""

    @classmethod
    def of(cls, text: str) -> Who:
        """Whoever a text names: `anonymous`, an account, an ARN, a service, or `federated:` or `canonical:` and a name.

        >>> Who.of("arn:aws:sts::111122223333:assumed-role/app/i-1").role
        'arn:aws:iam::111122223333:role/app'
        """
        if text in ("", "anonymous", "*"):
            return cls(Caller.ANONYMOUS)
        for caller in (Caller.FEDERATED, Caller.CANONICAL):
            if text.startswith(f"{caller}:"):
                return cls(caller, text.partition(":")[2])
        if is_account_id(text):
            return cls(Caller.PRINCIPAL, f"arn:aws:iam::{text}:root", text)
        parts = text.split(":", 5)
        if len(parts) < 6:
            return cls(Caller.SERVICE, text)
        session = re.fullmatch(r"assumed-role/(.+)/[^/]+", parts[5])
        role = f"arn:{parts[1]}:iam::{parts[4]}:role/{session[1]}" if session else ""
        return cls(Caller.PRINCIPAL, text, parts[4], role)

    def __hash__(self) -> int:
        return hash(self.name)  # names tell nearly all apart, and keep what it is

    @property
    def arn(self) -> str:
        """What `aws:PrincipalArn` is."""
        return self.role or self.name

    def __str__(self) -> str:
        if self.caller in (Caller.FEDERATED, Caller.CANONICAL):
            return f"{self.caller}:{self.name}"
        return self.name or "anonymous"


_ACCOUNT: Final = re.compile(r"([0-9]{12}|x)|arn:[^:]*:iam::([^:]*):root")


def account_named(text: str) -> str | None:
    """The account that a principal names as a whole; None where it names one of its principals, or none.

    >>> account_named("arn:aws:iam::111122223333:root"), account_named("arn:aws:iam::111122223333:role/a")
    ('111122223333', None)
    """
    match = _ACCOUNT.fullmatch(text)
    return (match[1] or match[2]) if match else None


def _names(text: str, who: Who) -> bool | Unknown:
    account = account_named(text)
    if account is None:
        return text in (who.name, who.role)
    if account != who.account:
        return False
    partition = text.split(":", 2)[1] if ":" in text else ""
    if partition in _PARTITIONS:
        return True
    return Unknown(Kind.UNSUPPORTED, f"the partition {partition!r}, which is not known here")


_PARTITIONS: Final = frozenset(("", "x", *PARTITIONS))
"""Those of ARNs; `x` is of one that is only known once deployed."""

_TYPES: Final = {
    Caller.PRINCIPAL: "AWS",
    Caller.SERVICE: "Service",
    Caller.FEDERATED: "Federated",
    Caller.CANONICAL: "CanonicalUser",
}


def is_meant(principals: Principals, who: Who) -> bool | Unknown:
    """Whether Principal names somebody."""
    anyone = principals.anyone
    if anyone is True or principals.unknown is not None:
        return anyone
    if principals.refused and who.caller is not Caller.ANONYMOUS:
        return Unknown(Kind.MALFORMED, "AWS refuses a principal with a wildcard in it")
    type_ = _TYPES.get(who.caller, "")
    values = principals.types.get(type_, Values())
    answer: bool | Unknown
    if who.caller is Caller.SERVICE:
        answer = any(text.lower() == who.name.lower() for text in values.known)
    elif who.caller is Caller.PRINCIPAL:
        answer = some(_names(text, who) for text in values.known)
    else:
        answer = who.name in values.known and who.caller is not Caller.ANONYMOUS
    if isinstance(answer, Unknown):
        return anyone if isinstance(anyone, Unknown) else answer
    if answer:
        return True
    if type_ and type_ != "AWS" and values.unknown and not isinstance(who.name, Generic):
        return values.unknown
    return anyone


def is_excepted(principals: Principals, who: Who) -> bool | Unknown:
    """Whether NotPrincipal leaves somebody out. A user or role must be named together with its account."""
    meant = is_meant(principals, who)
    if meant is not True or who.caller is not Caller.PRINCIPAL or principals.anyone is True:
        return meant
    known = principals.types.get("AWS", Values()).known
    mine = {who.name, who.role} - {""}
    account = any(account_named(text) == who.account for text in known)
    if account and (mine <= set(known) or account_named(who.name)):
        return True
    return Unknown(Kind.AMBIGUOUS, "NotPrincipal names the principal without its account, role or session")


# --- a request --------------------------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True):
    """A request: who asks for which action on what, and what is known of the rest by condition key in lower case."""

    who: Who
    action: str
    resource: str = ""
    context: Context = msgspec.field(default_factory=dict)

    @property
    def plain(self) -> dict[str, Any]:
        """As data: a key that the request does not have is None."""
        return {
            "principal": str(self.who),
            "action": self.action,
            "resource": str(self.resource),
            "context": {key: None if given is None else [*map(str, given)] for key, given in self.context.items()},
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Request:
        """What `plain` wrote. Raises KeyError, TypeError or AttributeError for what it never does."""
        context = {
            key.lower(): None if given is None else tuple(map(str, given if isinstance(given, list) else [given]))
            for key, given in data.get("context", {}).items()
        }
        who, action = str(data["principal"]), str(data["action"])
        return cls(Who.of(who), action, str(data.get("resource", "")), context)


class Outcome(StrEnum):
    """What a policy makes of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_ALLOWED = "not-allowed"
    UNKNOWN = "unknown"


class Decision(msgspec.Struct, frozen=True):
    """What comes of a request, and why. `denied` is said by a Deny, `not-allowed` where nothing allows it.

    `allowance` and `denial` say of each side by itself whether a statement allows, and whether one denies: what several
    policies make of a request goes by these, for a policy that allows nothing may deny.
    """

    outcome: Outcome
    allowing: tuple[Statement, ...] = ()
    denying: tuple[Statement, ...] = ()
    unknown: Unknown | None = None
    allowance: bool | Unknown = False
    denial: bool | Unknown = False
    doubtful: tuple[Statement, ...] = ()
    """Statements of which it is not known whether they deny."""

    @property
    def allowed(self) -> bool | Unknown:
        """Whether it is allowed."""
        return self.unknown if self.unknown is not None else self.outcome is Outcome.ALLOWED


def names_action(said: Statement, action: str) -> bool | Unknown:
    """Whether a statement is about an action, in whatever letters."""
    action = action if isinstance(action, Same) else action.lower()
    if said.not_actions.given:
        return opposite(some(_each(said.not_actions, action)))
    return some(_each(said.actions, action))


def _each(values: Values, action: str) -> Iterator[bool | Unknown]:
    if isinstance(action, Same):
        yield "*" in values.known or action.unknown == values.unknown or action.unknown
        return
    yield any(matching(text)(action) for text in values.known)
    yield values.unknown or False


def names_resource(said: Statement, resource: str, context: Context, *, variables: bool) -> bool | Unknown:
    """Whether a statement is about a resource. One that names none is about whatever it is attached to."""
    if said.not_resources.given:
        return opposite(some(_all(said.not_resources, resource, context, variables=variables)))
    if not said.resources.given:
        return True
    if type(resource) is str and said.resources.is_plain and "*" not in resource and "?" not in resource:
        return any(matching(text)(resource) for text in said.resources.known)
    return some(_all(said.resources, resource, context, variables=variables))


def _all(values: Values, resource: str, context: Context, *, variables: bool) -> Iterator[bool | Unknown]:
    if isinstance(resource, Same):
        yield "*" in values.known or resource.unknown == values.unknown or resource.unknown
        return
    for place, text in enumerate(values.known):
        standin = values.standins.get(place) if values.standins else None
        same = compared(WILD, text, resource, context, variables and standin is None)
        if standin is None or same is True or isinstance(resource, Generic):
            yield same
        else:
            yield standin.unknown if standin.may_be(resource) or "*" in text else False
    yield values.unknown or False


def is_about(said: Statement, request: Request, kind: PolicyKind, *, variables: bool) -> bool | Unknown:
    """Whether a statement is about a request."""

    def answers() -> Iterator[bool | Unknown]:
        yield is_for(said, request.who, kind)
        yield names_action(said, request.action)
        yield names_resource(said, request.resource, request.context, variables=variables)
        for test in said.tests:
            yield test if isinstance(test, Unknown) else test.holds(request.context, variables)

    return every(answers())


def is_for(said: Statement, who: Who, kind: PolicyKind) -> bool | Unknown:
    """Whether a statement is for somebody: one of a policy that names no principals is for whoever has it."""
    if said.not_principals.given:
        return opposite(is_excepted(said.not_principals, who))
    return is_meant(said.principals, who) if kind.names_principals or said.principals.given else True


def decide(policy: Policy, request: Request, kind: PolicyKind = PolicyKind.RESOURCE) -> Decision:
    """What a policy makes of a request."""
    if policy.unknown is not None:
        return Decision(Outcome.UNKNOWN, unknown=policy.unknown, allowance=policy.unknown, denial=policy.unknown)
    allowing: list[Statement] = []
    denying: list[Statement] = []
    unsure: dict[bool, list[tuple[Statement, Unknown]]] = {True: [], False: []}
    for said in policy.statements:
        about = is_about(said, request, kind, variables=policy.variables)
        if about is False:
            continue
        allows = said.allows
        reason = allows if isinstance(allows, Unknown) else about
        if isinstance(reason, Unknown):
            for side in (True, False) if isinstance(allows, Unknown) else (allows,):
                unsure[side].append((said, reason))
        else:
            (allowing if allows else denying).append(said)
    sides = _side(allowing, unsure[True]), _side(denying, unsure[False])
    doubtful = tuple(said for said, _ in unsure[False])

    def told(
        outcome: Outcome, by: list[Statement], against: list[Statement], why: Unknown | None = None
    ) -> Decision:
        return Decision(outcome, tuple(by), tuple(against), why, *sides, doubtful)

    if denying:
        return told(Outcome.DENIED, allowing, denying)
    if not allowing and not unsure[True]:
        return told(Outcome.NOT_ALLOWED, [], [])
    if unsure[False]:
        statement, unknown = unsure[False][0]
        return told(Outcome.UNKNOWN, allowing, [statement], unknown)
    if not allowing:
        statement, unknown = unsure[True][0]
        return told(Outcome.UNKNOWN, [statement], [], unknown)
    return told(Outcome.ALLOWED, allowing, [])


def _side(sure: list[Statement], unsure: list[tuple[Statement, Unknown]]) -> bool | Unknown:
    return True if sure else unsure[0][1] if unsure else False

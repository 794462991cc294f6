"""Who may use a key, operation by operation: its own policy, the IAM policies that it lets decide, and its grants.

An IAM policy counts for a key only where the key's policy leaves the decision to the account; a Deny of either always
counts. What was not read may allow, and may deny: then the answer is not known. Sources:
https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html,
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html,
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from demarcate.access.asked import is_declared, named_principal
from demarcate.access.callers import Own, Reach
from demarcate.access.conditions import Given
from demarcate.access.effective import Around, Because, Effective, Grant, Guardrail, Named, effective
from demarcate.access.evaluating import Caller, Outcome, Request, Who, account_named, names_action
from demarcate.access.reach import Reached, reading
from demarcate.access.statements import Policy, PolicyKind
from demarcate.access.values import Values
from demarcate.base.errors import DemarcateError
from demarcate.base.names import nearest
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import why_not_read
from demarcate.estate.tables import table
from demarcate.keys.listing import Key, key_named, keys_of
from demarcate.keys.reading import IDENTITIES
from demarcate.permitted.asking import Policies, counted
from demarcate.permitted.holders import context_of
from demarcate.permitted.narrowing import asked_alone
from demarcate.permitted.organization import RCP
from demarcate.permitted.resources import grants_in
from demarcate.permitted.rows import OWN

OPERATIONS: Final = (
    *("Decrypt", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo"),
    *("CreateGrant", "PutKeyPolicy", "ScheduleKeyDeletion"),
)
"""What is asked of each key. ReEncrypt takes two permissions: of the key that it is from, and of the other one."""

BY_GRANT: Final = frozenset(OPERATIONS) - {"PutKeyPolicy", "ScheduleKeyDeletion"}
"""What a grant can give.
Source: https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations"""

THE_POLICY: Final = "the key's policy"


@dataclass(frozen=True, slots=True)
class KeyUse:
    """Somebody, a key, an operation, and what comes of it. `principal` is in words where no single one is meant."""

    key: Key
    operation: str
    principal: str
    effective: Effective


class Identities:
    """The users and roles of a snapshot with their policies, and where these were not all read."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._why: dict[str, str] = {}
        self._held: dict[str, list[tuple[Who, Around]]] = {}
        self._shown: dict[Who, str] = {}
        with Policies(snapshot) as policies:
            self.organizations = policies.organizations
            if not any(self._not_read(name, None) for name in IDENTITIES if name not in self._lost()):
                for holder in policies.holders:
                    self._held.setdefault(holder.who.account, []).append((holder.who, holder.around))
                    self._shown[holder.who] = holder.shown
            declared = policies.resources.of("kms") if None in snapshot.accounts else ()
            self._documents = {each.shown: each.document for each in declared if each.account == OWN}

    def _lost(self) -> set[str]:
        return {name for gap in self._snapshot.unread for name in gap.missing}

    def _not_read(self, name: str, account: str | None) -> str:
        columns = [column for column in _NEEDED if column in {each.name for each in table(name).all_columns}]
        return why_not_read(self._snapshot, name, columns, account, None)

    def of(self, account: str) -> Sequence[tuple[Who, Around]]:
        """Those of an account, as far as they were read."""
        return self._held.get(account, ())

    def document(self, key: Key) -> object:
        """The policy of a key; that of a declared one names what is declared beside it."""
        return key["policy"] if key.account else self._documents.get(key.resource, key["policy"])

    def called(self, who: Who) -> str:
        """What people call a user or role: a declared one by its logical id."""
        return self._shown.get(who, str(who)) if who.account == OWN else str(who)

    def declared(self, name: str) -> Who:
        """A user or role of a template, by its logical id. Raises DemarcateError where none is called so."""
        held = {shown: who for who, shown in self._shown.items()}
        if name not in held:
            raise DemarcateError(f"{name}: what was read declares no such user or role{nearest(name, held)}")
        return held[name]

    def why_not(self, account: str) -> str:
        """Why the policies of an account's users and roles are not, or not all, known; empty where they are."""
        if account not in self._why:
            told = [f"{name}: {why}" for name in IDENTITIES if (why := self._not_read(name, account))]
            if not told and account not in self._held:
                told = ["no user or role of it was read"]
            self._why[account] = "; ".join(told[:1])
        return self._why[account]


_NEEDED: Final = (
    *("arn", "name", "account_id", "inline_policies", "attached_policy_arns", "groups", "policy"),
    "permissions_boundary_arn",
)


def who_may_use(snapshot: Snapshot, name: str) -> tuple[Key, list[KeyUse]]:
    """Who may use a key, surely or perhaps. Raises DemarcateError where there is no such key."""
    key = key_named(keys_of(snapshot), name)
    return key, list(uses_of_key(key, Identities(snapshot)))


def what_may_be_used(snapshot: Snapshot, principal: str) -> list[KeyUse]:
    """What a principal may do with which keys, surely or perhaps.

    Raises DemarcateError for what is no principal, and where the snapshot has none that is called so.
    """
    identities = Identities(snapshot)
    if is_declared(principal):
        who = identities.declared(principal)
    else:
        who = named_principal(principal)
        if who.caller is Caller.ANONYMOUS:
            raise DemarcateError(f"{principal!r} is no principal: expected an ARN, an account, or a service")
        known = any(who.arn == held.arn for held, _ in identities.of(who.account))
        if who.caller is Caller.PRINCIPAL and not known and account_named(who.arn) is None:
            why = identities.why_not(who.account)
            if not why:
                near = nearest(principal, [held.name for held, _ in identities.of(who.account)])
                raise DemarcateError(f"{principal}: what was read has no such user or role{near}")
    return [use for key in keys_of(snapshot) for use in uses_of_key(key, identities, who)]


# --- one key ----------------------------------------------------------------------------------------------


def uses_of_key(
    key: Key,
    identities: Identities,
    only: Who | None = None,
    operations: Iterable[str] = OPERATIONS,
    context: Mapping[str, Given] = MappingProxyType({}),
) -> Iterator[KeyUse]:
    """Who may use a key; `only` is whom is asked about, and `context` what is known of the requests besides."""
    document = identities.document(key)
    account = key.account or OWN
    if document is None:
        document = Unknown(Kind.UNTOLD, "the key's policy")
    policy = Policy((), unknown=document) if isinstance(document, Unknown) else Policy.of(document)
    grants = grants_of(key)
    rcps = identities.organizations.levels(account, RCP)
    around = Around(
        resource=Named(THE_POLICY, policy),
        resource_kind=PolicyKind.KEY,
        resource_account=account,
        grants=() if isinstance(grants, Unknown) else grants,
        rcps=rcps,
        resource_in_management=identities.organizations.is_management(account) if rcps else False,
    )
    callers = dict(_callers(key, policy, around, identities))
    if only is not None:
        whom = next((who for who in callers if who.arn == only.arn and who.caller is only.caller), None)
        callers = {only: _unread(only, identities) if whom is None else callers[whom]}
    for operation in operations:
        action = f"kms:{operation}"
        for who, own in callers.items():
            whole = replace(
                around,
                identity=own.identity,
                boundary=own.boundary,
                scps=own.scps,
                management_account=own.management_account,
            )
            read, uncounted = counted(whole)
            carried = {**context_of(who, identities.organizations), **_context(who), **context}
            comes = effective(Request(who, action, key.arn or key.resource, carried), read)
            for guardrail in uncounted:
                comes.guardrails[guardrail] = Guardrail.UNKNOWN
            if comes.allowed is not False:
                yield KeyUse(key, operation, identities.called(who), comes)
        if only is None:
            yield from _wide(key, policy, operation, identities)
            yield from _assigned(key, policy, operation)
            yield from _unseen(key, policy, operation, identities)
        if isinstance(grants, Unknown) and operation in BY_GRANT:
            comes = Effective(grants, [Because("grant", Outcome.UNKNOWN, reason=grants.reason)])
            yield KeyUse(key, operation, "whomever a grant names", comes)


def _context(who: Who) -> dict[str, Given]:
    return {"kms:calleraccount": (who.account,) if who.account else None}


def _unread(who: Who, identities: Identities) -> Around:
    """What is known of somebody whose own policies were not read: nothing that allows, nor that nothing denies."""
    if who.caller is not Caller.PRINCIPAL or account_named(who.arn) is not None:
        return Around()
    why = identities.why_not(who.account) or "the snapshot does not hold it"
    unknown = Unknown(Kind.NOT_COLLECTED, f"the policies of {who} ({why})")
    return Around(identity=unknown, boundary=unknown)


def _callers(key: Key, policy: Policy, around: Around, identities: Identities) -> Iterator[tuple[Who, Around]]:
    """Everybody who is asked about: the account's users and roles, and whom the key's policy and its grants name."""
    held = dict(identities.of(key.account or OWN))
    yield from held.items()
    grantees = [] if isinstance(around.grants, Unknown) else [grant.grantee for grant in around.grants]
    named: dict[Who, None] = {}
    for said in policy.statements:
        for type_, values in said.principals.types.items():
            for text, whole in zip(values.known, values.texts, strict=True) if said.allows is not False else ():
                if type(whole) is not StandIn and "*" not in text:
                    named[Who.of(f"federated:{text}" if type_ == "Federated" else text)] = None
    named.update(dict.fromkeys(Who.of(text) for text in grantees if text))
    arns = {who.arn for who in held}
    for who in named:
        if who.caller is not Caller.ANONYMOUS and who.arn not in arns:
            yield who, _unread(who, identities)


def _wide(key: Key, policy: Policy, operation: str, identities: Identities) -> Iterator[KeyUse]:
    """Statements for everybody, or for all but some: how far each reaches beyond whom was read of its own account."""
    read = Reach.NOBODY if identities.why_not(key.account or OWN) else Reach.OWN_ACCOUNT
    asked, answers = asked_alone(policy, f"kms:{operation}", "")
    told = reading(asked, PolicyKind.KEY, Own(key.account or OWN), "kms")
    past = {said.index: left for said, left in zip(asked.statements, told.left, strict=True)}
    for said, about in zip(policy.statements, answers, strict=True):
        if about is False or (said.principals.anyone is False and not said.not_principals.given):
            continue
        left = past[said.index]
        if said.allows is False or left.high.rank <= read.rank:
            continue
        known = left.low is left.high and about is True
        allowed = True if known else left.why if isinstance(about, bool) else about
        outcome = Outcome.ALLOWED if known else Outcome.UNKNOWN
        reason = "" if known else str(allowed)
        because = Because("resource", outcome, THE_POLICY, (said.name,), reason)
        yield KeyUse(key, operation, _reach(left), Effective(allowed, [because]))
    if policy.unknown is not None:
        because = Because("resource", Outcome.UNKNOWN, THE_POLICY, reason=policy.unknown.reason)
        yield KeyUse(key, operation, "whomever the key's policy names", Effective(policy.unknown, [because]))


def _assigned(key: Key, policy: Policy, operation: str) -> Iterator[KeyUse]:
    """Whom a template's key policy names and who only exists once deployed, by what is written there."""
    for said in policy.statements if policy.unknown is None else ():
        about = names_action(said, f"kms:{operation}")
        wholes = [whole for values in said.principals.types.values() for whole in values.texts]
        for whole in wholes if about is not False and said.allows is not False else ():
            if type(whole) is StandIn:
                unknown = whole.unknown
                because = Because("resource", Outcome.UNKNOWN, THE_POLICY, (said.name,), unknown.reason)
                yield KeyUse(key, operation, whole.written, Effective(unknown, [because]))


def _reach(reached: Reached) -> str:
    low, high = reached.low.value, reached.high.value
    return low if low == high else f"{low} to {high}"


def _unseen(key: Key, policy: Policy, operation: str, identities: Identities) -> Iterator[KeyUse]:
    """The users and roles of the account that were not read, where the key's policy lets their own policies decide."""
    why = identities.why_not(key.account or OWN)
    if not why or policy.unknown is not None:
        return
    delegating = [
        said
        for said in policy.statements
        if said.allows is not False
        and names_action(said, f"kms:{operation}") is not False
        and any(_is_of(text, key.account or OWN) for text in said.principals.types.get("AWS", Values()).known)
    ]
    if delegating:
        unknown = Unknown(Kind.NOT_COLLECTED, f"the IAM policies of the account ({why})")
        names = tuple(said.name for said in delegating)
        steps = [
            Because("resource", Outcome.ALLOWED, THE_POLICY, names, "leaves it to the account's IAM policies"),
            Because("identity", Outcome.UNKNOWN, reason=unknown.reason),
        ]
        yield KeyUse(key, operation, "whomever the account's IAM policies let", Effective(unknown, steps))


def _is_of(text: str, account: str) -> bool:
    """Whether a principal is an account as a whole: this one, or whichever where that is not known."""
    named = account_named(text)
    return named is not None and account in (OWN, named)


# --- grants -----------------------------------------------------------------------------------------------


def grants_of(key: Key) -> tuple[Grant, ...] | Unknown:
    """The grants of a key, as they are weighed; Unknown where they were not read."""
    return grants_in(key["grants"])

"""What a principal may do, and on what: by its own policies, and by those of resources that let it in.

Actions that no statement tells apart are weighed as one, so that whoever may do everything is told as fast as anybody.
What a wildcard stands for is weighed by representatives of all resources that the statements tell apart; where only
some of them are allowed, that is told with one of these. The policies of resources count where a resource is named, and
where they alone decide: those of keys, and of roles that may be assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

import msgspec

from demarcate.access.asked import check_pattern, is_declared, named_principal
from demarcate.access.authorization import Action, action, actions_like
from demarcate.access.callers import account_of
from demarcate.access.effective import Around, Because, Effective, Named
from demarcate.access.evaluating import Caller, Outcome, Request, Who, account_named, is_for, names_action
from demarcate.access.patterns import TooWide, covers, is_wild, matching, sample, shared, shared_arn, unlike
from demarcate.access.statements import Policy, PolicyKind, Statement
from demarcate.base.errors import DemarcateError
from demarcate.base.names import nearest
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.plan import Selection
from demarcate.permitted.asking import Policies
from demarcate.permitted.holders import Holder
from demarcate.permitted.narrowing import Narrowing, policies_in
from demarcate.permitted.organization import SCP
from demarcate.permitted.resources import OWNERS, Owned, of_identities, of_organization, policies_of

MOST_WEIGHED: Final = 50_000
"""How many requests are weighed for one answer."""

MOST_PARTS: Final = 60
"""How many parts of what a wildcard stands for are told apart."""


@dataclass(frozen=True, slots=True)
class Can:
    """Actions of one service and access level that a principal may do, surely or perhaps, on what a statement names.

    `whole` is False where some of that is allowed only: the witness is for one of these.
    """

    service: str
    level: str
    actions: tuple[str, ...]
    resource: str
    effective: Effective
    witness: Request | None = None
    whole: bool = True


def needed_for(principal: str, pattern: str = "*") -> Selection:
    """What is read of a source to tell what a principal may do. Raises DemarcateError for what is none."""
    _who(principal)
    told = {**of_identities(), **of_organization()}
    for service in _services(pattern):
        for name, columns in policies_of(service).items():
            told.setdefault(name, columns)
    return told


def _services(pattern: str) -> Iterator[str]:
    """The services of resources with a policy that an action may be about."""
    prefix = pattern.lower().partition(":")[0]
    for service in OWNERS:
        if matching(prefix)({"iam": "sts"}.get(service, service)):
            yield service


def _who(name: str) -> Who | None:
    """Whom a text names; None for a logical id. Raises DemarcateError for what is no principal."""
    if is_declared(name):
        return None
    who = named_principal(name)
    if who.caller is Caller.ANONYMOUS:
        raise DemarcateError(
            f"{name[:200]!r} has no policies of its own: ask who-can what of a resource lets it in"
        )
    return who


def what_can(policies: Policies, principal: str, pattern: str = "*") -> list[Can]:
    """What a principal may do, surely or perhaps; `pattern` is the actions that are asked about.

    A declared user or role is named by its logical id. Raises DemarcateError where the snapshot has none that is called
    so, though the users and roles of its account were read.
    """
    check_pattern(pattern)
    return list(_Asked(policies, _holder(policies, principal), pattern.lower()).all())


def _holder(policies: Policies, principal: str) -> Holder:
    """Whoever is asked about, with all that has a say in what they may do."""
    who = _who(principal)
    for held in policies.holders:
        if principal in (held.shown, held.who.name):
            return held
    if who is None:
        near = nearest(principal, [each.shown for each in policies.holders])
        raise DemarcateError(f"{principal}: what was read declares no such user or role{near}")
    of_role = next((each for each in policies.holders if who.role and each.who.name == who.role), None)
    return _unseen(policies, who, principal) if of_role is None else Holder(who, of_role.around, principal)


def _unseen(policies: Policies, who: Who, principal: str) -> Holder:
    """Somebody whose own policies were not read."""
    if who.caller is not Caller.PRINCIPAL:
        return Holder(who, Around(), principal)
    if account_named(who.arn) is not None:
        return Holder(
            who, Around(identity=(_ROOT,), scps=policies.organizations.levels(who.account, SCP)), principal
        )
    not_read = policies.not_read(who.account)
    if not not_read and any(each.who.account == who.account for each in policies.holders):
        near = nearest(principal, [each.shown for each in policies.holders])
        raise DemarcateError(f"{principal}: what was read has no such user or role{near}")
    why = not_read[0] if not_read else "no user or role of its account was read"
    unknown = Unknown(Kind.NOT_COLLECTED, f"the policies of {principal} ({why})")
    return Holder(who, Around(identity=unknown, boundary=unknown), principal)


_ROOT: Final = Named(
    "the root of the account", Policy.of({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
)
"""What the root of an account may, as far as nothing denies it.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html"""


@dataclass(slots=True)
class _Asked:
    """One question, and what was worked out for it."""

    policies: Policies
    holder: Holder
    pattern: str
    weighed: int = 0
    _texts: dict[str, list[str]] = field(default_factory=dict)
    _everywhere: list[str] = field(default_factory=list)
    _owned: dict[str, list[Owned]] = field(default_factory=dict)

    def all(self) -> Iterator[Can]:
        """All that may be done, statement by statement of its own policies, then of those of resources."""
        around = self.holder.around
        if isinstance(around.identity, Unknown):
            because = Because("identity", Outcome.UNKNOWN, reason=around.identity.reason)
            yield Can("*", "", (), "*", Effective(around.identity, [because]))
        else:
            self._note(around)
            for named in around.identity:
                yield from self._by(named)
        yield from self._by_resources()

    # --- actions that are told apart ------------------------------------------------------------------------

    def _note(self, around: Around, more: Iterable[Statement] = ()) -> None:
        """The names of actions that any statement has, by their service."""
        self._texts, self._everywhere = {}, []
        said = chain.from_iterable(named.policy.statements for named in policies_in(around))
        for statement in (*said, *more):
            for text in (*statement.actions.known, *statement.not_actions.known):
                prefix = text.partition(":")[0]
                place = self._everywhere if is_wild(prefix) else self._texts.setdefault(prefix, [])
                if text not in place:
                    place.append(text)

    def _groups(self, said: Statement) -> Iterator[list[Action]]:
        """The actions of a statement that are asked about: together those that no statement tells apart, and that are
        about the same resources.
        """
        groups: dict[tuple[object, ...], list[Action]] = {}
        for told in self._actions(said):
            name = told.name.lower()
            service = name.partition(":")[0]
            texts = (*self._texts.get(service, ()), *self._everywhere)
            key = service, told.resources, tuple(matching(text)(name) for text in texts)
            groups.setdefault(key, []).append(told)
        yield from groups.values()

    def _actions(self, said: Statement) -> Iterator[Action]:
        seen: set[str] = set()
        if said.not_actions.given:
            tests = [matching(text) for text in said.not_actions.known]
            listed: Iterable[Action] = (
                told for told in actions_like(self.pattern) if not any(is_(told.name.lower()) for is_ in tests)
            )
        else:
            listed = chain.from_iterable(map(self._like, said.actions.known))
        for told in listed:
            if told.name not in seen:
                seen.add(told.name)
                yield told

    def _like(self, text: str) -> Iterator[Action]:
        """The actions that a text stands for; one that is newer than the reference is told as it is written."""
        is_asked = matching(self.pattern)
        if self.pattern != "*" and is_wild(text) and not is_wild(self.pattern):
            told = action(self.pattern) or Action(self.pattern, "", (), ())
            if matching(text)(self.pattern):
                yield told
            return
        if not is_wild(text) and action(text) is None and ":" in text and is_asked(text):
            yield Action(text, "", (), ())
        yield from (told for told in actions_like(text) if is_asked(told.name.lower()))

    # --- by its own policies --------------------------------------------------------------------------------

    def _by(self, named: Named) -> Iterator[Can]:
        policy = named.policy
        if policy.unknown is not None:
            because = Because("identity", Outcome.UNKNOWN, named.name, reason=policy.unknown.reason)
            yield Can("*", "", (), "*", Effective(policy.unknown, [because]))
        for said in policy.statements if policy.unknown is None else ():
            if said.allows is False:
                continue
            for unknown in (said.actions.unknown, said.not_actions.unknown, said.resources.unknown):
                if unknown is not None:
                    because = Because("identity", Outcome.UNKNOWN, named.name, (said.name,), unknown.reason)
                    yield Can("*", "", (), "*", Effective(unknown, [because]))
            patterns = list(dict.fromkeys(said.resources.known)) if said.resources.given else ["*"]
            yield from _joined(self._on(group, text) for group in self._groups(said) for text in patterns)

    def _on(self, group: Sequence[Action], text: str) -> Can | None:
        """What comes of some actions, as one, on what a text stands for."""
        first = group[0]
        service = first.name.partition(":")[0].lower()
        deciding = {"kms": "kms", "sts": "iam"}.get(service)
        if (deciding and first.resources) or not is_wild(text):
            owned = [each for each in self._resources(deciding or service) if matching(text)(each.arn)]
            if owned:
                return self._best(group, text, ((each.arn, each) for each in owned), some=True)
            if deciding and first.resources and is_wild(text) and self._was_read(deciding):
                return None  # there is none of them
        return self._best(group, text, ((each, None) for each in self._parts(first, text)))

    def _was_read(self, service: str) -> bool:
        name = OWNERS[service]
        return name in self.policies.snapshot.asked and not any(
            name in gap.missing for gap in self.policies.snapshot.unread
        )

    def _resources(self, service: str) -> list[Owned]:
        if service not in self._owned:
            self._owned[service] = list(self.policies.resources.of(service))
        return self._owned[service]

    def _parts(self, first: Action, text: str, more: Sequence[Statement] = ()) -> Iterator[str]:
        """Representatives of the resources that a text stands for and that an action may be about."""
        if not first.resources:
            if matching(text)("*"):
                yield "*"
            elif not first.level:
                yield sample(text)
            return
        others = [other for other in self._others(first, more) if other != text]
        filler = unlike([text, *others])
        seen: set[str | None] = {None}
        for form in sorted(first.resources, key=len):  # the plainest first
            own = _form(form, self.holder.who)
            if _shared(text, own) is None:
                own = _form(form)
            fits, is_named = matching(own), matching(text)
            both = [sample(own, filler) if not text.strip("*") else _shared(text, own)]
            both += [part for other in others if (part := _shared(text, other)) and fits(part)]
            both += [part for other in others if (part := _shared(own, other)) and is_named(part)]
            for part in both:
                if part not in seen:
                    seen.add(part)
                    yield str(part)

    def _others(self, first: Action, more: Sequence[Statement]) -> list[str]:
        """The resources that statements about an action name, and may tell apart."""
        own = chain.from_iterable(named.policy.statements for named in policies_in(self.holder.around))
        said = chain(own, more)
        told = dict.fromkeys(
            text
            for each in said
            if names_action(each, first.name) is not False
            for text in (*each.resources.known, *each.not_resources.known)
        )
        return [text for text in told if text.strip("*")][:MOST_PARTS]

    def _around(self, part: str, owned: Owned | None) -> Around:
        """What of a resource has a say."""
        if owned is not None:
            return self.policies.around(owned, part)
        account = account_of(part)
        around = self.policies.around(None, part if account else f"arn:aws:x:x:{self.holder.who.account}:x")
        if account and account != self.holder.who.account:
            return replace(
                around, resource=Unknown(Kind.UNTOLD, f"the policy of {part}, which is another account's")
            )
        return around

    def _best(
        self, group: Sequence[Action], text: str, parts: Iterable[tuple[str, Owned | None]], *, some: bool = False
    ) -> Can | None:
        """What comes of it for all parts together: it may where it may on one."""
        answers: list[tuple[bool | Unknown, Effective | None, Request | None]] = []
        for part, owned in parts:
            self.weighed += 1
            if self.weighed > MOST_WEIGHED:
                return _told(group, text, Effective(TOO_MUCH, [Because("identity", Outcome.UNKNOWN)]), None)
            narrowing = Narrowing(group[0].name, part)
            may = self.policies.weighed(self.holder, self._around(part, owned), narrowing)
            if may is None:
                answers.append((False, None, None))
            else:
                answers.append((may.effective.allowed, may.effective, may.witness))
                if some and may.effective.allowed is True:
                    break
        best = next((each for each in answers if each[0] is True), None)
        best = best or next((each for each in answers if isinstance(each[0], Unknown)), None)
        if best is None or best[1] is None:
            return None
        whole = not some and all(each[0] is not False for each in answers)
        return _told(group, text, best[1], best[2], whole=whole or not is_wild(text))

    # --- by the policies of resources -----------------------------------------------------------------------

    def _by_resources(self) -> Iterator[Can]:
        for service in _services(self.pattern):
            for owned in self._resources(service):
                policy = owned.policy
                if policy is None or policy.unknown is not None:
                    continue
                named = [
                    said for said in policy.statements if said.allows is not False and self._lets_in(said, owned)
                ]
                if not named:
                    continue
                self._note(self.holder.around, policy.statements)
                for said in named:
                    yield from _joined(
                        can for group in self._groups(said) for can in self._own(group, said, owned)
                    )

    def _lets_in(self, said: Statement, owned: Owned) -> bool:
        """Whether a statement is for somebody by itself, and does not leave it to the account's own policies."""
        if is_for(said, self.holder.who, owned.kind) is False:
            return False
        known = {text for values in said.principals.types.values() for text in values.known}
        mine = {self.holder.who.name, self.holder.who.role, "*"}
        abroad = self.holder.who.account != owned.account
        return abroad or bool(known & mine) or said.not_principals.given or said.principals.unknown is not None

    def _own(self, group: Sequence[Action], said: Statement, owned: Owned) -> Iterator[Can | None]:
        """What comes of some actions on a resource, and on what is in it, by a statement of its policy."""
        group = [told for told in group if told.name.lower().startswith(f"{owned.service}:")]
        texts = said.resources.known if said.resources.known and owned.kind is PolicyKind.RESOURCE else ["*"]
        statements = owned.policy.statements if owned.policy is not None else ()
        for own in (owned.arn, f"{owned.arn}/*") if owned.service == "s3" else (owned.arn,):
            for text in dict.fromkeys(own if _covers(each, own) else each for each in texts) if group else ():
                parts = [part for part in self._parts(group[0], text, statements) if matching(own)(part)]
                parts = parts or ([own] if not group[0].resources else [])
                yield self._best(group, text, ((part, owned) for part in parts))


def _covers(wide: str, narrow: str) -> bool:
    try:
        return covers(wide, narrow)
    except TooWide:
        return False


TOO_MUCH: Final = Unknown(Kind.TOO_MUCH, f"more than {MOST_WEIGHED:,} requests to weigh: narrow it with --action")


def _form(text: str, who: Who | None = None) -> str:
    """An ARN of the reference as a text with wildcards, where one is meant in somebody's account."""
    if who is not None and who.account:
        text = text.replace("${Account}", who.account).replace("${Partition}", who.name.split(":", 2)[1])
    parts = text.split("${")
    return parts[0] + "".join("*" + part.partition("}")[2] for part in parts[1:])


def _shared(text: str, other: str) -> str | None:
    """An ARN that both stand for, part by part."""
    try:
        return shared_arn(text, other) if other.startswith("arn:") else shared(text, other)
    except TooWide:
        return None


def _told(
    group: Sequence[Action], text: str, comes: Effective, witness: Request | None, *, whole: bool = True
) -> Can:
    service = group[0].name.partition(":")[0]
    return Can(service, "", tuple(told.name for told in group), text, comes, witness, whole)


def _joined(cans: Iterable[Can | None]) -> Iterator[Can]:
    """Those of a statement, by service, access level and resource: together what came of it in the same way."""
    groups: dict[tuple[object, ...], list[tuple[str, str, Can]]] = {}
    for can in cans:
        if can is None:
            continue
        comes = can.effective
        same = (*comes.because, *comes.guardrails.items())
        for name in can.actions:
            told = action(name)
            level = told.level if told is not None else ""
            key = can.service, level, can.resource, str(comes.allowed), can.whole, same
            groups.setdefault(key, []).append((name, level, can))
    for members in groups.values():
        name, level, first = members[0]
        witness = None if first.witness is None else msgspec.structs.replace(first.witness, action=name)
        actions = tuple(sorted({name for name, _, _ in members}))
        yield replace(first, level=level, actions=actions, witness=witness)

"""Who may ask: representatives of all callers that a policy can tell apart, and what their requests carry.

They are made of the policy's own constants: of each account, organization, network and service that it names there is
one, and one that it does not name. What their requests carry is in `carried.py`; so what holds for none of these
requests holds for none at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from demarcate.access.authorization import knows_key
from demarcate.access.conditions import Generic, Test, variables_in
from demarcate.access.evaluating import Caller, Who, account_named
from demarcate.access.patterns import TooWide, is_wild, limited, matching, sample, shared, shared_arn
from demarcate.access.statements import Statement
from demarcate.base.documents import read
from demarcate.estate.schema.unknown import Unknown

OWN: Final = "x"
"""The account of a template: what its stand-ins for `AWS::AccountId` look like."""

OWN_ORGANIZATION: Final = "o-own0000000"
"""The organization that the policy's account is of, where that is not known."""

MOST_NAMED: Final = 500
"""How many accounts, organizations or principals that a policy names are told apart."""


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition key: what its values are, and who carries it."""

    form: str
    by: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    many: bool = False


class _Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sources: tuple[str, ...]
    checked: date
    keys: dict[str, Key]


@cache
def keys() -> dict[str, Key]:
    """The keys that are not of a single service, in lower case; `*` stands for whatever is there."""
    return read(Path(__file__).parent / "data" / "keys.yaml", _Keys).keys


@lru_cache(maxsize=4096)
def key_of(name: str) -> Key | None:
    """What is known of a condition key, given in lower case; None where nothing is."""
    told = keys().get(name)
    if told is None:
        told = next((key for text, key in keys().items() if "*" in text and matching(text)(name)), None)
    if told is None and knows_key(name):
        return Key("free", perhaps=("all",))
    return told


# --- what a policy names ----------------------------------------------------------------------------------


class Own(msgspec.Struct, frozen=True):
    """Whose the policy is: its account, and its organization, where they are known."""

    account: str = ""
    organization: str = ""

    @property
    def home(self) -> str:
        """Its organization, by a name that nobody has where it is not known."""
        return self.organization or OWN_ORGANIZATION

    @property
    def names(self) -> frozenset[str]:
        """What its account is called."""
        return frozenset((self.account, OWN)) - {""}


class Constants(msgspec.Struct, frozen=True, dict=True):
    """What some statements name: by key the tests, and whom."""

    tests: dict[str, list[Test]]
    principals: tuple[str, ...]
    services: tuple[str, ...]
    federated: tuple[str, ...]
    canonical: tuple[str, ...]
    variables: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    """The forms of keys that are held to something that is not known."""

    @classmethod
    def of(cls, statements: Iterable[Statement]) -> Constants:
        """What these statements name."""
        tests: dict[str, list[Test]] = {}
        named: dict[str, dict[str, None]] = {
            type_: {} for type_ in ("AWS", "Service", "Federated", "CanonicalUser")
        }
        variables: set[str] = set()
        unsure: set[str] = set()
        for said in statements:
            for principals in (said.principals, said.not_principals):
                for type_, values in principals.types.items():
                    if type_ in named:
                        named[type_].update(dict.fromkeys(values.known))
                    if values.unknown:
                        unsure.add(type_)
            for texts in (said.resources, said.not_resources):
                variables.update(variables_in(texts))
            for test in said.tests:
                if isinstance(test, Unknown):
                    continue
                tests.setdefault(test.key, []).append(test)
                variables.update(variables_in(test.values))
                if test.values.unknown and (key := key_of(test.key)):
                    unsure.add(key.form)
        return cls(
            tests,
            tuple(text for text in named["AWS"] if text != "*"),
            tuple(text.lower() for text in named["Service"]),
            tuple(named["Federated"]),
            tuple(named["CanonicalUser"]),
            frozenset(variables),
            frozenset(unsure),
        )

    @cached_property
    def _texts(self) -> dict[tuple[str, ...], list[str]]:
        return {}

    @cached_property
    def by_account(self) -> dict[str, list[str]]:
        """The principals that are named, by their account."""
        told: dict[str, list[str]] = {}
        for text in self.principals:
            told.setdefault(account_of(text), []).append(text)
        return told

    def texts(self, *forms: str) -> list[str]:
        """What keys of some forms are compared with."""
        if self._forms.isdisjoint(forms):
            return []
        told = self._texts.get(forms)
        if told is None:
            told = self._texts[forms] = self._read(forms)
        return told

    def _read(self, forms: tuple[str, ...]) -> list[str]:
        return list(
            dict.fromkeys(
                text
                for name, tests in self.tests.items()
                if (key := key_of(name)) and key.form in forms
                for test in tests
                for text in test.values.known
            )
        )

    @cached_property
    def _forms(self) -> frozenset[str]:
        """The forms of the keys that are asked after."""
        return frozenset(key.form for name in (*self.tests, *self.variables) if (key := key_of(name)) is not None)

    def asks(self, *forms: str) -> bool:
        """Whether a key of one of these forms is asked after."""
        return not self._forms.isdisjoint(forms)


_ACCOUNTS: Final = ("account", "source-account", "source-owner", "endpoint-account", "way-account")
_ARNS: Final = ("principal-arn", "source-arn", "function-arn", "instance-arn", "way-arn", "vpc-arn")
_ORGANIZATIONS: Final = ("organization", "source-organization", "endpoint-organization")
_PATHS: Final = ("organization-path", "source-organization-path", "endpoint-organization-path")


def shared_or_none(text: str, pattern: str) -> str | None:
    """A text that both stand for; None where there is none, or where that takes too long to tell."""
    try:
        return shared_arn(text, pattern) if pattern.startswith("arn:") else shared(text, pattern)
    except TooWide:
        return None


def account_of(arn: str) -> str:
    """The account that an ARN names; none where it names none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def _accounts(said: Constants) -> Iterator[str]:
    """All accounts that are named, also those with wildcards."""
    for text in said.principals:
        yield account_named(text) or account_of(text)
    yield from said.texts(*_ACCOUNTS)
    yield from map(account_of, said.texts(*_ARNS))


def _organizations(said: Constants) -> Iterator[str]:
    """All organizations that are named, as their ids are: in small letters."""
    yield from (text.lower() for text in said.texts(*_ORGANIZATIONS))
    yield from (text.partition("/")[0].lower() for text in said.texts(*_PATHS))


_UNUSED_ACCOUNTS: Final = tuple(digit * 12 for digit in "987654321")


def _unused(names: Iterable[str], candidates: Sequence[str]) -> str:
    taken = set(names)
    return next((text for text in candidates if text not in taken), candidates[0])


# --- callers ----------------------------------------------------------------------------------------------


class Reach(StrEnum):
    """How far a policy reaches, from nobody to anyone."""

    NOBODY = "nobody"
    OWN_ACCOUNT = "own-account"
    ORGANIZATION = "organization"
    NAMED_ACCOUNTS = "named-accounts"
    NETWORK = "network"
    SERVICE = "service"
    FEDERATED = "federated"
    ANYONE = "anyone"

    @property
    def rank(self) -> int:
        """Its place on the scale."""
        return _RANKS[self]


_RANKS: Final = {reach: rank for rank, reach in enumerate(Reach)}


class World(msgspec.Struct, frozen=True):
    """A caller, and where it asks from. Of one that is `generic` the policy names nothing: not who it is, not where it
    is from. `account` is its own, or that of whom a service asks for.
    """

    reach: Reach
    caller: Caller
    way: str
    account: str = ""
    organization: str | None = None
    generic: bool = False
    named_way: bool = False
    names: tuple[Who, ...] = msgspec.field(default_factory=tuple)


def worlds(said: Constants, own: Own, ranks: frozenset[int] | None = None) -> Iterator[World]:
    """All callers that the policy can tell apart, the widest reach first. `ranks` leaves out those of other reaches."""
    for reach in reversed(Reach):
        if reach is not Reach.NOBODY and (ranks is None or reach.rank in ranks):
            yield from _MAKERS[reach](said, own, reach)


def _ways(said: Constants) -> tuple[str, ...]:
    forms = ("address", "vpc", "vpc-arn", "endpoint", "endpoint-account")
    more = ("endpoint-organization", "endpoint-organization-path")
    names = said.asks(*forms, *more) or "aws:vpcsourceip" in said.tests
    return ("internet", "endpoint") if names else ("internet",)


def _strangers(said: Constants) -> list[str]:
    """Accounts that are not named: one, and one of each form that is named with wildcards."""
    named = [text for text in _accounts(said) if text]
    accounts = [_unused(named, _UNUSED_ACCOUNTS)]
    for text in dict.fromkeys(named):
        if is_wild(text) and re.fullmatch(r"[0-9*?]+", text):
            digits = _twelve(text)
            if digits and digits not in accounts:
                accounts.append(digits)
    return limited(accounts, MOST_NAMED)


def _twelve(text: str) -> str | None:
    """An account's number that a text with wildcards stands for."""
    missing = 12 - len(text.replace("*", ""))
    if missing < 0 or (missing and "*" not in text):
        return None
    return text.replace("*", "0" * missing, 1).replace("*", "").replace("?", "0")


def _strange_organizations(said: Constants) -> list[str | None]:
    """None, one that is not named, and one of each form that is named with wildcards."""
    if not said.asks(*_ORGANIZATIONS, *_PATHS):
        return [None]
    named = [text for text in _organizations(said) if is_wild(text)]
    return [None, Generic("o-zzzzzzzzzz"), *dict.fromkeys(Generic(sample(text, "zz")) for text in named)]


def _anyone(said: Constants, own: Own, reach: Reach) -> Iterator[World]:  # noqa: ARG001
    accounts = _strangers(said)
    for way in _ways(said):
        yield World(reach, Caller.ANONYMOUS, way, accounts[0], None, True, False, (Who(Caller.ANONYMOUS),))
        for account in accounts:
            for organization in _strange_organizations(said):
                who = tuple(_principals(said, account, generic=True))
                yield World(reach, Caller.PRINCIPAL, way, Generic(account), organization, True, False, who)
    some_service = (Who(Caller.SERVICE, Generic("service.amazonaws.com")),)
    for account in accounts:
        for organization in _strange_organizations(said):
            yield World(reach, Caller.SERVICE, "", Generic(account), organization, True, False, some_service)


def _principals(said: Constants, account: str, *, generic: bool = False) -> Iterator[Who]:
    """Principals of an account: a role, a user, its root; those that are named, and those of a form that is."""
    make = Generic if generic else str
    base = f"arn:aws:iam::{account}:"
    yield Who(Caller.PRINCIPAL, make(f"{base}role/zz"), account)
    if generic and "aws:principalarn" not in said.tests:
        return  # none of them differs from the others
    yield Who(Caller.PRINCIPAL, make(f"{base}user/zz"), account)
    yield Who(Caller.PRINCIPAL, make(f"{base}root"), account)
    if not generic:
        for text in said.by_account.get(account, ()):
            if account_named(text) is None:
                yield Who.of(text)
    for text in limited(said.texts("principal-arn"), MOST_NAMED):
        for kind in ("role/*", "user/*", "*"):
            for service in ("aws:iam", "aws:sts", "*:iam"):
                arn = shared_or_none(text, f"arn:{service}::{account}:{kind}")
                if arn is not None:
                    yield replace(Who.of(arn), caller=Caller.PRINCIPAL, name=make(arn), account=account)


def _federated(said: Constants, own: Own, reach: Reach) -> Iterator[World]:  # noqa: ARG001
    if said.federated or said.asks("token") or "Federated" in said.unsure:
        names = said.federated or ("an identity provider",)
        yield World(
            reach, Caller.FEDERATED, "internet", "", None, False, False,
            tuple(Who(Caller.FEDERATED, name) for name in names),
        )  # fmt: skip


def _named_services(said: Constants) -> list[str]:
    names = [*said.services, *(text for text in said.texts("service-name") if not is_wild(text))]
    if said.asks("source-arn"):
        names.append("service.amazonaws.com")
    return limited(dict.fromkeys(names), MOST_NAMED)


def _services(said: Constants, own: Own, reach: Reach) -> Iterator[World]:  # noqa: ARG001
    names = _named_services(said)
    if names or "Service" in said.unsure:
        who = tuple(Who(Caller.SERVICE, name) for name in names or ["a service"])
        for account in _strangers(said):
            for organization in _strange_organizations(said):
                yield World(reach, Caller.SERVICE, "", Generic(account), organization, names=who)


def _network(said: Constants, own: Own, reach: Reach) -> Iterator[World]:
    if _ways(said) != ("internet",) or said.asks("way-account", "way-arn", "mount-target"):
        for way in ("internet", "endpoint"):
            for world in _anyone(said, own, reach):
                if world.caller is not Caller.SERVICE and world.way == "internet":
                    yield replace(world, way=way, named_way=True)


def _of_account(
    said: Constants, reach: Reach, account: str, organizations: Iterable[str | None]
) -> Iterator[World]:
    who = tuple(_principals(said, account))
    services = tuple(Who(Caller.SERVICE, name) for name in _named_services(said) or ["service.amazonaws.com"])
    for organization in organizations:
        for way in _ways(said):
            yield World(reach, Caller.PRINCIPAL, way, account, organization, False, True, who)
        yield World(reach, Caller.SERVICE, "", account, organization, False, True, services)


def _members(said: Constants) -> list[str | None]:
    """The organizations that an account which is named may be of."""
    if not said.asks(*_ORGANIZATIONS, *_PATHS):
        return [None]
    named = dict.fromkeys(sample(text, "zz") for text in _organizations(said))
    return [None, *limited(named, MOST_NAMED), *_unsure_organization(said)]


def _unsure_organization(said: Constants) -> list[str]:
    return ["an organization that is not known"] if said.unsure & {*_ORGANIZATIONS, *_PATHS} else []


def _named(said: Constants, own: Own, reach: Reach) -> Iterator[World]:
    accounts = dict.fromkeys(text for text in _accounts(said) if text and not is_wild(text) and "${" not in text)
    for account in [text for text in accounts if text not in own.names]:
        yield from _of_account(said, reach, account, _members(said))
    if said.asks("user-id"):
        stranger = _strangers(said)[0]
        yield from _of_account(said, reach, stranger, _members(said))
    if said.unsure & {*_ACCOUNTS, *_ARNS, "AWS"}:
        name = "an account that is not known"
        yield from _of_account(said, reach, name, _members(said))
    for name in said.canonical:
        yield World(reach, Caller.CANONICAL, "internet", "", None, False, True, (Who(Caller.CANONICAL, name),))
    if own.organization and said.asks(*_ORGANIZATIONS, *_PATHS):
        others = [text for text in _members(said) if text not in (None, own.organization)]
        stranger = _strangers(said)[0]
        yield from _of_account(said, reach, stranger, others)


def _organization(said: Constants, own: Own, reach: Reach) -> Iterator[World]:
    if said.asks(*_ORGANIZATIONS, *_PATHS):
        named = [] if own.organization else [text for text in _members(said) if text is not None]
        stranger = _strangers(said)[0]
        yield from _of_account(said, reach, stranger, [own.home, *named])


def _own(said: Constants, own: Own, reach: Reach) -> Iterator[World]:
    members = [own.organization] if own.organization else [*_members(said), own.home]
    for account in sorted(own.names):
        if account != OWN or account in set(_accounts(said)) or not own.account:
            yield from _of_account(said, reach, account, members)


_MAKERS: Final = {
    Reach.ANYONE: _anyone,
    Reach.FEDERATED: _federated,
    Reach.SERVICE: _services,
    Reach.NETWORK: _network,
    Reach.NAMED_ACCOUNTS: _named,
    Reach.ORGANIZATION: _organization,
    Reach.OWN_ACCOUNT: _own,
}

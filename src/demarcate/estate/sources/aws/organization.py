"""The accounts of the organization: which there are, in which units, and with which tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from typing import Any, Protocol, TypeVar

from demarcate.base.arn import is_account_id
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import AccountNote, Unread
from demarcate.estate.sources.accounts import Accounts, Members
from demarcate.estate.sources.aws.answers import told
from demarcate.estate.sources.aws.asking import Asker
from demarcate.estate.sources.aws.failures import FAILED, code_of, why
from demarcate.estate.sources.aws.session import Caller

T = TypeVar("T")

SERVICE = "organizations"
"""What tells of the organization: to its management account and delegated administrators alone."""

_NO_ORGANIZATION = "AWSOrganizationsNotInUseException"
_ALONE = "the account {} is in no organization: leave --org out"
_UNITS = "units of accounts"


class Recorder(Protocol):
    """Who is told what could not be read: a snapshot's writer."""

    def unread(self, *what: Unread) -> None:
        """Record it."""


def members_of(accounts: Accounts, caller: Caller, asker: Asker, writer: Recorder, pool: Executor) -> Members:
    """The accounts that are meant, that of the credentials first. What cannot be told of one is recorded.

    Raises DemarcateError where the organization cannot be listed, and for accounts that it does not have.
    """
    if accounts.members is not None:
        writer.unread(*accounts.members.unread)
        return accounts.members
    if not accounts.organization:
        ids = dict.fromkeys(accounts.only or (caller.account,))
        return Members(tuple(AccountNote(id=id_) for id_ in _own_first(ids, caller)))
    listed = _listed(caller, asker, writer)
    missing = [id_ for id_ in accounts.only if id_ not in listed]
    if missing:
        raise DemarcateError(
            f"the organization has no account {', '.join(missing)} (it has {len(listed):,} accounts)"
        )
    chosen = {id_: listed[id_] for id_ in _own_first(accounts.only or listed, caller)}
    skipped = {id_: why for id_, account in chosen.items() if (why := _why_skipped(account))}
    reading = {id_: account for id_, account in chosen.items() if id_ not in skipped}
    telling = _Telling(caller, asker, writer, pool)
    units, tags = telling.units(reading), telling.tags(reading)
    notes = tuple(
        AccountNote(
            id=id_,
            name=str(account.get("Name", "")),
            units=units.get(id_),
            tags=tags.get(id_),
            skipped=skipped.get(id_),
        )
        for id_, account in chosen.items()
    )
    # The ARN of every account names the management account.
    management = {part for account in listed.values() for part in str(account.get("Arn")).split(":")[4:5]}
    return Members(notes, frozenset({caller.account, *management}))


def _own_first(ids: Iterable[str], caller: Caller) -> list[str]:
    return sorted(ids, key=lambda id_: (id_ != caller.account, id_))


def _listed(caller: Caller, asker: Asker, writer: Recorder) -> dict[str, Mapping[str, Any]]:
    """The organization's accounts by their ids. What cannot be the id of one is recorded."""
    try:
        pages = asker.pages(f"{SERVICE}.list_accounts", {}, caller.home)
        listed = {str(account.get("Id")): account for page in pages for account in page.get("Accounts", ())}
    except FAILED as error:
        if code_of(error) == _NO_ORGANIZATION:
            raise DemarcateError(_ALONE.format(caller.account)) from error
        raise DemarcateError(
            f"the accounts of the organization cannot be listed: {caller.account} organizations:ListAccounts: "
            f"{why(error).reason}. Use credentials of the management account or of a delegated administrator, or "
            "name the accounts (--account) without --org"
        ) from error
    if not listed:
        raise DemarcateError(_ALONE.format(caller.account))
    for odd in [id_ for id_ in listed if not is_account_id(id_)]:
        del listed[odd]
        writer.unread(
            Unread(
                kind=Kind.MALFORMED,
                reason=f"an account of the id {odd[:100]!r} is listed, which none can have: it is not read",
                account=caller.account,
                operation=asker.clients.api_name(f"{SERVICE}.list_accounts"),
            )
        )
    return listed


def _why_skipped(account: Mapping[str, Any]) -> str | None:
    """AWS has retired `Status` in favour of `State`; an endpoint may tell either."""
    state = str(account.get("State") or account.get("Status") or "ACTIVE")
    return None if state == "ACTIVE" else f"the account is {state.lower().replace('_', ' ')}"


class _Telling:
    """Asks what the organization says of accounts, and records what it does not say."""

    def __init__(self, caller: Caller, asker: Asker, writer: Recorder, pool: Executor) -> None:
        self._caller, self._asker, self._writer, self._pool = caller, asker, writer, pool

    def tags(self, accounts: Iterable[str]) -> dict[str, dict[str, str]]:
        """The tags of accounts, of which they are known."""

        def take(answer: dict[str, Any]) -> dict[str, str]:
            return {told(tag, "Key"): told(tag, "Value") for tag in answer.get("Tags", ())}

        return dict(self._answers("list_tags_for_resource", "ResourceId", accounts, "tags of accounts", take))

    def units(self, accounts: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
        """The names of the units that accounts are in, of which they are known: each unit is asked for once."""

        def take_parents(answer: dict[str, Any]) -> list[str]:
            return [told(parent, "Id") for parent in answer.get("Parents", ())]

        def take_name(answer: dict[str, Any]) -> str:
            return str(told(answer, "OrganizationalUnit", "Name"))

        above: dict[str, str] = {}
        for account in accounts.values():
            for path in account.get("Paths", ())[:1]:
                # Organization, root, units, account: each stands below the one before it.
                ids = [part for part in path.split("/") if part]
                above.update(zip(ids[2:], ids[1:], strict=False))
        asked: set[str] = set()
        while unplaced := ({*accounts, *filter(_is_unit, above.values())} - set(above) - asked):
            asked |= unplaced
            for child, parents in self._answers("list_parents", "ChildId", sorted(unplaced), _UNITS, take_parents):
                above.update((child, parent) for parent in parents)
        units = sorted(set(filter(_is_unit, above.values())))
        operation, key = "describe_organizational_unit", "OrganizationalUnitId"
        names = dict(self._answers(operation, key, units, _UNITS, take_name))
        paths = {account: _path(account, above) for account in accounts}
        return {
            account: tuple(names[unit] for unit in path)
            for account, path in paths.items()
            if path is not None and all(unit in names for unit in path)
        }

    def _answers(
        self, method: str, name: str, values: Iterable[str], about: str, take: Callable[[dict[str, Any]], T]
    ) -> Iterator[tuple[str, T]]:
        """What is taken from an operation's answer for each value, where it answers."""
        operation = f"{SERVICE}.{method}"

        def ask(value: str) -> T | None:
            try:
                return take(self._asker.answer(operation, {name: value}, self._caller.home))
            except FAILED as error:
                cause = why(error)
                self._writer.unread(
                    Unread(
                        kind=cause.kind,
                        reason=f"{cause.reason}: {about} are not known",
                        account=self._caller.account,
                        operation=self._asker.clients.api_name(operation),
                    )
                )
                return None

        values = list(values)
        answers = zip(values, self._pool.map(ask, values), strict=True)
        return ((value, answer) for value, answer in answers if answer is not None)


def _is_unit(id: str) -> bool:
    return id.startswith("ou-")


def _path(account: str, above: Mapping[str, str]) -> tuple[str, ...] | None:
    """The ids of the units that an account is in, from the root down; None where it does not lead to a root."""
    path: list[str] = []
    parent = above.get(account)
    while parent is not None and _is_unit(parent) and parent not in path:
        path.append(parent)
        parent = above.get(parent)
    return tuple(reversed(path)) if parent is not None and not _is_unit(parent) else None

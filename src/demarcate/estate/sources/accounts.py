"""Which accounts a live collection reads, and as whom."""

from __future__ import annotations

import re

import msgspec

from demarcate.base.arn import is_account_id
from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.manifest import AccountNote, Unread

ROLE = "OrganizationAccountAccessRole"
"""The role that AWS makes in the accounts that an organization creates."""

_ROLE = re.compile(r"[\w+=,.@/-]{1,512}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


class Members(msgspec.Struct, frozen=True):
    """The accounts to read. Tables of the organization itself are read in those of `telling`; None for anywhere.

    `unread` is what could not be told of them. Where one of `telling` is read `elsewhere`, into another snapshot of the
    same lake, tables of the organization were asked for, and have their rows there.
    """

    notes: tuple[AccountNote, ...]
    telling: frozenset[str] | None = None
    unread: tuple[Unread, ...] = ()
    elsewhere: bool = False


class Accounts(msgspec.Struct, frozen=True):
    """The accounts to read; by default that of the credentials alone.

    With `organization` they are the active accounts of its organization, and `only` narrows them to these ids.
    Without, they are those of `only`. With `members` they were listed before, and are not listed again. In each of
    them, but for the account of the credentials themselves, the role of the name `role_name` (its path before it, if
    it has one) is assumed, with `external_id` if given.

    Raises DemarcateError for an id or a name that AWS cannot have.
    """

    organization: bool = False
    only: tuple[str, ...] = ()
    role_name: str = ROLE
    external_id: str | None = None
    members: Members | None = None

    def __post_init__(self) -> None:
        for account in self.only:
            if not is_account_id(account):
                raise DemarcateError(f"the id of an account has 12 digits, not {account!r}")
        if not _ROLE.fullmatch(self.role_name):
            raise DemarcateError(
                f"{self.role_name!r} cannot be the name of a role: it has letters, digits and + = , . @ _ - / only"
            )
        if self.external_id is not None and not _EXTERNAL_ID.fullmatch(self.external_id):
            raise DemarcateError("an external id has 2 to 1,224 letters, digits and + = , . @ : / _ - only")

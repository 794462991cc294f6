"""The control policies of the organization that bind an account: level by level, from the root to the account.

Where they were not read, what they say is not known. Sources:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_inheritance_mgmt.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3_syntax.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from demarcate.access.effective import Named
from demarcate.access.statements import Policy
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.telling import why_not_read
from demarcate.permitted.rows import OWN, Reading, Row, is_text

ORGANIZATION: Final = "aws_organizations_organization"
ACCOUNTS: Final = "aws_organizations_account"
POLICIES: Final = "aws_organizations_policy"

TABLES: Final = {
    ORGANIZATION: frozenset(("id", "master_account_id", "enabled_policy_types")),
    ACCOUNTS: frozenset(("id", "paths")),
    POLICIES: frozenset(("id", "name", "type", "content", "target_ids")),
}
"""The tables, and columns, that are read for it."""

SCP: Final = "SERVICE_CONTROL_POLICY"
RCP: Final = "RESOURCE_CONTROL_POLICY"
S3: Final = "S3_POLICY"

Levels = tuple[tuple[Named, ...], ...]


@dataclass(slots=True)
class Organizations:
    """What a snapshot holds of the organizations of its accounts."""

    reading: Reading
    _members: dict[str, Row] = field(default_factory=dict)
    _paths: dict[str, Any] = field(default_factory=dict)
    _enabled: dict[str, Any] = field(default_factory=dict)
    _policies: list[Row] = field(default_factory=list)
    _levels: dict[tuple[str, str], Levels | Unknown] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.reading.rows(ORGANIZATION, *TABLES[ORGANIZATION]):
            if is_text(row["account_id"]):
                self._members[row["account_id"]] = row
                types = row["enabled_policy_types"]
                if is_text(row["id"]) and isinstance(types, list):
                    self._enabled[row["id"]] = types
        for row in self.reading.rows(ACCOUNTS, *TABLES[ACCOUNTS]):
            if is_text(row["id"]):
                self._paths[row["id"]] = row["paths"]
        self._policies = list(self.reading.rows(POLICIES, *TABLES[POLICIES]))

    def of(self, account: str) -> str | Unknown | None:
        """The organization that an account is of; None where it is of none."""
        row = self._row(account)
        if account not in self._members and account not in self._paths:
            why = why_not_read(self.reading.snapshot, ORGANIZATION, ("id",), account, None)
            if not why and account in self.reading.snapshot.accounts:
                return None
            return Unknown(Kind.NOT_COLLECTED, f"the organization of {_called(account)} ({why or 'not read'})")
        value = row["id"] if row is not None else None
        return value if is_text(value) else _not_known(value, f"the organization of {account}")

    def _row(self, account: str) -> Row | None:
        """What is told of the organization of an account; what others tell of it, where they are all of one."""
        rows = list(self._members.values())
        if account in self._members or not rows or any(row["id"] != rows[0]["id"] for row in rows):
            return self._members.get(account)
        return rows[0]

    def is_management(self, account: str) -> bool | Unknown:
        """Whether an account is the one that manages its organization, which nothing of it binds."""
        row = self._row(account)
        value = row["master_account_id"] if row is not None else None
        return value == account if is_text(value) else _not_known(value, "which account manages the organization")

    def path(self, account: str) -> str | Unknown:
        """Where an account is, as `aws:PrincipalOrgPaths` has it: down to its unit, with a slash at the end."""
        places = self._places(account)
        if isinstance(places, Unknown):
            return places
        return "/".join([*places[:-1], ""])

    def _places(self, account: str) -> list[str] | Unknown:
        """The ids on the way from the organization to an account, both among them."""
        paths = self._paths.get(account)
        if not isinstance(paths, list) or len(paths) != 1 or not is_text(paths[0]):
            return _not_known(paths, f"where {account} is in the organization")
        places = [id_ for id_ in paths[0].split("/") if id_]
        return places if places[-1:] == [account] else [*places, account]

    # --- levels -----------------------------------------------------------------------------------------------

    def levels(self, account: str, kind: str) -> Levels | Unknown:
        """The control policies of a kind that bind an account, from the root to the account; none outside of
        organizations, and in one that does not use them.
        """
        key = account, kind
        if key not in self._levels:
            self._levels[key] = self._read(account, kind)
        return self._levels[key]

    def _read(self, account: str, kind: str) -> Levels | Unknown:
        levels: list[tuple[Named, ...]] = []
        for place, rows in self._attached(account, kind):
            if isinstance(rows, Unknown):
                return rows
            if not rows:  # AWS leaves no place without one, so that one was not read
                return Unknown(Kind.NOT_COLLECTED, f"the policies that are attached to {place}")
            levels.append(tuple(named_control(row) for row in rows))
        return tuple(levels)

    def _attached(self, account: str, kind: str) -> Iterator[tuple[str, list[Row] | Unknown]]:
        """The policies of a type at each place on the way to an account."""
        organization = self.of(account)
        if organization is None:
            return
        if isinstance(organization, Unknown):
            yield "", organization
            return
        types = self._enabled.get(organization)
        if types is not None and kind not in types:
            return
        places = self._places(account)
        if isinstance(places, Unknown):
            yield "", places
            return
        for place in places[1:]:
            yield place, self._at(place, kind)

    def _at(self, place: str, kind: str) -> list[Row] | Unknown:
        if not self._policies:
            return Unknown(Kind.NOT_COLLECTED, "the control policies of the organization were not read")
        rows = []
        for row in self._policies:
            type_, targets = row["type"], row["target_ids"]
            for value in (type_, *([targets] if type_ == kind else [])):
                if isinstance(value, Unknown) or value is None:
                    return _not_known(value, f"what is attached to {place}")
            if type_ == kind and place in targets:
                rows.append(row)
        return rows

    # --- S3 ---------------------------------------------------------------------------------------------------

    def blocks_public(self, account: str) -> bool | Unknown | None:
        """Whether the organization's S3 policy blocks public access in an account; None where it has none there.

        It is a declarative policy: what is nearer to the account says, unless one above keeps it to itself.
        """
        said: str | None = None
        for place, rows in self._attached(account, S3):
            if isinstance(rows, Unknown):
                return rows
            told = [_assigned(row["content"]) for row in rows]
            read = {each for each in told if not isinstance(each, Unknown)}
            if len(read) > 1 or any(isinstance(each, Unknown) for each in told):
                return Unknown(Kind.AMBIGUOUS, f"what the S3 policies that are attached to {place} say together")
            for value, final in read:
                said = value if value is not None else said
                if final:
                    return said == "all"
        return None if said is None else said == "all"


_BLOCK: Final = ("s3_attributes", "public_access_block_configuration")


def _assigned(content: Any) -> tuple[str | None, bool] | Unknown:
    """What an S3 policy assigns, and whether nothing below may change it."""
    inside: Any = content
    for name in _BLOCK:
        if not isinstance(inside, Mapping):
            return _not_known(content, "an S3 policy of the organization")
        inside = inside.get(name, {})
    if not isinstance(inside, Mapping):
        return _not_known(content, "an S3 policy of the organization")
    value, below = inside.get("@@assign"), inside.get("@@operators_allowed_for_child_policies")
    return (value if isinstance(value, str) else None), below == ["@@none"]


def named_control(row: Row) -> Named:
    """A control policy of the organization by its row, with its name."""
    name = row["name"] if is_text(row["name"]) else row["id"] if is_text(row["id"]) else row["resource"]
    content = row["content"]
    if isinstance(content, Unknown) or content is None:
        return Named(name, Policy((), unknown=_not_known(content, f"what {name} says")))
    return Named(name, Policy.of(content))


def _called(account: str) -> str:
    return "the account" if account in ("", OWN) else account


def _not_known(value: Any, what: str) -> Unknown:
    return value if isinstance(value, Unknown) else Unknown(Kind.NOT_COLLECTED, f"{what}, which was not read")

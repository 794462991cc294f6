"""The keys of a snapshot: whose each is, how it rotates, how it stands, and how much is encrypted with it.

Rotation by itself is for symmetric keys whose material KMS made; of a multi-Region key it is that of its primary.
Sources:
https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html,
https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-enable.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from demarcate.access.callers import Own, Reach
from demarcate.access.evaluating import account_named
from demarcate.access.reach import reading
from demarcate.access.statements import Policy, PolicyKind
from demarcate.access.values import Values
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import Row, rows, why_not_read
from demarcate.estate.tables import table
from demarcate.keys.reading import ALIASES, GRANTS, KEYS, key_columns, text_of

Place = tuple[str | None, str | None, str | None]
"""An account, a region and a file."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key: its row, where it is, and all names that it goes by there."""

    resource: str
    place: Place
    arn: str
    names: frozenset[str]
    row: Row = field(repr=False)

    @property
    def account(self) -> str:
        """The account that it is of; empty for one of a template."""
        return self.place[0] or ""

    def __getitem__(self, column: str) -> Any:
        return self.row[column]


_COLUMNS: Final = tuple(column.name for column in table(KEYS).all_columns if not column.name.startswith("_"))
_AT: Final = {"resource", "account_id", "region", "file"}


def keys_of(snapshot: Snapshot) -> list[Key]:
    """The keys of a snapshot, in the order of their resources. Raises DemarcateError where a file cannot be read."""
    return [_key(row) for row in rows(snapshot, KEYS, [name for name in _COLUMNS if name not in _AT])]


def _key(row: Row) -> Key:
    aliases = row["aliases"] if isinstance(row["aliases"], list) else []
    arn, resource = text_of(row["arn"]), row["resource"] or ""
    names = {resource, arn, text_of(row["id"]), *map(text_of, aliases)} - {""}
    return Key(resource, (row["account_id"], row["region"], row["file"]), arn, frozenset(names), row)


class Names:
    """Which key a name is of, where it stands: by ARN from everywhere, by id and alias in its account and region."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._arns: dict[str, Key] = {}
        self._local: dict[tuple[Place, str], Key] = {}
        for key in keys:
            if key.arn.startswith("arn:"):
                self._arns[key.arn] = key
            for name in key.names:
                self._local[key.place, name] = key

    def of(self, name: str, place: Place) -> Key | None:
        """The key of a name that stands in a row of that place; None where no key of the snapshot is called so."""
        if name in self._arns:
            return self._arns[name]
        account, region, file = place
        parts = name.split(":", 5)
        if len(parts) == 6 and parts[2] == "kms":
            region, account = parts[3], parts[4]
            name = parts[5].removeprefix("key/")
        return self._local.get(((account, region, file), name))


@dataclass(frozen=True, slots=True)
class Use:
    """A row that names a key: by which column of which table, and the key where the snapshot has it."""

    table: str
    column: str
    resource: str
    place: Place
    name: str
    key: Key | None


def uses_of(snapshot: Snapshot, keys: Iterable[Key]) -> Iterator[Use]:
    """All rows of all tables that name a key. Raises DemarcateError where a file cannot be read."""
    names = Names(keys)
    for of, columns in key_columns().items():
        for row in rows(snapshot, of, columns):
            place = row["account_id"], row["region"], row["file"]
            for column in columns:
                if name := text_of(row[column]):
                    yield Use(of, column, row["resource"] or "", place, name, names.of(name, place))


def not_counted(snapshot: Snapshot, place: Place) -> Mapping[str, str]:
    """The tables whose rows of an account and region may name a key, and were not all read, with why."""
    account, region, _ = place
    told = {
        name: why_not_read(snapshot, name, columns, account, region) for name, columns in key_columns().items()
    }
    return {name: why for name, why in told.items() if why}


# --- one table of all keys --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """A key with what is told of it besides its row. `users` is how many resources name it, `not_counted` where more
    may be. `moved` are the aliases that were given to it when they had been another key's, with the day. `others` are
    the accounts, or how far beyond its own, that its policy and its grants name.
    """

    key: Key
    rotation: str | Unknown
    last_used: Any
    users: int
    not_counted: Mapping[str, str]
    moved: Sequence[str] | Unknown = ()
    grants: int | Unknown = 0
    others: Sequence[str] | Unknown = ()


def listed(snapshot: Snapshot) -> list[Listed]:
    """All keys, with how each rotates and how many resources use it."""
    keys = keys_of(snapshot)
    users: dict[str, set[tuple[str, str, Place]]] = {}
    for use in uses_of(snapshot, keys):
        if use.key is not None:
            users.setdefault(use.key.resource, set()).add((use.table, use.resource, use.place))
    left = {place: not_counted(snapshot, place) for place in {key.place for key in keys}}
    moved = _moved(snapshot, keys)
    return [
        Listed(
            key,
            rotation(key),
            last_used(key),
            len(users.get(key.resource, ())),
            left[key.place],
            moved.get(key.resource) or _not_all(snapshot, key) or (),
            _count(key["grants"]),
            other_accounts(key),
        )
        for key in keys
    ]


def _count(grants: Any) -> int | Unknown:
    if isinstance(grants, list):
        return len(grants)
    return grants if isinstance(grants, Unknown) else Unknown(Kind.UNTOLD, "the grants of the key")


def _moved(snapshot: Snapshot, keys: Iterable[Key]) -> dict[str, list[str]]:
    """The aliases that were given to each key after they had been made for another, each with the day."""
    names, told = Names(keys), dict[str, list[str]]()
    for row in rows(snapshot, ALIASES, ["alias_name", "target_key_id", "moved", "last_updated_date"]):
        key = names.of(text_of(row["target_key_id"]), (row["account_id"], row["region"], row["file"]))
        if key is not None and row["moved"] is True:
            told.setdefault(key.resource, []).append(f"{row['alias_name']} on {row['last_updated_date']:%Y-%m-%d}")
    return told


def _not_all(snapshot: Snapshot, key: Key) -> Unknown | None:
    account, region, _ = key.place
    why = why_not_read(snapshot, ALIASES, ["moved", "target_key_id"], account, region)
    return Unknown(Kind.NOT_COLLECTED, f"the aliases ({why})") if why else None


def other_accounts(key: Key) -> Sequence[str] | Unknown:
    """The other accounts that a key's policy and its grants let use it; how far it reaches where none is named."""
    document, grants = key["policy"], key["grants"]
    if document is None or isinstance(document, Unknown):
        return document or Unknown(Kind.UNTOLD, "the key's policy")
    policy = Policy.of(document)
    if policy.unknown is not None:
        return policy.unknown
    told: dict[str, None] = {}
    read = reading(policy, PolicyKind.KEY, Own(key.account), "kms")
    for said, left in zip(policy.statements, read.left, strict=True):
        if left.high.rank > Reach.OWN_ACCOUNT.rank and left.high is not Reach.SERVICE:
            named = {_account(text) for text in said.principals.types.get("AWS", Values()).known} - {
                "",
                key.account,
            }
            told.update(dict.fromkeys(sorted(named) or [left.high.value]))
    for grant in grants if isinstance(grants, list) else ():
        account = _account(str(grant.get("GranteePrincipal") or ""))
        told.update(dict.fromkeys({account} - {"", key.account}))
    return tuple(told)


def _account(principal: str) -> str:
    """The account of a principal, as far as it says one."""
    return account_named(principal) or (principal.split(":", 5)[4] if principal.count(":") >= 5 else "")


def rotation(key: Key) -> str | Unknown:
    """Whether a key rotates by itself, in words: on, off, or that it cannot and why."""
    for column, only, cannot in (
        ("origin", "AWS_KMS", "its material is not made by KMS"),
        ("key_spec", "SYMMETRIC_DEFAULT", "it is not a symmetric encryption key"),
    ):
        value = key[column]
        if isinstance(value, Unknown):
            return value
        if type(value) is str and value != only:
            return f"not applicable: {cannot}"
    if key["multi_region_key_type"] == "REPLICA":
        primary = text_of(key["primary_key_arn"])
        return f"that of its primary key{f' {primary}' if primary else ''}"
    enabled = key["key_rotation_enabled"]
    if isinstance(enabled, Unknown):
        return enabled
    if enabled is None:
        return Unknown(Kind.UNTOLD, "whether it rotates")
    return "on" if enabled else "off"


def last_used(key: Key) -> Any:
    """When it was last used: a moment, `never` only where KMS tracked its use ever since it was made, else unknown.

    Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html
    """
    used, since, created = (key[name] for name in ("last_used", "tracked_since", "creation_date"))
    if used is not None:
        return used
    for value in (since, created):
        if isinstance(value, Unknown):
            return value
    if since is None or created is None:
        return Unknown(Kind.UNTOLD, "since when KMS tracks its use")
    if created >= since:
        return "never"
    return Unknown(Kind.UNTOLD, f"whether it was used before {since:%Y-%m-%d}, when KMS began to track it")


# --- what still depends on it -----------------------------------------------------------------------------


def key_named(keys: Iterable[Key], name: str) -> Key:
    """The key of an ARN, an id, an alias (with or without `alias/`), or a template's logical id.

    Raises DemarcateError where there is none, and where several are called so.
    """
    everything = list(keys)
    exact = [key for key in everything if name in (key.arn, key.resource)]
    named = exact or [key for key in everything if {name, f"alias/{name}"} & key.names]
    if len(named) == 1:
        return named[0]
    if not named and name.startswith("arn:") and (key := Names(everything).of(name, (None, None, None))):
        return key
    if not named:
        raise DemarcateError(f"{name}: what was read has no such key; `demarcate keys list` names all")
    raise DemarcateError(
        f"{name} is the name of {len(named)} keys: {', '.join(sorted(key.resource for key in named))}"
    )


def dependants(snapshot: Snapshot, name: str) -> tuple[Key | None, list[Use], Mapping[str, str]]:
    """The key of a name, the rows that name it, and the tables that were not all read, with why.

    A key by its ARN need not be in the snapshot: it may be another account's, or gone.
    """
    keys = keys_of(snapshot)
    try:
        key: Key | None = key_named(keys, name)
    except DemarcateError:
        if not name.startswith("arn:"):
            raise
        key = None
    uses = [
        use
        for use in uses_of(snapshot, keys)
        if (use.key is not None and use.key is key) or (key is None and use.name == name)
    ]
    parts = name.split(":", 5)
    place = (
        key.place
        if key is not None
        else (parts[4] or None, parts[3] or None, None)
        if len(parts) == 6
        else _NOWHERE
    )
    return key, uses, not_counted(snapshot, place)


_NOWHERE: Final[Place] = (None, None, None)


# --- grants -----------------------------------------------------------------------------------------------

GRANT: Final = (
    *("grant_id", "grantee", "operations", "constraints", "constrained", "creation_date", "unused"),
    *("retiring_principal", "issuing_account"),
)
"""What is told of a grant."""


def grants_listed(snapshot: Snapshot, name: str) -> tuple[Key, list[Row]]:
    """A key and its grants, as rows. Raises DemarcateError where there is no such key."""
    key = key_named(keys_of(snapshot), name)
    told = rows(snapshot, GRANTS, ["key_arn", *GRANT])
    return key, [row for row in told if text_of(row["key_arn"]) == key.arn]

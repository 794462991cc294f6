"""What is encrypted with a key that AWS manages, or names none, where somebody wants keys of their own.

AWS's own key for a service is governed by AWS: its policy cannot be changed, nobody outside of the account can be let
in, and it cannot be disabled. Source: https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import rows
from demarcate.estate.tables import table
from demarcate.keys.listing import Names, Place, keys_of
from demarcate.keys.reading import key_columns, text_of


@dataclass(frozen=True, slots=True)
class Default:
    """A row that is not under a key of one's own: by which column, what stands there, and whose key that is. `required`
    says whether a key of one's own is asked for there, and `why` that it is not known under which key it is.
    """

    service: str
    table: str
    column: str
    resource: str
    place: Place
    name: str
    whose: str
    required: bool
    why: str = ""


def services() -> frozenset[str]:
    """The services of which a resource can name a key."""
    return frozenset(table(name).service for name in key_columns())


def defaults(snapshot: Snapshot, own: Collection[str]) -> Iterator[Default]:
    """All rows that are under no key of one's own. `own` are the services whose resources must be.

    Raises DemarcateError for a service that has no resource which names a key.
    """
    wrong = sorted(set(own) - services())
    if wrong:
        raise DemarcateError(
            f"no resource of {wrong[0]!r} names a key (--own-keys); of these some do: {', '.join(sorted(services()))}"
        )
    names = Names(keys_of(snapshot))
    for of, columns in key_columns().items():
        service = table(of).service
        for row in rows(snapshot, of, columns):
            place = row["account_id"], row["region"], row["file"]
            for column in columns:
                value = row[column]
                told = _whose(value, place, names)
                if told:
                    name, why = text_of(value), value.reason if isinstance(value, Unknown) else ""
                    resource = row["resource"] or ""
                    yield Default(service, of, column, resource, place, name, told, service in own, why)


def _whose(value: object, place: Place, names: Names) -> str:
    """Whose key a value names, in words; empty for a key of one's own."""
    if isinstance(value, Unknown):
        return "not known"
    name = text_of(value)
    if not name:
        return "names no key: the service's default, or none"
    if name.rpartition("/")[0].endswith("alias/aws"):
        return "AWS's key for the service"
    key = names.of(name, place)
    if key is None:
        return ""
    return "AWS's key for the service" if key["key_manager"] == "AWS" else ""

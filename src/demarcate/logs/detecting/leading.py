"""Where a detection leads: to the resources that it is about, and to the people who can act.

Who can act is who is named on a resource: by the tags that say so, and by the stack or service that operates it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.tables import all_tables
from demarcate.logs.detecting.structs import Detection

OWNERS: Final = ("owner", "team", "contact", "email", "maintainer")
"""Keys of tags, in small letters, whose value says who answers for a resource."""


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that a detection is about, in a snapshot: its table, whose it is by its tags, and who operates it."""

    resource: str
    table: str
    owners: tuple[str, ...] = ()
    operator: str = ""


def leads(detections: Iterable[Detection], snapshot: Snapshot) -> dict[str, tuple[Lead, ...]]:
    """The rows of a snapshot that detections are about, by the ids of these: resources and entities, by their ARNs."""
    wanted = {
        detection.id: tuple(dict.fromkeys([*detection.resources, detection.entity])) for detection in detections
    }
    arns = sorted({arn for named in wanted.values() for arn in named if arn.startswith("arn:")})
    rows = _rows(snapshot, arns) if arns else {}
    return {ident: tuple(lead for arn in named for lead in rows.get(arn, ())) for ident, named in wanted.items()}


def _rows(snapshot: Snapshot, arns: Sequence[str]) -> dict[str, list[Lead]]:
    told: dict[str, list[Lead]] = {}
    with snapshot.cursor() as cursor:
        for name in snapshot.manifest.tables:
            if not snapshot.has_rows(name) or name not in all_tables() or all_tables()[name].owners:
                continue
            columns = {column.name for column in all_tables()[name].all_columns}
            tags = "tags" if "tags" in columns else "NULL"
            operator = "managed_by" if "managed_by" in columns else "NULL"
            rows: list[Any] = cursor.execute(
                f"SELECT DISTINCT resource, CAST({tags} AS VARCHAR), CAST({operator} AS VARCHAR) "
                f"FROM {snapshot.rows_in(name)} WHERE list_contains($arns, resource) ORDER BY 1",
                {"arns": list(arns)},
            ).fetchall()
            for resource, tagged, operates in rows:
                lead = Lead(resource=resource, table=name, owners=_owners(tagged), operator=operates or "")
                told.setdefault(resource, []).append(lead)
    return told


def _owners(tags: str | None) -> tuple[str, ...]:
    try:
        told = from_json(tags) if tags else {}
    except ValueError:
        return ()
    if not isinstance(told, dict):
        return ()
    return tuple(str(value) for key, value in sorted(told.items()) if key.lower() in OWNERS and value)

"""The patches that nodes lack, one by one: Systems Manager tells them of the nodes that lack any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.patching.reading import Row, each_row
from demarcate.patching.structs import PatchFinding

PATCHES: Final = "aws_ssm_managed_instance_patch"

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    PATCHES: ("instance_id", "kb_id", "title", "severity", "state", "cve_ids"),
}
"""What is read to know them."""

_SEVERITIES: Final = {
    "critical": "critical",
    "important": "high",
    "high": "high",
    "moderate": "medium",
    "medium": "medium",
    "low": "low",
}
"""How makers of systems rate patches, and what that is here."""


def patches_of(snapshot: Snapshot) -> Iterator[tuple[tuple[str | None, str | None, str], PatchFinding]]:
    """Each patch that a node lacks, with the account, region and id of the node, as they are read.

    Raises DemarcateError where a file cannot be read.
    """
    for row in each_row(snapshot, PATCHES, COLUMNS[PATCHES], ordered=False):
        if row["instance_id"] is not None:
            yield (row["account_id"], row["region"], row["instance_id"]), _finding(row)


def _finding(row: Row) -> PatchFinding:
    name = row["kb_id"] or row["title"] or "a patch without a name"
    cves: Any = row["cve_ids"]
    about = f" ({', '.join(cves)})" if cves else ""
    return PatchFinding(
        id=f"patch {name}",
        severity=_SEVERITIES.get((row["severity"] or "").lower(), ""),
        reason=f"{name} is {row['state'] or 'in a state that is not told'}{about}",
    )

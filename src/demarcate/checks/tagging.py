"""Tallies by the value of a tag, so that a posture can be told by team, system or environment."""

from __future__ import annotations

from collections.abc import Iterable

from demarcate.base.errors import DemarcateError
from demarcate.checks.judgement import Judgement, Tally
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.tables import all_tables


def check_keys(keys: Iterable[str]) -> None:
    """Raise DemarcateError for keys that no tag has."""
    if "" in keys:
        raise DemarcateError("a tag's key is empty (--by-tag): name the key by whose values the posture is told")


def tally_by_tag(snapshot: Snapshot, judgement: Judgement, key: str) -> list[Tally]:
    """How many resources of each value of a tag pass, fail or are unknown, by check, of what was judged with passes.

    What belongs to a resource (a rule of a security group) has the tags of that resource.
    """
    cursor = judgement.cursor()
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE tagged (resource VARCHAR, account VARCHAR, file VARCHAR, tag VARCHAR)"
    )
    for name, held in snapshot.manifest.tables.items():
        column = all_tables()[name].column("tags") if name in all_tables() else None
        if snapshot.has_rows(name) and column is not None and "tags" in held.columns:
            cursor.execute(
                "INSERT INTO tagged SELECT DISTINCT resource, account_id, file, tags ->> $key "
                f"FROM {snapshot.rows_in(name)} WHERE tags ->> $key IS NOT NULL",
                {"key": f"$.{_quoted(key)}"},
            )
    rows = cursor.execute(
        "SELECT \"check\", findings.account, region, count(*) FILTER (WHERE verdict = 'pass'), "
        "count(*) FILTER (WHERE verdict = 'fail'), count(*) FILTER (WHERE verdict = 'unknown'), tag, "
        "count(*) FILTER (WHERE verdict = 'fail' AND waiver IS NOT NULL), "
        "count(*) FILTER (WHERE verdict = 'unknown' AND waiver IS NOT NULL) "
        "FROM findings LEFT JOIN tagged ON findings.resource = tagged.resource "
        "AND findings.account IS NOT DISTINCT FROM tagged.account "
        "AND findings.file IS NOT DISTINCT FROM tagged.file GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [Tally(*row) for row in rows]


def summed(tallies: Iterable[Tally]) -> list[Tally]:
    """Tallies by the value of a tag, over all accounts and regions."""
    sums: dict[tuple[str, str | None], list[int]] = {}
    for tally in tallies:
        of = sums.setdefault((tally.check, tally.tag), [0] * len(_COUNTS))
        for number, name in enumerate(_COUNTS):
            of[number] += getattr(tally, name)
    return [
        Tally(check, None, None, tag=tag, **dict(zip(_COUNTS, of, strict=True)))
        for (check, tag), of in sums.items()
    ]


_COUNTS = ("passed", "failed", "unknown", "waived", "waived_unknown")


def _quoted(key: str) -> str:
    """A tag's key as a member of a JSON path, whatever is in it."""
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'

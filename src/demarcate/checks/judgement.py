"""What judging comes to: findings with an identity that lasts, tallies, and what did not run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec

from demarcate.base import duckdb
from demarcate.base.encoding import from_json, to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.sql import identifier
from demarcate.checks.structs import Check, Verdict
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.tables import all_tables

if TYPE_CHECKING:
    import pyarrow as pa

JUDGED = {
    "check": "VARCHAR",
    "verdict": "VARCHAR",
    "resource": "VARCHAR",
    "account": "VARCHAR",
    "region": "VARCHAR",
    "reason": "VARCHAR",
    "kind": "VARCHAR",
    "file": "VARCHAR",
    "line": "BIGINT",
    "partition": "VARCHAR",
    "name": "VARCHAR",
    "tags": "JSON",
}
"""The columns that judging fills, with their types; the others follow from the check."""

FOLLOWING = {
    "check": "VARCHAR",
    "severity": "VARCHAR",
    "responsibility": "VARCHAR",
    "table": "VARCHAR",
    "type": "VARCHAR",
}
"""What follows from the check."""

COLUMNS = (
    "id",
    "check",
    "verdict",
    "resource",
    "account",
    "region",
    "reason",
    "kind",
    "severity",
    "responsibility",
    "table",
    "file",
    "line",
    "partition",
    "type",
    "name",
    "tags",
    "waived",
)
"""The columns of findings, in order."""

WAIVERS = {"id": "VARCHAR", "reason": "VARCHAR", "owner": "VARCHAR", "until": "VARCHAR"}
"""The table of waivers that hold, which findings name by their id (`waiver`)."""

ID_DIGITS = 16
"""Of SHA-256, in hexadecimal: two of a million findings have the same id once in thirty million estates."""

WAIVER = "waiver VARCHAR"
"""The column of findings that names one, which they get once they are judged."""

IDENTITY = (
    "substr(sha256(to_json([\"check\", account, region, regexp_replace(file, '^([.]/+)+', ''), resource])::VARCHAR), "
    f"1, {ID_DIGITS})"
)
"""SQL for the id of a finding."""


def finding_id(check: str, account: str | None, region: str | None, file: str | None, resource: str | None) -> str:
    """The id of a finding, as `IDENTITY` has it, of one that is not in a database.

    >>> finding_id("ebs-volume-encrypted", None, None, "./t.yaml", "Data")
    'cdaf946632b90fbb'
    """
    name = file and re.sub(r"^([.]/+)+", "", file)
    return sha256(to_json([check, account, region, name, resource])).hexdigest()[:ID_DIGITS]


_WAIVED = (
    "SELECT id AS waiver, to_json({'id': id, 'reason': reason, 'owner': owner, 'until': until}) AS waived "
    "FROM waivers"
)

_PLACED = "account = $account AND list_contains($regions, coalesce(region, ''))"

_ORDER = '"check", account NULLS FIRST, region NULLS FIRST, file NULLS FIRST, resource NULLS FIRST, verdict'


class Waived(msgspec.Struct, frozen=True, kw_only=True):
    """By which waiver a finding is accepted: its id, why, who answers for it, and the last day (ISO 8601, UTC)."""

    id: str
    reason: str
    owner: str | None = None
    until: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A check's verdict on one resource, with the reason, and the kind of it where the verdict is unknown.

    `id` is the same for the same check, account, region and resource, whatever the verdict and whenever it is judged;
    a resource of a template is that logical id of that file. `resource` is None where a whole table of an account and
    region could not be read. `type` is the resource's CloudFormation type, where it has one; `tags` are None where
    they were not collected. `waived` is set where a waiver accepts it: its verdict stays what it is.
    """

    id: str
    check: str
    verdict: Verdict
    resource: str | None
    account: str | None
    region: str | None
    reason: str
    severity: str
    responsibility: str
    table: str
    kind: Kind | None = None
    file: str | None = None
    line: int | None = None
    partition: str | None = None
    type: str | None = None
    name: str | None = None
    tags: dict[str, Any] | None = None
    waived: Waived | None = None

    @property
    def is_open(self) -> bool:
        """Whether it fails and nobody has accepted that."""
        return self.verdict == "fail" and self.waived is None


class Tally(msgspec.Struct, frozen=True):
    """How many resources of one account and region a check passed, failed, or could not judge; and how many of those
    that fail, and that are unknown, are waived.
    """

    check: str
    account: str | None
    region: str | None
    passed: int
    failed: int
    unknown: int
    tag: str | None = None
    """The value of the tag that tallies were asked for by; None where a resource does not have it."""
    waived: int = 0
    waived_unknown: int = 0


class NotRun(msgspec.Struct, frozen=True):
    """A check that does not apply to this snapshot, and why.

    `kind` is "untold" where the source cannot tell the table, "on-request" where nobody asked for the check by name,
    else "not-collected".
    """

    check: str
    reason: str
    kind: Kind


class Judgement:
    """The outcome: findings (in a database of its own, so that they may be many), tallies, and what did not run.

    The database has the tables `findings`, `checks` and `waivers`, with the columns of JUDGED, FOLLOWING and WAIVERS;
    the column `waiver` of a finding is the id of the waiver that accepts it, NULL where none does.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        tallies: tuple[Tally, ...],
        not_run: tuple[NotRun, ...],
        snapshot: Snapshot,
        *,
        counted: tuple[Tally, ...] = (),
    ) -> None:
        self._connection = connection
        self.tallies, self.not_run = tallies, not_run
        self.counted = counted
        """The tallies of checks that were only counted."""
        self.snapshot = snapshot
        """What was judged: without parts that turned out to be damaged."""

    def findings(
        self, *, passes: bool = True, account: str | None = None, regions: Collection[str] = ()
    ) -> Iterator[Finding]:
        """Findings by check, account, region, file and resource: fails and unknowns, and passes if these were kept
        and are not left out. With `account` only those of these regions of it; "" is what has no region.
        """
        return read_findings(self._connection, passes=passes, account=account, regions=regions)

    def first_fails(self, most: int) -> Iterator[Finding]:
        """Up to so many fails of each check that are not waived, the first of them in the order of `findings`."""
        first = f'QUALIFY row_number() OVER (PARTITION BY "check" ORDER BY {_ORDER}) <= {int(most)}'
        return _read(self._connection, f"WHERE verdict = 'fail' AND waiver IS NULL {first}")

    def places(self) -> list[tuple[str | None, str | None, str | None, int]]:
        """The accounts and regions of fails and unknowns, with the partition, and how many there are in each."""
        rows: list[tuple[str | None, str | None, str | None, int]]
        rows = (
            self.cursor()
            .execute(
                "SELECT account, region, max(partition), count(*) FROM findings WHERE verdict <> 'pass' "
                "GROUP BY account, region ORDER BY account, region"
            )
            .fetchall()
        )
        return rows

    def resources(
        self, *, passes: bool
    ) -> Iterator[tuple[str | None, str | None, str | None, int | None, str, str | None, str | None]]:
        """What findings are about, each once: account, region, file, line, resource, name and type."""
        only = "" if passes else " AND verdict <> 'pass'"
        result = self.cursor().execute(
            "SELECT account, region, file, min(line), resource, min(name), min(type) FROM findings "
            f'JOIN checks USING ("check") WHERE resource IS NOT NULL{only} '
            "GROUP BY account, region, file, resource ORDER BY account, region, file, resource"
        )
        while rows := result.fetchmany(2000):
            yield from rows

    def unknown(self) -> dict[Kind, int]:
        """How many findings are unknown, by kind, the most first."""
        counted = self.cursor().execute(
            "SELECT kind, count(*) FROM findings WHERE verdict = 'unknown' GROUP BY ALL"
        )
        counts: Counter[Kind] = Counter()
        for kind, number in counted.fetchall():
            counts[kind_of(kind)] += number
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def passes(self) -> int:
        """How many findings are passes; none where these were counted alone."""
        row = self.cursor().execute("SELECT count(*) FROM findings WHERE verdict = 'pass'").fetchone()
        return int(row[0]) if row else 0

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection to the database of the findings."""
        return self._connection.cursor()

    def batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        """The findings as Arrow batches of so many rows, read as they are asked for."""
        reader: pa.RecordBatchReader = duckdb.relation(self.cursor(), _query()).to_arrow_reader(rows)
        yield from reader

    def to_arrow(self) -> pa.Table:
        """The findings as one Arrow table with the columns of `COLUMNS`. Raises DemarcateError without pyarrow."""
        if find_spec("pyarrow") is None:
            raise DemarcateError("Arrow tables need pyarrow: pip install 'demarcate[arrow]'")
        table: pa.Table = duckdb.relation(self._connection, _query()).to_arrow_table()
        return table

    def fails(self, severities: Sequence[str]) -> int:
        """How many findings of these severities are fails that are not waived."""
        cursor = self._connection.cursor()
        row = cursor.execute(
            "SELECT count(*) FROM findings JOIN checks USING (\"check\") WHERE verdict = 'fail' AND waiver IS NULL "
            "AND list_contains($severities, severity)",
            {"severities": list(severities)},
        ).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Let the database go."""
        self._connection.close()

    def waive(self, waivers: Iterable[Waived], tallies: tuple[Tally, ...]) -> None:
        """Have findings that name one of these waivers be told with it; `tallies` count them.

        Whoever calls this has set the column `waiver` of the findings.
        """
        rows = [msgspec.structs.asdict(waiver) for waiver in waivers]
        self._connection.execute(
            "INSERT INTO waivers SELECT unnest(from_json($rows, $form), recursive := true)",
            {"rows": to_json(rows).decode(), "form": to_json([WAIVERS]).decode()},
        )
        self.tallies = tallies


def read_findings(
    connection: duckdb.DuckDBPyConnection,
    *,
    passes: bool = True,
    account: str | None = None,
    regions: Collection[str] = (),
) -> Iterator[Finding]:
    """The findings of a database that is one of a judgement, in their order; of an account and regions where named."""
    place = {} if account is None else {"account": account, "regions": sorted(regions)}
    asked = [*([] if passes else ["verdict <> 'pass'"]), *([_PLACED] if place else [])]
    return _read(connection, f"WHERE {' AND '.join(asked)}" if asked else "", place)


def _read(
    connection: duckdb.DuckDBPyConnection, only: str, parameters: Mapping[str, Any] | None = None
) -> Iterator[Finding]:
    result = connection.cursor().execute(_query(only), dict(parameters or {}))
    while rows := result.fetchmany(2000):
        for row in rows:
            told = dict(zip(COLUMNS, row, strict=True))
            if told["tags"] is not None:
                told["tags"] = _tags(told["tags"])
            if told["kind"] is not None:
                told["kind"] = kind_of(told["kind"])
            if told["waived"] is not None:
                told["waived"] = Waived(**from_json(told["waived"]))
            yield Finding(**told)


def _query(only: str = "") -> str:
    names = ", ".join(f"{IDENTITY} AS id" if name == "id" else identifier(name) for name in COLUMNS)
    return (
        f'SELECT {names} FROM findings JOIN checks USING ("check") LEFT JOIN ({_WAIVED}) USING (waiver) {only} '
        f"ORDER BY {_ORDER}"
    )


def _tags(text: str) -> dict[str, Any] | None:
    """Tags as they are kept; None where a snapshot has something else in their place."""
    try:
        tags = from_json(text)
    except ValueError:
        return None
    return tags if isinstance(tags, dict) else None


_KINDS = {kind.value: kind for kind in Kind}


def kind_of(name: str | None) -> Kind:
    """A kind by its name; another version, or somebody, may have written any into a kept assessment."""
    return _KINDS.get(name or "", Kind.UNRECORDED)


def make_tables(connection: duckdb.DuckDBPyConnection, checks: Sequence[Check]) -> None:
    """The tables of findings and of waivers, empty, and that of what follows from their checks."""
    for table, columns in (("findings", JUDGED), ("checks", FOLLOWING), ("waivers", WAIVERS)):
        declared = ", ".join(f"{identifier(name)} {type_}" for name, type_ in columns.items())
        connection.execute(f"CREATE TABLE {table} ({declared})")
    rows = [
        dict(
            zip(
                FOLLOWING,
                (check.id, check.severity, check.responsibility, check.table, type_of(check)),
                strict=True,
            )
        )
        for check in checks
    ]
    # As one JSON text: planning a list of values takes longer than a whole scan.
    connection.execute(
        "INSERT INTO checks SELECT unnest(from_json($rows, $form), recursive := true)",
        {"rows": to_json(rows).decode(), "form": to_json([FOLLOWING]).decode()},
    )


def type_of(check: Check) -> str | None:
    """The CloudFormation type of the resources that a check's findings name; None where these have none."""
    return _type(check.table)


def _type(name: str) -> str | None:
    table = all_tables().get(name)
    if table is None:
        return None
    owners = (of if "::" in of else _type(of) for of in table.owners)
    return table.types[0] if table.types else next(owners, None)

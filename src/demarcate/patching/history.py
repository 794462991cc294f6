"""What was seen of patching over time. AWS keeps only what it saw last, so that the history is ours.

Each recording is a file of observations below the day of its moment, in the user's data folder:

    patching/<YYYY-MM-DD>/<moment>-<what it is of>
    patching/<YYYY-MM-DD>/day

The second has what was recorded on a day that is over (`days.py`).

An observation is a resource with its state, or with `finding` something that was known to be missing from it. What
could not be read has the state unknown: that is a gap. It neither ends what was missing before nor counts as current.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import walk
from demarcate.base.folders import data_folder
from demarcate.base.moments import utc
from demarcate.checks.structs import SEVERITIES
from demarcate.estate.snapshots.tabular import SUFFIX, rows_in, save_rows
from demarcate.patching.rows import COLUMNS, NO_ROWS, OF_ITS_DAY, day_of, is_whole
from demarcate.patching.structs import PatchFinding, PatchState, PatchStatus

FOLDER: Final = "patching"

NODES: Final = ("aws_ec2_instance", "aws_ssm_managed_instance")
"""The tables of which resources are nodes, whose ARNs end in their ids."""

Levels = Mapping[str, int]
"""Days within which what is missing is to be mended, by its severity."""

NO_LEVELS: Final[Levels] = MappingProxyType({})


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """How long something was known to be missing from a resource.

    `first_seen` is of the last time without a break: what was mended and came back begins anew. `mended` is when it was
    first seen to be gone, and None while it is not. `days` are whole days until then, or until the resource was last
    observed.
    `level` are the days within which it was to be mended; None where none is set for its severity.
    """

    account_id: str
    region: str
    kind: str
    resource: str
    name: str
    finding: str
    severity: str
    reason: str
    first_seen: datetime
    last_seen: datetime
    mended: datetime | None
    days: int
    level: int | None = None

    @property
    def late(self) -> int:
        """By how many days it is beyond its level; 0 where it is not."""
        return max(0, self.days - self.level) if self.level is not None else 0


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """How many resources were in which state when they were last seen on a day; all None where nothing was recorded."""

    day: date
    current: int | None = None
    behind: int | None = None
    overdue: int | None = None
    unknown: int | None = None

    @property
    def outstanding(self) -> int | None:
        """How many are behind or overdue; None where nothing was recorded."""
        return None if self.behind is None or self.overdue is None else self.behind + self.overdue


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded: one day after the other without a hole, exposures (the longest first), broken files, and of
    which kinds it is.
    """

    days: tuple[Day, ...]
    exposures: tuple[Exposure, ...]
    broken: tuple[str, ...]
    kinds: tuple[str, ...] = ()


def history_folder() -> Path:
    """Where the history is kept. Raises DemarcateError where there is no home."""
    try:
        return data_folder() / FOLDER
    except RuntimeError as error:
        raise DemarcateError(
            "there is no home directory to keep the history in; set XDG_DATA_HOME or HOME"
        ) from error


def levels_of(texts: Iterable[str]) -> dict[str, int]:
    """Service levels as people write them. Raises DemarcateError for what is none.

    >>> levels_of(["critical=7", "high=30"])
    {'critical': 7, 'high': 30}
    """
    levels: dict[str, int] = {}
    for text in texts:
        severity, _, days = text.partition("=")
        if severity not in SEVERITIES or not days.isdecimal() or len(days) > 4:
            raise DemarcateError(
                f"--service-level takes a severity ({', '.join(SEVERITIES)}) and days, such as high=30, not {text!r}"
            )
        levels[severity] = int(days)
    return levels


Patches = Iterable[tuple[tuple[str | None, str | None, str], PatchFinding]]
"""Patches that nodes lack, each with the account, region and id of the node."""


def record(statuses: Sequence[PatchStatus], moment: datetime, folder: Path, patches: Patches = ()) -> Path:
    """Keep what is said of resources at a moment, and of patches that nodes lack. The same again replaces it.

    Raises DemarcateError where it cannot be written.
    """
    what = hashlib.sha256(repr(sorted({(s.account_id, s.region, s.kind) for s in statuses})).encode()).hexdigest()
    stamp = utc(moment).strftime("%Y%m%dT%H%M%SZ")
    file = folder / stamp_day(moment) / f"{stamp}-{what[:12]}{SUFFIX}"
    try:
        save_rows(_observations(statuses, moment, patches), COLUMNS, file)
    except OSError as error:
        raise DemarcateError(f"{file}: cannot be written: {error.strerror or error}") from error
    return file


def stamp_day(moment: datetime) -> str:
    """The day of a moment, in UTC."""
    return utc(moment).date().isoformat()


def _observations(statuses: Iterable[PatchStatus], moment: datetime, patches: Patches) -> Iterator[dict[str, Any]]:
    at = utc(moment).replace(tzinfo=None).isoformat()
    nodes: dict[tuple[str | None, str | None, str], dict[str, Any]] = {}
    for status in statuses:
        common = {
            "observed_at": at,
            "account_id": status.account_id,
            "region": status.region,
            "kind": status.kind,
            "resource": status.resource,
            "name": status.name,
            "state": status.state.value,
        }
        yield {**common, "reason": "; ".join(status.reasons)}
        yield from (_missing(common, finding) for finding in status.findings)
        if status.table in NODES and status.resource:
            nodes[status.account_id, status.region, status.resource.rpartition("/")[2]] = common
    for node, finding in patches:
        if node in nodes:
            yield _missing(nodes[node], finding)


def _missing(common: Mapping[str, Any], finding: PatchFinding) -> dict[str, Any]:
    return {**common, "finding": finding.id, "severity": finding.severity, "reason": finding.reason}


_OF = "account_id, region, kind, resource"

_NUMBERED = (
    "CREATE TEMP TABLE things (id BIGINT, account_id VARCHAR, region VARCHAR, kind VARCHAR, resource VARCHAR)",
    "CREATE TEMP TABLE findings (number BIGINT, finding VARCHAR)",
    "CREATE TEMP TABLE kept (id BIGINT, observed_at TIMESTAMP, state VARCHAR, finding BIGINT)",
    "CREATE TEMP TABLE said (id BIGINT, finding BIGINT, observed_at TIMESTAMP, severity VARCHAR, reason VARCHAR, "
    "name VARCHAR)",
)
"""What has been observed, by numbers: resources are told apart again and again, and their names are long. What is said
of something that is missing is kept as it was last.
"""

_NUMBER = (
    f"""
INSERT INTO things SELECT (SELECT count(*) FROM things) + row_number() OVER (), {_OF}
FROM (SELECT DISTINCT {_OF} FROM seen) ANTI JOIN things USING ({_OF})
""",
    """
INSERT INTO findings SELECT (SELECT count(*) FROM findings) + row_number() OVER (), finding
FROM (SELECT DISTINCT finding FROM seen WHERE finding IS NOT NULL) ANTI JOIN findings USING (finding)
""",
    f"""
INSERT INTO kept SELECT id, observed_at, state, number
FROM seen JOIN things USING ({_OF}) LEFT JOIN findings USING (finding)
""",
    f"""
CREATE OR REPLACE TEMP TABLE said AS SELECT id, finding, max(observed_at) AS observed_at,
arg_max(severity, observed_at) AS severity, arg_max(reason, observed_at) AS reason, arg_max(name, observed_at) AS name
FROM (
    SELECT * FROM said UNION ALL
    SELECT id, number, observed_at, severity, reason, name
    FROM seen JOIN things USING ({_OF}) JOIN findings USING (finding)
) GROUP BY id, finding
""",
)
"""What is done with the observations of one file."""

_EXPOSURES = """
WITH observed AS (
    SELECT id, observed_at, bool_or(state <> 'unknown') AS told FROM kept GROUP BY ALL
), missing AS (
    SELECT DISTINCT id, finding, observed_at FROM kept WHERE finding IS NOT NULL
), last AS (
    SELECT id, finding, max(observed_at) AS last_seen FROM missing GROUP BY ALL
), cleared AS (
    SELECT l.*, max(o.observed_at) FILTER (o.observed_at < l.last_seen) AS before,
    min(o.observed_at) FILTER (o.observed_at > l.last_seen) AS mended
    FROM last AS l LEFT JOIN (
        SELECT o.*, k.finding FROM observed AS o JOIN last AS k USING (id)
        ANTI JOIN missing AS m ON m.id = o.id AND m.finding = k.finding AND m.observed_at = o.observed_at
        WHERE o.told
    ) AS o USING (id, finding) GROUP BY ALL
), spans AS (
    SELECT id, c.finding, min(m.observed_at) AS first_seen, c.last_seen, c.mended
    FROM cleared AS c JOIN missing AS m USING (id, finding)
    WHERE c.before IS NULL OR m.observed_at > c.before
    GROUP BY id, c.finding, c.last_seen, c.mended
)
SELECT t.account_id, t.region, t.kind, t.resource, f.finding, s.first_seen, s.last_seen, s.mended,
said.severity, said.reason, said.name, u.until
FROM spans AS s JOIN things AS t USING (id) JOIN said ON said.id = s.id AND said.finding = s.finding
JOIN findings AS f ON f.number = s.finding
JOIN (SELECT id, max(observed_at) AS until FROM observed GROUP BY ALL) AS u ON u.id = s.id
"""
"""What was missing, since when without a break, and when it was seen to be gone."""

_DAYS = """
WITH last AS (
    SELECT id, CAST(observed_at AS DATE) AS day, arg_max(state, observed_at) AS state
    FROM kept WHERE finding IS NULL GROUP BY ALL
)
SELECT day, count(*) FILTER (state = 'current'), count(*) FILTER (state = 'behind'),
count(*) FILTER (state = 'overdue'), count(*) FILTER (state NOT IN ('current', 'behind', 'overdue'))
FROM last GROUP BY day ORDER BY day
"""


def history_of(
    folder: Path,
    levels: Levels,
    *,
    since: date | None = None,
    until: date | None = None,
    only: Mapping[str, Sequence[str]] | None = None,
) -> History:
    """The history in a folder, from a day on and until a day, both included; all that there is where none is named.

    `only` are values of which observations must have one, by their columns.

    A file that is broken is told, and passed over. Raises DemarcateError where the rest cannot be read.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(_PutTogether):
            return _read(folder, levels, since, until, only or {})
    raise DemarcateError(f"{folder}: its files are others again and again: is somebody recording without end?")


_TRIES: Final = 5


class _PutTogether(Exception):
    """A file went while the history was read: its rows are in that of its day."""


def _read(
    folder: Path, levels: Levels, since: date | None, until: date | None, only: Mapping[str, Sequence[str]]
) -> History:
    """The history as it is now. Raises _PutTogether, and DemarcateError."""
    from demarcate.base import duckdb
    from demarcate.base.connection import connect, short

    broken: list[str] = []
    files: list[tuple[Path, date]] = []
    if folder.is_dir():
        for path in walk(folder, [folder], _is_wanted, lambda path, why: broken.append(f"{path}: {why}")):
            day = day_of(path)
            if day is None or not is_whole(path):
                if not path.exists():
                    raise _PutTogether
                broken.append(f"{path}: it is no file of the history")
            elif (since is None or since <= day) and (until is None or day <= until):
                files.append((path, day))
    if not files:
        return History(days=(), exposures=(), broken=tuple(broken))
    given = {name: list(values) for name, values in only.items()}
    where = " AND ".join(f"list_contains(${name}, {name})" for name in given if name in COLUMNS) or "true"
    try:
        with connect(folder) as connection:
            for statement in _NUMBERED:
                connection.execute(statement)
            for path, day in files:
                connection.execute(NO_ROWS.format(table="seen"))
                try:
                    connection.execute(
                        f"INSERT INTO seen SELECT {', '.join(COLUMNS)} FROM {rows_in([str(path)])} "
                        f"WHERE {where} AND {OF_ITS_DAY}",
                        {**given, "its_day": day},
                    )
                except (duckdb.Error, DemarcateError) as error:
                    if not path.exists():
                        raise _PutTogether from error
                    broken.append(f"{path}: {short(error)}")
                    continue
                for statement in _NUMBER:
                    connection.execute(statement)
            connection.execute("DROP TABLE IF EXISTS seen")
            days = connection.execute(_DAYS).fetchall()
            kinds = connection.execute("SELECT DISTINCT kind FROM things ORDER BY kind").fetchall()
            exposures = list(_exposures(connection.execute(_EXPOSURES), levels))
    except duckdb.Error as error:
        raise DemarcateError(f"{folder}: the history cannot be read: {short(error)}") from error
    exposures.sort(key=lambda each: (each.mended is not None, -each.late, -each.days, each.resource, each.finding))
    return History(
        days=tuple(_filled(days)),
        exposures=tuple(exposures),
        broken=tuple(broken),
        kinds=tuple(kind for (kind,) in kinds),
    )


def _is_wanted(name: str) -> bool:
    return name.endswith(SUFFIX)


def _filled(rows: Iterable[tuple[Any, ...]]) -> Iterator[Day]:
    """A day after the other: one of which nothing was recorded has no numbers."""
    before: date | None = None
    for day, current, behind, overdue, unknown in rows:
        while before is not None and before + timedelta(days=1) < day:
            before += timedelta(days=1)
            yield Day(day=before)
        yield Day(day=day, current=current, behind=behind, overdue=overdue, unknown=unknown)
        before = day


def _exposures(result: Any, levels: Levels) -> Iterator[Exposure]:
    """What was missing. What many of them say alike is held once: the days and findings of a large estate are few."""
    held: dict[Any, Any] = {}
    while rows := result.fetchmany(2_000):
        for row in rows:
            yield _exposure([held.setdefault(value, value) for value in map(_in_utc, row)], levels)


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _exposure(row: Sequence[Any], levels: Levels) -> Exposure:
    account, region, kind, resource, finding, first_seen, last_seen, mended, severity, reason, name, until = row
    return Exposure(
        account_id=account,
        region=region,
        kind=kind,
        resource=resource,
        name=name,
        finding=finding,
        severity=severity,
        reason=reason,
        first_seen=first_seen,
        last_seen=last_seen,
        mended=mended,
        days=((mended or until) - first_seen).days,
        level=levels.get(severity),
    )


def with_levels(statuses: Iterable[PatchStatus], exposures: Iterable[Exposure]) -> list[PatchStatus]:
    """The same, where what is missing for longer than its service level makes a resource overdue."""
    late: dict[tuple[str, str, str, str], list[Exposure]] = {}
    for each in exposures:
        if each.mended is None and each.late:
            late.setdefault((each.account_id, each.region, each.kind, each.resource), []).append(each)
    return [_late(status, late) for status in statuses]


def _late(status: PatchStatus, late: Mapping[tuple[str, str, str, str], list[Exposure]]) -> PatchStatus:
    missing = {finding.id for finding in status.findings}
    reasons = tuple(
        f"{each.finding}: missing for {each.days} days, {each.late} more than its service level "
        f"({each.severity}: {each.level})"
        for each in late.get((status.account_id, status.region, status.kind, status.resource), ())
        if each.finding in missing
    )
    if not reasons:
        return status
    state = PatchState.OVERDUE if status.state is PatchState.BEHIND else status.state
    return msgspec.structs.replace(status, state=state, reasons=(*reasons, *status.reasons))

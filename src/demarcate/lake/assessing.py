"""A lake assessed: its groups judged by an engine, and what they come to kept as one assessment.

The findings stay where the groups wrote them. The posture over all accounts is a query: sums of tallies.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from demarcate.assessing import weighed
from demarcate.base.connection import Limits, connect
from demarcate.base.errors import DemarcateError
from demarcate.base.logs import phase
from demarcate.base.sql import identifier
from demarcate.checks import batches
from demarcate.checks.catalog import load_checks, select
from demarcate.checks.engine import GROUP_ACCOUNTS, GROUP_ROWS, judge
from demarcate.checks.judgement import NotRun, Tally, kind_of
from demarcate.checks.structs import Check
from demarcate.checks.travelling import encode_checks
from demarcate.checks.unit import Outcome, Unit, decode_unit, joined_units, told_of
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.extent import Extent, together
from demarcate.estate.snapshots.manifest import Unread, is_snapshot
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.tabular import SUFFIX, RowFile, rows_in, write_batches
from demarcate.evidence.structs import ReadEvidence
from demarcate.lake.engines import Engine
from demarcate.lake.judging import Job, JudgeGroups
from demarcate.lake.places import Holding, Lake, grouped, holdings
from demarcate.model import Model, load
from demarcate.posture.assess import Tallies, assess_extent
from demarcate.posture.assessment import Assessment
from demarcate.posture.kept import MEMORY, OUTCOMES, check_new, keeping, open_assessment, write_lake
from demarcate.posture.line import line_checks
from demarcate.posture.structs import Posture

_FOLDERS = ("findings", "tallies")


def assess_lake(
    lake: Lake,
    folder: Path,
    engine: Engine,
    *,
    checks: Iterable[str] | None = None,
    check_folders: Sequence[Path] = (),
    evidence: Sequence[ReadEvidence] = (),
    passes: bool = False,
) -> Assessment:
    """Assess a lake, and keep the assessment in a new folder, which all who judge must see.

    `checks`, `check_folders`, `evidence` and `passes` as in `assess_sources`. An account that cannot be judged has an
    outcome that says so, its checks are unknown there, and the others go on.

    Raises DemarcateError where the lake cannot be read or the folder be written, and where the engine does not come to
    its end: then nothing is kept.
    """
    check_new(folder)
    model = load()
    chosen = select(load_checks(check_folders, responsibilities=model.owed), checks)
    sent = encode_checks(chosen.values(), line_checks(model).values())
    held = holdings(lake)
    groups = grouped(held, engine.side_by_side, GROUP_ACCOUNTS, GROUP_ROWS)
    with keeping(folder) as aside:
        for name in _FOLDERS:
            (aside / name).mkdir()
        job = Job(lake=lake, sent=sent, out=str(aside.absolute()), passes=passes, memory=engine.memory)
        unit = _judged(job, groups, engine)
        extent = together(unit.extents, lake.place)
        failed = [outcome for outcome in unit.outcomes if outcome.outcome == "failed"]
        if extent is None:
            raise DemarcateError(f"{lake.place}: no account could be judged: {failed[0].reason}")
        if failed:
            unit = joined_units([unit, _unread(failed, extent, chosen, aside)])
            extent = together(unit.extents, lake.place) or extent
        posture = _posture(model, chosen, unit, extent, aside, evidence, named=checks is not None)
        files = _sorted_out(aside, unit.files)
        outcomes = sorted(unit.outcomes, key=lambda each: (each.folder, each.account or ""))
        written = write_batches(batches.rows(batches.OUTCOMES, outcomes), batches.OUTCOMES, aside, "outcomes")
        snapshot = Path(lake.place) if not lake.is_remote and is_snapshot(Path(lake.place)) else None
        write_lake(aside, model, chosen, posture, extent, {**files, OUTCOMES: written.digest}, snapshot)
    return open_assessment(folder)


@phase("judged")
def _judged(job: Job, groups: Sequence[Sequence[Holding]], engine: Engine) -> Unit:
    return joined_units(map(decode_unit, engine.run(JudgeGroups(job, groups), len(groups))))


def _unread(failed: Sequence[Outcome], extent: Extent, checks: Mapping[str, Check], out: Path) -> Unit:
    """What is known of accounts that could not be judged: nothing, so that all checks are unknown there."""
    tables = {name for check in checks.values() for name in check.tables} & extent.columns.keys()
    unread = tuple(
        Unread(
            kind=each.kind or Kind.UNREADABLE,
            reason=f"could not be judged: {each.reason}",
            account=each.account,
            tables=tuple(sorted(tables)),
        )
        for each in failed
    )
    nothing = Extent(
        moment=extent.moment,
        source=extent.source,
        origin=extent.origin,
        columns={},
        rows={},
        places=(),
        unread=unread,
    )
    judgement = judge(Snapshot(out, nothing.manifest()), checks.values(), threads=1)
    try:
        return told_of(judgement, (), str(out))
    finally:
        judgement.close()


def _sorted_out(folder: Path, counted: Mapping[str, Sequence[RowFile]]) -> dict[str, str]:
    """The files that count, with their digests. What tasks wrote that ran twice, or were lost, is removed."""
    files = {f"{of}/{each.name}": each.digest for of, written in counted.items() for each in written}
    for of in _FOLDERS:
        with os.scandir(folder / of) as listing:
            left = [entry.path for entry in listing if f"{of}/{entry.name}" not in files]
        for path in left:
            Path(path).unlink(missing_ok=True)
    for name in files:
        if not name.endswith(SUFFIX) or not (folder / name).is_file():
            raise DemarcateError(
                f"{folder / name}: is not there, and was written: do all workers see this folder?"
            )
    return files


def _posture(
    model: Model,
    checks: Mapping[str, Check],
    unit: Unit,
    extent: Extent,
    folder: Path,
    evidence: Sequence[ReadEvidence],
    *,
    named: bool,
) -> Posture:
    proven, refused = weighed(evidence, model, extent.moment.date())
    files = [str(folder.resolve() / "tallies" / each.name) for each in unit.files.get("tallies", ())]
    with connect(folder, limits=Limits(memory=MEMORY)) as connection:
        rows = rows_in(files) if files else f"(SELECT {_NOTHING} WHERE false)"
        connection.execute(f"CREATE VIEW tallies AS SELECT * FROM {rows}")

        def sums(*places: str) -> Iterator[Tally]:
            """Tallies by these columns alone, in the order of the first."""
            kept = ", ".join(place if place in places else "NULL" for place in ("account", "region"))
            order = ", ".join((*places, '"check"'))
            answer = connection.cursor().execute(
                f'SELECT "check", {kept}, sum(passed)::BIGINT, sum(failed)::BIGINT, sum(unknown)::BIGINT '
                f"FROM tallies GROUP BY ALL ORDER BY {order}"
            )
            while some := answer.fetchmany(2000):
                yield from (Tally(*row) for row in some)

        def placed(place: str) -> Iterator[tuple[str, Iterable[Tally]]]:
            for name, of in groupby(sums(place), key=lambda tally: getattr(tally, place)):
                if name is not None:
                    yield name, of

        return assess_extent(
            model,
            extent,
            checks,
            Tallies(sums(), placed("account"), placed("region")),
            counted=[Tally(**row) for row in unit.counted.to_pylist()],
            not_run=_not_run(unit),
            evidence=proven,
            refused=refused,
            named=named,
        )


_TYPES = {"passed": "BIGINT", "failed": "BIGINT", "unknown": "BIGINT"}
_NOTHING = ", ".join(
    f"NULL::{_TYPES.get(name, 'VARCHAR')} AS {identifier(name)}" for name in batches.TALLIES.names
)


def _not_run(unit: Unit) -> list[NotRun]:
    told = sorted(unit.not_run.to_pylist(), key=itemgetter("check", "reason"))
    return [NotRun(row["check"], row["reason"], kind_of(row["kind"])) for row in told]

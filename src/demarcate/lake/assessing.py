"""A lake assessed: its groups judged by an engine, and what they come to kept as one assessment.

The findings stay where the groups wrote them. The posture over all accounts is a query: sums of tallies.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import msgspec
import pyarrow as pa

from demarcate.assessing import weighed
from demarcate.base.connection import Limits, connect, short
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError, Problem
from demarcate.base.logs import phase
from demarcate.base.sql import identifier
from demarcate.checks import batches
from demarcate.checks.catalog import load_checks, select
from demarcate.checks.engine import GROUP_ACCOUNTS, GROUP_ROWS, judge
from demarcate.checks.judgement import WAIVERS, NotRun, Tally, kind_of
from demarcate.checks.structs import Check
from demarcate.checks.tagging import check_keys
from demarcate.checks.travelling import encode_checks
from demarcate.checks.unit import Outcome, Unit, decode_unit, joined_units, told_of
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.extent import Extent, together
from demarcate.estate.snapshots.manifest import Unread, is_snapshot
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.tabular import SUFFIX, RowFile, rows_in, write_batches
from demarcate.evidence.structs import ReadEvidence
from demarcate.evidence.waivers import Known, ReadWaivers, WaiverRules
from demarcate.lake.engines import Engine
from demarcate.lake.judging import FOLDERS, Job, JudgeGroups
from demarcate.lake.places import Holding, Lake, begin, grouped, holdings, publish, take, withdraw
from demarcate.lake.waiving import Summed, Waiving, results, summed, too_wide
from demarcate.model import Model, load
from demarcate.posture.assess import Tallies, assess_extent
from demarcate.posture.assessment import Assessment
from demarcate.posture.kept import MEMORY, NAME, OUTCOMES, WAIVED, check_new, keeping, open_assessment, write_lake
from demarcate.posture.line import line_checks
from demarcate.posture.structs import Posture, WaiverResult
from demarcate.posture.waivers import read_waivers, waived_by


def assess_lake(
    lake: Lake,
    folder: Path,
    engine: Engine,
    *,
    checks: Iterable[str] | None = None,
    check_folders: Sequence[Path] = (),
    evidence: Sequence[ReadEvidence] = (),
    waivers: Sequence[ReadWaivers] = (),
    rules: WaiverRules = WaiverRules(),
    tags: Sequence[str] = (),
    passes: bool = False,
    to: Lake | None = None,
) -> Assessment:
    """Assess a lake, and keep the assessment in a new folder, which all who judge must see.

    With `to`, a place on S3 that has nothing yet, it is kept there as well, and nobody but this process needs to see
    the folder: who judges copies files there under names of their own, and `assessment.json`, which says which of them
    count, is written when all others are there. Where it comes to no end, what is there is removed.

    `checks`, `check_folders`, `evidence`, `waivers`, `rules`, `tags` and `passes` as in `assess_sources`; waivers of
    an account's findings hold on the day of its snapshot. An account that cannot be judged has an outcome that says so,
    its checks are unknown there, and the others go on.

    Raises DemarcateError where the lake cannot be read or the folder be written, and where the engine does not come to
    its end: then nothing is kept.
    """
    check_new(folder)
    check_keys(tags)
    with _publishing(to):
        return _assess(
            lake, folder, engine, checks, check_folders, evidence, waivers, rules, tags, passes=passes, to=to
        )


def _assess(
    lake: Lake,
    folder: Path,
    engine: Engine,
    checks: Iterable[str] | None,
    check_folders: Sequence[Path],
    evidence: Sequence[ReadEvidence],
    waivers: Sequence[ReadWaivers],
    rules: WaiverRules,
    tags: Sequence[str],
    *,
    passes: bool,
    to: Lake | None,
) -> Assessment:
    model = load()
    every = load_checks(check_folders, responsibilities=model.owed)
    chosen = select(every, checks)
    known = Known(checks=every, responsibilities=model.owed, rules=rules)
    given = read_waivers(waivers, known)
    waiving = Waiving.of(given, known, tags)
    sent = encode_checks(chosen.values(), line_checks(model).values())
    held = holdings(lake)
    groups = grouped(held, engine.side_by_side, GROUP_ACCOUNTS, GROUP_ROWS)
    with keeping(folder) as aside:
        for name in FOLDERS:
            (aside / name).mkdir()
        job = Job(
            lake=lake,
            sent=sent,
            waiving=to_json(waiving),
            out=str(aside.absolute()),
            to=to,
            passes=passes or bool(tags),
            memory=engine.memory,
        )
        unit, extent = _judged(job, groups, engine, chosen, waiving)
        of_waivers = summed(waiving.waivers, unit.settled)
        if wide := too_wide(
            of_waivers, waiving
        ):  # which is seen when all is judged: nothing of them may stand there
            narrow = msgspec.structs.replace(
                waiving, waivers=tuple(waiver for waiver in waiving.waivers if waiver.id not in wide)
            )
            again = msgspec.structs.replace(job, waiving=to_json(narrow))
            unit, extent = _judged(again, groups, engine, chosen, narrow)
        told = results(of_waivers, given, extent.moment.date(), chosen, _accounts(extent), waiving.checks)
        posture = _posture(
            model, chosen, unit, extent, aside, evidence, told, of_waivers.tagged, named=checks is not None
        )
        files = _sorted_out(aside, unit.files)
        files |= _write_waivers(aside, of_waivers, told[0])
        outcomes = sorted(unit.outcomes, key=lambda each: (each.folder, each.account or ""))
        written = write_batches(batches.rows(batches.OUTCOMES, outcomes), batches.OUTCOMES, aside, "outcomes")
        snapshot = Path(lake.place) if not lake.is_remote and is_snapshot(Path(lake.place)) else None
        files[OUTCOMES] = written.digest
        names = write_lake(aside, model, chosen, posture, extent, files, snapshot)
        if to is not None:
            publish(aside, names, to)
            withdraw(to, names)
            publish(aside, [NAME], to)  # which says that all others are there
    return open_assessment(folder)


@phase("judged")
def _judged(
    job: Job, groups: Sequence[Sequence[Holding]], engine: Engine, checks: Mapping[str, Check], waiving: Waiving
) -> tuple[Unit, Extent]:
    """What all groups come to, with what is known of accounts that could not be judged; and what the lake holds."""
    unit = joined_units(map(decode_unit, engine.run(JudgeGroups(job, groups), len(groups))))
    if job.to is not None:
        take(job.to, _names(unit.files), Path(job.out))
    extent = together(unit.extents, job.lake.place)
    failed = [outcome for outcome in unit.outcomes if outcome.outcome == "failed"]
    if extent is None:
        raise DemarcateError(f"{job.lake.place}: no account could be judged: {failed[0].reason}")
    if not failed:
        return unit, extent
    unit = joined_units([unit, _unread(failed, extent, checks, job.out, waiving)])
    return unit, together(unit.extents, job.lake.place) or extent


def _accounts(extent: Extent) -> set[str]:
    """The accounts of a lake of which anything was read, or was to be."""
    named = [*(account for account, _ in extent.places), *(gap.account for gap in extent.unread)]
    return {account for account in named if account is not None}


def _write_waivers(folder: Path, of: Summed, told: Iterable[WaiverResult]) -> dict[str, str]:
    """Write those waivers down that findings may name; nothing where there are none."""
    kept = {result.id for result in told}
    waived = {waiver.id: waived_by(waiver) for waiver in of.waivers if waiver.id in kept}
    if not waived:
        return {}
    schema = pa.schema([(name, pa.string()) for name in WAIVERS])
    written = write_batches(batches.rows(schema, waived.values()), schema, folder, WAIVED.removesuffix(SUFFIX))
    return {WAIVED: written.digest}


def _unread(
    failed: Sequence[Outcome], extent: Extent, checks: Mapping[str, Check], out: str, waiving: Waiving
) -> Unit:
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
    judgement = judge(Snapshot(Path(out), nothing.manifest()), checks.values(), threads=1)
    try:
        return told_of(judgement, (), out, waiving.settle(judgement, checks))
    finally:
        judgement.close()


def _sorted_out(folder: Path, counted: Mapping[str, Sequence[RowFile]]) -> dict[str, str]:
    """The files that count, with their digests. What tasks wrote that ran twice, or were lost, is removed."""
    files = _names(counted)
    for of in FOLDERS:
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


def _names(counted: Mapping[str, Sequence[RowFile]]) -> dict[str, str]:
    """The digests of files by their names in the folder of an assessment."""
    return {f"{of}/{each.name}": each.digest for of, written in counted.items() for each in written}


@contextlib.contextmanager
def _publishing(to: Lake | None) -> Iterator[None]:
    """Have a place on S3 be written, and be empty again where the block fails.

    Raises DemarcateError where something is there, or it cannot be written.
    """
    if to is None:
        yield
        return
    try:
        try:
            free = begin(to)
        except pa.ArrowInvalid as error:  # a name that no bucket has
            raise DemarcateError(f"{to.place}: {short(error)}") from error
        if not free:
            raise DemarcateError(f"{to.place}: has objects already; name a new prefix for the assessment")
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError):  # what failed before is what is told
                withdraw(to)
            raise
    except OSError as error:
        raise DemarcateError(f"{to.place}: cannot be written: {short(error)}") from error


def _posture(
    model: Model,
    checks: Mapping[str, Check],
    unit: Unit,
    extent: Extent,
    folder: Path,
    evidence: Sequence[ReadEvidence],
    waivers: tuple[tuple[WaiverResult, ...], tuple[Problem, ...]],
    tagged: Mapping[str, Iterable[Tally]],
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
                f'SELECT "check", {kept}, {_SUMS} FROM tallies GROUP BY ALL ORDER BY {order}'
            )
            while some := answer.fetchmany(2000):
                yield from (Tally(**dict(zip(batches.TALLIES.names, row, strict=True))) for row in some)

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
            tagged=tagged,
            waivers=waivers[0],
            refused_waivers=waivers[1],
            named=named,
        )


_TYPES = dict.fromkeys(("passed", "failed", "unknown", "waived", "waived_unknown"), "BIGINT")
_SUMS = ", ".join(f"sum({name})::BIGINT" for name in _TYPES)
_NOTHING = ", ".join(
    f"NULL::{_TYPES.get(name, 'VARCHAR')} AS {identifier(name)}" for name in batches.TALLIES.names
)


def _not_run(unit: Unit) -> list[NotRun]:
    told = sorted(unit.not_run.to_pylist(), key=itemgetter("check", "reason"))
    return [NotRun(row["check"], row["reason"], kind_of(row["kind"])) for row in told]

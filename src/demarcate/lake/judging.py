"""One group of a lake's accounts, judged as one machine judges: the function that processes and Spark both run.

It has no state outside: the same group, checks and facts come to the same, wherever that is. A crash of the database
costs one account, since the work is done in a process of its own (`checks/unit.py`).
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from demarcate.base.connection import short
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_folder
from demarcate.base.stopping import TemporaryFolder
from demarcate.checks import batches
from demarcate.checks.unit import Outcome, Resources, Share, Unit, encode_unit, joined_units, judge_apart
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.extent import Extent
from demarcate.lake.places import Holding, Lake, fetch, publish
from demarcate.lake.waiving import PROGRAM

FOLDERS = ("findings", "tallies")
"""What groups write files of."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all groups: the lake, the checks as `encode_checks` made them, the waivers (a `Waiving` as
    JSON), and the folder that findings and tallies are written into, which all who judge must see; or the place on S3
    that they are copied `to`.
    """

    lake: Lake
    sent: bytes
    out: str
    waiving: bytes
    to: Lake | None = None
    passes: bool = False
    threads: int | None = 1
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class JudgeGroups:
    """The task of judging a group of a lake, by its number."""

    job: Job
    groups: Sequence[Sequence[Holding]]

    def __call__(self, number: int) -> bytes:
        """What it comes to, as `decode_unit` reads it. Raises as `judge_group` does."""
        return encode_unit(judge_group(self.job, self.groups[number]))


def judge_group(job: Job, group: Sequence[Holding]) -> Unit:
    """Judge some accounts of a lake. Each has one outcome, whatever is wrong with it.

    Reasons and outcomes name folders as they lie in the lake. Raises DemarcateError where this machine does not see the
    lake or the folder to write into, and OSError where it can keep nothing.
    """
    seen = [*([] if job.to else [job.out]), *([] if job.lake.is_remote else [job.lake.place])]
    for place in seen:
        if not is_folder(Path(place)):
            raise DemarcateError(
                f"{platform.node()} does not see {place}: the lake and what is made of it must lie where all workers "
                "reach them"
            )
    with TemporaryFolder() as temporary:
        failed: list[Unit] = []
        root = temporary / "lake" if job.lake.is_remote else Path(job.lake.place).absolute()
        if job.lake.is_remote:
            group, failed = _fetched(job.lake, group, root)
        accounts: dict[str, list[str] | None] = {}
        for holding in group:
            if holding.account is None:
                accounts[holding.folder] = None
            elif (others := accounts.setdefault(holding.folder, [])) is not None:
                others.append(holding.account)
        shares = [
            Share(str(root / folder), tuple(of) if of is not None else None) for folder, of in accounts.items()
        ]
        out = temporary / "out" if job.to else Path(job.out)
        resources = Resources(
            threads=job.threads, memory=job.memory, temp=str(temporary), passes=job.passes, out=str(out)
        )
        unit = joined_units([])
        if shares:
            for of in FOLDERS if job.to else ():
                (out / of).mkdir(parents=True)
            unit = judge_apart(shares, job.sent, resources, program=PROGRAM, given=job.waiving)
        if job.to:
            publish(out, (f"{of}/{each.name}" for of, written in unit.files.items() for each in written), job.to)
    return joined_units([*failed, _summed(_as_in_lake(unit, str(root), job.lake))])


def _fetched(lake: Lake, group: Sequence[Holding], root: Path) -> tuple[list[Holding], list[Unit]]:
    """What could be fetched of a group, and what became of the rest."""
    fetched: list[Holding] = []
    failed: list[Unit] = []
    for holding in group:
        only = None if holding.account is None else [holding.account]
        try:
            fetch(lake, holding.folder, only, root / holding.folder)
        except DemarcateError:  # judging says what is wrong with it
            fetched.append(holding)
        except OSError as error:
            reason = f"{holding.folder or '.'}: cannot be fetched: {short(error)}"
            outcome = Outcome(holding.folder, holding.account, "failed", reason, Kind.UNREADABLE)
            failed.append(replace(joined_units([]), outcomes=(outcome,)))
        else:
            fetched.append(holding)
    return fetched, failed


def _as_in_lake(unit: Unit, root: str, lake: Lake) -> Unit:
    """The same, with folders as they are named in the lake, wherever it lies on this machine."""
    whole = lake.place.rstrip("/").rpartition("/")[2]

    def named(text: str) -> str:
        return text.replace(f"{root}/", "").replace(root, whole)

    return replace(
        unit,
        outcomes=tuple(
            replace(each, folder=each.folder.removeprefix(root).strip("/"), reason=named(each.reason))
            for each in unit.outcomes
        ),
        extents=tuple(_named(extent, lake.place) for extent in unit.extents),
    )


def _named(extent: Extent, origin: str) -> Extent:
    return msgspec.structs.replace(extent, origin=origin)


def _summed(unit: Unit) -> Unit:
    """The same, with what is only counted summed over accounts and regions."""
    numbers = ("passed", "failed", "unknown", "waived", "waived_unknown")
    summed = unit.counted.group_by("check", use_threads=False).aggregate([(name, "sum") for name in numbers])
    nothing = pa.nulls(summed.num_rows, pa.string())
    columns = [summed["check"], nothing, nothing, *(pc.cast(summed[f"{n}_sum"], pa.int64()) for n in numbers)]
    return replace(unit, counted=pa.Table.from_arrays(columns, schema=batches.TALLIES))

"""A unit of work: the snapshots of some accounts, judged together, with an outcome for each account whatever happens.

In a process of its own (`judge_apart`) that holds for a crash of the database, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import pyarrow as pa

from demarcate.base import duckdb
from demarcate.base.children import end_with_parent, run_child
from demarcate.base.connection import short
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import read_bytes
from demarcate.base.stopping import TemporaryFolder
from demarcate.checks import batches, facts
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Judgement
from demarcate.checks.structs import Check
from demarcate.checks.travelling import decode_sent, encode_checks
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.extent import Extent
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.tabular import RowFile, write_batches


class Died(RuntimeError):
    """The process that judged some accounts did not come to its end."""


LARGEST = 10_000_000_000
"""How many bytes of checks, and of what judging came to, pass between processes of ours."""

_FAULTS = (DemarcateError, duckdb.Error, OSError, MemoryError, ValueError, RuntimeError, LookupError, TypeError)
"""What one account may end in, and the others go on."""


Settle = Callable[[Judgement, Mapping[str, Check]], bytes]
"""What is done to a judgement by some checks before it is told. What it comes to stands beside the rest of a unit."""


class Share(NamedTuple):
    """Some accounts of the snapshot in a folder; all of them where `accounts` is None."""

    folder: str
    accounts: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one account: it was judged, or why it was not. `account` is None where it is not known."""

    folder: str
    account: str | None
    outcome: Literal["judged", "failed"]
    reason: str = ""
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """What judging some accounts came to, in the schemas of `batches`.

    `counted` are the tallies of checks that were only counted, `extents` what the accounts hold. Where findings and
    tallies were written into a folder, these tables are empty, and `files` has those of each. `settled` is what came of
    what was done to each judgement.
    """

    outcomes: tuple[Outcome, ...]
    findings: pa.Table
    tallies: pa.Table
    not_run: pa.Table
    counted: pa.Table
    extents: tuple[Extent, ...] = ()
    files: dict[str, tuple[RowFile, ...]] = field(default_factory=dict)
    settled: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What judging may use, as `judge` takes it; and the folder that findings and tallies are written into, if any."""

    threads: int | None = None
    memory: int | None = None
    temp: str | None = None
    passes: bool = False
    out: str | None = None


def judge_unit(
    shares: Iterable[str | Path | Share],
    checks: Iterable[Check],
    resources: Resources = Resources(),
    counted: Iterable[Check] = (),
    settle: Settle | None = None,
) -> Unit:
    """Judge the snapshots in some folders, each of one account or several, or of shares of them.

    What is said of other accounts is not read. Of checks that are only `counted` there are tallies and nothing else,
    in snapshots that have their table. What `settle` does to a judgement is told with it. Raises nothing for what is
    wrong with one of them: each account has one outcome.
    """
    chosen = _Chosen(tuple(checks), tuple(counted), resources, settle)
    units: list[Unit] = []
    together: list[Snapshot] = []
    for share in _shares(shares):
        try:
            together.append(Snapshot.open(Path(share.folder), share.accounts))
        except _FAULTS as error:
            units.append(_failed(*share, error))
    return joined_units([*units, *(_judged(group, chosen) for group in _alike(together))])


@dataclass(frozen=True, slots=True)
class _Chosen:
    checks: tuple[Check, ...]
    counted: tuple[Check, ...]
    resources: Resources
    settle: Settle | None


def _shares(given: Iterable[str | Path | Share]) -> list[Share]:
    return [each if isinstance(each, Share) else Share(str(each)) for each in dict.fromkeys(given)]


def judge_apart(
    shares: Iterable[str | Path | Share],
    checks: Iterable[Check] | bytes,
    resources: Resources = Resources(),
    *,
    started: Callable[[int], object] | None = None,
    program: str = "demarcate.checks.unit",
    given: bytes = b"",
) -> Unit:
    """Judge as `judge_unit` does, in a process of its own; where that dies, by halves, down to the account it dies of.

    `checks` are checks, or what `encode_checks` made of them and of what goes with them. `started` is told the id of
    each process. `program` is the module that it runs, which calls `do_work` with what it makes of what is `given`.
    """
    sent = checks if isinstance(checks, bytes) else encode_checks(checks)
    return _apart(_shares(shares), _Sent(sent, resources, started, program, given))


class _Sent(NamedTuple):
    checks: bytes
    resources: Resources
    started: Callable[[int], object] | None
    program: str
    given: bytes


def _apart(shares: Sequence[Share], sent: _Sent) -> Unit:
    parent = Path(sent.resources.temp) if sent.resources.temp is not None else None
    with TemporaryFolder(parent=parent) as folder:
        (folder / "checks").write_bytes(sent.checks)
        (folder / GIVEN).write_bytes(sent.given)
        work = _Work(shares=tuple(shares), resources=sent.resources)
        (folder / "work").write_bytes(to_json(work))
        own = {"XDG_DATA_HOME": str(folder / "data")}
        why_dead = run_child(sent.program, folder, environment=own, started=sent.started)
        if why_dead is None:
            return _read(folder)
    shares = shares if len(shares) > 1 else _apart_from_each_other(shares[0])
    if len(shares) == 1:
        return _failed(*shares[0], Died(f"the process that judged it {why_dead}"))
    middle = len(shares) // 2
    return joined_units(_apart(half, sent) for half in (shares[:middle], shares[middle:]))


def _apart_from_each_other(share: Share) -> list[Share]:
    """A share as one for each of its accounts, where it can be divided."""
    try:
        snapshot = Snapshot.open(Path(share.folder), share.accounts)
    except _FAULTS:
        return [share]
    accounts = [account for account in snapshot.accounts if account is not None]
    return (
        [Share(share.folder, (account,)) for account in accounts]
        if snapshot.is_divisible and accounts
        else [share]
    )


class _Work(msgspec.Struct, frozen=True, kw_only=True):
    shares: tuple[Share, ...]
    resources: Resources


def _alike(snapshots: Iterable[Snapshot]) -> list[list[Snapshot]]:
    """Snapshots in groups that can be judged as one."""
    groups: list[tuple[list[Snapshot], set[str | None]]] = []
    for snapshot in snapshots:
        for group, accounts in groups:
            if group[0].why_unlike(snapshot) is None and accounts.isdisjoint(snapshot.accounts):
                group.append(snapshot)
                accounts.update(snapshot.accounts)
                break
        else:
            groups.append(([snapshot], set(snapshot.accounts)))
    return [group for group, _ in groups]


def _judged(group: Sequence[Snapshot], chosen: _Chosen) -> Unit:
    """One group; by halves where it fails as a whole, down to the account that it fails for."""
    try:
        return _judge(group, chosen)
    except _FAULTS as error:
        if len(group) > 1:
            middle = len(group) // 2
            return joined_units(_judged(half, chosen) for half in (group[:middle], group[middle:]))
        (snapshot,) = group
        accounts = snapshot.accounts
        if len(accounts) > 1 and snapshot.is_divisible:
            middle = len(accounts) // 2
            halves = [snapshot.of(half) for half in (accounts[:middle], accounts[middle:])]
            return joined_units(_judged([half], chosen) for half in halves)
        return _failed(str(snapshot.folder), accounts, error)


def _judge(group: Sequence[Snapshot], chosen: _Chosen) -> Unit:
    resources, joined = chosen.resources, Snapshot.joined(group)
    judgement = judge(
        joined,
        chosen.checks,
        counted=[check for check in chosen.counted if check.table in joined.manifest.tables],
        passes=resources.passes,
        threads=resources.threads,
        memory=resources.memory,
        temp=Path(resources.temp) if resources.temp is not None else None,
    )
    try:
        settled = chosen.settle(judgement, {check.id: check for check in chosen.checks}) if chosen.settle else None
        outcomes = tuple(
            Outcome(str(snapshot.folder), account, "judged")
            for snapshot in group
            for account in snapshot.accounts or (None,)
        )
        return told_of(judgement, outcomes, resources.out, settled)
    finally:
        judgement.close()


def told_of(
    judgement: Judgement, outcomes: tuple[Outcome, ...], out: str | None, settled: bytes | None = None
) -> Unit:
    """A judgement as a unit; its findings and tallies as files of a folder, where one is given. Raises OSError."""
    readers = {"findings": batches.findings(judgement), "tallies": batches.tallies(judgement.tallies)}
    files = {} if out is None else {name: _written(rows, Path(out) / name) for name, rows in readers.items()}
    tables = {
        name: rows.read_all() if out is None else rows.schema.empty_table() for name, rows in readers.items()
    }
    return Unit(
        outcomes=outcomes,
        not_run=batches.not_run(judgement).read_all(),
        counted=batches.tallies(judgement.counted).read_all(),
        extents=(Extent.of(judgement.snapshot),),
        files=files,
        settled=() if settled is None else (settled,),
        **tables,
    )


def _written(rows: pa.RecordBatchReader, folder: Path) -> tuple[RowFile, ...]:
    """Rows as a file of a name that no other has: whoever does the same work again writes another."""
    written = write_batches(rows, rows.schema, folder, os.urandom(8).hex())
    return (written,) if written.rows else ()


def _failed(folder: str, accounts: Sequence[str | None] | None, error: Exception) -> Unit:
    reason = short(error) or type(error).__name__
    kind = Kind.MALFORMED if isinstance(error, DemarcateError) else Kind.UNCOMPUTABLE
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        kind = Kind.TOO_MUCH
    outcomes = tuple(Outcome(folder, account, "failed", reason, kind) for account in accounts or (None,))
    return replace(_nothing(), outcomes=outcomes)


def _nothing() -> Unit:
    return Unit((), **{name: schema.empty_table() for name, schema in _TABLES.items()})


def joined_units(units: Iterable[Unit]) -> Unit:
    """What several came to, as one. What did not run in some of them is told once."""
    several = [_nothing(), *units]
    tables = {name: pa.concat_tables([getattr(unit, name) for unit in several]) for name in _TABLES}
    once = tables["not_run"].group_by(batches.NOT_RUN.names, use_threads=False).aggregate([])
    files: dict[str, tuple[RowFile, ...]] = {}
    for unit in several:
        for name, written in unit.files.items():
            files[name] = (*files.get(name, ()), *written)
    return Unit(
        outcomes=tuple(outcome for unit in several for outcome in unit.outcomes),
        extents=tuple(extent for unit in several for extent in unit.extents),
        files=files,
        settled=tuple(each for unit in several for each in unit.settled),
        **{**tables, "not_run": once.select(batches.NOT_RUN.names)},
    )


_TABLES = {
    "findings": batches.FINDINGS,
    "tallies": batches.TALLIES,
    "not_run": batches.NOT_RUN,
    "counted": batches.TALLIES,
}


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    outcomes: tuple[Outcome, ...]
    extents: tuple[Extent, ...]
    files: dict[str, tuple[RowFile, ...]]
    settled: tuple[bytes, ...]


def encode_unit(unit: Unit) -> bytes:
    """A unit as bytes, for another process."""
    told: dict[str, bytes] = {}
    for name in _TABLES:
        table: pa.Table = getattr(unit, name)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        told[name] = sink.getvalue().to_pybytes()
    rest = _Told(outcomes=unit.outcomes, extents=unit.extents, files=unit.files, settled=unit.settled)
    told["told"] = to_json(rest)
    return msgspec.msgpack.encode(told)


def decode_unit(encoded: bytes) -> Unit:
    """The unit that was encoded."""
    told = msgspec.msgpack.decode(encoded, type=dict[str, bytes])
    tables = {name: pa.ipc.open_stream(told[name]).read_all() for name in _TABLES}
    rest = msgspec.json.decode(told["told"], type=_Told)
    return Unit(outcomes=rest.outcomes, extents=rest.extents, files=rest.files, settled=rest.settled, **tables)


GIVEN = "given"
"""The file of what `judge_apart` was given for its program."""


def do_work(folder: Path, settle: Settle | None = None) -> None:
    """What the process of `judge_apart` does: the work that lies in a folder, which takes the result."""
    end_with_parent(folder)
    work = msgspec.json.decode(read_bytes(folder / "work", LARGEST), type=_Work)
    sent = decode_sent(read_bytes(folder / "checks", LARGEST))
    if sent.facts:
        facts.own_file().parent.mkdir(parents=True)
        facts.own_file().write_bytes(sent.facts.encode())
    unit = judge_unit(work.shares, sent.checks, work.resources, sent.counted, settle)
    (folder / "unit").write_bytes(encode_unit(unit))


def _read(folder: Path) -> Unit:
    return decode_unit(read_bytes(folder / "unit", LARGEST))


if __name__ == "__main__":
    do_work(Path(sys.argv[1]))

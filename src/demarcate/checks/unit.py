"""A unit of work: the snapshots of some accounts, judged together, with an outcome for each account whatever happens.

In a process of its own (`judge_apart`) that holds for a crash of the database, too.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import duckdb
import msgspec
import pyarrow as pa

from demarcate.base.connection import short
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import read_bytes
from demarcate.base.stopping import TemporaryFolder, ending_with
from demarcate.checks import batches
from demarcate.checks.engine import judge
from demarcate.checks.structs import Check
from demarcate.checks.travelling import decode_checks, encode_checks
from demarcate.estate.snapshots.snapshot import Snapshot

LARGEST = 100_000_000
"""How many bytes of checks, and of outcomes, pass between processes."""

_FAULTS = (DemarcateError, duckdb.Error, OSError, MemoryError, ValueError, RuntimeError, LookupError, TypeError)
"""What one account may end in, and the others go on."""


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


@dataclass(frozen=True, slots=True)
class Unit:
    """What judging some accounts came to, in the schemas of `batches`."""

    outcomes: tuple[Outcome, ...]
    findings: pa.Table
    tallies: pa.Table
    not_run: pa.Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What judging may use, as `judge` takes it."""

    threads: int | None = None
    memory: int | None = None
    temp: str | None = None
    passes: bool = False


def judge_unit(
    shares: Iterable[str | Path | Share], checks: Iterable[Check], resources: Resources = Resources()
) -> Unit:
    """Judge the snapshots in some folders, each of one account or several, or of shares of them.

    What is said of other accounts is not read. Raises nothing for what is wrong with one of them: each account has
    one outcome.
    """
    chosen = tuple(checks)
    units: list[Unit] = []
    together: list[Snapshot] = []
    for share in _shares(shares):
        try:
            together.append(Snapshot.open(Path(share.folder), share.accounts))
        except _FAULTS as error:
            units.append(_failed(*share, error))
    return _whole([*units, *(_judged(group, chosen, resources) for group in _alike(together))])


def _shares(given: Iterable[str | Path | Share]) -> list[Share]:
    return [each if isinstance(each, Share) else Share(str(each)) for each in dict.fromkeys(given)]


def judge_apart(
    shares: Iterable[str | Path | Share],
    checks: Iterable[Check],
    resources: Resources = Resources(),
    *,
    started: Callable[[int], object] | None = None,
) -> Unit:
    """Judge as `judge_unit` does, in a process of its own; where that dies, by halves, down to the account it dies of.

    `started` is told the id of each process.
    """
    return _apart(_shares(shares), encode_checks(checks), resources, started)


def _apart(
    shares: Sequence[Share], checks: bytes, resources: Resources, started: Callable[[int], object] | None
) -> Unit:
    with TemporaryFolder() as folder:
        (folder / "checks").write_bytes(checks)
        work = _Work(shares=tuple(shares), resources=resources)
        (folder / "work").write_bytes(to_json(work))
        child = subprocess.Popen(  # noqa: S603 (this Python, and a folder of our own)
            [sys.executable, "-m", "demarcate.checks.unit", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            with ending_with(child.kill):
                if started is not None:
                    started(child.pid)
                _, said = child.communicate()
        finally:
            child.kill()
            child.wait()
        if child.returncode == 0:
            return _read(folder)
    shares = shares if len(shares) > 1 else _apart_from_each_other(shares[0])
    if len(shares) == 1:
        return _failed(*shares[0], RuntimeError(_why_dead(child.returncode, said)))
    middle = len(shares) // 2
    return _whole(_apart(half, checks, resources, started) for half in (shares[:middle], shares[middle:]))


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


def _why_dead(code: int, said: bytes) -> str:
    if code < 0:
        return f"the process that judged it was ended by {signal.Signals(-code).name}"
    last = said.decode(errors="replace").strip().splitlines()[-1:]
    return f"the process that judged it ended with {code}{': ' if last else ''}{''.join(last)}"


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


def _judged(group: Sequence[Snapshot], checks: Sequence[Check], resources: Resources) -> Unit:
    """One group; by halves where it fails as a whole, down to the account that it fails for."""
    try:
        return _judge(group, checks, resources)
    except _FAULTS as error:
        if len(group) > 1:
            middle = len(group) // 2
            return _whole(_judged(half, checks, resources) for half in (group[:middle], group[middle:]))
        (snapshot,) = group
        accounts = snapshot.accounts
        if len(accounts) > 1 and snapshot.is_divisible:
            middle = len(accounts) // 2
            halves = [snapshot.of(half) for half in (accounts[:middle], accounts[middle:])]
            return _whole(_judged([half], checks, resources) for half in halves)
        return _failed(str(snapshot.folder), accounts, error)


def _judge(group: Sequence[Snapshot], checks: Sequence[Check], resources: Resources) -> Unit:
    judgement = judge(
        Snapshot.joined(group),
        checks,
        passes=resources.passes,
        threads=resources.threads,
        memory=resources.memory,
        temp=Path(resources.temp) if resources.temp is not None else None,
    )
    try:
        return Unit(
            outcomes=tuple(
                Outcome(str(snapshot.folder), account, "judged")
                for snapshot in group
                for account in snapshot.accounts or (None,)
            ),
            findings=batches.findings(judgement).read_all(),
            tallies=batches.tallies(judgement).read_all(),
            not_run=batches.not_run(judgement).read_all(),
        )
    finally:
        judgement.close()


def _failed(folder: str, accounts: Sequence[str | None] | None, error: Exception) -> Unit:
    reason = short(error) or type(error).__name__
    outcomes = tuple(Outcome(folder, account, "failed", reason) for account in accounts or (None,))
    return Unit(
        outcomes, batches.FINDINGS.empty_table(), batches.TALLIES.empty_table(), batches.NOT_RUN.empty_table()
    )


def _whole(units: Iterable[Unit]) -> Unit:
    """What several came to, as one. What did not run in some of them is told once."""
    whole = Unit((), batches.FINDINGS.empty_table(), batches.TALLIES.empty_table(), batches.NOT_RUN.empty_table())
    for unit in units:
        whole = Unit(
            (*whole.outcomes, *unit.outcomes),
            pa.concat_tables([whole.findings, unit.findings]),
            pa.concat_tables([whole.tallies, unit.tallies]),
            pa.concat_tables([whole.not_run, unit.not_run]),
        )
    once = whole.not_run.group_by(batches.NOT_RUN.names, use_threads=False).aggregate([])
    return replace(whole, not_run=once.select(batches.NOT_RUN.names))


_TABLES = ("findings", "tallies", "not_run")


def _write(unit: Unit, folder: Path) -> None:
    for name in _TABLES:
        table: pa.Table = getattr(unit, name)
        with pa.OSFile(str(folder / name), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)
    (folder / "outcomes").write_bytes(to_json(unit.outcomes))


def _read(folder: Path) -> Unit:
    tables: dict[str, Any] = {}
    for name in _TABLES:
        with pa.OSFile(str(folder / name), "rb") as file, pa.ipc.open_stream(file) as stream:
            tables[name] = stream.read_all()
    outcomes = msgspec.json.decode(read_bytes(folder / "outcomes", LARGEST), type=tuple[Outcome, ...])
    return Unit(outcomes=outcomes, **tables)


def _main(folder: Path) -> None:
    """What the process of `judge_apart` does: the work that lies in a folder, which takes the result."""
    work = msgspec.json.decode(read_bytes(folder / "work", LARGEST), type=_Work)
    unit = judge_unit(work.shares, decode_checks(read_bytes(folder / "checks", LARGEST)), work.resources)
    _write(unit, folder)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))

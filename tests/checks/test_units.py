"""Units of work: an outcome for each account whatever happens, and what they come to as Arrow."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from demarcate.base.errors import DemarcateError
from demarcate.checks import batches, engine, unit
from demarcate.checks.catalog import load_checks
from demarcate.checks.database import Database
from demarcate.checks.engine import judge
from demarcate.checks.travelling import decode_checks, encode_checks
from demarcate.checks.unit import Outcome, Resources, Share, judge_apart, judge_unit
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from tests.checks.test_engine import MOMENT, check, volume

CHECKS = [check("encrypted"), check("size > 3", id="d", where="state <> 'a'")]


def write(
    out: Path,
    account: str,
    *unread: Unread,
    moment: datetime = MOMENT,
    columns: Sequence[str] = ("encrypted", "size", "state"),
    **values: Any,
) -> Path:
    with SnapshotWriter("live", account, out=out, moment=moment) as writer:
        part = writer.part(table("aws_ebs_volume"), columns, account, "r")
        part.append([volume(f"v{account}", account, **values)])
        part.seal()
        writer.unread(*unread)
        writer.finish()
    return out


def told(rows: pa.Table) -> list[tuple[Any, ...]]:
    return [(row["check"], row["account"], row["verdict"], row["resource"]) for row in rows.to_pylist()]


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Snapshots of four accounts."""
    return [write(tmp_path / str(n), str(n), encrypted=n % 2 == 0, size=5, state="b") for n in range(4)]


FAILS = [("c", "1", "fail", "v1"), ("c", "3", "fail", "v3")]


def test_each_account_has_an_outcome(folders: list[Path], tmp_path: Path) -> None:
    (folders[1] / "manifest.json").write_text("{")
    (tmp_path / "none").mkdir()
    judged = judge_unit([*folders, tmp_path / "none"], CHECKS, Resources(threads=1, memory=300_000_000))
    assert told(judged.findings) == [("c", "3", "fail", "v3")]
    outcomes = {Path(each.folder).name: (each.account, each.outcome) for each in judged.outcomes}
    assert outcomes == {
        "0": ("0", "judged"),
        "1": (None, "failed"),
        "2": ("2", "judged"),
        "3": ("3", "judged"),
        "none": (None, "failed"),
    }
    assert all(each.reason for each in judged.outcomes if each.outcome == "failed")
    assert len(judged.outcomes) == 5
    assert judged.tallies.schema == batches.TALLIES
    assert judged.findings.schema == batches.FINDINGS


def test_what_is_raised_for_one_account_is_its_outcome(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(snapshot: Snapshot, *given: Any, **more: Any) -> Any:
        if "2" in snapshot.accounts:
            raise MemoryError
        return judge(snapshot, *given, **more)

    monkeypatch.setattr(unit, "judge", failing)
    judged = judge_unit(folders, CHECKS)
    assert told(judged.findings) == FAILS
    assert sorted((each.account, each.outcome, each.reason) for each in judged.outcomes) == [
        ("0", "judged", ""),
        ("1", "judged", ""),
        ("2", "failed", "MemoryError"),
        ("3", "judged", ""),
    ]


def test_unlike_snapshots_are_judged_apart_and_not_joined(folders: list[Path], tmp_path: Path) -> None:
    later = write(tmp_path / "later", "8", moment=datetime(2026, 11, 2, tzinfo=UTC), encrypted=False)
    fewer = write(tmp_path / "fewer", "9", columns=("encrypted",), encrypted=False)
    again = write(tmp_path / "again", "0", encrypted=False, size=5, state="b")
    for other, says in ((later, "2026-11-02"), (fewer, "other columns"), (again, "the account 0")):
        with pytest.raises(DemarcateError, match=says):
            Snapshot.joined([Snapshot.open(folders[0]), Snapshot.open(other)])
    judged = judge_unit([*folders, later, fewer, again], CHECKS)
    assert [each.outcome for each in judged.outcomes] == ["judged"] * 7
    assert {
        (row["account"], row["resource"]) for row in judged.findings.to_pylist() if row["verdict"] == "fail"
    } == {*(("1", "v1"), ("3", "v3"), ("8", "v8"), ("9", "v9"), ("0", "v0"))}


def test_joined_snapshots_come_to_what_each_comes_to(folders: list[Path]) -> None:
    snapshots = [Snapshot.open(folder) for folder in folders]
    whole = judge(Snapshot.joined(snapshots), CHECKS, passes=True)
    apart = [finding for each in snapshots for finding in judge(each, CHECKS, passes=True).findings()]
    assert sorted(whole.findings(), key=str) == sorted(apart, key=str)


def test_a_process_of_its_own_comes_to_the_same(folders: list[Path]) -> None:
    (folders[2] / "manifest.json").unlink()
    apart, here = judge_apart(folders, CHECKS), judge_unit(folders, CHECKS)
    assert apart == here
    assert told(apart.findings) == FAILS
    assert [each.outcome for each in apart.outcomes].count("failed") == 1


def test_a_crash_of_the_process_is_halved(folders: list[Path]) -> None:
    processes = 0

    def kill(pid: int) -> None:
        """The first, that of the first half, and that of the first folder."""
        nonlocal processes
        processes += 1
        if processes <= 3:
            os.kill(pid, signal.SIGKILL)

    judged = judge_apart(folders, CHECKS, started=kill)
    assert told(judged.findings) == FAILS
    assert judged.outcomes[0] == Outcome(
        str(folders[0]), "0", "failed", "the process that judged it was ended by SIGKILL", Kind.UNCOMPUTABLE
    )
    assert [(each.account, each.outcome) for each in judged.outcomes[1:]] == [
        ("1", "judged"),
        ("2", "judged"),
        ("3", "judged"),
    ]
    assert processes == 5


@pytest.fixture
def organization(tmp_path: Path) -> Path:
    """A snapshot of four accounts in one folder."""
    with SnapshotWriter("live", "organization", out=tmp_path / "o", moment=MOMENT) as writer:
        for n in range(4):
            part = writer.part(table("aws_ebs_volume"), ("encrypted", "size", "state"), str(n), "r")
            part.append([volume(f"v{n}", str(n), encrypted=n % 2 == 0, size=5, state="b")])
            part.seal()
        writer.finish()
    return tmp_path / "o"


def test_shares_of_an_organization_come_to_what_the_whole_comes_to(organization: Path) -> None:
    """Each is read without what is said of the others."""
    whole = judge_unit([organization], CHECKS)
    assert told(whole.findings) == FAILS
    shares = [Share(str(organization), ("0", "1")), Share(str(organization), ("2", "3"))]
    apart = [judge_unit([share], CHECKS) for share in shares]
    assert [row for unit in apart for row in told(unit.findings)] == FAILS
    (organization / "accounts" / "0.json").write_bytes(b"")
    assert told(judge_unit(shares[1:], CHECKS).findings) == FAILS[1:]


def test_a_crash_over_an_organization_is_that_of_an_account(organization: Path) -> None:
    pids: list[int] = []

    def kill(pid: int) -> None:
        pids.append(pid)
        if len(pids) in (1, 2, 3):
            os.kill(pid, signal.SIGKILL)

    judged = judge_apart([organization], CHECKS, started=kill)
    assert [(each.account, each.outcome) for each in judged.outcomes] == [
        ("0", "failed"),
        *((n, "judged") for n in "123"),
    ]
    assert told(judged.findings) == FAILS


def test_batches_have_the_public_schema_and_come_as_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ROWS", 3)
    with SnapshotWriter("live", "t", moment=MOMENT) as writer:
        part = writer.part(table("aws_ebs_volume"), ["encrypted", "tags"], "1", "r")
        part.append(volume(f"v{n}", encrypted=False, tags={"a": "b"}) for n in range(7))
        part.seal()
        taken = writer.finish()
    judged = judge(taken, [*CHECKS, check("encrypted", "aws_ebs_snapshot", id="e")])
    reader = batches.findings(judged)
    assert reader.schema == batches.FINDINGS
    assert [batch.num_rows for batch in reader][:2] == [3, 3]
    rows = batches.findings(judged).read_all().to_pylist()
    assert [row["id"] for row in rows] == [finding.id for finding in judged.findings()]
    assert rows[0]["tags"] == '{"a":"b"}'
    assert batches.not_run(judged).read_all().to_pylist() == [
        {"check": "e", "reason": "aws_ebs_snapshot was not collected", "kind": "not-collected"}
    ]
    counted = {(row["check"], row["failed"]) for row in batches.tallies(judged.tallies).read_all().to_pylist()}
    assert counted == {("c", 7), ("d", 0)}


def test_checks_travel() -> None:
    checks = tuple(load_checks().values())
    assert decode_checks(encode_checks(checks)) == checks


def damaged(data: bytes) -> Mapping[str, bytes]:
    return {"cut": data[:-1], "changed": data[:-1] + b"x", "empty": b"", "short": data[:20]}


@pytest.mark.parametrize("how", damaged(b" " * 64))
def test_checks_that_are_not_as_they_were_sent_are_refused(how: str) -> None:
    with pytest.raises(DemarcateError, match="not as they were encoded"):
        decode_checks(damaged(encode_checks(CHECKS))[how])


def test_checks_of_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from demarcate.checks import travelling

    data = encode_checks(CHECKS)
    monkeypatch.setattr(travelling, "compiler", lambda: b"another")
    with pytest.raises(DemarcateError, match="install the same"):
        decode_checks(data)


def test_what_the_caller_gives_is_what_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads, memory and the folder to spill into are what the caller says, and nothing is written elsewhere."""
    seen: dict[str, Any] = {}
    real = Database

    def database(*given: Any, **more: Any) -> Any:
        made = real(*given, **more)
        names = "('threads', 'memory_limit', 'temp_directory')"
        seen.update(
            made.connection.execute(f"SELECT name, value FROM duckdb_settings() WHERE name IN {names}").fetchall()
        )
        return made

    monkeypatch.setattr(engine, "Database", database)
    monkeypatch.chdir(tmp_path)
    taken = Snapshot.open(write(tmp_path / "s", "1", encrypted=False))
    judge(taken, CHECKS, threads=1, memory=128 << 20, temp=tmp_path)
    assert seen["threads"] == "1"
    assert seen["memory_limit"].startswith("128")
    assert Path(seen["temp_directory"]).parent == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["s"]

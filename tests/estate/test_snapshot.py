"""Snapshots: whole or not there; damaged ones are messages."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.connection import connect
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots import writing
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import table
from tests import processes
from tests.processes import started

VOLUMES = table("aws_ebs_volume")
COLUMNS = [column.name for column in VOLUMES.all_columns]


def write(out: Path | None, rows: list[dict[str, Any]]) -> Snapshot:
    with SnapshotWriter("live", "test", out=out) as writer:
        part = writer.part(VOLUMES, COLUMNS, "1", "eu-west-1")
        part.append(rows)
        part.seal()
        writer.unread(
            Unread(kind=Kind.DENIED, reason="denied", table="aws_ebs_snapshot", account="1", region="eu-west-1")
        )
        return writer.finish()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(
        tmp_path / "s",
        [
            {
                "resource": "a",
                "encrypted": True,
                "size": 8,
                "tags": {"k": "v"},
                "attached_instance_ids": ["i", "j"],
            },
            {
                "resource": "b",
                "encrypted": Unknown(Kind.MALFORMED, "why not"),
                "create_time": "2026-01-02T03:04:05",
            },
        ],
    )
    snapshot = Snapshot.open(tmp_path / "s")
    a, b = rows_of(snapshot, VOLUMES, COLUMNS)
    assert (a["encrypted"], a["size"], a["attached_instance_ids"]) == (True, 8, ["i", "j"])
    assert json.loads(a["tags"]) == {"k": "v"}
    assert (b["encrypted"], json.loads(b["_unknown"])) == (
        None,
        {"encrypted": {"kind": "malformed", "reason": "why not"}},
    )
    assert str(b["create_time"]) == "2026-01-02 03:04:05"
    assert [str(unread) for unread in snapshot.unread] == ["1 eu-west-1: denied"]


def test_what_nobody_keeps_is_lines_until_its_files_are_asked_for() -> None:
    own = {"resource": "b", "encrypted": Unknown(Kind.MALFORMED, "why"), "tags": {"k": "v"}, "size": 8}
    rows: list[dict[str, Any]] = [{"resource": "a", "attached_instance_ids": ["i", "'"]}, own]
    rows += [{"resource": "c", "create_time": "2026-01-02T03:04:05", "iops": 2**40, "tags": {"é": "\\u0000"}}]
    with write(None, rows) as snapshot, connect(*snapshot.folders) as connection:
        folder = snapshot.folders[0]
        lines = connection.sql(f"FROM {snapshot.rows_in(VOLUMES.name)}").fetchall()
        assert not list(folder.rglob("*.parquet"))
        assert snapshot.folder == folder
        assert not list(folder.rglob("*.ndjson"))
        assert connection.sql(f"FROM {snapshot.rows_in(VOLUMES.name)}").fetchall() == lines
        assert len(lines) == len(rows)


def test_a_snapshot_is_itself_a_source(tmp_path: Path) -> None:
    write(tmp_path / "s", [{"resource": "a"}])
    assert collect_snapshot([tmp_path / "s"]).folder == tmp_path / "s"


def test_a_temporary_snapshot_goes_with_its_object() -> None:
    with SnapshotWriter("live", "test") as writer:
        snapshot = writer.finish()
    folder = snapshot.folder
    assert folder.is_dir()
    del snapshot
    assert not folder.exists()


def test_nothing_is_left_of_a_snapshot_that_was_not_finished(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), SnapshotWriter("live", "test", out=tmp_path / "s") as writer:
        writer.part(VOLUMES, COLUMNS).append([{"resource": "a"}])
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DemarcateError, match="exists already"):
        SnapshotWriter("live", "test", out=tmp_path)


KILLED = """
import sys
from pathlib import Path
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
of = table("aws_ebs_volume")
with SnapshotWriter("live", "test", out=Path(sys.argv[1])) as writer:
    for number in range(10_000):
        part = writer.part(of, ["volume_id"], str(number), "r")
        part.append({"resource": f"{number}-{i}"} for i in range(200))
        part.seal()
        print(number, flush=True)
"""


def test_killed_at_any_moment_it_leaves_no_snapshot(tmp_path: Path) -> None:
    for parts in (1, 2, 20):
        out = tmp_path / f"s{parts}"
        with started(sys.executable, "-c", KILLED, out) as process:
            assert process.stdout is not None
            for _ in range(parts):
                assert process.stdout.readline()
        assert process.returncode == -signal.SIGKILL
        assert not out.exists()
        with pytest.raises(DemarcateError, match="not a snapshot"):
            Snapshot.open(out)


def damage_missing(folder: Path) -> None:
    next(folder.rglob("*.parquet")).unlink()


def damage_truncated(folder: Path) -> None:
    part = next(folder.rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-10])


def damage_empty(folder: Path) -> None:
    next(folder.rglob("*.parquet")).write_bytes(b"")


def damage_manifest(folder: Path) -> None:
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:50])


def damage_newer(folder: Path) -> None:
    edit(folder, format=99, something="new")


def damage_outside(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    part = {"account": None, "region": None, "rows": 1, "file": "../../etc/passwd"}
    edit(folder, parts=manifest["parts"] | {"aws_ebs_volume": [part]})


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (damage_manifest, "damaged"),
        (damage_newer, "written by a newer version"),
        (damage_outside, "expected tables/TABLE/NAME.parquet"),
    ],
)
def test_a_damaged_snapshot_is_a_message(damage: Any, says: str, tmp_path: Path) -> None:
    write(tmp_path / "s", [{"resource": "a"}])
    damage(tmp_path / "s")
    with pytest.raises(DemarcateError, match=says):
        Snapshot.open(tmp_path / "s")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (damage_missing, "is missing"),
        (damage_truncated, "is truncated or damaged"),
        (damage_empty, "is damaged"),
    ],
)
def test_a_part_that_cannot_be_read_was_not_read(damage: Any, says: str, tmp_path: Path) -> None:
    write(tmp_path / "s", [{"resource": "a"}])
    damage(tmp_path / "s")
    *_, gap = (snapshot := Snapshot.open(tmp_path / "s")).unread
    assert (gap.account, gap.table, gap.kind) == ("1", "aws_ebs_volume", Kind.MALFORMED)
    assert gap.reason == f"tables/aws_ebs_volume/00000.parquet {says}; collect the snapshot again"
    assert snapshot.manifest.tables["aws_ebs_volume"].parts == ()


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: writing fails in the same way."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "from pathlib import Path\n"
        "from demarcate.estate.snapshots.writing import SnapshotWriter\n"
        "from demarcate.estate.tables import table\n"
        "try:\n"
        "    with SnapshotWriter('live', 'test', out=Path(sys.argv[1])) as writer:\n"
        "        part = writer.part(table('aws_ebs_volume'), ['volume_id'])\n"
        "        part.append({'resource': str(i) * 50} for i in range(5000))\n"
        "        part.seal()\n"
        "        writer.finish()\n"
        "except OSError as error:\n"
        "    print('caught', error.errno)\n"
    )
    out = tmp_path / "s"
    done = processes.python("-c", code, out)
    assert done.stdout.startswith("caught"), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_takes_more_memory_than_it_may_is_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MEMORY", 1_000_000)
    with SnapshotWriter("live", "test", out=tmp_path / "s") as writer:
        part = writer.part(VOLUMES, COLUMNS)
        part.append({"resource": str(i) * 500} for i in range(5000))
        part.seal()
        snapshot = writer.finish()
    (unread,) = snapshot.unread
    assert (unread.table, unread.kind) == (VOLUMES.name, Kind.TOO_MUCH)
    assert snapshot.files(VOLUMES.name) == []


@pytest.mark.parametrize(
    "manifest",
    [{"version": "36.0.0", "artifacts": {"Stack": {}}}, {"name": "app", "short_name": "a", "icons": []}],
)
def test_a_manifest_of_another_program_makes_no_snapshot(manifest: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "Stack.template.json").write_text('{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}')
    snapshot = collect_snapshot([tmp_path])
    assert [row["resource"] for row in rows_of(snapshot, table("aws_s3_bucket"), ["resource"])] == ["B"]
    assert snapshot.unread == ()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are Unicode")
def test_names_of_folders_in_any_locale(tmp_path: Path) -> None:
    """A name that is UTF-8 is one where the locale is not; one that is none cannot be given to the database."""
    for name, code, said in ((b"\xc3\xa4", 0, "1\n"), (b"\xe4", 2, "give the folder a name that is UTF-8")):
        folder = tmp_path / os.fsdecode(name)
        folder.mkdir()
        (folder / "t.yaml").write_text("Resources: {B: {Type: AWS::S3::Bucket}}")
        environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TMPDIR": os.fsdecode(folder)}
        done = processes.demarcate(
            "query", "SELECT count(*) AS n FROM aws_s3_bucket", folder / "t.yaml", environment=environment
        )
        assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done.stderr


def test_rows_from_several_threads_are_all_there(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(writer: SnapshotWriter, number: int) -> None:
        part = writer.part(VOLUMES, COLUMNS, str(number), "r")
        part.append({"resource": f"{number}-{i}", "account_id": str(number)} for i in range(100))
        part.seal()

    with SnapshotWriter("live", "test", out=tmp_path / "s") as writer:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: write(writer, number), range(40)))
        snapshot = writer.finish()
    assert len({row["resource"] for row in rows_of(snapshot, VOLUMES, ["resource"])}) == 4000

"""Manifests and journals that somebody prepared: each is refused with one message, or what is odd in it is not used."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.journal import Began, Journal, Key, Sealed, SealedPart, partial_folder
from demarcate.estate.snapshots.manifest import Part, part_file
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from tests.children import demarcate, one_message

VOLUMES = table("aws_ebs_volume")
GOOD = "tables/aws_ebs_volume/00000.parquet"


@cache
def written() -> Path:
    """A snapshot, which nobody changes: each test has a copy of it."""
    out = Path(tempfile.mkdtemp()) / "s"
    with SnapshotWriter("live", "test", out=out) as writer:
        part = writer.part(VOLUMES, ["volume_id"])
        part.append([{"resource": "a", "volume_id": "a"}])
        part.seal()
        writer.finish()
    return out


def write(out: Path) -> Path:
    return Path(shutil.copytree(written(), out))


def edited(folder: Path, change: Any) -> Path:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_text(json.dumps(manifest))
    return folder


def part(**values: Any) -> Any:
    def change(manifest: Any) -> None:
        manifest["parts"]["aws_ebs_volume"][0].update(values)

    return change


def moment(text: str) -> Any:
    return lambda manifest: manifest.update(moment=text)


def renamed(name: str) -> Any:
    def change(manifest: Any) -> None:
        for of_tables in (manifest["tables"], manifest["parts"]):
            of_tables[name] = of_tables.pop("aws_ebs_volume")

    return change


ODD: dict[str, tuple[Any, str]] = {
    **{
        f"part {name!r}": (part(file=name), "expected tables/TABLE/NAME.parquet")
        for name in (
            *("*.parquet", "tables/aws_ebs_volume/*.parquet", "tables/aws_ebs_volume/0000?.parquet"),
            *(
                "tables/aws_ebs_volume/[0]0000.parquet",
                "tables/*/00000.parquet",
                "../../etc/passwd",
                "/etc/passwd",
            ),
            *("tables/aws_ebs_volume/../aws_ebs_volume/00000.parquet", "tables/aws_s3_bucket/00000.parquet", ""),
            *("s3://bucket/x.parquet", "http://127.0.0.1:9/x.parquet", "tables/aws_ebs_volume/.parquet", "a\0b"),
            *("tables/aws_ebs_volume/a'b.parquet", "tables/aws_ebs_volume/k=v/0.parquet", "x" * 100_000),
        )
    },
    "another table": (renamed('aws"; DROP TABLE x'), "expected tables/TABLE/NAME.parquet"),
    "rows without a file": (part(file=None), "1 rows without a file"),
    "a file without rows": (part(rows=0), "0 rows in a file"),
    "less than no rows": (part(rows=-5), "-5 rows"),
    "too many rows": (part(rows=10**17), "rows in a file"),
    "a moment before the first": (moment("0001-01-01T00:00:00+14:00"), "its moment: "),
    "a moment after the last": (moment("9999-12-31T23:59:59-14:00"), "its moment: "),
    "no moment": (moment("yesterday"), "moment"),
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_manifest_is_refused(what: str, tmp_path: Path) -> None:
    change, says = ODD[what]
    folder = edited(write(tmp_path / "s"), change)
    with pytest.raises(DemarcateError, match=r"damaged|expected|moment|rows") as error:
        Snapshot.open(folder)
    assert says in str(error.value)
    assert len(str(error.value)) < 1000


def of_accounts(out: Path) -> Path:
    with SnapshotWriter("live", "test", out=out) as writer:
        for account in ("1", "2"):
            part = writer.part(VOLUMES, ["volume_id", "encrypted"], account, "r")
            part.append(
                [{"resource": f"volume of {account}", "account_id": account, "region": "r", "encrypted": True}]
            )
            part.seal()
        writer.finish()
    return out


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def of_another(path: Path) -> None:
    path.write_bytes(path.with_name("2.json").read_bytes())


def led_out(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


@pytest.mark.parametrize("damage", [Path.unlink, emptied, of_another, led_out, lambda path: path.write_text("{}")])
def test_what_is_damaged_of_an_account_is_that_accounts_alone(damage: Any, tmp_path: Path) -> None:
    folder = of_accounts(tmp_path / "s")
    damage(folder / "accounts" / "1.json")
    (gap,) = (snapshot := Snapshot.open(folder)).unread
    assert (gap.account, gap.kind, gap.tables) == ("1", Kind.MALFORMED, ("aws_ebs_volume",))
    assert gap.reason.startswith("accounts/1.json is damaged: ")
    judged = judge(snapshot, [load_checks()["ebs-volume-encrypted"]], passes=True).findings()
    assert {(finding.account, finding.verdict) for finding in judged} == {("1", "unknown"), ("2", "pass")}


def test_some_accounts_are_read_without_the_others(tmp_path: Path) -> None:
    folder = of_accounts(tmp_path / "s")
    whole = Snapshot.open(folder)
    (folder / "accounts" / "1.json").unlink()
    some = Snapshot.open(folder, ["2"])
    assert some.manifest == whole.of(["2"]).manifest


def test_accounts_may_be_called_anything(tmp_path: Path) -> None:
    with SnapshotWriter("config", "test", out=tmp_path / "s") as writer:
        for account in ("/../../x", "a/b", ".", "é" * 300, "", "a"):
            part = writer.part(VOLUMES, ["volume_id"], account, "r")
            part.append([{"resource": account, "account_id": account}])
            part.seal()
        written = writer.finish()
    assert Snapshot.open(tmp_path / "s").manifest == written.manifest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s"]


def test_a_moment_without_an_offset_is_utc(tmp_path: Path) -> None:
    folder = edited(write(tmp_path / "s"), moment("2026-01-02T03:04:05"))
    assert Snapshot.open(folder).moment == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


RAW = {
    "deep": '{"format": 1, "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "a number of 6,000 digits": '{"format": 1' + "0" * 6000 + "}",
    "no number": '{"format": NaN}',
    "null": "null",
    "text": '"' + "a" * 1_000_000,
    "a NUL": "\0" * 100,
    "no UTF-8": '{"format": 1, "source": "\udcb2"}',
}


@pytest.mark.parametrize("what", RAW)
def test_what_is_no_manifest(what: str, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "manifest.json").write_text(RAW[what], errors="surrogateescape")
    done = demarcate("query", "SELECT 1 FROM aws_ebs_volume", "s", cwd=tmp_path)
    one_message(done, "s/manifest.json: damaged")


def test_a_damaged_part_ends_with_exit_code_3(tmp_path: Path) -> None:
    """What depends on it is unknown, the rest is judged, and the report says so."""
    folder = write(tmp_path / "s")
    (part,) = (folder / "tables").glob("*/*.parquet")
    data = part.read_bytes()
    part.write_bytes(data[:4] + b"x" * (len(data) - 12) + data[-8:])
    done = demarcate("assess", "s", cwd=tmp_path)
    assert done.code == 3
    assert f"{part.relative_to(folder)} is damaged" in " ".join(done.out.split())


def test_a_huge_manifest_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    with (tmp_path / "s" / "manifest.json").open("wb") as file:
        file.write(b'{"format": 1')
        file.truncate(1 << 30)
    done = demarcate("query", "SELECT 1 FROM aws_ebs_volume", "s", cwd=tmp_path)
    one_message(done, "s/manifest.json: damaged", "at most 100,000,000")


@pytest.mark.parametrize("name", ["my [prod] estate*", "it's", 'a"b', "k=v", "encrypted=true", "~", "file:", "ü?"])
def test_a_folder_of_any_name_holds_its_own_rows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write(tmp_path / "my p estate").rename(tmp_path / "my p estate of another")
    assert other.is_dir()
    folder = write(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for given in (folder, Path(name)):
        snapshot = Snapshot.open(given)
        assert snapshot.files("aws_ebs_volume") == [os.path.realpath(folder / GOOD)]
        assert list(rows_of(snapshot, VOLUMES, ["volume_id", "encrypted"])) == [
            {"volume_id": "a", "encrypted": None}
        ]


@pytest.mark.parametrize("name", ["my [prod] estate*", "encrypted=true", "it's"])
def test_a_folder_of_any_name_is_judged_by_its_own_rows(name: str, tmp_path: Path) -> None:
    write(tmp_path / "my p estate").rename(tmp_path / "my p estate of another")
    write(tmp_path / name)
    done = demarcate(
        "query", "SELECT resource, encrypted FROM aws_ebs_volume", name, "--format", "json", cwd=tmp_path
    )
    assert (done.code, json.loads(done.out)) == (0, [{"resource": "a", "encrypted": None}]), done.said
    assessed = demarcate("assess", name, "--check", "ebs-volume-encrypted", "--format", "json", cwd=tmp_path)
    assert [finding["verdict"] for finding in json.loads(assessed.out)["findings"]] == ["unknown"]


@pytest.mark.parametrize("name", ["../../x", "a/b", "", ".", "..", "a*", "a\nb", "a" * 300, "/etc/passwd", "a'b"])
def test_no_part_is_written_under_a_name_that_is_none(name: str) -> None:
    with pytest.raises(DemarcateError, match="cannot be the name of a part"):
        part_file("aws_ebs_volume", name)


def test_a_writer_does_not_leave_its_folder(tmp_path: Path) -> None:
    out = tmp_path / "out" / "s"
    with (
        pytest.raises(DemarcateError, match="cannot be the name of a part"),
        SnapshotWriter("live", "test", out=out, asked={}) as writer,
    ):
        unit = writer.unit("aws_ebs_volume", "/../../../../x", "eu-west-1")
        unit.part(VOLUMES, ["volume_id"]).append([{"resource": "a"}])
        unit.seal()
    assert list(tmp_path.iterdir()) == []


# --- Journals -------------------------------------------------------------------------------------------

BEGAN = Began(moment=datetime(2026, 1, 1, tzinfo=UTC), source="live", origin="aws", asked={})


def journal(out: Path, *lines: Began | Sealed) -> Path:
    """The folder that an earlier run left, with a part that is whole."""
    folder = partial_folder(out)
    whole = write(out.parent / "whole")
    (folder / "tables").mkdir(parents=True)
    (whole / "tables" / "aws_ebs_volume").rename(folder / "tables" / "aws_ebs_volume")
    (folder / "journal.jsonl").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return folder


def sealed(**values: Any) -> Sealed:
    given: dict[str, Any] = {"account": "123456789012", "region": "eu-west-1", "rows": 1, "file": GOOD} | values
    sealed_part = SealedPart("aws_ebs_volume", ("volume_id",), Part(**given))
    return Sealed(table="aws_ebs_volume", account="123456789012", region="eu-west-1", parts=(sealed_part,))


def held(out: Path) -> dict[Key, Sealed]:
    """What another run would go on with."""
    opened = Journal(out, BEGAN, resume=True)
    opened.close()
    return opened.held


def test_what_a_journal_says_is_gone_on_with(tmp_path: Path) -> None:
    journal(tmp_path / "s", BEGAN, sealed())
    assert len(held(tmp_path / "s")) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"file": "../../../etc/passwd"},
        {"file": "tables/aws_ebs_volume/*.parquet"},
        {"file": "/dev/zero"},
        {"rows": -1},
        {"rows": 10**17},
        {"file": None},
    ],
    ids=str,
)
def test_a_unit_that_is_odd_is_read_again(values: dict[str, Any], tmp_path: Path) -> None:
    journal(tmp_path / "s", BEGAN, sealed(**values))
    assert held(tmp_path / "s") == {}


@pytest.mark.parametrize(
    "line",
    [b"[" * 100_000, b'{"type": "sealed", "x": ' + b"[" * 100_000, b"\0" * 11_000_000, b"1" * 6000 + b"\n"],
    ids=["deep", "deep inside", "a line without end", "a number"],
)
def test_a_line_that_is_odd_ends_the_journal(line: bytes, tmp_path: Path) -> None:
    folder = journal(tmp_path / "s", BEGAN, sealed())
    before = (folder / "journal.jsonl").read_bytes()
    (folder / "journal.jsonl").write_bytes(before + line)
    assert len(held(tmp_path / "s")) == 1
    assert (folder / "journal.jsonl").read_bytes() == before


def test_a_journal_of_no_moment_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = journal(tmp_path / "s", BEGAN)
    text = (folder / "journal.jsonl").read_text().replace("2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00")
    (folder / "journal.jsonl").write_text(text)
    with pytest.raises(DemarcateError, match="at a moment that is none"):
        Journal(tmp_path / "s", BEGAN, resume=True)


@pytest.mark.parametrize("name", ["", "tables", "tables/aws_ebs_volume", "journal.jsonl"])
def test_nothing_is_gone_on_with_through_a_link(name: str, tmp_path: Path) -> None:
    folder = journal(tmp_path / "s", BEGAN)
    mine = tmp_path / "mine"
    (folder / name).rename(mine)
    (folder / name).symlink_to(mine)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(DemarcateError, match="delete"):
        Journal(tmp_path / "s", BEGAN, resume=True)
    assert {path: path.stat().st_mtime_ns for path in files} == files


def test_a_journal_that_is_a_pipe(tmp_path: Path) -> None:
    folder = journal(tmp_path / "s", BEGAN)
    (folder / "journal.jsonl").unlink()
    os.mkfifo(folder / "journal.jsonl")
    with pytest.raises(DemarcateError, match="is no file"):
        Journal(tmp_path / "s", BEGAN, resume=True)

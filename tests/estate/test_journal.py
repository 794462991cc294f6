"""What a run that was stopped leaves: what is whole counts, what is not is read again, and no run takes another's."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.journal import NAME, Journal, Sealed, partial_folder
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.snapshots.writing import SnapshotWriter, Stopped
from demarcate.estate.sources.accounts import Accounts
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table
from tests import processes

ASKED = {"tables": "aws_vpc, aws_ebs_volume", "columns": "0" * 64, "regions": "r", "accounts": "", "endpoint": ""}
DENIED = Unread(kind=Kind.DENIED, reason="denied", table="aws_vpc", account="1", region="r", columns=("tags",))
REGIONS = ("a", "b", "c")


def writer(out: Path, *, resume: bool = False, **asked: str) -> SnapshotWriter:
    return SnapshotWriter("live", "aws", out=out, asked=ASKED | asked, resume=resume)


def read(into: SnapshotWriter, region: str) -> bool:
    """Read a unit with a row, as a collection does: not where it is held."""
    if into.holds("aws_vpc", "1", region):
        return False
    unit = into.unit("aws_vpc", "1", region)
    unit.part(table("aws_vpc"), ["arn"]).append([{"resource": region}])
    unit.part(table("aws_ebs_volume"), ["arn"]).append([])
    unit.unread(DENIED)
    unit.seal()
    return True


def stopped(out: Path, regions: tuple[str, ...] = REGIONS) -> Path:
    """The partial folder of a run that was stopped when it had read these regions."""
    with pytest.raises(KeyboardInterrupt), writer(out) as into:
        into.read_as("1")
        for region in regions:
            read(into, region)
        raise KeyboardInterrupt
    return partial_folder(out)


def resumed(out: Path) -> tuple[Snapshot, list[str]]:
    """The snapshot that a later run makes of it, and the regions that this run read."""
    with writer(out, resume=True) as into:
        into.read_as("1")
        again = [region for region in REGIONS if read(into, region)]
        return into.finish(), again


def assert_whole(snapshot: Snapshot) -> None:
    held = snapshot.manifest.tables
    assert [(part.region, part.rows) for part in held["aws_vpc"].parts] == [(region, 1) for region in REGIONS]
    assert [(part.region, part.file) for part in held["aws_ebs_volume"].parts] == [(r, None) for r in REGIONS]
    rows = rows_of(Snapshot.open(snapshot.folder), table("aws_vpc"), ["resource"])
    assert [row["resource"] for row in rows] == list(REGIONS)
    assert snapshot.unread == (DENIED,)
    files = [str(path.relative_to(snapshot.folder)) for path in snapshot.folder.rglob("*") if path.is_file()]
    assert sorted(files) == [
        "accounts/1.json",
        "manifest.json",
        *(f"tables/aws_vpc/1.{region}.parquet" for region in REGIONS),
    ]


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    stopped(tmp_path / "s", ("a", "c"))
    snapshot, again = resumed(tmp_path / "s")
    assert again == ["b"]
    assert_whole(snapshot)
    assert list(tmp_path.iterdir()) == [tmp_path / "s"]


def test_the_moment_is_that_of_the_first_run(tmp_path: Path) -> None:
    edit(stopped(tmp_path / "s"), moment="2026-01-02T03:04:05Z")
    assert resumed(tmp_path / "s")[0].moment.isoformat() == "2026-01-02T03:04:05+00:00"


def test_a_unit_that_could_not_be_read_is_read_again(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), writer(tmp_path / "s") as into:
        read(into, "a")
        into.unit("aws_vpc", "1", "b").discard(
            Unread(kind=Kind.THROTTLED, reason="throttled", table="aws_vpc", region="b")
        )
        raise KeyboardInterrupt
    snapshot, again = resumed(tmp_path / "s")
    assert again == ["b", "c"]
    assert_whole(snapshot)


# --- Damage -------------------------------------------------------------------------------------------------


def last_line_cut(folder: Path) -> None:
    path = folder / NAME
    path.write_bytes(path.read_bytes()[:-1])


def line_garbled(folder: Path) -> None:
    with (folder / NAME).open("ab") as file:
        file.write(b'\0\0\0{"type":"sealed","table":"aws_ebs_volume"')


def line_no_text(folder: Path) -> None:
    with (folder / NAME).open("ab") as file:
        file.write(b'{"type":"sealed","table":"\xb2"}\n')


def part_missing(folder: Path) -> None:
    (folder / "tables" / "aws_vpc" / "1.b.parquet").unlink()


def part_truncated(folder: Path) -> None:
    path = folder / "tables" / "aws_vpc" / "1.b.parquet"
    path.write_bytes(path.read_bytes()[:-9])


def part_empty(folder: Path) -> None:
    (folder / "tables" / "aws_vpc" / "1.b.parquet").write_bytes(b"")


def part_nobody_knows(folder: Path) -> None:
    (folder / "tables" / "aws_vpc" / "1.d.parquet").write_bytes(b"")
    (folder / "tables" / "aws_vpc" / "x.ndjson").write_text("{")
    (folder / ".manifest.json.0123abcd").write_text("{")
    (folder / "accounts").mkdir()
    (folder / "accounts" / ".1.json.0123abcd").write_text("{")


def journal_empty(folder: Path) -> None:
    (folder / NAME).write_bytes(b"")


def journal_missing(folder: Path) -> None:
    (folder / NAME).unlink()


@pytest.mark.parametrize(
    ("damage", "again"),
    [
        (last_line_cut, ["c"]),
        (line_garbled, []),
        (line_no_text, []),
        (part_missing, ["b"]),
        (part_truncated, ["b"]),
        (part_empty, ["b"]),
        (part_nobody_knows, []),
        (journal_empty, ["a", "b", "c"]),
        (journal_missing, ["a", "b", "c"]),
    ],
)
def test_what_is_not_whole_is_read_again(damage: Callable[[Path], None], again: list[str], tmp_path: Path) -> None:
    damage(stopped(tmp_path / "s"))
    snapshot, calls = resumed(tmp_path / "s")
    assert calls == again
    assert_whole(snapshot)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stopped(tmp_path_factory.mktemp("left") / "s")


@settings(max_examples=20)
@given(cut=st.integers(0, 2000), garbage=st.binary(max_size=40))
def test_a_journal_that_ends_anywhere(left: Path, cut: int, garbage: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "s"
        path = shutil.copytree(left, partial_folder(out)) / NAME
        path.write_bytes(path.read_bytes()[:cut] + garbage)
        assert_whole(resumed(out)[0])


def test_a_full_disk_keeps_what_was_whole_before(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: writing fails in the same way."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from pathlib import Path\n"
        "from tests.estate.test_journal import read, table, writer\n"
        "try:\n"
        "    with writer(Path(sys.argv[1])) as into:\n"
        "        read(into, 'a')\n"
        "        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "        unit = into.unit('aws_vpc', '1', 'b')\n"
        "        unit.part(table('aws_vpc'), ['arn']).append({'resource': str(i) * 50} for i in range(5000))\n"
        "        unit.seal()\n"
        "except OSError as error:\n"
        "    print('caught', error.errno)\n"
    )
    out = tmp_path / "s"
    done = processes.python("-c", code, out)
    assert done.stdout.startswith("caught"), done.stderr
    snapshot, again = resumed(out)
    assert again == ["b", "c"]
    assert_whole(snapshot)


# --- Other runs ---------------------------------------------------------------------------------------------


def edit(folder: Path, **changes: Any) -> None:
    path = folder / NAME
    first, rest = path.read_text().split("\n", 1)
    path.write_text(json.dumps(json.loads(first) | changes) + "\n" + rest)


def test_what_is_left_is_not_written_over(tmp_path: Path) -> None:
    folder = stopped(tmp_path / "s")
    with pytest.raises(DemarcateError, match=r"go on with it \(--resume\), or delete that folder") as told:
        writer(tmp_path / "s")
    assert str(folder) in str(told.value)
    assert_whole(resumed(tmp_path / "s")[0])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"tables": "aws_vpc"}, "with other tables (aws_vpc, aws_ebs_volume; now aws_vpc)"),
        ({"columns": "1" * 64}, "with other columns. Ask"),
        ({"regions": ""}, "with other regions (r; now none)"),
        ({"accounts": "the organization"}, "with other accounts (none; now the organization)"),
        ({"endpoint": "http://127.0.0.1:1"}, "with other endpoint (none; now http://127.0.0.1:1)"),
    ],
)
def test_what_is_left_of_a_run_that_was_asked_for_something_else(
    asked: dict[str, str], says: str, tmp_path: Path
) -> None:
    stopped(tmp_path / "s")
    with pytest.raises(DemarcateError) as told:
        writer(tmp_path / "s", resume=True, **asked)
    assert says in str(told.value)
    assert_whole(resumed(tmp_path / "s")[0])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"demarcate": "0.0.0"}, "with version 0.0.0 of demarcate"),
        ({"format": 99}, "with version"),
        ({"origin": "elsewhere"}, "from elsewhere, not from aws"),
    ],
)
def test_what_is_left_of_another_version(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    edit(stopped(tmp_path / "s"), **changes)
    with pytest.raises(DemarcateError, match=says):
        writer(tmp_path / "s", resume=True)


def test_what_is_left_of_another_account(tmp_path: Path) -> None:
    stopped(tmp_path / "s")
    with (
        writer(tmp_path / "s", resume=True) as into,
        pytest.raises(DemarcateError, match="credentials of the account 1, and these are of 2"),
    ):
        into.read_as("2")


def test_a_second_run_at_the_same_time(tmp_path: Path) -> None:
    with writer(tmp_path / "s"):
        for resume in (True, False):
            with pytest.raises(DemarcateError, match="another run is writing it"):
                writer(tmp_path / "s", resume=resume)


def test_what_is_asked_for_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that changes what a collection reads changes what is noted of it."""
    noted: list[dict[str, str]] = []

    class Noting(SnapshotWriter):
        def __init__(self, *_: Any, asked: dict[str, str], **__: Any) -> None:
            noted.append(asked)
            raise KeyboardInterrupt

    monkeypatch.setattr("demarcate.estate.sources.aws.source.SnapshotWriter", Noting)
    columns = {"aws_vpc": frozenset({"arn"})}
    for selection, options in (
        (None, Options()),
        ({"aws_vpc": None}, Options()),
        (columns, Options()),
        ({"aws_vpc": frozenset({"cidr_block"})}, Options()),
        (columns, Options(regions=("eu-west-1",))),
        (columns, Options(endpoint_url="http://127.0.0.1:1")),
        (columns, Options(accounts=Accounts(organization=True))),
        (columns, Options(accounts=Accounts(only=("123456789012",)))),
    ):
        with pytest.raises(KeyboardInterrupt):
            collect_snapshot(["aws"], options, selection=selection, out=tmp_path / "s")
    assert len({json.dumps(asked) for asked in noted}) == len(noted)


@pytest.mark.parametrize("out", [None, Path("s")])
def test_only_a_live_collection_with_a_folder_is_gone_on_with(out: Path | None, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {V: {Type: 'AWS::EC2::Volume'}}")
    sources = ["aws"] if out is None else [tmp_path / "t.yaml"]
    with pytest.raises(DemarcateError, match="gone on with" if out is None else "which --resume is not for"):
        collect_snapshot(sources, Options(resume=True), out=out)


# --- Ends ---------------------------------------------------------------------------------------------------


def test_a_run_that_read_nothing_leaves_nothing(tmp_path: Path) -> None:
    stopped(tmp_path / "s", ())
    assert list(tmp_path.iterdir()) == []


def test_a_signal_right_after_the_first_unit_was_noted_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "s"
    with writer(out) as into:

        def seal(self: Journal, sealed: Sealed) -> None:
            real(self, sealed)
            into._leave()  # as a signal has it
            assert b"sealed" in (partial_folder(out) / NAME).read_bytes()

        real = Journal.seal
        monkeypatch.setattr(Journal, "seal", seal)
        assert read(into, "a")
    assert partial_folder(out).exists()


def test_whoever_writes_is_told_that_another_gave_up(tmp_path: Path) -> None:
    with writer(tmp_path / "s") as into:
        part = into.unit("aws_vpc", "1", "r").part(table("aws_vpc"), ["arn"])
        into.stop()
        with pytest.raises(Stopped):
            part.append([{"resource": "a"}])

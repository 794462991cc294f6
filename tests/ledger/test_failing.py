"""Disks that are full or read-only, writers that are killed, and files that are no ledger."""

from __future__ import annotations

import re
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demarcate.cli import app
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger
from demarcate.ledger.opening import LedgerError, name_of, url_of
from tests.ledger import confined
from tests.ledger.test_databases import fill, verified
from tests.processes import demarcate, python

SIGN_IN = "configuration-management.federate-sign-in"
ATTEST = ("attest", SIGN_IN, "--statement", "All do", "--until", "2999-12-31", "--as", "anna@example.com")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder in which nothing can be changed."""
    modes = {path: path.stat().st_mode for path in (*folder.iterdir(), folder)}
    try:
        for path, mode in modes.items():
            path.chmod(mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


# --- Disks ----------------------------------------------------------------------------------------------


def test_a_ledger_that_is_read_only_is_read(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    fill(str(place), 2)
    with read_only(tmp_path):
        listed, verified_, refused = confined.run(
            confined.heed_permissions,
            ("ledger", "list", "--ledger", place),
            ("ledger", "verify", "--ledger", place),
            (*ATTEST, "--ledger", place),
        )
        assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.sqlite"]
    assert (listed[0], listed[1].count("tested")) == (0, 2)
    assert verified_[0] == 0
    assert "2 entries, each in its place" in verified_[1]
    assert refused == (2, f"demarcate: {place}: the ledger cannot be used: attempt to write a readonly database")
    assert verified(str(place)) == 2


_LEFT = """
import os, sys
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger

held = Ledger(sys.argv[1], reading=True)._engine.connect()
held.exec_driver_sql("SELECT * FROM ledger_entries").all()
Ledger(sys.argv[1]).append(Actor(person="anna"), Act(kind="tested"))
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_writer_left_beside_the_file_is_read(tmp_path: Path) -> None:
    """What is recorded last may stand beside the file yet, where those who may not write must find it, too."""
    place = tmp_path / "ledger.sqlite"
    fill(str(place), 2)
    assert python("-c", _LEFT, place).returncode == -9
    assert (tmp_path / "ledger.sqlite-wal").stat().st_size
    with read_only(tmp_path):
        ((code, said),) = confined.run(confined.heed_permissions, ("ledger", "verify", "--ledger", place))
        assert "3 entries, each in its place" in said
        assert code == 0
    assert verified(str(place)) == 3


def test_where_nothing_can_be_made(tmp_path: Path) -> None:
    with read_only(tmp_path):
        ((code, said),) = confined.run(
            confined.heed_permissions, (*ATTEST, "--ledger", tmp_path / "sub" / "ledger")
        )
    assert code == 2
    assert "the ledger cannot be used: [Errno 13] Permission denied" in said


def test_a_full_disk_refuses(tmp_path: Path) -> None:
    place, none_yet = tmp_path / "ledger.sqlite", tmp_path / "new" / "ledger.sqlite"
    fill(str(place), 2)
    refused, not_made = confined.run(
        confined.limit_files(4096), (*ATTEST, "--ledger", place), (*ATTEST, "--ledger", none_yet)
    )
    for place_, (code, said) in ((place, refused), (none_yet, not_made)):
        assert (code, len(said.splitlines())) == (2, 1), said
        assert f"demarcate: {place_}: the ledger cannot be used: " in said
    assert verified(str(place)) == 2
    assert list(none_yet.parent.iterdir()) == []


_ONE_BY_ONE = """
import os, resource, signal, sys
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger
from demarcate.ledger.opening import LedgerError

place, how = sys.argv[1:]

def append():
    with Ledger(place) as ledger:
        ledger.append(Actor(person="anna"), *[Act(kind="tested", after="x" * 5000)] * 2)

def kill_at(count):
    left = count
    def strike(*_):
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(strike)

def limit_to(count):
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, count))

append()  # and import what it takes
count = 1
while True:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            {"kill": kill_at, "full": limit_to}[how](count)
            append()
            code = 0
        except LedgerError:
            code = 2
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code)
    if code == 0:
        break
    count += {"kill": 401, "full": 4000}[how]
"""


@pytest.mark.parametrize(("how", "code"), [("kill", -9), ("full", 2)])
def test_wherever_it_ends_nothing_is_half(tmp_path: Path, how: str, code: int) -> None:
    place = str(tmp_path / "ledger.sqlite")
    done = python("-c", _ONE_BY_ONE, place, how)
    codes = list(map(int, done.stdout.split()))
    assert (done.returncode, set(codes)) == (0, {code, 0}), done.stderr
    assert len(codes) > 5
    entries = verified(place)
    assert entries % 2 == 0
    # Who is killed may have recorded all; who is told that it failed has recorded nothing.
    assert entries == 4 if how == "full" else 4 <= entries <= 2 + 2 * len(codes)


# --- Files that are no ledger ---------------------------------------------------------------------------


def text_file(path: Path) -> None:
    path.write_text("not a database, but longer than its header would be\n" * 100)


def foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (title TEXT)")


def cut_off(path: Path) -> None:
    fill(str(path), 200)
    path.write_bytes(path.read_bytes()[:10_000])


def overwritten(path: Path) -> None:
    fill(str(path), 200)
    data = bytearray(path.read_bytes())
    data[4096 * 3 :] = b"\xaa" * (len(data) - 4096 * 3)
    path.write_bytes(data)


NO_LEDGERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a text": (text_file, "the ledger cannot be used: file is not a database"),
    "a folder": (Path.mkdir, "is no file, and so no ledger"),
    "another database": (foreign_database, "is a database of something else, and no ledger"),
    "cut off": (cut_off, "malformed"),
    "overwritten": (overwritten, "malformed|file is damaged"),
}


@pytest.mark.parametrize(("make", "says"), NO_LEDGERS.values(), ids=NO_LEDGERS)
def test_what_is_no_ledger_is_left_as_it_is(tmp_path: Path, make: Callable[[Path], object], says: str) -> None:
    place = tmp_path / "ledger.sqlite"
    make(place)
    before = place.read_bytes() if place.is_file() else b""
    done = demarcate("ledger", "verify", "--ledger", place)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert re.search(says, done.stderr)
    with pytest.raises(LedgerError, match=says), Ledger(str(place), reading=True) as ledger:
        list(ledger.entries())
    with pytest.raises(LedgerError, match=says):
        fill(str(place), 1)
    assert (place.read_bytes() if place.is_file() else b"") == before
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".sqlite"] == ["ledger.sqlite"]


def test_an_empty_file_is_an_empty_ledger(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    place.touch()
    assert "there is no ledger yet" in demarcate("ledger", "verify", "--ledger", place).stderr
    assert place.stat().st_size == 0
    assert demarcate(*ATTEST, "--ledger", place).returncode == 0
    assert verified(str(place)) == 1


def test_a_damaged_index_is_told(tmp_path: Path) -> None:
    """It would hide entries from whoever looks for those of a kind, though all are there and follow each other."""
    place = tmp_path / "ledger.sqlite"
    fill(str(place), 3)
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(
            "PRAGMA writable_schema = ON;"
            "DELETE FROM sqlite_schema WHERE name = 'ledger_entries_by_kind';"
            "PRAGMA writable_schema = RESET;"
        )
    with Ledger(str(place)) as ledger:
        ledger.append(Actor(person="anna"), Act(kind="tested"))
    done = demarcate("ledger", "verify", "--ledger", place)
    assert (done.returncode, "the file is damaged" in done.stderr) == (2, True), done


@pytest.mark.parametrize(
    ("value", "column"),
    [("x'ff'", "entry"), ("CAST(x'ff' AS TEXT)", "entry"), ("CAST(kind AS BLOB)", "kind"), ("5", "hash")],
)
def test_values_of_another_type_are_edited_ones(tmp_path: Path, value: str, column: str) -> None:
    place = tmp_path / "ledger.sqlite"
    fill(str(place), 3)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute(f"UPDATE ledger_entries SET {column} = {value} WHERE number = 2")
        connection.commit()
    done = demarcate("ledger", "verify", "--ledger", place)
    assert done.returncode == 1
    assert done.stdout.startswith("entry 2: edited: ")


def test_a_number_that_is_none_is_told(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    fill(str(place), 1)
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(
            "DROP TABLE ledger_entries; CREATE TABLE ledger_entries (number, kind, change, entry, hash);"
            "INSERT INTO ledger_entries VALUES ('1; x', 'tested', NULL, '', '')"
        )
    done = demarcate("ledger", "list", "--ledger", place)
    assert (done.returncode, "'1; x' is no number" in done.stderr) == (2, True), done.stderr


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    place = tmp_path / "ledger.sqlite"
    fill(str(place), 2)
    assert verified(str(place)) == 2
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_a_ledger_is_its_owners_alone(tmp_path: Path) -> None:
    place = tmp_path / "new" / "ledger.sqlite"
    fill(str(place), 2)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (place, place.parent)] == [0o600, 0o700]
    assert [path.name for path in place.parent.iterdir()] == ["ledger.sqlite"]


def test_a_name_that_means_something_to_sqlite_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (":memory:", "a?mode=memory", "b#c", "file:d", "é %41", "sqlite:///e", f"sqlite:///{tmp_path}/f"):
        fill(name, 2)
        assert verified(name) == 2
    assert {path.name for path in tmp_path.iterdir()} >= {
        ":memory:",
        "a?mode=memory",
        "b#c",
        "file:d",
        "é %41",
        "e",
        "f",
    }


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("postgresql://h:port/x", "the URL of the ledger cannot be read: expected postgresql://USER@HOST/NAME"),
        ("://", "the URL of the ledger cannot be read"),
        ("mysql://h/x", "a ledger is a file or postgresql://…, and no 'mysql'"),
        ("sqlite://", "a ledger is a file or postgresql://…, and no 'sqlite'"),
    ],
)
def test_urls_that_are_none(where: str, says: str) -> None:
    with pytest.raises(LedgerError, match=says.replace("…", ".")):
        Ledger(where)


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://anna:s3cret@127.0.0.1:1/ledger",
        "postgres://anna@127.0.0.1:1/ledger?password=s3cret",
        "postgresql+psycopg2://anna:s3cret@127.0.0.1:1/ledger?sslpassword=s3cret",
    ],
)
def test_no_password_is_told(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert name_of(url_of(where)) == "postgresql://anna@127.0.0.1:1/ledger"
    done = demarcate("ledger", "verify", "--ledger", where)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "postgresql://anna@127.0.0.1:1/ledger: the ledger cannot be used" in done.stderr
    assert "s3cret" not in done.stderr
    monkeypatch.setenv("DEMARCATE_LEDGER", where)
    shown = CliRunner().invoke(app, ["config"]).stdout
    assert "127.0.0.1:1/ledger" in shown
    assert "s3cret" not in shown

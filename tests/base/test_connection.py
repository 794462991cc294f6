"""Every database is opened in one place, locked."""

from __future__ import annotations

import ast
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from demarcate.base import duckdb as engine
from demarcate.base.connection import Limits, TookTooLong, _allocated, ahead, bounded, connect, deadline, select_of
from demarcate.base.errors import DemarcateError
from demarcate.base.sql import literal
from tests import processes
from tests.each import each

SOURCE = Path(__file__).parents[2] / "src" / "demarcate"
ONLY = (SOURCE / "base" / "connection.py", SOURCE / "base" / "duckdb.py")


MODULES = ("duckdb", "_duckdb")


def calls(tree: ast.AST) -> Iterator[int]:
    """The lines on which something of the module duckdb is called, or brought in by another name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            renamed = any(alias.name == "duckdb" and alias.asname for alias in node.names)
            if (node.module or "").removeprefix("demarcate.base.").split(".")[0] in MODULES or renamed:
                yield node.lineno
        elif isinstance(node, ast.Import):
            ours = [alias for alias in node.names if alias.name.split(".")[0] in MODULES]
            if any(alias.asname or alias.name != "duckdb" for alias in ours):
                yield node.lineno
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else ""
            while isinstance(called, ast.Attribute):
                called = called.value
            if isinstance(called, ast.Name) and called.id in MODULES and name != "relation":
                yield node.lineno


@each("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_other_module_calls_duckdb(path: Path) -> None:
    if path not in ONLY:
        assert not list(calls(ast.parse(path.read_text()))), "open databases with base/connection.py"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import duckdb\nduckdb.connect()", [2]),
        ("import duckdb\nduckdb.get_table_names('x')", [2]),
        ("from duckdb import connect", [1]),
        ("import duckdb as d", [1]),
        ("import _duckdb", [1]),
        ("from demarcate.base import duckdb\nduckdb.connect()", [2]),
        ("from demarcate.base import duckdb as d", [1]),
        ("from demarcate.base.duckdb import connect", [1]),
        ("import duckdb\ntry:\n  pass\nexcept duckdb.Error:\n  pass\nconnection.sql('x')", []),
    ],
)
def test_calls_are_seen(source: str, lines: list[int]) -> None:
    assert list(calls(ast.parse(source))) == lines


def test_the_engine_is_the_one_of_the_package() -> None:
    """Whoever has imported that has the same connections, and catches the same errors."""
    assert all(getattr(duckdb, name) is getattr(engine, name) for name in {*engine.__all__} - {"relation"})
    with connect() as connection:
        assert engine.relation(connection, "SELECT 1").fetchall() == [(1,)]


LOCKED = [
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET memory_limit = '1GB'",
    "ATTACH '{folder}/other.db'",
    "COPY (SELECT 1) TO '{folder}/other.csv'",
    "SELECT * FROM read_text('{folder}/other.txt')",
    "INSTALL httpfs",
    "UPDATE EXTENSIONS",
    "LOAD httpfs",
    "EXPORT DATABASE '{folder}/all'",
]


@pytest.mark.parametrize("sql", LOCKED)
def test_a_connection_is_locked(tmp_path: Path, sql: str) -> None:
    (tmp_path / "other.txt").write_text("text")
    (tmp_path / "own").mkdir()
    with connect(tmp_path / "own") as connection, pytest.raises(duckdb.Error):
        connection.execute("CREATE TABLE t AS SELECT 1")
        connection.execute(sql.replace("{folder}", str(tmp_path).replace("'", "''")))
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "all") == ["other.txt", "own"]


def test_its_own_folder_is_open(tmp_path: Path) -> None:
    with connect(tmp_path) as connection:
        file = literal(f"{tmp_path}/a.parquet")
        connection.execute(f"COPY (SELECT 1 AS a) TO {file}")
        assert connection.execute(f"SELECT a FROM {file}").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "sql",
    ["", "SELECT 1; SELECT 2", "DROP TABLE t", "UPDATE EXTENSIONS", "SELEC 1", "SELECT '\ud800'", "(" * 100_000],
)
def test_one_select_or_none(sql: str) -> None:
    with connect() as connection, pytest.raises(DemarcateError):
        select_of(connection, sql)


def test_the_zone_of_the_machine_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    with connect() as connection:
        assert connection.execute("SELECT TIMESTAMPTZ '2026-01-01 00:30:00+00'::DATE::VARCHAR").fetchone() == (
            "2026-01-01",
        )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds to a limit of what is allocated")
def test_bounds_that_end_in_another_order_leave_none_behind() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    wide, narrow = bounded(2_000_000_000), bounded(1_000_000_000)
    wide.__enter__()
    held = resource.getrlimit(resource.RLIMIT_DATA)
    narrow.__enter__()
    assert resource.getrlimit(resource.RLIMIT_DATA) < held != before
    wide.__exit__(None, None, None)
    assert resource.getrlimit(resource.RLIMIT_DATA) < held
    narrow.__exit__(None, None, None)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is allocated")
def test_a_database_allocates_no_more_than_it_needs() -> None:
    before = _allocated()
    with connect(limits=Limits(threads=1)):
        after = _allocated()
    assert before is not None and after is not None
    assert after - before < 1_000_000_000, "a process with some of them can fork no more"


def test_a_deadline_ends_a_query() -> None:
    with connect() as connection, pytest.raises(TookTooLong), deadline(connection, 0.2):
        connection.execute("SELECT count(*) FROM range(1000000000000)").fetchall()


def test_a_query_in_time_is_not_interrupted() -> None:
    with connect() as connection, deadline(connection, 600):
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize("memory", [100_000_000, 10**15])
def test_no_connection_takes_more_than_the_machine_has(memory: int) -> None:
    with connect() as own, connect(limits=Limits(memory=memory)) as limited:
        setting = "SELECT current_setting('memory_limit')"
        told = (own.execute(setting).fetchone(), limited.execute(setting).fetchone())
    assert (told[0] == told[1]) == (memory == 10**15)


def test_a_database_that_was_opened_ahead_is_locked_as_any(tmp_path: Path) -> None:
    asked = "SELECT name, value FROM duckdb_settings() WHERE name NOT LIKE '%director%' ORDER BY ALL"
    limits = Limits(memory=200_000_000, threads=1, ordered=False)
    with connect(tmp_path, limits=limits) as connection:
        settings = connection.execute(asked).fetchall()
    for _ in range(2):
        ahead()
    with connect(tmp_path, limits=limits) as connection, connect(tmp_path) as another:
        assert connection.execute(asked).fetchall() == settings
        assert another.execute(asked).fetchall() != settings
        with pytest.raises(duckdb.Error):
            connection.execute("SET threads = 2")


CHILD = """
import os, sys
from pathlib import Path
from demarcate.base.connection import ahead, connect
ahead()
child = os.fork()
with connect(Path(sys.argv[1])) as connection:
    told = connection.execute("SELECT sum(range) FROM range(300000)").fetchone()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(0 if told else 1)
"""


def test_a_child_opens_its_own(tmp_path: Path) -> None:
    """Of what was opened before it began, the threads are its parent's; and it does not begin while one is opening,
    whose locks nobody would give back in it.
    """
    assert processes.python("-c", CHILD, str(tmp_path)).returncode == 0


KEEPING = """
import pathlib
import demarcate.__main__ as command
from demarcate.base import stopping
from demarcate.base.connection import connect

def main():
    stopping.listen()
    connection = connect()
    stopping.keep(connection)
    (spill,) = connection.execute("SELECT current_setting('temp_directory')").fetchone()
    pathlib.Path(spill).mkdir()
    (pathlib.Path(spill) / "rows").write_text("")
    print(spill)

command.main = main
command.command()
"""


def test_nothing_stays_of_a_database_that_is_kept_to_the_end(tmp_path: Path) -> None:
    done = processes.python("-c", KEEPING, environment={"TMPDIR": str(tmp_path)})
    assert (done.returncode, done.stderr, done.stdout.startswith(str(tmp_path))) == (0, "", True)
    assert list(tmp_path.iterdir()) == []

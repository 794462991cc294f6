"""Queries of people: what they may do, and all that they may not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from demarcate import collect
from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.querying import QueryLimits, run, tables_of
from demarcate.estate.snapshots.snapshot import Snapshot
from tests import processes
from tests.each import each
from tests.estate.place import ATTACKS, LIMITS, MARK, TEMPLATE, Place, collect_to, placed


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with placed(tmp_path_factory.mktemp("query")) as made:
        yield made


@pytest.fixture
def elsewhere(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder and the home are where the secret is, and the environment holds it."""
    monkeypatch.chdir(place.folder)
    monkeypatch.setenv("HOME", str(place.folder))
    monkeypatch.setenv("SECRET", MARK)


SOON = replace(LIMITS, seconds=0.2)
"""For what has no end, whatever time it is given."""

TOO_MUCH = ATTACKS["endless"] + ATTACKS["huge"]


@pytest.mark.usefixtures("elsewhere")
@each("attack", [attack for kind in ATTACKS.values() for attack in kind])
def test_attack(place: Place, attack: str) -> None:
    """Whatever it says: nothing is read, called, written or kept, it ends within its limits, and says so."""
    a_variable = pa.table({"name": [MARK]})
    an_arrow_table = a_variable.to_batches()
    assert a_variable.num_rows == len(an_arrow_table), "they are there to be found"
    refused = place.holds(place.aimed(attack), SOON if attack in ATTACKS["endless"] else LIMITS)
    if attack in TOO_MUCH:
        assert any(word in refused for word in ("--max-seconds", "--max-memory", "--max-rows", "failed"))


@pytest.mark.usefixtures("elsewhere")
def test_after_all_attacks_the_snapshot_is_read_as_before(place: Place) -> None:
    for kind, (attack, *_) in ATTACKS.items():
        place.holds(place.aimed(attack), SOON if kind == "endless" else LIMITS)
        assert next(run("SELECT name FROM aws_s3_bucket ORDER BY 1", place.snapshot)[1]) == ("data",), attack


@each("attack", ATTACKS["writes"] + ATTACKS["settings"])
def test_only_a_select_is_bound(place: Place, attack: str) -> None:
    """What is no SELECT is refused before anything is collected, unless the parser takes it for one."""
    with contextlib.suppress(DemarcateError):
        assert tables_of(place.aimed(attack)) in ([], ["aws_s3_bucket"])


def test_a_text_that_is_too_long_is_not_given(place: Place) -> None:
    with pytest.raises(DemarcateError, match="a text of more than 10,000,000 characters"):
        list(run("SELECT repeat('x', 10000001)", place.snapshot)[1])


def test_rows_are_given_up_to_the_limit(place: Place) -> None:
    rows = run("SELECT range FROM range(5000)", place.snapshot, QueryLimits(rows=1500))[1]
    given: list[object] = []
    with pytest.raises(DemarcateError, match="more than 1,500 rows"):
        given.extend(rows)
    assert len(given) == 1500


def test_as_many_rows_as_may_be_are_no_error(place: Place) -> None:
    assert len(list(run("SELECT range FROM range(1500)", place.snapshot, QueryLimits(rows=1500))[1])) == 1500


def test_memory_is_bounded_only_while_a_query_runs(place: Place) -> None:
    resource = pytest.importorskip("resource", reason="there are no limits of this kind here")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(DemarcateError):
        list(run("SELECT length(repeat('x', 2000000000))", place.snapshot, LIMITS)[1])
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT * FROM aws_s3_bucket", ["aws_s3_bucket"]),
        ('SELECT * FROM AWS_S3_BUCKET JOIN "aws_ebs_volume" ON true', ["aws_ebs_volume", "aws_s3_bucket"]),
        ("SELECT 1", []),
        ("SELECT * FROM query_table('aws_s3_bucket')", ["aws_s3_bucket"]),
    ],
)
def test_tables_that_are_collected(sql: str, tables: list[str]) -> None:
    assert tables_of(sql) == tables


@pytest.mark.parametrize("name", ["plain", "my [prod] snap*shot?", "it's", 'a "quoted" one', "späße", "~", "{x}"])
def test_a_snapshot_lies_wherever_it_is_put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """No character of a folder's name is a pattern or ends a text; a relative name is one, too."""
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "xplain").mkdir()
    kept = collect_to(tmp_path / name, tmp_path / "template.yaml")
    monkeypatch.chdir(tmp_path)
    for snapshot in (kept, Snapshot.open(Path(name))):
        assert list(run("SELECT name FROM aws_s3_bucket ORDER BY 1", snapshot)[1]) == [("data",), ("logs",)]


def test_a_damaged_part_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    snapshot = collect_to(tmp_path / "snapshot", tmp_path / "template.yaml")
    part = Path(snapshot.files("aws_s3_bucket")[0])
    whole = part.read_bytes()
    part.write_bytes(whole[:-60] + os.urandom(52) + whole[-8:])
    with pytest.raises(DemarcateError, match="collect the snapshot again"):
        run("SELECT * FROM aws_s3_bucket", snapshot)


def test_nothing_spills_where_the_user_works(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    limits = QueryLimits(seconds=60, memory=150_000_000)
    with contextlib.suppress(DemarcateError):
        list(
            run("SELECT md5(range::VARCHAR) m FROM range(300000) ORDER BY m DESC LIMIT 1", place.snapshot, limits)[
                1
            ]
        )
    assert not list(tmp_path.iterdir())


def test_collecting_needs_no_database_of_python(place: Place) -> None:
    """A query of a snapshot that lives as long as its object does."""
    assert list(run("SELECT count(*) FROM aws_s3_bucket", collect(place.folder / "template.yaml"))[1]) == [(2,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT length(bitstring('1', 1000000000))",
        "SELECT count(*) FROM range(1000000000000)",
        "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))",  # minutes in DuckDB 1.5
    ],
)
def test_a_query_that_cannot_be_interrupted_ends_the_command(place: Place, sql: str) -> None:
    """One function that is at work looks at nothing: the deadline holds all the same."""
    done = processes.demarcate("query", sql, place.snapshot.folder, "--max-seconds", "0.1")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1

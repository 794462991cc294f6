"""What a ledger promises in each kind of database."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, text

from demarcate.ledger import exporting, opening
from demarcate.ledger.entry import START, Act, Actor, stored
from demarcate.ledger.ledger import Held, Ledger, Writer
from demarcate.ledger.opening import LedgerError, engine_of, transaction, url_of
from demarcate.ledger.tables import ENTRIES, METADATA, VERSION
from demarcate.ledger.verifying import verify
from tests.processes import PATIENCE, python, started

ROOT = Path(__file__).parents[2]
ANNA = Actor(person="anna@example.com", caller="arn:aws:iam::111122223333:user/anna")
ACT = Act(
    kind="tested",
    authority="her own",
    account="111122223333",
    before={"a": [1, 2.5, None]},
    after="é\0\x7f\u202e😀",
)


def act(number: int, change: str | None = None) -> Act:
    return Act(kind="tested", change=change, after=number)


def nested(levels: int) -> object:
    value: object = None
    for _ in range(levels):
        value = [value]
    return value


def fill(place: str, count: int) -> None:
    with Ledger(place) as ledger:
        ledger.append(ANNA, *map(act, range(count)))


def verified(place: str) -> int:
    """How many entries there are, none of which is damaged."""
    with Ledger(place, reading=True) as ledger:
        ledger.check_database()
        verification = verify(ledger.stored())
    assert verification.faults == ()
    return verification.entries


def test_what_is_appended_is_read(place: str) -> None:
    moment = datetime(2026, 11, 28, 1, 2, 3, 4, timezone(timedelta(hours=1)))
    with Ledger(place, now=lambda: moment) as ledger:
        assert ledger.head() is None
        assert list(ledger.entries()) == []
        first, second = ledger.append(ANNA, ACT, act(2, "c1"))
        (third,) = ledger.append(Actor(person="bert"), Act(kind="other", change="c1"))
    with Ledger(place, reading=True) as ledger:
        assert list(ledger.entries()) == [first, second, third]
        assert list(ledger.entries(kinds=["tested"])) == [first, second]
        assert list(ledger.entries(change="c1")) == [second, third]
        assert list(ledger.entries(kinds=["other", "none"], change="c1")) == [third]
        head = ledger.head()
    assert (first.act, first.person, first.caller) == (ACT, ANNA.person, ANNA.caller)
    assert (first.at, first.number, first.previous) == ("2026-11-28T00:02:03.000004Z", 1, START)
    assert [entry.number for entry in (second, third)] == [2, 3]
    assert second.previous == stored(first).hash
    assert head is not None
    assert (head.ledger, head.number, head.hash) == (first.ledger, 3, stored(third).hash)
    assert verified(place) == 3


@pytest.mark.parametrize("levels", [101, 3000])
def test_acts_are_appended_all_or_none(place: str, levels: int) -> None:
    def work(writer: Writer) -> None:
        writer.append(act(2, "c"))
        assert [entry.act.after for entry in writer.of_change("c")] == [2]
        raise KeyError("no more")

    with Ledger(place) as ledger:
        ledger.append(ANNA, act(1))
        with pytest.raises(KeyError):
            ledger.transact(ANNA, work)
        with pytest.raises(LedgerError, match="entry 3 cannot be recorded: it is nested too deeply"):
            ledger.append(ANNA, act(2), Act(kind="tested", after=nested(levels)))
    assert verified(place) == 1


def test_pages_are_read_one_after_the_other(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demarcate.ledger.ledger.PAGE", 5)
    fill(place, 10)
    with Ledger(place) as ledger:
        read = ledger.entries()
        assert [next(read).act.after for _ in range(7)] == list(range(7))
        ledger.append(ANNA, act(10))  # nobody who reads slowly keeps others from writing
        assert [entry.act.after for entry in read] == [7, 8, 9, 10]
    assert verified(place) == 11


def test_the_migration_leaves_what_is_declared(place: str) -> None:
    fill(place, 1)
    engine = engine_of(url_of(place), reading=True)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION, "compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == opening.NEWEST


REFUSED = [
    "UPDATE ledger_entries SET kind = 'x' WHERE number = 2",
    "UPDATE ledger_entries SET number = number + 10",
    "DELETE FROM ledger_entries WHERE number = 3",
    "DELETE FROM ledger_entries",
    "INSERT INTO ledger_entries SELECT number + 1, kind, change, entry, hash FROM ledger_entries",
    "INSERT INTO ledger_entries SELECT 7, kind, change, entry, hash FROM ledger_entries WHERE number = 3",
    "INSERT INTO ledger_entries SELECT 0, kind, change, entry, hash FROM ledger_entries WHERE number = 3",
]
REFUSED_BY = {
    "sqlite": [
        "INSERT OR REPLACE INTO ledger_entries SELECT number, 'x', change, entry, hash FROM ledger_entries",
        "UPDATE OR IGNORE ledger_entries SET kind = 'x'",
        "REPLACE INTO ledger_entries SELECT number, 'x', change, entry, hash FROM ledger_entries",
    ],
    "postgresql": [
        "TRUNCATE ledger_entries",
        "INSERT INTO ledger_entries SELECT * FROM ledger_entries ON CONFLICT (number) DO UPDATE SET kind = 'x'",
        "MERGE INTO ledger_entries e USING (SELECT 1 n) s ON e.number = s.n WHEN MATCHED THEN DELETE",
    ],
}


def test_the_database_itself_refuses_changes(place: str, backend: str) -> None:
    fill(place, 3)
    engine = engine_of(url_of(place), reading=False)
    for statement in (*REFUSED, *REFUSED_BY[backend]):
        with pytest.raises(Exception, match="the ledger is append-only"), transaction(engine) as connection:
            connection.execute(text(statement))
    assert verified(place) == 3


def test_an_entry_that_was_edited_is_not_read(place: str, backend: str) -> None:
    fill(place, 3)
    tamper(place, backend, "UPDATE ledger_entries SET entry = replace(entry, 'anna', 'bert') WHERE number = 3")
    with Ledger(place) as ledger:
        read = ledger.entries()
        assert [next(read).number for _ in range(2)] == [1, 2]
        with pytest.raises(LedgerError, match="entry 3 of the ledger is damaged"):
            next(read)
        with pytest.raises(LedgerError, match="entry 3 of the ledger is damaged"):
            ledger.append(ANNA, act(4))


def tamper(place: str, backend: str, *statements: str) -> None:
    """Execute SQL as somebody to whom the database belongs."""
    triggers = ("ledger_no_update", "ledger_no_delete", "ledger_in_order")
    if backend == "sqlite":
        off = [f"DROP TRIGGER {name}" for name in triggers]
    else:
        off = ["ALTER TABLE ledger_entries DISABLE TRIGGER ALL"]
    with transaction(engine_of(url_of(place), reading=False)) as connection:
        for statement in (*off, *statements):
            connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statements", "faults"),
    [
        (["DELETE FROM ledger_entries WHERE number = 2"], ["entry 2: deleted: missing: 2"]),
        (
            ["UPDATE ledger_entries SET change = 'c' WHERE number = 3"],
            ["entry 3: edited: what stands beside its text is not what the text says"],
        ),
        (
            [
                "UPDATE ledger_entries SET number = 100 WHERE number = 2",
                "UPDATE ledger_entries SET number = 2 WHERE number = 4",
                "UPDATE ledger_entries SET number = 4 WHERE number = 100",
            ],
            ["entry 2: moved: it was written as entry 4", "entry 4: moved: it was written as entry 2"],
        ),
        (
            [
                "INSERT INTO ledger_entries SELECT 9, kind, change, entry, hash FROM ledger_entries WHERE number = 1"
            ],
            [
                "entry 9: inserted: 1 and 9 were all written as entry 1",
                "entry 9: moved: it was written as entry 1",
            ],
        ),
    ],
    ids=lambda value: value[0],
)
def test_damage_in_the_database_is_named(
    place: str, backend: str, statements: list[str], faults: list[str]
) -> None:
    fill(place, 5)
    tamper(place, backend, *statements)
    with Ledger(place, reading=True) as ledger:
        assert list(map(str, verify(ledger.stored()).faults)) == faults


def test_an_export_is_the_same_ledger_in_another_database(place: str, tmp_path: Path) -> None:
    fill(place, 3)
    file, copy, back = tmp_path / "ledger.jsonl", str(tmp_path / "copy.sqlite"), str(tmp_path / "back.sqlite")

    def exported(place: str) -> str:
        with Ledger(place, reading=True) as ledger:
            return "".join(exporting.lines(ledger.stored()))

    file.write_text(exported(place))
    with Ledger(copy) as ledger:
        assert exporting.import_entries(exporting.read_export(file), ledger) == 3
        assert exporting.import_entries(exporting.read_export(file), ledger) == 0
        ledger.append(ANNA, ACT)
    file.write_text(exported(copy))
    with Ledger(place) as ledger:  # what was appended elsewhere comes home
        assert exporting.import_entries(exporting.read_export(file), ledger) == 1
    with Ledger(back) as ledger:
        assert exporting.import_entries(exporting.read_export(file), ledger) == 4
    assert exported(place) == exported(copy) == exported(back) == file.read_text()
    assert verified(place) == verified(back) == 4


def test_a_ledger_that_several_make_at_once_is_one(place: str) -> None:
    done = python("-m", "tests.ledger.writers", place, "8", "1", cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert verified(place) == 8


def test_processes_that_append_at_once_lose_nothing(place: str) -> None:
    fill(place, 0)
    done = python("-m", "tests.ledger.writers", place, "50", "2", cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert verified(place) == 100
    with Ledger(place, reading=True) as ledger:
        written = [(entry.person, entry.act.after) for entry in ledger.entries()]
    assert Counter(person for person, _ in written) == {f"writer {number}": 2 for number in range(50)}
    assert all(
        [turn for writer, turn in written if writer == person] == [0, 1] for person in {who for who, _ in written}
    )


_HELD = """
import sys
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger

def work(writer):
    for number in range(50):
        writer.append(Act(kind="tested", after="x" * 10_000))
    print("held", flush=True)
    sys.stdin.read()

Ledger(sys.argv[1]).transact(Actor(person="bert"), work)
"""


def test_a_writer_that_is_killed_leaves_nothing_half(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(place, 2)
    with started(sys.executable, "-c", _HELD, place, stdin=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"held\n"
        assert verified(place) == 2  # whoever reads is not kept waiting
        with monkeypatch.context() as patch, Ledger(place) as ledger:
            patch.setattr(opening, "PATIENCE", 0.01)
            with Ledger(place) as hurried, pytest.raises(LedgerError, match=r"locked|lock timeout"):
                hurried.append(ANNA, act(3))
            writer.kill()
            writer.wait(PATIENCE)
            patch.undo()
            ledger.append(ANNA, act(4))
    assert verified(place) == 3


def test_a_time_before_the_one_before_keeps_its_place(place: str) -> None:
    moments = [datetime(2026, 11, 28, hour, tzinfo=UTC) for hour in (10, 12, 11, 13, 9)]
    with Ledger(place, now=iter(moments).__next__) as ledger:
        for number in range(5):
            ledger.append(ANNA, act(number))
        verification = verify(ledger.stored())
        assert [entry.act.after for entry in ledger.entries()] == list(range(5))
    assert (verification.faults, verification.earlier) == ((), (3, 5))


def test_a_ledger_of_a_newer_version_is_left_alone(place: str) -> None:
    fill(place, 1)
    with transaction(engine_of(url_of(place), reading=False)) as connection:
        connection.execute(text(f"UPDATE {VERSION} SET version_num = '0003'"))
    for reading in (True, False):
        with pytest.raises(LedgerError, match="is of version 0003, and this program knows versions up to 0002"):
            Ledger(place, reading=reading)


def test_a_ledger_of_an_older_version_is_read_as_it_is_and_brought_here_by_writing(place: str) -> None:
    fill(place, 1)
    with transaction(engine_of(url_of(place), reading=False)) as connection:
        connection.execute(text("DROP TABLE outbox_deliveries"))
        connection.execute(text(f"UPDATE {VERSION} SET version_num = '0001'"))
    with Ledger(place, reading=True) as ledger:
        assert len(list(ledger.entries())) == 1
    with Ledger(place) as ledger:
        ledger.append(ANNA, act(1))
    engine = engine_of(url_of(place), reading=True)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION})
        assert context.get_current_revision() == opening.NEWEST
        assert compare_metadata(context, METADATA) == []


def test_what_is_not_there_is_not_made_by_reading(place: str, backend: str) -> None:
    for _ in range(2):
        with pytest.raises(LedgerError, match="there is no ledger yet"):
            Ledger(place, reading=True)
    if backend == "sqlite":
        assert not Path(place).exists()


def test_a_ledger_that_is_read_is_not_written(place: str) -> None:
    fill(place, 1)
    with Ledger(place, reading=True) as ledger, pytest.raises(LedgerError, match=r"read-?only"):
        ledger.append(ANNA, act(2))
    assert verified(place) == 1


def test_a_table_of_another_shape_is_told(place: str, backend: str) -> None:
    fill(place, 3)
    tamper(
        place,
        backend,
        "CREATE TABLE other AS SELECT * FROM ledger_entries",
        "DROP TABLE ledger_entries",
        "ALTER TABLE other RENAME TO ledger_entries",
        "INSERT INTO ledger_entries SELECT * FROM ledger_entries WHERE number = 2",
    )
    with (
        Ledger(place, reading=True) as ledger,
        pytest.raises(LedgerError, match="is not the table that a ledger has"),
    ):
        ledger.check_database()


def test_a_name_is_held_by_one(place: str) -> None:
    with Ledger(place) as first, Ledger(place) as other:
        with first.hold("c1"), other.hold("c2"):
            with pytest.raises(Held), other.hold("c1"):
                raise AssertionError("two hold it")
            other.append(ANNA, act(1))
        with other.hold("c1"), pytest.raises(FileNotFoundError), first.hold("c3"):
            raise FileNotFoundError  # is not the ledger's
    assert verified(place) == 1


def test_who_holds_a_name_learns_when_somebody_else_may(tmp_path: Path) -> None:
    """PostgreSQL's way of losing it is in test_postgresql.py."""
    with Ledger(str(tmp_path / "l")) as ledger, ledger.hold("c1") as still:
        still()
        (lock,) = tmp_path.glob("*.lock")
        lock.unlink()
        with pytest.raises(LedgerError, match="was deleted, so that somebody else may be at it"):
            still()
        lock.touch()
        with pytest.raises(LedgerError, match="was deleted"):
            still()


def test_one_that_is_to_be_there_is_not_made(place: str, backend: str) -> None:
    with pytest.raises(LedgerError, match="there is no ledger yet"):
        Ledger(place, existing=True)
    with pytest.raises(LedgerError, match="there is no ledger yet"):
        Ledger(place, reading=True)
    Ledger(place).close()
    with Ledger(place, existing=True) as ledger:
        ledger.append(ANNA, act(1))


def test_threads_share_a_ledger(place: str) -> None:
    with Ledger(place) as ledger:
        threads = [
            threading.Thread(target=lambda: [ledger.append(ANNA, act(turn)) for turn in range(3)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert verified(place) == 12


def test_an_entry_that_cannot_be_stored_is_refused(place: str) -> None:
    """Two writers that somehow have the same number: one of them is refused by the database."""
    fill(place, 1)
    with Ledger(place) as ledger:
        (entry,) = ledger.entries()
        with pytest.raises(LedgerError, match="the ledger cannot be used"):
            ledger.transact(
                ANNA, lambda writer: writer.connection.execute(insert(ENTRIES).values(stored(entry)._asdict()))
            )
    assert verified(place) == 1

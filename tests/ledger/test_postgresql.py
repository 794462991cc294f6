"""What only PostgreSQL has: a server that goes, roles, and settings that somebody made."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from demarcate.changes.deciding import approve, record_plan
from demarcate.changes.status import State
from demarcate.ledger.entry import Actor
from demarcate.ledger.ledger import Ledger, Writer
from demarcate.ledger.opening import LedgerError
from tests.changes import fakes
from tests.changes.cases import ANYBODY, APPROVER, PLANNER
from tests.ledger.postgresql import Server
from tests.ledger.test_databases import ACT, ANNA, ROOT, act, fill, verified
from tests.ledger.test_failing import ATTEST
from tests.ledger.test_how_to import PAGE
from tests.processes import demarcate, python
from tests.test_tutorial import blocks


def test_a_server_that_goes_refuses(server: Server) -> None:
    place = server.url(server.schema())
    fill(place, 1)
    with Ledger(place) as ledger:
        try:
            server.stop()
            with pytest.raises(LedgerError, match="the ledger cannot be used: connection failed"):
                ledger.append(ANNA, act(2))
            done = demarcate(*ATTEST, "--ledger", place)
        finally:
            server.start()
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert f"{server.port}/postgres: the ledger cannot be used: connection failed" in done.stderr
        ledger.append(ANNA, act(3))
    assert verified(place) == 2


def test_a_connection_that_breaks_records_nothing_or_says_that_it_may_have(server: Server) -> None:
    place = server.url(server.schema())
    fill(place, 1)

    def broken_before(writer: Writer) -> None:
        _end_other_connections(server)
        writer.append(act(2))

    def broken_after(writer: Writer) -> None:
        writer.append(act(2))
        _end_other_connections(server)

    with Ledger(place) as ledger:
        with pytest.raises(LedgerError, match="the ledger cannot be used: "):
            ledger.transact(ANNA, broken_before)
        with pytest.raises(
            LedgerError, match="the connection broke while the entry was recorded: it is there, or it"
        ):
            ledger.transact(ANNA, broken_after)
        ledger.append(ANNA, act(3))
    assert verified(place) == 2


def test_a_change_stops_before_its_next_step_where_the_lock_is_lost(server: Server, tmp_path: Path) -> None:
    """Somebody else may have it then. What was done is recorded, and the run can be gone on with."""
    place, fake = server.url(server.schema()), fakes.Fake(tmp_path / "aws")
    change = fakes.change_of(3, fake)
    before = len(fake.done)
    with Ledger(place) as ledger:
        record_plan(ledger, PLANNER, change)
        approve(ledger, APPROVER, change.id, ANYBODY)
        fake.event = lambda event: _end_other_connections(server) if event == "after the call" else None
        with pytest.raises(LedgerError, match="the ledger cannot be used"):
            fakes.carry_out(ledger, fake, change, "apply")
        assert len(fake.done) == before + 1
        fake.event = lambda _: None
        status = fakes.carry_out(ledger, fake, change, "apply", resume=True)
        assert (status.state, len(fake.done)) == (State.APPLIED, before + 3)


def _end_other_connections(server: Server) -> None:
    server.execute(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


def test_a_role_that_may_only_append(server: Server) -> None:
    """The one that the documentation makes."""
    schema = server.schema()
    fill(server.url(schema), 1)
    (block,) = [block for block in blocks(PAGE.read_text()) if block.kind == "sql"]
    sql = block.text.replace("SCHEMA public", f"SCHEMA {schema}")
    server.execute(f"SET search_path = {schema}", *filter(None, map(str.strip, sql.split(";"))))
    place = server.url(schema, "demarcate_writer")
    fill(place, 2)
    assert verified(place) == 3
    for statement in (
        "UPDATE ledger_entries SET kind = 'x'",
        "DELETE FROM ledger_entries",
        "TRUNCATE ledger_entries",
        "ALTER TABLE ledger_entries DISABLE TRIGGER ALL",
        "DROP TRIGGER ledger_no_update ON ledger_entries",
        "DROP TABLE ledger_entries",
        "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "UPDATE ledger_version SET version_num = '0000'",
    ):
        with psycopg.connect(place) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
    assert verified(place) == 3


def test_settings_that_somebody_made_lose_nothing(server: Server) -> None:
    """What a transaction reads is what is there once it has the lock, and what it wrote is on disk."""
    schema = server.schema()
    place = server.url(schema, f"careless_{schema}")
    server.execute(
        f"CREATE ROLE careless_{schema} LOGIN SUPERUSER",
        f"ALTER ROLE careless_{schema} SET default_transaction_isolation = 'serializable'",
        f"ALTER ROLE careless_{schema} SET synchronous_commit = off",
    )
    done = python("-m", "tests.ledger.writers", place, "6", "4", cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert verified(place) == 24
    with Ledger(place) as ledger:
        shown = ledger.transact(
            Actor(person=""),
            lambda writer: [
                writer.connection.exec_driver_sql(f"SHOW {name}").scalar_one()
                for name in ("synchronous_commit", "transaction_isolation", "lock_timeout")
            ],
        )
    assert shown == ["on", "read committed", "1min"]


def test_a_database_that_may_only_be_read(server: Server) -> None:
    schema = server.schema()
    fill(server.url(schema), 1)
    server.execute(
        f"CREATE ROLE reader_of_{schema} LOGIN SUPERUSER",
        f"ALTER ROLE reader_of_{schema} SET default_transaction_read_only = on",
    )
    place = server.url(schema, f"reader_of_{schema}")
    assert verified(place) == 1
    with pytest.raises(LedgerError, match="cannot execute INSERT in a read-only transaction"):
        fill(place, 1)


def test_a_database_in_another_encoding_keeps_every_text(server: Server) -> None:
    server.execute("CREATE DATABASE old ENCODING LATIN1 TEMPLATE template0")
    place = server.url().replace("/postgres?", "/old?")
    with Ledger(place) as ledger:
        ledger.append(ANNA, ACT)
        assert [entry.act for entry in ledger.entries()] == [ACT]
    assert verified(place) == 1


def test_a_shared_database_may_have_its_own_migrations(server: Server) -> None:
    schema = server.schema()
    server.execute(
        f"CREATE TABLE {schema}.alembic_version (version_num varchar(32))",
        f"INSERT INTO {schema}.alembic_version VALUES ('f00f')",
        f"CREATE TABLE {schema}.entries (title text)",
    )
    place = server.url(schema)
    fill(place, 1)
    assert verified(place) == 1

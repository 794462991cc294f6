"""Open the ledger's database: SQLite in the user's data folder by default, or PostgreSQL by its URL."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from demarcate.base.errors import DemarcateError
from demarcate.base.folders import data_folder

NEWEST: Final = "0001"
"""The version of the database that this program writes: the last of `migrations/versions`."""

FILE: Final = "ledger.sqlite"

PATIENCE: Final = 60
"""Seconds to wait for others who write."""

_LOCK: Final = 0x44656D61
"""The number of PostgreSQL's advisory lock that whoever writes to the ledger holds."""


class LedgerError(DemarcateError):
    """The ledger cannot be read or written. Nothing was done that it does not have."""


def url_of(where: str | None) -> URL:
    """The URL of a ledger: of what is named, a path or a URL, or of the file in the user's data folder.

    Raises LedgerError for a URL of another database.
    """
    if where is None:
        try:
            path = data_folder() / FILE
        except RuntimeError as error:
            raise LedgerError("there is no home folder for the ledger: name it (--ledger FILE|URL)") from error
        return URL.create("sqlite", database=str(path))
    if "://" not in where:
        return URL.create("sqlite", database=str(Path(where).absolute()))
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise LedgerError("the URL of the ledger cannot be read: expected postgresql://USER@HOST/NAME") from error
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database:
        return url
    raise LedgerError(f"a ledger is a file or postgresql://…, and no {url.get_backend_name()!r}")


def engine_of(url: URL, *, reading: bool) -> Engine:
    """An engine for a ledger that is there, of this version. Where it is to be written, it is made or brought here.

    Raises LedgerError where it cannot be opened, is of a newer version, or, for reading, where there is none.
    """
    path = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    with told(url):
        if path is not None:
            if reading and not path.exists():
                raise LedgerError(f"{path}: there is no ledger yet")
            engine = _sqlite(path, reading=reading)
        else:
            engine = _postgresql(url)
        _check_version(engine, url, reading=reading)
    return engine


def name_of(url: URL) -> str:
    """A ledger as messages name it: without a password."""
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


@contextlib.contextmanager
def told(url: URL) -> Iterator[None]:
    """Errors of the database as errors that people see."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        reason = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        first = (str(reason).strip() or type(reason).__name__).splitlines()[0]
        raise LedgerError(f"{name_of(url)}: the ledger cannot be used: {first}") from error


@contextlib.contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction in which nobody else writes; what it wrote is on disk when the block ends well."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                yield connection
            return
        with connection.execution_options(immediate=True).begin():
            yield connection


@contextlib.contextmanager
def holding(engine: Engine, url: URL, name: str) -> Iterator[bool]:
    """Hold a name until the block ends, or the process does; gives whether it could be had."""
    key = hashlib.sha256(name.encode()).hexdigest()
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            lock = {"lock": int(key[:15], 16)}
            yield bool(connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), lock).scalar())
        return
    import fcntl

    # The file stays: whoever removed it could remove that of somebody who has just begun to hold it.
    handle = os.open(f"{url.database}.{key[:16]}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _sqlite(path: Path, *, reading: bool) -> Engine:
    if not reading:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def connect() -> Any:
        import sqlite3

        if not reading:
            return sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        # A reader makes files beside the ledger, where it may; where nobody may write, nobody does.
        still = not os.access(path.parent, os.W_OK)
        mode = "immutable=1" if still else "mode=ro"
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}", timeout=PATIENCE, isolation_level=None, uri=True
        )

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        if not reading:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Python's sqlite3 begins a transaction only at the first write; whoever read before could be overtaken.
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 10})
    except ImportError as error:
        raise LedgerError("a ledger in PostgreSQL needs psycopg: pip install 'demarcate[postgres]'") from error


def _check_version(engine: Engine, url: URL, *, reading: bool) -> None:
    version = _version(engine)
    if version == NEWEST:
        return
    if version is not None and version > NEWEST:
        raise LedgerError(
            f"{name_of(url)}: the ledger is of version {version}, and this program knows versions up to {NEWEST}: "
            "use a newer one"
        )
    if reading:
        raise LedgerError(f"{name_of(url)}: there is no ledger yet")
    from alembic import command
    from alembic.config import Config

    with transaction(engine) as connection:
        config = Config()
        config.set_main_option("script_location", "demarcate.ledger:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(engine: Engine) -> str | None:
    """The version of the database; None where it has none yet."""
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, "alembic_version"):
            return None
        row = connection.execute(text("SELECT version_num FROM alembic_version")).fetchone()
    return None if row is None else str(row[0])

"""Open the ledger's database: SQLite in the user's data folder by default, or PostgreSQL by its URL."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from demarcate.base import stopping
from demarcate.base.errors import DemarcateError
from demarcate.base.folders import data_folder
from demarcate.ledger.tables import VERSION

NEWEST: Final = "0002"
"""The version of the database that this program writes: the last of `migrations/versions`."""

FILE: Final = "ledger.sqlite"

PATIENCE = 60.0
"""Seconds to wait for others who write, and for a server that no longer answers."""

_CONNECTING: Final[dict[str, str | int]] = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 15,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""How libpq notices that a server has gone, where the URL does not say it."""

_LOCK: Final = 0x44656D61
"""The number of PostgreSQL's advisory lock that whoever writes to the ledger holds."""

_ON_DISK: Final = (
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
)
"""For a database that was set not to wait for its disk."""


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
        return _file_url(path)
    if "://" not in where:
        return _file_url(Path(where))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError) as error:
        raise LedgerError("the URL of the ledger cannot be read: expected postgresql://USER@HOST/NAME") from error
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and url.database:
        return _file_url(Path(url.database))
    raise LedgerError(f"a ledger is a file or postgresql://…, and no {backend!r}")


def _file_url(path: Path) -> URL:
    return URL.create("sqlite", database=str(path.absolute()))


def engine_of(url: URL, *, reading: bool, existing: bool = False) -> Engine:
    """An engine for a ledger that is there, of this version. Where it is to be written, it is made or brought here.

    Raises LedgerError where it cannot be opened, is of a newer version, or, for reading or where an `existing` one is
    meant, where there is none.
    """
    path = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    with told(url):
        if path is not None:
            if (reading or existing) and not path.exists():
                raise LedgerError(f"{path}: there is no ledger yet")
            if not path.exists():
                _make(path)
            if not path.is_file():
                raise LedgerError(f"{path}: is no file, and so no ledger")
            engine = _sqlite(path, reading=reading)
        else:
            engine = _postgresql(url, reading=reading)
        _check_version(engine, url, reading=reading, existing=existing)
    return engine


def name_of(url: URL) -> str:
    """A ledger as messages name it: without a password, which an option of the URL may be as well."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database).render_as_string()


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
    """A transaction in which nobody else writes; what it wrote is on disk when the block ends well.

    Raises LedgerError where the server goes while it ends the transaction, and nobody knows how it ended.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection, connection.execution_options(immediate=True).begin():
            yield connection
        return
    with engine.connect() as connection, connection.begin() as held:
        connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE:f}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(text(_ON_DISK))
        yield connection
        try:
            held.commit()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise LedgerError(
                f"{name_of(engine.url)}: the connection broke while the entry was recorded: it is there, or it is "
                "not; see what demarcate ledger list says before you do it again"
            ) from error


@contextlib.contextmanager
def holding(engine: Engine, url: URL, name: str) -> Iterator[Callable[[], None] | None]:
    """Hold a name until the block ends, or the process does.

    Gives what raises LedgerError where it is held no more: a connection that has it breaks, and its file may be
    deleted. None where it could not be had.
    """
    key = hashlib.sha256(name.encode()).hexdigest()
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            lock = {"lock": int(key[:15], 16)}
            held = bool(connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), lock).scalar())
            connection.commit()  # the connection has it, and a server may end transactions that do nothing

            def ask() -> None:
                with told(url):
                    connection.execute(text("SELECT 1"))
                    connection.commit()

            yield ask if held else None
        return
    import fcntl

    # The file stays: whoever removed it could remove that of somebody who has just begun to hold it.
    beside = Path(f"{url.database}.{key[:16]}.lock")
    handle = os.open(beside, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def look() -> None:
        if not beside.exists() or not os.path.samestat(beside.stat(), os.fstat(handle)):
            raise LedgerError(f"{beside}: was deleted, so that somebody else may be at it as well")

    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield look
    finally:
        os.close(handle)


def _make(path: Path) -> None:
    """Make an empty ledger aside, and give it its name where nobody else has made one meanwhile.

    So nobody sees a ledger that is half made, and of many who begin at once none waits for another.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.urandom(6).hex()}")

    def remove() -> None:
        for ending in ("", "-wal", "-shm"):
            aside.with_name(f"{aside.name}{ending}").unlink(missing_ok=True)

    with stopping.ending_with(remove):
        try:
            aside.touch(0o600, exist_ok=False)
            engine = _sqlite(aside, reading=False)
            with contextlib.closing(engine.raw_connection()) as connection:
                # Nobody who reads keeps others from writing. The file remembers it.
                connection.cursor().execute("PRAGMA journal_mode=WAL")
            _upgrade(engine)
            _give_name(aside, path)
        finally:
            remove()


def _give_name(aside: Path, path: Path) -> None:
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        return
    except OSError:  # a file system without links: it is made where it is
        path.touch(0o600)


def _sqlite(path: Path, *, reading: bool) -> Engine:
    def connect() -> Any:
        import sqlite3

        mode = f"?{_reading_mode(path)}" if reading else ""
        return sqlite3.connect(f"{path.as_uri()}{mode}", timeout=PATIENCE, isolation_level=None, uri=True)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        # A text that somebody broke is one that does not have its hash, and no error of all entries.
        connection.text_factory = lambda raw: raw.decode(errors="replace")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Python's sqlite3 begins a transaction only at the first write; whoever read before could be overtaken.
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _reading_mode(path: Path) -> str:
    """How SQLite opens a file that is only read.

    A reader makes files beside the ledger, which it cannot where it may not write. What is in such a file that a
    writer made is read; where there is none, the ledger is all in its own file, which then can be read alone.
    """
    real = path.resolve()
    if os.access(real.parent, os.W_OK):
        return "mode=ro"
    try:
        written = real.with_name(f"{real.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        written = False
    return "mode=ro" if written else "immutable=1"


def _postgresql(url: URL, *, reading: bool) -> Engine:
    connecting = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    try:
        # The lock is taken by the first statement: what is read after it must be what is there then.
        engine = create_engine(url, poolclass=NullPool, isolation_level="READ COMMITTED", connect_args=connecting)
    except ImportError as error:
        raise LedgerError("a ledger in PostgreSQL needs psycopg: pip install 'demarcate[postgres]'") from error
    return engine.execution_options(postgresql_readonly=True) if reading else engine


def _check_version(engine: Engine, url: URL, *, reading: bool, existing: bool) -> None:
    version = _version(engine, url)
    if version == NEWEST:
        return
    if version is not None and version > NEWEST:
        raise LedgerError(
            f"{name_of(url)}: the ledger is of version {version}, and this program knows versions up to {NEWEST}: "
            "use a newer one"
        )
    if reading and version is not None:  # the table of entries is that of all versions
        return
    if reading or (existing and version is None):
        raise LedgerError(f"{name_of(url)}: there is no ledger yet")
    _upgrade(engine)


def _upgrade(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    with transaction(engine) as connection:
        config = Config()
        config.set_main_option("script_location", "demarcate.ledger:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(engine: Engine, url: URL) -> str | None:
    """The version of the database; None where it has none yet. Raises LedgerError for a file of something else."""
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, VERSION):
            if engine.dialect.name == "sqlite" and inspect(connection).get_table_names():
                raise LedgerError(f"{name_of(url)}: is a database of something else, and no ledger")
            return None
        row = connection.execute(text(f"SELECT version_num FROM {VERSION}")).fetchone()  # noqa: S608 - a name of ours
    return None if row is None else str(row[0])

"""The catalog: checks read from YAML, validated against the tables, and compiled.

Every mistake is an error that names the file, the line, the check and what would be right.
"""

from __future__ import annotations

import difflib
import fnmatch
import functools
import importlib.util
from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

import msgspec

from demarcate.base import cache
from demarcate.base.documents import DocumentError, convert, items_of, line_of, node_at, read_text
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_folder, walk
from demarcate.base.sql import identifier, literal
from demarcate.checks.names import ROW
from demarcate.checks.remedies import Remedy, faults
from demarcate.checks.standins import Ask, asks_of
from demarcate.checks.structs import Check, Written
from demarcate.estate.schema.table import MANAGED_BY, Table
from demarcate.estate.sources.plan import columns_in, only_named
from demarcate.estate.tables import all_tables
from demarcate.version import __version__

if TYPE_CHECKING:
    from demarcate.base import duckdb
    from demarcate.checks.predicate import Compiled

SHIPPED = Path(__file__).parent / "catalog"


def load_checks(
    folders: Sequence[Path] = (), *, responsibilities: Iterable[str] | None = None
) -> dict[str, Check]:
    """All shipped checks and those in the folders, by id, compiled.

    A check of yours with the id of a shipped one takes its place. Raises DemarcateError that lists every
    mistake in them.
    """
    known = tuple(sorted(responsibilities)) if responsibilities is not None else None
    checks = _cached(SHIPPED, known)
    for folder in folders:
        if not is_folder(folder):
            raise DemarcateError(f"{folder}: not a folder; --checks names a folder of YAML files with checks")
        checks |= _cached(folder, known)
    return dict(sorted(checks.items()))


def _cached(folder: Path, responsibilities: tuple[str, ...] | None) -> dict[str, Check]:
    files = sorted(walk(folder, [folder], lambda name: name.endswith((".yaml", ".yml")), _refuse))
    texts = [(str(path), read_text(path)) for path in files]
    told = (part.encode("utf-8", "surrogatepass") for pair in texts for part in pair)  # a name may be no UTF-8
    key = cache.fingerprint([compiler(), *told])
    checks = cache.cached("catalog", key, dict[str, Check], lambda: _compile_all(texts, responsibilities))
    # They change nothing of what is compiled, and may be others than when it was.
    if responsibilities is not None and {check.responsibility for check in checks.values()} - {*responsibilities}:
        _compile_all(texts, responsibilities)  # which says where the mistakes are
    return checks


def _refuse(path: Path, why: str) -> None:
    raise DemarcateError(f"{path}: {why}")


@functools.cache
def compiler() -> bytes:
    """What compiled predicates depend on beside themselves: the code that compiles them, that of the libraries which
    it stands on, and all tables' columns.
    """
    import demarcate.base as base
    import demarcate.checks as room

    versions = [__version__, *map(_installed, ("duckdb", "sqlglot"))]
    code = [path.read_bytes() for of in (base, room) for path in sorted(Path(of.__path__[0]).glob("*.py"))]
    return cache.fingerprint([*(version.encode() for version in versions), *code, _columns().encode()]).encode()


def _installed(library: str) -> str:
    """Which version of a library is installed, by the name of the folder that says so: `importlib.metadata` takes
    longer to import than everything else here.
    """
    spec = importlib.util.find_spec(library)
    site = Path(spec.origin).parent.parent if spec is not None and spec.origin else None
    return repr(sorted(path.name for path in site.glob(f"{library}-*"))) if site is not None else ""


def _columns() -> str:
    return repr([(t.name, t.scope, [(c.name, c.type) for c in t.all_columns]) for t in all_tables().values()])


def _compile_all(texts: Sequence[tuple[str, str]], responsibilities: tuple[str, ...] | None) -> dict[str, Check]:
    checks: dict[str, Check] = {}
    mistakes: list[str] = []
    for file, text in texts:
        try:
            items = items_of(text, file, "checks")
        except DocumentError as error:
            mistakes.append(str(error))
            continue
        for item in items:
            try:
                written = convert(item, Written, file)
                check = compile_check(written, file, item, responsibilities)
                if check.id in checks:
                    first = checks[check.id]
                    raise _mistake(f"there is one already at {first.file}:{first.line}", file, item, written)
                checks[check.id] = check
            except DocumentError as error:
                mistakes.append(str(error))
    if mistakes:
        raise DemarcateError(*mistakes)
    return checks


def _mistake(message: str, file: str, item: Any, written: Written, *path: str) -> DocumentError:
    node = node_at(item, path) or item
    return DocumentError(f"check {written.id}: {message}", file, line_of(node))


def compile_check(
    written: Written, file: str, item: Any, responsibilities: tuple[str, ...] | None = None, *, own: bool = True
) -> Check:
    """Validate and compile one check. Raises DocumentError that names the line.

    It is about what is the account's `own` alone, where its table tells that and its `where` does not ask for it.
    """
    tables = all_tables()
    if written.table not in tables:
        near = difflib.get_close_matches(written.table, tables, 1)
        hint = f"; did you mean {near[0]}?" if near else " (see: demarcate tables)"
        raise _mistake(f"there is no table {written.table!r}{hint}", file, item, written, "table")
    if responsibilities is not None and written.responsibility not in responsibilities:
        near = difflib.get_close_matches(written.responsibility, responsibilities, 1)
        hint = f"; did you mean {near[0]}?" if near else " (see: demarcate matrix)"
        raise _mistake(
            f"there is no customer responsibility {written.responsibility!r}{hint}",
            file,
            item,
            written,
            "responsibility",
        )
    table = tables[written.table]
    condition = written.passes if isinstance(written.passes, str) else str(written.passes).lower()
    passes = _predicate(condition, table, file, item, written, "pass")
    where = _predicate(written.where or "true", table, file, item, written, "where")
    own = own and table.column(MANAGED_BY) is not None and MANAGED_BY not in where.columns
    reason, shown = _reason(written, table, file, item)
    wants = {
        name: {*passes.lookups.get(name, ()), *where.lookups.get(name, ())}
        for name in sorted({*passes.lookups, *where.lookups})
    }
    verdict, about = _printed(passes, where, file, item, written, own)
    check = Check(
        id=written.id,
        title=written.title,
        area=written.responsibility.partition(".")[0],
        responsibility=written.responsibility,
        table=written.table,
        severity=written.severity,
        severity_why=written.severity_why,
        remedy=_remedy(written, table, file, item),
        on_request=written.on_request,
        refs={name: (ref,) if isinstance(ref, str) else ref for name, ref in written.refs.items()},
        related=written.related,
        predicate=condition,
        condition=written.where,
        verdict=verdict,
        about=about,
        reason=reason,
        columns=tuple(sorted({*passes.columns, *where.columns})),
        asked=tuple(sorted({*passes.asked, *where.asked})),
        shown=tuple(dict.fromkeys((*shown, MANAGED_BY))) if own else shown,
        lookups={name: columns_in(wanted) for name, wanted in wants.items()},
        named={name: named for name, wanted in wants.items() if (named := only_named(wanted))},
        asks=asks_of([passes.asks, where.asks]),
        looks={**passes.looks, **where.looks},
        demands=(where.demanded, *where.demands, *passes.demands),
        needs=_needs(passes, where, table.name),
        file=file,
        line=line_of(item),
    )
    return _bound(check, file, item, written)


def _remedy(written: Written, table: Table, file: str, item: Any) -> Remedy:
    remedy = Remedy(text=written.remedy) if isinstance(written.remedy, str) else written.remedy
    for fault in faults(remedy, [column.name for column in table.all_columns]):
        raise _mistake(fault, file, item, written, "remedy")
    return remedy


def _needs(passes: Compiled, where: Compiled, table: str) -> tuple[tuple[str, ...], ...]:
    """What must be told for the check to have an answer."""
    from demarcate.checks.answering import needs_of
    from demarcate.checks.trees import where_holds

    asks = asks_of([passes.asks, where.asks]).get(table, ())
    looks = {name: look.table for name, look in {**passes.looks, **where.looks}.items()}
    needs = needs_of(where_holds(where.tree, passes.tree), {ask.name: ask.column for ask in asks} | looks)
    return tuple(sorted(tuple(sorted(need)) for need in needs))


def _printed(
    passes: Compiled, where: Compiled, file: str, item: Any, written: Written, own: bool
) -> tuple[str, str]:
    """The SQL of the verdict, and of whether the check is about a row: with `own`, of none that others operate."""
    from demarcate.checks.allowed import PredicateError
    from demarcate.checks.predicate import printed
    from demarcate.checks.trees import all_of, is_own, may_hold, where_holds

    about = [is_own(ROW, MANAGED_BY)] if own else []
    try:
        if not written.where:
            return passes.sql, printed(all_of(about)) if about else ""
        about.append(may_hold(where.tree))
        return printed(where_holds(where.tree, passes.tree)), printed(all_of(about))
    except PredicateError as error:
        raise _mistake(f"where: {error}", file, item, written, "where") from error


def _predicate(text: str, table: Table, file: str, item: Any, written: Written, key: str) -> Compiled:
    from demarcate.checks.allowed import PredicateError
    from demarcate.checks.predicate import compile_predicate

    try:
        return compile_predicate(text, table.name, columns_of, scoped)
    except PredicateError as error:
        raise _mistake(f"{key}: {error}", file, item, written, key) from error


@functools.cache
def columns_of(name: str) -> dict[str, str] | None:
    """The columns and SQL types of a table; None where there is none of that name."""
    table = all_tables().get(name)
    return None if table is None else {column.name: column.type for column in table.all_columns}


def scoped(name: str) -> tuple[str, ...]:
    """The columns that say whose rows these are."""
    table = all_tables()[name]
    return ("account_id",) if table.scope == "account" else ("account_id", "region")


_IDENTITIES = ("name", "_id", "_identifier", "arn", "title", "family")
"""How columns end that say which resource a row is."""


def _reason(written: Written, table: Table, file: str, item: Any) -> tuple[str, tuple[str, ...]]:
    """The SQL of the text for a row that fails, and the columns it shows."""
    parts: list[str] = []
    shown: list[str] = []
    try:
        pieces = list(Formatter().parse(written.fail))
    except ValueError as error:
        raise _mistake(
            f"fail: {error}; a brace that is meant is written twice", file, item, written, "fail"
        ) from error
    for plain, name, _, _ in pieces:
        if plain:
            parts.append(literal(plain))
        if name is None:
            continue
        if table.column(name) is None:
            near = difflib.get_close_matches(name, [column.name for column in table.all_columns], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise _mistake(f"fail: {table.name} has no column {name!r}{hint}", file, item, written, "fail")
        shown.append(name)
        # A name that is not known (a template may leave it to CloudFormation) gives way to the resource.
        other = "_row.resource, '?'" if name.endswith(_IDENTITIES) else "'?'"
        parts.append(f"coalesce({_shown(table, name)}, {other})")
    text = " || ".join(parts) or "''"
    # A sentence ends where its last value would stand, if that is empty.
    return f"rtrim({text}, ': ')" if written.fail.endswith("}") else text, tuple(dict.fromkeys(shown))


def _shown(table: Table, name: str) -> str:
    """SQL for a column's value as a sentence has it: items one after the other, and days without the hour."""
    column = table.column(name)
    value = f"_row.{identifier(name)}"
    if column is not None and column.type == "VARCHAR[]":
        return f"array_to_string({value}, ', ')"
    if column is not None and column.type == "TIMESTAMP":
        return f"CAST(CAST({value} AS DATE) AS VARCHAR)"
    return f"CAST({value} AS VARCHAR)"


def _bound(check: Check, file: str, item: Any, written: Written) -> Check:
    """The check, bound by DuckDB to empty tables: what types and functions do not fit is seen now.

    What a look gives where its table is empty then has a type, also where it is NULL.
    """
    from demarcate.base import duckdb
    from demarcate.base.connection import select_of, short

    tables = _empty_tables()
    for name, asks in check.asks.items():
        for ask in asks:
            _make_column(name, ask)
    looks = [f"{look.sql} AS {identifier(name)}" for name, look in check.looks.items()]
    row = f"SELECT {', '.join([*looks, f'{ROW}.*'])} FROM {identifier(check.table)} AS {ROW}"
    types: list[str] = []
    try:
        if check.looks:
            select_of(tables, row)
            types = [type_ for _, type_, *_ in tables.execute(f"DESCRIBE {row}").fetchall()]
        select = select_of(tables, f"SELECT {check.verdict} AS verdict, {check.reason} FROM ({row}) AS {ROW}")
        description = tables.execute(select).description
    except duckdb.Error as error:
        text = short(error).partition(": ")[2] or short(error)
        raise _mistake(f"pass: {text}", file, item, written, "pass") from error
    kind = str(description[0][1]) if description else "?"
    if kind.upper() not in ("BOOLEAN", "BOOL"):
        raise _mistake(f"pass: expected true or false, found {kind}", file, item, written, "pass")
    typed = {
        name: look if look.empty else look._replace(empty=f"CAST(NULL AS {type_})")
        for (name, look), type_ in zip(check.looks.items(), types, strict=False)
    }
    return msgspec.structs.replace(check, looks=typed)


@functools.cache
def _make_column(table: str, ask: Ask) -> None:
    """Let an empty table have what is asked of its rows."""
    type_ = ask.type_of((columns_of(table) or {})[ask.column])
    _empty_tables().execute(f"ALTER TABLE {identifier(table)} ADD COLUMN {identifier(ask.name)} {type_}")


@functools.cache
def _empty_tables() -> duckdb.DuckDBPyConnection:
    """A database that has every table, without rows."""
    from demarcate.base.connection import Limits, connect

    connection = connect(limits=Limits(threads=1))
    connection.execute("SET VARIABLE now = TIMESTAMP '2000-01-01'")
    for name in all_tables():
        columns = ", ".join(f"{identifier(c)} {type_}" for c, type_ in (columns_of(name) or {}).items())
        connection.execute(f"CREATE TABLE {identifier(name)} ({columns})")
    return connection


def shown_path(file: str) -> str:
    """The file of a check as people are shown it: a shipped one without where it is installed."""
    path = Path(file)
    return str(path.relative_to(SHIPPED.parents[2])) if path.is_relative_to(SHIPPED) else file


def encode(check: Check) -> dict[str, Any]:
    """What `demarcate checks list --format json` says of a check."""
    told = msgspec.to_builtins(check)
    keys = ("id", "title", "area", "responsibility", "table")
    return {key: told[key] for key in keys} | {
        "tables": list(check.tables),
        "severity": check.severity,
        "severity_why": check.severity_why,
        "refs": {name: list(ref) for name, ref in check.refs.items()},
        "related": check.related,
    }


def select(checks: dict[str, Check], ids: Iterable[str] | None) -> dict[str, Check]:
    """The checks of those ids or patterns; all where none are named.

    A pattern is a shell's: `s3-*` names every check whose id begins so. Raises DemarcateError for an id or a pattern
    that names none.
    """
    if ids is None:
        return checks
    chosen: dict[str, Check] = {}
    for name in ids:
        named = fnmatch.filter(checks, name) if set(name) & set("*?[") else [name]
        if not named or named[0] not in checks:
            near = difflib.get_close_matches(name, checks, 1)
            hint = f"; did you mean {near[0]}?" if near else " (see: demarcate checks list)"
            raise DemarcateError(f"there is no check {name!r}{hint}")
        chosen |= {id_: checks[id_] for id_ in named}
    return chosen

"""Checks of somebody else's: predicates of all forms, and whole files of checks."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

import sqlglot
import yaml

from demarcate.checks.allowed import Dialect, PredicateError
from demarcate.checks.catalog import SHIPPED, _cached, columns_of
from demarcate.checks.engine import judge
from demarcate.estate.tables import all_tables
from fuzz import texts, trees
from fuzz.inputs import Input, put
from fuzz.outcomes import example, model
from tests.checks.fence import FORMS, HOSTILE, PLAIN, compiled, filled, holds

MORE_FORMS = (
    "len({0}) > {1}",
    "list_contains({0}, {1})",
    "{0} or {1}",
    "lower({0}) = {1}",
    "list_has_any({0}, {1})",
    "{0} in ({1})",
    "regexp_matches({0}, {1})",
    "date_diff('day', {0}, {1}) > 3",
    "{0} - {1} > interval 3 day",
    "{0} between {1} and {0}",
    "{0} > {1}",
    "{0} || {1}",
    "{0} -> {1} ->> 0",
    "json_array_length({0}) = {1}",
    "split_part({0}, {1}, 1)",
    "-{0}",
    "not exists (select 1 from {t} where {0} = {1})",
    "{0} is null",
    "coalesce({0}, {1})",
    "case when {0} then {1} end",
    "{0} ilike {1}",
    "substring({0}, 1, {1})",
    "list_aggregate({0}, 'min')",
    "trim({0})",
    "date_trunc('day', {0})",
    "(select {0} from {t} where {1})",
    "{0} in (select {1} from {t} as x where {0})",
    "{0}::{1}[]",
    "len(split({0}, ','))",
    "try_cast({0} as varchar)",
    "{0} % {1}",
    "{0} not in ({1}, {1})",
    "json_contains({0}, {1})",
    "x -> {0}",
    "list_filter({0}, x -> {1})",
    "{0} over (order by {1})",
    "({0}, {1})",
    "{0} at time zone {1}",
    "row({0})",
    "[y for y in {0} if {1}]",
    "{{'a': {0}}}",
    "{0} similar to {1}",
    "any_value({0})",
    "{0} = any({1})",
    "columns({0})",
    "*",
    "{0}[{1}:{0}]",
    "extract({1} from {0})",
)
TYPES = (
    "varchar",
    "int",
    "bigint",
    "boolean",
    "date",
    "timestamp",
    "json",
    "double",
    "blob",
    "decimal(3,1)",
    "text[]",
    "enum('a')",
)
FUNCTIONS = (
    "read_text('/etc/passwd')",
    "getenv('HOME')",
    "getvariable('now')",
    "current_setting('x')",
    "query('select 1')",
)
KEYS = (
    "id",
    "title",
    "responsibility",
    "table",
    "pass",
    "where",
    "fail",
    "severity",
    "remedy",
    "refs",
    "examples",
    "on-request",
)


def prepare() -> None:
    """Read what inputs are made from, and have judged and reported once."""
    example()
    _written()


def make(random: Random) -> Input:
    """One predicate over a table; of thirty one is a whole file with checks."""
    if random.random() < 1 / 30:
        return {"checks/mine.yaml": _file(random)}
    table = random.choice(_tables())
    text = (
        _nested(random, table, random.choice((1, 2, 3, 5))) if random.random() < 0.6 else random.choice(_shipped())
    )
    lot = random.random()
    raw = text.encode(errors="surrogatepass")
    if lot < 0.3:
        raw = texts.damaged(random, raw, [other.encode() for other in _some(random)])
    elif lot < 0.5:
        raw = " ".join(_shuffled(random, text)).encode(errors="surrogatepass")
    return {"table": table.encode(), "predicate.sql": raw[:20_000]}


def run(given: Input, folder: Path) -> None:
    """Compile, and look at what comes of it."""
    if "predicate.sql" not in given:
        put(given, folder)
        checks = _cached(folder / "checks", tuple(sorted(model().owed)))
        snapshot, _ = example()
        for _ in judge(snapshot, checks.values(), passes=True).findings():
            pass
        return
    table, raw = given["table"], given["predicate.sql"]
    assert isinstance(table, bytes) and isinstance(raw, bytes)
    name, text = table.decode(), raw.decode(errors="surrogateescape")
    try:
        done = compiled(text, name)
    except PredicateError as error:
        str(error).encode(errors="surrogatepass")
        return
    holds(text, done, name)
    for sql in filled(done):
        (tree,) = sqlglot.parse(sql, read=Dialect)
        assert tree is not None and tree.sql(Dialect, comments=False) == sql, "it is read as something else"


@cache
def _tables() -> list[str]:
    return ["aws_ebs_volume"] * 20 + sorted(all_tables())


@cache
def _files() -> list[str]:
    return [path.read_text() for path in sorted(SHIPPED.rglob("*.yaml"))]


@cache
def _written() -> list[yaml.Node]:
    """Each shipped check as a tree."""
    return [item for text in _files() for item in trees.parse(text).value]


@cache
def _shipped() -> list[str]:
    """The predicates of the shipped checks."""
    return [
        value.value
        for check in _written()
        for key, value in check.value
        if key.value in ("pass", "where") and isinstance(value, yaml.ScalarNode)
    ]


def _some(random: Random) -> list[str]:
    return [random.choice(_shipped()), random.choice(HOSTILE), random.choice(FUNCTIONS)]


def _leaf(random: Random, table: str) -> str:
    lot = random.random()
    if lot < 0.4:
        return random.choice(sorted(columns_of(table) or {}))
    if lot < 0.55:
        return random.choice(PLAIN)
    if lot < 0.65:
        return random.choice((*TYPES, *FUNCTIONS))
    inner = "".join(random.choice(HOSTILE) if random.random() < 0.6 else texts.word(random)[:50] for _ in range(3))
    if lot < 0.85:
        return "'" + inner.replace("'", "''") + "'"
    return '"' + inner.replace('"', '""') + '"' if lot < 0.95 else inner


def _nested(random: Random, table: str, depth: int) -> str:
    if depth == 0 or random.random() < 0.15:
        return _leaf(random, table)
    first, second = _nested(random, table, depth - 1), _nested(random, table, depth - 2 if depth > 2 else 0)
    return random.choice(FORMS + MORE_FORMS).format(first, second, t=random.choice(_tables()))


def _shuffled(random: Random, text: str) -> list[str]:
    """Its words, with some of them put elsewhere or exchanged for those of another predicate."""
    words, others = text.split(), " ".join(_some(random)).split() or ["x"]
    for _ in range(random.choice((1, 2, 4)) if words else 0):
        a, b = random.randrange(len(words)), random.randrange(len(words))
        words[a] = random.choice((words[b], random.choice(others), f"({words[a]})", f"{words[a]} {words[b]}"))
    return words


def _file(random: Random) -> bytes:
    checks = [random.choice(_written()) for _ in range(random.choice((1, 1, 2)))]
    language = trees.Language(
        (*KEYS, *_some(random), "{volume_id}", "{x!r:>9}", "{}", "{volume_id.__class__}", "low")
    )
    tree = trees.damaged(random, trees.node_of(checks), [random.choice(_written())], language)
    try:
        raw = trees.yaml_of(tree, flow=random.random() < 0.3)
    except ValueError:
        raw = trees.yaml_of(trees.node_of(checks))
    return texts.damaged(random, raw, [random.choice(_files()).encode()]) if random.random() < 0.15 else raw

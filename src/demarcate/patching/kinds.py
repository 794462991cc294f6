"""The kinds of resource that are patched: which rows they are, what is told of them, and what makes their state.

They are data (`kinds.yaml`). What tells their state are checks of the catalog, and predicates that are compiled as
these are: in three-valued logic, with the reason for what is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from demarcate.base import cache as results
from demarcate.base.documents import DocumentError, compose, read
from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import compile_check, compiler, load_checks
from demarcate.checks.structs import Check, Severity, Written
from demarcate.estate.tables import all_tables

FILE = Path(__file__).parent / "kinds.yaml"

Effect = Literal["unless-told", "behind", "overdue"]
"""What it means where a check fails: nothing can be told, or the resource is behind, or overdue."""

TOLD: Mapping[str, str] = {
    "resource": "VARCHAR",
    "name": "VARCHAR",
    "version": "VARCHAR",
    "offered": "VARCHAR[]",
    "support_ends": "TIMESTAMP",
    "window": "VARCHAR",
    "next_date": "TIMESTAMP",
    "next_action": "VARCHAR",
}
"""What is told of a resource, with its types."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A check of the catalog, or a predicate of its own, with its title and the sentence for where it fails."""

    check: str = ""
    severity: Severity = "medium"
    title: str = ""
    passes: str = msgspec.field(name="pass", default="")
    fail: str = ""


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    table: str
    unless_told: tuple[Rule, ...] = msgspec.field(name="unless-told", default=())
    behind: tuple[Rule, ...] = ()
    overdue: tuple[Rule, ...] = ()

    def rules(self) -> Iterator[tuple[Effect, Rule]]:
        """Each rule with what it means where it fails."""
        yield from (("unless-told", rule) for rule in self.unless_told)
        yield from (("behind", rule) for rule in self.behind)
        yield from (("overdue", rule) for rule in self.overdue)


class With(_Rules, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rows of another table that say more of the same resource: `on` has their columns, each with the row's own.

    Where they are a `second` opinion, the state stands without them, and what could not be read of them is told beside.
    """

    on: dict[str, str]
    second: bool = False


class Kind(_Rules, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A kind of resource, as `kinds.yaml` tells it."""

    kind: str
    of: str = ""
    follows: bool = False
    patched_by: tuple[str, ...] = msgspec.field(name="patched-by")
    told: dict[str, str]
    others: tuple[With, ...] = msgspec.field(name="with", default=())
    watched_by: tuple[str, ...] = msgspec.field(name="watched-by", default=())


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What tells the state of a kind's resources: checks of rows of `table`, each with what it means where it fails.

    `on` joins the rows to the kind's own; it is empty where they are the same. A `second` opinion may be lacking.
    """

    kind: str
    table: str
    on: dict[str, str]
    second: bool
    checks: tuple[tuple[str, Effect], ...]


def load_kinds(names: Sequence[str] = ()) -> list[Kind]:
    """All kinds, or those of these names in any case. Raises DemarcateError for one that there is not."""
    kinds = _kinds()
    if not names:
        return list(kinds)
    by_name = {kind.kind.lower(): kind for kind in kinds}
    for name in names:
        if name.lower() not in by_name:
            raise DemarcateError(
                f"there is no kind {name!r} (there are: {', '.join(kind.kind for kind in kinds)})"
            )
    return [by_name[name.lower()] for name in names]


@cache
def _kinds() -> tuple[Kind, ...]:
    kinds = read(FILE, tuple[Kind, ...])
    for kind in kinds:
        unknown = {*kind.told} - {*TOLD}
        if unknown:
            raise DemarcateError(f"{FILE.name}: {kind.kind}: told: there is no {', '.join(sorted(unknown))}")
    return kinds


def judged(kinds: Sequence[Kind]) -> list[Judged]:
    """What tells their states, for each the kind's own rows first."""
    return [
        Judged(
            kind=kind.kind,
            table=part.table,
            on=part.on if isinstance(part, With) else {},
            second=isinstance(part, With) and part.second,
            checks=tuple((_name(part.table, rule), effect) for effect, rule in part.rules()),
        )
        for kind in kinds
        for part in (kind, *kind.others)
    ]


def checks_of(kinds: Sequence[Kind]) -> dict[str, Check]:
    """The checks that tell their states, compiled. Raises DemarcateError for what does not fit its table."""
    shipped, own = load_checks(), _own_checks()
    names = dict.fromkeys(name for part in judged(kinds) for name, _ in part.checks)
    return {name: own[name] if name in own else shipped[name] for name in names}


def watched(kinds: Sequence[Kind]) -> list[Check]:
    """The checks that something of AWS can watch in our place: those that tell their states, and what is like them."""
    like = (load_checks()[name] for kind in kinds for name in kind.watched_by)
    return list({check.id: check for check in (*checks_of(kinds).values(), *like)}.values())


def _name(table: str, rule: Rule) -> str:
    """The id of a rule's check: one of this file has that of its table and predicate."""
    return rule.check or f"{table}#{rule.passes}"


def _own_checks() -> dict[str, Check]:
    rules = {
        _name(part.table, rule): (part.table, rule)
        for kind in _kinds()
        for part in (kind, *kind.others)
        for _, rule in part.rules()
        if not rule.check
    }
    key = results.fingerprint([compiler(), Path(__file__).read_bytes(), repr(sorted(rules.items())).encode()])
    return results.cached(
        "patching",
        key,
        dict[str, Check],
        lambda: {name: _compiled(name, table, rule) for name, (table, rule) in rules.items()},
    )


def _compiled(name: str, table: str, rule: Rule) -> Check:
    written = Written(
        id=name,
        title=rule.title,
        responsibility="patch-management.track-patch-status",
        table=table,
        passes=rule.passes,
        fail=rule.fail,
        severity=rule.severity,
    )
    try:
        return compile_check(written, FILE.name, compose("{}", FILE.name), own=False)
    except DocumentError as error:
        raise DemarcateError(f"{table}: {error}") from error


def _key(row: str) -> str:
    """SQL for what tells a row from all others of its table; `verdicts` has the same of findings."""
    return f"concat_ws('|', {row}.account_id, {row}.region, {row}.file, {row}.resource)"


_HERE = re.compile(r"\bhere\((\w+)\)")


def sql_of(kind: Kind) -> str:
    """A SELECT of what is told of each resource of a kind, in the order of `TOLD`, after what says which it is."""
    told = ", ".join(f"CAST({kind.told.get(name, 'NULL')} AS {type_}) AS {name}" for name, type_ in TOLD.items())
    where = f" WHERE {kind.of}" if kind.of else ""
    tags = "r.tags" if all_tables()[kind.table].column("tags") is not None else "NULL"
    return _placed(
        f"SELECT r.account_id, r.region, r.resource, {_key('r')}, {tags}, {told} FROM {kind.table} AS r{where}"
    )


def sql_of_other(kind: Kind, table: str, on: Mapping[str, str]) -> str:
    """A SELECT of the resources of a kind beside what the rows of another table that tell of them are called."""
    joined = " AND ".join(f"o.{theirs} = r.{own}" for theirs, own in on.items())
    where = f" WHERE {kind.of}" if kind.of else ""
    return _placed(
        f"SELECT {_key('r')}, {_key('o')} FROM {kind.table} AS r JOIN {table} AS o ON {joined} AND here(o){where}"
    )


def _placed(sql: str) -> str:
    same = r"(\1.account_id IS NOT DISTINCT FROM r.account_id AND \1.region IS NOT DISTINCT FROM r.region)"
    return _HERE.sub(same, sql.replace("now()", "getvariable('now')"))


def narrowed_by(kind: Kind) -> set[str]:
    """The other tables that tell which rows are of a kind: what runs, of all images that there are."""
    return set(re.findall(r"\w+", kind.of)) & set(all_tables()) - {kind.table}


def reads(kinds: Sequence[Kind]) -> dict[str, set[str]]:
    """The tables and columns that are read to tell of these kinds, without what their checks read."""
    used: dict[str, set[str]] = {}
    for kind in kinds:
        texts = [sql_of(kind), *(sql_of_other(kind, part.table, part.on) for part in kind.others)]
        words = set(re.findall(r"\w+", " ".join(texts)))
        for name in words & set(all_tables()):
            columns = {column.name for column in all_tables()[name].all_columns}
            used.setdefault(name, set()).update(words & columns - {"tags"})
    return used

"""All rules over a relation of events, in one scan.

Most events have a name that no rule asks for: they are left out first. Of the others, each is asked only the rules that
can hold under its name, and those that ask for no name. Rules that may hold for any event are a scan of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from demarcate.base.sql import identifier, literal
from demarcate.logs.sigma.structs import ANCHORS, Rule

if TYPE_CHECKING:
    from demarcate.base import duckdb

_TOLD: Final = {
    "event": "event_id",
    "account": "recipient_account_id",
    "region": "aws_region",
    "name": "event_name",
    "address": "source_ip_address",
    "agent": "user_agent",
    "error": "error_code",
}
"""What a finding tells of an event beside its moment and who made the call, by the columns that say so."""

ENTITY: Final = (
    "coalesce(session_issuer_arn, user_identity_arn, user_identity_invoked_by, user_identity_principal_id, "
    "source_ip_address, '')"
)
"""Who made a call: the role and not its session, so that all sessions of a role are one entity."""

_ENTITY_COLUMNS: Final = (
    "session_issuer_arn",
    "user_identity_arn",
    "user_identity_invoked_by",
    "user_identity_principal_id",
    "source_ip_address",
)

_CANDIDATES: Final = "candidates"
"""The table of the events that have what some rule asks for, most often their name. Among all others there are few of
them in what the database looks at together, and going through hundreds of conditions costs the same for few as many.
"""

Hit = tuple[Sequence[int], str | None, str]
"""An event that some rules match: the places of those that it was asked of, the JSON text of its resources, and that of
what is kept of it (`Kept`). There are many.
"""

Wanted = Mapping[int, Sequence[Sequence[str]]]
"""By the place of a rule, SQL of texts that are wanted of each event that it matches: what its finding is about, which
is empty for whoever made the call, and lists that are its keys.
"""

UNDECIDED: Final = 2


def scan(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    rules: Sequence[Rule],
    wanted: Wanted,
    columns: Iterable[str],
) -> Iterator[list[Hit]]:
    """What rules match in a relation of events, and where CloudTrail left out what one asks for, some at a time.

    `columns` are the columns of events that are read for what is wanted of them. Raises duckdb.Error.
    """
    single = [number for number, rule in enumerate(rules) if rule.correlation is None]
    anchored = [number for number in single if rules[number].anchor is not None]
    if anchored:
        needed = _columns([rules[number] for number in anchored], columns)
        where = _where(rules[number].anchor for number in anchored)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {_CANDIDATES} AS SELECT {needed} FROM {identifier(relation)} WHERE {where}"
        )
        try:
            yield from _of_candidates(connection, rules, anchored, wanted, needed)
        finally:
            connection.execute(f"DROP TABLE {_CANDIDATES}")
    others = [number for number in single if rules[number].anchor is None]
    if others:
        needed = _columns([rules[number] for number in others], columns)
        yield from _run(connection, _unnamed(identifier(relation), rules, others, needed), [others], wanted)


def _of_candidates(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    anchored: Iterable[int],
    wanted: Wanted,
    needed: str,
) -> Iterator[list[Hit]]:
    """What rules match of the candidates."""
    by_name: dict[str, list[int]] = {}
    anywhere: list[int] = []
    for number in anchored:
        names = rules[number].event_names
        if names is None:
            anywhere.append(number)
        for name in names or ():
            by_name.setdefault(name, []).append(number)
    sets: dict[tuple[int, ...], list[str]] = {}
    for name, lowered in _names(connection):
        if lowered in by_name:
            sets.setdefault(tuple(by_name[lowered]), []).append(name)
    if sets:
        yield from _run(connection, _named(rules, sets, needed), list(sets), wanted)
    if anywhere:
        where = _where(rules[number].anchor for number in anywhere)
        of = f"(SELECT * FROM {_CANDIDATES} WHERE {where})"
        yield from _run(connection, _unnamed(of, rules, anywhere, needed), [anywhere], wanted)


def _names(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """The names of candidates, and each in small letters."""
    return connection.execute(
        "SELECT event_name, lower(event_name) FROM "
        f"(SELECT DISTINCT event_name FROM {_CANDIDATES} WHERE event_name IS NOT NULL) ORDER BY ALL"
    ).fetchall()


_BATCH: Final = 10_000


def _run(
    connection: duckdb.DuckDBPyConnection, inner: str, groups: Sequence[Sequence[int]], wanted: Wanted
) -> Iterator[list[Hit]]:
    result = connection.execute(_outer(inner, groups, wanted))
    while rows := result.fetchmany(_BATCH):
        yield [(groups[group], resources, text) for group, resources, text in rows]


def _named(rules: Sequence[Rule], sets: Mapping[tuple[int, ...], Sequence[str]], needed: str) -> str:
    names = [(name, group) for group, texts in enumerate(sets.values()) for name in texts]
    told = _dispatch([_told(rules, numbers) for numbers in sets])
    listed = ", ".join(literal(name) for name, _ in names)
    numbers_listed = ", ".join(str(group) for _, group in names)
    return (
        f"SELECT {needed}, _group, {told} AS _told FROM {_CANDIDATES} "
        f"JOIN (SELECT unnest([{listed}]) AS _name, unnest([{numbers_listed}]) AS _group) ON event_name = _name"
    )


def _unnamed(relation: str, rules: Sequence[Rule], numbers: Sequence[int], needed: str) -> str:
    return f"SELECT {needed}, 0 AS _group, {_told(rules, numbers)} AS _told FROM {relation}"


def _where(anchors: Iterable[tuple[str, tuple[str, ...]] | None]) -> str:
    """The only rows that rules with some anchors can match."""
    texts: dict[str, set[str]] = {}
    for field, of in filter(None, anchors):
        texts.setdefault(ANCHORS[field], set()).update(of)
    return " OR ".join(
        f"lower({column}) IN ({', '.join(map(literal, sorted(of)))})" if of else "false"
        for column, of in texts.items()
    )


def columns_read(rules: Iterable[Rule], columns: Iterable[str]) -> frozenset[str]:
    """The columns of events that are read to scan for some rules."""
    needed = {"event_time", "resources", *_TOLD.values(), *_ENTITY_COLUMNS, *columns}
    for rule in rules:
        needed.update(rule.columns)
        if rule.anchor is not None:
            needed.add(ANCHORS[rule.anchor[0]])
    return frozenset(needed)


def _columns(rules: Iterable[Rule], columns: Iterable[str]) -> str:
    return ", ".join(map(identifier, sorted(columns_read(rules, columns))))


def _told(rules: Sequence[Rule], numbers: Iterable[int]) -> str:
    """For each of some rules 1 where it matches, 0 where it does not, 2 where that is not known."""
    parts = (f"coalesce(CAST({rules[number].predicate} AS UTINYINT), {UNDECIDED})" for number in numbers)
    return f"[{', '.join(parts)}]"


def _dispatch(branches: Sequence[str], first: int = 0) -> str:
    """The branch of a row's group, halving what is left: a CASE over hundreds of groups would try each in turn."""
    if len(branches) == 1:
        return branches[0]
    half = len(branches) // 2
    low, high = _dispatch(branches[:half], first), _dispatch(branches[half:], first + half)
    return f"CASE WHEN _group < {first + half} THEN {low} ELSE {high} END"


def _outer(inner: str, groups: Sequence[Sequence[int]], wanted: Wanted) -> str:
    """A row for each event that a rule matches or cannot tell."""
    kept = {
        "told": "_told",
        "moment": "coalesce(epoch_us(event_time), 0)",
        "entity": ENTITY,
        "wanted": _wanted(groups, wanted),
        **{name: f"coalesce({identifier(column)}, '')" for name, column in _TOLD.items()},
    }
    members = ", ".join(f"{literal(name)}: {value}" for name, value in kept.items())
    return f"SELECT _group, resources, to_json({{{members}}}) FROM ({inner}) WHERE list_max(_told) > 0"


def _wanted(groups: Sequence[Sequence[int]], wanted: Wanted) -> str:
    """SQL of what is wanted of an event for each rule of its group that matches it: lists of texts, the first of which
    is the entity. NULL for a rule that wants nothing of its own, and empty for a group of such rules.
    """
    cases = {}
    for group, numbers in enumerate(groups):
        if not all(_is_nothing(wanted[number]) for number in numbers):
            parts = [_parts(place, wanted[number]) for place, number in enumerate(numbers, 1)]
            cases[group] = f"CAST([{', '.join(parts)}] AS VARCHAR[][][])"
    whens = "".join(f" WHEN {group} THEN {value}" for group, value in cases.items())
    return f"CASE _group{whens} END" if whens else "NULL"


def _parts(place: int, parts: Sequence[Sequence[str]]) -> str:
    if _is_nothing(parts):
        return "NULL"
    entity, *keys = parts
    whole = " || ', ' || ".join(f"coalesce({text}, '')" for text in entity)
    listed = ", ".join(f"CAST([{', '.join(texts)}] AS VARCHAR[])" for texts in ([whole] if entity else [], *keys))
    return f"CASE WHEN _told[{place}] > 0 THEN [{listed}] END"


def _is_nothing(parts: Sequence[Sequence[str]]) -> bool:
    """Whether a rule wants nothing of its own: no entity, and no key of a baseline or a correlation."""
    return len(parts) == 3 and not any(parts)

"""All rules over a relation of events, in one scan.

Most events have a name that no rule asks for: they are left out first. Of the others, each is asked only the rules that
can hold under its name. Rules that may hold under any name are a scan of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from demarcate.base.sql import identifier, literal
from demarcate.logs.sigma.structs import ANCHORS, Rule

if TYPE_CHECKING:
    import duckdb

KEPT: Final = (
    "event_id",
    "recipient_account_id",
    "aws_region",
    "event_name",
    "source_ip_address",
    "user_agent",
    "error_code",
    "resources",
)
"""What a finding tells of an event beside its moment and who made the call."""

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

Hit = tuple[Any, ...]
"""A row of events and a rule: the rule's place, whether it matched (1) or could not tell (2), the moment in
microseconds since 1970, who made the call, the texts that were asked for, and the columns of `KEPT`. There are many.
"""

UNDECIDED: Final = 2


def scan(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    rules: Sequence[Rule],
    keys: Mapping[int, Sequence[str]],
    columns: Iterable[str],
) -> Iterator[list[Hit]]:
    """What rules match in a relation of events, and where CloudTrail left out what one asks for, some at a time.

    `keys` are, by the place of a rule, SQL of texts that are wanted of each event that it matches; `columns` are the
    columns of events that these read. Raises duckdb.Error.
    """
    by_name: dict[str, list[int]] = {}
    anywhere: list[int] = []
    for number, rule in enumerate(rules):
        if rule.correlation is not None:
            continue
        if rule.event_names is None:
            anywhere.append(number)
        for name in rule.event_names or ():
            by_name.setdefault(name, []).append(number)
    there = _names_in(connection, relation) if by_name else set()
    sets: dict[tuple[int, ...], list[str]] = {}
    for name, numbers in by_name.items():
        if name in there:
            sets.setdefault(tuple(numbers), []).append(name)
    if sets:
        yield from _run(connection, _named(relation, rules, sets, keys, columns))
    if anywhere:
        yield from _run(connection, _unnamed(relation, rules, tuple(anywhere), keys, columns))


def _names_in(connection: duckdb.DuckDBPyConnection, relation: str) -> set[str]:
    rows = connection.execute(
        f"SELECT DISTINCT lower(event_name) FROM (SELECT DISTINCT event_name FROM {identifier(relation)})"
    ).fetchall()
    return {name for (name,) in rows if name is not None}


_BATCH: Final = 10_000


def _run(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[list[Hit]]:
    result = connection.execute(sql)
    while rows := result.fetchmany(_BATCH):
        yield rows


def _named(
    relation: str,
    rules: Sequence[Rule],
    sets: Mapping[tuple[int, ...], Sequence[str]],
    keys: Mapping[int, Sequence[str]],
    columns: Iterable[str],
) -> str:
    groups = list(sets)
    names = [(name, group) for group, numbers in enumerate(groups) for name in sets[numbers]]
    wanted = {number for numbers in groups for number in numbers}
    needed = _columns([rules[number] for number in wanted], columns)
    told = _dispatch([_told(rules, numbers) for numbers in groups])
    listed = ", ".join(literal(name) for name, _ in names)
    numbers_listed = ", ".join(str(group) for _, group in names)
    return _outer(
        f"SELECT {needed}, _group, {told} AS _told FROM {identifier(relation)} "
        f"JOIN (SELECT unnest([{listed}]) AS _name, unnest([{numbers_listed}]) AS _group) "
        "ON lower(event_name) = _name",
        groups,
        keys,
    )


def _unnamed(
    relation: str,
    rules: Sequence[Rule],
    numbers: tuple[int, ...],
    keys: Mapping[int, Sequence[str]],
    columns: Iterable[str],
) -> str:
    needed = _columns([rules[number] for number in numbers], columns)
    told = _told(rules, numbers)
    where = _where([rules[number].anchor for number in numbers])
    return _outer(
        f"SELECT {needed}, 0 AS _group, {told} AS _told FROM {identifier(relation)}{where}", [numbers], keys
    )


def _where(anchors: Iterable[tuple[str, tuple[str, ...]] | None]) -> str:
    """The only rows that some rules can match."""
    texts: dict[str, set[str]] = {}
    for anchor in anchors:
        if anchor is None:
            return ""
        texts.setdefault(ANCHORS[anchor[0]], set()).update(anchor[1])
    told = " OR ".join(
        f"lower({column}) IN ({', '.join(map(literal, sorted(of)))})" if of else "false"
        for column, of in texts.items()
    )
    return f" WHERE {told}"


def _columns(rules: Iterable[Rule], columns: Iterable[str]) -> str:
    needed = {"event_time", *KEPT, *_ENTITY_COLUMNS, *columns}
    needed.update(name for rule in rules for name in rule.columns)
    return ", ".join(map(identifier, sorted(needed)))


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


def _outer(inner: str, groups: Sequence[Sequence[int]], keys: Mapping[int, Sequence[str]]) -> str:
    """A row for each rule that matches an event or cannot tell."""
    kept = ", ".join(KEPT)
    places = [
        (group, place, number) for group, numbers in enumerate(groups) for place, number in enumerate(numbers, 1)
    ]
    lists = [", ".join(str(entry[part]) for entry in places) for part in range(3)]
    wanted = [number for number in sorted({entry[2] for entry in places}) if keys.get(number)]
    cases = "".join(f" WHEN {number} THEN [{', '.join(keys[number])}]" for number in wanted)
    texts = f"CASE _rule{cases} END" if cases else "CAST(NULL AS VARCHAR[])"
    # The rows that nothing is told of are dropped before a list is taken apart.
    return (
        f"WITH asked AS ({inner}), "
        "said AS (SELECT *, unnest(_told) AS _said, generate_subscripts(_told, 1) AS _place FROM asked "
        "WHERE list_max(_told) > 0) "
        f"SELECT _rule, _said, epoch_us(event_time), {ENTITY}, {texts}, {kept} FROM said "
        f"JOIN (SELECT unnest([{lists[0]}]) AS g, unnest([{lists[1]}]) AS p, unnest([{lists[2]}]) AS _rule) "
        "ON _group = g AND _place = p WHERE _said > 0"
    )

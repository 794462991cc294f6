"""Looks inside of looks never guess: held against all that an estate may be where some of it is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from demarcate.checks.database import Group
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Judgement
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from tests.checks.nested import INNER, OUTER, Predicate, Row, completions, possible, predicates, rows_of
from tests.checks.test_engine import check, snapshot

Estate = Mapping[str, Sequence[Row] | None]
"""The rows of an account by table; None for a table that was not read."""

MANY = 2_000
"""How many of the estates that one may turn out to be are looked at."""

VERDICTS = {True: "pass", False: "fail", None: "unknown"}


def _read_or_not(table: str) -> st.SearchStrategy[Sequence[Row] | None]:
    rows = st.lists(rows_of(table), max_size=2)
    return st.sampled_from([True] * 5 + [False]).flatmap(lambda read: rows if read else st.none())


ESTATES = st.fixed_dictionaries(
    {
        OUTER: rows_of(OUTER).map(lambda row: [row | {"maybe": False}]),
        **{name: _read_or_not(name) for name in INNER},
    }
)


@settings(max_examples=10, phases=[Phase.explicit, Phase.generate])  # a smaller one takes minutes
@given(st.lists(predicates(), min_size=6, max_size=6), st.lists(ESTATES, min_size=6, max_size=6))
def test_looks_inside_of_looks_never_guess(asked: list[Predicate], estates: list[Estate]) -> None:
    checks = [check(predicate.text, id=f"c{number}") for number, predicate in enumerate(asked)]
    with collected(estates) as taken:
        findings = judge(taken, checks, passes=True).findings()
        verdicts = {(finding.check, finding.account): finding.verdict for finding in findings}
    for account, estate in enumerate(estates):
        worlds = list(islice(completions(estate), MANY))
        for number, predicate in enumerate(asked):
            right = {predicate.value({OUTER: world[OUTER][0]}, world) for world in worlds}
            verdict = verdicts[f"c{number}", str(account)]
            if verdict != "unknown" or len(worlds) == 1:
                assert {VERDICTS[value] for value in right} == {verdict}, (predicate.text, estate)


@settings(max_examples=6, phases=[Phase.explicit, Phase.generate])
@given(st.lists(predicates(), min_size=4, max_size=4), st.lists(ESTATES, min_size=4, max_size=4))
def test_what_no_row_leaves_open_need_not_be_asked(asked: list[Predicate], estates: list[Estate]) -> None:
    checks = [check(predicate.text, id=f"c{number}") for number, predicate in enumerate(asked)]
    certain = [{name: rows and [_certain(name, row) for row in rows] for name, rows in e.items()} for e in estates]
    with collected([*estates, *certain]) as taken, pytest.MonkeyPatch.context() as patch:
        # Rows of one account leave a look open for all that are judged with it.
        alone = [judge(taken.of([account]), checks, passes=True) for account in taken.accounts]
        shorter = {finding for judged in alone for finding in told_of(judged)}
        patch.setattr(Group, "_find_doubts", lambda *_: None)
        assert shorter == set(told_of(judge(taken, checks, passes=True)))


def _certain(table: str, row: Row) -> Row:
    """A row of which all is known."""
    return {name: values[0] if row[name] is None else row[name] for name, values in possible(table).items()} | {
        "maybe": False
    }


def told_of(judged: Judgement) -> Iterator[tuple[object, ...]]:
    return ((f.check, f.account, f.resource, f.verdict, f.reason, f.kind) for f in judged.findings())


def collected(estates: Sequence[Estate]) -> Snapshot:
    """A snapshot in which each estate is an account."""
    rows: dict[str, list[dict[str, Any]]] = {}
    gaps = []
    for account, estate in enumerate(estates):
        for name, known in estate.items():
            if known is None:
                gaps.append(
                    Unread(kind=Kind.DENIED, reason="denied", table=name, account=str(account), region="r")
                )
            for number, row in enumerate(known or ()):
                place = {"resource": f"{name} {number}", "account_id": str(account), "region": "r"}
                given_ = {key: value for key, value in row.items() if key != "maybe" and value is not None}
                held = rows.setdefault(name, [])
                held.append(place | given_ | ({"_conditional": "perhaps"} if row["maybe"] else {}))
    return snapshot({name: rows.get(name, []) for name in (OUTER, *INNER)}, *gaps)

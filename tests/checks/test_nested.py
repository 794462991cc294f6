"""Looks inside of looks never guess: held against all that an estate may be where some of it is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from demarcate.checks.engine import judge
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from tests.checks.nested import INNER, OUTER, Predicate, Row, completions, predicates, rows_of
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

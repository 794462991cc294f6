"""Whatever is done to a ledger is named, at the entry to which it was done."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.encoding import from_json
from demarcate.ledger.entry import START, Act, Entry, Stored, decode, decoded, digest, stored
from demarcate.ledger.ledger import Head
from demarcate.ledger.verifying import Damage, verify
from tests.effort import effort

LEDGER = "0123456789abcdef0123456789abcdef"
BEGIN = datetime(2026, 11, 28, tzinfo=UTC)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
texts = st.text(max_size=10)
acts = st.builds(
    Act,
    kind=texts,
    authority=texts,
    change=st.none() | texts,
    finding=st.none() | texts,
    before=values,
    after=values,
)


def chained(acts: Sequence[Act], ledger: str = LEDGER) -> list[Stored]:
    """The entries of a ledger in which those acts were recorded, a second each."""
    rows: list[Stored] = []
    for number, act in enumerate(acts, 1):
        at = (BEGIN + timedelta(seconds=number)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        previous = rows[-1].hash if rows else START
        rows.append(stored(_entry(ledger, number, at, act, previous)))
    return rows


def _entry(ledger: str, number: int, at: str, act: Act, previous: str) -> Entry:
    return Entry(
        format=1, ledger=ledger, number=number, at=at, person="anna", caller=None, act=act, previous=previous
    )


def head_of(rows: Sequence[Stored]) -> Head:
    last = rows[-1]
    return Head(ledger=decoded(last).ledger, number=last.number, hash=last.hash)


chains = st.lists(acts, min_size=1, max_size=3).map(chained)
long_chains = st.lists(
    st.builds(Act, kind=st.sampled_from("ab"), change=st.sampled_from([None, "c"])), min_size=1, max_size=8
).map(chained)


@settings(max_examples=50)
@given(chains | long_chains)
def test_nothing_is_wrong_with_a_ledger_that_nobody_touched(rows: list[Stored]) -> None:
    verification = verify(rows, [head_of(rows[:length]) for length in range(1, len(rows) + 1)])
    assert verification.faults == ()
    assert (verification.entries, verification.head, verification.earlier) == (len(rows), head_of(rows), ())


@settings(max_examples=50)
@given(acts)
def test_an_entry_is_one_text(act: Act) -> None:
    (row,) = chained([act])
    assert re.fullmatch("[ -~]+", row.entry)
    entry = decoded(row)
    assert (entry.text, stored(entry)) == (row.entry, row)
    assert from_json(row.entry) == msgspec.to_builtins(entry)
    keys = re.findall(r'"([a-z]+)":', stored(_entry(LEDGER, 1, "", Act(kind="a"), START)).entry)
    assert keys == ["act", *sorted(keys[1:9]), *sorted(keys[9:])]


# --- Tampering: each returns what it makes of the rows, and which fault must be named -----------------------


@dataclass(frozen=True)
class Tampered:
    rows: list[Stored]
    damage: Damage
    numbers: set[int]


def again(row: Stored, **values: Any) -> Stored:
    """An entry with other values, and a hash that fits them."""
    return stored(msgspec.structs.replace(decode(row.entry), **values))


def other(row: Stored) -> Act:
    return msgspec.structs.replace(decode(row.entry).act, authority="somebody else's, and none before")


def renumbered(rows: Sequence[Stored]) -> list[Stored]:
    return [row._replace(number=number) for number, row in enumerate(rows, 1)]


def relinked(rows: Sequence[Stored]) -> list[Stored]:
    """The whole chain written anew."""
    made: list[Stored] = []
    for number, row in enumerate(rows, 1):
        made.append(again(row, number=number, previous=made[-1].hash if made else START))
    return made


def edit_text(rows: list[Stored], at: int, _: int) -> Tampered:
    text = again(rows[at], act=other(rows[at])).entry
    rows[at] = rows[at]._replace(entry=text)
    return Tampered(rows, Damage.EDITED, {at + 1})


def break_text(rows: list[Stored], at: int, to: int) -> Tampered:
    text = rows[at].entry
    rows[at] = rows[at]._replace(entry=text[: to * len(text) // len(rows)])
    return Tampered(rows, Damage.EDITED, {at + 1})


def edit_hash(rows: list[Stored], at: int, _: int) -> Tampered:
    rows[at] = rows[at]._replace(hash=digest("x"))
    return Tampered(rows, Damage.EDITED, {at + 1})


def add_to_text(rows: list[Stored], at: int, _: int) -> Tampered:
    text = f'{{"approved":true,{rows[at].entry[1:]}'
    rows[at] = rows[at]._replace(entry=text, hash=digest(text))
    return Tampered(rows, Damage.EDITED, {at + 1})


def edit_kind(rows: list[Stored], at: int, _: int) -> Tampered:
    rows[at] = rows[at]._replace(kind=f"{rows[at].kind}x")
    return Tampered(rows, Damage.EDITED, {at + 1})


def edit_change(rows: list[Stored], at: int, _: int) -> Tampered:
    rows[at] = rows[at]._replace(change=None if rows[at].change is not None else "x")
    return Tampered(rows, Damage.EDITED, {at + 1})


def edit_and_hash_anew(rows: list[Stored], at: int, _: int) -> Tampered:
    rows[at] = again(rows[at], act=other(rows[at]))
    return Tampered(rows, Damage.REPLACED if at == len(rows) - 1 else Damage.EDITED, {at + 1})


def edit_what_it_follows(rows: list[Stored], at: int, _: int) -> Tampered:
    rows[at] = again(rows[at], previous=digest("x"))
    return Tampered(rows, Damage.EDITED, {at + 1})


def edit_its_number(rows: list[Stored], at: int, to: int) -> Tampered:
    rows[at] = again(rows[at], number=len(rows) + 1 + to)._replace(number=at + 1)
    return Tampered(rows, Damage.MOVED, {at + 1})


def edit_its_ledger(rows: list[Stored], at: int, _: int) -> Tampered:
    rows[at] = again(rows[at], ledger="f" * 32)
    return Tampered(rows, Damage.INSERTED if len(rows) > 1 else Damage.REPLACED, {at + 1})


def delete(rows: list[Stored], at: int, _: int) -> Tampered:
    last = at == len(rows) - 1
    del rows[at]
    return Tampered(rows, Damage.TRUNCATED if last else Damage.DELETED, {at + 1})


def delete_and_renumber(rows: list[Stored], at: int, _: int) -> Tampered:
    tampered = delete(rows, at, 0)
    return Tampered(renumbered(tampered.rows), tampered.damage, tampered.numbers)


def delete_several(rows: list[Stored], at: int, to: int) -> Tampered:
    first, last = sorted((at, to))
    is_end = last == len(rows) - 1
    del rows[first : last + 1]
    return Tampered(rows, Damage.TRUNCATED if is_end else Damage.DELETED, {first + 1})


def insert(rows: list[Stored], at: int, _: int) -> Tampered:
    rows.insert(at, again(rows[at], act=other(rows[at])))
    return Tampered(renumbered(rows), Damage.INSERTED, {at + 1})


def insert_a_copy(rows: list[Stored], at: int, to: int) -> Tampered:
    rows.insert(at, rows[to])
    return Tampered(renumbered(rows), Damage.INSERTED, {at + 1, to + 1, to + 2})


def insert_far_behind(rows: list[Stored], at: int, to: int) -> Tampered:
    number = 10**9 + at
    rows.append(again(rows[-1], number=number, previous=rows[-1].hash))
    return Tampered(rows, Damage.INSERTED, {number})


def insert_before_all(rows: list[Stored], at: int, _: int) -> Tampered:
    rows.insert(0, again(rows[0], number=-at))
    return Tampered(rows, Damage.INSERTED, {-at})


def swap(rows: list[Stored], at: int, to: int) -> Tampered:
    if at == to:
        return edit_text(rows, at, to)
    rows[at], rows[to] = rows[to], rows[at]
    return Tampered(renumbered(rows), Damage.MOVED, {at + 1, to + 1})


def write_anew(rows: list[Stored], at: int, _: int) -> Tampered:
    rows[at] = again(rows[at], act=other(rows[at]))
    return Tampered(relinked(rows), Damage.REPLACED, {len(rows)})


def write_anew_without_one(rows: list[Stored], at: int, _: int) -> Tampered:
    pinned = len(rows)
    del rows[at]
    return Tampered(relinked(rows), Damage.TRUNCATED, {pinned})


def write_anew_with_one_more(rows: list[Stored], at: int, _: int) -> Tampered:
    rows.insert(at, again(rows[at], act=other(rows[at])))
    return Tampered(relinked(rows), Damage.REPLACED, {len(rows) - 1})


def replace_by_another_ledger(rows: list[Stored], at: int, _: int) -> Tampered:
    return Tampered(chained([decode(row.entry).act for row in rows], "f" * 32), Damage.REPLACED, {len(rows)})


def replace_by_nothing(rows: list[Stored], at: int, _: int) -> Tampered:
    return Tampered([], Damage.TRUNCATED, {1})


TAMPERINGS: list[Callable[[list[Stored], int, int], Tampered]] = [
    edit_text,
    break_text,
    edit_hash,
    add_to_text,
    edit_kind,
    edit_change,
    edit_and_hash_anew,
    edit_what_it_follows,
    edit_its_number,
    edit_its_ledger,
    delete,
    delete_and_renumber,
    delete_several,
    insert,
    insert_a_copy,
    insert_far_behind,
    insert_before_all,
    swap,
    write_anew,
    write_anew_without_one,
    write_anew_with_one_more,
    replace_by_another_ledger,
    replace_by_nothing,
]


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.__name__)
@settings(max_examples=30)
@given(long_chains, st.data())
def test_what_was_done_is_named(
    tampering: Callable[[list[Stored], int, int], Tampered], rows: list[Stored], data: st.DataObject
) -> None:
    places = st.integers(0, len(rows) - 1)
    pin = head_of(rows)
    tampered = tampering(list(rows), data.draw(places), data.draw(places))
    faults = verify(tampered.rows, [pin]).faults
    assert {fault.number for fault in faults if fault.damage is tampered.damage} & tampered.numbers, faults
    assert all(before.number <= fault.number for before, fault in pairwise(faults))


@settings(max_examples=30)
@given(long_chains, st.data())
def test_one_edited_entry_is_one_fault(rows: list[Stored], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    for tampering in (edit_text, edit_hash, add_to_text, edit_kind, edit_change):
        assert [fault.number for fault in verify(tampering(list(rows), at, 0).rows).faults] == [at + 1]
    if at < len(rows) - 2:
        for tampering in (edit_and_hash_anew, edit_what_it_follows, delete):
            assert [fault.number for fault in verify(tampering(list(rows), at, 0).rows).faults] == [at + 1]


anything = st.builds(
    Stored,
    number=st.integers(-2, 6),
    kind=texts,
    change=st.none() | texts,
    entry=st.text(max_size=20)
    | st.sampled_from(["[" * 10_000, '{"format":2}', "null", "1e999", '{"format":1e999}']),
    hash=texts,
)


@settings(max_examples=50)
@given(st.lists(anything | long_chains.map(lambda rows: rows[-1]), max_size=6, unique_by=lambda row: row.number))
def test_whatever_a_database_holds_is_verified(rows: list[Stored]) -> None:
    rows.sort(key=lambda row: row.number)
    verification = verify(rows, [Head(ledger=LEDGER, number=3, hash="x")])
    assert verification.faults
    assert all("\n" not in str(fault) for fault in verification.faults)


def test_a_later_format_is_told_as_such() -> None:
    text = '{"format":2,"number":1}'
    (fault,) = verify([Stored(1, "a", None, text, digest(text))]).faults
    assert fault.message == "it is of format 2, and this program knows 1: use a newer one"


def test_entries_that_were_moved_together_are_one_fault() -> None:
    rows = chained([Act(kind="tested", after=number) for number in range(100)])
    faults = verify(delete_and_renumber(rows, 49, 0).rows).faults
    assert list(map(str, faults)) == [
        "entry 50: deleted: missing: 50",
        "entry 50: moved: it was written as entry 51, and the 49 after it likewise",
    ]


def test_verifying_takes_time_that_grows_with_the_entries_alone() -> None:
    rows = chained([Act(kind="tested", after=number) for number in range(3001)])
    rows = [row for row in rows if row.number % 3]
    with effort(10):
        assert len(verify(rows).faults) == 1000

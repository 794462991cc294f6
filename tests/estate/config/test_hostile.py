"""Whatever an item holds, it becomes rows that can be written, or is told; and nothing passes by it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.checks.engine import judge
from tests.checks.examples import shipped
from tests.estate.config.estate import Raw, cases, deliver, item, moved, named, recorder, rows, snapshot_of

CASES = cases()
ODD: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ['{"a": ', '"\\"x\\""', "%7B", "%", "2026-13-01", "9" * 30, "<script>", "{{resolve:x}}", "\ud800"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just("value"), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where anything stands in a value."""
    here = [at] if at else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return here + [path for key, value_at in inner for path in paths(value_at, (*at, key))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with something else in one place; left out where that is `...`."""
    key, rest = path[0], path[1:]
    pairs = enumerate(value) if isinstance(value, list) else value.items()
    changed = [(at, held if at != key else put(held, rest, new) if rest else new) for at, held in pairs]
    changed = [(at, held) for at, held in changed if held is not ...]
    return [held for _, held in changed] if isinstance(value, list) else dict(changed)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, Raw]:
    """An item with up to three places changed."""
    name = draw(st.sampled_from(sorted(CASES)))
    raw = item(CASES[name])
    for _ in range(draw(st.integers(1, 3))):
        places = paths(raw)
        if places:
            raw = put(raw, draw(st.sampled_from(places)), draw(ODD | st.just(...)))
    return name, raw


@cache
def filled(name: str) -> tuple[str, ...]:
    """The tables that an item fills: to collect and judge all others each time is most of a run."""
    with TemporaryDirectory() as folder:
        snapshot = snapshot_of(deliver(Path(folder), [item(CASES[name])]))
        return tuple(name for name, held in snapshot.manifest.tables.items() if any(p.rows for p in held.parts))


@settings(max_examples=3)
@given(st.lists(damaged(), min_size=10, max_size=10))
def test_odd_items_end_no_run(given: list[tuple[str, Raw]]) -> None:
    tables = {table for name, _ in given for table in filled(name)}
    with TemporaryDirectory() as folder:
        whole = [item(CASES[name]) for name in dict.fromkeys(name for name, _ in given)]
        delivered = deliver(Path(folder), [*(raw for _, raw in given), *whole, recorder()])
        snapshot = snapshot_of(delivered, tables=sorted(tables))
        for table in snapshot.manifest.tables:
            rows(snapshot, table)


@settings(max_examples=2)
@given(st.lists(st.sampled_from(sorted(CASES)), min_size=6, max_size=6), st.data())
def test_leaving_something_out_makes_nothing_pass(names: list[str], data: st.DataObject) -> None:
    """What failed or was unknown with a member stays so, or is unknown, without it: unless its absence counts."""
    left_out = {}
    for name in names:
        whole = item(CASES[name])
        config: Any = {
            "configuration": whole["configuration"],
            "supplementaryConfiguration": whole["supplementaryConfiguration"],
        }
        places = [path for path in paths(config) if len(path) > 1 and path[1] != "tags"]
        places = [place for place in places if not isinstance(place[-1], int)]
        if places:
            place = data.draw(st.sampled_from(places))
            left_out[name, place] = whole, {**whole, **put(config, place, ...)}
    verdicts = _verdicts([raw for pair in left_out.values() for raw in pair], set(names))
    assert not left_out or any(verdicts)
    for number, (name, place) in enumerate(left_out):
        before, after = verdicts[2 * number : 2 * number + 2]
        now_passing = {
            check for check, verdict in after.items() if verdict == "pass" and before.get(check) == "unknown"
        }
        assert not now_passing, (name, place, now_passing)


def _verdicts(raws: list[Raw], names: set[str]) -> list[dict[str, str]]:
    """Those of each item, in an account of its own."""
    accounts = [f"{900_000_000_000 + number}" for number, _ in enumerate(raws)]
    tables = {table for name in names for table in filled(name)}
    with TemporaryDirectory() as folder:
        for account, raw in zip(accounts, raws, strict=True):
            deliver(Path(folder), [moved(raw, account)], named(account=account))
        snapshot = snapshot_of(Path(folder), tables=sorted(tables))
        judgement = judge(snapshot, [check for check in shipped().values() if check.table in tables], passes=True)
        findings = list(judgement.findings())
    return [
        {finding.check: finding.verdict for finding in findings if finding.account == account}
        for account in accounts
    ]

"""Into which batches events are cut makes no difference, and correlations are what brute force says."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from demarcate.base.connection import connect
from demarcate.logs.detecting.findings import together
from demarcate.logs.detecting.rows import make_table
from demarcate.logs.detecting.running import Detector
from demarcate.logs.detecting.structs import Detection, State
from demarcate.logs.sigma.reading import load_rules
from tests.logs.detecting import force

pytest.importorskip("sigma")

BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)
SPAN = 60
KINDS: list[dict[str, Any]] = [
    {"type": "event_count", "condition": {"gte": 3}},
    {"type": "event_count", "condition": {"eq": 2}},
    {"type": "event_count", "condition": {"lt": 2}},
    {"type": "value_count", "condition": {"gte": 2, "field": "requestParameters.n"}},
    {"type": "value_sum", "condition": {"gt": 5, "field": "requestParameters.n"}},
    {"type": "value_avg", "condition": {"gte": 2.5, "field": "requestParameters.n"}},
    {"type": "value_median", "condition": {"lte": 1.5, "field": "requestParameters.n"}},
    {"type": "value_percentile", "condition": {"gte": 3, "field": "requestParameters.n", "percentile": 75}},
    {"type": "temporal"},
    {"type": "temporal_ordered"},
]
NAMES = ["a", "b", "c"]


def rule(name: str) -> dict[str, Any]:
    return {
        "title": name,
        "name": name,
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {"s": {"eventName": name}, "condition": "s"},
    }


def correlation(number: int) -> dict[str, Any]:
    told = {"rules": NAMES, "group-by": ["awsRegion"], "timespan": f"{SPAN}s", **KINDS[number]}
    return {"title": f"c{number}", "name": f"c{number}", "correlation": told}


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    folder = tmp_path_factory.mktemp("rules")
    usual = {**rule("d"), "demarcate": {"baseline": {"of": ["userAgent"], "per": ["awsRegion"], "days": 1}}}
    shown = {**rule("a"), "name": "shown", "title": "shown"}
    written = [*map(rule, NAMES), shown, usual, *map(correlation, range(len(KINDS)))]
    (folder / "rules.yml").write_text(yaml.safe_dump_all(written))
    rules = load_rules([folder], shipped=False)
    assert rules.problems == ()
    return Detector(rules.rules.values())


CONNECTION = connect()
happened = st.lists(
    st.tuples(
        st.integers(0, 200), st.sampled_from(NAMES), st.sampled_from("xy"), st.sampled_from([None, 0, 1, 2, 3, 4.5])
    ),
    min_size=1,
    max_size=25,
)  # fmt: skip


def event(number: int, second: int, name: str, group: str, n: float | None) -> dict[str, Any]:
    return {
        "eventID": f"{number:04}",
        "eventTime": (BEGINNING + timedelta(seconds=second)).isoformat(),
        "eventName": name,
        "awsRegion": group,
        "requestParameters": None if n is None else {"n": n},
    }


def in_batches(detector: Detector, batches: list[list[dict[str, Any]]], *, ordered: bool) -> tuple[Detection, ...]:
    outcomes = []
    state = State()
    for batch in batches:
        make_table(CONNECTION, "events", batch)
        settled = None
        if ordered and batch:
            settled = int(datetime.fromisoformat(batch[-1]["eventTime"]).timestamp()) * 1_000_000
        outcome = detector.detect(CONNECTION, "events", state, settled=settled)
        outcomes.append(outcome)
        state = msgspec.json.decode(msgspec.json.encode(outcome.state), type=State)
    outcomes.append(detector.finish(state))
    return together(outcomes)


@settings(max_examples=14, deadline=None, phases=[Phase.generate])
@given(happened)
def test_correlations_are_what_brute_force_says(detector: Detector, told: list[tuple[int, str, str, Any]]) -> None:
    events = [event(number, *each) for number, each in enumerate(told)]
    detections = in_batches(detector, [events], ordered=False)
    matches = [
        force.Match(second, NAMES.index(name), group, None if n is None else str(n))
        for second, name, group, n in told
    ]
    for number, kind in enumerate(KINDS):
        condition = dict(kind.get("condition", {"gte": 3}))
        condition.pop("field", None)
        percent = condition.pop("percentile", 0)
        ((op, threshold),) = condition.items()
        wanted = force.fires(kind["type"], 3, SPAN, matches, op, threshold, percent)
        got = {(each.entity, each.last) for each in detections if each.name == f"c{number}"}
        last = {group: max(second for other, second in wanted if other == group) for group, _ in wanted}
        assert got == {
            (group, (BEGINNING + timedelta(seconds=second)).isoformat().replace("+00:00", "Z"))
            for group, second in last.items()
        }, kind


@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(happened, st.lists(st.integers(0, 25), max_size=4), st.randoms(use_true_random=False))
def test_batches_say_what_one_says(
    detector: Detector, told: list[tuple[int, str, str, Any]], cuts: list[int], chance: Any
) -> None:
    events = [event(number, *each) for number, each in enumerate(sorted(told, key=lambda each: each[0]))]
    places = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    batches = [events[start:end] for start, end in itertools.pairwise(places)]
    whole = in_batches(detector, [events], ordered=False)
    assert in_batches(detector, batches, ordered=True) == whole
    assert in_batches(detector, [*batches, events[:5]], ordered=False) == whole  # copies, and in any order
    shuffled = list(events)
    chance.shuffle(shuffled)
    assert in_batches(detector, [shuffled[: places[1]], shuffled[places[1] :]], ordered=False) == whole


def test_what_is_new_is_told_once_there_is_something_to_compare_with(detector: Detector) -> None:
    def seen(number: int, hours: float, agent: str) -> dict[str, Any]:
        return {**event(number, int(hours * 3600), "d", "x", None), "userAgent": agent}

    days = [[seen(1, 0, "old"), seen(2, 1, "learned")], [seen(3, 20, "old"), seen(4, 30, "new"), seen(5, 31, "old")],
            [seen(6, 32, "new"), seen(7, 80, "old")]]  # fmt: skip
    detections = in_batches(detector, days, ordered=True)
    assert [(each.first, each.agents) for each in detections] == [
        ("2026-03-02T06:00:00Z", ("new",)),
        ("2026-03-04T08:00:00Z", ("old",)),
    ]
    assert detections == in_batches(detector, [[*itertools.chain(*days)]], ordered=False)


def test_rules_that_only_correlations_look_at_are_silent(detector: Detector) -> None:
    detections = in_batches(detector, [[event(1, 0, "a", "x", 1)]], ordered=True)
    assert {each.name for each in detections} == {"shown", "c2", "c6"}


def test_rules_that_are_grouped_by_nothing_and_states_of_other_rules(tmp_path: Path) -> None:
    written = [
        rule("a"),
        {"title": "c", "name": "c", "correlation": {"type": "event_count", "rules": ["a"], "timespan": "1h",
                                                    "condition": {"gte": 2}}},
    ]  # fmt: skip
    (tmp_path / "rules.yml").write_text(yaml.safe_dump_all(written))
    whole = Detector(load_rules([tmp_path], shipped=False).rules.values())
    events = [event(number, number, "a", "x", None) for number in range(3)]
    assert [(each.name, each.count) for each in in_batches(whole, [events], ordered=False)] == [("c", 3)]
    make_table(CONNECTION, "events", events)
    state = whole.detect(CONNECTION, "events").state
    assert state.pending
    others = [[each for each in whole.rules if each.name == "a"], [*whole.rules, *whole.rules[1:]], []]
    assert [Detector(each).finish(msgspec.json.decode(msgspec.json.encode(state), type=State)).detections
            for each in others] == [(), (), ()]  # fmt: skip

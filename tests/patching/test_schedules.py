"""Schedules in every spelling that AWS has: its own examples, and properties that hold of all."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from demarcate.patching.schedules import (
    At,
    Cron,
    Rate,
    ScheduleError,
    Span,
    Window,
    daily,
    event_windows,
    moment_of,
    parse,
    weekly,
    weekly_start,
    zone_of,
)

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "schedules.yaml").read_text())


def _moment(value: Any) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, datetime.min.time())
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).replace(tzinfo=UTC)


def _windows(case: dict[str, Any]) -> list[Window]:
    if "weekly" in case:
        return [weekly(case["weekly"])]
    if "start" in case:
        return [weekly_start(case["start"], case["hours"], zone_of(case.get("zone", "")))]
    if "daily" in case:
        return [daily(case["daily"][0], case["daily"][1], case["hours"])]
    if "event" in case:
        return event_windows(case["event"].get("ranges", []), case["event"].get("cron", ""))
    anchor = moment_of(str(case["anchor"])) if "anchor" in case else None
    zone = zone_of(case.get("zone", ""))
    schedule = parse(case["schedule"], zone, offset=case.get("offset", 0), anchor=anchor)
    return [Window(schedule, timedelta(microseconds=1))]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_schedule_is_when_aws_says(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(ScheduleError) as refused:
            _windows(case)
        assert case["refused"] in str(refused.value)
        return
    since = _moment(case["from"])
    until = since + timedelta(days=365 * 10)
    spans = sorted(
        (span for window in _windows(case) for span in itertools.islice(window.spans(since, until), 10)),
        key=lambda span: span.start,
    )
    if "says" in case:
        expected = [_moment(value) for value in case["says"]]
        assert [span.start for span in spans][: len(expected) or None] == expected
    else:
        assert [[span.start, span.end] for span in spans][: len(case["spans"])] == [
            [_moment(value) for value in span] for span in case["spans"]
        ]


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
SINCE = st.sampled_from(
    ["2026-03-27", "2026-10-24", "2026-10-31", "2026-03-07", "2026-04-04", "2026-10-03", "2027-12-30"]
)
CRONS = st.builds(
    "cron({} {} {} * {} *)".format,
    st.sampled_from(["0", "30", "0/20", "15,45"]),
    st.sampled_from(["1", "2", "*", "1-3", "22-2"]),
    *(st.just("?"), st.sampled_from(["*", "SUN", "7-1", "1L", "SUN#1"])),
) | st.builds(
    "cron({} {} {} * ? *)".format,
    st.sampled_from(["0", "30", "5/25"]),
    st.sampled_from(["1", "2", "*", "0/2"]),
    st.sampled_from(["*", "L", "1", "LW", "28,29", "5W"]),
)


def _local_minutes(cron: Cron, since: datetime, until: datetime) -> list[datetime]:
    """Every minute that the clocks show for the first time, and that has a time and a day of the expression."""
    from demarcate.patching.schedules import days_of

    moments, shown = [], set()
    # From a little before, so that what is shown for a second time is known to be.
    moment = since - timedelta(hours=3)
    while moment < until:
        local = moment.astimezone(cron.zone).replace(tzinfo=None, fold=0)
        new = local not in shown
        shown.add(local)
        day = local.date() - timedelta(days=cron.offset)
        timed = local.hour in cron.hours and local.minute in cron.minutes
        if new and timed and moment >= since and day.day in days_of(cron.days, day.year, day.month):
            moments.append(moment)
        moment += timedelta(minutes=1)
    return moments


@given(CRONS, ZONES, SINCE, st.integers(0, 6))
def test_a_cron_expression_is_what_the_clocks_show(text: str, zone: str, day: str, offset: int) -> None:
    cron = parse(text, zone_of(zone), offset=offset)
    assert isinstance(cron, Cron)
    since = _moment(day)
    until = since + timedelta(days=3)
    assert list(cron.starts(since, until)) == _local_minutes(cron, since, until)


@given(
    CRONS.map(parse)
    | st.builds(
        Rate, st.timedeltas(timedelta(minutes=30), timedelta(days=9)), st.datetimes(timezones=st.just(UTC))
    )
    | st.builds(At, st.datetimes(timezones=st.just(UTC))),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(0), timedelta(days=40)),
    st.timedeltas(timedelta(minutes=30), timedelta(days=2)),
)
def test_spans_are_in_order_and_have_a_moment_within(
    schedule: Cron | Rate | At, since: datetime, length: timedelta, duration: timedelta
) -> None:
    asked = Span(since, since + length)
    window = Window(schedule, duration)
    spans = list(itertools.islice(window.spans(asked.start, asked.end), 500))
    assert all(span.overlaps(asked) and span.end - span.start == duration for span in spans)
    assert all(span.start < later.start for span, later in itertools.pairwise(spans))
    # What begins between two moments is what begins before a third and what begins from it on.
    middle = since + length / 2
    parts = [*schedule.starts(since, middle), *schedule.starts(middle, asked.end)]
    assert parts == list(schedule.starts(since, asked.end))


@given(st.text(max_size=40) | st.text("0123456789*?/,-#LW ", max_size=30).map("cron({})".format))
def test_any_text_is_a_schedule_or_refused_in_words(text: str) -> None:
    now = _moment("2026-11-28")
    for read in (
        lambda: parse(text, anchor=now),
        lambda: weekly(text),
        lambda: zone_of(text),
        lambda: moment_of(text),
    ):
        try:
            read()
        except ScheduleError as error:
            assert str(error)


def test_a_window_is_none_before_its_first_and_after_its_last_day() -> None:
    first, last = _moment("2026-12-01"), _moment("2026-12-15")
    window = Window(parse("cron(0 2 ? * TUE *)"), timedelta(hours=3), not_before=first, not_after=last)
    spans = list(window.spans(_moment("2026-01-01"), _moment("2028-01-01")))
    assert [span.start.date().isoformat() for span in spans] == ["2026-12-01", "2026-12-08"]

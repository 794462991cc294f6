"""The calendar: estates of a few rows, and what is said of their windows and dates."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
import yaml

from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.patching.calendar import MOST, Calendar, make_calendar
from demarcate.patching.dates import EntryKind
from demarcate.patching.schedules import parse
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.patching import calendar as words
from demarcate.report.patching import calendar_page as page
from demarcate.report.patching import icalendar as ical
from tests.checks.test_engine import snapshot
from tests.report.hostile import TEXTS

DATA = yaml.safe_load((Path(__file__).parent / "calendars.yaml").read_text())
ACCOUNT, REGION = "111122223333", "eu-west-1"


def estate(rows: dict[str, list[dict[str, Any]]], *unread: str) -> Snapshot:
    """A snapshot of rows, over the usual ones."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for table, given in rows.items():
        usual = DATA["usual"].get(table, {})
        tables[table] = [
            {
                "account_id": ACCOUNT,
                "region": REGION,
                "resource": f"arn:aws:any:{REGION}:{ACCOUNT}:{table}/{number}",
                "tags": {},
                **usual,
                **row,
            }
            for number, row in enumerate(given)
        ]
    gaps = [
        Unread(kind=Kind.DENIED, reason="denied", table=name, account=ACCOUNT, region=REGION) for name in unread
    ]
    return snapshot(tables, *gaps)


def moment(value: Any) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def calendar_of(case: dict[str, Any]) -> Calendar:
    since = moment(case.get("from", date(2026, 11, 1)))
    until = moment(case["until"]) if "until" in case else since + timedelta(days=10)
    with estate(case["rows"], *case.get("unread", ())) as taken:
        return make_calendar(taken, since, until, tag=case.get("group_by"))


def told(calendar: Calendar, what: str) -> Any:
    """What a calendar says, as the file has it."""
    if what in ("entries", "dates", "past"):
        entries = calendar.past if what == "past" else calendar.entries
        return [
            f"{entry.start:%Y-%m-%dT%H:%M} {entry.kind} {entry.name}"
            for entry in entries
            if what != "dates" or entry.kind is not EntryKind.WINDOW
        ]
    if what == "members":
        return {window.name: [member.name for member in window.members] for window in calendar.windows}
    if what == "collisions":
        return [
            f"{collision.group + ': ' if collision.group else ''}{', '.join(collision.resources)}: "
            f"{collision.times} times, first {collision.first:%Y-%m-%dT%H:%M}"
            for collision in calendar.collisions
        ]
    if what == "clock_changes":
        return [f"{c.zone} {c.at:%Y-%m-%d} {c.before} {c.after}" for c in calendar.clock_changes]
    return [(note.name, note.reason) for note in getattr(calendar, what)]


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case["name"])
def test_what_the_calendar_of_an_estate_says(case: dict[str, Any]) -> None:
    calendar = calendar_of(case)
    for what, expected in case["says"].items():
        said = told(calendar, what)
        if what in ("uncovered", "unknown", "undated", "too_short"):
            assert len(said) == len(expected), said
            for line in expected:
                name, _, words = line.partition(": ")
                assert any(name == of and words in reason for of, reason in said), (line, said)
        else:
            assert said == expected


def test_ends_of_support_and_schedules_of_ones_own_are_in_it() -> None:
    engine = {"engine": "mysql", "engine_major_version": "8.0", "engine_version": "8.0.36"}
    rows: dict[str, list[dict[str, Any]]] = {
        "aws_rds_db_instance": [{"db_instance_identifier": "orders", **engine}],
        "aws_rds_engine_version_support": [
            {"engine": "mysql", "major_engine_version": "8.0", "end_of_standard_support": "2026-11-09T23:59:59"}
        ],
        "aws_ec2_instance_image": [
            {
                "instance_id": "i-1",
                "managed_by": "",
                "image_id": "ami-1",
                "image_deprecates": True,
                "image_deprecation_time": "2026-11-20T00:00:00",
            }
        ],
    }
    own = {"lab": parse("Patch Tuesday + 3 days at 22:00"), "minutely": parse("cron(* * * * ? *)")}
    since = moment("2026-11-01")
    with estate(rows) as taken:
        calendar = make_calendar(taken, since, since + timedelta(days=30), also=own)
    kinds = {(entry.kind, f"{entry.start:%Y-%m-%d}", entry.name) for entry in calendar.entries}
    assert {
        (EntryKind.SUPPORT_ENDS, "2026-11-09", "orders"),
        (EntryKind.EVENT, "2026-11-20", "ami-1"),
        (EntryKind.WINDOW, "2026-11-13", "lab"),
    } <= kinds
    assert sum(entry.name == "minutely" for entry in calendar.entries) == MOST
    assert [note.name for note in calendar.unknown] == ["minutely"]


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("2026-11-02", "2026-11-02", "later moment"),
        ("2026-11-02", "2037-11-02", "ten years"),
        ("1960-01-01", "1961-01-01", "between 1970"),
    ],
)
def test_a_span_that_is_none_is_refused(since: str, until: str, words: str) -> None:
    with estate({}) as taken, pytest.raises(DemarcateError, match=words):
        make_calendar(taken, moment(since), moment(until))


def hostile() -> Calendar:
    """A calendar in which every text is hostile."""
    rows: dict[str, list[dict[str, Any]]] = {
        "aws_ec2_instance": [
            {
                "resource": f"node {text}",
                "instance_id": f"i-{text}",
                "tags": {"Name": text, text: text, "env": "prod"},
            }
            for text in TEXTS
        ],
        "aws_ssm_maintenance_window": [
            {"resource": f"window {text}", "window_id": text, "name": text} for text in TEXTS
        ]
        + [{"window_id": f"{text} bad", "name": text, "schedule": text} for text in TEXTS],
        "aws_ssm_maintenance_window_target": [{"window_id": text, "window_target_id": text} for text in TEXTS],
        "aws_ssm_maintenance_window_task": [
            {"window_id": text, "targets": [{"Key": "WindowTargetIds", "Values": [text]}], "max_concurrency": text}
            for text in TEXTS
        ],
        "aws_rds_db_instance": [
            {
                "db_instance_identifier": text,
                "engine": text,
                "pending_maintenance_actions": [
                    {"Action": text, "Description": text, "ForcedApplyDate": "2026-11-03T00:00:00Z"},
                    {"Action": text, "ForcedApplyDate": text},
                ],
            }
            for text in TEXTS
        ],
    }
    with estate(rows) as taken:
        return make_calendar(taken, moment("2026-11-01"), moment("2026-11-09"), zone="Europe/Berlin", tag="env")


def written(write: Any, calendar: Calendar) -> str:
    stream = io.StringIO(newline="")
    write(calendar, Out(stream))
    return stream.getvalue()


def test_icalendar_is_what_rfc_5545_asks_for_whatever_the_names_are() -> None:
    calendar = hostile()
    text = written(ical.write, calendar)
    assert text.endswith("END:VCALENDAR\r\n")
    lines = text.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines), "a line is folded at 75 octets (3.1)"
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text.replace("\r\n", "")), "no controls (3.1)"
    unfolded = text.replace("\r\n ", "").split("\r\n")
    values = [line.partition(":")[2] for line in unfolded if line.startswith(("SUMMARY", "DESCRIPTION"))]
    assert values
    assert not [value for value in values if re.search(r"(?<!\\)(\\\\)*[,;]", value)], "escaped (3.3.11)"
    read = icalendar.Calendar.from_ical(text)
    assert (str(read["VERSION"]), bool(read["PRODID"])) == ("2.0", True)
    events = read.walk("VEVENT")
    assert len(events) == len(calendar.entries)
    assert not any(event.errors for event in events)
    for event, entry in zip(events, calendar.entries, strict=True):
        assert event.decoded("dtstart") == entry.start
        assert event.decoded("dtend") > entry.start
        assert event.decoded("dtstamp") == calendar.moment
    uids = [str(event["UID"]) for event in events]
    assert len(set(uids)) == len(uids)
    # The same entries have the same UIDs in another run.
    assert list(map(ical.uid, hostile().entries)) == uids


def test_text_and_page_and_json_of_a_hostile_estate_are_harmless() -> None:
    calendar = hostile()
    stream = io.StringIO()
    words.write(calendar, Console(Out(stream), width=80))
    text = stream.getvalue()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert max(map(len, text.splitlines())) <= 80
    html = written(page.write, calendar)
    assert "<script>alert" not in html
    assert html.count("<script") == html.count("</script>") == 1
    assert "Content-Security-Policy" in html
    assert '"entries":[{' in written(words.write_json, calendar)
    columns, rows = words.rows(calendar)
    assert {len(row) for row in rows} == {len(columns)}

"""Moments at the ends of time: known, or not, and never an OverflowError."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from demarcate.base.moments import since_1970, utc
from demarcate.cli import app
from demarcate.cli.options import moment_of
from demarcate.estate.schema.conversion import convert
from demarcate.estate.schema.transforms import milliseconds
from demarcate.estate.schema.unknown import Unknown
from tests.children import demarcate, one_message

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=st.none() | OFFSETS)
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400)])


@given(MOMENTS)
def test_any_moment_is_that_moment_in_utc_or_out_of_range(moment: datetime) -> None:
    try:
        told = utc(moment)
    except ValueError as error:
        assert "out of range" in str(error)
        return
    assert told.utcoffset() == timedelta(0)
    assert told == (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


@given(NUMBERS)
def test_any_number_is_a_moment_or_out_of_range(seconds: float) -> None:
    with contextlib.suppress(ValueError):
        assert since_1970(seconds).utcoffset() == timedelta(0)


@given(st.one_of(MOMENTS, MOMENTS.map(datetime.isoformat), NUMBERS, st.text(max_size=30)))
def test_a_column_of_moments_takes_anything(value: Any) -> None:
    converted = convert("TIMESTAMP", value, "CreateTime")
    assert isinstance(converted, Unknown) or converted.tzinfo is None


@pytest.mark.parametrize("value", [1e18, -1e18, float("inf"), float("nan")])
def test_milliseconds_out_of_range(value: float) -> None:
    with pytest.raises(ValueError, match=r".+"):
        milliseconds(value)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "0000-01-01",
        "99999-01-01",
        "2026-02-30",
        "x" * 500,
    ],
)
def test_as_of_a_moment_that_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {A: {Type: 'AWS::S3::Bucket'}}\n")
    one_message(demarcate("assess", "t.yaml", "--as-of", text, cwd=tmp_path), "--as-of takes a date")


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59+14:00"])
def test_as_of_the_ends_of_time(text: str, tmp_path: Path) -> None:
    assert moment_of(text) is not None
    (tmp_path / "t.yaml").write_text("Resources: {A: {Type: 'AWS::S3::Bucket'}}\n")
    for form in ("text", "json", "html", "csv"):
        done = CliRunner().invoke(app, ["assess", str(tmp_path / "t.yaml"), "--as-of", text, "--format", form])
        assert (done.exit_code, done.stderr) == (0, "")

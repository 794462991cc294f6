"""When maintenance happens: every spelling of a schedule that AWS has, as moments in a span of time.

AWS's cron expressions are those of no library for Python: days of the week are counted from 1 for Sunday, one of the
two fields for days is `?`, there is a field for years, and `L`, `W` and `#` name days of a month.
https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html

A schedule goes by the clocks of its zone. A time that these skip in spring does not happen, and one that they have
twice in autumn happens once, the first time.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
"""

from __future__ import annotations

import calendar
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from itertools import product
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from demarcate.base.errors import DemarcateError
from demarcate.base.moments import local, utc

YEARS: Final = range(1970, 2200)
"""The years that AWS's cron expressions know."""

MAX_TEXT: Final = 256
"""How many characters a schedule may have, as Systems Manager has it."""

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_WEEK: Final = tuple(range(1, 8))


class ScheduleError(DemarcateError):
    """A text that is no schedule, zone or moment, and what was expected."""


class Schedule(Protocol):
    """When something begins."""

    def starts(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Its moments from `since` to before `until`, in UTC and in order."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to before another, both in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: Span) -> bool:
        """Whether there is a moment in both."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Days:
    """Days of a month, each list as a cron expression names it: 1 is Sunday in `week`, `nth` and `last`."""

    month: tuple[int, ...] = ()
    nearest: tuple[int, ...] = ()
    """Working days nearest to these days, in the same month."""
    last_day: bool = False
    last_working_day: bool = False
    week: tuple[int, ...] = ()
    nth: tuple[tuple[int, int], ...] = ()
    """The day of the week, and which of the month it is."""
    last: tuple[int, ...] = ()
    """The last one of these days of the week."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression, so many days later (`offset`) at the same time of the zone's clocks."""

    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    days: Days
    seconds: tuple[int, ...] = (0,)
    months: tuple[int, ...] = tuple(range(1, 13))
    years: tuple[int, ...] = tuple(YEARS)
    zone: tzinfo = UTC
    offset: int = 0

    def starts(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Its moments, as `Schedule` has it."""
        # Local clocks are less than a day away from UTC's.
        slack = timedelta(days=1)
        offset = timedelta(days=self.offset)
        first = max(since.date(), _FIRST + slack + offset) - slack - offset
        last = min(until.date(), _LAST - slack) + slack
        for year in range(first.year, last.year + 1):
            for month in self.months if year in self.years else ():
                if (first.year, first.month) <= (year, month) <= (last.year, last.month):
                    for day in days_of(self.days, year, month):
                        yield from self._on(date(year, month, day) + offset, since, until)

    def _on(self, day: date, since: datetime, until: datetime) -> Iterator[datetime]:
        for hour, minute, second in product(self.hours, self.minutes, self.seconds):
            shown = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=self.zone)
            moment = utc(shown)
            if moment >= until:
                return
            if since <= moment and local(moment, self.zone) == shown:
                yield moment


_FIRST: Final = date(YEARS[0], 1, 1)
_LAST: Final = date(YEARS[-1], 12, 31)


@dataclass(frozen=True, slots=True)
class Rate:
    """Again and again, so far apart by a clock that nobody turns, from a moment at which it happens."""

    every: timedelta
    anchor: datetime

    def starts(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Its moments, as `Schedule` has it."""
        passed = max(0, -((self.anchor - since) // self.every))
        moment = self.anchor + passed * self.every
        while moment < until:
            if moment >= since:
                yield moment
            moment += self.every


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    moment: datetime

    def starts(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Its moments, as `Schedule` has it."""
        if since <= self.moment < until:
            yield self.moment


@dataclass(frozen=True, slots=True)
class Window:
    """A schedule, how long each time lasts, and the moments before and from which it does not begin."""

    schedule: Schedule
    duration: timedelta
    not_before: datetime | None = None
    not_after: datetime | None = None

    def spans(self, since: datetime, until: datetime) -> Iterator[Span]:
        """Those of its times that have a moment between two, in order; they may overlap where it is very frequent."""
        first = since - self.duration + timedelta(microseconds=1)
        if self.not_before is not None:
            first = max(first, self.not_before)
        last = until if self.not_after is None else min(until, self.not_after)
        for start in self.schedule.starts(first, last):
            yield Span(start, start + self.duration)


@lru_cache(maxsize=1 << 14)
def days_of(days: Days, year: int, month: int) -> tuple[int, ...]:
    """The days of a month that are meant, in order."""
    first, count = calendar.monthrange(year, month)

    def weekday(day: int) -> int:
        return (first + day) % 7 + 1  # monthrange counts from 0 for Monday

    named = {day for day in days.month if day <= count}
    named.update(_nearest(day, count, weekday(day)) for day in days.nearest if day <= count)
    if days.last_day:
        named.add(count)
    if days.last_working_day:
        named.add(_nearest(count, count, weekday(count)))
    for day in range(1, count + 1):
        of_week = weekday(day)
        which = (day - 1) // 7 + 1
        if of_week in days.week or (of_week, which) in days.nth or (of_week in days.last and day > count - 7):
            named.add(day)
    return tuple(sorted(named))


def _nearest(day: int, count: int, weekday: int) -> int:
    """The working day nearest to a day, without leaving the month."""
    if weekday == 7:
        return day - 1 if day > 1 else day + 2
    if weekday == 1:
        return day + 1 if day < count else day - 2
    return day


# --- texts ----------------------------------------------------------------------------------------------


@cache
def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name; UTC for "". Raises ScheduleError that names the nearest one."""
    if name in ("", "UTC", "Z"):
        return UTC
    if match := re.fullmatch(r"(?:UTC|GMT)?([+-])([0-9]{1,2}):?([0-5][0-9])?", name):
        hours, minutes = int(match[2]), int(match[3] or 0)
        if hours <= 14:
            ahead = timedelta(hours=hours, minutes=minutes)
            return timezone(ahead if match[1] == "+" else -ahead)
    try:
        if name not in ("localtime", "Factory"):  # what these are is a matter of the machine
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    near = difflib.get_close_matches(name[:MAX_TEXT], _zones(), 1)
    hint = f"; did you mean {near[0]}?" if near else " (such as Europe/Berlin)"
    raise ScheduleError(f"there is no time zone {name[:MAX_TEXT]!r}{hint}")


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def moment_of(text: str) -> datetime:
    """The moment of an ISO 8601 text, in UTC. Raises ScheduleError for what is none, or does not say of which zone."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            raise ScheduleError(
                f"{text!r} does not say its time zone: write it as 2026-11-28T22:00:00+01:00, or with Z"
            )
        return utc(moment)
    except ValueError as error:
        raise ScheduleError(f"{text[:MAX_TEXT]!r} is no moment such as 2026-11-28T22:00:00Z") from error


def parse(text: str, zone: tzinfo = UTC, *, offset: int = 0, anchor: datetime | None = None) -> Schedule:
    """A schedule as Systems Manager and EventBridge Scheduler spell it, or "Patch Tuesday + 3 days at 22:00".

    `offset` are days to wait after a cron expression. `anchor` is a moment at which a rate happens: its start date, or
    when it is next. Raises ScheduleError.
    """
    if len(text) > MAX_TEXT:
        raise ScheduleError(f"a schedule has up to {MAX_TEXT} characters, not {len(text):,}")
    told = text.strip()
    if patch_tuesday := _PATCH_TUESDAY.fullmatch(told):
        return _after_patch_tuesday(patch_tuesday, told, zone, offset)
    match = re.fullmatch(r"(cron|rate|at)\((.*)\)", told, re.DOTALL)
    if match is None:
        raise ScheduleError(f"{text!r} is no schedule: expected cron(…), rate(…), at(…) or Patch Tuesday + N days")
    kind, inner = match[1], match[2].strip()
    if kind == "cron":
        return _cron(inner, zone, offset)
    if offset:
        raise ScheduleError(f"{text!r}: only a cron expression has an offset")
    return _rate(inner, anchor) if kind == "rate" else _at(inner, zone)


_PATCH_TUESDAY: Final = re.compile(
    r"patch tuesday(?:\s*\+\s*(?P<days>[0-9]{1,2})\s+days?)?\s+at\s+(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})",
    re.IGNORECASE,
)


def _after_patch_tuesday(match: re.Match[str], text: str, zone: tzinfo, offset: int) -> Cron:
    """The second Tuesday of the month and some days: Microsoft's day of updates, by the clocks of the zone."""
    days = int(match["days"] or 0) + offset
    if not 0 <= days <= 27:
        raise ScheduleError(f"{text!r}: up to 27 days after Patch Tuesday, for then comes the next one")
    hour, minute = _time(match["hour"], match["minute"], text)
    return Cron((hour,), (minute,), Days(nth=((3, 2),)), zone=zone, offset=days)


def _rate(text: str, anchor: datetime | None) -> Rate:
    match = re.fullmatch(r"([1-9][0-9]{0,5})\s+(minute|hour|day)(s?)", text)
    if match is None or (match[1] == "1") == bool(match[3]):
        raise ScheduleError(f"rate({text}) is none: expected such as rate(1 day), rate(7 days), rate(30 minutes)")
    if anchor is None:
        raise ScheduleError(f"rate({text}): it is not told when it was, or is next")
    return Rate(timedelta(**{f"{match[2]}s": int(match[1])}), utc(anchor))


def _at(text: str, zone: tzinfo) -> At:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ScheduleError(f"at({text}) is none: expected such as at(2026-11-28T22:00:00)") from error
    if moment.year not in YEARS:
        raise ScheduleError(f"at({text}): a year from {YEARS[0]} to {YEARS[-1]} is expected")
    return At(utc(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)))


def _cron(text: str, zone: tzinfo, offset: int) -> Cron:
    """A cron expression: minutes, hours, day of month, month, day of week, year; seconds or no year at all as well."""
    fields = text.upper().split()
    if len(fields) == 6 and "?" in (fields[3], fields[5]):
        fields = [*fields, "*"]  # seconds, and no year: in the older form neither has a ? in its place
    if len(fields) == 6:
        fields = ["0", *fields]
    if len(fields) != 7:
        raise ScheduleError(
            f"cron({text}): six fields are expected (minutes, hours, day of month, month, day of week, year)"
        )
    seconds, minutes, hours, day_of_month, months, day_of_week, years = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise ScheduleError(f"cron({text}): either the day of the month or that of the week is expected to be ?")
    if not 0 <= offset <= 27:
        raise ScheduleError(f"cron({text}): an offset of 0 to 27 days is expected, not {offset}")
    try:
        return Cron(
            hours=_values(hours, range(24)),
            minutes=_values(minutes, range(60)),
            seconds=_values(seconds, range(60)),
            days=_days_of_month(day_of_month) if day_of_week == "?" else _days_of_week(day_of_week),
            months=_values(months, range(1, 13), _MONTHS),
            years=_values(years, YEARS),
            zone=zone,
            offset=offset,
        )
    except ScheduleError as error:
        raise ScheduleError(f"cron({text}): {error}") from error


def _days_of_month(text: str) -> Days:
    plain: list[str] = []
    nearest: list[int] = []
    special: set[str] = set()
    for part in text.split(","):
        if part in ("L", "LW"):
            special.add(part)
        elif part.endswith("W"):
            nearest.append(_number(part[:-1], range(1, 32)))
        else:
            plain.append(part)
    month = _values(",".join(plain), range(1, 32)) if plain else ()
    return Days(month, tuple(nearest), "L" in special, "LW" in special)


def _days_of_week(text: str) -> Days:
    plain: list[str] = []
    nth: list[tuple[int, int]] = []
    last: list[int] = []
    for part in text.split(","):
        day, sign, which = part.partition("#")
        if sign:
            nth.append((_number(day, _WEEK, _DAYS), _number(which, range(1, 6))))
        elif part.endswith("L") and part != "L":
            last.append(_number(part[:-1], _WEEK, _DAYS))
        else:
            plain.append("SAT" if part == "L" else part)
    week = _values(",".join(plain), _WEEK, _DAYS) if plain else ()
    return Days(week=week, nth=tuple(nth), last=tuple(last))


def _values(text: str, allowed: range | tuple[int, ...], names: tuple[str, ...] = ()) -> tuple[int, ...]:
    """The values of one field, in order. A range may go over the end: FRI-MON, 22-2."""
    chosen: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            values = list(allowed)
        elif dash:
            start, end = (_number(value, allowed, names) for value in (first, last))
            after, before = [v for v in allowed if v >= start], [v for v in allowed if v <= end]
            values = [v for v in after if v <= end] if start <= end else after + before
        else:
            start = _number(span, allowed, names)
            values = [value for value in allowed if value >= start] if slash else [start]
        chosen.update(values[:: _number(step, range(1, len(allowed) + 1)) if slash else 1])
    return tuple(sorted(chosen))


def _number(text: str, allowed: range | tuple[int, ...], names: tuple[str, ...] = ()) -> int:
    if text in names:
        return allowed[names.index(text)]
    if re.fullmatch(r"[0-9]{1,4}", text) and int(text) in allowed:
        return int(text)
    or_name = f" or {names[0]}-{names[-1]}" if names else ""
    raise ScheduleError(f"{text!r} is not of {allowed[0]}-{allowed[-1]}{or_name}")


# --- weekly and daily windows ----------------------------------------------------------------------------

_WEEKLY: Final = re.compile(r"([a-z]{3}):([0-9]{2}):([0-9]{2})-([a-z]{3}):([0-9]{2}):([0-9]{2})", re.IGNORECASE)


def weekly(text: str) -> Window:
    """A window such as `sun:05:00-sun:06:00`, in UTC: RDS, ElastiCache, Redshift, and what they operate.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html. Raises ScheduleError.
    """
    match = _WEEKLY.fullmatch(text.strip())
    if match is None:
        raise ScheduleError(f"{text[:MAX_TEXT]!r} is no weekly window such as sun:05:00-sun:06:00")
    begins, ends = (_week_minute(match[n], *_time(match[n + 1], match[n + 2], text), text) for n in (1, 4))
    minutes = (ends - begins) % (7 * 24 * 60)
    if not minutes:
        raise ScheduleError(f"{text!r} begins when it ends")
    return Window(_each_week(match[1], match[2], match[3], text, UTC), timedelta(minutes=minutes))


def weekly_start(text: str, hours: int, zone: tzinfo = UTC) -> Window:
    """A weekly window of so many hours that is named by its start: `Tue:09:00`, or `TUESDAY:09:00`.

    Beanstalk's and Amazon MQ's are two hours long:
    https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/environment-platform-update-managed.html
    https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/maintaining-brokers.html. Raises ScheduleError.
    """
    match = re.fullmatch(r"([a-z]{3})[a-z]*:([0-9]{1,2}):([0-9]{2})", text.strip(), re.IGNORECASE)
    if match is None:
        raise ScheduleError(f"{text[:MAX_TEXT]!r} is no weekly start such as Tue:09:00")
    return Window(_each_week(match[1], match[2], match[3], text, zone), timedelta(hours=hours))


def daily(hour: int, minute: int, hours: int) -> Window:
    """A window of every day, in UTC. OpenSearch's off-peak window has 10 hours:
    https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_OffPeakWindow.html. Raises ScheduleError.
    """
    hour, minute = _time(str(hour), str(minute), f"{hour}:{minute}")
    return Window(Cron((hour,), (minute,), Days(week=_WEEK)), timedelta(hours=hours))


def event_windows(ranges: list[Mapping[str, object]], cron: str) -> list[Window]:
    """EC2's event windows, in UTC, from time ranges or a cron expression of hours and days of the week.

    In that one days count from 0 for Sunday, and 0-4 are four hours:
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateInstanceEventWindow.html. Raises ScheduleError.
    """
    if cron:
        return list(_event_cron(cron))
    windows = []
    for part in ranges:
        day, hour, end_day, end_hour = (
            str(part.get(name, "")) for name in ("StartWeekDay", "StartHour", "EndWeekDay", "EndHour")
        )
        windows.append(weekly(f"{day[:3]}:{hour:0>2}:00-{end_day[:3]}:{end_hour:0>2}:00"))
    return windows


def _event_cron(text: str) -> Iterator[Window]:
    fields = text.upper().split()
    if len(fields) != 5 or (fields[0], fields[2], fields[3]) != ("*", "*", "*"):
        raise ScheduleError(f"{text!r} is no event window such as * 0-4,20-23 * * 1,5")
    days = tuple(day + 1 for day in _values(fields[4], range(7), _DAYS))
    for part in fields[1].split(","):
        first, dash, last = part.partition("-")
        start = 0 if part == "*" else _number(first, range(24))
        hours = 24 if part == "*" else (_number(last, range(24)) - start) % 24 if dash else 1
        yield Window(Cron((start,), (0,), Days(week=days)), timedelta(hours=hours or 24))


def _each_week(day: str, hour: str, minute: str, text: str, zone: tzinfo) -> Cron:
    at_hour, at_minute = _time(hour, minute, text)
    return Cron((at_hour,), (at_minute,), Days(week=(_week_day(day, text) + 1,)), zone=zone)


def _week_minute(day: str, hour: int, minute: int, text: str) -> int:
    return (_week_day(day, text) * 24 + hour) * 60 + minute


def _week_day(name: str, text: str) -> int:
    if name.upper() not in _DAYS:
        raise ScheduleError(f"{text!r}: {name!r} is no day of the week")
    return _DAYS.index(name.upper())


def _time(hour: str, minute: str, text: str) -> tuple[int, int]:
    if int(hour) > 23 or int(minute) > 59:
        raise ScheduleError(f"{text!r}: {hour}:{minute} is no time of the day")
    return int(hour), int(minute)

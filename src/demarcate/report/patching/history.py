"""How patching went: a line of text and a picture of its days, and since when what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from demarcate.patching.history import Day, Exposure, History
from demarcate.report import rows
from demarcate.report.console import Console, Text
from demarcate.report.out import Out
from demarcate.report.pictures.drawing import Drawing, Element, Label, Mark, Role
from demarcate.report.pictures.svg import svg

COLUMNS = [
    "kind",
    "name",
    "finding",
    "severity",
    "days",
    "level",
    "late",
    "first_seen",
    "last_seen",
    "mended",
    "reason",
    "account_id",
    "region",
    "resource",
]

_LEVELS: Final = "▁▂▃▄▅▆▇█"
_GAP: Final = " "

SHOWN_DAYS: Final = 60
SHOWN: Final = 50
"""How many days and exposures people are shown."""


def write(history: History, format: str, out: Out, console: Console, *, mended: bool = False) -> None:
    """Write it: for people the days and what is missing, for programs one row an exposure."""
    shown = [each for each in history.exposures if mended or each.mended is None]
    if format != "text":
        rows.write(COLUMNS, map(_record, shown), format, out)
        return
    if not history.days:
        return
    _print_days(console, history.days)
    missing = [each for each in shown if each.mended is None]
    late = sum(each.late > 0 for each in missing)
    console.print()
    console.print_line(
        f"{len(missing):,} missing" + (f", {late:,} of them beyond their service level" if late else ""), bold=True
    )
    for each in shown[:SHOWN]:
        _print(console, each)
    if len(shown) > SHOWN:
        console.print_line(f"and {len(shown) - SHOWN:,} more (--format csv lists all)")


def sparkline(values: Iterable[int | None]) -> str:
    """Numbers as one line of text: a day of which nothing is known is a hole, and zero is the lowest sign.

    >>> sparkline([0, 4, None, 8])
    '▁▅ █'
    """
    numbers = list(values)
    most = max((number for number in numbers if number is not None), default=0)
    return "".join(
        _GAP if number is None else _LEVELS[round(number * (len(_LEVELS) - 1) / most) if most else 0]
        for number in numbers
    )


def _print_days(console: Console, days: Sequence[Day]) -> None:
    shown = days[-SHOWN_DAYS:]
    told = [day for day in shown if day.outstanding is not None]
    first, last = told[0], told[-1]
    console.print_line(f"{shown[0].day} to {shown[-1].day}, behind or overdue", bold=True)
    console.print(Text(f"  {sparkline(day.outstanding for day in shown)}"))
    console.print_line(f"{_of(first)} on {first.day}, {_of(last)} on {last.day}", indent=2)
    holes = len(shown) - len(told)
    if holes:
        console.print_line(f"days of which nothing was recorded: {holes}", indent=2)
    if last.unknown:
        console.print_line(f"not known on {last.day}: {last.unknown:,}", indent=2)


def _of(day: Day) -> str:
    known = (day.current or 0) + (day.outstanding or 0)
    return f"{day.outstanding:,} of {known:,}"


def _print(console: Console, each: Exposure) -> None:
    until = f", mended {each.mended:%Y-%m-%d}" if each.mended is not None else ""
    late = f", {each.late} more than its service level of {each.level}" if each.late else ""
    console.print_line(f"{each.days} days{late}  {each.kind} {each.name}: {each.finding}", indent=2)
    console.print_line(
        f"{each.severity or 'not rated'}, since {each.first_seen:%Y-%m-%d}{until}: {each.reason}", indent=6
    )


def _record(each: Exposure) -> list[Any]:
    return [
        each.kind,
        each.name,
        each.finding,
        each.severity or None,
        each.days,
        each.level,
        each.late,
        each.first_seen,
        each.last_seen,
        each.mended,
        each.reason,
        each.account_id,
        each.region,
        each.resource,
    ]


_WIDTH, _HEIGHT, _LEFT, _TOP, _FOOT = 720.0, 240.0, 48.0, 44.0, 40.0


def svg_of(history: History) -> str:
    """The days as a picture: what is overdue, behind, not known and current, a bar a day; a hole where nothing is."""
    return svg(drawing_of(history))


def drawing_of(history: History) -> Drawing:
    """The days as a drawing."""
    days = history.days
    most = max((_sum(day) for day in days), default=0)
    height, width = _HEIGHT - _TOP - _FOOT, (_WIDTH - _LEFT - 16) / max(len(days), 1)
    items: list[Element] = [
        Label(x=_LEFT, y=12, width=_WIDTH - _LEFT, text="Patching from day to day", size=15, bold=True),
        Label(x=0, y=_TOP - 8, width=_LEFT - 8, text=f"{most:,}", size=11, role="muted", align="right"),
        Label(x=0, y=_TOP + height - 8, width=_LEFT - 8, text="0", size=11, role="muted", align="right"),
    ]
    items += _key()
    for number, day in enumerate(days):
        items += _bar(day, _LEFT + number * width, width, height / most if most else 0, _TOP + height)
    if days:
        y = _TOP + height + 8
        items.append(Label(x=_LEFT, y=y, width=140, text=days[0].day.isoformat(), size=11, role="muted"))
        if len(days) > 1:
            end = Label(
                x=_WIDTH - 156, y=y, width=140, text=days[-1].day.isoformat(), size=11, role="muted", align="right"
            )
            items.append(end)
    return Drawing(
        title="Patching from day to day",
        description=_described(days),
        width=_WIDTH,
        height=_HEIGHT,
        items=tuple(items),
    )


_NAMES: Final[tuple[tuple[Role, str], ...]] = (
    ("gap", "overdue"),
    ("unproven", "behind"),
    ("not-applicable", "not known"),
    ("met", "current"),
)


def _key() -> Iterable[Element]:
    """What the colours are."""
    x = _WIDTH - 16.0 - 84 * len(_NAMES)
    for role, name in _NAMES:
        yield Mark(x=x, y=17, width=9, height=9, role=role)
        yield Label(x=x + 14, y=14, width=68, text=name, size=11, role="muted")
        x += 84


def _parts(day: Day) -> tuple[tuple[Role, int | None], ...]:
    """What a bar is made of, from below."""
    return (("gap", day.overdue), ("unproven", day.behind), ("not-applicable", day.unknown), ("met", day.current))


def _sum(day: Day) -> int:
    return sum(number or 0 for _, number in _parts(day))


def _bar(day: Day, x: float, width: float, scale: float, bottom: float) -> Iterable[Mark]:
    for role, number in _parts(day):
        if number:
            tall = number * scale
            bottom -= tall
            yield Mark(x=x, y=bottom, width=max(width - 1, 0.5), height=tall, role=role)


def _described(days: Sequence[Day]) -> str:
    told = [day for day in days if day.outstanding is not None]
    if not told:
        return "Nothing was recorded."
    holes = len(days) - len(told)
    return (
        f"{_of(told[0])} resources were behind or overdue on {told[0].day}, and {_of(told[-1])} on {told[-1].day}. "
        f"Nothing was recorded on {holes} day{'' if holes == 1 else 's'} between."
    )

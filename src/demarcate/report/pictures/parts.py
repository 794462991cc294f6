"""Parts that several pictures have: results as a bar and in words, and labels below one another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from demarcate.posture.structs import Counts
from demarcate.report.pictures.drawing import LEADING, Element, Label, Mark, Role, text_width

_SIGN = 9.0


def result_role(counts: Counts) -> Role:
    """How a half stands, by the worst that is in it."""
    if not counts.owed:
        return "not-applicable"
    if counts.gaps:
        return "gap"
    if counts.unproven:
        return "unproven"
    return "met" if counts.met else "not-applicable"


def results(counts: Counts) -> list[tuple[Role, str]]:
    """Results in words, each with its role."""
    told: list[tuple[Role, str]] = []
    if counts.met:
        told.append(("met", f"{counts.met} met"))
    if counts.gaps:
        severities = ", ".join(f"{number} {name}" for name, number in counts.gaps_by_severity.items())
        gaps = "1 gap" if counts.gaps == 1 else f"{counts.gaps} gaps"
        told.append(("gap", f"{gaps}: {severities}" if severities else gaps))
    if counts.unproven:
        told.append(("unproven", f"{counts.unproven} unproven"))
    if counts.waived:
        told.append(("not-applicable", f"{counts.waived} waived"))
    if counts.not_applicable:
        told.append(("not-applicable", f"{counts.not_applicable} not applicable"))
    return told


def bar(counts: Counts, x: float, y: float, width: float, height: float = 8) -> list[Element]:
    """What is owed as one bar: met, gaps and unproven in proportion, each that there is at least visible."""
    parts: list[tuple[Role, int]] = [
        ("met", counts.met),
        ("gap", counts.gaps),
        ("unproven", counts.unproven),
        ("not-applicable", counts.waived),
    ]
    shown = [(role, number) for role, number in parts if number]
    space = width - 2 * (len(shown) - 1)
    least = 6.0
    total = sum(number for _, number in shown)
    items: list[Element] = []
    for role, number in shown:
        wide = least + (space - least * len(shown)) * number / total
        items.append(Mark(x=round(x, 1), y=y, width=round(wide, 1), height=height, role=role))
        x += wide + 2
    return items


def flow(
    told: Iterable[tuple[Role, str]], x: float, y: float, width: float, *, size: float = 12
) -> tuple[list[Element], float]:
    """Texts beside one another, each after the sign of its role, in as many lines as that takes; and their height."""
    items: list[Element] = []
    indent, left, top, foot = _SIGN + 6, x, y, y
    for role, text in told:
        needed = indent + math.ceil(text_width(text, size)) + 1
        if left > x and left + needed > x + width:
            left, top = x, foot + 3
        room = min(needed, x + width - left) - indent
        label = Label(x=left + indent, y=top, width=room, text=text, size=size)
        items.append(
            Mark(x=left, y=top + (size * LEADING - _SIGN) / 2, width=_SIGN, height=_SIGN, role=role, round=True)
        )
        items.append(label)
        left, foot = left + needed + 18, max(foot, top + label.height)
    return items, foot - y


def column(labels: Sequence[Label], y: float, gap: float = 0) -> tuple[list[Element], float]:
    """Labels moved below one another, and their height."""
    items: list[Element] = []
    top = y
    for label in labels:
        moved = replace(label, y=top)
        items.append(moved)
        top += moved.height + gap
    return items, top - gap - y if labels else 0


def words(name: str) -> str:
    """A name of data as people write it: `managed-platform` is managed platform."""
    return name.replace("-", " ")

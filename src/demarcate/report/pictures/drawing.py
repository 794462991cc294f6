"""A picture as data: boxes within boxes, labels, marks and lines. Each format draws the same one.

Nothing here has a colour: a *role* says what a thing is, and `report/colours.py` how that looks. Lengths are in
CSS pixels from the upper left corner of the picture. Text is measured as Helvetica, so that a line breaks at
the same word in every format.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from typing import Literal

import msgspec

Role = Literal[
    "page",
    "plain",
    "text",
    "muted",
    "aws",
    "customer",
    "area",
    "line",
    "outcome",
    "met",
    "gap",
    "unproven",
    "not-applicable",
]
"""What a thing is. `plain` is a box that only holds others, `line` the line between the two halves."""

Align = Literal["left", "center", "right"]

LEADING = 1.32
"""The height of a line of text, as a multiple of its size."""

BASELINE = LEADING / 2 + 0.36
"""How far the baseline of a line of text is below its top, as a multiple of its size."""

SHARE: dict[Align, float] = {"left": 0, "center": 0.5, "right": 1}
"""Which share of the room that a line leaves stands before it."""

Point = tuple[float, float]


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """Text that wraps at `width`. `role` is its ink; `y` is the top of its first line."""

    x: float
    y: float
    width: float
    text: str
    size: float = 13
    role: Role = "text"
    bold: bool = False
    align: Align = "left"

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines that it wraps into."""
        return wrap(self.text, self.width, self.size, bold=self.bold)

    @property
    def height(self) -> float:
        """The height of all of its lines."""
        return math.ceil(len(self.lines) * self.size * LEADING)


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A small shape filled with the strong colour of its role: a part of a bar, or the sign of a state."""

    x: float
    y: float
    width: float
    height: float
    role: Role
    round: bool = False


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line through points, each straight above or beside the one before.

    Where it leads from one box to another, `source` and `target` are their ids. A dashed line is one that a
    setting moves.
    """

    points: tuple[Point, ...]
    role: Role = "line"
    thickness: float = 2
    arrow: bool = False
    dashed: bool = False
    source: str | None = None
    target: str | None = None


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A box, and what stands in it.

    `id` is unique in its picture. `area` names the shared area that the box is about, and `title` says in words
    all that it shows, for those who cannot see it.
    """

    id: str
    x: float
    y: float
    width: float
    height: float
    role: Role = "plain"
    radius: float = 6
    items: tuple[Element, ...] = ()
    area: str | None = None
    title: str | None = None


Element = Box | Label | Mark | Line


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A picture: its size, what is in it, and what it says in words."""

    title: str
    description: str
    width: float
    height: float
    items: tuple[Element, ...]

    def boxes(self) -> Iterator[Box]:
        """All boxes, each before those in it."""
        yield from _boxes(self.items)


def _boxes(items: tuple[Element, ...]) -> Iterator[Box]:
    for item in items:
        if isinstance(item, Box):
            yield item
            yield from _boxes(item.items)


def arrowhead(line: Line, length: float = 10, half: float = 6) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """The points of a line up to its arrowhead, and the corners of that; no corners where it has none."""
    if not line.arrow:
        return line.points, ()
    (x1, y1), (x2, y2) = line.points[-2:]
    far = math.dist((x1, y1), (x2, y2)) or 1.0
    along, across = (x2 - x1) / far, (y2 - y1) / far
    foot = (x2 - along * length, y2 - across * length)
    corners = tuple((foot[0] + side * across * half, foot[1] + side * along * half) for side in (1, -1))
    return (*line.points[:-1], foot), ((x2, y2), *corners)


# --- Measuring ------------------------------------------------------------------------------------------

# The widths of Helvetica and Helvetica Bold for the characters from space to tilde, in thousandths of the size,
# as Adobe's font metrics give them.
_REGULAR = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556),
    *(1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556),
    *(333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556),
    *(556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584),
)
_BOLD = (
    *(278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611),
    *(975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556),
    *(333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611),
    *(611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584),
)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is on one line."""
    widths = _BOLD if bold else _REGULAR
    return sum(_advance(character, widths) for character in text) * size / 1000


def _advance(character: str, widths: tuple[int, ...]) -> int:
    number = ord(character) - 32
    if 0 <= number < len(widths):
        return widths[number]
    # Of other scripts only this is known: what stands in a full square does so in every font.
    return 1000 if unicodedata.east_asian_width(character) in "WF" else 667


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> tuple[str, ...]:
    """A text as lines that are no wider than `width`. A word that is wider than a line is broken."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if text_width(longer, size, bold=bold) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, width, size, bold=bold)
        lines += whole
    return (*lines, line)


def _pieces(word: str, width: float, size: float, *, bold: bool) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and text_width(pieces[-1] + character, size, bold=bold) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def shortened(text: str, width: float, size: float, *, lines: int = 1, bold: bool = False) -> str:
    """A text that takes at most so many lines: a longer one ends in an ellipsis."""
    wrapped = wrap(text, width, size, bold=bold)
    if len(wrapped) <= lines:
        return text
    last = wrapped[lines - 1]
    while last and text_width(f"{last}…", size, bold=bold) > width:
        last = last[:-1]
    return " ".join([*wrapped[: lines - 1], f"{last.rstrip()}…"])

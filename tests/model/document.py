"""Reads the statements out of the source document, as far as its layout tells them from the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LISTED = re.compile(r"(?:> \*\*Tip \d\*\*: |\d+\. |\*\*(?:Question|Answer)\*\*: )(.*)")
"""Quotes, numbered lists, questions and answers."""


def plain(text: str) -> str:
    """A statement without marks of emphasis and with single blanks."""
    return " ".join(text.replace("**", "").split())


def _boxes(lines: list[str]) -> Iterator[str]:
    """The bullets of boxes. Boxes stand side by side, and a bullet may go on in its own column below."""
    open_: dict[int, str] = {}
    for line in [*lines, ""]:
        cells = dict(enumerate(cell.strip() for cell in line.split("│"))) if "│" in line else {}
        for column in list(open_):
            cell = cells.get(column, "")
            if cell and not cell.startswith("•"):
                open_[column] += f" {cell}"
            else:
                yield plain(open_.pop(column))
        for column, cell in cells.items():
            if cell.startswith("•"):
                open_[column] = cell.removeprefix("•")


def _varies(lines: list[str]) -> Iterator[str]:
    """The lines under VARIES BY SERVICE, one for each side of the arrow."""
    start = next(i for i, line in enumerate(lines) if "VARIES BY SERVICE" in line)
    parts: list[str] = []
    for line in lines[start + 2 :]:
        if "└" in line:
            break
        cell = plain(line.replace("│", " "))
        if re.match(r"\S+( \(\w+\))?: ", cell):
            parts.append(cell)
        elif cell:
            parts[-1] += f" {cell}"
    for part in parts:
        yield from (plain(side) for side in part.split("→"))


def statements(text: str) -> Iterator[str]:
    """Every statement that can be told by its layout: bullets, cells, lists, quotes, questions and answers."""
    lines = text.splitlines()
    fenced: list[str] = []
    inside = False
    for number, line in enumerate(lines):
        if line.startswith("```"):
            inside = not inside
            continue
        if inside:
            fenced.append(line)
            if match := re.search(r"[├└]─ (?:AWS|Customer): (.*?)\s*║", line):
                yield plain(match[1])
            if match := re.search(r"│\s+(\d\. [A-Z ]+?)\s+│", line):
                yield plain(match[1][3:])
        elif line.startswith("|") and number + 1 < len(lines) and not lines[number + 1].startswith("|--"):
            cells = [plain(cell) for cell in line.strip("|").split("|")]
            if not set(cells[0]) <= set("-"):
                yield from cells[1:]
        elif match := _LISTED.match(line):
            yield plain(match[1])
    yield from _boxes(fenced)
    yield from _varies(fenced)

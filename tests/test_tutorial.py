"""The tutorial is true: its commands run in a copy of the examples, and print what it shows.

A `console` block has commands (`$ …`), each with its output: `…` on a line of its own matches any lines, and within a
line any text. After a prompt stands what is typed. A block with a `title` is a file to write; a `diff` one is a change
to a file that is there.
"""

from __future__ import annotations

import difflib
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Self

import pytest
from typer.testing import CliRunner

from demarcate.cli import app
from tests.processes import run

ROOT = Path(__file__).parent.parent
TUTORIAL = ROOT / "docs" / "tutorial.md"

_BLOCK = re.compile(
    r'^(?P<indent> *)```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^(?P=indent)```$', re.M | re.S
)
_PROMPT = re.compile(r"q to stop\): (\S+)$", re.M)


@dataclass(frozen=True)
class Block:
    line: int
    kind: str
    title: str
    text: str


@dataclass(frozen=True)
class Step:
    line: int
    command: str
    expected: str


def blocks(text: str) -> Iterator[Block]:
    for block in _BLOCK.finditer(text):
        lines = block["text"].splitlines(keepends=True)
        inner = "".join(line.removeprefix(block["indent"]) for line in lines)
        yield Block(text.count("\n", 0, block.start("text")) + 1, block["kind"], block["title"] or "", inner)


def steps(block: Block) -> list[Step]:
    """The commands of a console block, each with the output that follows it."""
    listed: list[Step] = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.startswith("$ "):
            listed.append(Step(number, line[2:], ""))
        else:
            listed[-1] = replace(listed[-1], expected=f"{listed[-1].expected}{line}\n")
    return listed


def trimmed(text: str) -> list[str]:
    """The lines without spaces at their ends, and without empty ones around."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n").splitlines()


def matches(expected: list[str], lines: list[str]) -> bool:
    """Whether the lines are those; `…` alone on a line is any lines, otherwise any text of one line."""
    parts = (
        r"(?:.*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in expected
    )
    return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in lines)) is not None


def difference(step: Step, actual: str) -> str | None:
    """The first piece between two `…` that is not as it should be, beside what is most like it; None if all is."""
    expected, lines = trimmed(step.expected), trimmed(actual)
    if matches(expected, lines):
        return None
    place, wrong, nearest = 0, expected, lines
    for elided, group in groupby(expected, key=lambda line: line.strip() == "…"):
        if elided:
            continue
        piece = list(group)
        windows = [lines[at : at + len(piece)] for at in range(place, len(lines) + 1)]
        begin = next((at for at, window in enumerate(windows) if matches(piece, window)), None)
        if begin is None:
            wrong = piece
            nearest = max(windows, key=lambda window: alike(piece, window))
            break
        place += begin + len(piece)
    shown = difflib.unified_diff(wrong, nearest, "the tutorial", "the program", lineterm="")
    return f"tutorial.md:{step.line}: $ {step.command}\n" + "\n".join(shown)


def alike(first: list[str], other: list[str]) -> float:
    return difflib.SequenceMatcher(None, "\n".join(first), "\n".join(other), autojunk=False).quick_ratio()


class Reader:
    """Somebody who follows the tutorial in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = 0

    def follow(self, block: Block) -> list[str]:
        """Do what a block says; what was not as it says."""
        if block.kind == "console":
            return [told for step in steps(block) if (told := self.run(step)) is not None]
        if block.kind == "diff":
            self.change(block)
        elif block.title:
            (self.folder / block.title).write_text(block.text)
        return []

    def run(self, step: Step) -> str | None:
        words = shlex.split(step.command)
        if words == ["echo", "$?"]:
            shown, self.code = f"{self.code}\n", 0
            return difference(step, shown)
        assert self.code == 0, f"the command before tutorial.md:{step.line} ended with {self.code}"
        assert words[0] in ("demarcate", "cp"), step.command
        if words[0] == "cp":
            assert run(*words, cwd=self.folder).returncode == 0, step.command
            return difference(step, "")
        typed = "".join(f"{answer}\n" for answer in _PROMPT.findall(step.expected))
        done = CliRunner().invoke(app, words[1:], input=typed)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        self.code = done.exit_code
        return difference(step, done.stdout)

    def change(self, block: Block) -> None:
        path = self.folder / block.title
        lines = block.text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        text = path.read_text()
        assert text.count(before) == 1, f"tutorial.md:{block.line}: this place is not in {block.title}"
        path.write_text(text.replace(before, after))


class Day(datetime):
    """The clock of somebody who follows the tutorial on its day: the facts that it rests on grow old."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 11, 23, tzinfo=tz)


def test_the_tutorial_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("demarcate.estate.snapshots.writing.datetime", Day)
    for name, value in {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    reader = Reader(tmp_path)
    told = [line for block in blocks(TUTORIAL.read_text()) for line in reader.follow(block)]
    assert not told, "\n\n".join(told)
    assert reader.code == 0
    for name in ("report.html", "report.json", "line.svg", "shift.svg", "summary.md"):
        assert (tmp_path / name).stat().st_size > 1000


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a\n", "a\n", True),
        ("a\n", "a   \n\n", True),
        ("a\n", "b\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n…\n", "a\nb\nc\n", True),
        ("a\n…\n", "a\n", True),
        ("…\nc\n", "a\nb\nc\n", True),
        ("…\nc\n", "a\nb\n", False),
        ("a … c\n", "a b c\n", True),
        ("a … c\n", "a\nb c\n", False),
        ("", "", True),
        ("", "a\n", False),
        ("1.5 (x)\n", "105 (x)\n", False),
    ],
)
def test_outputs_are_compared(expected: str, actual: str, same: bool) -> None:
    assert (difference(Step(1, "x", expected), actual) is None) == same

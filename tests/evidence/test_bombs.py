"""Evidence that is far too much: told with its line, in little memory, and the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from demarcate.evidence.tables import LONGEST_ROW, MOST_LINES, parsed
from tests.children import MEMORY, demarcate

HEADER = "person,course,responsibility,completed\n"
SIZE = 49_000_000

FILES: dict[str, tuple[Callable[[], str], str]] = {
    "20,000 columns": (
        lambda: ",".join(f"c{n}" for n in range(20_000)) + "\n",
        "training.csv:1: has 20,000 columns",
    ),
    "a header without end": (lambda: "," * SIZE, "training.csv:1: is too long"),
    "a line without end": (lambda: HEADER + "," * SIZE, "training.csv:2: is too long"),
    "a cell without end": (lambda: HEADER + '"' + "x" * SIZE, "training.csv:2: "),
    "lines in a cell without end": (
        lambda: HEADER + '"' + "\n" * SIZE,
        "training.csv:2: has a quote that is never",
    ),
    "10 million rows": (lambda: HEADER + "a\n" * 10_000_000, "training.csv:2: has 1 cells; expected 4"),
    "empty rows": (lambda: HEADER + "\n" * SIZE, f"training.csv:{MOST_LINES + 1}: has more than"),
    "wide characters": (lambda: HEADER + "😀" * (SIZE // 4), "training.csv:2: is too long"),
    "NUL characters": (lambda: HEADER + "\0" * 1000 + "\n", "training.csv:2: has a NUL character"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_table_that_is_too_much(what: str, tmp_path: Path) -> None:
    make, says = FILES[what]
    (tmp_path / "t.yaml").write_text("Resources: {A: {Type: 'AWS::S3::Bucket'}}\n")
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "training.csv").write_text(make())
    done = demarcate(
        *("assess", "t.yaml", "--check", "ebs-volume-encrypted", "--evidence", "evidence", "--format", "json"),
        cwd=tmp_path,
    )
    assert done.code == 3, done.said
    told = [
        f"{problem['file']}:{problem['line']}: {problem['message']}" for problem in json.loads(done.out)["refused"]
    ]
    assert any(says in line for line in told), told
    assert done.peak < MEMORY


def test_a_row_that_is_too_long_does_not_cost_the_next() -> None:
    text = "a,b\n" + "," * (LONGEST_ROW + 1) + "\n1,2\n"
    assert list(parsed(text)) == [
        (1, ["a", "b"]),
        (2, "is too long; at most 1,000,000 characters are read of one row"),
        (3, ["1", "2"]),
    ]

"""Imports point one way: a room may import only from rooms below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests import processes

SOURCE = Path(__file__).parent.parent / "src" / "demarcate"

BELOW: dict[str, set[str]] = {
    "version": set(),
    "base": set(),
    "model": {"base"},
    "estate": {"base", "version"},
    "checks": {"base", "estate", "version"},
    "evidence": {"base", "model"},
    "posture": {"base", "estate", "checks", "evidence", "model", "version"},
    "assessing": {"base", "estate", "checks", "evidence", "model", "posture"},
    "lines": {"base", "estate", "checks", "model", "posture"},
    "exam": {"base", "estate", "checks", "evidence", "model", "posture", "assessing"},
    "report": {"base", "estate", "checks", "evidence", "exam", "model", "posture", "assessing", "version"},
    "cli": {
        "base",
        "estate",
        "checks",
        "evidence",
        "exam",
        "model",
        "posture",
        "assessing",
        "lines",
        "report",
        "version",
    },
    "__init__": {"base", "estate", "checks", "evidence", "model", "posture", "assessing", "version"},
    "__main__": {"base", "cli", "report", "version"},
}


def imported(path: Path) -> set[str]:
    """The rooms of ours that a module imports, wherever the import stands in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a thing is"
            base = node.module or ""
            names.update(f"{base}.{alias.name}" if base == "demarcate" else base for alias in node.names)
    return {name.split(".")[1] for name in names if name.startswith("demarcate.")}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_room_imports_only_what_is_below_it(path: Path) -> None:
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    assert room in BELOW, f"{room} is a new room: say in BELOW what it stands on"
    assert imported(path) <= BELOW[room] | {room}


HEAVY = ("boto3", "botocore", "duckdb", "pyarrow", "sqlglot", "samtranslator", "rich.table")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; import demarcate.cli; print(*sorted(sys.modules))"
    done = processes.python("-c", code)
    loaded = done.stdout.split()
    assert (done.returncode, "demarcate.cli" in loaded) == (0, True), done.stderr
    assert not set(HEAVY) & set(loaded)

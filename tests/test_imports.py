"""Imports point one way: a room may import only from rooms below it, and no two files lead to each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests import processes
from tests.each import each

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "demarcate"

BELOW: dict[str, set[str]] = {
    "version": set(),
    "base": set(),
    "model": {"base"},
    "estate": {"base", "version"},
    "estate.schema": {"base"},
    "access": {"base", "estate.schema"},
    "estate.tables": {"base", "estate.schema", "access"},
    "estate.snapshots": {"base", "version", "estate.schema", "estate.tables"},
    "estate.sources": {"base", "version", "estate.schema", "estate.tables", "estate.snapshots"},
    "checks": {"base", "estate", "access", "version"},
    "evidence": {"base", "model"},
    "ledger": {"base", "model", "evidence"},
    "posture": {"base", "estate", "checks", "evidence", "model", "version"},
    "assessing": {"base", "estate", "checks", "evidence", "model", "posture"},
    "changes": {"base", "estate", "access", "checks", "model", "assessing", "ledger"},
    "drift": {"base", "estate", "access", "assessing", "changes", "checks", "ledger"},
    "patching": {
        "base",
        "estate",
        "checks",
        "evidence",
        "lines",
        "model",
        "posture",
        "assessing",
        "ledger",
        "changes",
    },
    "guardrails": {"base", "estate", "access", "changes", "checks", "ledger", "posture"},
    "permitted": {"base", "estate", "access"},
    "keys": {"base", "estate", "access", "permitted", "checks", "changes", "evidence", "guardrails"},
    "lines": {"base", "estate", "checks", "model", "posture"},
    "logs": {
        "base",
        "estate",
        "access",
        "checks",
        "evidence",
        "lines",
        "model",
        "posture",
        "assessing",
        "ledger",
        "changes",
        "permitted",
        "version",
    },
    "sending": {"base", "estate", "checks", "posture", "evidence", "ledger", "model", "logs", "version"},
    "lake": {"base", "estate", "checks", "evidence", "logs", "model", "posture", "assessing", "version"},
    "exam": {"base", "estate", "checks", "evidence", "model", "posture", "assessing"},
    "report": {
        "base",
        "estate",
        "access",
        "changes",
        "drift",
        "patching",
        "guardrails",
        "keys",
        "logs",
        "permitted",
        "checks",
        "evidence",
        "exam",
        "model",
        "posture",
        "assessing",
        "version",
    },
    "cli": {
        "base",
        "estate",
        "access",
        "checks",
        "evidence",
        "exam",
        "model",
        "posture",
        "assessing",
        "changes",
        "drift",
        "guardrails",
        "lake",
        "keys",
        "ledger",
        "logs",
        "patching",
        "lines",
        "permitted",
        "report",
        "sending",
        "version",
    },
    "__init__": {"base", "estate", "checks", "evidence", "model", "posture", "assessing", "version"},
    "__main__": {"base", "cli", "report", "version"},
}


def name_of(path: Path) -> str:
    """A module's name within the package."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


FILES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}


@cache
def imported(name: str) -> frozenset[str]:
    """The modules of ours that a module imports, wherever that stands in it; looked through once for all tests."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(FILES[name].read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative imports hide where a thing is"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                names.add(whole if whole.removeprefix("demarcate.") in FILES else node.module or "")
    return frozenset(other.removeprefix("demarcate.") for other in names if other.startswith("demarcate."))


def room_of(name: str) -> str:
    """The innermost room that a module is in."""
    parts = name.split(".")
    inner = ".".join(parts[:2])
    return inner if inner in BELOW else parts[0]


@each("name", FILES)
def test_a_room_imports_only_what_is_below_it(name: str) -> None:
    room = room_of(name)
    assert room in BELOW, f"{room} is a new room: say in BELOW what it stands on"
    inner = BELOW[room] | {room}
    rooms = {room_of(other) for other in imported(name)}
    assert {other for other in rooms if not {other, other.split(".")[0]} & inner} == set()
    if "." in room:
        assert {other for other in rooms if other.startswith("estate")} <= inner


def test_no_two_files_lead_to_each_other() -> None:
    ways = {name: imported(name) - {name} for name in FILES}
    open_ = dict(ways)
    while leaves := {name for name, others in open_.items() if not others & open_.keys()}:
        for name in leaves:
            del open_[name]
    assert open_ == {}, "these files are in a circle, or import one that is"


VAGUE = {"found", "one"}
_MAY_BE_VAGUE = re.compile(rf"\b({'|'.join(VAGUE)})(\s*([=,:)(]|:=)|\s+in\b)")


AROUND = ("tests", "bench", "tools", "fuzz", "examples", ".ci")
"""Folders beside the package that have code of ours."""


def test_a_variable_is_called_what_it_holds() -> None:
    assert [f"{path.relative_to(ROOT)}:{line}" for path in _ours() for line in _vague(path)] == []


def _ours() -> Iterator[Path]:
    yield from FILES.values()
    for folder in AROUND:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _vague(path: Path) -> Iterator[int]:
    """The lines that give a vague name to something."""
    text = path.read_text()
    for node in ast.walk(ast.parse(text)) if _MAY_BE_VAGUE.search(text) else ():  # parsing takes long
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                if name in VAGUE:
                    yield node.lineno


def test_one_room_says_in_which_form_rows_are_kept() -> None:
    """And the command says it to people, as the report's format of that name does."""
    said = {name for name, path in FILES.items() if "parquet" in path.read_text().lower()}
    assert {room_of(name) for name in said} == {"estate.snapshots", "cli", "logs", "report"}
    assert {name for name in said if room_of(name) == "report"} == {"report.parquet", "report.reports"}
    assert {name.rpartition(".")[0] for name in said if room_of(name) == "logs"} <= {
        "logs.store",
        "logs.store.forms",
    }


HEAVY = (
    "alembic",
    "pyspark",
    "boto3",
    "botocore",
    "duckdb",
    "pyarrow",
    "sqlalchemy",
    "sqlglot",
    "samtranslator",
    "sigma",
    "rich.table",
)


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from demarcate.cli import app; print(*sorted(sys.modules))"
    done = processes.python("-c", code)
    loaded = done.stdout.split()
    assert (done.returncode, "demarcate.cli.estate" in loaded) == (0, True), done.stderr
    assert not set(HEAVY) & set(loaded)


def test_a_template_is_assessed_without_what_only_others_need(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {A: {Type: AWS::SNS::Topic}}\n")
    code = (
        "import sys; from demarcate.__main__ import main; sys.argv = ['demarcate', 'assess', sys.argv[1]]\n"
        # Where pandas is installed DuckDB 1.5.1 imports it by itself, and pandas pyarrow.
        "sys.modules['pandas'] = None\n"
        "try: main()\nfinally: print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = processes.python("-c", code, str(tmp_path / "t.yaml"))
    loaded = set(done.stderr.split())
    assert "demarcate.checks.engine" in loaded, done.stderr
    libraries = {"alembic", "boto3", "botocore", "duckdb", "pyarrow", "pydantic", "sqlalchemy", "samtranslator"}
    ours = {"demarcate.cli.drift", "demarcate.estate.sources.terraform.edits"}
    assert not (libraries | ours) & loaded

"""The documentation is true: its code runs, its commands parse, its links lead somewhere."""

from __future__ import annotations

import io
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer

from demarcate.checks.catalog import load_checks
from demarcate.cli import app
from demarcate.estate.sources.terraform.mapped import attributes
from demarcate.estate.tables import all_tables
from demarcate.logs.store.forms.tables import TABLES
from demarcate.model import load
from demarcate.permitted.guarding import NAME as GUARDRAIL
from demarcate.permitted.table import NAME as ACCESS
from tests.each import each

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").rglob("*.md"))
WRITTEN = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *(path for path in DOCS if ROOT / "docs" / "reference" not in path.parents),
]
"""Those that people write; the reference pages have a test of their own."""

_BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.M | re.S)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, info: str) -> Iterator[tuple[int, str]]:
    """The code blocks of that kind, each with its first line."""
    text = path.read_text()
    for block in _BLOCK.finditer(text):
        if block["info"].strip() == info:
            yield text.count("\n", 0, block.start("text")) + 1, block["text"]


RUNNABLE = [(path, line, code) for path in [README, *DOCS] for line, code in blocks(path, "python run")]


def test_the_readme_has_code_that_runs() -> None:
    assert any(path == README for path, _, _ in RUNNABLE)


@pytest.mark.parametrize(("path", "line", "code"), RUNNABLE, ids=[f"{name(p)}:{line}" for p, line, _ in RUNNABLE])
def test_python_runs(path: Path, line: int, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile("\n" * (line - 1) + code, str(path), "exec"), {"__name__": "__main__"})
    assert said.getvalue().strip(), "an example shows something"


# --- Commands -------------------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, list[str]]]:
    for path in [README, ROOT / "CONTRIBUTING.md"]:
        for line, text in blocks(path, "console"):
            for number, typed in enumerate(text.splitlines(), line):
                if typed.startswith("$ "):
                    yield f"{name(path)}:{number}", shlex.split(typed[2:], comments=True)


COMMANDS = list(commands())


@each("words", [words for _, words in COMMANDS], ids=[where for where, _ in COMMANDS])
def test_commands_parse(words: list[str]) -> None:
    if ">" in words:
        words = words[: words.index(">")]
    if words[0] == "make":
        assert re.search(rf"^{re.escape(words[1])}:", (ROOT / "Makefile").read_text(), re.M)
    elif words[0] == "demarcate":
        parse(typer.main.get_command(app), words)
    else:
        assert words == ["pip", "install", "."]


def parse(command: Any, words: list[str], parent: Any = None) -> None:
    """Parse a command without running it. Raises a usage error."""
    context = command.make_context(words[0], words[1:], parent=parent)
    if not hasattr(command, "commands"):
        return
    rest = [*context._protected_args, *context.args]
    _, sub, arguments = command.resolve_command(context, rest)
    parse(sub, [sub.name, *arguments], context)


def test_a_command_that_does_not_parse_is_seen() -> None:
    with pytest.raises(Exception, match="--no-such-option"):
        parse(typer.main.get_command(app), ["demarcate", "assess", "x.yaml", "--no-such-option"])


# --- What is said ---------------------------------------------------------------------------------------


def test_the_readme_has_both_halves_of_every_area() -> None:
    text = README.read_text()
    for area in load().areas:
        assert f"| {area.title} | {area.aws} | {area.customer} |" in text


_ID = re.compile(rf"\b(?:aws_[a-z0-9_]+[a-z0-9]|(?:{'|'.join(load().area)})\.[a-z][a-z0-9-]+)\b")


@each("path", WRITTEN, ids=name)
def test_tables_and_responsibilities_that_are_named_exist(path: Path) -> None:
    there = {
        *all_tables(),
        *TABLES,
        *attributes(),
        *load().responsibility,
        "aws_this_table",
        "aws_iam_policy_document",
        ACCESS,
        GUARDRAIL,
    }
    assert not [id_ for id_ in _ID.findall(path.read_text()) if id_ not in there]


def test_checks_that_the_readme_names_exist() -> None:
    checks = load_checks()
    named = [word for _, words in COMMANDS for flag, word in pairwise(words) if flag == "--check"]
    shown = re.findall(r"(?:^|  )([a-z0-9]+(?:-[a-z0-9]+){2,})$", README.read_text(), re.M)
    assert named
    assert not [id_ for id_ in [*named, *shown] if id_ not in checks]


@each("path", [*WRITTEN, *(p for p in DOCS if p not in WRITTEN)], ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    text = _BLOCK.sub("", path.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        other = (path.parent / file).resolve() if file else path
        assert other.exists(), target
        if anchor:
            assert anchors(other, anchor), f"{target}: there is no such place"


def anchors(path: Path, anchor: str) -> bool:
    return f'id="{anchor}"' in _texts.setdefault(path, path.read_text())


_texts: dict[Path, str] = {}


def test_every_dependency_is_justified() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    page = (ROOT / "docs" / "dependencies.md").read_text()
    run_time, development = page.split("## For development")
    run_time, *optional = run_time.split("Optional, with `pip install 'demarcate[")
    extras = project["project"]["optional-dependencies"]
    assert [section.partition("]")[0] for section in optional] == list(extras)
    for requirements, section in (
        (project["project"]["dependencies"], run_time),
        *zip(extras.values(), optional, strict=True),
        (project["dependency-groups"]["dev"], development),
    ):
        names = {re.split(r"[^A-Za-z0-9._-]", requirement)[0] for requirement in requirements}
        assert set(re.findall(r"^\| `([^`]+)` \| .+ \|$", section, re.M)) == names


def test_every_decision_says_context_decision_and_consequences() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    for number, record in enumerate(records, 1):
        text = record.read_text()
        assert record.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences"))


READS = ("describe_", "list_", "get_", "batch_get_")


def test_only_operations_that_read_are_called() -> None:
    """What SECURITY.md says: Demarcate never writes to AWS."""
    operations = {step.operation for table in all_tables().values() for step in table.steps}
    operations |= {call.operation for table in all_tables().values() for call in table.details.values()}
    assert operations
    others = {operation for operation in operations if not operation.split(".")[1].startswith(READS)}
    assert others <= {"iam.generate_credential_report"}

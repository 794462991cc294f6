"""The help of every verb: lines that fit, words of the field, options in groups, and examples that are so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from demarcate.cli import app
from demarcate.cli.helping import GROUPS, TOPICS
from demarcate.cli.words import EXAMPLES, LINES
from tests.each import each


@cache
def verbs() -> dict[str, Any]:
    """Every verb and group as it is typed."""
    return dict(_verbs(typer.main.get_command(app), ""))


def _verbs(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    for verb, sub in getattr(command, "commands", {}).items():
        yield f"{name} {verb}".strip(), sub
        yield from _verbs(sub, f"{name} {verb}".strip())


def help_of(*words: str) -> str:
    return CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"}).output


@pytest.mark.parametrize(
    "group", ["", "patch", "change", "checks", "ledger", "baseline", "guardrails", "facts", "feeds"]
)
def test_every_verb_has_one_whole_line(group: str) -> None:
    lines = help_of(*group.split()).splitlines()
    assert not [line for line in lines if "..." in line and not line.startswith("Usage:")]
    assert not [line for line in lines if len(line) > 80]
    names = [name.rpartition(" ")[2] for name in verbs() if name.rpartition(" ")[0] == group]
    for name in names:
        at = next(number for number, line in enumerate(lines) if re.match(rf"  {name} +\S", line))
        assert not lines[at + 1 :][:1] or not lines[at + 1].startswith("     "), f"the line of {name} is too long"


def test_every_verb_is_in_a_topic() -> None:
    listed = [name for names in TOPICS.values() for name in names]
    assert not [name for name in verbs() if " " not in name and name not in listed]
    assert len(listed) == len(set(listed))


def test_lines_and_examples_are_of_verbs_that_there_are() -> None:
    assert set(LINES) <= set(verbs())
    assert set(EXAMPLES) <= set(verbs())


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_understood(name: str) -> None:
    shown = help_of(*name.split())
    for example in EXAMPLES[name]:
        words = shlex.split(example)
        assert words[: len(name.split())] == name.split()
        command = verbs()[name]
        context = command.make_context(name, words[len(name.split()) :], resilient_parsing=False)
        assert not context.args
        assert f"demarcate {example}\n" in shown


@each("name", [name for name, verb in verbs().items() if not hasattr(verb, "commands")])
def test_options_are_told_in_words(name: str) -> None:
    shown = help_of(*name.split())
    assert not re.findall(r"<(?:list\[)?(?:str|int|path|Path|float)\]?>", shown)
    if shown.count("\n  -") > 12:
        assert any(f"{group}:" in shown for group in GROUPS), "its options are in no group"


def test_names_complete() -> None:
    from demarcate.cli import completing

    assert completing.areas("enc") == ["encryption"]
    assert "ebs-volume-encrypted" in completing.checks("ebs-")
    assert "aws_s3_bucket" in completing.tables("aws_s3")
    assert completing.severities("") == ["critical", "high", "medium", "low"]
    assert "cis-aws-5.0" in completing.frameworks("cis")
    assert completing.responsibilities("encryption.rot")
    assert "s3" in completing.services("s")
    assert {"encryption.rotate-keys", "encryption"} <= set(completing.explained("encryption"))

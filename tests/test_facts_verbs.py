"""demarcate facts: the verbs, as somebody at a shell meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demarcate.cli import app
from tests.checks.test_facts import NEW, document, home

__all__ = ["home"]


def test_the_verbs_list_check_and_update(tmp_path: Path, home: Path) -> None:
    run = CliRunner()
    listed = run.invoke(app, ["facts", "list", "--table", "aws_lambda_runtime", "--format", "json"])
    assert listed.exit_code == 0
    assert {row["from"] for row in json.loads(listed.stdout)} == {"release"}
    given = tmp_path / "facts.json"
    given.write_text(document("2026-11-01", aws_lambda_runtime=[NEW]))
    assert run.invoke(app, ["facts", "update", str(given)]).exit_code == 0
    assert (home / "facts.yaml").read_text() == given.read_text()
    listed = run.invoke(app, ["facts", "list", "--format", "json"])
    assert [row["of"] for row in json.loads(listed.stdout) if row["from"] == "your file"] == ["cobol85"]


@pytest.mark.usefixtures("home")
def test_facts_past_their_age_are_told_with_exit_code_1(tmp_path: Path) -> None:
    run = CliRunner()
    given = tmp_path / "facts.json"
    given.write_text(document("2020-01-01", aws_lambda_runtime=[NEW]))
    run.invoke(app, ["facts", "update", str(given)])
    told = run.invoke(app, ["facts", "check", "--format", "json"])
    assert told.exit_code == 1
    assert {row["table"]: row["past belief"] for row in json.loads(told.stdout)}["aws_lambda_runtime"] > 0

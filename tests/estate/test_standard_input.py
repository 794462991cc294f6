"""What is piped in is read as the file `-`, once, and never waited for where somebody could type."""

from __future__ import annotations

import io
import json
import sys
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from demarcate.base import files
from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.estate.sources import registry
from tests.estate.terraform.plans import plan

TEMPLATE = "Resources:\n  Data: {Type: AWS::EC2::Volume, Properties: {Encrypted: false, Size: 8}}\n"
PLAN = json.dumps(plan({"aws_ebs_volume.data": {"values": {"encrypted": False, "size": 8}}}))


def assessed(given: str | bytes | None, *sources: str) -> Result:
    asked = ["--check", "ebs-volume-encrypted", "--format", "json"]
    return CliRunner().invoke(app, ["assess", *sources, *asked], input=given)


@pytest.mark.parametrize(
    ("given", "resource"),
    [
        (TEMPLATE, "Data"),
        ('{"Resources": {"Data": {"Type": "AWS::EC2::Volume", "Properties": {"Encrypted": false}}}}', "Data"),
        (PLAN, "aws_ebs_volume.data"),
    ],
    ids=["yaml", "json", "plan"],
)
def test_what_is_piped_in_is_assessed(given: str, resource: str, tmp_path: Path) -> None:
    with chdir(tmp_path):
        result = assessed(given, "-")
    assert result.exit_code == 0, result.output
    (finding,) = json.loads(result.output)["findings"]
    assert (finding["resource"], finding["file"]) == (resource, "-")


def test_it_is_one_estate_with_files(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    result = assessed(TEMPLATE, "-", str(tmp_path / "t.yaml"))
    findings = json.loads(result.output)["findings"]
    assert {finding["file"] for finding in findings} == {"-", str(tmp_path / "t.yaml")}
    assert len({finding["id"] for finding in findings}) == 2


@pytest.mark.parametrize(
    ("given", "sources", "words"),
    [
        ("", ["-"], "-: standard input is empty"),
        (" \n", ["-"], "-: standard input is empty"),
        (TEMPLATE, ["-", "-"], "there is only one of"),
        (TEMPLATE, ["-", "aws"], "they are two estates"),
        ("[1, 2]", ["-"], "is not a CloudFormation template"),
        ("a" * 2_000_001, ["-"], "has more than 2,000,000 bytes"),
        (PLAN.encode("utf-16"), ["-"], "-: is UTF-16, as PowerShell's `>` writes"),
        (b"\xff\xfa", ["-"], "is not UTF-8 text"),
        (PLAN[:-9], ["-"], "-:"),
    ],
)
def test_what_cannot_be_assessed_is_one_line(given: str | bytes, sources: list[str], words: str) -> None:
    result = assessed(given, *sources)
    said = str(result.exception) if isinstance(result.exception, DemarcateError) else result.output
    assert isinstance(result.exception, DemarcateError | SystemExit)
    assert result.exit_code
    assert words in said


class Terminal(io.StringIO):
    """Where somebody could type."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal("x"), None], ids=["a terminal", "none"])
def test_nobody_is_waited_for(stream: Terminal | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", stream)
    with pytest.raises(DemarcateError, match="nothing is piped into it"):
        registry.take_piped(["-"])
    assert stream is None or stream.tell() == 0


def test_a_file_of_that_name_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "-").write_text(TEMPLATE)
    with chdir(tmp_path):
        (finding,) = json.loads(assessed(None, "./-").output)["findings"]
        assert finding["resource"] == "Data"
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
        assert not files.is_standard_input(Path("-"))
        registry.take_piped(["-"])
        assert files.read_bytes(Path("-"), 5) == b"piped"
        with pytest.raises(files.TooLarge):
            files.read_bytes(Path("-"), 4)

"""deploy, and AWS's own detection, through the command: linted, foreseen, recorded, and nothing made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demarcate.changes.deciding import changes
from demarcate.cli import app
from demarcate.ledger.ledger import Ledger
from tests.aws.conftest import REGION, Aws
from tests.surroundings import CREDENTIALS

TEMPLATE = """\
Resources:
  Data:
    Type: AWS::EC2::Volume
    Properties: {AvailabilityZone: eu-west-1a, Size: 8}
"""


def test_a_template_is_linted_foreseen_and_proposed(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**CREDENTIALS, "XDG_DATA_HOME": str(tmp_path), "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    there = ("--region", REGION, "--endpoint-url", aws.url, "--as", "dana@example.com")

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*words, *there])
        assert isinstance(done.exception, SystemExit | None), done.exception
        return done.exit_code, " ".join(done.output.split())

    Path("shop.yaml").write_text(TEMPLATE.replace("Size: 8", "Size: eight"))
    code, said = run("deploy", "shop.yaml", "--stack-name", "shop")
    assert (code, "shop.yaml:4: E3012: 'eight' is not of type 'integer'" in said) == (1, True), said
    assert not (tmp_path / "demarcate").exists(), "nothing was asked of AWS, and nothing recorded"
    Path("shop.yaml").write_text(TEMPLATE)
    code, said = run("deploy", "shop.yaml", "--stack-name", "shop")
    assert (code, "added: Data, AWS::EC2::Volume" in said, "ebs-volume-encrypted: Data" in said) == (0, True, True)
    aws.client("cloudformation").create_stack(StackName="app", TemplateBody=json.dumps({"Resources": {}}))
    code, said = run("change", "plan", "--detect-drift", "app")
    assert (code, "look for drift of app" in said) == (0, True), said
    with Ledger(None, reading=True) as ledger:
        assert [status.change.origin for status in changes(ledger)] == ["hand", "deployment"]

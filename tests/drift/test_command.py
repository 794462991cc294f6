"""drift and baseline through the command: what is signed off, what is refused, and exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.cli import app
from tests import processes
from tests.drift.test_comparing import live, resource, volume

PLAIN = "Resources: {V: {Type: 'AWS::EC2::Volume', Properties: {AvailabilityZone: a, Size: 8, Encrypted: true}}}\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in a folder with a ledger of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))

    def do(*arguments: str) -> Any:
        return processes.demarcate(*arguments, cwd=tmp_path)

    return do


def test_a_baseline_is_signed_off_listed_and_compared(run: Any, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(PLAIN)
    done = run("baseline", "set", "shop", "--from", "t.yaml", "--as", "a@example.com")
    assert (done.returncode, "version 1" in done.stderr) == (0, True), done.stderr
    (tmp_path / "t.yaml").write_text(PLAIN.replace("true", "false"))
    assert run("baseline", "set", "shop", "--from", "t.yaml", "--as", "b@example.com").returncode == 0
    listed = json.loads(run("baseline", "list", "--format", "json").stdout)
    assert [(row["version"], row["signed off by"]) for row in listed] == [
        (1, "a@example.com"),
        (2, "b@example.com"),
    ]
    done = run("baseline", "diff", "shop")
    assert done.returncode == 1
    assert "encrypted" in done.stdout
    assert run("baseline", "diff", "shop", "--from", "1", "--to", "1").returncode == 0


def test_a_baseline_that_was_changed_is_refused(run: Any, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(PLAIN)
    run("baseline", "set", "shop", "--from", "t.yaml", "--as", "a@example.com")
    folder = tmp_path / "home" / "demarcate" / "baselines" / "shop" / "1"
    (folder / "manifest.json").write_text((folder / "manifest.json").read_text() + " ")
    done = run("drift", "--baseline", "shop", "--against", "x")
    assert (done.returncode, "was changed since a@example.com signed it off" in done.stderr) == (2, True)


def test_a_template_that_is_no_stack_is_not_compared_and_ends_with_3(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(PLAIN)
    snapshot = live(volume("vol-1"))
    shutil.copytree(snapshot.folder, tmp_path / "now")
    done = CliRunner().invoke(
        app, ["drift", str(tmp_path / "t.yaml"), "--against", str(tmp_path / "now"), "--declared-only"]
    )
    assert (done.exit_code, "no stack has its logical ids" in done.stdout) == (3, True), done.output


def test_drift_between_two_snapshots_ends_with_1(run: Any, tmp_path: Path) -> None:
    for name, rows in (("before", [volume("vol-1")]), ("now", [volume("vol-1", encrypted=False)])):
        snapshot = live(*rows)
        shutil.copytree(snapshot.folder, tmp_path / name)
    assert run("drift", "before", "--against", "before").returncode == 0
    done = run("drift", "before", "--against", "now", "--format", "json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [(drift["kind"], drift["column"]) for drift in told["drifts"]] == [("changed", "encrypted")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name what is declared"),
        (("t.yaml", "--baseline", "b"), "name what is declared"),
        (("t.yaml", "--stack", "t.yaml"), "--stack takes FILE=NAME"),
        (("t.yaml", "--watch", "soon"), "--watch takes an interval"),
        (("t.yaml", "--ignore", "rules.yaml"), "leaves everything out"),
        (("--baseline", "nobody"), "there is no ledger yet"),
    ],
)
def test_bad_input_is_said(run: Any, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "t.yaml").write_text(PLAIN)
    (tmp_path / "rules.yaml").write_text("- {why: all}\n")
    done = run("drift", *arguments, "--against", "x")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("name", ["../up", "A", "", "a/b", "x" * 64])
def test_a_name_that_is_none_is_refused(run: Any, name: str) -> None:
    done = run("baseline", "set", name, "--from", "t.yaml", "--as", "a@example.com")
    assert (done.returncode, "is no name for a baseline" in done.stderr) == (2, True), done.stderr


def test_a_plan_of_drift_leaves_standard_output_to_the_data(run: Any, tmp_path: Path) -> None:
    for name, rows in (("before", [volume("vol-1"), volume("vol-2")]), ("now", [volume("vol-1")])):
        snapshot = live(*rows)
        shutil.copytree(snapshot.folder, tmp_path / name)
    done = run("drift", "before", "--against", "now", "--plan", "--format", "json", "--as", "a@example.com")
    assert done.returncode == 1, done.stderr
    assert [drift["kind"] for drift in json.loads(done.stdout)["drifts"]] == ["missing"]
    assert "no change is planned" in done.stderr


def test_a_patch_is_written_and_nothing_else(run: Any, tmp_path: Path) -> None:
    snapshot = live(volume("vol-1", availability_zone="a", encrypted=False), tables=STACKED)
    shutil.copytree(snapshot.folder, tmp_path / "now")
    (tmp_path / "t.yaml").write_text(PLAIN)
    done = run("drift", "t.yaml", "--against", "now", "--patch", "-")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("--- a/t.yaml\n+++ b/t.yaml\n@@ -1 +1 @@\n-Resources:")
    assert "t.yaml:1: encrypted of V as it is live" in done.stderr
    assert (tmp_path / "t.yaml").read_text() == PLAIN
    done = run("drift", "t.yaml", "--against", "now", "--patch", "-", "--format", "json")
    assert (done.returncode, "name a file for the patch" in done.stderr) == (2, True)


STACKED = {"aws_cloudformation_stack_resource": [resource("V", "vol-1", "AWS::EC2::Volume")], "aws_kms_key": None}


def test_a_baseline_of_templates_is_patched_where_its_files_are_as_they_were(run: Any, tmp_path: Path) -> None:
    snapshot = live(volume("vol-1", availability_zone="a", encrypted=False), tables=STACKED)
    shutil.copytree(snapshot.folder, tmp_path / "now")
    (tmp_path / "t.yaml").write_text(PLAIN)
    assert run("baseline", "set", "shop", "--from", "t.yaml", "--as", "a@example.com").returncode == 0
    against = ("drift", "--baseline", "shop", "--against", "now", "--patch", "-")
    assert "+Resources:" in run(*against).stdout
    (tmp_path / "t.yaml").write_text(PLAIN.replace("Encrypted: true", "Encrypted: false, KmsKeyId: another"))
    done = run(*against)
    assert (done.returncode, done.stdout) == (1, ""), done.stdout
    assert "it is written there already" in done.stderr
    assert "does not declare kms_key_id as it was compared: it was edited since" in " ".join(done.stderr.split())
    (tmp_path / "t.yaml").unlink()
    done = run(*against)
    assert (done.returncode, "t.yaml is not there any more" in done.stderr) == (1, True), done.stderr

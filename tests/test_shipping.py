"""How Demarcate reaches pipelines: the Action's steps as a script, the hook, the image's steps, and what is shipped."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from demarcate.cli import app
from tests.processes import python

ROOT = Path(__file__).parent.parent
BAD = "Resources:\n  Data: {Type: 'AWS::EC2::Volume', Properties: {Encrypted: false}}\n"


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def step(name: str) -> dict[str, Any]:
    (chosen,) = [item for item in read("action.yml")["runs"]["steps"] if item["name"] == name]
    return dict(chosen)


def test_the_steps_of_the_action_do_what_they_say(tmp_path: Path) -> None:
    """As GitHub runs them: inputs in the environment, files for the summary and the outputs."""
    (tmp_path / "a template.yaml").write_text(BAD)
    programs = tmp_path / "bin"
    programs.mkdir()
    demarcate = programs / "demarcate"
    demarcate.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m demarcate "$@"\n')
    demarcate.chmod(0o755)
    given = {"sources": "a template.yaml\n", "arguments": "--check\nebs-volume-encrypted\n", "out": "out"}
    inputs = {name: given.get(name, of.get("default", "")) for name, of in read("action.yml")["inputs"].items()}
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda match: inputs[match[1]], value)
        for name, value in step("Assess")["env"].items()
    }
    environment |= {
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("Assess")["run"]],
        cwd=tmp_path,
        env={**os.environ, **environment, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    outputs = dict(line.split("=", 1) for line in (tmp_path / "outputs").read_text().splitlines())
    assert set(outputs) == set(read("action.yml")["outputs"])
    assert json.loads((tmp_path / outputs["sarif"]).read_text())["runs"][0]["results"]
    assert "Data" in (tmp_path / "summary.md").read_text()


def test_no_input_of_the_action_is_put_into_a_script() -> None:
    for item in read("action.yml")["runs"]["steps"]:
        assert "${{" not in item["run"]


def test_the_hook_refuses_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (hook,) = read(".pre-commit-hooks.yaml")
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text(BAD)
    program, *words = shlex.split(hook["entry"])
    done = CliRunner().invoke(app, [*words, *hook["args"], "bad.yaml"])
    assert (program, done.exit_code) == ("demarcate", 1)
    assert hook["require_serial"], "what is committed together is one estate"


def steps() -> list[tuple[str, str]]:
    """The image's steps: each an instruction and what it is given, as one line."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(name, given.strip()) for name, _, given in (line.partition(" ") for line in lines if line)]


def given(name: str) -> list[str]:
    return [of for instruction, of in steps() if instruction == name]


def test_the_image_is_of_what_is_shipped_and_of_a_base_that_stays_what_it_is() -> None:
    copied = [of.split()[:-1] for of in given("COPY") if not of.startswith("--from")]
    names = {name for of in copied for name in of}
    assert [name for name in names if not (ROOT / name).exists()] == []
    allowed = [line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")]
    assert names == set(allowed)
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()
    base, *_ = given("ARG")
    assert re.fullmatch(r"BASE=docker\.io/library/python:[\w.-]+@sha256:[0-9a-f]{64}", base)
    stages = [of.split() for of in given("FROM")]
    assert {of[0] for of in stages} == {"${BASE}"}
    made = {of[2] for of in stages if of[1:2] == ["AS"]}
    assert {of.split()[0] for of in given("COPY") if of.startswith("--from")} == {
        f"--from={name}" for name in made
    }
    for run in given("RUN"):
        assert not re.search(r"\b(curl|wget|apt-get|sudo|chmod)\b", run)


def test_what_the_image_starts_needs_nothing_of_its_own(tmp_path: Path) -> None:
    """Its entry point, without a home, and where nothing is written but temporary files."""
    (user,) = given("USER")
    number = int(user.partition(":")[0])
    assert any(run.startswith("useradd ") and f"--uid {number} " in run for run in given("RUN"))
    (entry, *_), more = (json.loads(of) for name in ("ENTRYPOINT", "CMD") for of in given(name))
    assert entry in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert CliRunner().invoke(app, more).exit_code == 0
    (tmp_path / "t.yaml").write_text(BAD)
    environment = dict(pair.split("=", 1) for of in given("ENV") for pair in shlex.split(of))
    with tempfile.TemporaryDirectory() as kept:
        assert environment.pop("PATH").startswith("/opt/demarcate/bin:")
        assert environment["XDG_CACHE_HOME"].startswith("/tmp/")
        environment |= {"TMPDIR": kept, "HOME": "/nonexistent"}
        environment |= {"XDG_CACHE_HOME": str(Path.home() / ".cache")}  # that of all tests, which saves seconds
        ran = python(
            "-m", "demarcate", "assess", "t.yaml", "--fail-on", "low", cwd=tmp_path, environment=environment
        )
    assert (ran.returncode, ran.stderr) == (1, "")
    assert [path.name for path in tmp_path.iterdir()] == ["t.yaml"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "workflows").glob("*.yaml")), ids=lambda path: path.name
)
def test_workflows_have_few_rights_and_no_secrets(path: Path) -> None:
    text = path.read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    assert "secrets." not in text
    for job in workflow["jobs"].values():
        for item in job["steps"]:
            assert "${{" not in item.get("run", "")

"""How Demarcate reaches pipelines: the Action's steps as a script, the hook, the image's steps, and what is shipped."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from demarcate.cli import app

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


def test_the_image_is_of_what_is_shipped_and_runs_as_nobody() -> None:
    lines = (ROOT / "Containerfile").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY pyproject") for word in line.split()[1:-1]]
    assert [name for name in copied if not (ROOT / name).is_file()] == []
    allowed = [line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")]
    assert {*copied, "src"} == set(allowed)
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()
    user = next(line.split()[1] for line in reversed(lines) if line.startswith("USER"))
    assert int(user.partition(":")[0]) > 0
    assert not [line for line in lines if re.search(r"curl|wget|ADD http", line)]


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

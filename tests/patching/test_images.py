"""Images that run: what is behind its repository or its base, what is not known, and the build that mends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.cli import app
from tests.aws.answers.server import Server
from tests.patching.conftest import Worlds
from tests.surroundings import CREDENTIALS

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


IMAGES = ("patch", "images", "--region", "eu-west-1")


def test_from_the_base_to_the_task_and_anew(
    world: Worlds, aws_of_scenes: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = world("images that run")
    around = {
        "AWS_ENDPOINT_URL": aws_of_scenes.url,
        "XDG_DATA_HOME": str(tmp_path),
        "NO_COLOR": "1",
        "COLUMNS": "80",
    }
    for name, value in {**CREDENTIALS, **around}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("demarcate.changes.planning.new_id", lambda: "c-00000001")

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, [*words, "--as", "dev@example.com"] if "--format" not in words else words)

    told = run(*IMAGES, "--format", "json")
    assert told.exit_code == 0, told.output
    images = {(item["repository"], item["digest"][-1:]): item for item in json.loads(told.stdout)}
    shop, api = images[f"{REGISTRY}/shop", "a"], images[f"{REGISTRY}/api", "c"]
    assert (shop["state"], shop["behind_by"], shop["newest"]) == ("behind", 1, f"sha256:{'b' * 64}")
    assert "does not say where it came from" in shop["reasons"][0]
    assert (api["state"], api["behind_by"], api["rebuilt_by"], api["revision"]) == (
        "behind",
        0,
        "build-api",
        "4f2a",
    )
    assert api["runs"] == ["main service:shop"]
    assert "is another image by now: build it again" in api["reasons"][0]
    assert images["public.ecr.aws/nginx/nginx", "d"]["state"] == "unknown"
    assert "not pulled yet" in images[f"{REGISTRY}/shop", ""]["reasons"][0]

    shown = run(*IMAGES)
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())
    assert "did you mean" in str(run(*IMAGES, "--rebuild", f"{REGISTRY}/apu").exception)
    refused = run(*IMAGES, "--rebuild", f"{REGISTRY}/shop")
    assert "no CodeBuild project is known" in str(refused.exception)
    planned = run(*IMAGES, "--rebuild", f"{REGISTRY}/api")
    assert planned.exit_code == 0, planned.output
    approved = CliRunner().invoke(app, ["change", "approve", "c-00000001", "--as", "boss@example.com"])
    assert approved.exit_code == 0, approved.exception
    assert run("change", "apply", "c-00000001").exit_code == 0
    assert own.scene.made("codebuild.start_build") == [{"projectName": "build-api"}]

"""Images that run: what is behind its repository or its base, what is not known, and the build that mends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from demarcate.cli import app
from tests.aws.answers.server import Server
from tests.patching.conftest import Worlds
from tests.surroundings import CREDENTIALS

Run = Callable[..., Result]

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


IMAGES = ("patch", "images", "--region", "eu-west-1")


@pytest.fixture
def run(aws_of_scenes: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command against the scene, as somebody; what is planned is c-00000001."""
    around = {
        "AWS_ENDPOINT_URL": aws_of_scenes.url,
        "XDG_DATA_HOME": str(tmp_path),
        "NO_COLOR": "1",
        "COLUMNS": "80",
    }
    for name, value in {**CREDENTIALS, **around}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("demarcate.changes.planning.new_id", lambda: "c-00000001")

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--as", "dev@example.com"] if "--format" not in words else words)

    return run


def approve_and_apply(run: Run) -> None:
    approved = CliRunner().invoke(app, ["change", "approve", "c-00000001", "--as", "boss@example.com"])
    assert approved.exit_code == 0, approved.exception
    assert run("change", "apply", "c-00000001").exit_code == 0


def test_from_the_base_to_the_task_and_anew(world: Worlds, run: Run) -> None:
    own = world("images that run")

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
    assert "no CodeBuild project and no CodePipeline is known" in str(refused.exception)
    planned = run(*IMAGES, "--rebuild", f"{REGISTRY}/api")
    assert planned.exit_code == 0, planned.output
    approve_and_apply(run)
    assert own.scene.made("codebuild.start_build") == [{"projectName": "build-api"}]


def test_pipelines_are_told_and_started(world: Worlds, run: Run) -> None:
    own = world("images that pipelines build")
    told = run(*IMAGES)
    assert told.exit_code == 0, (told.output, told.exception)
    said = " ".join(told.stdout.split())
    assert "built by CodePipeline api" in said
    assert "EC2 Image Builder pipeline golden" in said and "1.0.0/9" in said
    assert "its last build was FAILED on 2026-11-20; failures in a row: 2" in said
    assert "it has no schedule: it builds where somebody starts it" in said
    assert all(len(line) <= 80 for line in told.stdout.splitlines())
    assert run(*IMAGES, "--rebuild", f"{REGISTRY}/api").exit_code == 0
    approve_and_apply(run)
    (started,) = own.scene.made("codepipeline.start_pipeline_execution")
    assert started["name"] == "api"
    assert own.scene.made("codebuild.start_build") == []


def test_a_pipeline_of_image_builder_is_started(world: Worlds, run: Run) -> None:
    own = world("images that pipelines build")
    planned = run(*IMAGES, "--rebuild", "golden")
    assert planned.exit_code == 0, planned.exception
    approve_and_apply(run)
    (started,) = own.scene.made("imagebuilder.start_image_pipeline_execution")
    assert started["imagePipelineArn"].endswith("image-pipeline/golden") and started["clientToken"]


def test_what_github_builds_is_started_there(world: Worlds, run: Run, tmp_path: Path) -> None:
    world("images that GitHub builds")
    refused = run(*IMAGES, "--rebuild", f"{REGISTRY}/api")
    assert "run: gh workflow run rebuild-images.yml --repo example/api" in str(refused.exception)
    written = run(*IMAGES, "--workflow", str(tmp_path / "rebuild.yml"))
    assert written.exit_code == 0, written.exception
    workflow = yaml.safe_load((tmp_path / "rebuild.yml").read_text())
    assert set(workflow[True]) == {"push", "schedule", "workflow_dispatch", "repository_dispatch"}, "YAML reads on"
    (job,) = workflow["jobs"].values()
    annotations = job["steps"][-1]["with"]["annotations"]
    assert {f"org.opencontainers.image.{name}" for name in ("source", "revision", "base.name", "base.digest")} == {
        line.partition("=")[0] for line in annotations.splitlines()
    }


def test_a_template_has_nothing_to_build(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("Resources: {Topic: {Type: AWS::SNS::Topic}}")
    refused = str(run("patch", "images", str(tmp_path / "a.yaml")).exception)
    assert "name aws, or a snapshot of it" in refused and "change plan" not in refused

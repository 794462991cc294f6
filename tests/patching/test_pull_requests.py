"""A pull request that builds an image on its base as it is now: opened, undone, and refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Read
from demarcate.cli import app
from demarcate.patching.bases import Bases, Now
from demarcate.patching.pull_requests import NoPullRequest, with_base
from tests.patching.conftest import Worlds
from tests.patching.github import TOKEN, Repository, github
from tests.patching.test_images import IMAGES, REGISTRY, Run, approve_and_apply, run

__all__ = ["run"]

BASE, NOW = f"{REGISTRY}/base:3", f"sha256:{'f' * 64}"
BRANCH = f"demarcate/base-{'f' * 12}"
ASK = (*IMAGES, "--rebuild", f"{REGISTRY}/api", "--pull-request")


@pytest.fixture
def there(world: Worlds, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    world("images that GitHub builds")
    repository = Repository(files={"Dockerfile": f"FROM {BASE} AS build\nRUN make\nFROM {BASE}@sha256:1\n"})
    with github(repository) as url:
        monkeypatch.setenv("DEMARCATE_GITHUB_URL", url)
        monkeypatch.setenv("DEMARCATE_GITHUB_TOKEN_VARIABLE", "THEIR_TOKEN")
        monkeypatch.setenv("THEIR_TOKEN", TOKEN)
        yield repository


def test_a_pull_request_is_opened_and_undone(run: Run, there: Repository) -> None:
    planned = run(*ASK)
    assert planned.exit_code == 0, (planned.output, planned.exception)
    assert {method for method, _ in there.log} == {"GET"}, "planning writes nothing"
    shown = CliRunner().invoke(app, ["change", "show", "c-00000001", "--commands"])
    assert f"gh api --method PUT {there.url}/repos/example/api/contents/Dockerfile" in " ".join(
        shown.stdout.split()
    )
    assert TOKEN not in shown.output
    tried = CliRunner().invoke(app, ["change", "apply", "c-00000001", "--dry-run"])
    assert "no dry run" in tried.output and {method for method, _ in there.log} == {"GET"}
    rights = CliRunner().invoke(app, ["change", "iam-policy", "c-00000001"])
    assert rights.exit_code == 0 and "github" not in rights.output

    approve_and_apply(run)
    (pull,) = there.pulls
    assert (pull["head"], pull["base"], pull["state"]) == (BRANCH, "main", "open")
    assert BASE in pull["body"] and NOW in pull["body"]
    message, files = there.commits[there.branches[BRANCH]]
    assert files["Dockerfile"] == f"FROM {BASE}@{NOW} AS build\nRUN make\nFROM {BASE}@{NOW}\n"
    assert NOW in message and there.branches["main"] == "c0"
    again = run(*ASK)
    assert "asks for it already" in str(again.exception)

    undone = run("change", "undo", "c-00000001")
    assert undone.exit_code == 0, (undone.output, undone.exception)
    assert pull["state"] == "closed" and there.branches == {"main": "c0"}


@pytest.mark.parametrize(
    ("scene", "dockerfile", "words", "writes"),
    [
        # what the manifest names, the Dockerfile writes in another way
        ("images on a public base", "FROM python:3.12\n", (), f"FROM python:3.12@{NOW}"),
        ("images on a public base", "FROM python:3.13\n", (), r"no FROM names docker\.io/library/python:3\.12"),
        ("images that do not name their base", f"FROM python:3.12@sha256:{'1' * 64}\n", (), f"python:3.12@{NOW}"),
        (
            "images that do not name their base",
            "FROM golang:1 AS build\nFROM python:3.12\n",
            (),
            "Dockerfile is on golang:1 and python:3.12: say which",
        ),
        (
            "images that do not name their base",
            "FROM quay.io/a/b:1\n",
            (),
            "it is of quay.io, and no pull-through cache of ECR has it; say it with --base quay.io/a/b:1@sha256",
        ),
        (
            "images that do not name their base",
            "FROM golang:1 AS build\nFROM quay.io/a/b:1\n",
            ("--base", f"quay.io/a/b:1@{NOW}"),
            f"FROM golang:1 AS build\nFROM quay.io/a/b:1@{NOW}\n",
        ),
        (
            "images that do not name their base",
            "FROM a\n",
            ("--base", "a@sha256:1"),
            "--base takes a name with its",
        ),
    ],
)
def test_a_base_of_a_public_registry(
    run: Run, world: Worlds, there: Repository, scene: str, dockerfile: str, words: tuple[str, ...], writes: str
) -> None:
    """Its digest is that of a pull-through cache, or the one that is given; else nobody knows it, and that is said."""
    world(scene)
    there.commit("main", "Dockerfile", dockerfile, "by hand")
    planned = run(*ASK, *words)
    if planned.exit_code:
        assert re.search(writes, str(planned.exception))
        return
    approve_and_apply(run)
    assert writes in there.commits[there.branches[BRANCH]][1]["Dockerfile"]


def test_what_a_name_means_and_where_a_cache_has_it() -> None:
    rules = [
        {"ecrRepositoryPrefix": "ROOT", "upstreamRegistryUrl": "ghcr.io", "upstreamRepositoryPrefix": "ours"},
        {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"},
    ]
    at = datetime(2026, 11, 20, tzinfo=UTC)
    held = {("1", "r", name): (f"d-{name}", at) for name in ("hub/library/python:3", "base:latest", "own:1")}

    class Rules:
        def read(self, account: str, region: str, read: Read) -> Any:
            assert read.pages
            if account == "2":
                raise NotDone("denied")
            return rules

    bases = Bases(held, Rules())
    for name, now in {
        "python:3": Now("d-hub/library/python:3", "", "hub/library/python", at),
        "index.docker.io/library/python:3@sha256:1": Now("d-hub/library/python:3", "", "hub/library/python", at),
        "ghcr.io/ours/base": Now("d-base:latest", "", "base", at),
        "ghcr.io/theirs/base": Now(None, "it is of ghcr.io, and no pull-through cache of ECR has it"),
        "python:4": Now(None, "it is of docker.io, and no pull-through cache of ECR has it"),
        "1.dkr.ecr.r.amazonaws.com/own:1": Now("d-own:1"),
        "1.dkr.ecr.r.amazonaws.com/own:2": Now(None, "it is no image of a repository that was read"),
    }.items():
        assert bases.now(name, "1", "r") == now, name
    assert bases.now("python:3", "2", "r").reason == "the rules of caches cannot be read: denied"


def test_a_branch_that_somebody_added_to_is_left(run: Run, there: Repository) -> None:
    assert run(*ASK).exit_code == 0
    approve_and_apply(run)
    there.commit(BRANCH, "README", "mine", "by hand")
    undone = run("change", "undo", "c-00000001")
    assert undone.exit_code == 1 and "was changed since" in " ".join(undone.output.split())
    assert BRANCH in there.branches


@pytest.mark.parametrize(
    ("fails", "ends"), [({"PUT contents": 403}, "GitHub answers 403"), ({"POST pulls": 422}, "422")]
)
def test_what_github_refuses_stands_still(run: Run, there: Repository, fails: dict[str, int], ends: str) -> None:
    assert run(*ASK).exit_code == 0
    there.fails.update(fails)
    CliRunner().invoke(app, ["change", "approve", "c-00000001", "--as", "boss@example.com"])
    stopped = run("change", "apply", "c-00000001")
    assert stopped.exit_code == 1 and ends in " ".join(stopped.output.split())
    assert not there.pulls
    assert run("change", "apply", "c-00000001").exit_code == 0, "it goes on where it stood"
    assert len(there.pulls) == 1


@pytest.mark.parametrize(
    ("around", "words", "says"),
    [
        ({"THEIR_TOKEN": ""}, ASK, "the environment has no THEIR_TOKEN"),
        ({"THEIR_TOKEN": "wrong"}, ASK, "GitHub answers 401: Bad credentials"),
        ({"DEMARCATE_GITHUB_URL": "http://git.example.com"}, ASK, "only https addresses"),
        (
            {"DEMARCATE_GITHUB_URL": "https://git.example.com/api/v3"},
            ASK,
            "it was built of github.com/example/api",
        ),
        ({}, (*IMAGES, "--pull-request"), "goes with --rebuild"),
        ({}, (*IMAGES, "--base", "a@b"), "goes with --pull-request"),
        ({}, (*ASK, "--dockerfile", "../x"), "no path in a repository"),
        ({}, (*ASK, "--dockerfile", "other"), "has no other: name its Dockerfile"),
    ],
)
def test_a_pull_request_that_cannot_be_planned(
    run: Run,
    there: Repository,
    monkeypatch: pytest.MonkeyPatch,
    around: dict[str, str],
    words: tuple[str, ...],
    says: str,
) -> None:
    for name, value in around.items():
        monkeypatch.setenv(name, value)
    refused = run(*words)
    assert refused.exit_code != 0 and says in str(refused.exception)


def test_the_token_goes_nowhere_else(run: Run, there: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(*ASK).exit_code == 0
    other = Repository()
    with github(other) as url:
        monkeypatch.setenv("DEMARCATE_GITHUB_URL", url)
        CliRunner().invoke(app, ["change", "approve", "c-00000001", "--as", "boss@example.com"])
        refused = run("change", "apply", "c-00000001")
    assert refused.exit_code == 1 and "was planned for" in refused.output
    assert not other.log


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("FROM ${BASE}\n", "no FROM names b:1; line 1 names its base by a variable"),
        ("FROM b:1@sha256:2\n", "names sha256:2 already"),
        ("# FROM b:1\nFROM b:10\nRUN echo FROM b:1\n", "no FROM names b:1"),
        ("", "no FROM names b:1"),
    ],
)
def test_a_dockerfile_that_is_not_edited(text: str, says: str) -> None:
    with pytest.raises(NoPullRequest, match=says.replace("$", "\\$")):
        with_base(text, "b:1", "sha256:2", "Dockerfile")


def test_the_rest_of_a_dockerfile_stays() -> None:
    text = "ARG X=1\r\nfrom --platform=linux/amd64 b:1@sha256:1 as c\r\nFROM c\r\n"
    edited, line = with_base(text, "b:1", "sha256:2", "Dockerfile")
    assert (edited, line) == (text.replace("sha256:1", "sha256:2"), 2)

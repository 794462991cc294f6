from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demarcate.exam import questions
from demarcate.exam.drafts import Draft
from demarcate.model import Model, load
from demarcate.posture.assessment import Assessment
from tests.example import assessed
from tests.processes import demarcate

HOSTILE = "<img src=x onerror=document.title='owned'>\"'\x1b[2J\u202eevil"
"""A name that would be markup, move a terminal's cursor and turn the reading direction, if anybody let it."""

Quiz = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def model() -> Model:
    return load()


@pytest.fixture(scope="session", autouse=True)
def remembered_drafts() -> Iterator[None]:
    """What the model lets us ask stays in memory: to find that out is most of making an exam."""
    made: dict[int, tuple[Model, list[Draft]]] = {}
    make = questions.all_drafts

    def all_drafts(model: Model) -> list[Draft]:
        if id(model) not in made:
            made[id(model)] = model, make(model)
        return list(made[id(model)][1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(questions, "all_drafts", all_drafts)
        yield


@pytest.fixture(scope="session")
def assessment() -> Assessment:
    return assessed()


@pytest.fixture
def quiz(tmp_path: Path) -> Quiz:
    """The command, with what is typed into it."""

    def run(*arguments: str, typed: str | bytes = "", **environment: str) -> subprocess.CompletedProcess[str]:
        done = demarcate("quiz", *arguments, cwd=tmp_path, typed=typed, environment=environment)
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def hostile_estate(tmp_path: Path) -> Path:
    """A template whose names try everything."""
    template = tmp_path / "hostile.yaml"
    name = HOSTILE.replace('"', '\\"').replace("\x1b", "\\e").replace("\u202e", "\\u202E")
    template.write_text(
        f"""
Resources:
  Data:
    Type: AWS::S3::Bucket
    Properties: {{BucketName: "{name}"}}
  "{name}":
    Type: AWS::Lambda::Function
    Properties: {{Runtime: python3.13, Handler: a.b, Role: r, Code: {{ZipFile: x}}, FunctionName: "{name}"}}
"""
    )
    return template

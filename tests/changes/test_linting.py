"""A template is linted before it is deployed: what is wrong has its line, and rules of Guard stop it as well."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.linting import GUARD, guard, lint

TEMPLATE = """\
Resources:
  Data:
    Type: AWS::EC2::Volume
    Properties:
      AvailabilityZone: eu-west-1a
      Size: eight
"""


def test_what_is_wrong_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(TEMPLATE)
    told = lint(tmp_path / "app.yaml", "eu-west-1")
    assert told is not None
    assert [(item.line, item.warns) for item in told if "'eight' is not of type 'integer'" in item.text] == [
        (6, False)
    ]
    (tmp_path / "app.yaml").write_text(TEMPLATE.replace("eight", "8"))
    assert [item for item in lint(tmp_path / "app.yaml", "eu-west-1") or () if not item.warns] == []


def test_without_the_linter_nothing_is_said_to_be_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cfnlint.api", None)
    assert lint(tmp_path / "app.yaml", "eu-west-1") is None


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (0, "", []),
        (19, "Resource = Data\n\nRule = encrypted {\n", ["guard: Resource = Data", "guard: Rule = encrypted {"]),
        (5, "", ["guard: it ended with 5, and said nothing"]),
    ],
)
def test_rules_of_guard_stop_a_deployment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, said: str, told: list[str]
) -> None:
    program = tmp_path / GUARD
    program.write_text(f"#!/bin/sh\nprintf '{said}'\n[ \"$1 $2\" = 'validate --data' ] || exit 99\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "app.yaml").write_text(TEMPLATE)
    with pytest.raises(DemarcateError, match=r"holds no rules of Guard \(.guard, .ruleset\)"):
        guard(tmp_path / "app.yaml", tmp_path)
    (tmp_path / "own.guard").touch()
    assert [item.text for item in guard(tmp_path / "app.yaml", tmp_path)] == told


def test_without_guard_its_rules_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DemarcateError, match="need the program cfn-guard, which is not on the path"):
        guard(tmp_path / "app.yaml", tmp_path)

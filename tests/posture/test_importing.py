"""What other tools were told to be silent about, and what of it becomes waivers."""

from __future__ import annotations

from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.documents import DocumentError, compose, plain, read_text
from demarcate.checks.catalog import load_checks
from demarcate.evidence.problems import Unusable
from demarcate.evidence.waivers import Known, Waivers
from demarcate.model import load
from demarcate.posture.importing import Giving, _glob, imported

HERE = Path(__file__).with_name("imports")
EXPECTED: dict[str, dict[str, Any]] = plain(compose(read_text(HERE / "expected.yaml"), ""), "")


@cache
def known() -> Known:
    return Known(checks=load_checks(), responsibilities=load().owed)


def made(file: str, **giving: str) -> Waivers:
    with chdir(HERE):
        given = Giving(owner="o@example.com", until="2027-01-31", **giving)
        return imported([Path(file)], load_checks(), known(), given)


@pytest.mark.parametrize("file", EXPECTED)
def test_what_is_carried_over_and_what_is_not(file: str) -> None:
    expected, result = EXPECTED[file], made(file)
    assert [f"{w.check} {w.scope}: {w.reason}" for w in result.waivers] == expected["waivers"]
    assert {str(problem.line) for problem in result.problems} == set(expected["refused"])
    for problem in result.problems:
        assert expected["refused"][str(problem.line)] in problem.message
        assert problem.file == file


def test_one_reason_for_all_that_has_none() -> None:
    result = made("mutelist.yaml", reason="Because")
    assert [w.check for w in result.waivers if w.reason == "Because"] == ["s3-bucket-access-logging"]
    assert "42" not in {str(problem.line) for problem in result.problems}


@pytest.mark.parametrize(
    ("pattern", "becomes"),
    [
        ("logs", "*logs*"),
        ("^logs$", "logs"),
        ("*-logs", "*-logs*"),
        (".+-logs", "*?*-logs*"),
        ("a.b", "*a?b*"),
        (r"a\.b", "*a.b*"),
        ("arn:aws:s3:::x/y", "*arn:aws:s3:::x/y*"),
        ("a|b", None),
        ("[ab]", None),
        (r"a\*", None),
        ("a{2}", None),
        ("", None),
        ("(a+)+$", None),
    ],
)
def test_a_regular_expression_is_a_pattern_that_says_the_same(pattern: str, becomes: str | None) -> None:
    if becomes is None:
        with pytest.raises(Unusable):
            _glob(pattern)
    else:
        assert _glob(pattern) == becomes


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.yaml", "a: 1\n", "is no mutelist of Prowler, no template and no .tf file"),
        ("a.yaml", "- a\n", "is no mutelist of Prowler, no template and no .tf file"),
        ("a.yaml", "Mutelist: 1\n", "has no Accounts"),
        ("a.yaml", "[", "is not YAML"),
        ("a.tf", None, "cannot be read"),
    ],
)
def test_what_is_none_of_these(name: str, text: str | None, says: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(DocumentError, match=says):
        imported([tmp_path / name], load_checks(), known(), Giving())

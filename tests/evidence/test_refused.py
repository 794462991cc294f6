"""Bad evidence, as data: each problem names its line, and what is good beside it is counted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from demarcate.base.documents import read
from tests.evidence.conftest import Given

POLICY = "Patches wait in staging for three days.\n"


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case: str
    file: str
    text: str
    problems: dict[str, str]
    counted: int = 0
    more: int = 0
    """How many problems there are beyond those that are listed, on the same lines."""


CASES = read(Path(__file__).with_name("refused.yaml"), list[Case])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.case)
def test_refused(case: Case, given: Given) -> None:
    text = case.text.replace("$", hashlib.sha256(POLICY.encode()).hexdigest())
    evidence = given({case.file: text, "documents/policy.md": POLICY})
    assert {problem.file for problem in evidence.problems} == {f"evidence/{case.file}"}
    problems = [(problem.line, problem.message) for problem in evidence.problems]
    assert len(problems) == len(case.problems) + case.more, problems
    for line, says in case.problems.items():
        assert any(at == int(line) and says in message for at, message in problems), problems
    assert len(evidence.records) == case.counted

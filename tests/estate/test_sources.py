"""Sources: whose a name is, and which options are for it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import SPELLED, Options
from demarcate.estate.sources.registry import SOURCES, TELLING, source_of
from demarcate.estate.tables import all_tables
from tests import processes

SOURCE = Path(__file__).parents[2] / "src" / "demarcate"
GIVEN: dict[str, Any] = {
    "profile": "x",
    "regions": ("eu-west-1",),
    "endpoint_url": "http://127.0.0.1:9",
    "parameters": {},
    "moment": "2026-01-01",
    "resume": True,
}


@pytest.mark.parametrize("option", GIVEN)
@pytest.mark.parametrize("name", ["t.yaml", "snapshot", "aws", "s3://bucket/x", "config:all"])
def test_an_option_that_a_source_cannot_use_is_refused(name: str, option: str, tmp_path: Path) -> None:
    if name == "snapshot":
        (tmp_path / "t.yaml").write_text("Resources: {B: {Type: AWS::S3::Bucket}}")
        collect_snapshot([tmp_path / "t.yaml"], out=tmp_path / name)
        used = False
    else:
        used = option in source_of([name]).uses([name])
    if used:
        return
    with pytest.raises(DemarcateError, match=f"which {SPELLED[option]} is not for: leave it out"):
        collect_snapshot([tmp_path / name if name == "snapshot" else name], Options(**{option: GIVEN[option]}))


def test_every_option_is_for_a_source_and_has_a_spelling() -> None:
    used = {option for source in SOURCES for name in ("x", "s3://x") for option in source.uses([name])}
    assert used == set(SPELLED) == set(Options.__struct_fields__) - {"preset"}


def test_the_command_refuses_them_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {B: {Type: AWS::S3::Bucket}}")
    done = processes.demarcate("assess", tmp_path / "t.yaml", "--profile", "prod")
    assert (done.returncode, done.stdout) == (2, "")
    said = "which --profile is not for: leave it out"
    assert done.stderr == f"demarcate: {tmp_path}/t.yaml is a template or a folder of templates, {said}\n"


def test_each_source_says_in_its_own_words_what_it_does_not_tell() -> None:
    assert len({source.untold for source in TELLING}) == len(TELLING)
    for source in SOURCES:
        told = [table for table in all_tables().values() if source.tells(table) and not table.owners]
        assert len(told) > 50
        assert all(any(source.place(table, column) for column in table.columns) for table in told)


def test_checks_posture_and_reports_name_no_source() -> None:
    names = {source.name for source in SOURCES}
    for room in ("checks", "posture", "report", "evidence", "exam", "assessing.py", "lines.py"):
        path = SOURCE / room
        for module in [path] if path.suffix else path.rglob("*.py"):
            tree = ast.parse(module.read_text())
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom):
                    named = re.search(r"sources\.(aws|cloudformation|config)", node.module or "")
                    assert not named or module.name == "policy.py", (
                        module
                    )  # the policy for live AWS is of live AWS
                if isinstance(node, ast.Compare):
                    texts = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
                    assert not texts & names, f"{module}:{node.lineno}"

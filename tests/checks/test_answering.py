"""What must be told for a check to have an answer, and that where it is not the check does not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from demarcate.checks.answering import needs_of
from demarcate.checks.catalog import columns_of, scoped
from demarcate.checks.engine import judge
from demarcate.checks.missing import can_answer
from demarcate.checks.predicate import compile_predicate
from demarcate.checks.trees import where_holds
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.registry import SOURCES
from demarcate.estate.tables import table
from tests.checks.examples import shipped

VOLUME = "aws_ebs_volume"
LOOK = "EXISTS (SELECT 1 FROM aws_ec2_regional_settings s WHERE s.default_ebs_encryption_enabled)"


@pytest.mark.parametrize(
    ("predicate", "needs"),
    [
        ("encrypted", [{"encrypted"}]),
        ("NOT encrypted", [{"encrypted"}]),
        ("encrypted AND size > iops", [{"encrypted"}, {"iops", "size"}]),
        ("encrypted OR (state = 'in-use' AND size > iops)", [{"encrypted"}, {"iops", "size", "state"}]),
        ("size + iops > 3", [{"iops", "size"}]),
        ("file IS NULL OR encrypted", [set()]),
        ("volume_type IN ('gp2', 'gp3')", [{"volume_type"}]),
        (LOOK, [{"aws_ec2_regional_settings"}]),
        (f"encrypted AND {LOOK}", [{"aws_ec2_regional_settings"}, {"encrypted"}]),
        ("true", [set()]),
    ],
)
def test_the_needs_of_a_predicate(predicate: str, needs: list[set[str]]) -> None:
    compiled = compile_predicate(predicate, VOLUME, columns_of, scoped)
    names = {ask.name: ask.column for ask in compiled.asks.get(VOLUME, ())}
    names |= {name: look.table for name, look in compiled.looks.items()}
    assert needs_of(compiled.tree, names) == {frozenset(need) for need in needs}


def test_where_it_is_not_known_whether_a_check_is_about_a_row_there_is_no_answer() -> None:
    passes, where = (compile_predicate(text, VOLUME, columns_of, scoped) for text in ("size > 3", "encrypted"))
    names = {ask.name: ask.column for of in (passes, where) for ask in of.asks.get(VOLUME, ())}
    assert needs_of(where_holds(where.tree, passes.tree), names) == {frozenset(("encrypted", "size"))}


def test_a_predicate_with_too_many_needs_may_always_have_an_answer() -> None:
    columns = [name for name in columns_of("aws_iam_role") or {} if name != "file"]
    texts = [name for name in columns if (columns_of("aws_iam_role") or {})[name] == "VARCHAR"][:16]
    pairs = " AND ".join(f"({a} = 'x' OR {b} = 'x')" for a, b in zip(texts[::2], texts[1::2], strict=False))
    compiled = compile_predicate(pairs, "aws_iam_role", columns_of, scoped)
    assert needs_of(compiled.tree, {}) == {frozenset()}


def test_a_check_that_templates_cannot_answer_does_not_run_on_them(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Resources:\n  Key: {Type: 'AWS::IAM::AccessKey', Properties: {UserName: ann}}\n"
    )
    checks = [shipped()[name] for name in ("iam-access-key-rotated", "iam-user-single-access-key")]
    with collect_snapshot([tmp_path]) as snapshot:
        judgement = judge(snapshot, checks, passes=True)
        told = [(entry.check, entry.kind, entry.reason) for entry in judgement.not_run]
        assert told == [("iam-access-key-rotated", Kind.UNTOLD, "templates do not tell it")]
        assert {finding.check for finding in judgement.findings()} == {"iam-user-single-access-key"}


def test_each_shipped_check_has_an_answer_of_a_live_account() -> None:
    source = next(source for source in SOURCES if source.asks)
    unanswered = [
        check.id
        for check in shipped().values()
        if source.tells(table(check.table)) and not can_answer(check, table(check.table), source)
    ]
    assert not unanswered

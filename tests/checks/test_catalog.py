"""Every check of the catalog runs its own examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from demarcate.base.errors import DemarcateError
from demarcate.checks import catalog
from demarcate.checks.catalog import SHIPPED, load_checks, select
from demarcate.checks.structs import Example, Written
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.table import Table
from demarcate.estate.tables import table
from demarcate.model import load
from tests.checks.examples import Told, is_plain, shipped, verdicts_apart, verdicts_together, written_checks
from tests.each import each

WRITTEN = list(written_checks(SHIPPED))


def examples_of(written: Written) -> dict[str, Sequence[Example]]:
    """The examples of a check, by the verdict that they must have."""
    examples = written.examples
    assert examples is not None, "a shipped check has examples"
    return {"pass": examples.passes, "fail": examples.fails, "unknown": examples.unknown}


def all_of(written: Written) -> list[Example]:
    return [example for examples in examples_of(written).values() for example in examples]


@cache
def told_together() -> dict[str, list[Told]]:
    """What is found for the examples of all checks."""
    given = [(shipped()[check.id], all_of(check)) for check in WRITTEN]
    plain = [pair for pair in given if is_plain(*pair)]
    return verdicts_together(plain) | verdicts_apart([pair for pair in given if not is_plain(*pair)])


UGLY = re.compile(r"[\[\]?]|\(s\)|\b\d\d:\d\d|[: ]$|\bexample \d of ")
"""What no sentence of a finding has: lists as code, what is not known, hours, and values that are left out."""


@each("written", WRITTEN, ids=lambda written: written.id)
def test_examples(written: Written) -> None:
    assert all(examples_of(written).values())
    assert written.remedy, "a shipped check says what to do"
    examples, told = all_of(written), told_together()[written.id]
    expected = [verdict for verdict, given in examples_of(written).items() for _ in given]
    for verdict, example, answer in zip(expected, examples, told, strict=True):
        assert answer, f"where excludes {example}"
        assert [each for each, _ in answer] == [verdict], f"{example}: {answer}"
        assert verdict == "pass" or answer[0][1], "a reason is given"
    if "{resource}" not in written.fail:
        sentence = told[expected.index("fail")][0][1]
        assert not UGLY.search(sentence), f"the first example that fails has all that is said of it: {sentence}"


def canonical(predicate: str) -> str:
    """A predicate with the aliases of its look-ups written out, and what AND and OR join in order."""
    tree = sqlglot.parse_one(predicate, read="duckdb")
    named = {other.alias: other.name for other in tree.find_all(exp.Table) if other.alias}
    for column in tree.find_all(exp.Column):
        if column.table in named:
            column.set("table", exp.to_identifier(named[column.table]))
    for other in tree.find_all(exp.Table):
        other.set("alias", None)
    return _ordered(tree)


def _ordered(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Paren):
        return _ordered(tree.this)
    if isinstance(tree, exp.And | exp.Or):
        return f"{type(tree).__name__}({', '.join(sorted(map(_ordered, tree.flatten())))})"
    return tree.sql("duckdb")


def test_no_two_checks_ask_the_same_of_the_same_rows() -> None:
    asked: dict[tuple[str, str, str], list[str]] = {}
    for check in WRITTEN:
        asked.setdefault(
            (check.table, canonical(str(check.where or "true")), canonical(str(check.passes))), []
        ).append(check.id)
    assert not [ids for ids in asked.values() if len(ids) > 1]


def with_standins(of: Table, example: Example) -> Iterator[Example]:
    """The example with what only exists once deployed in place of a text, or of one in a list."""
    standin = StandIn("Other.Attribute", "${Other.Attribute}")
    types = {column.name: column.type for column in of.columns}
    for column, value in example.items():
        if types.get(column) == "VARCHAR" and value is not None:
            yield {**example, column: standin}
        for index in range(len(value)) if types.get(column) == "VARCHAR[]" and value else ():
            yield {**example, column: [*value[:index], standin, *value[index + 1 :]]}


def test_a_standin_decides_nothing() -> None:
    """With one in place of a text a verdict may become unknown, and never another one; and no finding is lost."""
    given = [
        (shipped()[check.id], verdict, example, changed)
        for check in WRITTEN
        if is_plain(shipped()[check.id], all_of(check))
        for verdict, examples in examples_of(check).items()
        for example in examples
        for changed in with_standins(table(check.table), example)
        if table(check.table).types or table(check.table).owners
    ]
    by_check: dict[str, list[tuple[str, Example, Example]]] = {}
    for check, verdict, example, changed in given:
        by_check.setdefault(check.id, []).append((verdict, example, changed))
    told = verdicts_together([(shipped()[id_], [c for _, _, c in cases]) for id_, cases in by_check.items()])
    wrong = [
        f"{id_}: {changed}: {verdict} became {answer}"
        for id_, cases in by_check.items()
        for (verdict, _, changed), answer in zip(cases, told[id_], strict=True)
        if not answer or answer[0][0] not in (verdict, "unknown")
    ]
    assert len(given) > 300
    assert not wrong, "\n".join(wrong)


def test_what_is_compiled_is_of_the_libraries_that_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.search(r"duckdb-[\d.]+", catalog._installed("duckdb"))
    assert re.search(r"sqlglot-[\d.]+", catalog._installed("sqlglot"))
    before = catalog.compiler.__wrapped__()
    monkeypatch.setattr(catalog, "_installed", lambda library: f"{library}-99")
    assert catalog.compiler.__wrapped__() != before


MINE = """
- id: mine
  title: Mine
  responsibility: encryption.enable-at-rst
  table: aws_ebs_volume
  pass: encrypted
  fail: "no"
  severity: low
"""


def test_a_responsibility_that_is_none_is_refused_though_the_check_was_compiled_without_asking(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    for _ in range(2):  # the second time it is kept
        assert "mine" in load_checks([tmp_path])
        with pytest.raises(
            DemarcateError, match=r"mine\.yaml:4: .*no customer .*did you mean encryption\.enable-at-rest"
        ):
            load_checks([tmp_path], responsibilities=load().owed)


@pytest.mark.parametrize("pattern", ["s3-bucket-v*", "s3-bucket-?er*", "s3-bucket-[v]*"])
def test_a_pattern_names_the_checks_whose_ids_it_fits(pattern: str) -> None:
    checks = load_checks()
    assert select(checks, [pattern]) == {id_: checks[id_] for id_ in checks if id_.startswith("s3-bucket-v")}
    with pytest.raises(DemarcateError, match=r"there is no check 'nonsense-\*'"):
        select(checks, [pattern, "nonsense-*"])

"""Rules of other tools that checks cite: each is one of that tool, and judges what the check judges."""

from __future__ import annotations

from pathlib import Path

import pytest

from demarcate.base.documents import read
from demarcate.checks.catalog import load_checks
from demarcate.estate.tables import all_tables

RULES: dict[str, dict[str, list[str]]] = read(
    Path(__file__).with_name("references.yaml"), dict[str, dict[str, list[str]]]
)


def types_of(name: str) -> set[str]:
    """The types of the resources that a table has, or that its rows belong to."""
    table = all_tables()[name]
    owners = {type_ for of in table.owners for type_ in ({of} if "::" in of else types_of(of))}
    return {*table.named_types, *table.types, *owners}


@pytest.mark.parametrize("tool", RULES)
def test_a_rule_that_is_cited_judges_what_the_check_judges(tool: str) -> None:
    cited = {(check.id, check.table, ref) for check in load_checks().values() for ref in check.refs.get(tool, ())}
    assert {ref for _, _, ref in cited} == set(RULES[tool])
    apart = [f"{id_}: {ref}" for id_, table, ref in cited if not types_of(table) & set(RULES[tool][ref])]
    assert not apart, f"{tool}: these judge other resources"

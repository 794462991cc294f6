"""Every resource with every attribute: read as it is, and never a crash whatever it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demarcate.estate import tables
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.terraform.mapped import all_mapped, attributes
from tests.estate.terraform.golden import all_rows
from tests.estate.terraform.plans import plan

PLAIN = {"text": "text", "number": 7, "boolean": True, "any": "any"}

DOCUMENTS = ("container_properties", "ecs_properties", "node_properties")
"""Texts that are documents of which columns are conclusions."""

WRONG: dict[str, Any] = {
    "numbers": lambda *_: 7,
    "objects": lambda *_: {"z": ["x", None, {"y": []}]},
    "texts": lambda *_: "{[",
}


UNTOLD = {
    "aws_shield_protection.automatic_response_status",
    # The provider says neither the type of its list of revoked certificates nor the list's extension.
    "aws_acmpca_certificate_authority.revocation_configuration",
    # They are those of actions of certain providers, which no made-up value is.
    "aws_codepipeline_pipeline.source_repositories",
    "aws_codepipeline_pipeline.build_projects",
}
"""Columns that no attribute tells: another resource says it, of the resource that is protected."""


def filled(tree: Any, name: str = "") -> Any:
    """A value of a form: a block is a list of one."""
    if isinstance(tree, str):
        return "{}" if name in DOCUMENTS else PLAIN[tree]
    if isinstance(tree, list):
        return [filled(tree[0])]
    if "*" in tree:
        return {"key": filled(tree["*"])}
    return [{key: filled(inner, key) for key, inner in tree.items()}]


def whole(value: Any) -> dict[str, Any]:
    """A plan that has each resource, its attributes made by a function of their forms."""
    trees = {name: tree for name, tree in attributes().items() if name in all_mapped()}
    made = {
        name: {attribute: value(form, attribute) for attribute, form in tree.items()}
        for name, tree in trees.items()
    }
    return plan({f"{name}.a": {"values": values} for name, values in made.items()})


def test_every_resource_is_a_row_of_its_table_with_all_columns_that_it_can_tell(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(whole(filled)))
    untold = []
    with collect_snapshot([path]) as snapshot:
        assert not snapshot.unread
        assert not snapshot.manifest.resources
        named = set()
        for table, row in all_rows(snapshot):
            named.add(table.name)
            unknown = json.loads(row["_unknown"] or "{}")
            untold += [
                f"{row['resource']}: {table.name}.{column}: {why['reason']}"
                for column, why in unknown.items()
                if why["kind"] == "untold" and row["resource"].startswith("aws_")
            ]
    assert named == {table.name for table in tables.all_tables().values() if table.types}
    assert {told.partition(": ")[2].partition(":")[0] for told in untold} == UNTOLD


@pytest.mark.parametrize("wrong", WRONG)
def test_values_of_another_form_are_never_a_crash(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(whole(WRONG[wrong])))
    with collect_snapshot([path]) as snapshot:
        assert not snapshot.unread

"""Configurations of Terraform that fail checks, with their plans: made of the checks' own examples, and of data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from demarcate.checks.structs import Check
from demarcate.estate.schema.table import Table
from demarcate.estate.sources.cloudformation.editing import REMOVED, UNTOLD, NotEdited
from demarcate.estate.sources.cloudformation.reading import read_plain
from demarcate.estate.sources.terraform.adding import lines_of, naming_attribute
from demarcate.estate.sources.terraform.edits import substituted
from demarcate.estate.sources.terraform.hcl import Reference, Template
from demarcate.estate.sources.terraform.mapped import all_mapped, declarations
from demarcate.estate.sources.terraform.source import TerraformSource
from demarcate.estate.sources.terraform.wanted import wanted_of
from demarcate.estate.tables import table
from tests.checks.examples import shipped, written_checks
from tests.estate.terraform.plans import plan

CATALOG = Path(__file__).parents[2] / "src" / "demarcate" / "checks" / "catalog"
DATA = Path(__file__).with_name("terraform.yaml")


@dataclass(frozen=True)
class Case:
    """A resource that fails a check, and what completes it: by the kind of that, its values."""

    check: Check
    resource: str
    values: Mapping[str, Any]
    parts: Mapping[str, Mapping[str, Any]]

    @property
    def address(self) -> str:
        return f"{self.resource}.{self.name}"

    @property
    def name(self) -> str:
        return self.check.id.replace("-", "_")


def resource_of(of: Table) -> str | None:
    """The resource of `hashicorp/aws` that a table's rows are of."""
    for type_ in of.types:
        for mapped in declarations():
            if mapped.type == type_ and not mapped.into and not mapped.at and mapped.each is None:
                return mapped.resource
    return None


@cache
def cases() -> dict[str, Case]:
    """One for each check with a remedy whose table a resource of Terraform tells."""
    examples = {written.id: written.examples for written in written_checks(CATALOG)}
    told: dict[str, Any] = read_plain(DATA, DATA.name)
    made = {}
    for check in shipped().values():
        of = table(check.table)
        resource = resource_of(of)
        if not check.remedy.mends or resource is None or not TerraformSource().tells(of):
            continue
        more = dict(told.get(check.id, {}))
        parts = more.pop("$part", {})
        written = examples[check.id]
        values = (
            {} if more.pop("$only", False) or written is None else dict(_values(of, resource, written.fails[0]))
        )
        made[check.id] = Case(check, resource, {**values, **more}, parts)
    return made


def _values(of: Table, resource: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a resource that has a row's columns, as far as these lead back to arguments."""
    values: dict[str, Any] = {}
    for name, value in row.items():
        column = of.column(name)
        if column is None or value is None or isinstance(value, dict):
            continue
        try:
            wanted = wanted_of(of, column, value, UNTOLD, resource)
            first = next((each for each in wanted if not each.into and each.value is not REMOVED), None)
        except NotEdited:
            continue
        if first is not None:
            substituted(resource, values, first.steps, first.value)
    return values


def write(folder: Path, several: Iterator[Case] | list[Case]) -> Path:
    """The plan of some cases, with its configuration beside it."""
    resources: dict[str, dict[str, Any]] = {}
    text = ""
    for case in several:
        resources[case.address] = {"values": case.values}
        text += _block(case.resource, case.name, {}, case.values)
        for part, values in case.parts.items():
            into = next(
                (mapped.into for mapped in all_mapped()[part] if mapped.into), "function_name"
            )  # of what is no part, but names a function
            reference = Reference(case.address, naming_attribute(case.resource, into))
            known = case.values.get(reference.attribute)
            address = f"{part}.{case.name}"
            refs = {} if known else {into: [reference.text, case.address]}
            resources[address] = {"values": {**values, **({into: known} if known else {})}, "refs": refs}
            text += _block(part, case.name, {into: Template((reference,))}, values)
    (folder / "main.tf").write_text(text)
    path = folder / "plan.json"
    path.write_text(json.dumps(plan(resources)))
    return path


def _block(resource: str, name: str, head: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    return "".join(f"{line}\n" for line in [*lines_of((resource, name), {}, {**head, **values}), ""])

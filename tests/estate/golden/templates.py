"""Rows of templates, made by the real reading of templates whose resources have all properties."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from demarcate.estate.schema.table import Table
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.cloudformation.collect import collect
from demarcate.estate.tables import all_tables
from tests.estate.golden.forms import properties_of
from tests.estate.golden.keeping import Kept
from tests.estate.golden.outline import Outline
from tests.estate.golden.said import said
from tests.estate.golden.values import SPARSE, VARIANTS, Values


def read_templates(outline: Outline, folder: Path) -> Kept:
    """The rows of all types that tables know; their resources are named by type and variant (`identity`)."""
    for type_ in types():
        file = folder / f"{identity(type_, '')}.json"
        file.write_text(json.dumps({"Resources": template(type_, outline)}, default=datetime.isoformat))
    kept = Kept()
    collect([folder], dict.fromkeys(all_tables()), cast(SnapshotWriter, kept))
    return kept


def types() -> list[str]:
    """The types of resources that tables have rows of."""
    tables = all_tables().values()
    derived = {derived.of for table in tables for derived in table.derived if "::" in derived.of}
    return sorted(derived | {type_ for table in tables for type_ in table.types})


def identity(type_: str, variant: object) -> str:
    """The logical id of the resource of a type in a variant."""
    return f"{type_.replace('::', '')}V{variant}"


def template(type_: str, outline: Outline) -> dict[str, Any]:
    """The resources of a template that has one type in all variants, with what completes its rows."""
    resources = {}
    for variant in range(VARIANTS + SPARSE):
        name = identity(type_, variant)
        resources[name] = {"Type": type_, "Properties": properties(type_, type_, outline, variant)}
        for table in _of(type_):
            for companion, what in table.companions.items():
                own = properties(what.type, f"{companion} {what.type}", outline, variant)
                *above, last = what.property.split(".")
                holder = own
                for step in above:
                    holder = holder.setdefault(step, {})
                holder[last] = [{"Ref": name}] if isinstance(holder.get(last), list) else {"Ref": name}
                resources[f"{name}{companion.replace('_', '')}"] = {"Type": what.type, "Properties": own}
    return resources


def properties(type_: str, where: str, outline: Outline, variant: int) -> dict[str, Any]:
    """All properties of a resource."""
    tables = _of(type_)
    named = {table.ref_property for table in tables}
    named |= {
        companion.property.replace(".", "/")
        for table in all_tables().values()
        for companion in table.companions.values()
        if companion.type == type_
    }
    kept = {f"{where}/{name}" for name in named}
    made: dict[str, Any] = Values(outline, variant, {}, {where}, kept).of(properties_of(type_), where)
    said(type_, made, variant)
    for table in tables:
        if table.ref_property in made:
            made[table.ref_property] += f"-{variant}"
    return made


def _of(type_: str) -> list[Table]:
    return [table for table in all_tables().values() if type_ in table.types]

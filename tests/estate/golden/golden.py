"""All golden rows, as they are today."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from demarcate.estate.schema.rows import Row
from demarcate.estate.sources.config.collect import plan as config_plan
from demarcate.estate.sources.config.recorded import all_recorded, types_of
from demarcate.estate.sources.plan import make_plan
from demarcate.estate.tables import all_tables, table
from tests.estate.golden.files import OUTLINE, Document, rows_of
from tests.estate.golden.live import read_live
from tests.estate.golden.outline import Outline
from tests.estate.golden.recorded import item, read_item
from tests.estate.golden.templates import identity, read_templates, types
from tests.estate.golden.values import SPARSE, VARIANTS

Documents = dict[str, Document]
"""The documents of one source, by table."""


def outline(*, anew: bool = False) -> Outline:
    """The outline as it was committed."""
    kept = json.loads(OUTLINE.read_text(encoding="utf-8")) if OUTLINE.exists() else {}
    return Outline(kept, anew=anew)


def _section(variants: list[list[Row]], *, own: bool) -> dict[str, Any]:
    """The rows of all variants. Of tables that are derived the sparse ones say nothing new."""
    section = {"rows": rows_of(variants[:VARIANTS])}
    return {**section, "sparse": rows_of(variants[VARIANTS:])} if own else section


def live(members: Outline) -> Documents:
    """Of live accounts."""
    documents: Documents = {}
    with ThreadPoolExecutor(1) as pool:
        for plan in make_plan(dict.fromkeys(all_tables()), "live"):
            if not plan.table.steps:
                continue
            variants = read_live(plan, members, pool)
            for name in sorted({name for made in variants for name in made.kept.rows}):
                own = name == plan.table.name
                section = _section([made.kept.rows.get(name, []) for made in variants], own=own)
                if own:
                    section["calls"] = sorted({call for made in variants for call in made.calls})
                origin = plan.table.steps[-1].operation if own else plan.table.name
                documents.setdefault(name, {})[origin] = section
    return documents


def templates(members: Outline) -> Documents:
    """Of CloudFormation templates."""
    with TemporaryDirectory() as folder:
        kept = read_templates(members, Path(folder))
    assert not kept.problems, kept.problems
    every = range(VARIANTS + SPARSE)
    origins = {identity(type_, variant): (type_, variant) for type_ in types() for variant in every}
    documents: Documents = {}
    for name, rows in kept.rows.items():
        by_type: dict[str, list[list[Row]]] = {}
        for row in rows:
            if row["resource"] in origins:  # and not a companion
                type_, variant = origins[row.pop("resource")]
                row.pop("region")
                by_type.setdefault(type_, [[] for _ in every])[variant].append(row)
        documents[name] = {
            type_: _section(variants, own=type_ in table(name).types) for type_, variants in by_type.items()
        }
    return documents


def recorded(members: Outline) -> Documents:
    """Of AWS Config."""
    documents: Documents = {}
    for plan in config_plan(dict.fromkeys(all_tables())):
        for type_ in types_of(plan.table):
            for use in all_recorded()[type_]:
                if use.table != plan.table.name:
                    continue
                items = [item(use, plan.table, members, variant) for variant in range(VARIANTS + SPARSE)]
                variants = [read_item(use, plan, made) for made in items]
                for name in sorted({name for kept in variants for name in kept.rows}):
                    section = _section([kept.rows.get(name, []) for kept in variants], own=name == use.table)
                    documents.setdefault(name, {})[type_] = section
    return documents


SOURCES: dict[str, Callable[[Outline], Documents]] = {"live": live, "template": templates, "config": recorded}

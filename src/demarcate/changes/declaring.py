"""Where the resources of a live change are declared: in templates, or in a plan or state of Terraform.

CloudFormation says in a tag what a template calls a resource. Terraform says it nowhere but in its state, which has
what AWS calls each resource; the configuration beside it says on which line that one is declared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.changes.structs import Change, Step
from demarcate.checks.structs import Check
from demarcate.estate.schema.table import Table
from demarcate.estate.snapshots.snapshot import rows_of
from demarcate.estate.sources.cdk.assembly import Assembly, folder_of
from demarcate.estate.sources.cdk.assembly import read as read_assembly
from demarcate.estate.sources.cdk.source import CdkSource, construct_of
from demarcate.estate.sources.cloudformation.templates import load as load_templates
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.registry import source_of
from demarcate.estate.sources.terraform.source import TerraformSource
from demarcate.estate.tables import table

LOGICAL: Final = "aws:cloudformation:logical-id"
"""The tag in which CloudFormation says what a template calls a resource.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
"""

Named = tuple[str, str]
"""A check, and what a file calls a resource of it: a logical id, or an address."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A change whose steps say where their resources are declared; `named` are the resources of which one place is
    known, each with the checks that its step mends.
    """

    change: Change
    named: frozenset[Named]


def with_places(change: Change, sources: Sequence[str], checks: Mapping[str, Check] = {}) -> Placed:
    """A change of which each step says where its resource is declared, if one place declares it.

    `checks` are those that it mends. Raises DemarcateError where the sources cannot be read.
    """
    groups = apart(sources)
    files = [*groups.templates, *map(str, assembly_of(groups.constructs).templates)]
    places: dict[str, set[tuple[str, str]]] = {}
    for resource in load_templates(list(map(Path, files))).resources if files else ():
        construct = construct_of(resource.metadata)
        more = f", the construct {construct}" if construct is not None else ""
        place = (f"{resource.file}:{resource.line}", f"{resource.logical_id}{more}")
        places.setdefault(resource.logical_id, set()).add(place)
    addresses = _Addresses(groups.terraform, {checks[name].table for name in change.checks if name in checks})
    steps, named = [], set[Named]()
    for step in change.steps:
        told = _by_tag(step, places) or addresses.of(step)
        if told is not None:
            name, where, called = told
            more = f", {step.declared}" if step.declared else ""
            step = msgspec.structs.replace(step, declared=f"{where} ({called}){more}")
            named |= {(check, name) for check in step.checks}
        steps.append(step)
    return Placed(msgspec.structs.replace(change, steps=tuple(steps)), frozenset(named))


@dataclass(frozen=True, slots=True)
class Apart:
    """Sources of what is declared: those of Terraform, assemblies of the CDK, and templates."""

    terraform: list[str]
    constructs: list[str]
    templates: list[str]


def apart(sources: Iterable[str]) -> Apart:
    """Sources of what is declared, each with its like."""
    groups = Apart([], [], [])
    for name in sources:
        source = source_of([name])
        is_terraform, is_cdk = isinstance(source, TerraformSource), isinstance(source, CdkSource)
        (groups.terraform if is_terraform else groups.constructs if is_cdk else groups.templates).append(name)
    return groups


def assembly_of(names: Iterable[str]) -> Assembly:
    """What assemblies of the CDK hold, as if they were one. Raises DemarcateError where one cannot be read."""
    whole = Assembly()
    for folder in (folder_of(Path(name)) for name in names):
        if folder is not None:
            assembly = read_assembly(folder)
            whole.templates += assembly.templates
            whole.problems += assembly.problems
    return whole


def constructs_of(files: Sequence[str]) -> dict[tuple[str, str], str]:
    """The constructs that resources of templates are of, by file and logical id."""
    told = load_templates(list(map(Path, files))).resources if files else ()
    named = ((resource.file, resource.logical_id, construct_of(resource.metadata)) for resource in told)
    return {(file, name): construct for file, name, construct in named if construct is not None}


def _by_tag(step: Step, places: Mapping[str, set[tuple[str, str]]]) -> tuple[str, str, str] | None:
    """The logical id of a step's resource, which its tag says, where templates declare it, if one place does, and what
    it is called there.
    """
    name = (step.tags or {}).get(LOGICAL, "")
    where = places.get(name, set())
    return (name, *next(iter(where))) if step.declared and len(where) == 1 else None


class _Addresses:
    """What plans and states of Terraform call resources of some tables, and where these are declared."""

    def __init__(self, sources: Sequence[str], tables: Iterable[str]) -> None:
        self._named: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self._arns: set[str] = set()
        several = {name: (name, *(of for of in table(name).owners if "::" not in of)) for name in tables}
        chosen = dict.fromkeys(name for names in several.values() for name in names if table(name).types)
        if not sources or not chosen:
            return
        with collect_snapshot(sources, Options(), selection=chosen) as snapshot:
            for name in chosen:
                for row in rows_of(
                    snapshot, name, ["resource", "file", "line", "_assigned", *_names(table(name))]
                ):
                    self._add(row, table(name))

    def _add(self, row: Mapping[str, Any], of: Table) -> None:
        assigned = from_json(row["_assigned"] or "{}")
        names = {row[name] for name in _names(of) if isinstance(row[name], str) and name not in assigned}
        line = f":{row['line']}" if row["line"] else ""
        for name in names:
            self._named[name].add((row["resource"], f"{row['file']}{line}"))
        self._arns |= {name for name in names if name.startswith("arn:")}

    def of(self, step: Step) -> tuple[str, str, str] | None:
        """The address of a step's resource, where it is declared, if one place declares it, and its address again.

        What has no ARN yet, or none at all, is known by its id: the end of the ARN of what is live.
        """
        places = self._named.get(step.resource, set())
        if not places and step.resource.startswith("arn:"):
            ends = {step.resource.rpartition(mark)[2] for mark in ":/"}
            places = {place for end in ends for place in self._named.get(end, ())}
            places -= {place for arn in self._arns for place in self._named[arn]}  # which are of others
        if len(places) != 1:
            return None
        address, where = next(iter(places))
        return address, where, address


def _names(of: Table) -> Iterator[str]:
    """The columns in which a row has what AWS calls its resource."""
    yield from dict.fromkeys(name for name in ("arn", *of.keys) if of.column(name) is not None)

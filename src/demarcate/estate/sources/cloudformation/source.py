"""CloudFormation templates as a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from demarcate.estate.schema.table import Column, From, Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.cloudformation.shapes import place_of
from demarcate.estate.sources.computing import finish
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection, tells
from demarcate.estate.sources.progress import Progress


class TemplateSource:
    """Templates, and folders of them."""

    name = "cloudformation"
    title = "a template or a folder of templates"
    label = "templates"
    asks = False
    identifies = False
    untold = "templates do not tell it"
    unset = "is not set"

    def recognises(self, name: str) -> bool:
        """Whatever is given: a path may be that of a template."""
        return True

    def uses(self, names: Sequence[str]) -> frozenset[str]:
        """Values for parameters, the moment to read them as of, and how many resources."""
        return frozenset(("parameters", "moment", "max_resources"))

    def tells(self, table: Table) -> bool:
        """Whether a type of resource is it."""
        return tells(self.name, table)

    def place(self, table: Table, column: Column) -> From | None:
        """Where a resource's properties have a column."""
        return place_of(table, column)

    def why_absent(self, table: Table) -> Unknown:
        """No type of resource is it, or nobody asked for it."""
        if self.tells(table):
            return Unknown(Kind.NOT_COLLECTED, f"{table.name} was not collected")
        return Unknown(Kind.UNTOLD, f"templates cannot tell {table.name}")

    def collect(
        self,
        names: Sequence[str],
        selection: Selection,
        options: Options,
        *,
        out: Path | None = None,
        progress: Progress | None = None,
    ) -> Snapshot:
        """Read templates, which are one estate. Raises DemarcateError where a path has none."""
        with SnapshotWriter(self.name, " ".join(names), out=out, moment=options.moment) as writer:
            self.read_into(names, selection, options, writer)
            return finish(writer, selection, self)

    def read_into(
        self, names: Sequence[str], selection: Selection, options: Options, writer: SnapshotWriter
    ) -> None:
        """Write the rows of templates, beside what others write. Raises DemarcateError where a path has none."""
        _read(names, {}, selection, options, writer)


def read_as(
    names: Sequence[str],
    texts: Mapping[str, str],
    selection: Selection,
    options: Options,
    *,
    out: Path | None = None,
) -> Snapshot:
    """Read templates as if these texts stood in the files that have these real paths.

    Raises DemarcateError where a path has no template.
    """
    with SnapshotWriter(TemplateSource.name, " ".join(names), out=out, moment=options.moment) as writer:
        _read(names, texts, selection, options, writer)
        return finish(writer, selection, TemplateSource())


def _read(
    names: Sequence[str], texts: Mapping[str, str], selection: Selection, options: Options, writer: SnapshotWriter
) -> None:
    from demarcate.estate.sources.cloudformation.collect import collect

    collect(
        [Path(name) for name in names],
        selection,
        writer,
        parameters=options.parameters,
        max_resources=options.max_resources,
        texts=texts,
    )

"""Templates, assemblies of the CDK, plans and states, read together: one estate, which findings tell apart by file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from demarcate.estate.schema.table import Column, From, Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.computing import finish
from demarcate.estate.sources.interface import Options, Source
from demarcate.estate.sources.plan import Selection
from demarcate.estate.sources.progress import Progress


class Declaring(Source, Protocol):
    """A source that can be read beside others."""

    def read_into(
        self, names: Sequence[str], selection: Selection, options: Options, writer: SnapshotWriter
    ) -> None:
        """Write rows beside what others write. Raises DemarcateError where nothing can be read at all."""


class TogetherSource:
    """Several sources of what is declared, asked in their order whose a name is."""

    name = "declared"
    title = "templates and plans together"
    label = "templates and plans"
    asks = False
    identifies = False
    untold = "neither templates nor plans tell it"
    unset = "is not set"

    def __init__(self, sources: Sequence[Declaring]) -> None:
        self._sources = sources

    def recognises(self, name: str) -> bool:
        """No name alone: it is several that are read together."""
        return False

    def uses(self, names: Sequence[str]) -> frozenset[str]:
        """What any of the sources can use."""
        several = self._by_source(names)
        return frozenset(option for source, own in several.items() for option in source.uses(own))

    def tells(self, table: Table) -> bool:
        """Whether any of the sources fills it."""
        return any(source.tells(table) for source in self._sources)

    def place(self, table: Table, column: Column) -> From | None:
        """Where the first of the sources that tells a column has it."""
        places = (source.place(table, column) for source in self._sources)
        return next((place for place in places if place is not None), None)

    def why_absent(self, table: Table) -> Unknown:
        """None of the sources is it, or nobody asked for it."""
        if self.tells(table):
            return Unknown(Kind.NOT_COLLECTED, f"{table.name} was not collected")
        return Unknown(Kind.UNTOLD, f"neither templates nor plans can tell {table.name}")

    def collect(
        self,
        names: Sequence[str],
        selection: Selection,
        options: Options,
        *,
        out: Path | None = None,
        progress: Progress | None = None,
    ) -> Snapshot:
        """Read all that is named. Raises DemarcateError where one of the sources cannot be read at all."""
        with SnapshotWriter(self.name, " ".join(names), out=out, moment=options.moment) as writer:
            for source, own in self._by_source(names).items():
                source.read_into(own, selection, options, writer)
            return finish(writer, selection, self)

    def _by_source(self, names: Sequence[str]) -> Mapping[Declaring, list[str]]:
        several: dict[Declaring, list[str]] = {}
        for name in names:
            source = next(source for source in self._sources if source.recognises(name))
            several.setdefault(source, []).append(name)
        return several

"""Plans and states of Terraform as a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from demarcate.estate.schema.rows import detail_of
from demarcate.estate.schema.table import Column, From, Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.computing import finish
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection
from demarcate.estate.sources.progress import Progress
from demarcate.estate.sources.terraform.files import recognises
from demarcate.estate.tables import table as table_named

if TYPE_CHECKING:
    from demarcate.estate.sources.terraform.edits import Added, Edit


class TerraformSource:
    """Plans and states, and folders of them."""

    name = "terraform"
    title = "a plan or state of Terraform"
    label = "terraform"
    asks = False
    identifies = True
    untold = "plans and states of Terraform do not tell it"
    unset = "is not set"

    def recognises(self, name: str) -> bool:
        """Whether it begins as a plan or state does, or is a folder that has one."""
        return recognises(Path(name))

    def uses(self, names: Sequence[str]) -> frozenset[str]:
        """The moment to read them as of, and how many resources."""
        return frozenset(("moment", "max_resources"))

    def tells(self, table: Table) -> bool:
        """Whether a resource of a provider is it. A derived table counts where any of its parents does, a computed
        one where all that it needs do.
        """
        from demarcate.estate.sources.terraform.telling import told_types

        types = told_types()
        if types.intersection(table.types) or any(within.type in types for within in table.within):
            return True
        if table.computed is not None:
            return all(self.tells(table_named(name)) for name in table.computed.needs)
        return any(
            derived.of in types if "::" in derived.of else self.tells(table_named(derived.of))
            for derived in table.derived
        )

    def place(self, table: Table, column: Column) -> From | None:
        """Where the properties have a column that a resource's attributes make; None where no provider has any."""
        from demarcate.estate.sources.terraform.telling import in_words, is_told, place_of

        place = place_of(table, column)
        if place is None or not self.tells(table):
            return None
        return in_words(table, place) if is_told(table, place, detail_of(place.path)) else None

    def why_absent(self, table: Table) -> Unknown:
        """No resource of a provider is it, or nobody asked for it."""
        if self.tells(table):
            return Unknown(Kind.NOT_COLLECTED, f"{table.name} was not collected")
        return Unknown(Kind.UNTOLD, f"plans and states of Terraform cannot tell {table.name}")

    def collect(
        self,
        names: Sequence[str],
        selection: Selection,
        options: Options,
        *,
        out: Path | None = None,
        progress: Progress | None = None,
    ) -> Snapshot:
        """Read plans and states, which are one estate. Raises DemarcateError where a path has none, or it is broken."""
        with SnapshotWriter(self.name, " ".join(names), out=out, moment=options.moment) as writer:
            self.read_into(names, selection, options, writer)
            return finish(writer, selection, self)

    def read_into(
        self, names: Sequence[str], selection: Selection, options: Options, writer: SnapshotWriter
    ) -> None:
        """Write the rows of plans and states, beside what others write. Raises DemarcateError as `collect` does."""
        from demarcate.estate.sources.terraform.collect import collect

        told = {name: columns for name, columns in selection.items() if self.tells(table_named(name))}
        collect([Path(name) for name in names], told, writer, max_resources=options.max_resources)


def read_as(
    names: Sequence[str], edits: Sequence[Edit | Added], selection: Selection, options: Options
) -> Snapshot:
    """Read plans and states as they are with edits of their configuration. Raises DemarcateError as `collect` does."""
    from demarcate.estate.sources.terraform.collect import collect

    source = TerraformSource()
    told = {name: columns for name, columns in selection.items() if source.tells(table_named(name))}
    with SnapshotWriter(source.name, " ".join(names), moment=options.moment) as writer:
        collect([Path(name) for name in names], told, writer, max_resources=options.max_resources, edits=edits)
        return finish(writer, selection, source)

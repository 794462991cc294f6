"""What AWS Config recorded as a source: paths, s3://BUCKET/PREFIX, config:AGGREGATOR."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from demarcate.base.errors import DemarcateError
from demarcate.base.limits import FREE_RESOURCES
from demarcate.estate.schema.table import Column, From, Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.computing import finish
from demarcate.estate.sources.config.files import AGGREGATOR, BUCKET, recognises
from demarcate.estate.sources.config.recorded import all_recorded, place_of, types_of
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection
from demarcate.estate.sources.progress import Progress
from demarcate.estate.tables import table as table_named

if TYPE_CHECKING:
    from demarcate.estate.sources.config.opening import Opened


class ConfigSource:
    """What AWS Config recorded and delivered, or shows in an aggregator."""

    name = "config"
    title = "what AWS Config recorded"
    label = "config"
    asks = False
    identifies = False
    untold = "AWS Config does not record it"
    unset = "AWS Config's item does not have it"

    def recognises(self, name: str) -> bool:
        """Whether it is named as Config's, or what is there is."""
        return _is_remote(name) or recognises(Path(name))

    def uses(self, names: Sequence[str]) -> frozenset[str]:
        """The regions to read, how many resources, and of what AWS is asked for, as whom."""
        remote = ("session", "profile", "endpoint_url") if any(map(_is_remote, names)) else ()
        return frozenset(("regions", "max_resources", *remote))

    def tells(self, table: Table) -> bool:
        """Whether Config records what fills it. A derived table counts where any of its parents does, a computed one
        where all that it needs do.
        """
        if table.computed is not None:
            return all(self.tells(table_named(name)) for name in table.computed.needs)
        parents = [table_named(derived.of) for derived in table.derived if "::" not in derived.of]
        return any(map(types_of, (table, *parents)))

    def place(self, table: Table, column: Column) -> From | None:
        """Where an item has a column: that of the first of its types that has it."""
        recorded = [
            kind for type_ in types_of(table) for kind in all_recorded()[type_] if kind.table == table.name
        ]
        places = (place_of(kind, column) for kind in recorded)
        return next((place for place in places if place is not None), None)

    def why_absent(self, table: Table) -> Unknown:
        """Config records no type that fills it, or had no item of one."""
        if self.tells(table):
            return Unknown(Kind.NOT_COLLECTED, f"AWS Config has no item of {table.name}")
        return Unknown(Kind.UNTOLD, f"AWS Config cannot tell {table.name}")

    def collect(
        self,
        names: Sequence[str],
        selection: Selection,
        options: Options,
        *,
        out: Path | None = None,
        progress: Progress | None = None,
    ) -> Snapshot:
        """Read what Config recorded, which has its own moment. Raises DemarcateError where nothing can be read."""
        from demarcate.estate.sources.config.collect import collect, plan, types_for

        plans = plan({name: columns for name, columns in selection.items() if self.tells(table_named(name))})
        with (
            _opened(names, types_for(plans), options) as opened,
            SnapshotWriter(self.name, " ".join(names), out=out, moment=opened.moment) as writer,
        ):
            collect(opened, plans, writer, regions=options.regions)
            return finish(writer, selection, self)


def _is_remote(name: str) -> bool:
    """Whether it takes AWS credentials to read it."""
    return name.startswith((BUCKET, AGGREGATOR))


@contextmanager
def _opened(names: Sequence[str], types: Iterable[str], options: Options) -> Iterator[Opened]:
    """All that is needed of some types. Raises DemarcateError where nothing can be read at all."""
    from demarcate.estate.sources.config.budget import Budget
    from demarcate.estate.sources.config.opening import open_files

    budget = Budget(FREE_RESOURCES if options.max_resources is None else options.max_resources)
    if not any(map(_is_remote, names)):
        with open_files([Path(name) for name in names], budget) as opened:
            yield opened
        return
    if len(names) > 1:
        raise DemarcateError(f"{next(filter(_is_remote, names))}: name it alone")
    from demarcate.estate.sources.aws.session import session_of

    session = session_of(options)
    if names[0].startswith(BUCKET):
        from demarcate.estate.sources.config.buckets import open_bucket

        with open_bucket(names[0], session, options.endpoint_url, budget) as opened:
            yield opened
    else:
        from demarcate.estate.sources.config.aggregators import open_aggregator

        with open_aggregator(names[0], types, session, options.endpoint_url) as opened:
            yield opened

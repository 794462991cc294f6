"""What verbs about keys and who may do what read of a source, and what they say of what could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from demarcate.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.estate.sources.interface import Options
    from demarcate.estate.sources.plan import Selection


def collected(sources: list[str] | None, selection: Selection, how: Options) -> Snapshot:
    """What is read: the live account where nothing is named. Raises DemarcateError as `collect_snapshot` does."""
    from demarcate.estate.sources.collecting import collect_snapshot

    where = options.or_live(sources)
    options.check_not_kept(where)
    return collect_snapshot(where, how, selection=selection)


def say_missing(snapshot: Snapshot, selection: Mapping[str, object]) -> None:
    """Tell what of the tables that were asked for could not be read, and end with 3 where there is any."""
    unread = [
        gap
        for gap in snapshot.unread
        if not (gap.table or gap.tables) or not selection.keys().isdisjoint({gap.table, *gap.tables})
    ]
    if unread:
        options.say_unread(unread)
        raise typer.Exit(options.UNREAD)

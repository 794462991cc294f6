"""From sources to an answer: what is read for the status of patching, and for whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.sources.collecting import asks, collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection, together
from demarcate.estate.sources.progress import Progress
from demarcate.lines import needed
from demarcate.model import Model
from demarcate.patching.days import put_together
from demarcate.patching.history import NO_LEVELS, Levels, history_folder, history_of, record, with_levels
from demarcate.patching.kinds import Kind, checks_of, load_kinds
from demarcate.patching.nodes import COLUMNS as PATCH_COLUMNS
from demarcate.patching.nodes import patches_of
from demarcate.patching.scans import COLUMNS, Scans, scans_of
from demarcate.patching.status import patch_status, selection
from demarcate.patching.structs import PatchState, PatchStatus
from demarcate.patching.whose import Whose, whose
from demarcate.posture.line import draw


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which resources are meant: all where nothing is said. `tags` are keys, each with a value or None for any."""

    kinds: tuple[Kind, ...]
    only: frozenset[PatchState] = frozenset()
    tags: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def of(cls, kinds: Iterable[str] = (), states: Iterable[str] = (), tags: Iterable[str] = ()) -> Filter:
        """By names as people write them. Raises DemarcateError for a kind, state or tag that is none."""
        pairs = []
        for tag in tags:
            key, equals, value = tag.partition("=")
            if not key:
                raise DemarcateError(f"--tag takes KEY or KEY=VALUE, not {tag!r}")
            pairs.append((key, value if equals else None))
        only = frozenset(state for name in states for state in _state(name))
        return cls(kinds=tuple(load_kinds(list(kinds))), only=only, tags=tuple(pairs))

    @staticmethod
    def states(fail_on: str | None) -> frozenset[PatchState]:
        """The states that are at least as bad as one that is named. Raises DemarcateError for what is none."""
        if fail_on is None:
            return frozenset()
        (state,) = _state(fail_on)
        if state is PatchState.CURRENT:
            raise DemarcateError("--fail-on takes behind, overdue or unknown, not 'current'")
        return frozenset({state, PatchState.OVERDUE} if state is PatchState.BEHIND else {state})

    def holds(self, status: PatchStatus) -> bool:
        """Whether a resource is meant."""
        return (not self.only or status.state in self.only) and all(
            key in status.tags and value in (None, status.tags[key]) for key, value in self.tags
        )


def _state(name: str) -> tuple[PatchState, ...]:
    if name not in {state.value for state in PatchState}:
        raise DemarcateError(f"there is no state {name!r} (there are: {', '.join(PatchState)})")
    return (PatchState(name),)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The status of what was asked for, and what could not be read."""

    statuses: tuple[PatchStatus, ...]
    unread: tuple[Unread, ...]
    recorded: Path | None = None
    """The file that it was recorded in."""
    notes: tuple[str, ...] = ()
    """What of the history could not be read."""


def status_of(
    model: Model,
    sources: Sequence[str],
    options: Options = Options(),
    chosen: Filter | None = None,
    *,
    levels: Levels = NO_LEVELS,
    into: Path | None = None,
    progress: Progress | None = None,
) -> Answer:
    """The status of patching of what sources hold. Of live AWS only the tables that tell of it are read.

    It is recorded `into` a folder of history, where one is named: whole, whatever is chosen of it, and with each patch
    that nodes lack. With `levels`, what the history there says to be missing for too long is overdue.

    Raises DemarcateError as `collect_snapshot` and `record` do.
    """
    chosen = Filter.of() if chosen is None else chosen
    wanted = selection(model, chosen.kinds, live=asks(sources), tags=bool(chosen.tags))
    if into is not None:
        wanted = together(wanted, {table: frozenset(columns) for table, columns in PATCH_COLUMNS.items()})
    notes: tuple[str, ...] = ()
    recorded: Path | None = None
    with collect_snapshot(sources, options, selection=wanted, progress=progress) as snapshot:
        statuses = list(patch_status(model, snapshot, chosen.kinds))
        if into is not None:
            recorded = record(statuses, snapshot.moment, into, patches_of(snapshot))
            notes = tuple(put_together(into, recorded))
        if levels:
            history = history_of(into or history_folder(), levels)
            statuses, notes = with_levels(statuses, history.exposures), history.broken  # which tells of the same
        held = tuple(filter(chosen.holds, statuses))
        return Answer(statuses=held, unread=snapshot.unread, recorded=recorded, notes=notes)


def scans_in(sources: Sequence[str], options: Options = Options()) -> tuple[list[Scans], tuple[Unread, ...]]:
    """Who scans each node that sources have, and what could not be read. Raises DemarcateError."""
    wanted = {table: frozenset(columns) for table, columns in COLUMNS.items()}
    with collect_snapshot(sources, options, selection=wanted) as snapshot:
        return scans_of(snapshot), snapshot.unread


def who_patches(
    model: Model, resource: str, sources: Sequence[str], options: Options = Options()
) -> tuple[list[Whose], list[PatchStatus]]:
    """Who patches the resource of that ARN, logical id or name, and its status where it is of a kind that has one.

    Of live AWS only the tables of the ARN's service and those that tell of its status are read, in the ARN's region.
    Raises DemarcateError as `lines.line_of` does.
    """
    wanted: Selection | None = None
    live = asks(sources)
    kinds = load_kinds()
    if live:
        of_line, region = needed(model, resource)
        kinds = [kind for kind in kinds if kind.table in of_line]
        wanted = together(of_line, selection(model, kinds, live=True))
        if region and not options.regions:
            options = replace(options, regions=(region,))
    with collect_snapshot(sources, options, selection=wanted) as snapshot:
        lines = draw(model, snapshot, resource, live=live)
        places = {(line.table, line.resource) for line in lines}
        of_lines = [kind for kind in kinds if any(kind.table == table for table, _ in places)]
        statuses = [
            status
            for status in patch_status(model, snapshot, of_lines)
            if (status.table, status.resource) in places
        ]
        also: dict[str, list[str]] = {}
        for name, check in checks_of(of_lines).items():
            if "#" not in name:
                also.setdefault(check.responsibility, []).append(name)
        return whose(lines, also), statuses

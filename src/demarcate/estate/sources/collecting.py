"""One way in for all sources: what was named becomes a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from demarcate.base.errors import DemarcateError
from demarcate.base.logs import phase
from demarcate.estate.snapshots.manifest import is_snapshot
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.interface import Options, Source
from demarcate.estate.sources.plan import Selection
from demarcate.estate.sources.progress import Progress
from demarcate.estate.sources.registry import SOURCES, check_options, check_there, source_of, take_piped
from demarcate.estate.tables import all_tables


@phase("collected")
def collect_snapshot(
    sources: Sequence[str | Path],
    options: Options = Options(),
    *,
    selection: Selection | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Snapshot:
    """Collect sources into a snapshot: "aws", a snapshot's folder, templates, or what AWS Config recorded.

    Several paths are one estate. `selection` says which tables and columns are read; all by default. `out` is the
    folder for the snapshot; without one it lives as long as the object does. `progress` is told how it goes.

    Raises DemarcateError where the source cannot be read at all, where an option is not for it, and where `out` is
    not to be written.
    """
    source = check_sources(sources, options)
    names = [str(name) for name in sources]
    if source is None:
        return _opened(names[0], out)
    return source.collect(names, selection or everything(), options, out=out, progress=progress)


def check_sources(sources: Sequence[str | Path], options: Options) -> Source | None:
    """The source that some names are of, before anything of it is read; None where they name a snapshot.

    Raises DemarcateError where they cannot be read as one, are not there, or an option is not for them.
    """
    if not sources:
        raise DemarcateError(
            "name what to read: aws, a template, a folder of templates, a snapshot, or what AWS Config recorded"
        )
    names = [str(source) for source in sources]
    take_piped(names)
    snapshot = next((name for name in names if is_snapshot(Path(name))), None)
    if snapshot is not None:
        if len(names) > 1:
            raise DemarcateError(f"{snapshot} is a snapshot: name it alone")
        check_options(snapshot, "a snapshot", frozenset(), options)
        return None
    source = source_of(names)
    check_options(names[0], source.title, source.uses(names), options)
    check_there(names, source)
    return source


def asks(sources: Sequence[str | Path]) -> bool:
    """Whether reading these takes calls to AWS for each table, so that only what is needed is read.

    No file is opened to tell it.
    """
    return any(source.asks and source.recognises(str(name)) for source in SOURCES for name in sources)


def _opened(name: str, out: Path | None) -> Snapshot:
    """The snapshot of a folder."""
    if out is not None:
        raise DemarcateError(f"{name} is a snapshot already: copy its folder to keep it elsewhere")
    return Snapshot.open(Path(name))


def everything(tables: Iterable[str] | None = None) -> dict[str, frozenset[str] | None]:
    """All columns of all tables, or of those named."""
    return dict.fromkeys(all_tables() if tables is None else tables)

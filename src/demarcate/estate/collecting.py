"""One way in for all sources: a path or "aws" becomes a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demarcate.base.errors import DemarcateError
from demarcate.estate.plan import Selection
from demarcate.estate.snapshot import Snapshot, SnapshotWriter, is_snapshot
from demarcate.estate.sources.config.source import is_config, open_source
from demarcate.estate.tables import all_tables

if TYPE_CHECKING:
    import boto3

LIVE = "aws"
"""The source that is the live account of the credentials at hand."""


def collect_snapshot(
    sources: Sequence[str | Path],
    *,
    session: boto3.Session | None = None,
    regions: Sequence[str] | None = None,
    endpoint_url: str | None = None,
    selection: Selection | None = None,
    parameters: Mapping[str, Any] | None = None,
    out: Path | None = None,
    moment: datetime | None = None,
) -> Snapshot:
    """Collect sources into a snapshot: "aws", a snapshot's folder, templates, or what AWS Config delivered.

    Paths of templates may be several: they are one estate; so are those of deliveries of Config, which are also
    read from s3://BUCKET/PREFIX and config:AGGREGATOR. `selection` says which tables and columns; all by
    default. Raises DemarcateError where the source cannot be read at all.
    """
    if not sources:
        raise DemarcateError(
            "name what to read: aws, a template, a folder of templates, a snapshot, or what AWS Config delivered"
        )
    names = [str(source) for source in sources]
    if moment is not None and (LIVE in names or any(is_snapshot(Path(name)) for name in names)):
        raise DemarcateError(
            "only templates can be read as of another moment: live AWS and snapshots have their own"
        )
    if LIVE in names and len(names) > 1:
        raise DemarcateError("aws and templates are two estates: collect them one by one")
    if names == [LIVE]:
        return _live(selection, session, regions, endpoint_url, out, moment)
    paths = [Path(source) for source in sources]
    snapshots = [path for path in paths if is_snapshot(path)]
    if snapshots:
        if len(paths) > 1:
            raise DemarcateError(f"{snapshots[0]} is a snapshot: name it alone")
        if out is not None:
            raise DemarcateError(f"{snapshots[0]} is a snapshot already: copy its folder to keep it elsewhere")
        return Snapshot.open(paths[0])
    if config_sources := [name for name in names if is_config(name)]:
        if moment is not None:
            raise DemarcateError(f"{config_sources[0]}: what AWS Config recorded has its own moment")
        if len(config_sources) < len(names):
            raise DemarcateError(f"{config_sources[0]} is of AWS Config, and another estate: name it alone")
        return _config(names, selection, session, regions, endpoint_url, out)
    from demarcate.estate.sources.cloudformation.collect import collect

    with SnapshotWriter("cloudformation", " ".join(names), out=out, moment=moment) as writer:
        collect(paths, selection or everything(), writer, parameters=parameters)
        return writer.finish()


def _live(
    selection: Selection | None,
    session: boto3.Session | None,
    regions: Sequence[str] | None,
    endpoint_url: str | None,
    out: Path | None,
    moment: datetime | None,
) -> Snapshot:
    from demarcate.estate.sources.aws.collect import collect

    with SnapshotWriter("live", LIVE, out=out, moment=moment) as writer:
        collect(selection or everything(), writer, session=session, regions=regions, endpoint_url=endpoint_url)
        return writer.finish()


def _config(
    names: Sequence[str],
    selection: Selection | None,
    session: boto3.Session | None,
    regions: Sequence[str] | None,
    endpoint_url: str | None,
    out: Path | None,
) -> Snapshot:
    from demarcate.estate.sources.config.collect import collect, plan, types_for

    plans = plan(selection or everything())
    with (
        open_source(names, types_for(plans), session=session, endpoint_url=endpoint_url) as opened,
        SnapshotWriter("config", " ".join(names), out=out, moment=opened.moment) as writer,
    ):
        collect(opened, plans, writer, regions=regions)
        return writer.finish()


def everything(tables: Iterable[str] | None = None) -> dict[str, frozenset[str] | None]:
    """All columns of all tables, or of those named."""
    return dict.fromkeys(all_tables() if tables is None else tables)

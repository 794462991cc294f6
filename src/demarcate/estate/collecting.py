"""One way in for all sources: a path or "aws" becomes a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demarcate.base.errors import DemarcateError
from demarcate.estate.accounts import Accounts
from demarcate.estate.plan import Selection, make_plan
from demarcate.estate.progress import Progress
from demarcate.estate.snapshot import Snapshot, is_snapshot
from demarcate.estate.sources.config.source import is_config, open_source
from demarcate.estate.tables import all_tables
from demarcate.estate.writing import SnapshotWriter

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
    accounts: Accounts | None = None,
    selection: Selection | None = None,
    parameters: Mapping[str, Any] | None = None,
    out: Path | None = None,
    resume: bool = False,
    moment: datetime | None = None,
    progress: Progress | None = None,
) -> Snapshot:
    """Collect sources into a snapshot: "aws", a snapshot's folder, templates, or what AWS Config delivered.

    Paths of templates may be several: they are one estate; so are those of deliveries of Config, which are also
    read from s3://BUCKET/PREFIX and config:AGGREGATOR. `accounts` says which live accounts are read; by default
    that of the credentials. `selection` says which tables and columns; all by default. With `resume`, a live
    collection into `out` that was stopped goes on from there. `progress` is told how a live one goes.

    Raises DemarcateError where the source cannot be read at all, and where `out` is not to be written.
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
        raise DemarcateError("live AWS and other sources are two estates: collect them one by one")
    if names == [LIVE]:
        return _live(selection, session, regions, endpoint_url, accounts, out, resume, progress)
    if resume:
        raise DemarcateError(f"{names[0]}: only live AWS is gone on with; leave --resume out")
    if accounts is not None:
        raise DemarcateError(f"{names[0]}: accounts can be chosen of live AWS only")
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
    accounts: Accounts | None,
    out: Path | None,
    resume: bool,
    progress: Progress | None,
) -> Snapshot:
    from demarcate.estate.sources.aws.collect import collect

    if resume and out is None:
        raise DemarcateError("only a snapshot that has a folder (--out) can be gone on with")
    chosen = selection or everything()
    asked = _asked(chosen, regions, endpoint_url, accounts)
    with SnapshotWriter("live", LIVE, out=out, asked=asked, resume=resume) as writer:
        collect(
            chosen,
            writer,
            session=session,
            regions=regions,
            endpoint_url=endpoint_url,
            accounts=accounts,
            progress=progress,
        )
        return writer.finish()


def _asked(
    selection: Selection, regions: Sequence[str] | None, endpoint_url: str | None, accounts: Accounts | None
) -> dict[str, str]:
    """What was asked for, in the words of those who would ask for it again."""
    columns = sorted(
        (plan.table.name, plan.kept, [child.name for child, _ in plan.children], sorted(plan.names))
        for plan in make_plan(selection, "live")
    )
    meant = accounts or Accounts()
    return {
        "tables": ", ".join(sorted(selection)),
        "columns": sha256(repr(columns).encode()).hexdigest(),
        "regions": ", ".join(dict.fromkeys(regions or ())),
        "accounts": ", ".join(["the organization"] * meant.organization + sorted(meant.only)),
        "endpoint": endpoint_url or "",
    }


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

"""feeds list, feeds update: what says which vulnerabilities matter, and how old it is."""

from __future__ import annotations

from typing import Annotated

import typer

from demarcate.cli.options import Format
from demarcate.report.out import data, say

STALE = 1
"""The exit code where a feed that is kept is older than it is believed."""


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Feeds that say which vulnerabilities are exploited.", no_args_is_help=True)
    group.command("list")(list_feeds)
    group.command("update")(update)
    app.add_typer(group, name="feeds")


def list_feeds(
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """List the feeds, their days and ages; exit with 1 where one is too old to be believed."""
    from demarcate.patching.feeds import FEEDS, kept, now
    from demarcate.report import rows

    moment = now()
    have = {name: kept(name) for name in FEEDS}
    columns = ["feed", "of", "age in days", "believed until", "rows", "source", "about"]
    told = [
        [name, None, None, None, 0, None, feed.about]
        if (of := have[name]) is None
        else [
            name,
            of.as_of.date().isoformat(),
            of.age(moment),
            of.until.date().isoformat(),
            len(of.rows),
            of.source,
            feed.about,
        ]
        for name, feed in FEEDS.items()
    ]
    rows.write(columns, told, str(format), data())
    if any(of is not None and of.until < moment for of in have.values()):
        raise typer.Exit(STALE)


def update(
    feed: Annotated[
        str | None, typer.Argument(metavar="FEED", help="kev, epss or updateinfo. Default: kev and epss.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Argument(metavar="FILE|URL", help="A file, or an https address of who publishes it."),
    ] = None,
) -> None:
    """Take feeds from who publishes them, or from a file, and keep them in your folder."""
    from demarcate.patching.feeds import FEEDS
    from demarcate.patching.feeds import now as this_moment
    from demarcate.patching.feeds import update as take

    names = [feed] if feed is not None else [name for name, of in FEEDS.items() if of.address]
    for name in names:
        kept = take(name, source, this_moment())
        say(f"{name}: {len(kept.rows):,} rows of {kept.as_of.date()}, from {kept.source}")

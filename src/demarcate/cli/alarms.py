"""alarms: whether each event that must raise an alarm reaches somebody."""

from __future__ import annotations

from typing import Annotated

import typer

from demarcate.cli import options
from demarcate.cli.helping import Listing
from demarcate.cli.options import Format
from demarcate.report.out import data

Given = Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)]
Named = Annotated[
    list[str] | None, typer.Option("--alarm", metavar="NAME", help="This alarm alone: root-use. Repeatable.")
]
Written = Annotated[Format, typer.Option("--format", help="Output for people, or for programs.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Alarms: whether what must be told reaches somebody.", no_args_is_help=True)
    group.command()(prove)
    app.add_typer(group, name="alarms", cls=Listing)


def prove(
    sources: Given = None,
    alarm: Named = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """Prove that alarms reach somebody: trail, log group, filter or rule, alarm, topic, subscriber.

    Every event of every alarm is followed by the surest way there is, through CloudWatch or EventBridge. A link that
    could not be read is unknown. Exit codes: 0 all are proven, or not known to be broken; 1 one is broken; 2 bad
    input; 3 something could not be read.
    """
    from demarcate.estate.sources.collecting import collect_snapshot
    from demarcate.logs.alarms.estate import selection
    from demarcate.logs.alarms.links import Verdict
    from demarcate.logs.alarms.proving import check_names
    from demarcate.logs.alarms.proving import prove as proofs_of
    from demarcate.report import alarms as report

    names = check_names(alarm or ())
    how = options.options_of(profile, region, endpoint_url, parameters)
    where = sources or ["aws"]
    options.check_not_kept(where)
    with collect_snapshot(where, how, selection=selection()) as snapshot:
        proofs = list(proofs_of(snapshot, names))
        report.write(proofs, format.value, data(), options.console())
        if snapshot.unread:
            options.say_unread(snapshot.unread)
        if any(proof.verdict is Verdict.BROKEN for proof in proofs):
            raise typer.Exit(1)
        if snapshot.unread:
            raise typer.Exit(options.UNREAD)

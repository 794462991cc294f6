"""alarms: whether each event that must raise an alarm reaches somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.helping import Listing
from demarcate.cli.options import Format
from demarcate.cli.planning import in_one_region, record_if_any
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from demarcate.estate.sources.interface import Options
    from demarcate.logs.alarms.second_opinion import SecondOpinion

Given = Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)]
Named = Annotated[
    list[str] | None, typer.Option("--alarm", metavar="NAME", help="This alarm alone: root-use. Repeatable.")
]
Written = Annotated[Format, typer.Option("--format", help="Output for people, or for programs.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Alarms: whether what must be told reaches somebody.", no_args_is_help=True)
    for verb in (prove, create, drill):
        group.command()(verb)
    app.add_typer(group, name="alarms", cls=Listing)


def prove(
    sources: Given = None,
    alarm: Named = None,
    ask_aws: Annotated[
        bool, typer.Option("--ask-aws", help="Have AWS test each metric filter too (logs:TestMetricFilter).")
    ] = False,
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
    from demarcate.cli.collecting import collected
    from demarcate.logs.alarms.estate import selection
    from demarcate.logs.alarms.links import Verdict
    from demarcate.logs.alarms.proving import check_names
    from demarcate.logs.alarms.proving import prove as proofs_of
    from demarcate.report import alarms as report

    names = check_names(alarm or ())
    how = options.options_of(profile, region, endpoint_url, parameters)
    opinion = _second_opinion(how, names) if ask_aws else None
    with collected(sources, selection(), how) as snapshot:
        proofs = list(proofs_of(snapshot, names, opinion.of if opinion is not None else None))
        report.write(proofs, format.value, data(), options.console())
        unasked = opinion.unasked if opinion is not None else []
        for line in unasked:
            say(f"AWS was not heard: {line}")
        if snapshot.unread:
            options.say_unread(snapshot.unread)
        if any(proof.verdict is Verdict.BROKEN for proof in proofs):
            raise typer.Exit(1)
        if snapshot.unread or unasked:
            raise typer.Exit(options.UNREAD)


def _second_opinion(how: Options, alarms: Sequence[str]) -> SecondOpinion:
    from demarcate.changes.reach import Reach
    from demarcate.logs.alarms.second_opinion import READS, SecondOpinion

    return SecondOpinion(Reach(how, reads=READS), alarms)


def create(
    alarm: Annotated[str, typer.Argument(metavar="ALARM", help="Which: root-use, iam-changes, …")],
    topic: Annotated[
        str,
        typer.Option("--topic", metavar="NAME|ARN", help="The SNS topic that it tells; made where it is lacking."),
    ] = "security-alarms",
    email: Annotated[
        list[str] | None,
        typer.Option(
            "--email", metavar="ADDRESS", help="Subscribe this address, which must confirm it. Repeatable."
        ),
    ] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that makes what an alarm lacks: filter, topic, subscription, alarm. Nothing is written to AWS.

    Exit codes: 0 done, or it is so already; 2 bad input, or no trail to make it on.
    """
    from demarcate.logs.alarms import making
    from demarcate.logs.alarms.proving import check_names

    check_names([alarm])
    reach = in_one_region(profile, region, endpoint_url, making.READS, "an alarm")
    caller = reach.caller
    change = making.create(alarm, topic, email or (), caller.account, caller.start, reach)
    record_if_any(change, f"alarm {alarm}", reach, ledger, as_)


def drill(
    alarm: Annotated[str, typer.Argument(metavar="NAME", help="The alarm of CloudWatch that is set off.")],
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan a drill: the change that sets off an alarm, so that whoever it tells is told. Nothing is written to AWS.

    Applying it waits until CloudWatch says that the actions were done. Exit codes: 0 done; 2 bad input, or an alarm
    that would tell nobody.
    """
    from demarcate.logs.alarms import making

    reach = in_one_region(profile, region, endpoint_url, making.READS, "an alarm")
    change = making.drill(alarm, reach.caller.account, reach.caller.start, reach)
    record_if_any(change, f"alarm {alarm}", reach, ledger, as_)

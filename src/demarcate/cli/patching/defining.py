"""patch window, patch baseline: windows, baselines and patch groups as they are to be, as changes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.planning import in_one_region, record_if_any
from demarcate.report.out import say

if TYPE_CHECKING:
    from demarcate.changes.structs import Change


class Run(StrEnum):
    """What the task of a window does."""

    SCAN = "Scan"
    INSTALL = "Install"


def verbs(group: typer.Typer) -> None:
    """Register the verbs."""
    windows = typer.Typer(help="Define maintenance windows, as changes.", no_args_is_help=True)
    windows.command("set")(set_window)
    group.add_typer(windows, name="window")
    baselines = typer.Typer(help="Define patch baselines and patch groups, as changes.", no_args_is_help=True)
    baselines.command("set")(set_baseline)
    group.add_typer(baselines, name="baseline")


def set_window(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|ARN",
            help="A window of Systems Manager, or what has one of its own: a database, a domain, a patch policy.",
        ),
    ],
    weekly: Annotated[
        str | None,
        typer.Option("--weekly", metavar="WINDOW", help="Of an ARN, in UTC: sun:03:00-sun:04:00."),
    ] = None,
    daily: Annotated[
        str | None,
        typer.Option(
            "--daily", metavar="TIME", help="Of a domain of OpenSearch, off-peak from then on, in UTC: 22:00."
        ),
    ] = None,
    automatic: Annotated[
        bool, typer.Option("--automatic", help="With --daily: service software and Auto-Tune use that window.")
    ] = False,
    schedule: Annotated[
        str | None,
        typer.Option("--schedule", help='cron(…), rate(…), at(…), or "Patch Tuesday + 3 days at 02:00".'),
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help="By whose clocks, such as Europe/Berlin.")
    ] = None,
    offset: Annotated[
        int | None, typer.Option("--offset", min=1, max=6, help="Days to wait after the schedule.")
    ] = None,
    hours: Annotated[int | None, typer.Option("--hours", min=1, max=24, help="How long it is. New: 4.")] = None,
    cutoff: Annotated[
        int | None,
        typer.Option("--cutoff", min=0, max=23, help="Hours before its end in which nothing begins. New: 1."),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="A tag of the nodes that it is for.")
    ] = None,
    resource_group: Annotated[
        list[str] | None, typer.Option("--resource-group", metavar="NAME", help="A group that it is for.")
    ] = None,
    task: Annotated[Run | None, typer.Option("--task", help="Scan for patches, or install them.")] = None,
    at_once: Annotated[
        str, typer.Option("--at-once", metavar="N|N%", help="How many nodes of a new task at a time.")
    ] = "10%",
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that makes a maintenance window, or makes it so. Nothing is written to AWS.

    What is not named stays. A new window is made first: say the same again for its targets and its task. Exit codes: 0
    done, or it is so already; 2 bad input.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.patching import defining, service_windows

    of_policy = name.startswith("arn:") and ":ssm-quicksetup:" in name
    of_arn = name.startswith("arn:") and not of_policy
    others = (zone, offset, hours, cutoff, tag, resource_group)
    said = any(other is not None for other in others)
    if of_policy and (schedule is None or task is None or said or weekly or daily):
        raise DemarcateError("a patch policy of Quick Setup takes --schedule 'cron(…)' and --task alone")
    if of_arn and ((weekly is None) == (daily is None) or said or schedule is not None or task is not None):
        raise DemarcateError(
            "what an ARN names has a window of a week, and no more: say it with --weekly alone; a domain of "
            "OpenSearch one of each day: --daily"
        )
    if not of_arn and not of_policy and (weekly is not None or daily is not None):
        raise DemarcateError(
            "--weekly and --daily are windows of what an ARN names; of Systems Manager's, say --schedule"
        )
    if automatic and daily is None:
        raise DemarcateError("--automatic goes with --daily")
    wanted = defining.Window(
        schedule=schedule,
        zone=zone,
        offset=offset,
        hours=hours,
        cutoff=cutoff,
        tags=[_pair(text) for text in tag or ()],
        groups=resource_group or (),
        operation=None if task is None else str(task),
        at_once=at_once,
    )
    reach = in_one_region(profile, region, endpoint_url, defining.READS | service_windows.READS, "a window")
    left = ""
    change: Change | None
    if weekly is not None:
        change = service_windows.weekly_window(name, weekly, reach)
    elif daily is not None:
        change = service_windows.off_peak_window(name, daily, reach, automatic=automatic)
    elif of_policy:
        change = service_windows.patch_policy(name, str(schedule), str(task), reach)
    else:
        change, left = defining.window(name, wanted, reach.caller.account, reach.caller.start, reach)
    record_if_any(change, name, reach, ledger, as_)
    if left:
        say(f"then: say the same again for {left}, which need its id")


def set_baseline(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A patch baseline of your own.")],
    system: Annotated[
        str,
        typer.Option(
            "--system", metavar="SYSTEM", help="The operating system, such as AMAZON_LINUX_2023 or WINDOWS."
        ),
    ],
    approve_after: Annotated[
        int | None, typer.Option("--approve-after", min=0, max=360, help="Days after a patch came out. New: 7.")
    ] = None,
    classification: Annotated[
        list[str] | None, typer.Option("--classification", help="Of the patches, such as Security; repeatable.")
    ] = None,
    severity: Annotated[
        list[str] | None, typer.Option("--severity", help="Of the patches, such as Critical; repeatable.")
    ] = None,
    reject: Annotated[
        list[str] | None, typer.Option("--reject", metavar="PATCH", help="One not to install; repeatable.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="NAME", help="A patch group it is for; repeatable.")
    ] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that makes a patch baseline, or makes it so, and assigns patch groups to it.

    What is not named stays; nothing is written to AWS. Exit codes: 0 done, or it is so already; 2 bad input.
    """
    from demarcate.patching import defining

    options.known("operating system of Patch Manager", system, sorted(defining.systems()))
    wanted = defining.Baseline(
        system=system,
        approve_after=approve_after,
        classifications=classification or (),
        severities=severity or (),
        rejected=reject or (),
        groups=group or (),
    )
    reach = in_one_region(profile, region, endpoint_url, defining.READS, "a baseline")
    change = defining.baseline(name, wanted, reach.caller.account, reach.caller.start, reach)
    record_if_any(change, name, reach, ledger, as_)


def _pair(text: str) -> tuple[str, str]:
    """A tag. Raises DemarcateError for what is none."""
    from demarcate.base.errors import DemarcateError

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise DemarcateError(f"--tag takes KEY=VALUE, not {text!r}")
    return key, value

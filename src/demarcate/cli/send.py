"""send: tell other systems of findings, detections and events, by an outbox in which nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from demarcate.cli import options
from demarcate.cli.helping import Verbs
from demarcate.cli.options import Format
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from demarcate.ledger.ledger import Ledger
    from demarcate.posture.assessment import Assessment
    from demarcate.sending.delivering import Outcome
    from demarcate.sending.destinations import AnyDestination, Routes
    from demarcate.sending.structs import Item

NOT_WHOLE = 1
"""The exit code where something could not be delivered."""

LARGEST = 50_000_000
"""How many bytes a file of detections or events may have."""

To = Annotated[
    list[str] | None,
    typer.Option("--to", metavar="NAME", help="A destination of your settings; repeatable. Default: all."),
]
Written = Annotated[Format, typer.Option("--format", help="Output for people, or for programs.")]


class Sending(Verbs):
    """Verbs of which the one that sends need not be named: `send out/assessment`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the verb that sends where none of the others is named."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["now", *args]
        return super().parse_args(ctx, args)


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Send findings, detections and events to other systems.")
    group.command("now")(now_)
    group.command("list")(list_)
    group.command("retry")(retry)
    app.add_typer(group, name="send", cls=Sending)


def now_(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="ASSESSMENT|FILE",
            help="What assess --save kept, or JSON of detect, logs follow or logs query. None: what waits.",
        ),
    ] = None,
    to: To = None,
    flush: Annotated[
        bool, typer.Option("--flush", help="Send all that waits, in quiet hours and before it is gathered, too.")
    ] = False,
    ledger: options.LedgerPlace = None,
) -> None:
    """Send what a destination was not told yet, and what waits for it.

    What cannot be delivered now stays in the ledger's outbox, and is tried again by the next run. Exit codes: 0 all is
    delivered, or waits as settings say; 1 something could not be delivered; 2 bad input.
    """
    from datetime import UTC, datetime

    from demarcate.ledger.ledger import Ledger
    from demarcate.sending.delivering import deliver
    from demarcate.sending.opening import transport_of

    def now() -> datetime:
        return datetime.now(UTC)

    routes = _routes()
    chosen = routes.named(to or ())
    transports = {name: transport_of(name, destination, now) for name, destination in chosen.items()}
    failed = False
    with Ledger(ledger) as opened:
        for source in sources or ():
            _enqueue(opened, source, routes, chosen, now)
        for name, destination in chosen.items():
            outcome = deliver(opened, name, destination, transports[name], now=now, flush=flush)
            _tell(name, outcome)
            failed |= outcome.failed
    if failed:
        raise typer.Exit(NOT_WHOLE)


def list_(
    to: To = None,
    dead: Annotated[bool, typer.Option("--dead", help="Only what was given up.")] = False,
    format: Written = Format.TEXT,
    ledger: options.LedgerPlace = None,
) -> None:
    """List what waits and what was given up, with the reason."""
    from demarcate.ledger.ledger import Ledger
    from demarcate.report import rows
    from demarcate.sending import outbox

    columns = ["number", "destination", "status", "item", "state", "severity", "attempts", "added", "due", "why"]
    with Ledger(ledger, existing=True) as opened:
        _check(to, opened)
        lines = outbox.lines(opened, to or (), dead=dead)
        told = [[getattr(line, column) for column in columns] for line in lines]
        rows.write(columns, told, str(format), data())


def retry(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="NUMBER", help="Which, by send list. Default: all.")
    ] = None,
    to: To = None,
    ledger: options.LedgerPlace = None,
) -> None:
    """Have what was given up wait again; the next send delivers it."""
    from datetime import UTC, datetime

    from demarcate.base.errors import DemarcateError
    from demarcate.ledger.ledger import Ledger
    from demarcate.report.safe import counted
    from demarcate.sending import outbox

    with Ledger(ledger, existing=True) as opened:
        _check(to, opened)
        again = outbox.retry(opened, numbers or (), to or (), datetime.now(UTC))
    if numbers and not again:
        raise DemarcateError("none of these was given up, or each has another state since: see send list --dead")
    say(
        f"{counted(again, 'delivery').replace('deliverys', 'deliveries')} wait again: demarcate send delivers them"
    )


def _check(names: list[str] | None, ledger: Ledger) -> None:
    """Raise SendingError for a destination that neither the settings have nor anything waits for."""
    from demarcate.sending import outbox
    from demarcate.sending.destinations import check_names

    waited_for = {name for name, _ in outbox.counts(ledger)}
    check_names(names or (), dict.fromkeys([*options.held().settings.destinations, *sorted(waited_for)]))


def _routes() -> Routes:
    from demarcate.model import load
    from demarcate.sending.destinations import read_routes

    held = options.held()
    settings = held.settings
    areas = [area.id for area in load().areas]
    return read_routes(settings.destinations, settings.send_rules, areas, held.origins)


def _tell(name: str, outcome: Outcome) -> None:
    told = [f"{outcome.delivered:,} delivered"]
    if outcome.waiting:
        told.append(f"{outcome.waiting:,} wait")
    if outcome.dead:
        told.append(f"{outcome.dead:,} given up (send list --dead)")
    say(f"{name}: {', '.join(told)}" + (f": {outcome.why}" if outcome.why else ""))


def _enqueue(
    ledger: Ledger, source: Path, routes: Routes, chosen: dict[str, AnyDestination], now: Callable[[], Any]
) -> None:
    """Put what is new of a source into the queues of destinations."""
    from demarcate.lake.kept import is_remote
    from demarcate.posture.kept import is_assessment
    from demarcate.sending import outbox

    if not is_remote(source) and not is_assessment(source):
        items = _of_file(source)
        for name, destination in chosen.items():
            wanted = (item for item in items if routes.takes(name, item))
            outbox.enqueue(ledger, name, wanted, now(), grown=destination.GROWN)
        return
    from demarcate.sending.closing import resolved

    with options.opened(source) as assessment:
        is_read = _is_read(assessment)
        for name in chosen:
            there: set[str] = set()
            wanted = (item for item in _of_assessment(assessment, there) if routes.takes(name, item))
            outbox.enqueue(ledger, name, wanted, now())
            gone = resolved(ledger, name, there, assessment.posture.moment, is_read)
            outbox.enqueue(ledger, name, gone, now())


def _of_assessment(assessment: Assessment, there: set[str]) -> Iterator[Item]:
    """What fails or is unknown in an assessment; `there` has the ids afterwards."""
    from datetime import datetime

    from demarcate.base.moments import milliseconds
    from demarcate.report import ocsf
    from demarcate.sending.structs import Item

    moment = assessment.posture.moment
    milli = milliseconds(datetime.fromisoformat(moment))
    for finding in assessment.judgement.findings(passes=False):
        there.add(finding.id)
        check = assessment.checks[finding.check]
        yield Item(
            id=finding.id,
            kind="finding",
            state="waived" if finding.waived else "unknown" if finding.verdict == "unknown" else "open",
            severity=finding.severity,  # type: ignore[arg-type]
            title=check.title,
            text=finding.reason,
            rule=check.id,
            area=check.area,
            responsibility=finding.responsibility,
            account=finding.account or "",
            region=finding.region or "",
            resource=finding.resource or finding.name or "",
            table=finding.table,
            moment=moment,
            event=ocsf.event(finding, check, milli),
        )


def _is_read(assessment: Assessment) -> Callable[[Item], bool]:
    """Whether an assessment could tell of an item: its check ran, and its table was read in its account and region."""
    read = {
        (part.account, part.region, name)
        for name, table in assessment.snapshot.manifest.tables.items()
        for part in table.parts
    }
    ran = set(assessment.checks) - {check.check for check in assessment.posture.not_run}

    def is_read(item: Item) -> bool:
        return bool(item.account) and item.rule in ran and (item.account, item.region or None, item.table) in read

    return is_read


def _of_file(path: Path) -> list[Item]:
    """The detections of `detect --format json` or `logs follow`, or the events of `logs query --format json`.

    Raises DemarcateError.
    """
    from demarcate.base.encoding import from_json
    from demarcate.base.errors import DemarcateError
    from demarcate.base.files import STANDARD_INPUT, read_bytes, take_standard_input

    if str(path) == STANDARD_INPUT:
        take_standard_input(LARGEST)
    try:
        text = read_bytes(path, LARGEST)
        # As they come they are a line each.
        lines = text.splitlines() if text.lstrip()[:1] == b"{" else None
        told = from_json(text) if lines is None else [from_json(line) for line in lines if line.strip()]
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise DemarcateError(f"{path}: is no JSON: {error}") from error
    if not isinstance(told, list):
        raise DemarcateError(
            f"{path}: expected what assess --save kept, or the JSON of detect or logs query: a list"
        )
    items = []
    for number, row in enumerate(told, 1):
        try:
            if not isinstance(row, dict):
                raise TypeError("expected an object")
            items.append(_event(row) if "event_id" in row else _detection(row))
        except (ValueError, KeyError, TypeError) as error:
            raise DemarcateError(
                f"{path}: entry {number} is no detection and no event of CloudTrail: {error}"
            ) from error
    return items


def _detection(row: Any) -> Item:
    import msgspec

    from demarcate.logs.detecting.structs import Detection
    from demarcate.report.detections import event
    from demarcate.sending.structs import Item

    detection = msgspec.convert({key: value for key, value in row.items() if value is not None}, Detection)
    return Item(
        id=detection.id,
        kind="detection",
        state="waived" if detection.waived else "open",
        severity=detection.level,
        title=detection.title,
        text=f"{detection.count} events by {detection.entity}" if detection.entity else "",
        rule=detection.name,
        area=detection.responsibility.partition(".")[0],
        responsibility=detection.responsibility,
        account=detection.account,
        region=detection.regions[0] if len(detection.regions) == 1 else "",
        resource=", ".join(detection.resources),
        moment=detection.last,
        event=event(detection),
    )


def _event(row: Any) -> Item:
    from datetime import datetime

    from demarcate.base.moments import utc
    from demarcate.report.api_activity import event
    from demarcate.sending.structs import Item

    return Item(
        id=str(row["event_id"]),
        kind="event",
        state="open",
        severity="informational",
        title=f"{row.get('event_source')} {row['event_name']}",
        text=str(row.get("error_message") or ""),
        rule=str(row["event_name"]),
        area="logging-and-monitoring",
        account=row.get("recipient_account_id") or "",
        region=row.get("aws_region") or "",
        resource=row.get("user_identity_arn") or "",
        moment=utc(datetime.fromisoformat(row["event_time"])).isoformat(),
        event=event(row),
    )

"""detect, and detections: what happened in logs, and the rules that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from demarcate.cli import lakes, options, providers
from demarcate.cli.helping import Listing
from demarcate.cli.options import Format
from demarcate.report.out import data, say
from demarcate.report.safe import counted

if TYPE_CHECKING:
    from demarcate.estate.snapshots.manifest import Unread
    from demarcate.lake.engines import Engine
    from demarcate.logs.detecting.places import Findings
    from demarcate.logs.detecting.structs import Detection
    from demarcate.logs.sigma.reading import Rules
    from demarcate.logs.sigma.structs import Rule


class DetectionFormat(StrEnum):
    """Detections for people, or for programs."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    OCSF = "ocsf"


RuleFolders = Annotated[
    list[Path] | None,
    typer.Option("--rules", metavar="DIR", help="A folder of Sigma rules beside ours; repeatable."),
]
Alone = Annotated[bool, typer.Option("--only", help="Only the rules of --rules, and none of ours.")]
Placeholders = Annotated[
    Path | None,
    typer.Option("--placeholders", metavar="FILE", help="What %name% stands for in rules: a YAML mapping."),
]
DetectEngine = Annotated[
    lakes.EngineChoice | None,
    typer.Option(
        "--engine",
        help="What runs parts of a log store as tasks: processes here, or Spark. Default: this process.",
    ),
]
Written = Annotated[Format, typer.Option("--format", help="Output for people, or for programs.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(detect)
    group = typer.Typer(help="The rules that find things in logs.", no_args_is_help=True)
    group.command("list")(list_)
    for verb in (show, lint, coverage, test):
        group.command()(verb)
    app.add_typer(group, name="detections", cls=Listing)


def detect(
    places: Annotated[
        list[str], typer.Argument(metavar="STORE|FILE", help="A log store, or a folder or file of CloudTrail's.")
    ],
    rules: RuleFolders = None,
    only: Alone = False,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", metavar="NAME", help="Run only this rule; repeatable.")
    ] = None,
    placeholders: Placeholders = None,
    estate: Annotated[
        Path | None,
        typer.Option(
            "--estate", metavar="DIR", help="A snapshot: say which of its resources are meant, and whose."
        ),
    ] = None,
    waivers: options.WaiverPlaces = None,
    ledger: options.LedgerPlace = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="FILE",
            help="Tell what is new in a store since the run that kept this file, and keep it.",
        ),
    ] = None,
    engine: DetectEngine = None,
    workers: lakes.Workers = None,
    master: lakes.Master = None,
    timeline: Annotated[bool, typer.Option("--timeline", help="Tell what happened when, a line each.")] = False,
    fail_on: options.FailOn = None,
    format: Annotated[
        DetectionFormat, typer.Option("--format", help="Output for people, or for programs.")
    ] = DetectionFormat.TEXT,
) -> None:
    """Run Sigma rules over logs: who did what, what it means, and what to do.

    Exit codes: 0 done; 1 a detection at or above --fail-on; 2 bad usage or input; 3 something could not be read.
    """
    from demarcate.report import detections as report

    options.check_severity(fail_on)
    tasks = lakes.chosen(engine, workers, master)
    loaded = rules_of(rules, only, placeholders)
    say_problems(loaded)
    result = _findings(places, _chosen(loaded, rule), state, tasks)
    told, refused = waiving(loaded, waivers, ledger)(result.detections)
    if timeline:
        report.write_timeline(told, format.value if format is not DetectionFormat.OCSF else "json", data())
    else:
        report.write(told, _leads(told, estate), format.value, data(), options.console())
    _say_counts(result, loaded)
    _exit(told, result, fail_on, refused=refused or bool(loaded.problems))


def list_(rules: RuleFolders = None, only: Alone = False, format: Written = Format.TEXT) -> None:
    """List the rules, worst first: their levels, what they find, who wrote them.

    Exit codes: 0 done; 2 bad usage or input; 3 a rule could not be read.
    """
    from demarcate.logs.sigma.structs import LEVELS
    from demarcate.report import rows

    loaded = rules_of(rules, only, None)
    say_problems(loaded)
    columns = ["level", "name", "title"]
    if format is not Format.TEXT:
        columns += ["id", "author", "license", "responsibility", "techniques", "status", "silent", "file", "line"]
    listed = sorted(loaded.rules.values(), key=lambda rule: (LEVELS.index(rule.level), rule.name))
    told = [[_plain(getattr(each, name)) for name in columns] for each in listed]
    rows.write(columns, told, str(format), data())
    if loaded.problems:
        raise typer.Exit(options.UNREAD)


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name or id of a rule.")],
    rules: RuleFolders = None,
    only: Alone = False,
    format: Written = Format.TEXT,
) -> None:
    """Show one rule: what it asks, what it means, and what to do."""
    import msgspec

    from demarcate.report import detections as report
    from demarcate.report import rows
    from demarcate.report.safe import json_text

    rule = rules_of(rules, only, None).named(name)
    if format is Format.TEXT:
        report.write_rule(rule, options.console())
        return
    told = msgspec.to_builtins(rule)
    del told["examples"]
    if format is Format.JSON:
        data().write(json_text(told, indent=True) + "\n")
        return
    listed = [[key.replace("_", " "), value] for key, value in told.items() if value not in ("", (), None, False)]
    rows.write(["key", "value"], listed, str(format), data())


def lint(rules: RuleFolders = None, only: Alone = False, format: Written = Format.TEXT) -> None:
    """Find rules that can never fire: fields, sources, events and parameters that AWS does not have.

    Exit codes: 0 none; 1 some; 2 bad usage or input; 3 a rule could not be read.
    """
    from demarcate.logs.sigma.linting import faults
    from demarcate.report import rows

    loaded = rules_of(rules, only, None, trees=True)
    told = faults(loaded)
    columns = ["rule", "kind", "message", "file", "line"]
    rows.write(columns, [[getattr(each, name) for name in columns] for each in told], str(format), data())
    say_problems(loaded)
    raise typer.Exit(1 if told else options.UNREAD if loaded.problems else 0)


def coverage(
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)] = None,
    rules: RuleFolders = None,
    only: Alone = False,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """Say which technique of ATT&CK which rule looks for; with a source, whether the log that it needs is on there.

    Exit codes: 0 done; 2 bad usage or input; 3 a rule, or something of the source, could not be read.
    """
    from demarcate.estate.snapshots.telling import rows as rows_of
    from demarcate.estate.sources.collecting import collect_snapshot
    from demarcate.logs.sigma.coverage import COLUMNS, TRAILS
    from demarcate.logs.sigma.coverage import coverage as covered
    from demarcate.report import rows

    loaded = rules_of(rules, only, None)
    say_problems(loaded)
    trails: list[dict[str, Any]] | None = None
    unread: list[Unread] = []
    if sources:
        how = options.options_of(profile, region, endpoint_url, parameters)
        options.check_not_kept(sources)
        with collect_snapshot(sources, how, selection={TRAILS: frozenset(COLUMNS)}) as snapshot:
            trails = list(rows_of(snapshot, TRAILS, COLUMNS)) if TRAILS in snapshot.manifest.tables else None
            unread = [gap for gap in snapshot.unread if TRAILS in (gap.table, *gap.tables)]
    columns = ["technique", "title", "rule", "level", "needs", "on", "why"][: 7 if sources else 5]
    told = [[getattr(each, name) for name in columns] for each in covered(loaded.rules, trails)]
    rows.write(columns, told, str(format), data())
    options.say_unread(unread)
    if unread or loaded.problems:
        raise typer.Exit(options.UNREAD)


def test(
    rules: RuleFolders = None,
    only: Alone = False,
    placeholders: Placeholders = None,
    format: Written = Format.TEXT,
) -> None:
    """Run the examples that stand beside rules: each must fire where its author says so, and nowhere else.

    Exit codes: 0 all are right; 1 some are not; 2 bad usage or input; 3 a rule could not be read.
    """
    from demarcate.base.connection import connect
    from demarcate.logs.detecting.examples import tried
    from demarcate.report import rows

    loaded = rules_of(rules, only, placeholders)
    with connect() as connection:
        every = [each for rule in loaded.rules.values() for each in tried(rule, loaded.rules, connection)]
    wrong = [each for each in every if not each.is_right]
    told = [[each.rule, each.number, "should fire" if each.fires else "should not fire"] for each in wrong]
    rows.write(["rule", "example", "wrong"], told, str(format), data())
    say(f"{len(every):,} examples, of which {len(wrong):,} are wrong")
    say_problems(loaded)
    raise typer.Exit(1 if wrong else options.UNREAD if loaded.problems else 0)


def rules_of(folders: list[Path] | None, only: bool, placeholders: Path | None, *, trees: bool = False) -> Rules:
    """The rules that are asked for: ours, and those of folders, with the placeholders of settings and of a file."""
    from demarcate.base.documents import read
    from demarcate.logs.sigma.reading import load_rules

    named = dict(options.held().settings.rule_placeholders)
    if placeholders is not None:
        named.update(read(placeholders, dict[str, tuple[str, ...]]))
    return load_rules(folders or (), shipped=not only, placeholders=named, trees=trees)


def _chosen(loaded: Rules, names: list[str] | None) -> list[Rule]:
    """The rules that run: all, or those that are named with those that they look at."""
    if not names:
        return list(loaded.rules.values())
    chosen: dict[str, Rule] = {}
    for name in names:
        rule = loaded.named(name)
        chosen[rule.id] = rule
        for other in rule.correlation.rules if rule.correlation is not None else ():
            chosen.setdefault(other, loaded.rules[other])
    return list(chosen.values())


def _findings(places: Sequence[str], rules: Iterable[Rule], state: Path | None, engine: Engine | None) -> Findings:
    from demarcate.base.errors import DemarcateError
    from demarcate.logs.detecting.places import detect_files, detect_stored, is_store
    from demarcate.logs.store.folders import Folder

    stores = [Path(place) for place in places if is_store(Path(place))]
    if stores and len(places) > 1:
        raise DemarcateError(f"{stores[0]} is a log store: give it alone")
    if engine is not None and (not stores or state is not None):
        raise DemarcateError("--engine and --workers are for all that a log store has: leave them out, or --state")
    if stores and engine is not None:
        from demarcate.lake.detecting import run_by

        return detect_stored(stores[0], rules, run=run_by(engine))
    if stores:
        return detect_stored(stores[0], rules) if state is None else _since(stores[0], rules, state)
    if state is not None:
        raise DemarcateError("--state is for a log store: make one with demarcate logs ingest")
    return detect_files([Folder(Path(place)) for place in places], rules)


def _since(store: Path, rules: Iterable[Rule], file: Path) -> Findings:
    from demarcate.logs.detecting.watching import keep, kept, look

    result = look(store, rules, kept(file))
    keep(file, result.state)
    return result


def waiving(
    loaded: Rules, places: list[str] | None, ledger: str | None
) -> Callable[[tuple[Detection, ...]], tuple[tuple[Detection, ...], bool]]:
    """What gives detections with what waives them today, and whether a waiver was refused: read anew each time.

    A file may waive findings of checks, too.
    """
    read = providers.waivers_of(places, ledger)
    if not read:
        return lambda detections: (detections, False)
    from datetime import UTC, datetime

    from demarcate.logs.detecting.waiving import known_of, waive
    from demarcate.model import load
    from demarcate.posture.waivers import read_waivers

    known = known_of(loaded.rules, load().owed, providers.waiver_rules(), providers.known_of(None).checks)

    def waived(detections: tuple[Detection, ...]) -> tuple[tuple[Detection, ...], bool]:
        waivers = read_waivers(read, known)
        for problem in waivers.problems:
            say(f"waives nothing: {problem}")
        return waive(detections, waivers.waivers, datetime.now(UTC).date()), bool(waivers.problems)

    return waived


def _leads(detections: Sequence[Detection], estate: Path | None) -> dict[str, Any]:
    if estate is None:
        return {}
    from demarcate.estate.sources.collecting import collect_snapshot
    from demarcate.logs.detecting.leading import leads

    options.check_not_kept([str(estate)])
    with collect_snapshot([str(estate)]) as snapshot:
        return dict(leads(detections, snapshot))


def say_problems(loaded: Rules) -> None:
    """Tell of rules that are not taken, and of those about other logs."""
    for problem in loaded.problems:
        say(f"not taken: {problem}")
    if loaded.elsewhere:
        say(f"{len(loaded.elsewhere):,} rules are about logs of other products; the first: {loaded.elsewhere[0]}")


def _say_counts(result: Findings, loaded: Rules) -> None:
    state = result.state
    say(f"{counted(state.events, 'event')}, {counted(len(result.detections), 'detection')}")
    for counts, what in (
        (state.undecided, "could not be decided: CloudTrail left out what the rule asks for"),
        (state.learning, "could not be compared yet: what is usual is not known for long enough"),
    ):
        for ident, count in sorted(counts.items()):
            say(f"{loaded.rules[ident].name}: {counted(count, 'event')} {what}")


def _exit(detections: Sequence[Detection], result: Findings, fail_on: str | None, *, refused: bool) -> None:
    from demarcate.logs.sigma.structs import LEVELS

    if result.unread:
        options.say_unread(result.unread)
    worst = LEVELS[: [str(level) for level in LEVELS].index(fail_on) + 1] if fail_on else ()
    if any(each.level in worst and each.waived is None for each in detections):
        raise typer.Exit(1)
    if result.unread or refused:
        raise typer.Exit(options.UNREAD)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value

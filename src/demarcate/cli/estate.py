"""assess, report, collect: what there is, and how it stands."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import completing, lakes, options, providers
from demarcate.cli.options import Format, ReportFormat
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from demarcate.drift.structs import Comparison
    from demarcate.estate.snapshots.manifest import Unread
    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.posture.assessment import Assessment
    from demarcate.posture.news import Side
    from demarcate.posture.theirs import Theirs
    from demarcate.report.reports import Destination

FOUND = 1


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (assess, report, collect):
        app.command()(verb)


def assess(
    sources: options.Sources,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
    parameters: options.Parameters = None,
    checks: options.CheckFolders = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check", help="Only this check, or those like s3-*; repeatable.", autocompletion=completing.checks
        ),
    ] = None,
    framework: options.Frameworks = None,
    fail_on: options.FailOn = None,
    evidence: options.EvidencePlaces = None,
    waivers: options.WaiverPlaces = None,
    ledger: options.LedgerPlace = None,
    by_tag: Annotated[
        list[str] | None,
        typer.Option(
            "--by-tag",
            metavar="KEY",
            help="Tell the posture by the values of this tag, too (text, HTML, JSON); repeatable.",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Assess templates as of this date instead of now."),
    ] = None,
    format: options.Reported = ReportFormat["text"],
    full: options.Full = False,
    out: options.ReportFiles = None,
    drift: options.DriftFile = None,
    save: Annotated[
        str | None,
        typer.Option(
            "--save", metavar="DIR", help="Keep the assessment in this new folder (of a lake also s3://…)."
        ),
    ] = None,
    passes: options.Passes = False,
    since: options.Since = None,
    findings_of: options.FindingsOf = None,
    new: options.New = False,
    engine: lakes.EngineName = None,
    workers: lakes.Workers = None,
    master: lakes.Master = None,
) -> None:
    """Say for every responsibility whose it is and whether it is met.

    Exit codes: 0 done; 1 findings at or above --fail-on; 2 bad input; 3 done, but something could not be read.
    """
    from demarcate.base import connection, stopping

    if engine is None:
        connection.ahead()
    from demarcate.assessing import assess_sources
    from demarcate.report import reports
    from demarcate.report.progress import showing

    options.check_severity(fail_on)
    options.check_not_kept(sources)
    files = reports.destinations(out or ())
    _check_passes(passes, files, format, saved=save is not None)
    compared = _comparison(drift, files, format)
    before = _earlier(since, new, endpoint_url, next(iter(region or ()), None))
    theirs = _theirs(findings_of)
    how = options.reading_of(
        profile, region, endpoint_url, org, account, role_name, external_id, parameters, as_of=as_of
    )
    judging = lakes.engine_of(sources, engine, workers, master)
    if judging is not None:
        from demarcate.posture.frameworks import along_frameworks

        with lakes.assessed(
            sources,
            judging,
            save,
            how,
            check,
            checks,
            providers.evidence_of(evidence, ledger),
            providers.waivers_of(waivers, ledger, evidence),
            providers.waiver_rules(),
            by_tag or [],
            passes=passes or theirs is not None,
        ) as assessment:
            told = along_frameworks(assessment, options.frameworks_of(framework))
            told = _with_others(told, before, theirs, passes=passes)
            _tell(told, files, format, fail_on, compared, full=full, new=new)
        return
    lakes.check_here(save)
    with showing() as progress:
        assessment = assess_sources(
            sources,
            how,
            checks=check,
            check_folders=checks or (),
            frameworks=options.frameworks_of(framework),
            evidence=providers.evidence_of(evidence, ledger),
            waivers=providers.waivers_of(waivers, ledger, evidence),
            rules=providers.waiver_rules(),
            tags=by_tag or (),
            passes=passes or theirs is not None,
            progress=progress,
        )
    stopping.keep(assessment)
    if save is not None:
        from demarcate.posture import kept

        kept.save(assessment, Path(save))
    told = _with_others(assessment, before, theirs, passes=passes)
    _tell(told, files, format, fail_on, compared, full=full, new=new)


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What assess --save kept, also s3://….")],
    framework: options.Frameworks = None,
    fail_on: options.FailOn = None,
    format: options.Reported = ReportFormat["text"],
    full: options.Full = False,
    out: options.ReportFiles = None,
    drift: options.DriftFile = None,
    passes: options.Passes = False,
    since: options.Since = None,
    findings_of: options.FindingsOf = None,
    new: options.New = False,
) -> None:
    """Report an assessment that was kept, without reading or judging anything again.

    Exit codes as those of assess.
    """
    from demarcate.posture.frameworks import along_frameworks
    from demarcate.report import reports

    options.check_severity(fail_on)
    files = reports.destinations(out or ())
    _check_passes(passes, files, format)
    compared = _comparison(drift, files, format)
    frameworks = options.frameworks_of(framework)
    before = _earlier(since, new)
    theirs = _theirs(findings_of)
    with options.opened(folder) as assessment:
        told = along_frameworks(assessment, frameworks) if frameworks else assessment
        told = _with_others(told, before, theirs, passes=passes)
        _tell(told, files, format, fail_on, compared, full=full, new=new)


def _with_others(
    assessment: Assessment, before: Side | None, theirs: Theirs | None, *, passes: bool
) -> Assessment:
    """An assessment beside an earlier one, and beside what other tools found, where these are named."""
    told = assessment.telling_passes() if passes else assessment
    if before is not None:
        from demarcate.posture.earlier import with_news

        told = with_news(told, before)
    if theirs is not None:
        from demarcate.posture.beside import with_theirs

        told = with_theirs(told, theirs)
    return told


def _earlier(since: Path | None, new: bool, *where: str | None) -> Side | None:
    """What is compared with, `where` being how S3 is asked; None where nothing is.

    Raises DemarcateError where it cannot be read.
    """
    from demarcate.base.errors import DemarcateError

    if new and since is None:
        raise DemarcateError("--new says what is new since an earlier assessment: name it (--since DIR|FILE)")
    return options.earlier(since, *where) if since is not None else None


def _theirs(files: list[Path] | None) -> Theirs | None:
    """What other tools found; None where nothing of theirs is named. Raises DemarcateError where it cannot be read."""
    if not files:
        return None
    from demarcate.posture.theirs import read_theirs

    return read_theirs(files)


def _check_passes(
    passes: bool, files: Sequence[Destination], format: ReportFormat, *, saved: bool = False
) -> None:
    """Refuse to list what passes where nothing would list it. Raises DemarcateError."""
    from demarcate.base.errors import DemarcateError
    from demarcate.report import reports

    written = (reports.FORMATS[format.value], *(to.format for to in files))
    if passes and not saved and not any(format.passes for format in written):
        able = ", ".join(format.id for format in reports.FORMATS.values() if format.passes)
        raise DemarcateError(f"--passes lists what passes in one of {able}: add --out FILE, or --format")


def _comparison(path: Path | None, files: Sequence[Destination], format: ReportFormat) -> Comparison | None:
    """The drift that is to be shown; None where none is. Raises DemarcateError where no report would show it."""
    if path is None:
        return None
    from demarcate.base.errors import DemarcateError
    from demarcate.drift.kept import read_comparison
    from demarcate.report import reports

    if not any(written.drift for written in (reports.FORMATS[format.value], *(to.format for to in files))):
        raise DemarcateError("--drift is shown in the HTML report alone: add --out FILE.html, or --format html")
    return read_comparison(path)


def _tell(
    assessment: Assessment,
    files: Sequence[Destination],
    format: ReportFormat,
    fail_on: str | None,
    drift: Comparison | None,
    *,
    full: bool,
    new: bool,
) -> None:
    """Write the reports of an assessment, and end with the exit code that it has."""
    from demarcate.checks.structs import SEVERITIES
    from demarcate.report import reports

    left_out = [sentence for to in files for sentence in reports.save(assessment, to, drift)]
    tell_skipped(assessment.snapshot)
    chosen = reports.FORMATS[format.value]
    if chosen.brief and not full:
        from demarcate.report import brief

        brief.write(assessment, data())
    else:
        left_out += chosen.render(assessment, data(chosen.encoding), drift)
    for to in files:
        say(f"written: {to.path}")
    for sentence in dict.fromkeys(left_out):
        say(f"left out: {sentence}")
    if fail_on is not None:
        counting = assessment.news if new and assessment.news is not None else assessment.judgement
        if counting.fails(SEVERITIES[: SEVERITIES.index(fail_on) + 1]):
            raise typer.Exit(FOUND)
    posture, theirs = assessment.posture, assessment.theirs
    for problem in theirs.problems if theirs is not None else ():
        say(problem)
    if posture.unread or posture.refused or posture.refused_waivers or (theirs is not None and theirs.problems):
        raise typer.Exit(options.UNREAD)


def collect(
    sources: options.Sources,
    out: Annotated[Path | None, typer.Option("--out", help="The folder to write; it must not exist yet.")] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
    parameters: options.Parameters = None,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", help="Only this table; repeatable.", autocompletion=completing.tables),
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service",
            help="Only the tables of this service of the model; repeatable.",
            autocompletion=completing.services,
        ),
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            help="Only what this check, or those like s3-*, need; repeatable.",
            autocompletion=completing.checks,
        ),
    ] = None,
    checks: options.CheckFolders = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a live collection that was stopped.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the calls that would be made, and do not make them.")
    ] = False,
    format: Annotated[
        Format, typer.Option("--format", help="How the calls of a dry run are written.")
    ] = Format.TEXT,
    engine: lakes.EngineName = None,
    workers: lakes.Workers = None,
    master: lakes.Master = None,
) -> None:
    """Write a snapshot: all rows of an estate as Parquet, with a record of what could not be read."""
    from demarcate.assessing import narrowed
    from demarcate.base.errors import DemarcateError
    from demarcate.estate.sources.collecting import asks, collect_snapshot
    from demarcate.report.progress import showing

    options.check_not_kept(sources)
    selection = narrowed(table or (), service or (), check or (), checks or ())
    how = options.reading_of(
        profile, region, endpoint_url, org, account, role_name, external_id, parameters, resume=resume
    )
    if dry_run:
        from demarcate.estate.sources.aws.dry_run import dry_run as planned
        from demarcate.report import calls, rows

        if not asks(sources):
            raise DemarcateError("only live AWS is called: a dry run takes the source aws, and nothing else")
        planned_calls = planned(selection, how)
        if format is Format.TEXT:
            calls.write(*planned_calls, data())
        else:
            rows.write(*planned_calls, str(format), data())
        return
    if format is not Format.TEXT:
        raise DemarcateError("--format is for the calls of a dry run (--dry-run): a snapshot is Parquet")
    if out is None:
        raise DemarcateError("name a folder for the snapshot (--out), or ask what would be called (--dry-run)")
    tasks = lakes.chosen(engine, workers, master)
    if tasks is not None:
        with _kept(out, resume and asks(sources)):
            lakes.collect(sources, selection, how, out, tasks)
        return
    began = time.monotonic()
    with _kept(out, resume and asks(sources)), showing() as progress:
        snapshot = collect_snapshot(sources, how, selection=selection, out=out, progress=progress)
    row_count = sum(part.rows for held in snapshot.manifest.tables.values() for part in held.parts)
    called = f", {progress.standing().whole().calls:,} calls" if asks(sources) else ""
    say(
        f"{out}: {row_count:,} rows in {len(snapshot.manifest.tables)} tables{called}, "
        f"{time.monotonic() - began:.1f} s"
    )
    tell_skipped(snapshot)
    tell_unread(snapshot.unread)


@contextlib.contextmanager
def _kept(out: Path, resume: bool) -> Iterator[None]:
    """Say where a collection begins, and where one that ends before its time left what it had read."""
    from demarcate.base.stopping import ending_with
    from demarcate.estate.snapshots.journal import partial_folder

    partial = partial_folder(out)
    if resume and not partial.exists():
        say(f"{out}: there is nothing to go on with: all is read anew")

    def tell() -> None:
        if partial.exists():
            say(f"{out}: what was read is kept in {partial}: go on with --resume")

    try:
        with ending_with(tell):
            yield
    except OSError:
        tell()
        raise


def tell_skipped(snapshot: Snapshot) -> None:
    """Say what was left out on purpose: closed accounts, and regions that an account has not enabled."""
    from demarcate.report.safe import one_line

    for note in snapshot.manifest.accounts:
        who = one_line(f"{note.id} {note.name}".rstrip())
        if note.skipped:
            say(f"{who}: not read: {note.skipped}")
        if note.not_enabled:
            say(f"{who}: not read, since not enabled there: {', '.join(note.not_enabled)}")


def tell_unread(unread: tuple[Unread, ...]) -> None:
    options.say_unread(unread)
    if unread:
        raise typer.Exit(options.UNREAD)

"""diagram, summary: the model as a picture, and on one page."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import completing, options, providers
from demarcate.report.out import data, saving, say

if TYPE_CHECKING:
    from demarcate.model import Model
    from demarcate.posture.structs import Posture
    from demarcate.report.pictures.drawing import Drawing


class SummaryFormat(StrEnum):
    """Formats of the summary."""

    TEXT = "text"
    MARKDOWN = "markdown"
    PDF = "pdf"


_FORMATS = {".md": SummaryFormat.MARKDOWN, ".pdf": SummaryFormat.PDF}


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (diagram, summary):
        app.command()(verb)


def diagram(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help=f"Colour it by the result for {options.SOURCES}")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The file to write: .svg, .png or .drawio. Default: SVG on stdout."),
    ] = None,
    service: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Draw the line of this service.", autocompletion=completing.services),
    ] = None,
    compare: Annotated[
        str | None, typer.Option(metavar="ID,ID,…", help="Draw how the line moves between these services.")
    ] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
    checks: options.CheckFolders = None,
    evidence: options.EvidencePlaces = None,
    ledger: options.LedgerPlace = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Assess templates as of this date instead of now."),
    ] = None,
) -> None:
    """Draw the line: AWS's half and yours of every shared area, of one service, or of several side by side.

    Exit codes: 0 done; 2 bad input; 3 done, but something could not be read.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.model import load

    if service is not None and compare is not None:
        raise DemarcateError("--service draws one service and --compare several: give one of the two")
    if sources and compare is not None:
        raise DemarcateError("--compare draws services and not an estate: leave the SOURCE out")
    if out is not None and out.suffix.lower() not in _BACKENDS:
        raise DemarcateError(f"{out}: --out ends in one of {', '.join(_BACKENDS)}")
    told = {"profile": profile, "region": region, "endpoint_url": endpoint_url, "parameters": parameters}
    if not sources and options.asked(**told, checks=checks, evidence=evidence, as_of=as_of):
        raise DemarcateError("without a SOURCE nothing is assessed: name one, or leave the options about it out")
    model = load()
    options.known("service", service, model.service)
    compared = _compared(model, compare)
    posture = None
    if sources:
        from demarcate.assessing import assess_sources

        assessment = options.kept(sources, **told, checks=checks, evidence=evidence, as_of=as_of)
        posture = (
            assessment
            or assess_sources(
                sources,
                options.options_of(profile, region, endpoint_url, parameters, as_of=as_of),
                check_folders=checks or (),
                evidence=providers.evidence_of(evidence, ledger),
            )
        ).posture
    drawing = _drawing(model, service, compared, posture)
    if out is None:
        data("utf-8").write(_svg(drawing))
    else:
        _write(out, _BACKENDS[out.suffix.lower()](drawing))
    if posture is not None:
        _tell(posture)


def _tell(posture: Posture) -> None:
    """Say what could not be read or believed, and end with the exit code for that."""
    options.say_unread(posture.unread)
    for refused in posture.refused:
        say(f"refused evidence: {refused}")
    if posture.unread or posture.refused:
        raise typer.Exit(options.UNREAD)


def _compared(model: Model, compare: str | None) -> list[str]:
    """The ids of the services to compare; none where none were asked for."""
    if compare is None:
        return []
    from demarcate.base.errors import DemarcateError

    ids = list(dict.fromkeys(id_.strip() for id_ in compare.split(",") if id_.strip()))
    for id_ in ids:
        options.known("service", id_, model.service)
    if len(ids) < 2:
        raise DemarcateError(f"--compare takes at least two services, such as ec2,rds,lambda,s3, not {compare!r}")
    return ids


def _drawing(model: Model, service: str | None, compared: list[str], posture: Posture | None) -> Drawing:
    if compared:
        from demarcate.report.pictures.comparison import comparison

        return comparison(model, [model.service[id_] for id_ in compared])
    if service is not None:
        from demarcate.report.pictures.service_line import service_line

        return service_line(model, model.service[service], posture)
    from demarcate.report.pictures.collaboration import collaboration

    return collaboration(model, posture)


def _svg(drawing: Drawing) -> str:
    from demarcate.report.pictures.svg import svg

    return svg(drawing)


def _png(drawing: Drawing) -> bytes:
    from demarcate.report.pictures.png import png

    return png(drawing)


def _drawio(drawing: Drawing) -> str:
    from demarcate.report.pictures.drawio import drawio

    return drawio(drawing)


_BACKENDS: dict[str, Callable[[Drawing], str | bytes]] = {".svg": _svg, ".png": _png, ".drawio": _drawio}


def summary(
    format: Annotated[
        SummaryFormat | None,
        typer.Option("--format", help="How it is written. Default: by the ending of --out, else text."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write. Default: stdout; a PDF needs a file.")
    ] = None,
) -> None:
    """Show the whole on one page: both halves of every area, and what to remember. As PDF it is fit for a wall."""
    from demarcate.base.errors import DemarcateError
    from demarcate.model import load
    from demarcate.report import summary as report

    chosen = format or _FORMATS.get(out.suffix.lower() if out else "", SummaryFormat.TEXT)
    model = load()
    if chosen is SummaryFormat.PDF:
        if out is None:
            raise DemarcateError("a PDF is written to a file: name it with --out, such as --out summary.pdf")
        from demarcate.report.summary_pdf import pdf

        _write(out, pdf(model))
    elif out is not None:
        _write(out, report.markdown(model) if chosen is SummaryFormat.MARKDOWN else report.text(model))
    elif chosen is SummaryFormat.MARKDOWN:
        data().write(report.markdown(model))
    else:
        report.write_text(model, options.console())


def _write(path: Path, content: str | bytes) -> None:
    """Write a file, and say so. Raises DemarcateError where it cannot be written."""
    from demarcate.base.errors import DemarcateError
    from demarcate.base.files import write_whole

    try:
        if isinstance(content, bytes):
            write_whole(path, content)
        else:
            with saving(path) as stream:
                stream.write(content)
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error
    say(f"written: {path}")

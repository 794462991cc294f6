"""matrix, who, explain: who owes what."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import completing, options
from demarcate.cli.options import Format
from demarcate.report.out import data

if TYPE_CHECKING:
    from demarcate.model import Model


class ExplanationFormat(StrEnum):
    """An explanation is no table."""

    TEXT = "text"
    JSON = "json"


LOGGING = "logging"
"""What `explain` knows by this word: who logs what, by service."""


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (matrix, who, explain):
        app.command()(verb)


def matrix(
    area: Annotated[str | None, typer.Option(help="Only this area.", autocompletion=completing.areas)] = None,
    service: Annotated[
        str | None, typer.Option(help="Only this service.", autocompletion=completing.services)
    ] = None,
    party: Annotated[str | None, typer.Option(help="Only this party's half: aws or customer.")] = None,
    shift: Annotated[
        bool, typer.Option("--shift", help="How the line moves from infrastructure to abstracted.")
    ] = False,
    format: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
) -> None:
    """Show both halves of every area: what AWS provides, and what you owe."""
    from demarcate.model import load
    from demarcate.report import matrix as report

    model = load()
    options.known("area", area, model.area)
    options.known("service", service, model.service)
    options.known("party", party, ("aws", "customer"))
    if shift:
        report.write_shift(model, str(format), data())
    else:
        report.write(model, area, service, party, str(format), data())


def who(
    question: Annotated[
        list[str] | None,
        typer.Argument(help='In your words: "patch the rds engine". With --resource: the source that has it.'),
    ] = None,
    resource: Annotated[
        str | None, typer.Option(help="Draw the line for this resource: an ARN, or a template's logical id.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source", help="Where the resource is: aws (the default), a template or folder, a snapshot."
        ),
    ] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
    format: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
) -> None:
    """Say whose job something is, with both halves, what proves each, and why the line runs there."""
    from demarcate.base.errors import DemarcateError
    from demarcate.model import load

    model = load()
    if resource is not None:
        from demarcate.lines import line_of
        from demarcate.report import line as report

        where = options.or_live(source or question)
        lines = line_of(
            model,
            resource,
            where,
            options.options_of(profile, region, endpoint_url, parameters),
        )
        report.write(model, lines, str(format), data(), options.console())
        return
    if not question:
        raise DemarcateError('ask something, such as: demarcate who "patch the rds engine", or name a --resource')
    from demarcate.model import who as find
    from demarcate.report import answers

    asked = " ".join(question)
    if _CONTROL.fullmatch(asked) and _tell_controls(model, asked, format):
        return
    answer = find(model, asked)
    if answer.party == "none":
        raise DemarcateError(answers.unknown(asked, answer))
    answers.write(answer, str(format), data(), options.console())


_CONTROL = re.compile(r"([A-Za-z][\w-]* )?[A-Za-z]*[-.]?\d[\w.()-]*")
"""What may be an id of others: EC2.3, SC-28(1), CIS 2.1.1. No question in words is one."""


def _tell_controls(model: Model, asked: str, format: Format) -> bool:
    """Tell what others know by an id; whether anything is."""
    from demarcate.checks.catalog import load_checks
    from demarcate.posture.frameworks import controls
    from demarcate.report import explanation

    checks = load_checks(responsibilities=model.owed)
    told = controls(asked, checks, model)
    if told:
        explanation.write_controls(told, checks, model, str(format), data(), options.console())
    return bool(told)


def explain(
    id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A responsibility, service, area, tool or check; or a control of others: EC2.3, SC-28, CIS 2.1.1.",
            autocompletion=completing.explained,
        ),
    ],
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="SERVICE", help="With `logging`: the service, by its id; else the rest of a control."
        ),
    ] = None,
    format: Annotated[
        ExplanationFormat, typer.Option("--format", help="How it is written.")
    ] = ExplanationFormat.TEXT,
) -> None:
    """Explain one thing of the model: what it is, whose, why, and what proves it.

    `explain logging [SERVICE]` says what AWS logs for itself and hands over, and what only you can switch on.
    """
    from demarcate.model import load
    from demarcate.report import explanation, who_logs

    if id == LOGGING:
        model = load()
        options.known("service", service, model.service)
        who_logs.write(model, service, str(format), data(), options.console())
        return
    asked = id if service is None else f"{id} {service}"  # as people write CIS 2.1.1
    explanation.write(load(), asked, str(format), data(), options.console())

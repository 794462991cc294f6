"""The report of an assessment in each of its formats for programs and browsers."""

from __future__ import annotations

from pathlib import Path

from demarcate.base.errors import DemarcateError
from demarcate.posture.assessment import Assessment
from demarcate.report.out import Out, saving

FORMATS = ("html", "json", "csv")


def format_of(path: Path) -> str:
    """The format that a file's name asks for. Raises DemarcateError where there is none such."""
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise DemarcateError(f"{path}: a report's name ends in .{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}")
    return form


def write(assessment: Assessment, form: str, out: Out) -> None:
    """Write a report to a stream."""
    if form == "html":
        from demarcate.report import html

        html.write(assessment, out)
    elif form == "json":
        from demarcate.report import json_report

        json_report.write(assessment, out)
    else:
        from demarcate.report import findings_csv

        findings_csv.write(assessment, out)


def save(assessment: Assessment, form: str, path: Path) -> None:
    """Write a report to a file, whole or not at all. Raises DemarcateError where it cannot be written."""
    try:
        with saving(path) as out:
            write(assessment, form, out)
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error

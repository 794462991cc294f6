"""The formats of an assessment's report: one file each, listed here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from demarcate.base.errors import DemarcateError
from demarcate.base.logs import phase
from demarcate.report.out import Out, saving

if TYPE_CHECKING:
    from demarcate.drift.structs import Comparison
    from demarcate.posture.assessment import Assessment


class Format(msgspec.Struct, frozen=True):
    """A format: what it is called, how its files end, what they are on the web, and the module that writes it.

    The module has `write(assessment, out)`, and is imported when it is needed. It may give back what the format could
    not carry, a sentence each. `suffix` is empty where others end so, too: such a format is named with its file.
    With `passes`, it can list each resource that passes; what is for people `counts` them. With `drift`, `write` takes
    a comparison, too, and shows it. With `brief`, what is printed is one screen (`brief.py`), unless all of it is asked
    for. `encoding` is that which its readers expect, wherever it is printed; None for that of the terminal. What is
    `binary` is no text, and is not printed: its module has `save(assessment, path)` instead.
    """

    id: str
    suffix: str
    media_type: str
    module: str
    passes: bool = False
    counts: bool = False
    drift: bool = False
    brief: bool = False
    encoding: str | None = None
    binary: bool = False

    @phase("wrote")
    def render(self, assessment: Assessment, out: Out, drift: Comparison | None = None) -> Sequence[str]:
        """Write a report to a stream, with drift where the format shows it, and say what it could not carry."""
        shown = (drift,) if self.drift else ()
        return self._left_out(import_module(self.module).write(self._told(assessment), out, *shown), assessment)

    @phase("wrote")
    def save(self, assessment: Assessment, path: Path, drift: Comparison | None = None) -> Sequence[str]:
        """Write a report to a file, whole or not at all, and say what it could not carry. Raises OSError."""
        if not self.binary:
            with saving(path) as out:
                return self.render(assessment, out, drift)
        return self._left_out(import_module(self.module).save(self._told(assessment), path), assessment)

    def _told(self, assessment: Assessment) -> Assessment:
        return assessment if self.passes else replace(assessment, passes=False)

    def _left_out(self, told: Sequence[str] | None, assessment: Assessment) -> Sequence[str]:
        unable = assessment.passes and not self.passes and not self.counts
        passes = ["it does not list what passes"] if unable else []
        return [f"{self.id}: {sentence}" for sentence in (*passes, *(told or ()))]


FORMATS: Final = {
    format.id: format
    for format in (
        Format("text", ".txt", "text/plain", "demarcate.report.terminal", counts=True, brief=True),
        Format("html", ".html", "text/html", "demarcate.report.html", passes=True, drift=True, encoding="utf-8"),
        Format("json", ".json", "application/json", "demarcate.report.json_report", passes=True),
        Format("csv", ".csv", "text/csv", "demarcate.report.findings_csv", passes=True),
        Format(
            "parquet",
            ".parquet",
            "application/vnd.apache.parquet",
            "demarcate.report.parquet",
            passes=True,
            binary=True,
        ),
        Format("markdown", ".md", "text/markdown", "demarcate.report.pull_request", counts=True),
        Format("sarif", ".sarif", "application/sarif+json", "demarcate.report.sarif"),
        Format("junit", "", "application/xml", "demarcate.report.junit", passes=True, encoding="utf-8"),
        Format("gitlab-codequality", "", "application/json", "demarcate.report.gitlab_code_quality"),
        Format("gitlab-sast", "", "application/json", "demarcate.report.gitlab_sast"),
        Format("ocsf", "", "application/json", "demarcate.report.ocsf", passes=True),
        Format(
            "oscal-assessment-results",
            "",
            "application/json",
            "demarcate.report.oscal.assessment_results",
            passes=True,
        ),
        Format("oscal-poam", "", "application/json", "demarcate.report.oscal.plan_of_action"),
        Format(
            "oscal-component-definition", "", "application/json", "demarcate.report.oscal.component_definition"
        ),
        Format("oscal-ssp", "", "application/json", "demarcate.report.oscal.security_plan"),
        Format("oscal-ssp-aws", "", "application/json", "demarcate.report.oscal.security_plan_of_aws"),
        Format("asff", "", "application/json", "demarcate.report.asff", passes=True),
    )
}

ENDS: Final = [format.suffix for format in FORMATS.values() if format.suffix]
"""How the names of files end that tell their format."""


class Destination(msgspec.Struct, frozen=True):
    """A file that a report is written to, and its format."""

    format: Format
    path: Path

    @classmethod
    def of(cls, text: str) -> Destination:
        """`FILE`, whose end tells the format, or `FORMAT=FILE`. Raises DemarcateError where neither tells it."""
        name, separator, rest = text.partition("=")
        if separator and name in FORMATS:
            if not rest:
                raise DemarcateError(f"{text} names no file: write {text}FILE")
            return cls(FORMATS[name], Path(rest))
        path = Path(text)
        for format in FORMATS.values():
            if format.suffix and path.suffix.lower() == format.suffix:
                return cls(format, path)
        near = difflib.get_close_matches(name, FORMATS, 1) if separator else []
        hint = f"; did you mean {near[0]}=?" if near else f" with one of {', '.join(FORMATS)}"
        raise DemarcateError(f"{text}: name a file that ends in one of {', '.join(ENDS)}, or FORMAT=FILE{hint}")


def destinations(texts: Iterable[str]) -> list[Destination]:
    """Where reports are written. Raises DemarcateError where one is no destination, or two are one file."""
    files = [Destination.of(text) for text in texts]
    paths = [file.path.resolve() for file in files]
    for file, path in zip(files, paths, strict=True):
        if paths.count(path) > 1:
            raise DemarcateError(f"{file.path} is to be written twice (--out): give each report a file of its own")
    return files


def save(assessment: Assessment, to: Destination, drift: Comparison | None = None) -> Sequence[str]:
    """Write a report to a file, whole or not at all, and say what the format could not carry.

    Raises DemarcateError where it cannot be written.
    """
    try:
        return to.format.save(assessment, to.path, drift)
    except OSError as error:
        raise DemarcateError(f"{to.path}: cannot be written: {error.strerror or error}") from error

"""The formats of an assessment's report: one file each, listed here."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from demarcate.base.errors import DemarcateError
from demarcate.base.logs import phase
from demarcate.report.out import Out, saving

if TYPE_CHECKING:
    from demarcate.drift.structs import Comparison
    from demarcate.posture.assessment import Assessment


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what it is called, how its files end, what they are on the web, and the module that writes it.

    The module has `write(assessment, out)`, and is imported when it is needed. With `passes`, it tells of each resource
    that passes, so that these have to be kept as findings. With `drift`, `write` takes a comparison, too, and shows it.
    With `brief`, what is printed is one screen (`brief.py`), unless all of it is asked for.
    `encoding` is that which its readers expect, wherever it is printed; None for that of the terminal.
    """

    id: str
    suffix: str
    media_type: str
    module: str
    passes: bool = False
    drift: bool = False
    brief: bool = False
    encoding: str | None = None

    @phase("wrote")
    def render(self, assessment: Assessment, out: Out, drift: Comparison | None = None) -> None:
        """Write a report to a stream, with drift where the format shows it."""
        shown = (drift,) if self.drift else ()
        import_module(self.module).write(assessment, out, *shown)


FORMATS: Final = {
    format.id: format
    for format in (
        Format("text", ".txt", "text/plain", "demarcate.report.terminal", brief=True),
        Format("html", ".html", "text/html", "demarcate.report.html", drift=True, encoding="utf-8"),
        Format("json", ".json", "application/json", "demarcate.report.json_report"),
        Format("csv", ".csv", "text/csv", "demarcate.report.findings_csv"),
    )
}


@dataclass(frozen=True, slots=True)
class Destination:
    """A file that a report is written to, and its format."""

    format: Format
    path: Path

    @classmethod
    def of(cls, text: str) -> Destination:
        """`FILE`, whose end tells the format, or `FORMAT=FILE`. Raises DemarcateError where neither tells it."""
        name, separator, rest = text.partition("=")
        if separator and name in FORMATS:
            return cls(FORMATS[name], Path(rest))
        path = Path(text)
        for format in FORMATS.values():
            if path.suffix.lower() == format.suffix:
                return cls(format, path)
        near = difflib.get_close_matches(name, FORMATS, 1) if separator else []
        hint = f"; did you mean {near[0]}=?" if near else ""
        ends = ", ".join(format.suffix for format in FORMATS.values())
        raise DemarcateError(f"{text}: name a file that ends in one of {ends}, or FORMAT=FILE{hint}")


def save(assessment: Assessment, to: Destination, drift: Comparison | None = None) -> None:
    """Write a report to a file, whole or not at all. Raises DemarcateError where it cannot be written."""
    try:
        with saving(to.path) as out:
            to.format.render(assessment, out, drift)
    except OSError as error:
        raise DemarcateError(f"{to.path}: cannot be written: {error.strerror or error}") from error

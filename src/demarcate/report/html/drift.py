"""Drift as one self-contained page, without scripts: what differs, where it is declared, and what was not compared.

The report of an assessment shows the same as one of its views.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from demarcate.drift.structs import Comparison, Drift, DriftKind
from demarcate.report.drift import lines_of_aws, together
from demarcate.report.html.page import page
from demarcate.report.html.words import Sign
from demarcate.report.out import Out
from demarcate.report.safe import in_words
from demarcate.version import __version__

SHOWN: Final = 500
"""How many of one kind are shown: more is for programs."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a resource and what of it, declared and live, with why, and where it is declared."""

    name: str
    resource: str
    what: str
    place: str
    declared: str
    live: str
    reasons: tuple[str, ...]
    file: str


@dataclass(frozen=True, slots=True)
class Section:
    """All drift of one kind; `more` are not shown."""

    kind: DriftKind
    sign: Sign
    title: str
    about: str
    count: int
    rows: tuple[Row, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A comparison, arranged for reading. `drifted` is how many differences there are; `aws` are lines."""

    comparison: Comparison
    moment: str
    drifted: int
    sections: tuple[Section, ...]
    aws: tuple[str, ...]


_SECTIONS: Final = {
    DriftKind.CHANGED: (Sign("×", "changed", "gap"), "Changed", "What is live is not what is declared."),
    DriftKind.MISSING: (Sign("×", "missing", "gap"), "Missing", "Declared, and not there."),
    DriftKind.UNDECLARED: (Sign("○", "undeclared", "unproven"), "Undeclared", "There, and declared by nothing."),
    DriftKind.NOT_COMPARED: (
        Sign("–", "not compared", "not-applicable"),
        "Not compared",
        "Neither drift nor as declared: what would have to be known for it is not.",
    ),
}


def write(comparison: Comparison, out: Out) -> None:
    """Write the page."""
    out.write(
        page(
            "demarcate.report.html",
            "drift.html.j2",
            styles=["look.css", "report.css", "drift.css"],
            context={"version": __version__, "drift": arranged(comparison)},
        )
    )


def arranged(comparison: Comparison) -> Shown:
    """What the page shows of a comparison."""
    sections = tuple(_section(kind, comparison.of(kind)) for kind in _SECTIONS)
    return Shown(
        comparison,
        comparison.moment[:16].replace("T", " "),
        sum(section.count for section in sections if section.kind is not DriftKind.NOT_COMPARED),
        sections,
        tuple(lines_of_aws(comparison.aws or ())),
    )


def _section(kind: DriftKind, drifts: Sequence[Drift]) -> Section:
    sign, title, about = _SECTIONS[kind]
    if kind is DriftKind.NOT_COMPARED:
        drifts = together(drifts)
    rows = tuple(map(_row, drifts[:SHOWN]))
    return Section(kind, sign, title, about, len(drifts), rows, len(drifts) - len(rows))


def _row(drift: Drift) -> Row:
    changed = drift.kind is DriftKind.CHANGED
    causes = tuple(f"{cause.at} {cause.event} by {cause.by}" for cause in drift.causes)
    return Row(
        name=drift.logical_id or "",
        resource=drift.resource if drift.resource != drift.logical_id else "",
        what=drift.column or drift.table,
        place=", ".join(part for part in (drift.account, drift.region) if part),
        declared=in_words(drift.declared) if changed else "",
        live=in_words(drift.live) if changed else "",
        reasons=(*((drift.reason,) if drift.reason else ()), *causes),
        file=f"{drift.file}:{drift.line}" if drift.file and drift.line else drift.file or "",
    )

"""Drift: for people, as JSON, and as SARIF on the lines of the templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from demarcate.drift.kept import document
from demarcate.drift.structs import AwsResult, Comparison, Drift, DriftKind
from demarcate.report import sarif
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.safe import in_words, json_text

_TITLES: Final = {
    DriftKind.CHANGED: "changed",
    DriftKind.MISSING: "missing",
    DriftKind.UNDECLARED: "undeclared",
    DriftKind.NOT_COMPARED: "not compared",
}

SHOWN: Final = 20
"""How many of what could not be compared are shown, unless all are asked for."""


def write(comparison: Comparison, console: Console, *, full: bool = False) -> None:
    """All differences, and what could not be compared."""
    counts = Counter(drift.kind for drift in comparison.drifts)
    told = ", ".join(f"{counts[kind]} {title}" for kind, title in _TITLES.items() if counts[kind])
    headline = f"{comparison.resources:,} resources compared, {comparison.values:,} values: {told or 'no drift'}"
    console.print_line(headline, bold=True)
    for kind, title in _TITLES.items():
        drifts = comparison.of(kind)
        if not drifts:
            continue
        console.print()
        console.print_line(f"{title} ({len(drifts)})", bold=True)
        if kind is DriftKind.NOT_COMPARED:
            _not_compared(drifts, console, full=full)
        else:
            for drift in drifts:
                _drift(drift, console)
    if comparison.aws is not None:
        console.print()
        _aws_results(comparison.aws, console, full=full)


def _aws_results(results: Sequence[AwsResult], console: Console, *, full: bool) -> None:
    console.print_line(f"AWS's own results ({sum(not result.reason for result in results)})", bold=True)
    for line in lines_of_aws(results, full=full):
        console.print_line(line, indent=2)


def lines_of_aws(results: Sequence[AwsResult], *, full: bool = False) -> list[str]:
    """What AWS says itself: all that it says has drifted or could not be read, and how often anything else."""
    lines: list[str] = []
    others: Counter[tuple[str, str]] = Counter()
    for result in results:
        if result.in_sync is not False and not result.reason and not full:
            others[result.by, result.status] += 1
            continue
        place = f" ({result.account}, {result.region})" if result.account else ""
        as_of = f", as of {result.at}" if result.at else ""
        said = result.reason or f"{result.resource}{place} {result.status}{as_of}"
        lines.append(f"{result.by}: {said}")
    return [*lines, *(f"{by}: {count:,} {status}" for (by, status), count in sorted(others.items()))]


def _drift(drift: Drift, console: Console) -> None:
    place = f" ({drift.account}, {drift.region})" if drift.account else ""
    name = (
        f"{drift.logical_id}: {drift.resource}"
        if drift.logical_id not in (None, drift.resource)
        else drift.resource
    )
    column = f" {drift.column}" if drift.column else ""
    console.print_line(f"{name}{column}{place}", indent=2)
    if drift.kind is DriftKind.CHANGED:
        console.print_line(f"declared {in_words(drift.declared)}", indent=4)
        console.print_line(f"live {in_words(drift.live)}", indent=4)
    if drift.reason:
        console.print_line(drift.reason, indent=4)
    for cause in drift.causes:
        console.print_line(f"{cause.at} {cause.event} by {cause.by}", indent=4)
    if drift.file:
        console.print_line(f"{drift.file}:{drift.line}" if drift.line else drift.file, indent=4)


def _not_compared(drifts: Sequence[Drift], console: Console, *, full: bool) -> None:
    """What could not be compared: the columns of a resource that have one reason together."""
    every = together(drifts)
    shown = every[: None if full else SHOWN]
    for drift in shown:
        _drift(drift, console)
    if len(shown) < len(every):
        console.print_line(f"… and {len(every) - len(shown)} more: --full shows them", indent=2)


def together(drifts: Sequence[Drift]) -> list[Drift]:
    """Drifts of which the columns of one resource with one reason are told together."""
    alike: dict[tuple[str, str, str | None, int | None], list[Drift]] = {}
    for drift in drifts:
        alike.setdefault((drift.resource, drift.reason, drift.file, drift.line), []).append(drift)
    return [
        msgspec.structs.replace(of[0], column=", ".join(drift.column for drift in of if drift.column) or None)
        for of in alike.values()
    ]


def write_json(comparison: Comparison, out: Out) -> None:
    """The comparison as one JSON document, which `drift/kept.py` reads again."""
    out.write(json_text(document(comparison)) + "\n")


def write_sarif(comparison: Comparison, out: Out) -> None:
    """What has a place in a template, as SARIF 2.1.0; what could not be compared is a note.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    rules = [{"id": f"drift-{kind}", "shortDescription": {"text": title}} for kind, title in _TITLES.items()]
    results = [_result(drift) for drift in comparison.drifts if drift.file is not None]
    driver = {**sarif.DRIVER, "rules": rules}
    document = {
        "$schema": sarif.SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    out.write(json_text(document) + "\n")


def _result(drift: Drift) -> dict[str, Any]:
    what = f"{drift.resource} {drift.column}" if drift.column else drift.resource
    message = f"{what}: {drift.reason}"
    if drift.kind is DriftKind.CHANGED:
        message = f"{what} is {in_words(drift.live)}, and declared as {in_words(drift.declared)}"
    return {
        "ruleId": f"drift-{drift.kind}",
        "level": "note" if drift.kind is DriftKind.NOT_COMPARED else "error",
        "message": sarif.message(message),
        "locations": [sarif.location(drift.file or "", drift.line)],
    }


def rows(comparison: Comparison) -> tuple[list[str], list[list[Any]]]:
    """All of it as columns and rows."""
    columns = [field.name for field in msgspec.structs.fields(Drift)]
    return columns, [[getattr(drift, name) for name in columns] for drift in comparison.drifts]

"""Who scans each node for patches: those with more than one writer first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from demarcate.patching.scans import Scans, Writer
from demarcate.report import rows
from demarcate.report.console import Console, Text
from demarcate.report.out import Out

COLUMNS = [
    "node",
    "name",
    "overlap",
    "writers",
    "perhaps",
    "last_writer",
    "last_execution_id",
    "last_written",
    "patch_compliance",
    "association_compliance",
    "reasons",
    "account_id",
    "region",
    "resource",
]

_GROUPS = (
    (True, "more than one scans it, and each overwrites the last one's result", "bold red"),
    (None, "whether more than one scans it is not known", "bold yellow"),
    (False, "one scans it, or none", "green"),
)


def write(scans: Sequence[Scans], format: str, out: Out, console: Console) -> None:
    """Write them: for people grouped by whether they overlap, for programs one row a node."""
    if format != "text":
        rows.write(COLUMNS, map(_record, scans), format, out)
        return
    if not scans:
        console.print_line("there are no nodes", bold=True)
    for overlap, title, style in _GROUPS:
        nodes = [each for each in scans if each.overlap is overlap]
        if not nodes:
            continue
        console.print(Text(f"\n{title} ({len(nodes):,})", style=style))
        for each in nodes:
            console.print_line(
                f"{each.name} {each.node if each.node != each.name else ''} {each.region}", indent=2
            )
            for line in _lines(each):
                console.print_line(line, indent=6)


def _lines(each: Scans) -> Iterator[str]:
    for writer in each.writers:
        yield _writer(writer)
    for writer in each.perhaps:
        yield f"perhaps {_writer(writer)}"
    if not each.writers and not each.perhaps:
        yield "nothing scans it on a schedule"
    if each.last is not None:
        when = f"{each.last.at:%Y-%m-%d %H:%M} UTC" if each.last.at is not None else "at a time that is not told"
        yield f"last written {when} by {each.last.what}"
    if each.patch_compliance or each.association_compliance:
        kinds = {"Patch": each.patch_compliance, "Association": each.association_compliance}
        yield "compliance: " + ", ".join(f"{kind} {status}" for kind, status in kinds.items() if status)
    yield from each.reasons


def _writer(writer: Writer) -> str:
    schedule = f", {writer.schedule}" if writer.schedule else ""
    kind = "" if writer.writes == "Patch" else f", writes compliance of the type {writer.writes}"
    return f"{writer.kind} {writer.name} ({writer.operation or 'operation not told'}{schedule}{kind})"


def _names(writers: Iterable[Writer]) -> list[str]:
    return [_writer(writer) for writer in writers]


def _record(each: Scans) -> list[Any]:
    last = each.last
    return [
        each.node,
        each.name,
        each.overlap,
        _names(each.writers),
        _names(each.perhaps),
        last.what if last is not None else None,
        last.execution_id if last is not None else None,
        last.at if last is not None else None,
        each.patch_compliance or None,
        each.association_compliance or None,
        list(each.reasons),
        each.account_id,
        each.region,
        each.resource,
    ]

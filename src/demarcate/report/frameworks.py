"""Frameworks, and an assessment along one: each requirement, whose it is, what speaks of it and how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding

from demarcate.checks.structs import Check
from demarcate.model import Model
from demarcate.model.frameworks import Framework
from demarcate.posture.frameworks import links
from demarcate.posture.structs import FrameworkPosture, RequirementPosture, State
from demarcate.report import rows
from demarcate.report.console import Console, Text
from demarcate.report.out import Out
from demarcate.report.safe import json_text, one_line

STATES: Mapping[State, tuple[str, str, str]] = {
    "gap": ("×", "gap", "bold red"),
    "unproven": ("·", "unproven", "yellow"),
    "waived": ("~", "waived", "dim"),
    "met": ("✓", "met", "green"),
    "provided": ("○", "provided by AWS", ""),
    "not-applicable": ("–", "not applicable", "dim"),
}
"""The sign of each state, its word and its style, in the order in which states are told."""

SHOWN_REASONS = 3
"""How many reasons of a requirement people are shown."""


def write_list(
    frameworks: Iterable[Framework], checks: Mapping[str, Check], model: Model, format: str, out: Out
) -> None:
    """Write what frameworks there are: how many requirements each has, and of how many of them checks speak."""
    listed = []
    for item in frameworks:
        of_each = links(item, checks, model).values()
        checked = sum(bool(link.checks) for link in of_each)
        spoken = sum(bool(link.responsibilities) and not link.checks for link in of_each)
        listed.append(
            [
                item.id,
                item.title,
                len(item.requirements),
                checked,
                spoken,
                item.dated.isoformat() if item.dated else None,
            ]
        )
    rows.write(["id", "title", "requirements", "by checks", "by evidence", "dated"], listed, format, out)


def write_links(of: Framework, checks: Mapping[str, Check], model: Model, format: str, out: Out) -> None:
    """Write the requirements of a framework with what speaks of each."""
    of_each = links(of, checks, model)
    if format == "text":
        columns = ["requirement", "title", "checks", "responsibilities"]
        told = [
            [item.id, item.title, len(of_each[item.id].checks), len(of_each[item.id].responsibilities)]
            for item in of.requirements
        ]
    else:
        columns = ["framework", "requirement", "title", "checks", "responsibilities", "controls"]
        told = [
            [of.id, item.id, item.title, list(link.checks), list(link.responsibilities), list(item.controls)]
            for item in of.requirements
            for link in (of_each[item.id],)
        ]
    rows.write(columns, told, format, out)


def write(posture: FrameworkPosture, format: str, out: Out, console: Console) -> None:
    """Write how an estate stands along a framework."""
    if format == "json":
        out.write(json_text(posture, indent=True) + "\n")
    elif format == "text":
        console.print_lines(section(posture))
    else:
        columns = [
            *("framework", "requirement", "title", "whose", "state", "because"),
            *("passed", "failed", "unknown", "waived", "checks", "not_judged", "responsibilities"),
        ]
        rows.write(columns, (_record(posture, item) for item in posture.requirements), format, out)


def _record(posture: FrameworkPosture, item: RequirementPosture) -> list[object]:
    totals = [sum(getattr(result, name) for result in item.checks) for name in ("passed", "failed", "unknown")]
    totals.append(sum(result.waived + result.waived_unknown for result in item.checks))
    checks = [result.check for result in item.checks]
    head = [posture.id, item.id, item.title, item.whose, item.state, "; ".join(item.because)]
    return [*head, *totals, checks, list(item.not_judged), list(item.responsibilities)]


def counts_of(posture: FrameworkPosture) -> str:
    """How many requirements are in which state, in words."""
    return ", ".join(
        f"{posture.states[state]} {word}" for state, (_, word, _) in STATES.items() if posture.states.get(state)
    )


def section(posture: FrameworkPosture) -> RenderableType:
    """How an estate stands along a framework, for a terminal: counts, then what is open with its reasons."""
    lines: list[RenderableType] = [Text.assemble("\n", (posture.title, "bold"), f"\n{counts_of(posture)}")]
    for state, (sign, word, style) in STATES.items():
        items = [item for item in posture.requirements if item.state == state]
        if not items:
            continue
        lines.append(Text.assemble("\n", (f"{sign} {word[0].upper()}{word[1:]}", style)))
        for item in items:
            lines.append(Padding(_requirement(item), (0, 0, 0, 2)))
            if state in ("gap", "unproven"):
                lines += _reasons(item)
    return Group(*lines)


def _requirement(item: RequirementPosture) -> Text:
    return Text.assemble((one_line(item.id), "bold"), f"  {one_line(item.title)}", overflow="fold")


def _reasons(item: RequirementPosture) -> list[RenderableType]:
    told = [Padding(Text(one_line(reason)), (0, 0, 0, 6)) for reason in item.because[:SHOWN_REASONS]]
    more = len(item.because) - SHOWN_REASONS
    if more > 0:
        told.append(Padding(Text(f"… and {more} more", style="dim"), (0, 0, 0, 6)))
    return [*told]

"""One thing of the model, explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from rich.padding import Padding

from demarcate.checks.catalog import load_checks
from demarcate.checks.structs import Check
from demarcate.model import Explanation, Model, NotInModelError, Responsibility
from demarcate.model import explain as find
from demarcate.posture.frameworks import Control, controls
from demarcate.report.console import Console, Text
from demarcate.report.halves import PARTIES, entry, proven_by, services_of, side_by_side
from demarcate.report.out import Out
from demarcate.report.safe import json_text


def write(model: Model, id: str, format: str, out: Out, console: Console) -> None:
    """Write all that is known by an id: of the model, a check's responsibility, or a control of others.

    Raises NotInModelError with the nearest ids where there is none.
    """
    checks = load_checks(responsibilities=model.owed)
    if id in checks and id not in model.responsibility:
        id = checks[id].responsibility
    try:
        explanation = find(model, id)
    except NotInModelError:
        if not (told_elsewhere := controls(id, checks, model)):
            raise
        write_controls(told_elsewhere, checks, model, format, out, console)
        return
    mine = [check for check in checks.values() if check.responsibility == id]
    if format == "json":
        told = msgspec.to_builtins(explanation) | {"checks": [check.id for check in mine]}
        out.write(json_text(told, indent=True) + "\n")
        return
    _print(model, explanation, mine, console)


def write_controls(
    told: Sequence[Control], checks: Mapping[str, Check], model: Model, format: str, out: Out, console: Console
) -> None:
    """Write what is known by an id that others use."""
    if format == "json":
        out.write(json_text(told, indent=True) + "\n")
        return
    same: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Control]] = {}
    for control in told:
        same.setdefault((control.checks, control.responsibilities), []).append(control)
    for (by_checks, by_people), controls_ in same.items():
        console.print()
        for control in controls_:
            console.print_lines(Text.assemble((f"{control.of} {control.id}", "bold"), f"  {control.title}"))
        for id_ in by_checks:
            console.print_lines(Padding(Text.assemble(f"{checks[id_].title}  ", (id_, "dim")), (0, 0, 0, 2)))
        for id_ in by_people:
            owed = model.responsibility[id_]
            console.print_lines(
                Padding(Text.assemble(f"{owed.title} ({PARTIES[owed.party]})  ", (id_, "dim")), (0, 0, 0, 2))
            )
        if not by_checks and not by_people:
            console.print_lines(Padding(Text("Nothing of the model speaks of it."), (0, 0, 0, 2)))


def _print(model: Model, explanation: Explanation, checks: list[Check], console: Console) -> None:
    if explanation.responsibility is not None:
        _responsibility(model, explanation.responsibility, checks, console)
    if explanation.area is not None:
        area = explanation.area
        console.print(Text.assemble(("\n" + area.title, "bold"), f"\n{area.why}"))
    if explanation.service is not None:
        service = explanation.service
        console.print(
            Text.assemble(("\n" + service.name, "bold"), f"  {service.type} ({service.cloud})\n{service.line}")
        )
        _sources(service.sources, console)
    if explanation.tool is not None:
        tool = explanation.tool
        console.print(
            Text.assemble(("\n" + tool.name, "bold"), f"\n{tool.purpose}\nAWS: {tool.provides}\nYou: {tool.owner}")
        )
    console.print()
    console.print(side_by_side([entry(r) for r in explanation.aws], [entry(r) for r in explanation.customer]))


def _responsibility(model: Model, r: Responsibility, checks: list[Check], console: Console) -> None:
    console.print(Text.assemble(("\n" + r.title, "bold"), (f"  {r.id}", "dim")))
    lines = [
        ("Whose", f"{PARTIES[r.party]}, in {model.area[r.area].title.lower()} (OSCAL: {r.oscal})"),
        ("What", r.description),
        ("Why there", r.why),
        ("For", services_of(r)),
        *(("Only when", f"{when.because} ({when.table}: {when.predicate})") for when in r.when),
        ("Proven by", proven_by(r)),
        *((name, ", ".join(ids)) for name, ids in r.controls.items()),
        ("Tools", ", ".join(model.tool[tool].name for tool in r.tools)),
        ("Checks", ", ".join(check.id for check in checks)),
    ]
    for name, value in lines:
        if value:
            console.print_lines(Padding(Text.assemble((f"{name}: ", "bold"), value), (0, 0, 0, 2)))
    _sources(r.sources, console)


def _sources(pages: Sequence[str], console: Console) -> None:
    """Pages of AWS's that say so, each whole on its line, so that a terminal can follow it."""
    for page in pages:
        console.print(Text.assemble(("  Source: ", "bold"), page), soft_wrap=True)

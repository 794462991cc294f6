"""Who logs what: what AWS logs of a service for itself and hands over, and what only its customer can switch on."""

from __future__ import annotations

from typing import Any, Final

from rich.padding import Padding

from demarcate.model import Model
from demarcate.report.console import Console, Text
from demarcate.report.out import Out
from demarcate.report.safe import json_text

AREA: Final = "logging-and-monitoring"
HANDED_OVER: Final = (f"{AREA}.log-aws-operations", "incident-response.provide-forensic-data")
"""AWS's responsibilities about what it logs for itself: in reports to everybody, and to the law."""


def told(model: Model, service: str | None) -> dict[str, Any]:
    """What is known: of one service, or of all that have a log of their own."""
    services = [service] if service is not None else list(dict.fromkeys(log.service for log in model.logging))
    owed = [
        each
        for each in model.responsibilities
        if each.party == "customer"
        and each.area == AREA
        and (each.services == "all" or (service is not None and each.covers(service)))
    ]
    return {
        "aws": [
            {
                "id": each.id,
                "title": each.title,
                "description": each.description,
                "why": each.why,
                "proof": [proof.ask for proof in each.proof if proof.ask],
            }
            for each in (model.responsibility[id_] for id_ in HANDED_OVER)
        ],
        "customer": [{"id": each.id, "title": each.title, "why": each.why} for each in owed],
        "logs": [
            {
                "service": log.service,
                "log": log.log,
                "default": log.default,
                "switch": log.switch,
                "source": log.source,
            }
            for name in services
            for log in model.logging
            if log.service == name
        ],
    }


def write(model: Model, service: str | None, format: str, out: Out, console: Console) -> None:
    """Write who logs what of a service, or of all."""
    all_ = told(model, service)
    if format == "json":
        out.write(json_text(all_, indent=True) + "\n")
        return
    of = f" of {model.service[service].name}" if service is not None else ""
    console.print_lines(Text(f"\nAWS logs for itself{of}, and hands over", style="bold"))
    for each in all_["aws"]:
        console.print_lines(Padding(Text.assemble(each["title"], (f"  {each['id']}", "dim")), (0, 0, 0, 2)))
        how = f"You get: {', '.join(each['proof'])}." if each["proof"] else ""
        for line in (each["description"], each["why"], how):
            if line:
                console.print_lines(Padding(Text(line), (0, 0, 0, 4)))
    console.print_lines(Text(f"\nOnly you can switch on{of}", style="bold"))
    console.print_lines(
        Padding(Text("calls of the API, kept beyond 90 days: a trail of CloudTrail"), (0, 0, 0, 2))
    )
    for log in all_["logs"]:
        name = "" if service is not None else f"{model.service[log['service']].name}: "
        is_on = " (on by itself)" if log["default"] == "on" else ""
        console.print_lines(Padding(Text(f"{name}{log['log']}{is_on}: {log['switch']}"), (0, 0, 0, 2)))
        console.print(Text.assemble(("    Source: ", "bold"), log["source"]), soft_wrap=True)
    if service is not None and not all_["logs"]:
        console.print_lines(Padding(Text("The model knows of no other log of it."), (0, 0, 0, 2)))
    console.print_lines(Text("\nYou owe", style="bold"))
    for each in all_["customer"]:
        console.print_lines(Padding(Text.assemble(each["title"], (f"  {each['id']}", "dim")), (0, 0, 0, 2)))

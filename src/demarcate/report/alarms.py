"""Alarms, proven: each chain from a trail to whoever is told, link by link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from demarcate.logs.alarms.links import Chain, Link, Proof, Verdict
from demarcate.report import rows
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.safe import json_text

_MARKS: Final = {True: "holds", False: "broken", None: "unknown"}
_SHOWN: Final = 3
"""How many events are named of those that take one way."""


def write(proofs: Sequence[Proof], format: str, out: Out, console: Console) -> None:
    """Every alarm with its chains. A link that is not known says why."""
    if format == "text":
        for proof in proofs:
            _text(proof, console)
        counts = Counter(proof.verdict for proof in proofs)
        told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
        console.print_line(f"{len(proofs)} alarms: {told}" if proofs else "no account was read", bold=True)
    elif format == "json":
        out.write(json_text([_plain(proof) for proof in proofs]) + "\n")
    else:
        columns = ["account_id", "alarm", "verdict", "events", "number", "link", "resource", "holds", "why"]
        rows.write(columns, [row for proof in proofs for row in _rows(proof)], format, out)


def _text(proof: Proof, console: Console) -> None:
    where = f" in account {proof.account}" if proof.account else ""
    console.print_line(f"{proof.alarm}: {proof.verdict}{where}", bold=True)
    for chain in proof.chains:
        console.print_line(_events(chain), indent=2)
        for link in chain.links:
            console.print_line(_line(link), indent=4)


def _events(chain: Chain) -> str:
    named = ", ".join(chain.events[:_SHOWN])
    more = f" and {len(chain.events) - _SHOWN} more" if len(chain.events) > _SHOWN else ""
    return f"{chain.verdict}: {named}{more}"


def _line(link: Link) -> str:
    what = f" {link.what}" if link.what else ""
    why = f": {link.why}" if link.why else ""
    return f"{_MARKS[link.holds]:<8} {link.name}{what}{why}"


def _plain(proof: Proof) -> dict[str, Any]:
    return {
        "account_id": proof.account or None,
        "alarm": proof.alarm,
        "verdict": proof.verdict,
        "chains": [
            {
                "verdict": chain.verdict,
                "events": list(chain.events),
                "links": [
                    {
                        "link": link.name,
                        "resource": link.what or None,
                        "holds": link.holds,
                        "why": link.why or None,
                    }
                    for link in chain.links
                ],
            }
            for chain in proof.chains
        ],
    }


def _rows(proof: Proof) -> list[list[Any]]:
    return [
        [
            *(proof.account or None, proof.alarm, chain.verdict, list(chain.events)),
            *(number, link.name, link.what or None, link.holds, link.why or None),
        ]
        for chain in proof.chains
        for number, link in enumerate(chain.links, 1)
    ]

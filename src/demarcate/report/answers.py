"""Answers to "who …?": the responsibilities meant, both halves, what proves each, and why the line runs there."""

from __future__ import annotations

from collections.abc import Sequence

from rich.padding import Padding

from demarcate.model import Answer, Match, Responsibility
from demarcate.report import rows
from demarcate.report.console import Console, Text
from demarcate.report.halves import PARTIES, proven_by, services_of
from demarcate.report.out import Out

COLUMNS = ["answer", "depends", "id", "party", "title", "services", "why", "proof", "counterparts"]

_HEADLINES = {"aws": "AWS.", "customer": "You.", "both": "Both: AWS has one half of it, and you have the other."}


def write(answer: Answer, format: str, out: Out, console: Console) -> None:
    """Write an answer, its matches best first. People see the best few whole and the others by name."""
    matches = answer.matches
    if format != "text":
        rows.write(COLUMNS, [_record(answer, match) for match in matches], format, out)
        return
    console.print(Text("\n" + _HEADLINES.get(answer.party, f"It depends on {answer.depends}."), style="bold"))
    best = _close(matches)
    for match in best:
        r = match.responsibility
        console.print(
            Text.assemble(("\n" + ("AWS" if r.party == "aws" else "You"), "bold"), ": ", (r.title, "bold"))
        )
        for half in (r, *match.counterparts[:4]):
            console.print(Padding(_half(half, whole=half is r), (0, 0, 0, 2)))
    others = [match.responsibility for match in matches if match not in best]
    if others:
        console.print(Text("\nPerhaps also", style="bold"))
        for r in others[:5]:
            console.print(Padding(Text.assemble(r.title, (f"  ({PARTIES[r.party]}) {r.id}", "dim")), (0, 0, 0, 2)))


def _close(matches: Sequence[Match]) -> list[Match]:
    """The best match, and one as good that is not its other half."""
    first = matches[0]
    seen = {first.responsibility.id, *(r.id for r in first.counterparts)}
    rest = [m for m in matches[1:3] if m.score >= 0.9 * first.score and m.responsibility.id not in seen]
    return [first, *rest]


def _half(r: Responsibility, *, whole: bool) -> Text:
    whose = "AWS's half " if r.party == "aws" else "Your half  "
    text = Text.assemble((whose, "bold"), r.title, (f"  {r.id}", "dim"))
    text.append(f"\n  {r.description}" if whole else "")
    text.append(f"\n  Why: {r.why}")
    text.append(f"\n  Proven by {proven_by(r)}", style="dim")
    if whole:
        text.append(f"\n  For {services_of(r)}", style="dim")
    return text


def unknown(question: str, answer: Answer) -> str:
    """What is said where there is no answer: what the model lacks, and what comes nearest."""
    lacking = f", as the model does not have {' or '.join(answer.elsewhere)}" if answer.elsewhere else ""
    nearest = "; ".join(f"{match.responsibility.title} ({match.responsibility.id})" for match in answer.nearest)
    told = f"I do not know that{lacking}; nearest: {nearest}" if nearest else f"I do not know that{lacking}"
    return f"{told}. Nothing in the model is about {question!r}; demarcate matrix shows all of it"


def _record(answer: Answer, match: Match) -> list[object]:
    r = match.responsibility
    services = r.services if r.services == "all" else list(r.services)
    head = [answer.party, answer.depends or None]
    return [
        *head,
        r.id,
        r.party,
        r.title,
        services,
        r.why,
        proven_by(r),
        [other.id for other in match.counterparts],
    ]

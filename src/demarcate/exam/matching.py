"""Questions that match one thing of the model with another: halves, areas, proofs and tools."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from demarcate.exam.apart import Apart
from demarcate.exam.drafts import Draft
from demarcate.exam.wording import ended, services_of, whose
from demarcate.model import Model, ProofKind, Responsibility, Tool
from demarcate.model.words import stems

PROOFS: dict[ProofKind, str] = {
    "checks": "A check of the resources themselves",
    "attestation": "An attestation that somebody signs",
    "training": "Training records of those concerned",
    "drill": "A drill, with a record of how it went",
    "report": "An auditor's report from AWS Artifact",
}

_ASKED = {
    "attestation": "To which job does this question of an auditor belong?",
    "training": "Which job is proven once training records say so?",
    "drill": "Which job does this drill prove?",
}

_SET_UP = re.compile(r"\b(enable|create|switch it on)\b")
"""What the model says of a tool that does nothing until its user sets it up."""


def drafts(model: Model) -> Iterator[Draft]:
    """All questions of this module."""
    apart = Apart(model)
    yield from _halves(model, apart)
    yield from _areas(model, apart)
    yield from _proofs(model)
    yield from _asked(model, apart)
    yield from _tools(model, apart)


def strangers(apart: Apart, to: Iterable[Responsibility], like: Responsibility) -> list[Responsibility]:
    """Responsibilities of one party that have nothing to do with any of these; those of its area come first."""
    candidates = [r for r in apart.from_all([like, *to]) if r.party == like.party]
    return sorted(candidates, key=lambda r: r.area != like.area)


def closest(responsibility: Responsibility, others: Iterable[Responsibility]) -> Responsibility | None:
    """Of counterparts the one that is most about the same, and least about anything else; None where there is none."""

    def nearness(other: Responsibility) -> tuple[float, ...]:
        mine, its = set(responsibility.services), set(other.services)
        named = "all" not in (responsibility.services, other.services)
        return (
            not other.when,  # two that hang on settings stand in for each other
            other.area == responsibility.area,
            len(mine & its) / len(mine | its) if named else responsibility.services == other.services,
            -len(other.counterpart),
        )

    return max(others, key=nearness, default=None)


def _halves(model: Model, apart: Apart) -> Iterator[Draft]:
    for responsibility in model.responsibilities:
        others = model.counterparts(responsibility)
        half = closest(responsibility, others)
        # Of a half that is closer to another, and about no service that both name, nobody would think.
        if half and (
            closest(half, model.counterparts(half)) == responsibility
            or set(services_of([responsibility])) & set(services_of([half]))
        ):
            wrong = strangers(apart, [responsibility, *others], half)
            ask = "What is your half of it?" if responsibility.party == "aws" else "What does AWS do for its half?"
            told = (
                f"{responsibility.title}."
                if responsibility.party == "aws"
                else f"Your half is this: “{responsibility.title}”."
            )
            yield Draft(
                id=f"half:{responsibility.id}:{half.id}",
                kind="half",
                form="yours" if responsibility.party == "aws" else "AWS's",
                area=half.area,
                services=services_of([responsibility, half]),
                text=f"{told} {ask}",
                right=half.title,
                wrong=tuple(r.title for r in wrong),
                near=sum(r.area == half.area for r in wrong),
                explanation=half.why,
                responsibilities=(responsibility.id, half.id),
                explain=half.id,
            )


def _areas(model: Model, apart: Apart) -> Iterator[Draft]:
    # An area that the title names is no question.
    asked = [r for r in model.responsibilities if not set(stems(model.area[r.area].title)) & set(stems(r.title))]
    # What is hardly ever right would be struck out unread.
    right = Counter(r.area for r in asked)
    offered = [area for area in model.areas if right[area.id] >= len(asked) / 20]
    # And what is right most of the time would be guessed: of that area no more are asked than of the next one.
    most = sorted(right.values())[-2]
    told = Counter[str]()
    for responsibility in asked:
        area = model.area[responsibility.area]
        told[area.id] += 1
        if told[area.id] > most:
            continue
        yield Draft(
            id=f"area:{responsibility.id}",
            kind="area",
            form=f"area of {responsibility.party}",
            area=area.id,
            services=services_of([responsibility]),
            text=f"To which area does this belong? “{responsibility.title}”",
            right=area.title,
            wrong=tuple(other.title for other in offered if apart.area(responsibility, other.id)),
            explanation=f"{area.aws} {area.customer}",
            responsibilities=(responsibility.id,),
            explain=responsibility.id,
        )


def _proofs(model: Model) -> Iterator[Draft]:
    # With several kinds, one alone proves nothing; and a title may name the kind.
    asked = [
        r
        for r in model.responsibilities
        if len(r.proof_kinds) == 1 and not set(stems(PROOFS[r.proof_kinds[0]])) & set(stems(r.title)) - {"aws"}
    ]
    offered = {r.proof_kinds[0] for r in asked}
    for responsibility in asked:
        kind = responsibility.proof_kinds[0]
        told = " ".join(f"What is asked for: “{ended(proof.ask)}”" for proof in responsibility.proof if proof.ask)
        yield Draft(
            id=f"proof:{responsibility.id}",
            kind="proof",
            form=f"by {kind}",
            area=responsibility.area,
            services=services_of([responsibility]),
            text=f"What proves that this is done? “{responsibility.title}”",
            right=PROOFS[kind],
            wrong=tuple(text for other, text in PROOFS.items() if other != kind and other in offered),
            explanation=f"{told} {whose(responsibility)}".strip(),
            responsibilities=(responsibility.id,),
            explain=responsibility.id,
        )


def _asked(model: Model, apart: Apart) -> Iterator[Draft]:
    for responsibility in model.responsibilities:
        for proof in responsibility.proof:
            if responsibility.party == "customer" and proof.ask is not None:
                wrong = strangers(apart, [], responsibility)
                yield Draft(
                    id=f"asked:{responsibility.id}:{proof.kind}",
                    kind="proof",
                    form="asked",
                    area=responsibility.area,
                    services=services_of([responsibility]),
                    text=f"“{proof.ask}” {_ASKED[proof.kind]}",
                    right=responsibility.title,
                    wrong=tuple(r.title for r in wrong),
                    near=sum(r.area == responsibility.area for r in wrong),
                    explanation=whose(responsibility),
                    responsibilities=(responsibility.id,),
                    explain=responsibility.id,
                )


def _tools(model: Model, apart: Apart) -> Iterator[Draft]:
    for tool in model.tools:
        others = [other for other in model.tools if apart.tools(tool, other)]
        others.sort(key=lambda other: not set(other.areas) & set(tool.areas))
        if _SET_UP.search(tool.owner):
            wrong = (awss(tool), yours(others[0]), awss(others[0]))
            yield _tool(model, tool, "Which tool does this, and who sets it up?", yours(tool), wrong)
        else:
            yield _tool(model, tool, "Which tool does this?", tool.name, tuple(other.name for other in others))


def _tool(model: Model, tool: Tool, ask: str, right: str, wrong: tuple[str, ...]) -> Draft:
    used = next((r.id for r in model.responsibilities if tool.id in r.tools and r.party == "customer"), None)
    return Draft(
        id=f"tool:{tool.id}",
        kind="tool",
        form="tool" if right == tool.name else "tool and owner",
        area=tool.areas[0],
        services=tool.services,
        text=f"{ask} “{tool.purpose}”",
        right=right,
        wrong=wrong,
        explanation=f"{tool.name}: {tool.provides} {tool.owner}",
        responsibilities=(used,) if used else (),
        explain=tool.id,
    )


def yours(tool: Tool) -> str:
    """A tool, and its customer as the one who sets it up."""
    return f"{tool.name}, which you set up yourself"


def awss(tool: Tool) -> str:
    """A tool, and AWS as the one who sets it up."""
    return f"{tool.name}, which AWS sets up for you"

"""Propose guardrails for what is met: what an assessment says of the responsibilities and checks that each keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demarcate.guardrails.load import load_guardrails
from demarcate.guardrails.structs import Guardrail
from demarcate.posture.structs import Posture


@dataclass(frozen=True, slots=True)
class Proposal:
    """A guardrail, and what of it is so in an estate already.

    `met` are the responsibilities that it keeps and that are met. `passing` are its checks that pass everywhere, with
    how many resources do; `failing` those that do not, with how many fail or are unknown. It is `proposed` where
    something is met or passes everywhere, and no check fails: whatever failed would be hurt, and not kept.
    """

    guardrail: Guardrail
    met: tuple[str, ...]
    passing: dict[str, int]
    failing: dict[str, int]

    @property
    def proposed(self) -> bool:
        """Whether there is something to keep."""
        return bool(self.met or self.passing) and not self.failing

    @property
    def why_not(self) -> str:
        """Why it is not proposed; empty where it is."""
        if self.failing:
            told = ", ".join(f"{check} ({count})" for check, count in self.failing.items())
            return f"not all of it is so yet: {told} fail or are unknown"
        return "" if self.proposed else "nothing that it keeps is met here"


def propose(posture: Posture) -> list[Proposal]:
    """What each guardrail would keep in the estate of a posture, in the order of the catalog."""
    states = {responsibility.id: responsibility.state for responsibility in posture.responsibilities}
    results = {result.check: result for item in posture.responsibilities for result in item.checks}

    def proposals() -> Iterator[Proposal]:
        for guardrail in load_guardrails().values():
            judged = {check: results[check] for check in guardrail.checks if check in results}
            bad = {check: result.failed + result.unknown for check, result in judged.items()}
            yield Proposal(
                guardrail,
                tuple(name for name in guardrail.keeps if states.get(name) == "met"),
                {check: result.passed for check, result in judged.items() if result.passed and not bad[check]},
                {check: count for check, count in bad.items() if count},
            )

    return list(proposals())

"""Who patches one resource: what AWS does, what you do, by when, and what proves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from demarcate.model import Party, Responsibility
from demarcate.posture.line import Drawn, ResourceLine
from demarcate.posture.structs import State

AREA = "patch-management"

NOTHING: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that one party patches on a resource.

    `applies` is None where the setting that tells is not known, for the reason `because`. `proof` is what proves it:
    the checks that judge this resource, and what else is asked for.
    """

    responsibility: str
    party: Party
    what: str
    description: str
    applies: bool | None
    because: str
    state: State | None
    told: str
    proof: tuple[str, ...]


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """Who patches one resource. `managed_by` is the service that operates it; else ''."""

    resource: str
    table: str
    service: str
    managed_by: str
    shares: tuple[Share, ...]

    def of(self, party: Party) -> tuple[Share, ...]:
        """The shares of one party."""
        return tuple(share for share in self.shares if share.party == party)


def whose(lines: Iterable[ResourceLine], also: Mapping[str, Sequence[str]] = NOTHING) -> list[Whose]:
    """Who patches a resource, by the line that was drawn for it: once for each service that it is of.

    `also` are checks of other rows that prove something of the resource, by their responsibility. What holds for every
    resource of the estate alike, such as to test patches first, is left out.
    """
    return [
        Whose(
            resource=line.resource,
            table=line.table,
            service=line.service.name,
            managed_by=line.managed_by,
            shares=tuple(_share(drawn, also) for drawn in line.drawn if _is_about_it(drawn)),
        )
        for line in lines
    ]


def _is_about_it(drawn: Drawn) -> bool:
    responsibility = drawn.responsibility
    if responsibility.area != AREA or drawn.applies is False:
        return False
    return responsibility.services != "all" or bool(drawn.because) or drawn.state == "gap"


def _share(drawn: Drawn, also: Mapping[str, Sequence[str]]) -> Share:
    responsibility = drawn.responsibility
    return Share(
        responsibility=responsibility.id,
        party=responsibility.party,
        what=responsibility.title,
        description=responsibility.description,
        applies=drawn.applies,
        because=drawn.because,
        state=drawn.state,
        told=drawn.told,
        proof=_proof(responsibility, (*drawn.checks, *also.get(responsibility.id, ()))),
    )


def _proof(responsibility: Responsibility, checks: Iterable[str]) -> tuple[str, ...]:
    asked = [f"{proof.kind}: {proof.ask}" for proof in responsibility.proof if proof.kind != "checks"]
    return (*(f"check {name}" for name in dict.fromkeys(checks)), *asked)

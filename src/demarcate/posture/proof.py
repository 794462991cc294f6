"""What evidence of people and of AWS does for a responsibility: proves it, breaks it, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import msgspec

from demarcate.evidence.structs import PROVES, EvidenceResult, Scope
from demarcate.model import Responsibility

_KINDS = {
    "attestation": "an attestation",
    "training": "a training record",
    "drill": "a drill",
    "report": "a provider report",
}

_BREAKS = ("failed", "incomplete")


class Covered(msgspec.Struct, frozen=True):
    """What evidence with a scope has to cover: accounts and regions (none in templates), and services present."""

    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    services: frozenset[str]


class Weighed(msgspec.Struct, frozen=True):
    """What evidence says: sentences for what proves, what breaks, and what is still needed."""

    proves: tuple[str, ...]
    breaks: tuple[str, ...]
    needs: tuple[str, ...]


def weigh_proofs(responsibility: Responsibility, results: Sequence[EvidenceResult], estate: Covered) -> Weighed:
    """Weigh all evidence about a responsibility against the proofs that it asks for, other than checks."""
    proves: list[str] = []
    needs: list[str] = []
    for proof in responsibility.proof:
        if proof.kind == "checks":
            continue
        about = [result for result in results if PROVES[result.kind] == proof.kind]
        good = [result for result in about if result.standing == "proves"]
        if good and covers((result.scope for result in good), responsibility, estate):
            proves += [_proving(result) for result in good]
        elif good:
            scopes = "; ".join(str(result.scope) for result in good)
            needs.append(f"{_KINDS[proof.kind]} covers only part of the estate ({scopes}): {proof.ask}")
        elif not any(result.standing in _BREAKS for result in about):
            needs.append(_needed(_KINDS[proof.kind], about, proof.ask or ""))
    breaks = [_breaking(result) for result in results if result.standing in _BREAKS]
    return Weighed(tuple(proves), tuple(breaks), tuple(needs))


def covers(scopes: Iterable[Scope], responsibility: Responsibility, estate: Covered) -> bool:
    """Whether scopes together cover all of the estate that the responsibility is about."""
    listed = list(scopes)
    if any(scope == Scope() for scope in listed):
        return True
    services = ["*"] if responsibility.services == "all" else sorted(estate.services & {*responsibility.services})
    everywhere = product(estate.accounts or ("*",), estate.regions or ("*",), services or ("*",))
    return all(
        any(
            _within(account, scope.accounts)
            and _within(region, scope.regions)
            and _within(service, scope.services)
            for scope in listed
        )
        for account, region, service in everywhere
    )


def _within(name: str, names: tuple[str, ...]) -> bool:
    return not names or name in names


def _proving(result: EvidenceResult) -> str:
    detail = f" ({result.detail})" if result.detail else ""
    return f"{result.title}{detail}, valid until {result.valid_until}"


def _breaking(result: EvidenceResult) -> str:
    if result.kind == "attestation":
        return f"{result.by} declares that it is not met: {result.title}"
    said = "has not been done by all" if result.standing == "incomplete" else "failed"
    return f"{result.title} {said}{f': {result.detail}' if result.detail else ''}"


def _needed(kind: str, about: Sequence[EvidenceResult], ask: str) -> str:
    why: Mapping[str, str] = {
        "contradicted": f"{kind} contradicts another",
        "expired": f"{kind} expired on {max((result.valid_until or '' for result in about), default='')}",
        "not-yet-valid": f"{kind} is not valid yet",
    }
    standing = next((name for name in why if any(result.standing == name for result in about)), None)
    return f"{why[standing]}: {ask}" if standing else f"needs {kind}: {ask}"

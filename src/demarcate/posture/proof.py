"""What evidence of people and of AWS does for a responsibility: proves it, breaks it, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from demarcate.evidence.structs import PROVES, EvidenceResult, Scope
from demarcate.model import Responsibility

_KINDS = {
    "attestation": "an attestation",
    "training": "a training record",
    "drill": "a drill",
    "report": "a provider report",
}

_BREAKS = ("failed", "incomplete")


@dataclass(frozen=True, slots=True)
class Covered:
    """What evidence with a scope has to cover: accounts and regions (none in templates), and services present."""

    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    services: frozenset[str]


@dataclass(frozen=True, slots=True)
class Weighed:
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
        about = [one for one in results if PROVES[one.kind] == proof.kind]
        good = [one for one in about if one.standing == "proves"]
        if good and covers((one.scope for one in good), responsibility, estate):
            proves += [_proving(one) for one in good]
        elif good:
            scopes = "; ".join(str(one.scope) for one in good)
            needs.append(f"{_KINDS[proof.kind]} covers only part of the estate ({scopes}): {proof.ask}")
        elif not any(one.standing in _BREAKS for one in about):
            needs.append(_needed(_KINDS[proof.kind], about, proof.ask or ""))
    breaks = [_breaking(one) for one in results if one.standing in _BREAKS]
    return Weighed(tuple(proves), tuple(breaks), tuple(needs))


def covers(scopes: Iterable[Scope], responsibility: Responsibility, estate: Covered) -> bool:
    """Whether scopes together cover all of the estate that the responsibility is about."""
    found = list(scopes)
    if any(scope == Scope() for scope in found):
        return True
    services = ["*"] if responsibility.services == "all" else sorted(estate.services & {*responsibility.services})
    everywhere = product(estate.accounts or ("*",), estate.regions or ("*",), services or ("*",))
    return all(
        any(
            _within(account, scope.accounts)
            and _within(region, scope.regions)
            and _within(service, scope.services)
            for scope in found
        )
        for account, region, service in everywhere
    )


def _within(name: str, names: tuple[str, ...]) -> bool:
    return not names or name in names


def _proving(one: EvidenceResult) -> str:
    detail = f" ({one.detail})" if one.detail else ""
    return f"{one.title}{detail}, valid until {one.valid_until}"


def _breaking(one: EvidenceResult) -> str:
    if one.kind == "attestation":
        return f"{one.by} declares that it is not met: {one.title}"
    said = "has not been done by all" if one.standing == "incomplete" else "failed"
    return f"{one.title} {said}{f': {one.detail}' if one.detail else ''}"


def _needed(kind: str, about: Sequence[EvidenceResult], ask: str) -> str:
    why: Mapping[str, str] = {
        "contradicted": f"{kind} contradicts another",
        "expired": f"{kind} expired on {max((one.valid_until or '' for one in about), default='')}",
        "not-yet-valid": f"{kind} is not valid yet",
    }
    standing = next((name for name in why if any(one.standing == name for one in about)), None)
    return f"{why[standing]}: {ask}" if standing else f"needs {kind}: {ask}"

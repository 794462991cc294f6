"""Values in evidence: dates, numbers and the ids of responsibilities, each checked against what may be there."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

from demarcate.evidence.problems import UnknownName, Unusable, shown
from demarcate.evidence.structs import PROVES, EvidenceKind
from demarcate.model import Model, Responsibility

PHISHING_SIMULATIONS = "awareness-and-training.run-phishing-simulations"
"""What a phishing exercise proves where it names nothing else."""

PROOFS: dict[str, str] = {
    "checks": "checks",
    "attestation": "an attestation",
    "training": "training records",
    "drill": "a drill",
    "report": "a provider report",
}
"""Kinds of proof, as people read them."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_YEAR = timedelta(days=365)


@lru_cache(maxsize=4096)
def iso_date(text: str) -> date | None:
    """The date in ISO 8601's form YYYY-MM-DD; None for anything else."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:  # 2026-02-30
        return None


def day(text: str, what: str) -> date:
    """A date. Raises Refused for another form: nobody can say which half of 03/04/2026 is the month."""
    parsed = iso_date(text)
    if parsed is None:
        raise Unusable(f"{what} is {shown(text)}; expected a date as YYYY-MM-DD, such as 2026-11-23")
    return parsed


def past_day(text: str, what: str, moment: date) -> date:
    """A date that is not after the moment. Raises Refused."""
    parsed = day(text, what)
    if parsed > moment:
        raise Unusable(f"{what} is {text}, after {moment}, the day of this assessment; expected what has happened")
    return parsed


def last_day(text: str, what: str, begin: date) -> date:
    """The last day on which something proves. Raises Refused where that is before its first."""
    parsed = day(text, what)
    if parsed < begin:
        raise Unusable(f"{what} is {text}, before {begin}, the day from which it holds; expected no earlier day")
    return parsed


def year_after(begin: date) -> date:
    """365 days later: how long something proves that does not say it itself."""
    return begin + _YEAR if begin <= date.max - _YEAR else date.max


def number(text: str, what: str, least: int = 0) -> int:
    """A whole number. Raises Refused for anything else, and where it is less than it can be."""
    if not _NUMBER.fullmatch(text) or int(text) < least:
        raise Unusable(f"{what} is {shown(text)}; expected a whole number, {least} or more")
    return int(text)


class Responsibilities:
    """The model's responsibilities, as evidence may name them."""

    def __init__(self, model: Model) -> None:
        self._all = model.responsibility
        self._seen: dict[tuple[str, EvidenceKind], str] = {}

    def named(self, name: str, kind: EvidenceKind) -> str:
        """The id, where there is such a responsibility and this kind of evidence can prove it. Raises Refused."""
        id = self._seen.get((name, kind))
        if id is None:
            id = self._seen[name, kind] = self._found(name, kind)
        return id

    def _found(self, name: str, kind: EvidenceKind) -> str:
        item = self._all.get(name)
        if item is None:
            raise UnknownName("responsibility", name, self._all)
        if PROVES[kind] not in item.proof_kinds:
            raise Unusable(_not_by(item, kind))
        return item.id

    def asked(self, report: str) -> tuple[str, ...]:
        """The ids of what a provider report of that name proves. Raises Refused where nothing asks for it."""
        asks = {proof.ask for item in self._all.values() for proof in item.proof if proof.kind == "report"}
        if report not in asks:
            known = sorted(ask for ask in asks if ask)
            hint = f"; known are: {', '.join(known)}. Another one needs 'covers': say what it proves"
            raise UnknownName("provider report", report, known, hint)
        return tuple(
            item.id
            for item in self._all.values()
            if any(proof.kind == "report" and proof.ask == report for proof in item.proof)
        )


def _not_by(item: Responsibility, kind: EvidenceKind) -> str:
    """Why this kind of evidence cannot prove it, and what can."""
    if item.party == "aws":
        return f"{item.id} is AWS's half; only a provider report proves it"
    if kind == "report":
        return f"{item.id} is your half; no report of AWS's proves it"
    can = " and ".join(PROOFS[proof] for proof in item.proof_kinds)
    return f"{item.id} is not proven by {PROOFS[PROVES[kind]]}; it takes {can}"

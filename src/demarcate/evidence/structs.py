"""What evidence is, once it is read: records of five kinds, and what they are worth at a moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Literal

import msgspec

from demarcate.base.errors import Problem
from demarcate.model import Model

EvidenceKind = Literal["attestation", "training", "phishing", "drill", "report"]

PROVES: dict[EvidenceKind, str] = {
    "attestation": "attestation",
    "training": "training",
    "phishing": "drill",
    "drill": "drill",
    "report": "report",
}
"""The kind of proof (as the model asks for it) that each kind of evidence gives."""

Standing = Literal["proves", "incomplete", "failed", "expired", "not-yet-valid", "contradicted"]
"""What evidence is worth. `incomplete` (some have not done it) and `failed` show that the half is not done;
`expired`, `not-yet-valid` and `contradicted` prove nothing either way."""


class Scope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For what an attestation speaks; an empty field means all."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    services: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [", ".join(names) for names in (self.accounts, self.regions, self.services) if names]
        return "; ".join(parts)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence, as it was written down.

    `title` is what was attested, the course, the exercise or the report's name. `by` is who attests, did it or
    led it. `on` is when (None: assigned, and not done yet), and it proves from then until `valid_until`, both
    included. `met` is false where it says itself that the responsibility is not met: an attestation to that
    effect, a failed exam or drill. `detail` holds figures of its kind, for people.
    """

    kind: EvidenceKind
    responsibilities: tuple[str, ...]
    title: str
    by: str
    on: date | None
    valid_until: date | None
    met: bool = True
    scope: Scope = Scope()
    detail: str = ""
    link: str | None = None
    file: str
    line: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that a folder or the ledger holds, and what in it could not be read or believed."""

    records: tuple[Record, ...] = ()
    problems: tuple[Problem, ...] = ()


ReadEvidence = Callable[[Model, date], Evidence]
"""Gives all evidence of one place as of a day. A folder and the ledger are such places."""


class EvidenceResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one piece of evidence (or, of training, all records of one course) is worth for one responsibility.

    Dates are ISO 8601. `file` and `line` say where it is written down.
    """

    kind: EvidenceKind
    title: str
    standing: Standing
    by: str
    on: str | None
    valid_until: str | None
    scope: Scope = Scope()
    detail: str = ""
    link: str | None = None
    file: str
    line: int

"""Attestations of which one says that a responsibility is met, and another that it is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from demarcate.evidence.structs import Record, Scope


def in_force(record: Record, moment: date) -> bool:
    """Whether it speaks of this day."""
    return (record.on is None or record.on <= moment) and (
        record.valid_until is None or moment <= record.valid_until
    )


def overlap(scope: Scope, other: Scope) -> bool:
    """Whether there may be something of which both speak. An empty field means all.

    >>> overlap(Scope(regions=("eu-west-1",)), Scope(accounts=("111122223333",)))
    True
    """
    pairs = (
        (scope.accounts, other.accounts),
        (scope.regions, other.regions),
        (scope.services, other.services),
    )
    return all(not mine or not theirs or not set(mine).isdisjoint(theirs) for mine, theirs in pairs)


def contradictions(records: Iterable[Record], moment: date) -> Iterator[tuple[str, Record, tuple[Record, ...]]]:
    """Each responsibility and attestation in force that says it is not met, with those that say it is."""
    said: dict[str, tuple[list[Record], list[Record]]] = {}
    for record in records:
        if record.kind == "attestation" and in_force(record, moment):
            for responsibility in record.responsibilities:
                said.setdefault(responsibility, ([], []))[record.met].append(record)
    for responsibility, (denials, assurances) in said.items():
        for denial in denials:
            if against := tuple(assurance for assurance in assurances if overlap(denial.scope, assurance.scope)):
                yield responsibility, denial, against


def contradicted(records: Iterable[Record], moment: date) -> Iterator[tuple[Record, str]]:
    """Each attestation in force that another one contradicts, with what people are told of it."""
    for responsibility, denial, assurances in contradictions(records, moment):
        first, more = assurances[0], len(assurances) - 1
        others = f" and {more} more" if more else ""
        yield (
            denial,
            f"says that {responsibility} is not met, but {first.file}:{first.line}{others} says that it is, for the "
            "same time and scope: neither is believed; end one (valid-until) or narrow its scope",
        )

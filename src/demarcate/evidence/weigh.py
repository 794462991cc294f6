"""What evidence is worth at a moment, by responsibility. Pure: nothing is read here but what is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from demarcate.evidence.contradictions import contradictions
from demarcate.evidence.structs import Evidence, EvidenceResult, Record, Standing

NAMED = 3
"""How many people a result names; the others are counted."""


def weigh(evidence: Evidence, moment: date) -> dict[str, tuple[EvidenceResult, ...]]:
    """The results of each responsibility of which some evidence speaks, the newest first.

    All training records of one course count together, of each drill and phishing exercise the newest one.
    """
    by_responsibility: dict[str, list[EvidenceResult]] = {}
    contradicted = _contradicted(evidence.records, moment)
    courses: dict[tuple[str, str], dict[str, Record]] = {}
    exercises: dict[tuple[str, str, str], Record] = {}
    for record in evidence.records:
        if record.kind == "training":
            for responsibility in record.responsibilities:
                people = courses.setdefault((responsibility, record.title), {})
                people[record.by] = _newer(people.get(record.by), record)
        elif record.kind in ("drill", "phishing"):
            for responsibility in record.responsibilities:
                key = (responsibility, record.kind, record.title)
                exercises[key] = _newer(exercises.get(key), record)
        else:
            for responsibility in record.responsibilities:
                standing = _standing(record, moment)
                if (responsibility, record) in contradicted:
                    standing = "contradicted"
                by_responsibility.setdefault(responsibility, []).append(_result(record, standing))
    for (responsibility, _, _), record in exercises.items():
        by_responsibility.setdefault(responsibility, []).append(_result(record, _standing(record, moment)))
    for (responsibility, _), people in courses.items():
        by_responsibility.setdefault(responsibility, []).append(_course(list(people.values()), moment))
    return {
        responsibility: tuple(_newest_first(by_responsibility[responsibility]))
        for responsibility in sorted(by_responsibility)
    }


def _contradicted(records: Iterable[Record], moment: date) -> set[tuple[str, Record]]:
    return {
        (responsibility, record)
        for responsibility, denial, assurances in contradictions(records, moment)
        for record in (denial, *assurances)
    }


def _newer(known: Record | None, record: Record) -> Record:
    """The one that was done later; of two of one day the one that was written down later."""
    if known is None or known.on is None:
        return record
    return record if record.on is not None and record.on >= known.on else known


def _standing(record: Record, moment: date) -> Standing:
    if record.on is not None and record.on > moment:
        return "not-yet-valid"
    if record.valid_until is not None and record.valid_until < moment:
        return "expired"
    return "proves" if record.met else "failed"


def _course(records: list[Record], moment: date) -> EvidenceResult:
    """What the newest record of each person on a course comes to."""
    done = [record for record in records if record.on is not None and record.met]
    missing = [record for record in records if record.on is None or _standing(record, moment) != "proves"]
    valid = len(records) - len(missing)
    newest = max(records, key=lambda record: record.on or date.min)
    shown = min(done, key=_end, default=newest)
    until: date | None = shown.valid_until
    standing: Standing
    if not missing:
        standing, detail = "proves", f"{valid:,} of {len(records):,} have done it"
    elif not valid and len(done) == len(records):
        standing, detail = "expired", f"{len(done):,} of {len(records):,} did it, too long ago"
    else:
        standing = "failed" if all(record.on for record in records) and not done else "incomplete"
        detail = (
            f"{valid:,} of {len(records):,} have done it; missing: {_named([missed.by for missed in missing])}"
        )
        shown, until = missing[0], None
    return EvidenceResult(
        kind="training",
        title=newest.title,
        standing=standing,
        by=newest.by if len(records) == 1 else f"{len(records)} people",
        on=_iso(newest.on),
        valid_until=_iso(until),
        detail=detail,
        file=shown.file,
        line=shown.line,
    )


def _end(record: Record) -> date:
    return record.valid_until or date.max


def _named(people: list[str]) -> str:
    more = f" and {len(people) - NAMED:,} more" if len(people) > NAMED else ""
    return ", ".join(people[:NAMED]) + more


def _result(record: Record, standing: Standing) -> EvidenceResult:
    return EvidenceResult(
        kind=record.kind,
        title=record.title,
        standing=standing,
        by=record.by,
        on=_iso(record.on),
        valid_until=_iso(record.valid_until),
        scope=record.scope,
        detail=record.detail,
        link=record.link,
        file=record.file,
        line=record.line,
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _newest_first(results: list[EvidenceResult]) -> Iterator[EvidenceResult]:
    by_place = sorted(results, key=lambda result: (result.file, result.line, result.title))
    yield from sorted(by_place, key=lambda result: result.on or "", reverse=True)

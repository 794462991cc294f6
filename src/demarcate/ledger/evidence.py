"""Evidence that lives in the ledger: the other place that gives it, beside a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec

from demarcate.base.errors import Problem
from demarcate.evidence.structs import Evidence, ReadEvidence, Record
from demarcate.ledger.entry import Act, Entry
from demarcate.ledger.ledger import Ledger
from demarcate.model import Model

RECORDED: Final = "evidence-recorded"
"""The kind of entry that has one piece of evidence."""


def act_of(record: Record, authority: str = "") -> Act:
    """What is appended for one piece of evidence. Where it was written down before stays with it."""
    names = record.responsibilities
    return Act(
        kind=RECORDED,
        authority=authority,
        responsibility=names[0] if len(names) == 1 else None,
        after=msgspec.to_builtins(record),
    )


def evidence_of_ledger(where: str | None) -> ReadEvidence:
    """What gives the evidence of a ledger: of what is named, or of the user's own."""

    def read(model: Model, moment: date) -> Evidence:
        with Ledger(where, reading=True) as ledger:
            return ledger_evidence(ledger, model, moment)

    return read


def ledger_evidence(ledger: Ledger, model: Model, moment: date) -> Evidence:
    """All evidence of a ledger as of a day; what cannot be read, or names what the model lacks, is a problem."""
    records, problems = [], []
    for entry in ledger.entries(kinds=(RECORDED,)):
        record = _record(entry, ledger.name)
        if isinstance(record, Problem):
            problems.append(record)
        elif unknown := [name for name in record.responsibilities if name not in model.responsibility]:
            problems.append(
                Problem(f"there is no responsibility {unknown[0]!r}: it proves nothing", ledger.name, entry.number)
            )
        elif record.on is None or record.on <= moment:
            records.append(record)
    return Evidence(records=tuple(records), problems=tuple(problems))


def _record(entry: Entry, name: str) -> Record | Problem:
    try:
        record = msgspec.convert(entry.act.after, Record)
    except msgspec.ValidationError as error:
        return Problem(f"is no evidence: {error}", name, entry.number)
    return msgspec.structs.replace(record, file=f"{name} (ledger)", line=entry.number)


def new_records(ledger: Ledger, records: Iterable[Record]) -> Iterator[Record]:
    """Those of some records that a ledger does not have yet, whatever file they stand in."""
    known = {
        _content(record)
        for entry in ledger.entries(kinds=(RECORDED,))
        if not isinstance(record := _record(entry, ledger.name), Problem)
    }
    for record in records:
        if (content := _content(record)) not in known:
            known.add(content)
            yield record


def _content(record: Record) -> Record:
    return msgspec.structs.replace(record, file="", line=0)

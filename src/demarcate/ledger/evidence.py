"""Evidence that lives in the ledger: the other place that gives it, beside a folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec

from demarcate.evidence.contradictions import contradicted
from demarcate.evidence.problems import Problems, Unusable
from demarcate.evidence.structs import Evidence, ReadEvidence, Record
from demarcate.evidence.values import Responsibilities
from demarcate.ledger.entry import Act, Actor, Entry
from demarcate.ledger.ledger import Ledger, Writer, entry_of
from demarcate.ledger.opening import LedgerError
from demarcate.ledger.verifying import verify
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
    """All evidence of a ledger as of a day.

    What cannot be read or believed is among the problems and is not counted, and so is all that `verify` finds: an
    entry that is not as it was written proves nothing.
    """
    problems = Problems()
    faults = verify(ledger.stored()).faults
    for fault in faults:
        problems.add(ledger.name, fault.number, f"the ledger is damaged: {fault}")
    damaged = {fault.number for fault in faults}
    known = Responsibilities(model)
    records = []
    for row in ledger.stored():
        if row.kind == RECORDED and row.number not in damaged:
            try:
                record = _record(entry_of(row), ledger.name)
                for name in record.responsibilities:
                    known.named(name, record.kind)
            except (LedgerError, Unusable) as error:
                problems.add(ledger.name, row.number, error)
            else:
                if record.on is None or record.on <= moment:
                    records.append(record)
    for denial, told in contradicted(records, moment):
        problems.add(denial.file, denial.line, told)
    return Evidence(records=tuple(records), problems=problems.listed())


def _record(entry: Entry, name: str) -> Record:
    """The evidence of an entry. Raises Unusable where it has none."""
    try:
        record = msgspec.convert(entry.act.after, Record)
    except msgspec.ValidationError as error:
        raise Unusable(f"is no evidence: {error}") from error
    return msgspec.structs.replace(record, file=f"{name} (ledger)", line=entry.number)


def import_records(ledger: Ledger, actor: Actor, records: Iterable[Record], authority: str) -> int:
    """Append those records that a ledger does not have yet, whatever file they stand in; return how many they were."""

    def store(writer: Writer) -> int:
        acts = [act_of(record, authority) for record in _new(ledger, records)]
        for act in acts:
            writer.append(act)
        return len(acts)

    return ledger.transact(actor, store)


def _new(ledger: Ledger, records: Iterable[Record]) -> Iterator[Record]:
    known = set()
    for entry in ledger.entries(kinds=(RECORDED,)):
        with contextlib.suppress(Unusable):
            known.add(_content(_record(entry, ledger.name)))
    for record in records:
        if (content := _content(record)) not in known:
            known.add(content)
            yield record


def _content(record: Record) -> Record:
    return msgspec.structs.replace(record, file="", line=0)

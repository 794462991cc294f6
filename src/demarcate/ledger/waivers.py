"""Waivers that live in the ledger: who accepted which finding, when, until when and why."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from demarcate.evidence.problems import Problems, Unusable
from demarcate.evidence.waivers import Known, ReadWaivers, Waiver, Waivers, refused
from demarcate.ledger.entry import Act, Entry
from demarcate.ledger.ledger import Ledger, entry_of
from demarcate.ledger.opening import LedgerError
from demarcate.ledger.verifying import verify

RECORDED: Final = "waiver-recorded"
"""The kind of entry that has one waiver."""


def act_of(waiver: Waiver, authority: str = "") -> Act:
    """What is appended for one waiver. Where it is written down beside the ledger stays with it."""
    return Act(
        kind=RECORDED,
        authority=authority,
        finding=waiver.finding,
        responsibility=waiver.responsibility,
        after=msgspec.to_builtins(waiver),
    )


def waivers_of_ledger(where: str | None) -> ReadWaivers:
    """What gives the waivers of a ledger: of what is named, or of the user's own."""

    def read(known: Known) -> Waivers:
        with Ledger(where, reading=True) as ledger:
            return ledger_waivers(ledger, known)

    return read


def ledger_waivers(ledger: Ledger, known: Known) -> Waivers:
    """All waivers of a ledger. Of several that waive the same, the last decision is the one that holds.

    What cannot be read or believed is among the problems, and so is all that `verify` finds: an entry that is not as
    it was written waives nothing.
    """
    problems = Problems()
    faults = verify(ledger.stored()).faults
    for fault in faults:
        problems.add(ledger.name, fault.number, f"the ledger is damaged: {fault}")
    damaged = {fault.number for fault in faults}
    waivers: dict[str, Waiver] = {}
    for row in ledger.stored():
        if row.kind == RECORDED and row.number not in damaged:
            try:
                waiver = _waiver(entry_of(row), ledger.name, known)
            except (LedgerError, Unusable) as error:
                problems.add(ledger.name, row.number, error)
            else:
                waivers[waiver.id] = waiver
    return Waivers(waivers=tuple(waivers.values()), problems=problems.listed())


def _waiver(entry: Entry, name: str, known: Known) -> Waiver:
    """The waiver of an entry. Raises Unusable where it has none."""
    said: Any = entry.act.after
    try:
        waiver = msgspec.convert(said, Waiver)
    except msgspec.ValidationError as error:
        raise Unusable(f"is no waiver: {error}") from error
    if why := refused(waiver, known):
        raise Unusable(why)
    return msgspec.structs.replace(waiver, file=f"{name} (ledger)", line=entry.number)

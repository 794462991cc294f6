"""Phishing exercises and drills: what was rehearsed, when, and how it went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from demarcate.evidence.cells import unescape, words
from demarcate.evidence.problems import Unusable
from demarcate.evidence.reading import Reading
from demarcate.evidence.structs import Record
from demarcate.evidence.tables import Layout, chosen, read_table, said
from demarcate.evidence.values import PHISHING_SIMULATIONS, last_day, number, past_day, year_after

PHISHING = Layout(
    required=("exercise", "date", "sent", "clicked", "reported"), optional=("responsibility", "valid_until")
)
DRILLS = Layout(
    required=("drill", "responsibility", "date", "led_by", "minutes", "outcome", "lessons"),
    optional=("valid_until",),
)

_OUTCOME = {"passed": True, "failed": False}


def read_phishing(path: Path, reading: Reading) -> Iterator[Record]:
    """The phishing exercises of one CSV file."""
    return read_table(path, PHISHING, _exercise, reading)


def read_drills(path: Path, reading: Reading) -> Iterator[Record]:
    """The drills of one CSV file."""
    return read_table(path, DRILLS, _drill, reading)


def _exercise(cells: Sequence[str], file: str, line: int, reading: Reading) -> Record:
    exercise, date, sent, clicked, reported, responsibility, valid_until = map(str.strip, cells)
    on = past_day(date, "date", reading.moment)
    mails = number(sent, "sent", 1)
    for column, cell in (("clicked", clicked), ("reported", reported)):
        if number(cell, column) > mails:
            raise Unusable(f"{column} is {cell}, more than sent ({mails}); expected at most as many")
    return Record(
        kind="phishing",
        responsibilities=(reading.responsibilities.named(responsibility or PHISHING_SIMULATIONS, "phishing"),),
        title=said(exercise, "exercise"),
        by="",
        on=on,
        valid_until=last_day(valid_until, "valid_until", on) if valid_until else year_after(on),
        detail=f"{mails} sent, {int(clicked)} clicked, {int(reported)} reported",
        file=file,
        line=line,
    )


def _drill(cells: Sequence[str], file: str, line: int, reading: Reading) -> Record:
    drill, responsibility, date, led_by, minutes, outcome, lessons, valid_until = map(str.strip, cells)
    on = past_day(date, "date", reading.moment)
    took = number(minutes, "minutes", 1)
    met = chosen(outcome, "outcome", _OUTCOME)
    learnt = words(unescape(lessons))
    return Record(
        kind="drill",
        responsibilities=(reading.responsibilities.named(responsibility, "drill"),),
        title=said(drill, "drill"),
        by=said(led_by, "led_by"),
        on=on,
        valid_until=last_day(valid_until, "valid_until", on) if valid_until else year_after(on),
        met=met,
        detail=f"{outcome.lower()}, {took} minute{'s' if took > 1 else ''}" + (f": {learnt}" if learnt else ""),
        file=file,
        line=line,
    )

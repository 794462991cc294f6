"""Training records: who was asked to do which course, and has done it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from demarcate.evidence.cells import unescape, words
from demarcate.evidence.problems import Unusable
from demarcate.evidence.reading import Reading
from demarcate.evidence.structs import Record
from demarcate.evidence.tables import Layout, chosen, read_table, said
from demarcate.evidence.values import day, last_day, past_day, year_after

TRAINING = Layout(
    required=("person", "course", "responsibility", "completed"),
    optional=("assigned", "valid_until", "score", "passed"),
)

_PASSED = {"yes": True, "no": False, "true": True, "false": False}


def read_training(path: Path, reading: Reading) -> Iterator[Record]:
    """The training records of one CSV file."""
    return read_table(path, TRAINING, _record, reading)


def _record(cells: Sequence[str], file: str, line: int, reading: Reading) -> Record:
    person, course, responsibility, completed, assigned, valid_until, score, passed = map(str.strip, cells)
    if assigned:
        past_day(assigned, "assigned", reading.moment)
    on: date | None = None
    until = day(valid_until, "valid_until") if valid_until else None
    met = chosen(passed, "passed", _PASSED) if passed else True
    if completed:
        on = past_day(completed, "completed", reading.moment)
        until = last_day(valid_until, "valid_until", on) if valid_until else year_after(on)
    elif passed and met:
        raise Unusable(f"passed is {passed}, but completed is empty; expected the date")
    return Record(
        kind="training",
        responsibilities=(reading.responsibilities.named(responsibility, "training"),),
        title=said(course, "course"),
        by=said(person, "person"),
        on=on,
        valid_until=until,
        met=met,
        detail=f"score {words(unescape(score))}" if score else "",
        file=file,
        line=line,
    )

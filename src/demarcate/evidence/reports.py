"""Provider reports: what an auditor says of AWS's half, as AWS Artifact hands it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from demarcate.evidence.lists import Entry, parse_list, read_list, said
from demarcate.evidence.problems import Unusable
from demarcate.evidence.reading import Reading
from demarcate.evidence.structs import Record
from demarcate.evidence.values import day, last_day, year_after


class _Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")


class _Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    name: str
    period: _Period
    file: str
    sha256: str
    valid_until: str | None = None
    covers: tuple[str, ...] | None = None
    report: str | None = None
    """The id that AWS Artifact has it under."""

    version: int | None = None


def read_reports(path: Path, reading: Reading) -> Iterator[Record]:
    """The provider reports of one YAML file; what is wrong in it is noted in `reading.problems`."""
    return _records(read_list(path, _Report, reading.problems), reading)


def parse_reports(text: str, file: str, reading: Reading) -> Iterator[Record]:
    """The provider reports of a text, as `read_reports` has those of a file."""
    return _records(parse_list(text, file, _Report, reading.problems), reading)


def _records(entries: Iterable[Entry[_Report]], reading: Reading) -> Iterator[Record]:
    for entry in entries:
        try:
            if names := _named(entry, reading):
                yield _record(entry, names, reading)
        except Unusable as refused:
            reading.problems.add(entry.file, refused.line or entry.line, refused)


def _named(entry: Entry[_Report], reading: Reading) -> tuple[str, ...]:
    """What it proves: what asks for a report of its name, or what it says itself."""
    covers = entry.value.covers
    if covers is None:
        with entry.at("name"):
            return reading.responsibilities.asked(entry.value.name)
    if not covers:
        raise Unusable("covers is empty; leave it out, or name responsibilities of AWS's", entry.line_of("covers"))
    names: list[str] = []
    for place, name in enumerate(covers):
        try:
            names.append(reading.responsibilities.named(name, "report"))
        except Unusable as refused:
            reading.problems.add(entry.file, entry.line_of("covers", place), refused)
    return tuple(dict.fromkeys(names))


def _record(entry: Entry[_Report], names: tuple[str, ...], reading: Reading) -> Record:
    written = entry.value
    with entry.at("period"):
        begin = day(written.period.begin, "period.from")
        end = last_day(written.period.end, "period.to", begin)
    with entry.at("valid-until"):
        until = (
            year_after(end) if written.valid_until is None else last_day(written.valid_until, "valid-until", begin)
        )
    with entry.at("file"):
        reading.documents.verify(written.file, written.sha256)
    return Record(
        kind="report",
        responsibilities=names,
        title=said(written.name, "name"),
        by="AWS",
        on=begin,
        valid_until=until,
        detail="; ".join(
            (f"for {begin} to {end}", *_under(written), f"{said(written.file, 'file')} (SHA-256 verified)")
        ),
        file=entry.file,
        line=entry.line,
    )


def _under(written: _Report) -> Iterator[str]:
    """Where AWS Artifact has it."""
    if written.version is not None:
        yield f"version {written.version}"
    if written.report is not None:
        yield said(written.report, "report")

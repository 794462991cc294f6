"""Add a provider report to an evidence folder: its document, with its SHA-256, and what it attests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_folder, read_bytes, write_whole
from demarcate.evidence import writing
from demarcate.evidence.hashes import Documents
from demarcate.evidence.problems import Problems, shown
from demarcate.evidence.reading import Reading
from demarcate.evidence.reports import parse_reports
from demarcate.evidence.structs import Record
from demarcate.evidence.values import Responsibilities
from demarcate.evidence.writing import scalar
from demarcate.model import Model

FILE: Final = Path("reports") / "artifact.yaml"
"""Where reports are added, in an evidence folder."""

DOCUMENTS: Final = "documents"

LARGEST: Final = 200_000_000
"""How many bytes a report may have."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a report: as a file of reports has it, and as it is written there."""

    name: str
    begin: str
    end: str
    valid_until: str | None = None
    covers: tuple[str, ...] = ()
    report: str | None = None
    version: int | None = None


def add_report(folder: Path, document: Path, told: Told, model: Model, today: date) -> Record:
    """Copy a report into an evidence folder, and say there what it proves. Returns it as it is read from there.

    What is there already is left as it is. Raises DemarcateError for a folder that there is not, a document that cannot
    be read or would take the place of another one, and for what a file of reports may not say.
    """
    if not is_folder(folder):
        raise DemarcateError(f"{folder}: there is no such folder; make it first")
    try:
        data = read_bytes(document, LARGEST)
    except OSError as error:
        raise DemarcateError(f"{document}: cannot be read: {error.strerror or error}") from error
    if not data:
        raise DemarcateError(f"{document}: is empty; download the report again")
    digest = hashlib.sha256(data).hexdigest()
    path = _place(folder, document, digest)
    records: list[Record] = []

    def changed(before: str) -> str:
        there, known = _read(before, folder, model, today)
        entry = writing.entry(_pairs(told, f"{DOCUMENTS}/{path.name}", digest))
        text = writing.added(before, str(folder / FILE), [entry])
        records[:], problems = _read(text, folder, model, today)
        if wrong := [problem for problem in problems if problem not in known]:
            raise DemarcateError(*wrong)
        if records[:-1] != there:
            raise DemarcateError(
                f"{folder / FILE}: is written in a way that nothing can be added to; add it by hand"
            )
        if any(_same(each, records[-1]) for each in there):
            raise DemarcateError(f"{folder / FILE}: has this report already, for these days")
        return text

    is_new = not path.exists()
    try:
        path.parent.mkdir(exist_ok=True)
        if is_new:
            write_whole(path, data)
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        writing.change(folder / FILE, changed)
    except DemarcateError:
        if is_new:  # a document without a word of what it is
            path.unlink(missing_ok=True)
        raise
    return records[-1]


def _place(folder: Path, document: Path, digest: str) -> Path:
    """Where a document lies in the folder. Raises DemarcateError where another one lies there."""
    if not document.name.isprintable() or "\\" in document.name:
        raise DemarcateError(f"{shown(str(document))}: is no name for a document; rename it")
    path = folder / DOCUMENTS / document.name
    if path.is_symlink() or path.parent.is_symlink():
        raise DemarcateError(f"{path}: is reached by a symbolic link; expected the file itself")
    try:
        if path.exists() and hashlib.sha256(read_bytes(path, LARGEST)).hexdigest() != digest:
            raise DemarcateError(f"{path}: is another document; rename {document}")
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
    return path


def _pairs(told: Told, name: str, digest: str) -> Iterator[tuple[str, str]]:
    yield "name", scalar(told.name)
    yield "period", f"{{from: {_date(told.begin)}, to: {_date(told.end)}}}"
    if told.valid_until is not None:
        yield "valid-until", _date(told.valid_until)
    if told.report is not None:
        yield "report", scalar(told.report)
    if told.version is not None:
        yield "version", str(told.version)
    yield "file", scalar(name)
    yield "sha256", scalar(digest)
    if told.covers:
        yield "covers", f"[{', '.join(map(scalar, told.covers))}]"


def _date(text: str) -> str:
    """A date as it is written; what is none is in quotes, and refused where it is read."""
    return text if len(text) == 10 and text.replace("-", "").isdigit() else scalar(text)


def _read(text: str, folder: Path, model: Model, today: date) -> tuple[list[Record], list[str]]:
    problems = Problems()
    reading = Reading(model, today, Responsibilities(model), Documents(folder), problems)
    records = list(parse_reports(text, str(folder / FILE), reading)) if text.strip() else []
    return records, [str(problem) for problem in problems.listed()]


def _same(record: Record, other: Record) -> bool:
    return (record.title, record.on, record.detail, record.responsibilities) == (
        *(other.title, other.on, other.detail, other.responsibilities),
    )

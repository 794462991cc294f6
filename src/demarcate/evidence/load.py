"""Read an evidence folder: everything that is in it, and what of it could not be read or believed."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from demarcate.base.errors import DemarcateError
from demarcate.evidence.attestations import read_attestations
from demarcate.evidence.contradictions import contradicted
from demarcate.evidence.exercises import read_drills, read_phishing
from demarcate.evidence.hashes import Documents
from demarcate.evidence.problems import Problems
from demarcate.evidence.reading import Reading
from demarcate.evidence.reports import read_reports
from demarcate.evidence.structs import Evidence, ReadEvidence, Record
from demarcate.evidence.training import read_training
from demarcate.evidence.values import Responsibilities
from demarcate.model import Model

Read = Callable[[Path, Reading], Iterator[Record]]

DOCUMENTS = "documents"


class _Kind(NamedTuple):
    endings: tuple[str, ...]
    read: Read


_YAML, _CSV = (".yaml", ".yml"), (".csv",)

KINDS = {
    "attestations": _Kind(_YAML, read_attestations),
    "training": _Kind(_CSV, read_training),
    "phishing": _Kind(_CSV, read_phishing),
    "drills": _Kind(_CSV, read_drills),
    "reports": _Kind(_YAML, read_reports),
}
"""What a folder may hold: a file of that name, or a folder of that name with such files."""


def folder_evidence(folder: Path) -> ReadEvidence:
    """What gives the evidence of a folder."""
    return lambda model, moment: load_evidence(folder, model, moment)


def load_evidence(folder: Path, model: Model, moment: date) -> Evidence:
    """All evidence in a folder, as of a day.

    What cannot be read or believed is among the problems and is not counted; the rest is. Raises DemarcateError
    where there is no such folder.
    """
    problems = Problems()
    reading = Reading(model, moment, Responsibilities(model), Documents(folder), problems)
    records = tuple(record for path, read in _files(folder, problems) for record in read(path, reading))
    for denial, told in contradicted(records, moment):
        problems.add(denial.file, denial.line, told)
    return Evidence(records=records, problems=problems.listed())


def _files(folder: Path, problems: Problems) -> Iterator[tuple[Path, Read]]:
    """The files with evidence in order of their names, each with what reads it."""
    try:
        entries = _entries(folder)
    except OSError as error:
        hint = {FileNotFoundError: "there is no such folder", NotADirectoryError: "is no folder"}
        what = hint.get(type(error), f"cannot be read: {error.strerror or error}")
        raise DemarcateError(f"{folder}: {what}; expected a folder with evidence") from error
    for path in entries:
        kind = KINDS.get(path.name)
        if kind and _is(path, stat.S_ISDIR):
            try:
                within = _entries(path)
            except OSError as error:
                problems.add(str(path), None, f"cannot be read: {error.strerror or error}")
                continue
            for file in within:
                if file.suffix.lower() in kind.endings and _is(file, stat.S_ISREG):
                    yield file, kind.read
                else:
                    _stray(file, problems)
        elif path.name != DOCUMENTS:
            kind = KINDS.get(path.stem)
            if kind and path.suffix.lower() in kind.endings and _is(path, stat.S_ISREG):
                yield path, kind.read
            else:
                _stray(path, problems)


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, by name, but for what is hidden and what explains it. Raises OSError."""
    return [path for path in sorted(folder.iterdir()) if path.name != "README.md" and path.name[0] != "."]


def _is(path: Path, what: Callable[[int], bool]) -> bool:
    """Whether a path itself, and not what a symbolic link leads to, is of a kind."""
    try:
        return what(path.lstat().st_mode)
    except OSError:
        return False


def _stray(path: Path, problems: Problems) -> None:
    """Tell of something that is no evidence. They are counted by folder: somebody may name the wrong one."""
    what = "is a symbolic link" if path.is_symlink() else "is no file of evidence"
    may = [f"{name}/*{'|'.join(kind.endings)}" for name, kind in KINDS.items()]
    problems.add(
        str(path),
        None,
        f"{what}; there may be {', '.join(may)}, {DOCUMENTS}/ and README.md",
        of=str(path.parent),
    )

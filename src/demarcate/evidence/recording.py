"""Write evidence: a row of training, added to an evidence folder, or a record for the ledger."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path

from demarcate.base.documents import DocumentError
from demarcate.base.errors import DemarcateError
from demarcate.base.files import alone, write_whole
from demarcate.evidence.cells import LONGEST, escape, words
from demarcate.evidence.structs import Record
from demarcate.evidence.tables import parsed
from demarcate.evidence.texts import read_text
from demarcate.evidence.training import TRAINING
from demarcate.evidence.values import year_after

FILE = Path("training") / "recorded.csv"
"""Where rows are added, in an evidence folder."""

WAIT = 10.0
"""For how many seconds another run may keep the file to itself."""

_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def append_training(
    folder: Path, *, person: str, course: str, responsibility: str, completed: date, score: str, passed: bool
) -> Path:
    """Add a training record to an evidence folder, and return the file that it is in.

    The file is written whole or not at all, and runs at the same time wait for each other. Raises DemarcateError
    where there is no such folder, a text cannot be written, or the file cannot be added to.
    """
    texts = {"person": person, "course": course, "responsibility": responsibility, "score": score}
    row = {name: escape(_writable(name, text)) for name, text in texts.items()}
    row |= {"completed": completed.isoformat(), "passed": "yes" if passed else "no"}
    path = folder / FILE
    if not folder.is_dir():
        raise DemarcateError(f"{folder}: there is no such folder; make it first")
    if path.parent.is_symlink() or path.is_symlink():
        raise DemarcateError(f"{path}: is reached by a symbolic link; expected a file in the evidence folder")
    try:
        path.parent.mkdir(exist_ok=True)
        with alone(path, WAIT):
            written = io.StringIO(_written(path), newline="")
            written.seek(0, io.SEEK_END)
            csv.DictWriter(written, TRAINING.columns, restval="", lineterminator="\n").writerow(row)
            write_whole(path, written.getvalue().encode())
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def training_record(
    *, person: str, course: str, responsibility: str, completed: date, score: str, passed: bool
) -> Record:
    """A training record as `append_training` writes it, for the ledger: it has no file.

    Raises DemarcateError where a text cannot be written.
    """
    return Record(
        kind="training",
        responsibilities=(responsibility,),
        title=_writable("course", course),
        by=_writable("person", person),
        on=completed,
        valid_until=year_after(completed),
        met=passed,
        detail=f"score {_writable('score', score)}",
        file="",
        line=0,
    )


def _writable(name: str, text: str) -> str:
    """A text on one line. Raises DemarcateError where no file can hold it."""
    text = words(text)
    if not text and name != "score":
        raise DemarcateError(f"{name} is empty; expected a text")
    if len(text) >= LONGEST or _NO_TEXT.search(text):
        raise DemarcateError(f"{name} cannot be written down: it is too long, or not all of it is text")
    return text


def _written(path: Path) -> str:
    """What the file holds already, whole rows under the columns that it must have; at least the columns."""
    if not path.exists():
        return ",".join(TRAINING.columns) + "\n"
    text = read_text(path)
    rows = list(parsed(text))
    broken = next(((line, cells) for line, cells in rows if isinstance(cells, str)), None)
    if broken:
        raise DocumentError(f"{broken[1]}; mend it, so that a row can be added", str(path), broken[0])
    if not rows or tuple(rows[0][1]) != TRAINING.columns:
        raise DocumentError(f"has other columns; expected {','.join(TRAINING.columns)}", str(path), 1)
    return text if text.endswith(("\n", "\r")) else f"{text}\n"

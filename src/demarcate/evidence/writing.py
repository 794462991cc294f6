"""Entries added to a YAML list that people keep: what stands in it stays as it is, comments and all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import yaml

from demarcate.base.documents import DocumentError, compose
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import alone, write_whole
from demarcate.evidence.texts import read_text

WAIT: Final = 10.0
"""For how many seconds another run may keep the file to itself."""

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./@-]*( [A-Za-z0-9_./@-]+)*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""What YAML, or an older version of it, takes for something else than a text."""

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def change(path: Path, changed: Callable[[str], str]) -> None:
    """Write a file anew, or make it, from what stands in it.

    It is written whole or not at all, and runs at the same time wait for each other. Raises DemarcateError where it
    cannot be read or written.
    """
    if path.is_symlink():
        raise DemarcateError(f"{path}: is a symbolic link; name the file itself")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path, WAIT):
            before = read_text(path) if path.exists() else ""
            write_whole(path, changed(before).encode())
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error


def added(before: str, file: str, entries: Iterable[str]) -> str:
    """A list with entries at its end. Raises DemarcateError for a list to which nothing can be added."""
    root = compose(before, file)
    indent = 0
    if isinstance(root, yaml.SequenceNode):
        if root.flow_style:
            raise DocumentError(
                "is a list in brackets, to which nothing can be added; begin each entry with '- '", file, 1
            )
        indent = root.start_mark.column
    text = before if not before or before.endswith("\n") else f"{before}\n"
    return text + "".join(_indented(entry, indent) for entry in entries)


def entry(pairs: Iterable[tuple[str, str]], notes: Iterable[str] = ()) -> str:
    """An entry of keys and values (which are YAML), with comments before it."""
    lines = [f"{'-' if number == 0 else ' '} {key}: {value}" for number, (key, value) in enumerate(pairs)]
    comments = (f"# {' '.join(note.split())}" for note in notes)
    return "".join(f"{line}\n" for line in (*comments, *lines))


def scalar(text: str) -> str:
    """A text as YAML: in quotes, unless every reader takes it for a text without."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not _DATE.fullmatch(text)
    if plain:
        return text
    # JSON is YAML, but for signs that no YAML document may have as they are.
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in to_json(text).decode())


def _indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}" for line in text.splitlines(keepends=True))

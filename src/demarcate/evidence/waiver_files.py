"""Write waivers into a file that people keep: what stands in it stays as it is, comments and all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import yaml

from demarcate.base.documents import DocumentError, compose
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import alone, write_whole
from demarcate.evidence.texts import read_text
from demarcate.evidence.waivers import Known, Waiver, WaiverScope, parse_waivers

WAIT: Final = 10.0
"""For how many seconds another run may keep the file to itself."""

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./@-]*( [A-Za-z0-9_./@-]+)*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""What YAML, or an older version of it, takes for something else than a text."""

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def append_waivers(path: Path, waivers: Sequence[Waiver], known: Known, notes: Sequence[str] = ()) -> None:
    """Add waivers at the end of a file, or make it. `notes` are comments before them.

    The file is written whole or not at all, and runs at the same time wait for each other. Raises DemarcateError where
    it cannot be read or written, is no list whose entries stand below one another, or waives the same already.
    """
    if path.is_symlink():
        raise DemarcateError(f"{path}: is a symbolic link; name the file itself")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path, WAIT):
            before = read_text(path) if path.exists() else ""
            text = _joined(before, str(path), waivers, known, notes)
            write_whole(path, text.encode())
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error


def _joined(before: str, file: str, waivers: Sequence[Waiver], known: Known, notes: Sequence[str]) -> str:
    """The text with the waivers at its end. Raises DemarcateError where they would not be read so."""
    there = parse_waivers(before, file, known).waivers
    lines = {waiver.id: waiver.line for waiver in there}
    for waiver in waivers:
        if waiver.id in lines:
            raise DemarcateError(f"{file}:{lines[waiver.id]}: waives the same already; change what stands there")
        lines[waiver.id] = 0
    root = compose(before, file)
    indent = 0
    if isinstance(root, yaml.SequenceNode):
        if root.flow_style:
            raise DocumentError(
                "is a list in brackets, to which nothing can be added; begin each entry with '- '", file, 1
            )
        indent = root.start_mark.column
    text = before if not before or before.endswith("\n") else f"{before}\n"
    text += "".join(_indented(entry(waiver, notes if waiver is waivers[0] else ()), indent) for waiver in waivers)
    after = parse_waivers(text, file, known).waivers
    if list(map(_said, after)) != [*map(_said, there), *map(_said, waivers)]:
        raise DocumentError("is written in a way that nothing can be added to; add the waiver by hand", file)
    return text


def _said(waiver: Waiver) -> tuple[object, ...]:
    return (waiver.id, waiver.reason, waiver.owner, waiver.until)


def entry(waiver: Waiver, notes: Iterable[str] = ()) -> str:
    """A waiver as an entry of a file, with comments before it."""
    named = next(name for name in ("check", "responsibility", "finding") if getattr(waiver, name) is not None)
    pairs = [(named, _scalar(getattr(waiver, named)))]
    if waiver.scope != WaiverScope():
        pairs.append(("scope", f"{{{', '.join(_scope(waiver.scope))}}}"))
    pairs.append(("reason", _scalar(waiver.reason)))
    if waiver.owner is not None:
        pairs.append(("owner", _scalar(waiver.owner)))
    if waiver.until is not None:
        pairs.append(("until", waiver.until.isoformat()))
    lines = [f"{'-' if number == 0 else ' '} {key}: {value}" for number, (key, value) in enumerate(pairs)]
    comments = (f"# {' '.join(note.split())}" for note in notes)
    return "".join(f"{line}\n" for line in (*comments, *lines))


def _scope(scope: WaiverScope) -> Iterable[str]:
    for name in ("accounts", "regions", "resources", "files"):
        if values := getattr(scope, name):
            yield f"{name}: [{', '.join(map(_scalar, values))}]"
    if scope.tags:
        yield f"tags: {{{', '.join(f'{_scalar(key)}: {_scalar(value)}' for key, value in scope.tags.items())}}}"


def _scalar(text: str) -> str:
    """A text as YAML: in quotes, unless every reader takes it for a text without."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not _DATE.fullmatch(text)
    if plain:
        return text
    # JSON is YAML, but for signs that no YAML document may have as they are.
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in to_json(text).decode())


def _indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}" for line in text.splitlines(keepends=True))

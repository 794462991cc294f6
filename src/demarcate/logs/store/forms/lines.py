"""What forms of one record a line have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from demarcate.logs.store.forms.form import LONGEST, Cut, Form, moment

_BESIDE = b"\x00\x01\x02\r"
"""Characters that no log has and that the database takes for something else."""


def whole_lines(pieces: Iterable[bytes], *, skipped: int = 0) -> Iterator[bytes]:
    """Pieces of a file as pieces that end with a line, without the first lines."""
    rest = b""
    for piece in pieces:
        text = rest + piece.translate(None, _BESIDE)
        while skipped and b"\n" in text:
            text = text[text.index(b"\n") + 1 :]
            skipped -= 1
        end = 0 if skipped else text.rfind(b"\n") + 1
        rest = text[end:]
        if end:
            yield text[:end]
    if rest and not skipped:
        yield rest + b"\n"


def cut(form: Form, pieces: Iterable[bytes], header: str = "", *, skipped: int = 0) -> Cut:
    """The lines of a file, without some at its beginning."""
    made = Cut(form, iter(()), header, lines=0)

    def counted() -> Iterator[bytes]:
        for piece in whole_lines(pieces, skipped=skipped):
            made.lines = (made.lines or 0) + piece.count(b"\n") - piece.count(b"\n\n") - piece.startswith(b"\n")
            yield piece

    made.pieces = counted()
    return made


def plain(pieces: Iterable[bytes], made: Cut, *, as_json: bool) -> Iterator[bytes]:
    """Lines that the database takes: those that are too long or no JSON objects are left out and counted, and what is
    not UTF-8 is replaced.
    """
    for piece in pieces:
        for line in piece.split(b"\n"):
            if not line:
                continue
            text = _anew(line) if as_json else line.decode(errors="replace").encode()
            if not 0 < len(text) < LONGEST:
                made.odd += 1
                continue
            yield text + b"\n"


def _anew(line: bytes) -> bytes:
    try:
        value = msgspec.json.decode(line)
        return msgspec.json.encode(value) if isinstance(value, dict) else b""
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return b""


def typed(value: str, type_: str) -> str:
    """SQL for a text as a column of a type; NULL for `-`, which is nothing, and for what is none of the type."""
    if type_ == "VARCHAR":
        return f"nullif({value}, '-')"
    if type_ == "TIMESTAMPTZ":
        return moment(value)
    return f"TRY_CAST(nullif({value}, '-') AS {type_})"


def matched(pattern: str, names: Iterable[str], lines: str) -> str:
    """SQL for lines taken apart by a regular expression as a structure `r` with a text for each group.

    Lines that it does not match are left out. RE2 runs it, in time that is linear in the line.
    """
    listed = ", ".join(f"'{name}'" for name in names)
    quoted = pattern.replace("'", "''")
    return (
        f"(SELECT regexp_extract(line, '{quoted}', [{listed}]) AS r FROM {lines} "
        f"WHERE regexp_matches(line, '{quoted}'))"
    )


def of_groups(columns: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """SQL for the columns that are groups of such a structure."""
    return {name: typed(f'r."{name}"', columns[name]) for name in names if name in columns}

"""Untrusted text made harmless: names, tags, titles and reasons may hold anything.

What may not be seen on its way out is chosen by its Unicode category, and not by a list: controls (but line feed and
tab), formats (what turns the reading direction, byte order marks, soft hyphens, tags), surrogates, private use,
unassigned, and separators of lines and paragraphs. In its place stands U+FFFD, so that people see that there was
something; JSON escapes it, and stays the same value. Combining marks, variation selectors and wide characters stay.
Of the formats only the joiners U+200C and U+200D stay, between characters that are not Latin: emoji, Arabic and
Indic scripts are written with them, and they move nothing.
"""

from __future__ import annotations

import base64
import math
import re
import unicodedata
from decimal import Decimal
from typing import Any, Final

import msgspec

from demarcate.base.encoding import Order, to_json
from demarcate.base.formulas import SIGNS

_SUSPECT: Final = re.compile("[^\n\t -~]+")
_SEEN: Final = bytes((*b"\n\t", *range(0x20, 0x7F)))
_JOINERS: Final = "\u200c\u200d"
_LATIN: Final = 0x300
"""The first code point after the Latin letters and their like."""


def printable(text: str) -> str:
    r"""Text without what would move a terminal's cursor, colour it, hide in it or turn the reading direction.

    >>> printable("a\x1b[31mb")
    'a\ufffd[31mb'
    """
    if text.isascii() and not text.encode().translate(None, _SEEN):
        return text  # as most is, and it takes a tenth of the time to see that
    return _SUSPECT.sub(_seen, text)


def _seen(match: re.Match[str]) -> str:
    run = match[0]
    if run.isprintable():
        return run
    return "".join(
        character if _visible(character) or _joins(run, place) else "\ufffd" for place, character in enumerate(run)
    )


def _visible(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _joins(run: str, place: int) -> bool:
    """Whether a joiner stands there, between two characters that it can join."""
    if run[place] not in _JOINERS or not 0 < place < len(run) - 1:
        return False
    return all(ord(beside) >= _LATIN and beside.isprintable() for beside in (run[place - 1], run[place + 1]))


def one_line(text: str) -> str:
    r"""Printable text on one line, so that it is part of ours and cannot forge one.

    >>> one_line("a\nb")
    'a b'
    """
    return " ".join(printable(text).split())


def text(value: Any) -> str:
    r"""The text of a value of any type, for people and for CSV: a list of plain values by commas, the rest as JSON.

    >>> text([1, "a", None]), text({"a": [True]}), text(b"\xff")
    ('1, a, ', '{"a":[true]}', '/w==')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, list | tuple) and not any(isinstance(item, list | tuple | dict) for item in value):
        return ", ".join(map(text, value))
    if isinstance(value, list | tuple | dict):
        return json_text(value)
    return str(value)


_FORMULA: Final = re.compile(rf"\t|[\s\"'\ufffd]*[{SIGNS}]")
# A spreadsheet that separates cells by semicolons or tabs, as those of many countries do, begins a cell within ours.
_FORMULA_WITHIN: Final = re.compile(rf"([;\t\n])(?=(?:[^\S\t\n]|[\"'\ufffd])*[{SIGNS}])")


_PLAIN: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9 .:,/_()-]*)?")
"""What is the same in a cell, which most values are."""


def cell(value: Any) -> str:
    """A CSV cell that no spreadsheet takes for a formula, of a value of any type; a number stays a number.

    An apostrophe stands before what would begin a formula, behind white space and quotes as well.

    >>> cell("=1+1"), cell(["=1+1", "a"]), cell(-5), cell("-5"), cell("a;=1")
    ("'=1+1", "'=1+1, a", '-5', "'-5", "a;'=1")
    """
    if value is None or (isinstance(value, str) and _PLAIN.fullmatch(value)):
        return value or ""
    told = printable(text(value))
    if isinstance(value, int | float | Decimal) and math.isfinite(value):
        return told
    apostrophe = "'" if _FORMULA.match(told) else ""
    return apostrophe + _FORMULA_WITHIN.sub(r"\1'", told)


def markdown(text: str) -> str:
    """Text for a cell of a Markdown table: nothing in it is markup, nor a character reference."""
    return re.sub(r"([\\`*_{}\[\]<>|#&~])", r"\\\1", one_line(text))


_UNSEEN: Final = re.compile("[^\n -~]")


def json_text(value: Any, *, indent: bool = False, order: Order = None) -> str:
    r"""A value as JSON, in which what `printable` would replace is escaped: it is the same value.

    >>> json_text({"a": "\x1b\u202e\x9b"})
    '{"a":"\\u001b\\u202e\\u009b"}'
    """
    data = to_json(value, order=order)
    if indent:
        data = msgspec.json.format(data)
    text = data.decode()
    if text.isascii() and "\x7f" not in text:  # JSON itself escapes the other controls
        return text
    return _UNSEEN.sub(_escaped, text)


def counted(number: int, what: str) -> str:
    """A number of things in words.

    >>> counted(1, "call"), counted(1200, "call")
    ('1 call', '1,200 calls')
    """
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def in_words(value: Any) -> str:
    """A value of JSON in one line that breaks at spaces; an empty text is none.

    >>> in_words({"Bucket": "logs", "Rules": ["a", None]})
    '{Bucket: logs, Rules: [a, none]}'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {in_words(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(in_words, value)) + "]"
    return "none" if value in (None, "") else value if isinstance(value, str) else json_text(value)


def escaped(text: str) -> str:
    r"""Text as the UTF-16 escapes that JSON has.

    >>> escaped("\U0001f600")
    '\\ud83d\\ude00'
    """
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _escaped(match: re.Match[str]) -> str:
    return match[0] if _visible(match[0]) else escaped(match[0])

"""Untrusted text made harmless: names and tags may hold anything."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Text without what would move a terminal's cursor, colour it or turn the reading direction.

    >>> printable("a\x1b[31mb")
    'a\ufffd[31mb'
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Printable text on one line."""
    return printable(" ".join(text.split()))


def cell(text: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula.

    >>> cell("=1+1")
    "'=1+1"
    """
    text = printable(text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def markdown(text: str) -> str:
    """Text for a cell of a Markdown table: nothing in it is markup."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", one_line(text))

"""Cells of CSV files: text that a spreadsheet could take for a formula is escaped when it is written."""

from __future__ import annotations

import re

from demarcate.base.formulas import SIGNS

LONGEST = 10_000
"""How many characters one cell may have."""

_LIKE_A_FORMULA = re.compile(rf"'*[{SIGNS}\t\r]")
_ESCAPED = re.compile(rf"'+[{SIGNS}\t\r]")


def escape(text: str) -> str:
    """Text that no spreadsheet takes for a formula, with an apostrophe before it where it needs one.

    >>> escape("=1+1")
    "'=1+1"
    """
    return f"'{text}" if _LIKE_A_FORMULA.match(text) else text


def unescape(cell: str) -> str:
    """The text that was escaped to this cell: takes away exactly the apostrophe that `escape` set.

    >>> unescape("'=1+1"), unescape("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if _ESCAPED.match(cell) else cell


def words(text: str) -> str:
    """Text on one line: any run of white space is one space, and there is none at the ends."""
    return " ".join(text.split())

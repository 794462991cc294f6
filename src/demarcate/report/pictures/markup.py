"""Text that stands in XML: nothing in it is markup, and nothing in it makes the document unreadable."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from demarcate.report.safe import printable

_NOT_XML = re.compile("[\ufffe\uffff]")


def text(told: str) -> str:
    """Text for the content of an element."""
    return escape(_NOT_XML.sub("\ufffd", printable(told)), {'"': "&quot;"})


def attribute(told: str) -> str:
    """Text for the value of an attribute, with its quotes."""
    return quoteattr(_NOT_XML.sub("\ufffd", printable(told)))


def number(value: float) -> str:
    """A length with at most two decimals, and none where there is none to tell."""
    return f"{value:.2f}".rstrip("0").rstrip(".")

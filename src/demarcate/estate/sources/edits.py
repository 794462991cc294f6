"""Edits of the files that an estate is declared in, as they are offered to people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edited:
    """The text of a file before and after it is edited."""

    file: str
    before: str
    after: str

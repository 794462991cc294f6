"""Drafts: all that a question can be made of, before chance chooses among its wrong choices."""

from __future__ import annotations

from dataclasses import dataclass

from demarcate.exam.structs import Kind

MOST_CHOICES = 4


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its right choice and every wrong one that it may be given.

    `form` tells ways of asking of one kind apart, so that an exam can vary them. Of `wrong`, the first `near` are
    harder to tell from the right one, and are taken first. The other fields are those of a question.
    """

    id: str
    kind: Kind
    form: str
    area: str | None
    services: tuple[str, ...]
    text: str
    right: str
    wrong: tuple[str, ...]
    explanation: str
    responsibilities: tuple[str, ...]
    explain: str
    near: int = 0
    resource: str | None = None

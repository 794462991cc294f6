"""All that the model lets us ask, made once, and by the worker alone that runs the tests that go through it."""

from __future__ import annotations

from functools import cache

from demarcate.exam.drafts import Draft
from demarcate.exam.questions import all_drafts
from demarcate.model import load


@cache
def drafts() -> tuple[Draft, ...]:
    """In order."""
    return tuple(all_drafts(load()))


@cache
def by_id() -> dict[str, Draft]:
    return {draft.id: draft for draft in drafts()}


def families() -> list[str]:
    """How their ids begin."""
    return sorted({draft.id.partition(":")[0] for draft in drafts()})

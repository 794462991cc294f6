"""Which stack a template is deployed as, and so which live resource each declared one is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from demarcate.base.errors import DemarcateError

ENOUGH: Final = 0.5
"""The share of a template's logical ids that a stack must have to be taken for its deployment."""


@dataclass(frozen=True, slots=True)
class Physical:
    """A live resource, as its stack calls it."""

    id: str
    type: str


@dataclass(slots=True)
class Stack:
    """A live stack and its resources, by logical id."""

    id: str
    name: str
    account: str
    region: str
    resources: dict[str, Physical] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pairing:
    """The stacks that each file is deployed as; none where none was found, and why."""

    stacks: Mapping[str, tuple[Stack, ...]]
    unpaired: Mapping[str, str]


def pair(
    declared: Mapping[str, Iterable[str]], stacks: Sequence[Stack], named: Mapping[str, Sequence[str]]
) -> Pairing:
    """Pair files (with their logical ids) and stacks. `named` says which stacks a file is, by name, where one knows.

    A file that nobody names is each stack that has most of its logical ids: one template may be several stacks.
    Raises DemarcateError for a name that no stack has.
    """
    paired: dict[str, tuple[Stack, ...]] = {}
    unpaired: dict[str, str] = {}
    having: dict[str, list[int]] = {}
    for place, stack in enumerate(stacks):
        for logical in stack.resources:
            having.setdefault(logical, []).append(place)
    for file, ids in declared.items():
        chosen = _named(file, stacks, named) if file in named else _likely(set(ids), stacks, having)
        if chosen:
            paired[file] = chosen
        else:
            unpaired[file] = (
                "no stack has its logical ids: name the one that it is deployed as (--stack FILE=NAME)"
            )
    return Pairing(paired, unpaired)


def _named(file: str, stacks: Sequence[Stack], named: Mapping[str, Sequence[str]]) -> tuple[Stack, ...]:
    chosen: list[Stack] = []
    for name in named[file]:
        of_name = [stack for stack in stacks if name in (stack.name, stack.id)]
        if not of_name:
            raise DemarcateError(f"there is no stack {name!r}, which --stack names for {file}")
        chosen += of_name
    return tuple(chosen)


def _likely(ids: set[str], stacks: Sequence[Stack], having: Mapping[str, Sequence[int]]) -> tuple[Stack, ...]:
    """The stacks that have most of the logical ids; `having` are the places of those that have each."""
    counts: Counter[int] = Counter()
    for logical in ids:
        counts.update(having.get(logical, ()))
    least = max(ENOUGH * len(ids), 0.8 * max(counts.values(), default=0))
    return tuple(stacks[place] for place, count in sorted(counts.items()) if count >= least)

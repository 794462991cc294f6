"""Which members golden rows are made with: those that there were when they were last written.

A later botocore has more, and an older one fewer: neither is a change of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.estate.golden.forms import Form

MOST = 8
"""Of the values that a text may have, so many are used."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: its form, what lists and maps of it hold in the end, and its number in its group."""

    name: str
    form: Form
    inner: Form
    number: int


@dataclass(slots=True)
class Outline:
    """The members of objects, in groups of a type, and the values of texts that may be a few only, by their own name.

    A member whose values are few stands with the name of these ("State ec2.VolumeState"). Who is in a group stays in
    its place, so that values stay what they are. With `anew` all is as there is today. `lacking` are the members that
    the versions installed here do not have: they are made all the same, but for objects.
    """

    kept: Mapping[str, Any]
    anew: bool = False
    used: dict[str, Any] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)
    _members: dict[str, list[Member]] = field(default_factory=dict)

    def members(self, form: Form) -> list[Member]:
        """The members to use of an object."""
        if form.name not in self._members:
            there = form.members()
            groups: dict[str, list[str]] = {
                group: list(names) for group, names in self.kept.get(form.name, {}).items()
            }
            if self.anew:
                groups = self._grouped(there, groups)
            self.used[form.name] = groups
            self._members[form.name] = [
                Member(name, known, _inner(known), number)
                for group, entries in groups.items()
                for number, (name, _, values) in enumerate(entry.partition(" ") for entry in entries)
                if (known := there.get(name) or self._unheard(name, group, values)) is not None
            ]
        return self._members[form.name]

    def _unheard(self, name: str, group: str, values: str) -> Form | None:
        """The form of a member that is not there, by its group; None for what holds objects."""
        self.lacking.add(name)
        kinds = [word for word in group.split() if not word.isdecimal()]
        return None if kinds[-1] == "object" else _of_kinds(kinds, values)

    def _grouped(self, there: Mapping[str, Form], before: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """What is there in groups: those that were in one in their order, and then the others."""
        today: dict[str, list[str]] = {}
        for name in sorted(there):
            inner = _inner(there[name])
            group, values = [*there[name].alike], self.values(inner)
            if values:
                group.append(str(len(values)))
            today.setdefault(" ".join(group), []).append(f"{name} {inner.name}" if values else name)
        return {group: _in_place(entries, before.get(group, ())) for group, entries in sorted(today.items())}

    def values(self, form: Form) -> list[str]:
        """The values that a text is chosen of; none where it may have any."""
        if form.kind != "text":
            return []
        if form.name not in self.used:
            values = list(self.kept.get(form.name, ()))
            if self.anew:
                values = _in_place(form.values, values)
            if len(values) < 2:
                return []
            self.used[form.name] = values[:MOST]
        return list(self.used[form.name])


def _of_kinds(kinds: Sequence[str], values: str) -> Form:
    """The form of what is of a kind within others ("list", "text"), and whose values have a name."""
    kind, *inner = kinds
    return Form(kind, "", item=lambda: _of_kinds(inner, values)) if inner else Form(kind, values)


def _inner(form: Form) -> Form:
    while form.item is not None:
        form = form.item()
    return form


def _in_place(today: Sequence[str], before: Sequence[str]) -> list[str]:
    """What there is today: first what there was before, in its order."""
    return [*(name for name in before if name in today), *(name for name in today if name not in before)]

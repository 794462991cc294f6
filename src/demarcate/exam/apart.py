"""What certainly has nothing to do with one another, by the model: from there wrong choices are taken."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import combinations

from demarcate.model import Model, Responsibility, Tool
from demarcate.model.words import stems


class Apart:
    """Tells what the model keeps apart."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @cached_property
    def _together(self) -> dict[str, set[str]]:
        """What each responsibility has that another may have too: tools, layers, training topics and practices.

        A counterpart is had by both sides.
        """
        model = self._model
        groups: list[tuple[str, Iterable[str]]] = [
            *((f"layer {t.id}", (*t.aws, *t.customer)) for t in model.topics),
            *((f"training {t.id}", (*t.aws, *t.customer)) for t in model.training.topics),
            *((f"practice {p.id}", p.responsibilities) for p in model.practices.groups),
            *((f"step {s.id}", s.responsibilities) for s in model.practices.drift),
            *((f"half {r.id}", (r.id, *r.counterpart)) for r in model.responsibilities),
        ]
        found = {r.id: {f"tool {tool}" for tool in r.tools} for r in model.responsibilities}
        for name, members in groups:
            for id_ in members:
                found[id_].add(name)
        return found

    @cached_property
    def _titles(self) -> dict[str, frozenset[str]]:
        return {r.id: frozenset(stems(r.title)) - {"aws"} for r in self._model.responsibilities}

    @cached_property
    def _used_together(self) -> set[tuple[str, str]]:
        return {(a, b) for r in self._model.responsibilities for a in r.tools for b in r.tools}

    def from_all(self, known: Iterable[Responsibility]) -> list[Responsibility]:
        """The responsibilities that are about something else than each of these, in the model's order."""
        found = set(self._model.responsibility).intersection(*(self._strangers[one.id] for one in known))
        return [r for r in self._model.responsibilities if r.id in found]

    @cached_property
    def _strangers(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {r.id: set() for r in self._model.responsibilities}
        for one, two in combinations(self._model.responsibilities, 2):
            if self._about_different_things(one, two):
                found[one.id].add(two.id)
                found[two.id].add(one.id)
        return found

    def _about_different_things(self, one: Responsibility, two: Responsibility) -> bool:
        """Whether they have no tool, layer, topic, practice or counterpart in common, and speak of different things.

        Within an area these are named services; from area to area it is every word of their titles.
        """
        if self._together[one.id] & self._together[two.id]:
            return False
        if one.area == two.area:
            return "all" not in (one.services, two.services) and not set(one.services) & set(two.services)
        return not self._titles[one.id] & self._titles[two.id]

    def tools(self, one: Tool, two: Tool) -> bool:
        """Whether two tools serve different ends: no responsibility names both, and they share no service."""
        return (
            one.id != two.id
            and (one.id, two.id) not in self._used_together
            and not set(one.services) & set(two.services)
        )

    def area(self, responsibility: Responsibility, area: str) -> bool:
        """Whether a responsibility has nothing of an area: no counterpart there, no tool, and none of its words."""
        model = self._model
        if area == responsibility.area or any(c.area == area for c in model.counterparts(responsibility)):
            return False
        if any(area in model.tool[tool].areas for tool in responsibility.tools):
            return False
        texts = (responsibility.title, responsibility.description, *responsibility.keywords)
        said = {word for text in texts for word in stems(text)}
        if said & set(stems(model.area[area].title)):
            return False
        return not any(
            self._titles[responsibility.id] & self._titles[r.id] for r in model.responsibilities if r.area == area
        )

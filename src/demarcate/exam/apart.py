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
        by_tool = {r.id: {f"tool {tool}" for tool in r.tools} for r in model.responsibilities}
        for name, members in groups:
            for id_ in members:
                by_tool[id_].add(name)
        return by_tool

    @cached_property
    def _titles(self) -> dict[str, frozenset[str]]:
        return {r.id: frozenset(stems(r.title)) - {"aws"} for r in self._model.responsibilities}

    @cached_property
    def _used_together(self) -> set[tuple[str, str]]:
        return {(a, b) for r in self._model.responsibilities for a in r.tools for b in r.tools}

    def from_all(self, known: Iterable[Responsibility]) -> list[Responsibility]:
        """The responsibilities that are about something else than each of these, in the model's order."""
        ids = set(self._model.responsibility).intersection(
            *(self._strangers[responsibility.id] for responsibility in known)
        )
        return [r for r in self._model.responsibilities if r.id in ids]

    @cached_property
    def _strangers(self) -> dict[str, set[str]]:
        strangers: dict[str, set[str]] = {r.id: set() for r in self._model.responsibilities}
        for first, second in combinations(self._model.responsibilities, 2):
            if self._about_different_things(first, second):
                strangers[first.id].add(second.id)
                strangers[second.id].add(first.id)
        return strangers

    def _about_different_things(self, first: Responsibility, second: Responsibility) -> bool:
        """Whether they have no tool, layer, topic, practice or counterpart in common, and speak of different things.

        Within an area these are named services; from area to area it is every word of their titles.
        """
        if self._together[first.id] & self._together[second.id]:
            return False
        if first.area == second.area:
            return "all" not in (first.services, second.services) and not set(first.services) & set(
                second.services
            )
        return not self._titles[first.id] & self._titles[second.id]

    def tools(self, first: Tool, second: Tool) -> bool:
        """Whether two tools serve different ends: no responsibility names both, and they share no service."""
        return (
            first.id != second.id
            and (first.id, second.id) not in self._used_together
            and not set(first.services) & set(second.services)
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

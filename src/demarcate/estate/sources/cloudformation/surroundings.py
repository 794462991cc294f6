"""What a stack and the templates around it know of each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from demarcate.estate.sources.cloudformation.budget import Share
from demarcate.estate.sources.cloudformation.problems import TemplateProblem
from demarcate.estate.sources.cloudformation.reading import Raw
from demarcate.estate.sources.cloudformation.suppositions import Suppositions


class Asking(Protocol):
    """A stack that asks for what another has."""

    def spend(self, cost: int) -> None:
        """Count what it costs. Raises Exhausted."""


class Surroundings(Protocol):
    """What a stack asks of the templates around it.

    `parameters` are the values given, by name; `names` the property that names a resource, and `same_as_ref` the
    attributes that are what Ref gives, by resource type. `ids` counts the stacks that have a logical id; they are
    known once `named`. `suppositions` are what is supposed for the moment, and `certain` those that suppose nothing.
    """

    parameters: Mapping[str, Any]
    names: Mapping[str, str]
    same_as_ref: Mapping[str, Collection[str]]
    ids: Counter[str]
    named: bool
    suppositions: Suppositions
    certain: Suppositions

    def report(self, problem: TemplateProblem) -> None:
        """Note what is wrong with a template."""

    def share(self, raw: Raw) -> Share:
        """What a template may still cost."""

    def exported(self, name: str, asking: Asking) -> Any:
        """The value that a stack exports under a name, or Unknown."""

    def included(self, raw: Raw, location: Any) -> Any:
        """The content of a file that a template includes, or Unknown."""

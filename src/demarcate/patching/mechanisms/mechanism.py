"""What installs an artefact of one kind: which resources it is for, whether there is a way back, and the steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from demarcate.base.encoding import from_json
from demarcate.changes.planning import Reader, declared_by
from demarcate.changes.structs import Read, Step
from demarcate.patching.artefacts import Artefact, Place
from demarcate.patching.rollback import Proof

Rows = Mapping[str, list[Mapping[str, Any]]]
"""The rows of each table that a mechanism names."""


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that may receive an artefact. `row` is what is known of it, `tags` are None where they are not.

    `resource` is its ARN, and `also` are other ARNs of the same thing. `why_not` says why an artefact cannot reach it.
    """

    account: str
    region: str
    resource: str
    name: str
    row: Mapping[str, Any]
    tags: Mapping[str, Any] | None
    also: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.account, self.region)


class NotFor(Exception):
    """An artefact that is not for a resource; the text says why, and is empty where it is of something else."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How an artefact is to be installed: of which plan, and whether with a copy of what cannot be taken back."""

    plan: str
    snapshots: bool


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One kind. `takes` is how its artefacts are written, and `about` what it does with them.

    `tables` are the columns that `targets` takes rows of. `artefact` gives what an artefact is read by, and raises
    ValueError for a text that names none. `looks` reads what the proof and the steps take beside the row, and raises
    NotFor and NotDone; `proof` is pure. `steps` are those for one resource, each of which is to have ended before the
    next. `reads` are all operations that it reads by. `gone` says which resources of a ring are not there any more,
    where having the artefact does not tell that.
    """

    kind: str
    takes: str
    about: str
    tables: Mapping[str, tuple[str, ...]]
    reads: frozenset[str]
    artefact: Callable[[str], Read]
    targets: Callable[[Rows, str], Iterable[Target]]
    looks: Callable[[Target, Artefact, Reader], Mapping[str, Any]]
    proof: Callable[[Mapping[str, Any], Wish], Proof]
    steps: Callable[[Target, Mapping[str, Any], Artefact, Wish, Reader], list[Step]]
    gone: Callable[[Rows, frozenset[str]], list[str]] | None = None
    freeze: Callable[[Any], tuple[str, str]] = lambda _content: ("", "")
    """A note about content that may still move, and an id by which AWS takes the same again."""


def tags_of(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The tags of a row; None where they are not known."""
    told = row.get("tags")
    if isinstance(told, str):
        told = from_json(told)
    return told if isinstance(told, dict) else None


def target_of(row: Mapping[str, Any], name: str, why_not: str = "") -> Target:
    """A row as what may receive an artefact."""
    return Target(row["account_id"], row["region"], row["resource"], name, row, tags_of(row), why_not=why_not)


def step_of(target: Target, reader: Reader, *, reads: Read, **told: Any) -> Step:
    """A step for a resource, planned against the state that is there now. Raises NotDone where it cannot be read."""
    return Step(
        account=target.account,
        region=target.region,
        resource=target.resource,
        reads=reads,
        before=reader.read(target.account, target.region, reads),
        tags=None if target.tags is None else {key: str(value) for key, value in target.tags.items()},
        responsibility=RESPONSIBILITY,
        declared=declared_by(target.tags),
        **told,
    )


RESPONSIBILITY = "patch-management.test-patches-in-staging"
"""What promoting an artefact ring by ring is for."""

HOURS = 3600.0

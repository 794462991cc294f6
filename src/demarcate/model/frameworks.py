"""Frameworks: lists of requirements that others publish, and what of ours speaks of each.

A framework is one file of `data/frameworks/`: the ids are the publisher's, the titles are our own words. A requirement
names the checks and the responsibilities that speak of it, or the controls of NIST SP 800-53 that it stands for, by
which checks and responsibilities that cite these are of it, too. One that nothing of ours speaks of stays in the list:
it needs evidence of its own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from demarcate.base import cache, documents
from demarcate.base.errors import DemarcateError
from demarcate.model.load import DATA, FRAMEWORKS, ModelError, problem_at
from demarcate.model.structs import Item

FOLDER = DATA / FRAMEWORKS

NIST = "nist-800-53-r5"
"""The kind of reference that controls of requirements are of."""


class Requirement(Item, frozen=True, kw_only=True):
    """One thing that a framework requires.

    `controls` are those of NIST SP 800-53 revision 5 that it stands for. With `attested`, checks that pass do not
    decide it alone: its responsibilities need their other evidence, too.
    """

    id: str
    title: str
    checks: tuple[str, ...] = ()
    responsibilities: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    attested: bool = False


class Framework(Item, frozen=True, kw_only=True):
    """A published list of requirements.

    `dated` is when this version was published, where that is known, and `source` where. With `refs`, checks and
    responsibilities that carry a reference of this kind are of the requirement with that id. `spoken` are words that
    people put before an id ("CIS 2.1.1"). With `attested`, checks are only part of each requirement.
    """

    id: str
    name: str
    version: str
    publisher: str
    dated: date | None = None
    source: str
    refs: str | None = None
    spoken: tuple[str, ...] = ()
    attested: bool = False
    requirements: tuple[Requirement, ...]

    @property
    def title(self) -> str:
        """Its name with its version."""
        return f"{self.name} {self.version}".rstrip()


def load_frameworks(folder: Path | None = None) -> dict[str, Framework]:
    """The frameworks of a folder, or those that ship with Demarcate (kept between runs), by id.

    Raises DocumentError for a file that holds something else than it should, and ModelError for an id that is used
    twice or is not the name of its file.
    """
    if folder is not None:
        return _by_id(_load(folder))
    files = [*sorted(FOLDER.glob("*.yaml")), Path(__file__)]
    key = cache.fingerprint(part for path in files for part in (path.name.encode(), path.read_bytes()))
    return _by_id(cache.cached("frameworks", key, tuple[Framework, ...], lambda: _load(FOLDER)))


def framework(id_: str) -> Framework:
    """The framework with this id. Raises DemarcateError where there is none, with the nearest one."""
    frameworks = load_frameworks()
    if id_ in frameworks:
        return frameworks[id_]
    near = difflib.get_close_matches(id_.lower(), frameworks, 1, 0.4)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise DemarcateError(f"no framework is called {id_!r}{hint} (demarcate frameworks list shows all)")


def _by_id(frameworks: Iterable[Framework]) -> dict[str, Framework]:
    return {item.id: item for item in frameworks}


def _load(folder: Path) -> tuple[Framework, ...]:
    frameworks, problems = [], []
    for path in sorted(folder.glob("*.yaml")):
        item = documents.read(path, Framework)
        if item.id != path.stem:
            problems.append(problem_at(path, item.id, f"is not the name of its file, {path.stem}"))
        ids = [requirement.id for requirement in item.requirements]
        twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
        problems += [problem_at(path, id_, "is used twice") for id_ in twice]
        frameworks.append(item)
    if problems:
        raise ModelError(problems)
    return tuple(frameworks)

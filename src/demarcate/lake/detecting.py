"""Parts of a log store as tasks: each matches its events in a process of its own, wherever an engine starts it.

A task is given files of some accounts and days and comes to the few events that rules match. What depends on order,
across accounts and days, is looked at by who asked (`logs/detecting/places.py`).
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_folder
from demarcate.lake.engines import Engine
from demarcate.logs.detecting.running import Detector
from demarcate.logs.detecting.stored import Group, Matched, Run, Work, decode, encode, match_apart
from demarcate.version import __version__


@dataclass(frozen=True, slots=True)
class MatchGroups:
    """The task of matching a group of a store's files, by its number. `work` is the same for all of them, as bytes."""

    work: bytes
    groups: Sequence[Group]

    def __call__(self, number: int) -> bytes:
        """What it comes to, as `decode` reads it.

        Raises DemarcateError where this machine does not see the store, or has another version of Demarcate; and
        OSError where it can keep nothing.
        """
        work = msgspec.msgpack.decode(self.work, type=Work)
        if work.demarcate != __version__:
            raise DemarcateError(
                f"{platform.node()} has Demarcate {__version__}, and was asked by {work.demarcate}: install the same"
            )
        if not is_folder(Path(work.store)):
            raise DemarcateError(
                f"{platform.node()} does not see {work.store}: a log store must lie where all workers reach it"
            )
        return encode(match_apart(msgspec.structs.replace(work, group=self.groups[number])))


def run_by(engine: Engine) -> Run:
    """What matches groups by an engine. It raises DemarcateError as `Engine.run` does."""

    def run(store: Path, detector: Detector, groups: Sequence[Group]) -> Iterator[Matched]:
        if not groups:
            return
        rules = tuple(msgspec.structs.replace(rule, examples=None) for rule in detector.rules)
        work = Work(store=str(store.absolute()), rules=rules, threads=1)
        for told in engine.run(MatchGroups(msgspec.msgpack.encode(work), groups), len(groups)):
            yield decode(told)

    return run

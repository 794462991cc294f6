"""What is given to a target, and what a target is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link, and where it leads."""

    to: str


Input = Mapping[str, bytes | Link]
"""Files by their names, relative to the folder that they are put into."""


class Target(Protocol):
    """A way into Demarcate. A module that has these functions is one."""

    def prepare(self) -> None:
        """Make what is made once in a process, so that it is not counted for the first input."""

    def make(self, random: Random, /) -> Input:
        """An input. The same numbers make the same one."""

    def run(self, given: Input, folder: Path, /) -> None:
        """Give it to Demarcate; `folder` is an empty one for the target's use.

        A DemarcateError is an answer, and whatever else is raised is a fault.
        """


def put(given: Input, folder: Path) -> None:
    """Write an input's files into a folder."""
    for name, content in given.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.to)
        else:
            path.write_bytes(content)


def get(folder: Path) -> Input:
    """The input whose files are in a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return {
        str(path.relative_to(folder)): Link(str(path.readlink())) if path.is_symlink() else path.read_bytes()
        for path in paths
    }


def size(given: Input) -> int:
    """How many bytes an input has."""
    return sum(len(content.to) if isinstance(content, Link) else len(content) for content in given.values())

"""Which files to read: files as given, and directories walked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demarcate.base.errors import DemarcateError, Problem

SUFFIXES = (".yaml", ".yml", ".json", ".template")
SKIPPED = {"node_modules"}


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read: `file` is how the user would write it, `explicit` whether they named it themselves,
    `top` the path given that it was found under.
    """

    path: Path
    file: str
    explicit: bool
    top: Path


def find(paths: Sequence[Path], problems: list[Problem]) -> Iterator[Found]:
    """The files under some paths, in order.

    Hidden directories and node_modules are skipped; symlinks are followed, one that leads back to where it
    came from is a Problem. Raises DemarcateError for a path that does not exist.
    """
    for path in paths:
        try:
            path.stat()
        except FileNotFoundError:
            raise DemarcateError(f"{path}: there is no such file or directory") from None
        except OSError as error:
            if not path.is_symlink():
                raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise DemarcateError(f"{path}: is no path: {error}") from error
        if path.is_dir():
            yield from _walk(path, problems)
        else:
            yield Found(path, str(path), True, path)


def _walk(top: Path, problems: list[Problem]) -> Iterator[Found]:
    stack: list[tuple[str, tuple[str, ...]]] = [(str(top), ())]
    walked: set[str] = set()
    while stack:
        directory, above = stack.pop()
        real = os.path.realpath(directory)
        if real in above:
            problems.append(
                Problem("is a symlink that leads back to a directory above it; not followed", directory)
            )
            continue
        if real in walked:
            continue
        walked.add(real)
        try:
            with os.scandir(directory) as listing:
                children = sorted(listing, key=lambda child: child.name)
        except OSError as error:
            problems.append(Problem(f"cannot be read: {error.strerror or error}", directory))
            continue
        below = []
        for child in children:
            name = child.name
            try:
                is_directory = child.is_dir()
            except OSError:
                is_directory = False
            if is_directory:
                if not name.startswith(".") and name not in SKIPPED:
                    below.append((child.path, (*above, real)))
            elif name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Found(Path(child.path), str(Path(child.path)), False, top)
        stack.extend(reversed(below))

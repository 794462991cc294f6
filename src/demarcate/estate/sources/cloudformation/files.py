"""Which files to read: files as given, and directories walked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_folder, is_standard_input, walk
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.cloudformation.problems import TemplateProblem

SUFFIXES = (".yaml", ".yml", ".json", ".template")
SKIPPED = frozenset({"node_modules"})


class Found(msgspec.Struct, frozen=True):
    """A file to read: `file` is how the user would write it, `explicit` whether they named it themselves,
    `top` the path given that it was found under.
    """

    path: Path
    file: str
    explicit: bool
    top: Path


def find(paths: Sequence[Path], problems: list[TemplateProblem]) -> Iterator[Found]:
    """The files under some paths, in order.

    Hidden directories and node_modules are skipped; symlinks are followed where they stay within what was given,
    one that leads out of it or back to where it came from is a Problem. Raises DemarcateError for a path that does
    not exist.
    """
    within = folders_of(paths)

    def refuse(path: Path, why: str) -> None:
        problems.append(TemplateProblem(why, str(path), kind=Kind.UNREADABLE))

    for path in paths:
        if is_standard_input(path):
            yield Found(path, str(path), True, path)
            continue
        try:
            path.stat()
        except FileNotFoundError:
            raise DemarcateError(f"{path}: there is no such file or directory") from None
        except OSError as error:
            if not path.is_symlink():
                raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise DemarcateError(f"{path}: is no path: {error}") from error
        if is_folder(path):
            for below in walk(path, within, _is_wanted, refuse, skipped=SKIPPED):
                yield Found(below, str(below), False, path)
        else:
            yield Found(path, str(path), True, path)


def folders_of(paths: Sequence[Path]) -> list[Path]:
    """The folders that were given: those named, and those in which files that were named lie."""
    return [path if is_folder(path) else path.parent for path in paths]


def _is_wanted(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)

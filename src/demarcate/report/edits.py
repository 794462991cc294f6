"""Edits of files as a patch: the unified format, which `git apply` and `patch -p1` take."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Final

from demarcate.base.errors import DemarcateError
from demarcate.base.files import open_file, write_whole
from demarcate.estate.sources.edits import Edited
from demarcate.report.out import data, say
from demarcate.report.safe import printable


def base_of(edits: Sequence[Edited]) -> Path:
    """The folder in which a patch is to be applied: the current one, or that which holds all files."""
    files = [Path(os.path.realpath(edit.file)) for edit in edits]
    here = Path(os.path.realpath(Path.cwd()))
    if all(here in file.parents for file in files):
        return here
    return Path(os.path.commonpath([file.parent for file in files]))


def patch_text(edits: Sequence[Edited], base: Path) -> str:
    """The patch of some files, whose names are told from a folder on."""
    return "".join(_of_file(edit, base) for edit in edits)


def _of_file(edit: Edited, base: Path) -> str:
    path = Path(os.path.realpath(edit.file))
    name = path.relative_to(base).as_posix()
    with open_file(path) as file:
        mark = "\ufeff" if file.read(3) == b"\xef\xbb\xbf" else ""  # which reading leaves out
    before, after = _lines(mark + edit.before), _lines(mark + edit.after)
    parts = unified_diff(before, after, _named(f"a/{name}"), _named(f"b/{name}"))
    return "".join(part if part.endswith("\n") else f"{part}\n\\ No newline at end of file\n" for part in parts)


def _lines(text: str) -> list[str]:
    """The lines of a text as git sees them: what ends one is a line feed, and nothing else."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


_ODD: Final = re.compile(r'["\\]|[^ -~\u00a0-\U0010ffff]')


def _named(name: str) -> str:
    """A name as git writes it: quoted where it holds what could be taken for something else."""
    if _ODD.search(name):
        return '"' + _ODD.sub(lambda odd: "".join(f"\\{byte:03o}" for byte in odd[0].encode()), name) + '"'
    return f"{name}\t" if " " in name else name


def give(edits: Sequence[Edited], to: str) -> None:
    """Write the patch of some files to a file, or to standard output (-), and say where it is to be applied.

    Raises DemarcateError where it cannot be written, where it has characters that standard output does not get (it is
    another patch then), and where the file is no patch: somebody may have named the template that is to be edited.
    """
    base = base_of(edits) if edits else Path()
    text = patch_text(edits, base)
    if to == "-":
        if printable(text) != text:
            raise DemarcateError("the patch has characters that are not shown: write it to a file (--patch FILE)")
        data("utf-8").write(text)
        return
    try:
        if _is_another(Path(to)):
            raise DemarcateError(
                f"{to}: there is such a file, which is no patch: name the one that is to be written"
            )
        write_whole(Path(to), text.encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise DemarcateError(f"{to}: cannot be written: {error.strerror or error}") from error
    if edits:
        say(f"the patch is {to}: look at it, and apply it in {base} (git apply {Path(to).absolute()})")
    else:
        say(f"{to}: no edit is offered, and the patch is empty")


def _is_another(path: Path) -> bool:
    """Whether a path is a file that holds something else than a patch. Raises OSError where that cannot be read."""
    try:
        with open_file(path) as file:
            return file.read(len(_START)) not in (b"", _START)
    except FileNotFoundError:
        return False


_START: Final = b"--- "
"""What each patch of ours begins with."""

"""Write waivers into a file that people keep: what stands in it stays as it is, comments and all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from demarcate.base.documents import DocumentError
from demarcate.base.errors import DemarcateError
from demarcate.evidence import writing
from demarcate.evidence.waivers import Known, Waiver, WaiverScope, parse_waivers
from demarcate.evidence.writing import scalar


def append_waivers(path: Path, waivers: Sequence[Waiver], known: Known, notes: Sequence[str] = ()) -> None:
    """Add waivers at the end of a file, or make it. `notes` are comments before them.

    The file is written whole or not at all, and runs at the same time wait for each other. Raises DemarcateError where
    it cannot be read or written, is no list whose entries stand below one another, or waives the same already.
    """
    writing.change(path, lambda before: _joined(before, str(path), waivers, known, notes))


def _joined(before: str, file: str, waivers: Sequence[Waiver], known: Known, notes: Sequence[str]) -> str:
    """The text with the waivers at its end. Raises DemarcateError where they would not be read so."""
    there = parse_waivers(before, file, known).waivers
    lines = {waiver.id: waiver.line for waiver in there}
    for waiver in waivers:
        if waiver.id in lines:
            raise DemarcateError(f"{file}:{lines[waiver.id]}: waives the same already; change what stands there")
        lines[waiver.id] = 0
    entries = (entry(waiver, notes if waiver is waivers[0] else ()) for waiver in waivers)
    text = writing.added(before, file, entries)
    after = parse_waivers(text, file, known).waivers
    if list(map(_said, after)) != [*map(_said, there), *map(_said, waivers)]:
        raise DocumentError("is written in a way that nothing can be added to; add the waiver by hand", file)
    return text


def _said(waiver: Waiver) -> tuple[object, ...]:
    return (waiver.id, waiver.reason, waiver.owner, waiver.until)


def entry(waiver: Waiver, notes: Iterable[str] = ()) -> str:
    """A waiver as an entry of a file, with comments before it."""
    named = next(name for name in ("check", "responsibility", "finding") if getattr(waiver, name) is not None)
    pairs = [(named, scalar(getattr(waiver, named)))]
    if waiver.scope != WaiverScope():
        pairs.append(("scope", f"{{{', '.join(_scope(waiver.scope))}}}"))
    pairs.append(("reason", scalar(waiver.reason)))
    if waiver.owner is not None:
        pairs.append(("owner", scalar(waiver.owner)))
    if waiver.until is not None:
        pairs.append(("until", waiver.until.isoformat()))
    return writing.entry(pairs, notes)


def _scope(scope: WaiverScope) -> Iterable[str]:
    for name in ("accounts", "regions", "resources", "files"):
        if values := getattr(scope, name):
            yield f"{name}: [{', '.join(map(scalar, values))}]"
    if scope.tags:
        yield f"tags: {{{', '.join(f'{scalar(key)}: {scalar(value)}' for key, value in scope.tags.items())}}}"

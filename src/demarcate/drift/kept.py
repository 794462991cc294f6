"""A comparison as a JSON document, and read from it again: `drift --out drift.json` keeps one for other reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import read_bytes
from demarcate.base.limits import shortened
from demarcate.base.nesting import MAX_DEPTH, is_deep
from demarcate.drift.structs import Comparison

FORMAT: Final = 1
"""The version of the document. A newer one is refused."""

LARGEST: Final = 100_000_000
"""How many bytes a document may have: some hundreds are told of each difference."""


class _Form(msgspec.Struct):
    format: int


def document(comparison: Comparison) -> dict[str, Any]:
    """The document, as values that are JSON. Whether anything drifted is told for programs, and not read again."""
    return {"format": FORMAT, "drifted": comparison.drifted, **msgspec.to_builtins(comparison)}


def read_comparison(path: Path) -> Comparison:
    """The comparison that a file holds.

    Raises DemarcateError where it cannot be read, is too large or of a newer format, and where it is no comparison.
    """
    try:
        raw = read_bytes(path, LARGEST)
        if (form := from_json(raw, _Form).format) > FORMAT:
            raise DemarcateError(
                f"{path}: written by a newer version (format {form}; this one reads {FORMAT}): "
                "upgrade demarcate to read it"
            )
        if form < FORMAT:
            raise ValueError(f"there is no format {form}")
        comparison = from_json(raw, Comparison)
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise _none(path, str(error)) from error
    if any(is_deep(value) for drift in comparison.drifts for value in (drift.declared, drift.live)):
        raise _none(path, f"a value of it is nested deeper than {MAX_DEPTH} levels")
    return comparison


def _none(path: Path, why: str) -> DemarcateError:
    return DemarcateError(
        f"{path}: holds no drift: {shortened(why)}; have it written by demarcate drift --out FILE.json"
    )

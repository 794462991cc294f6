"""Steps that a person wrote, in a file."""

from __future__ import annotations

from pathlib import Path

from demarcate.base.documents import DocumentError, compose, convert, read_text
from demarcate.changes.planning import HandStep


def read_steps(path: Path) -> list[HandStep]:
    """The steps of a YAML file. Raises DemarcateError that names the line."""
    file = str(path)
    node = compose(read_text(path), file)
    items = node.value if node is not None and isinstance(node.value, list) else []
    if not items or isinstance(items[0], tuple):
        raise DocumentError("expected a list of steps", file, 1)
    return [convert(item, HandStep, file) for item in items]

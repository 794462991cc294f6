"""Deliveries in files and folders: which they are is told by their names, or by how they begin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from demarcate.estate.sources.config.deliveries import Delivery, delivery
from demarcate.estate.sources.config.scanning import Damaged, Stream, looks_like_config

_SUFFIXES = (".json", ".json.gz")


def recognises(path: Path) -> bool:
    """Whether a path is a delivery of Config, or a folder that has any."""
    if path.is_file():
        return path.suffix == ".gz" or _is_surely(path)
    return any(map(_is_surely, walk(path)))


def _is_surely(path: Path) -> bool:
    try:
        return is_delivery(path)
    except Damaged:
        return False


def is_delivery(path: Path) -> bool:
    """Whether a file is a delivery. Raises Damaged for a compressed one that cannot be opened to see."""
    found = delivery_at(path)
    if found.named or not path.name.endswith(_SUFFIXES):
        return found.named
    try:
        return looks_like_config(found.open())
    except OSError as error:
        raise Damaged(f"cannot be read: {error.strerror or error}") from error


def delivery_at(path: Path) -> Delivery:
    """The delivery that a file is."""
    return delivery(str(path), partial(_open, path))


def _open(path: Path) -> Stream:
    return path.open("rb")


def walk(folder: Path) -> Iterator[Path]:
    """The files under a folder in order, without hidden folders."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent) / name for name in sorted(files))

"""Deliveries in files and folders: which they are is told by their names, or by how they begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from demarcate.base.files import is_file, is_folder, open_file, walk
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.config.damage import Damaged
from demarcate.estate.sources.config.deliveries import Delivery, delivery
from demarcate.estate.sources.config.scanning import Stream, looks_like_config

BUCKET = "s3://"
"""How a place in a bucket that deliveries go to is named."""
AGGREGATOR = "config:"
"""How an aggregator is named."""

_SUFFIXES = (".json", ".json.gz")


def recognises(path: Path) -> bool:
    """Whether a path is a delivery of Config, or a folder that has any."""
    if is_file(path):
        return path.suffix == ".gz" or _is_surely(path)
    if not is_folder(path):
        return False
    refused: list[Path] = []
    files = files_in(path, [path], lambda file, _: refused.append(file))
    return any(map(_is_surely, files)) or any(delivery_at(file).named for file in refused)


def _is_surely(path: Path) -> bool:
    try:
        return is_delivery(path)
    except Damaged:
        return False


def is_delivery(path: Path) -> bool:
    """Whether a file is a delivery. Raises Damaged for a compressed one that cannot be opened to see."""
    named = delivery_at(path)
    if named.named or not path.name.endswith(_SUFFIXES):
        return named.named
    try:
        return looks_like_config(named.open())
    except OSError as error:
        raise Damaged(f"cannot be read: {error.strerror or error}", Kind.UNREADABLE) from error


def delivery_at(path: Path) -> Delivery:
    """The delivery that a file is."""
    return delivery(str(path), partial(_open, path))


def _open(path: Path) -> Stream:
    return open_file(path)


def files_in(folder: Path, within: Sequence[Path], refuse: Callable[[Path, str], None]) -> Iterator[Path]:
    """The files under a folder in order, as `walk` tells them."""
    return walk(folder, within, lambda _: True, refuse)

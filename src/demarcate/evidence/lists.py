"""YAML files that hold a list of mappings: each is read by itself, so that a bad one never stops the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
import yaml

from demarcate.base import documents
from demarcate.base.documents import DocumentError
from demarcate.base.limits import MAX_DEPTH, MAX_NODES
from demarcate.base.names import nearest
from demarcate.evidence.cells import LONGEST, words
from demarcate.evidence.problems import Problems, Unusable, shown
from demarcate.evidence.texts import read_text

T = TypeVar("T", bound=msgspec.Struct)


class Entry(msgspec.Struct, Generic[T], frozen=True):
    """One mapping of the list, as a typed value, and where it stands."""

    value: T
    file: str
    node: yaml.Node

    @property
    def line(self) -> int:
        return documents.line_of(self.node)

    def line_of(self, *keys: str | int) -> int:
        """The line of the value at a path of keys, or of what is nearest to it."""
        node = documents.node_at(self.node, keys)
        return documents.line_of(node or self.node)

    @contextmanager
    def at(self, *keys: str | int) -> Iterator[None]:
        """What is refused within is refused on the line of the value at a path of keys."""
        try:
            yield
        except Unusable as refused:
            refused.line = refused.line or self.line_of(*keys)
            raise


def read_list(path: Path, type_: type[T], problems: Problems) -> Iterator[Entry[T]]:
    """The entries of one file; what is wrong in it is noted in `problems`."""
    try:
        text = read_text(path)
    except DocumentError as error:
        problems.add(str(path), error.line, error.message)
        return
    yield from parse_list(text, str(path), type_, problems)


def parse_list(text: str, file: str, type_: type[T], problems: Problems) -> Iterator[Entry[T]]:
    """The entries of a text; what is wrong in it is noted in `problems` under `file`."""
    try:
        root = documents.compose(text, file)
        if not isinstance(root, yaml.SequenceNode):
            raise DocumentError("is no list; begin each entry with '- '", file, 1)
        _bounded(root, file)
    except DocumentError as error:
        problems.add(file, error.line, error.message)
        return
    names = [field.encode_name for field in msgspec.structs.fields(type_)]
    for node in root.value:
        try:
            yield Entry(_entry(node, type_, names, file), file, node)
        except DocumentError as error:
            problems.add(file, error.line, error.message)


def _entry(node: yaml.Node, type_: type[T], names: list[str], file: str) -> T:
    if isinstance(node, yaml.MappingNode):
        for key, _ in node.value:
            if key.value not in names:
                raise DocumentError(
                    f"has the key {shown(str(key.value))}{nearest(str(key.value), names)}; "
                    f"there may be: {', '.join(names)}",
                    file,
                    documents.line_of(key),
                )
    return documents.convert(node, type_, file)


def _bounded(root: yaml.Node, file: str) -> None:
    """Refuse a document that its aliases make too large or too deep, or endless, at the cost of what is written.

    Raises DocumentError. Entries are unfolded one by one, so the limit to a document would hold for each alone.
    """
    measured: dict[int, tuple[int, int] | None] = {}  # None while it is being measured

    def measure(node: yaml.Node) -> tuple[int, int]:
        """How many values it unfolds to, and how deep."""
        if id(node) in measured:
            known = measured[id(node)]
            if known is None:
                raise DocumentError("has an alias that contains itself", file, documents.line_of(node))
            return known
        measured[id(node)] = None
        inner = node.value if isinstance(node, yaml.SequenceNode | yaml.MappingNode) else ()
        parts = [measure(value) for item in inner for value in (item if isinstance(item, tuple) else (item,))]
        size, depth = 1 + sum(size for size, _ in parts), 1 + max((depth for _, depth in parts), default=0)
        if size > MAX_NODES or depth > MAX_DEPTH:
            raise DocumentError("unfolds to too many values or too deep", file, documents.line_of(node))
        measured[id(node)] = size, depth
        return size, depth

    measure(root)


def said(value: str, key: str) -> str:
    """A text, on one line. Raises Refused where there is none, or far too much of it."""
    text = words(value)
    if not text:
        raise Unusable(f"{key} is empty; expected a text")
    if len(text) > LONGEST:
        raise Unusable(f"{key} has {len(text):,} characters; at most {LONGEST:,} are read")
    return text

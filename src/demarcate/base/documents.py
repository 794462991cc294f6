"""YAML and JSON documents: read safely, with the line of everything, and decoded into typed structs.

PyYAML's C parser composes the document into nodes, never into Python objects of the document's choosing, and
we build plain values from the nodes: so no tag can run code, duplicate keys are seen, aliases cannot grow
without bound, and each value's line is at hand when a message needs it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from demarcate.base.errors import DemarcateError
from demarcate.base.files import TooLarge, read_bytes
from demarcate.base.limits import MAX_BYTES, MAX_CHARACTERS, MAX_DEPTH, MAX_DIGITS, MAX_NODES, shortened

T = TypeVar("T")

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_TEXT, _SEQUENCE, _MAPPING = (f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map"))
_PATTERNS: dict[str | None, list[tuple[str, re.Pattern[str]]]] = _SafeLoader.yaml_implicit_resolvers
_ANYHOW = tuple(_PATTERNS.get(None, ()))
_LOOKING_SO = {first: (*patterns, *_ANYHOW) for first, patterns in _PATTERNS.items() if first is not None}
"""What plain scalars may be besides text, by their first characters."""


class _Loader(_SafeLoader):  # type: ignore[misc]
    """The fastest safe loader there is, with a limit to how deep it goes, and how far.

    PyYAML calls these two around each node, for path resolvers, which nobody uses.
    """

    depth = 0
    nodes = 0

    def descend_resolver(self, parent: yaml.Node | None, index: object) -> None:  # noqa: ARG002
        self.depth += 1
        self.nodes += 1
        if self.depth > MAX_DEPTH:
            raise _Stop(f"is nested deeper than {MAX_DEPTH} levels", parent)
        if self.nodes > MAX_NODES:
            raise _Stop(f"holds more than {MAX_NODES:,} values", parent)

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """The tag of a node that has none written: what PyYAML says, with less looked up for each."""
        if kind is not yaml.ScalarNode:
            return _SEQUENCE if kind is yaml.SequenceNode else _MAPPING
        if implicit[0]:
            for tag, pattern in _LOOKING_SO.get(value[:1], _ANYHOW):
                if pattern.match(value):
                    return tag
        return _TEXT


class DocumentError(DemarcateError):
    """A document that cannot be read. `message` is cut where it is long; `line` is 1-based, or None."""

    def __init__(self, message: str, file: str, line: int | None = None) -> None:
        self.message, self.file, self.line = shortened(message), file, line
        super().__init__(f"{file}:{line}: {self.message}" if line else f"{file}: {self.message}")


class TooMuch(DocumentError):
    """A document that goes further than its limits."""


class _Stop(Exception):
    """Composing goes too far, below the node `parent`."""

    def __init__(self, message: str, parent: yaml.Node | None) -> None:
        super().__init__(message)
        self.line = line_of(parent) if parent is not None else None


def read_text(path: Path) -> str:
    """The text of a file of at most MAX_BYTES.

    Raises DocumentError for a file that is missing, too large, or not UTF-8 text, and for what is no file.
    """
    name = str(path)
    try:
        raw = read_bytes(path, MAX_BYTES)
    except TooLarge as error:
        raise DocumentError(f"has more than {MAX_BYTES:,} bytes; at most {MAX_BYTES:,} are read", name) from error
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror or error}", name) from error
    if b"\0" in raw[:8192]:
        raise DocumentError("is a binary file; expected UTF-8 text", name)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DocumentError(f"is not UTF-8 text (byte {error.start}); save it as UTF-8", name, line) from error


def items_of(text: str, file: str, what: str) -> list[yaml.Node]:
    """The nodes of a document that is a list of something, and not empty.

    Raises DocumentError as `compose` does, and for any other document.
    """
    node = compose(text, file)
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise DocumentError(f"expected a list of {what}", file, 1)
    return list(node.value)


_DIRECTIVE = re.compile(r"^%TAG[ \t]", re.MULTILINE)
"""A line that abbreviates tags. No document of ours needs it, and a parser compares each with all before it."""


def compose(text: str, file: str) -> yaml.Node | None:
    """The node tree of one YAML (or JSON) document; None where it is empty.

    Raises DocumentError with the line for anything that is not one YAML document, or more than MAX_BYTES,
    MAX_NODES or MAX_DEPTH.
    """
    with _told(text, file):
        return yaml.compose(text, Loader=_Loader)


def compose_all(text: str, file: str) -> list[yaml.Node]:
    """The node trees of the YAML documents that stand in one file, without those that are empty.

    Raises DocumentError as `compose` does; the limits are those of all documents together.
    """
    with _told(text, file):
        return [node for node in yaml.compose_all(text, Loader=_Loader) if node is not None]


@contextlib.contextmanager
def _told(text: str, file: str) -> Iterator[None]:
    """Have what is wrong with a document be a DocumentError."""
    if len(text) > MAX_BYTES:
        raise TooMuch(f"has {len(text):,} characters; at most {MAX_BYTES:,} are read", file)
    directive = _DIRECTIVE.search(text)
    if directive is not None:
        line = text.count("\n", 0, directive.start()) + 1
        raise DocumentError("has a %TAG directive, which nothing here needs; write tags in full", file, line)
    try:
        yield
    except _Stop as error:
        raise TooMuch(str(error), file, error.line) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # A scanner that runs ahead may meet the depth before its nodes are counted, and say so in words of its own.
        before = text[: mark.index] if mark else ""
        if mark and sum(map(before.count, "[{")) - sum(map(before.count, "]}")) > MAX_DEPTH:
            raise TooMuch(f"is nested deeper than {MAX_DEPTH} levels", file, mark.line + 1) from error
        what = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise DocumentError(f"is not YAML: {what}", file, mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DocumentError(f"is not YAML: {str(error).splitlines()[0]}", file) from error


def line_of(node: yaml.Node) -> int:
    """The 1-based line on which a node starts."""
    return int(node.start_mark.line) + 1


_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")


def scalar(node: yaml.ScalarNode, file: str) -> Any:
    """A scalar's value by YAML 1.2's core schema: dates and `yes` stay text, `0755` too.

    Raises DocumentError for a number of more than MAX_DIGITS.
    """
    text: str = node.value
    tag = node.tag
    if node.style or tag == "tag:yaml.org,2002:str":
        return text
    if tag == "tag:yaml.org,2002:null":
        return None
    if tag == "tag:yaml.org,2002:bool":
        lowered = text.lower()
        return lowered == "true" if lowered in ("true", "false") else text
    if tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
        if len(text) > MAX_DIGITS:
            raise TooMuch(f"has a number of more than {MAX_DIGITS:,} digits", file, line_of(node))
        if tag == "tag:yaml.org,2002:int":
            return int(text) if _INT.match(text) else text
        return float(text) if _FLOAT.match(text) else text
    return text


def plain(node: yaml.Node | None, file: str) -> Any:
    """The plain value (dict, list, str, int, float, bool, None) of a node tree.

    Raises DocumentError for a duplicate key, a key that is not text, an alias that contains itself, a tag,
    or more than MAX_NODES values, MAX_CHARACTERS of text or MAX_DEPTH levels (alias bombs).
    """
    count = characters = 0
    active: set[int] = set()

    def build(node: yaml.Node) -> Any:
        nonlocal count, characters
        count += 1
        if count > MAX_NODES:
            raise TooMuch(f"unfolds to more than {MAX_NODES:,} values", file, line_of(node))
        if isinstance(node, yaml.ScalarNode):
            if node.tag.startswith("!"):
                raise DocumentError(f"has a tag that means nothing here: {node.tag}", file, line_of(node))
            characters += len(node.value)
            if characters > MAX_CHARACTERS:
                raise TooMuch(f"unfolds to more than {MAX_CHARACTERS:,} characters", file, line_of(node))
            return scalar(node, file)
        if id(node) in active:
            raise DocumentError("has an alias that contains itself", file, line_of(node))
        if len(active) > MAX_DEPTH:
            raise TooMuch(f"is nested more than {MAX_DEPTH} deep", file, line_of(node))
        active.add(id(node))
        value: Any
        if isinstance(node, yaml.SequenceNode):
            value = [build(item) for item in node.value]
        else:
            value = {}
            for key_node, value_node in node.value:
                key = key_node.value
                if not isinstance(key_node, yaml.ScalarNode):
                    raise DocumentError("has a key that is not text", file, line_of(key_node))
                if key in value:
                    raise DocumentError(f"has the key {key!r} twice", file, line_of(key_node))
                characters += len(key)
                value[key] = build(value_node)
        active.discard(id(node))
        return value

    return None if node is None else build(node)


def node_at(node: yaml.Node | None, path: Iterable[str | int]) -> yaml.Node | None:
    """The deepest node that exists along a path of keys and indexes."""
    for step in path:
        if isinstance(node, yaml.MappingNode):
            child = next((v for k, v in node.value if k.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            child = node.value[step]
        else:
            child = None
        if child is None:
            break
        node = child
    return node


_STEP = re.compile(r"\.([^.\[\]`]+)|\[(\d+)\]")


def convert(node: yaml.Node | None, type_: type[T], file: str) -> T:
    """Decode a node tree into a msgspec type.

    Raises DocumentError that names the line and what was expected there.

    >>> convert(compose("[1, 2]", "example.yaml"), list[int], "example.yaml")
    [1, 2]
    """
    value = plain(node, file)
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        steps = [int(i) if i else k for k, i in _STEP.findall(where)]
        deepest = node_at(node, steps)
        line = line_of(deepest) if deepest is not None else None
        place = f" (at {where.strip('.`')})" if where else ""
        raise DocumentError(message + place, file, line) from error


def read(path: Path, type_: type[T]) -> T:
    """Read one YAML or JSON file into a msgspec type. Raises DocumentError."""
    return convert(compose(read_text(path), str(path)), type_, str(path))

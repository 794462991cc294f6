"""Values as a template writes them: as YAML or JSON, on a line or below one another, as what stands around them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import yaml

from demarcate.base.documents import DocumentError, compose, scalar
from demarcate.base.encoding import to_json

WIDTH: Final = 80
"""How wide a list or a map may be that is written on one line."""


def is_null(node: yaml.Node) -> bool:
    """Whether nothing is written there."""
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null" and not node.style


def style_of(text: str, root: yaml.Node | None) -> Style:
    """How a document is written."""
    columns: list[int] = []
    node = root
    while isinstance(node, yaml.MappingNode) and node.value and len(columns) < 4:
        columns.append(node.value[0][0].start_mark.column)
        node = next((value for _, value in node.value if isinstance(value, yaml.MappingNode)), None)
    steps = [after - before for before, after in pairwise(columns) if 0 < after - before <= 8]
    return Style(text, text.lstrip().startswith("{"), min(steps, default=2), "\r\n" if "\r\n" in text else "\n")


@dataclass(frozen=True, slots=True)
class Style:
    """How one document is written: as JSON (or YAML all in brackets), by how much it is indented, how lines end."""

    text: str
    json: bool
    step: int
    newline: str

    def flow(self, node: yaml.Node) -> bool:
        """Whether a list or a map is written in brackets."""
        return self.json or bool(getattr(node, "flow_style", False)) or not node.value

    def written(self, value: Any, instead_of: yaml.Node, column: int | None) -> str:
        """A value in the place of another. `column` is where its key begins; None for an item, and in brackets."""
        if not isinstance(value, dict | list):
            style = instead_of.style if isinstance(instead_of, yaml.ScalarNode) else None
            return self.word(value, style, flow=column is None)
        if column is None or not value or len(self._on_a_line(value)) <= WIDTH:
            return self.in_flow(value, instead_of)
        return "\n" + "\n".join(self._block(value, column + self.step))

    def in_flow(self, value: Any, beside: yaml.Node) -> str:
        """A value in brackets: its parts below one another where JSON is so written."""
        if self.json and "\n" in self.text.strip() and isinstance(value, dict | list) and value:
            indent = re.match(r"[ \t]*", self.text[self.text.rfind("\n", 0, beside.start_mark.index) + 1 :])
            return self._pretty(value, indent[0] if indent else "")
        return self._on_a_line(value)

    def appended(self, item: Any, node: yaml.Node) -> str:
        """A member ({name: value}) or an item, as it follows the last one of a map or of a list."""
        first = node.value[0]
        if self.flow(node):
            between, colon = self._between(node)
            if isinstance(node, yaml.SequenceNode):
                return f",{between}{self.in_flow(item, first)}"
            ((name, value),) = item.items()
            return f",{between}{self.word(name)}{colon}{self.in_flow(value, first[0])}"
        if isinstance(node, yaml.MappingNode):
            return "\n" + "\n".join(self._block(item, first[0].start_mark.column))
        dash = node.start_mark.column
        lead = " " * dash + "-".ljust(first.start_mark.column - dash)
        if isinstance(item, dict) and item and isinstance(first, yaml.MappingNode) and not first.flow_style:
            head, *rest = self._block(item, first.start_mark.column)
            return "\n" + "\n".join([lead + head.lstrip(), *rest])
        return f"\n{lead}{self._on_a_line(item)}"

    def _between(self, node: yaml.Node) -> tuple[str, str]:
        """What stands between two members or items in brackets, and between a name and its value."""
        starts = [(item[0] if isinstance(item, tuple) else item).start_mark.index for item in node.value]
        before = self.text[: starts[-1]]
        space = before[len(before.rstrip()) :].replace("\r", "")
        colon = ": "
        if isinstance(node.value[0], tuple):
            key, value = node.value[0]
            told = self.text[key.end_mark.index : value.start_mark.index]
            colon = told if re.fullmatch(r":[ \t]*", told) else colon
        compact = self.json and len(starts) > 1
        return (space if "\n" in space or compact else " "), (colon if self.json else ": ")

    def _on_a_line(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{self.word(k)}: {self._on_a_line(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self._on_a_line, value)) + "]"
        return self.word(value)

    def _pretty(self, value: Any, indent: str) -> str:
        if not isinstance(value, dict | list) or not value:
            return self._on_a_line(value)
        inner = indent + ("\t" if "\n\t" in self.text else " " * self.step)
        if isinstance(value, dict):
            parts = [f"{self.word(key)}: {self._pretty(item, inner)}" for key, item in value.items()]
        else:
            parts = [self._pretty(item, inner) for item in value]
        opens, closes = "{}" if isinstance(value, dict) else "[]"
        return f"{opens}\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}{closes}"

    def _block(self, value: Any, column: int) -> list[str]:
        """The lines of a map or of a list, from a column on."""
        indent = " " * column
        lines: list[str] = []
        if isinstance(value, dict):
            for key, item in value.items():
                name = indent + self.word(key, flow=False)
                if isinstance(item, dict | list) and item and len(self._on_a_line(item)) > WIDTH // 2:
                    lines += [f"{name}:", *self._block(item, column + self.step)]
                else:
                    told = self._on_a_line(item) if isinstance(item, dict | list) else self.word(item, flow=False)
                    lines.append(f"{name}: {told}")
            return lines
        for item in value:
            if isinstance(item, dict) and item:
                head, *rest = self._block(item, column + 2)
                lines += [f"{indent}- {head.lstrip()}", *rest]
            else:
                lines.append(f"{indent}- {self._on_a_line(item)}")
        return lines

    def word(self, value: Any, style: str | None = None, *, flow: bool = True) -> str:
        """A text, a number or a word, in the quotes that stood there where there were any."""
        if not isinstance(value, str):
            return to_json(value).decode()
        if self.json or style == '"' or not value.isprintable():
            return _quoted(value, json=self.json)
        return value if style != "'" and _is_plain(value, flow) else "'" + value.replace("'", "''") + "'"


def _is_plain(text: str, flow: bool) -> bool:
    """Whether a text is read as itself without quotes, by YAML 1.1 as by 1.2."""
    try:
        root = compose(f"{{k: {text}}}" if flow else f"k: {text}", "")
        value = root.value[0][1] if isinstance(root, yaml.MappingNode) and len(root.value) == 1 else None
        if not isinstance(value, yaml.ScalarNode) or value.tag != "tag:yaml.org,2002:str" or value.style:
            return False
        return bool(scalar(value, "") == text)
    except DocumentError:
        return False


_UNSEEN: Final = re.compile(r"[^ -~]")


def _quoted(text: str, *, json: bool) -> str:
    r"""A text in double quotes; what is not printable is escaped.

    >>> _quoted("a\x85\n", json=True)
    '"a\\u0085\\n"'
    """

    def escaped(match: re.Match[str]) -> str:
        character = match[0]
        if character.isprintable():
            return character
        if ord(character) < 0x10000:
            return f"\\u{ord(character):04x}"
        units = character.encode("utf-16-be")
        return f"\\u{units[:2].hex()}\\u{units[2:].hex()}" if json else f"\\U{ord(character):08x}"

    return _UNSEEN.sub(escaped, to_json(text).decode())

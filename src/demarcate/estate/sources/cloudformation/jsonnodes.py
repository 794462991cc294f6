"""JSON read into the same nodes as YAML, for the JSON that is not YAML.

YAML takes almost all JSON, but neither tabs before a token nor characters beyond U+FFFF written as two
`\\u` escapes, both of which tools that write templates use.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from json import decoder
from typing import Any

import yaml

from demarcate.base.limits import MAX_DEPTH, MAX_NODES

_scan_string: Any = decoder.scanstring  # type: ignore[attr-defined]  # not in the stubs
_SPACE = re.compile(r"[ \t\n\r]*")
_WORD = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")
_TAGS = {"true": "bool", "false": "bool", "null": "null"}


class NotJson(Exception):
    """Text that is not JSON, or goes too far; `line` is 1-based."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def compose(text: str) -> yaml.Node:
    """The node tree of a JSON text. Raises NotJson."""
    reader = _Reader(text)
    node, end = reader.value(reader.skip(0), 0)
    end = reader.skip(end)
    if end != len(text):
        raise reader.error("something follows the end of the document", end)
    return node


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.nodes = 0
        self.starts = [0] + [match.end() for match in re.finditer("\n", text)]

    def line(self, index: int) -> int:
        return bisect_right(self.starts, index)

    def error(self, message: str, index: int) -> NotJson:
        return NotJson(f"is not JSON: {message}", self.line(index))

    def skip(self, index: int) -> int:
        match = _SPACE.match(self.text, index)
        return match.end() if match else index

    def mark(self, index: int) -> yaml.Mark:
        """Where a node starts; each has one, so that they are counted here."""
        line = self.line(index) - 1
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise NotJson(f"holds more than {MAX_NODES:,} values", line + 1)
        return yaml.Mark("", index, line, index - self.starts[line], "", 0)

    def end(self, index: int) -> yaml.Mark:
        """Where a node ends."""
        line = self.line(index) - 1
        return yaml.Mark("", index, line, index - self.starts[line], "", 0)

    def value(self, index: int, depth: int) -> tuple[yaml.Node, int]:
        if depth > MAX_DEPTH:
            raise NotJson(f"is nested deeper than {MAX_DEPTH} levels", self.line(index))
        start = self.text[index : index + 1]
        if start == '"':
            return self.string(index)
        if start == "{":
            return self.object(index, depth)
        if start == "[":
            return self.array(index, depth)
        match = _WORD.match(self.text, index)
        if not match:
            raise self.error("expected a value", index)
        word = match.group()
        kind = _TAGS.get(word) or ("float" if set(word) & set(".eE") else "int")
        mark = self.mark(index)
        end = match.end()
        return yaml.ScalarNode(f"tag:yaml.org,2002:{kind}", word, mark, self.end(end)), end

    def string(self, index: int) -> tuple[yaml.ScalarNode, int]:
        try:
            # Not strict: a control character in a string is no reason to refuse a template.
            text, end = _scan_string(self.text, index + 1, False)
        except ValueError as error:
            raise self.error(str(error).partition(":")[0], index) from error
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise self.error("has half of a surrogate pair", index)
        mark = self.mark(index)
        return yaml.ScalarNode("tag:yaml.org,2002:str", text, mark, self.end(end), style='"'), end

    def array(self, index: int, depth: int) -> tuple[yaml.Node, int]:
        mark = self.mark(index)
        items: list[yaml.Node] = []
        index = self.skip(index + 1)
        if self.text[index : index + 1] != "]":
            while True:
                item, index = self.value(index, depth + 1)
                items.append(item)
                index = self.skip(index)
                if self.text[index : index + 1] != ",":
                    break
                index = self.skip(index + 1)
        if self.text[index : index + 1] != "]":
            raise self.error("expected ',' or ']'", index)
        end = self.end(index + 1)
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, mark, end, flow_style=True), index + 1

    def object(self, index: int, depth: int) -> tuple[yaml.Node, int]:
        mark = self.mark(index)
        members: list[tuple[yaml.Node, yaml.Node]] = []
        index = self.skip(index + 1)
        if self.text[index : index + 1] != "}":
            while True:
                if self.text[index : index + 1] != '"':
                    raise self.error("expected a key in double quotes", index)
                key, index = self.string(index)
                index = self.skip(index)
                if self.text[index : index + 1] != ":":
                    raise self.error("expected ':'", index)
                item, index = self.value(self.skip(index + 1), depth + 1)
                members.append((key, item))
                index = self.skip(index)
                if self.text[index : index + 1] != ",":
                    break
                index = self.skip(index + 1)
        if self.text[index : index + 1] != "}":
            raise self.error("expected ',' or '}'", index)
        end = self.end(index + 1)
        return yaml.MappingNode("tag:yaml.org,2002:map", members, mark, end, flow_style=True), index + 1

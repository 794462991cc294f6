"""The blocks and arguments of a file of Terraform's language, with where each is written. No expression is evaluated.

Only what is plain is understood: what is not, says so with its line. What an argument holds is known where it is a
literal alone.

https://developer.hashicorp.com/terraform/language/syntax/configuration
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from demarcate.base.encoding import from_json, to_json


class NotUnderstood(Exception):
    """What is written is not plain enough; the text says on which line."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument: where its line begins, and where its expression begins and ends."""

    name: str
    begin: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block with its labels and what is in it. `start` is behind its brace, `end` before the other, and `begin` where
    its name is.
    """

    type: str
    labels: tuple[str, ...]
    begin: int
    start: int
    end: int
    items: tuple[Argument | Block, ...]

    def arguments(self, name: str) -> list[Argument]:
        """Its arguments of a name."""
        return [item for item in self.items if isinstance(item, Argument) and item.name == name]

    def blocks(self, name: str) -> list[Block]:
        """The blocks in it of a type."""
        return [item for item in self.items if isinstance(item, Block) and item.type == name]


_SPACE: Final = re.compile(r"[ \t\r\n]+|(?:#|//)[^\n]*|/\*.*?\*/", re.DOTALL)
_INLINE: Final = re.compile(r"[ \t]+")
_NAME: Final = re.compile(r"[A-Za-z_][\w-]*")
_LABEL: Final = re.compile(r'"([^"\\$%\n]*)"|([A-Za-z_][\w-]*)')
_HEREDOC: Final = re.compile(r"<<[-~]?([A-Za-z_]\w*)[ \t]*\r?\n")
_DEEPEST: Final = 50


@lru_cache(maxsize=128)  # who edits a file asks for its blocks again and again
def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a file. Raises NotUnderstood."""
    return tuple(item for item in _Reader(text).items(0, 0)[0] if isinstance(item, Block))


def line_at(text: str, place: int) -> int:
    """The line of a place in a text."""
    return text.count("\n", 0, place) + 1


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def items(self, place: int, depth: int) -> tuple[tuple[Argument | Block, ...], int]:
        """What stands from a place on until the brace that ends it, or the text does; and where that is."""
        text, items = self._text, list[Argument | Block]()
        while True:
            while space := _SPACE.match(text, place):
                place = space.end()
            if place >= len(text) or text[place] == "}":
                if (place < len(text)) != (depth > 0):
                    raise self._odd(min(place, len(text) - 1))
                return tuple(items), place
            name = _NAME.match(text, place)
            if name is None or depth > _DEEPEST:
                raise self._odd(place)
            item, place = self._item(name, depth)
            items.append(item)

    def _item(self, name: re.Match[str], depth: int) -> tuple[Argument | Block, int]:
        text, place, labels = self._text, name.end(), list[str]()
        while True:
            if space := _INLINE.match(text, place):
                place = space.end()
            if text[place : place + 1] == "=" and text[place : place + 2] != "==" and not labels:
                start = place + 1 + len(re.match(r"[ \t]*", text[place + 1 :])[0])  # type: ignore[index]
                end = self._expression(start)
                return Argument(name[0], name.start(), start, end), end
            if text[place : place + 1] == "{":
                items, end = self.items(place + 1, depth + 1)
                return Block(name[0], tuple(labels), name.start(), place + 1, end, items), end + 1
            label = _LABEL.match(text, place)
            if label is None:
                raise self._odd(place)
            labels.append(label[1] if label[1] is not None else label[2])
            place = label.end()

    def _expression(self, place: int) -> int:
        """Where the expression that begins at a place ends."""
        text, open_, last = self._text, 0, place
        while place < len(text):
            char = text[place]
            if char == "\n" and open_ == 0:
                break
            if char in ")]}":
                if open_ == 0:
                    break
                open_ -= 1
            elif char in "([{":
                open_ += 1
            elif char == '"':
                last = place = self._quoted(place)
                continue
            elif (heredoc := _HEREDOC.match(text, place)) is not None:
                ends = re.compile(rf"^[ \t]*{heredoc[1]}[ \t]*\r?$", re.MULTILINE).search(text, heredoc.end())
                if ends is None:
                    raise self._odd(place)
                last = place = ends.end()
                continue
            elif char in "#/" and (comment := _SPACE.match(text, place)) is not None:
                place = comment.end()
                continue
            place += 1
            if not char.isspace():
                last = place
        if open_:
            raise self._odd(place - 1)
        return last

    def _quoted(self, place: int, depth: int = 0) -> int:
        """Where the text in quotes that begins at a place ends, with what is filled into it."""
        text, begin = self._text, place
        place += 1
        while place < len(text) and text[place] != "\n":
            if text[place] == '"':
                return place + 1
            if text[place] == "\\":
                place += 2
            elif text[place : place + 3] in ("$${", "%%{"):
                place += 3
            elif text[place : place + 2] in ("${", "%{"):
                place = self._filled(place + 2, depth + 1)
            else:
                place += 1
        raise self._odd(begin)

    def _filled(self, place: int, depth: int) -> int:
        open_ = 1
        while place < len(self._text) and depth <= _DEEPEST:
            char = self._text[place]
            if char == '"':
                place = self._quoted(place, depth)
                continue
            open_ += (char == "{") - (char == "}")
            place += 1
            if open_ == 0:
                return place
        raise self._odd(min(place, len(self._text) - 1))

    def _odd(self, place: int) -> NotUnderstood:
        return NotUnderstood(f"line {line_at(self._text, max(place, 0))} is not understood")


@dataclass(frozen=True, slots=True)
class Reference:
    """An attribute of a resource of the same module, as it is named there: `aws_s3_bucket.logs` and `id`."""

    name: str
    attribute: str

    @property
    def text(self) -> str:
        """How it is written."""
        return f"{self.name}.{self.attribute}"


@dataclass(frozen=True, slots=True)
class Template:
    """A text that is made of attributes of resources, and of what is written between them."""

    parts: tuple[Reference | str, ...]


_PLAIN: Final = r"(?:data\.)?[A-Za-z_][\w-]*\.[A-Za-z_][\w-]*\.[A-Za-z_]\w*"
_REFERENCE: Final = re.compile(rf"\s*(?P<reference>{_PLAIN})(?![\w.\[(-])")
_FILLED: Final = re.compile(rf'\s*"(?P<filled>(?:[^"\\$%\n]|\$\{{{_PLAIN}\}})*)"')
_TOKEN: Final = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\$%\n]|\\["\\nrt]|\$\$\{|%%\{|[$%](?!\{))*")|(?P<number>-?\d+(?:\.\d+)?)\b|'
    r"(?P<word>true|false|null)\b|(?P<name>[A-Za-z_][\w-]*)(?=\s*=)|(?P<sign>[\[\]{},=:]))"
)


def literal(written: str) -> Any:
    """The value of an expression that is one literal. Raises NotUnderstood for any other.

    >>> literal('["a", "$${b}"]'), literal("{ team = \\"web\\" }")
    (['a', '${b}'], {'team': 'web'})
    """
    return _whole(list(_tokens(written)))


def evaluated(written: str) -> Any:
    """The value of a literal in which attributes of resources of the same module may stand, and then templates for
    them. Raises NotUnderstood for any other expression.

    >>> evaluated('["${aws_s3_bucket.a.arn}/*"]')
    [Template(parts=(Reference(name='aws_s3_bucket.a', attribute='arn'), '/*'))]
    """
    return _whole(list(_tokens(written, references=True)))


def _whole(tokens: list[tuple[str, str]]) -> Any:
    value, place = _value(tokens, 0, 0)
    if place != len(tokens):
        raise NotUnderstood("it is an expression")
    return value


def _tokens(written: str, *, references: bool = False) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(written.rstrip()):
        match = _TOKEN.match(written, place)
        if match is None and references:
            match = _REFERENCE.match(written, place) or _FILLED.match(written, place)
        if match is None:
            raise NotUnderstood("it is an expression")
        yield str(match.lastgroup), str(match[str(match.lastgroup)])
        place = match.end()


def _template(written: str) -> Template:
    parts = re.split(rf"\$\{{({_PLAIN})\}}", written)
    told = [_reference(part) if number % 2 else part for number, part in enumerate(parts)]
    return Template(tuple(part for part in told if part != ""))


def _reference(written: str) -> Reference:
    name, _, attribute = written.rpartition(".")
    return Reference(name, attribute)


def _value(tokens: list[tuple[str, str]], place: int, depth: int) -> tuple[Any, int]:
    kind, text = tokens[place] if place < len(tokens) and depth < _DEEPEST else ("", "")
    if kind == "reference":
        return Template((_reference(text),)), place + 1
    if kind == "filled":
        return _template(text), place + 1
    if kind == "text":
        return _unquoted(text), place + 1
    if kind == "number":
        return (float(text) if "." in text else int(text)), place + 1
    if kind == "word":
        return {"true": True, "false": False, "null": None}[text], place + 1
    if text not in ("[", "{"):
        raise NotUnderstood("it is an expression")
    listed, mapped, place = [], {}, place + 1
    end = "]" if text == "[" else "}"
    while tokens[place : place + 1] != [("sign", end)]:
        if text == "{":
            of, key = tokens[place] if place < len(tokens) else ("", "")
            if of not in ("text", "name") or tokens[place + 1 : place + 2] not in (
                [("sign", "=")],
                [("sign", ":")],
            ):
                raise NotUnderstood("it is an expression")
            key = _unquoted(key) if of == "text" else key
            mapped[key], place = _value(tokens, place + 2, depth + 1)
        else:
            item, place = _value(tokens, place, depth + 1)
            listed.append(item)
        if tokens[place : place + 1] == [("sign", ",")]:
            place += 1
        elif text == "[" and tokens[place : place + 1] != [("sign", end)]:
            raise NotUnderstood("it is an expression")
    return (listed if text == "[" else mapped), place + 1


def _unquoted(text: str) -> str:
    return str(from_json(text.replace("$${", "${").replace("%%{", "%{").replace("\t", "\\t")))


def written(value: Any) -> str:
    """A value as a literal. Raises NotUnderstood for one that has none here.

    >>> written(["a", True, 3, "${b}"])
    '["a", true, 3, "$${b}"]'
    """
    if isinstance(value, str):
        if re.search(r"[\x00-\x1f\x7f\u2028\u2029]", value):
            raise NotUnderstood("it has characters that are written otherwise")
        return to_json(value).decode().replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Template):
        if len(value.parts) == 1 and isinstance(value.parts[0], Reference):
            return value.parts[0].text
        parts = (
            f"${{{part.text}}}" if isinstance(part, Reference) else written(part)[1:-1] for part in value.parts
        )
        return f'"{"".join(parts)}"'
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    raise NotUnderstood("it is of a form that is not written here")

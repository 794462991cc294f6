"""One template file, read into plain data, with the line of each entry that a message may need to name.

Short forms (`!Sub x`) become long forms (`{"Fn::Sub": x}`), so everything after this knows one shape only.
What is wrong with one entry becomes a Problem and the rest of the file goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from demarcate.base.documents import DocumentError, TooMuch, compose, line_of, read_text, scalar
from demarcate.base.files import open_file
from demarcate.base.limits import MAX_BYTES, MAX_CHARACTERS, MAX_DEPTH, MAX_NODES
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation import jsonnodes
from demarcate.estate.sources.cloudformation.budget import MAX_PROBLEMS
from demarcate.estate.sources.cloudformation.problems import TemplateProblem, kind_of

SECTIONS = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs")

LOOP = "Fn::ForEach::"

SHORT = {"!Ref": "Ref", "!Condition": "Condition"} | {
    f"!{name}": f"Fn::{name}"
    for name in [
        "And",
        "Base64",
        "Cidr",
        "Equals",
        "FindInMap",
        "GetAtt",
        "GetAZs",
        "If",
        "ImportValue",
        "Join",
        "Length",
        "Not",
        "Or",
        "Select",
        "Split",
        "Sub",
        "ToJsonString",
        "Transform",
    ]
}

_TEXT = "tag:yaml.org,2002:str"
_CORE = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in [
        "str",
        "int",
        "float",
        "bool",
        "null",
        "timestamp",
        "merge",
        "value",
        "binary",
        "seq",
        "map",
        "omap",
        "set",
        "pairs",
    ]
)
_MERGE = "tag:yaml.org,2002:merge"


class Position(msgspec.Struct, frozen=True):
    """Where an entry is: the line of its key, and of each key of its Properties."""

    line: int
    properties: dict[str, int]


class Raw(msgspec.Struct):
    """A template as written, `size` characters.

    `places` is keyed by section and then the keys that lead to the entry.
    """

    path: Path
    file: str
    sections: dict[str, dict[str, Any]]
    transforms: list[Any]
    globals: dict[str, Any] | None
    places: dict[tuple[str, ...], Position] = msgspec.field(default_factory=dict)
    problems: list[TemplateProblem] = msgspec.field(default_factory=list)
    size: int = 0
    names_stack: bool = False
    loops: bool = False

    def line(self, *keys: str) -> int | None:
        """The line of an entry, or None where it was not in the text (a generated one)."""
        place = self.places.get(keys)
        return place.line if place else None

    @property
    def serverless(self) -> bool:
        """Whether the template asks for the SAM transform."""
        return any(isinstance(name, str) and name.startswith("AWS::Serverless") for name in self.transforms)


def _uncounted(_: int) -> None:
    """What is read is not counted."""


def read_template(
    path: Path, file: str, *, explicit: bool, count: Callable[[int], None] = _uncounted, instead: str | None = None
) -> Raw | None:
    """Read one template; None for a file of a directory that is no template at all. `count` is told how many characters
    are about to be parsed. `instead` is read as if it stood in the file.

    Raises DocumentError for one that cannot be read: given explicitly, or claiming to be a template.
    """
    try:
        text = read_text(path) if instead is None else instead
        if not explicit and "Resources" not in text and "AWSTemplateFormatVersion" not in text:
            return None
        count(len(text))
        root = compose_template(text, file)
        if not isinstance(root, yaml.MappingNode):
            raise DocumentError("is not a CloudFormation template: " + _kind(root), file)
        raw = _template(root, path, file, explicit=explicit)
    except DocumentError as error:
        if explicit or _claims(path):
            raise DocumentError(error.message, file, error.line) from error
        return None
    if raw is not None:
        raw.size = len(text)
        raw.names_stack = "AWS::Stack" in text
        raw.loops = LOOP in text
    return raw


def read_plain(path: Path, file: str, *, count: Callable[[int], None] = _uncounted) -> Any:
    """The plain value of a YAML or JSON file that is no template (an include, a parameter file). `count` is told how
    many characters are about to be parsed.

    Raises DocumentError.
    """
    text = read_text(path)
    count(len(text))
    root = compose_template(text, file)
    if root is None:
        raise DocumentError("is empty", file)
    builder = _Builder(file)
    value = builder.build(root, 0)
    if builder.problems:
        problem = builder.problems[0]
        raise DocumentError(problem.message, file, problem.line)
    return value


def _kind(root: yaml.Node | None) -> str:
    if root is None:
        return "it is empty"
    return "expected a mapping with Resources at its top"


def compose_template(text: str, file: str) -> yaml.Node | None:
    """Compose YAML; and JSON that YAML does not take (tabs, surrogate escapes) by a reader of its own."""
    try:
        return compose(text, file)
    except TooMuch:
        raise
    except DocumentError:
        if not text.lstrip().startswith("{"):
            raise
        try:
            return jsonnodes.compose(text)
        except jsonnodes.NotJson as error:
            raise DocumentError(str(error), file, error.line) from error


_RESOURCES = re.compile(rb"""^Resources[ \t]*:|"Resources"\s*:""", re.MULTILINE)


def _claims(path: Path) -> bool:
    """Whether a file that cannot be read says that it is a template. Reads MAX_BYTES of it at most."""
    try:
        with open_file(path) as file:
            head = file.read(MAX_BYTES)
    except OSError:
        return True  # a file that cannot even be opened must not go unnoticed
    if b"AWSTemplateFormatVersion" in head:
        return True
    resources = _RESOURCES.search(head)
    return resources is not None and head.find(b"AWS::", resources.end()) >= 0


def _template(root: yaml.MappingNode, path: Path, file: str, *, explicit: bool) -> Raw | None:
    """A composed document as a template; None where a directory's file turns out to be something else."""
    top: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    builder = _Builder(file)
    for key, value in root.value:
        if not isinstance(key, yaml.ScalarNode):
            builder.problem(Kind.MALFORMED, "has a key that is not text; it is left out", key)
        elif key.value in top:
            builder.problem(Kind.AMBIGUOUS, f"has the key {key.value[:80]!r} twice; the second is left out", key)
        else:
            top[key.value] = (key, value)
    versioned = "AWSTemplateFormatVersion" in top
    resources = top["Resources"][1] if "Resources" in top else None
    if not isinstance(resources, yaml.MappingNode):
        if versioned or explicit or (resources is not None and "Transform" in top):
            where = line_of(top["Resources"][0]) if "Resources" in top else None
            what = "Resources is not a mapping" if resources is not None else "it has no Resources"
            raise DocumentError(f"is not a CloudFormation template: {what}", file, where)
        return None
    if not versioned and not explicit and not _has_types(resources):
        return None
    raw = Raw(path, file, {}, [], None, problems=builder.problems)
    for section in SECTIONS:
        raw.sections[section] = _section(section, top, builder, raw)
    if "Transform" in top:
        value = builder.build(top["Transform"][1], 0)
        raw.transforms = value if isinstance(value, list) else [value]
        raw.places[("Transform",)] = Position(line_of(top["Transform"][0]), {})
    if "Globals" in top:
        value = builder.build(top["Globals"][1], 0)
        raw.globals = value if isinstance(value, dict) else None
    return raw


def _has_types(resources: yaml.MappingNode) -> bool:
    """Whether anything under Resources looks like a resource, for a document without a format version."""
    for key, value in resources.value:
        if isinstance(key, yaml.ScalarNode) and key.value.startswith("Fn::"):
            return True
        if isinstance(value, yaml.MappingNode) and any(
            k.value == "Type" and isinstance(v, yaml.ScalarNode) and "::" in v.value for k, v in value.value
        ):
            return True
    return False


def _section(
    section: str, top: dict[str, tuple[yaml.Node, yaml.Node]], builder: _Builder, raw: Raw
) -> dict[str, Any]:
    """The entries of one section, each built on its own so that a bad one costs no other."""
    if section not in top:
        return {}
    node = top[section][1]
    raw.places[(section,)] = Position(line_of(top[section][0]), {})
    if not isinstance(node, yaml.MappingNode):
        if not (isinstance(node, yaml.ScalarNode) and scalar(node, raw.file) is None):
            builder.problem(Kind.MALFORMED, f"{section} is not a mapping; it is left out", node)
        return {}
    entries: dict[str, Any] = {}
    twice: set[str] = set()
    for key, value in builder.members(node):
        name = key.value
        if name in entries:
            builder.problem(
                Kind.AMBIGUOUS,
                f"{section} has {name[:80]!r} twice; both are left out, as which is meant is unclear",
                key,
            )
            twice.add(name)
            continue
        try:
            entries[name] = builder.build(value, 2)
        except DocumentError as error:
            builder.problem(kind_of(error), error.message, value, error.line)
            if builder.spent:
                raise
            continue
        _note_places(raw, (section, name), key, value)
    for name in twice:
        del entries[name]
    return entries


def _note_places(raw: Raw, keys: tuple[str, ...], key: yaml.Node, value: yaml.Node) -> None:
    """Note the line of an entry and of its properties, and of the entries that a loop repeats."""
    if not keys[-1].startswith(LOOP):
        raw.places[keys] = Position(line_of(key), _property_lines(value) if keys[0] == "Resources" else {})
        return
    raw.places[keys] = Position(line_of(key), {})
    if isinstance(value, yaml.SequenceNode) and value.value and isinstance(value.value[-1], yaml.MappingNode):
        for inner_key, inner in value.value[-1].value:
            if isinstance(inner_key, yaml.ScalarNode):
                _note_places(raw, (*keys, inner_key.value), inner_key, inner)


def _property_lines(resource: yaml.Node) -> dict[str, int]:
    if isinstance(resource, yaml.MappingNode):
        for key, value in resource.value:
            if key.value == "Properties" and isinstance(value, yaml.MappingNode):
                return {k.value: k.start_mark.line + 1 for k, _ in value.value if isinstance(k, yaml.ScalarNode)}
    return {}


class _Builder:
    """Builds plain values from nodes, counting them so that aliases cannot unfold without bound."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = self.characters = 0
        self.texts: dict[str, str] = {}  # keys and words are met again and again: each is held once
        self.problems: list[TemplateProblem] = []

    def problem(self, kind: Kind, message: str, node: yaml.Node, line: int | None = None) -> None:
        if len(self.problems) == MAX_PROBLEMS:
            kind, message = Kind.TOO_MUCH, "has more problems than are listed, from here on"
        if len(self.problems) <= MAX_PROBLEMS:
            self.problems.append(TemplateProblem(message, self.file, line or line_of(node), kind=kind))

    @property
    def spent(self) -> bool:
        """Whether the file unfolds to more than a document may hold."""
        return self.count > MAX_NODES or self.characters > MAX_CHARACTERS

    def _too_much(self, node: yaml.Node) -> TooMuch:
        return TooMuch(
            f"unfolds to more than {MAX_NODES:,} values or {MAX_CHARACTERS:,} characters", self.file, line_of(node)
        )

    def members(self, node: yaml.MappingNode, depth: int = 0) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        """The members of a mapping, `<<` merged in; a key that is not text is a Problem and left out."""
        own: list[tuple[yaml.ScalarNode, yaml.Node]] = []
        merged: list[tuple[yaml.ScalarNode, yaml.Node]] = []
        for key, value in node.value:
            if type(key) is not yaml.ScalarNode or key.tag.startswith("!"):
                self.problem(Kind.MALFORMED, "has a key that is not text; it is left out", key)
            elif key.tag == _MERGE and not key.style:
                merged += self._merged(value, depth)
            else:
                self.characters += len(key.value)
                own.append((key, value))
        if merged:
            names = {key.value for key, _ in own}
            for key, value in merged:
                if key.value not in names:
                    names.add(key.value)
                    own.append((key, value))
        return own

    def _merged(self, node: yaml.Node, depth: int) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        self.count += 1
        if depth > MAX_DEPTH or self.spent:
            raise DocumentError("merges itself without end", self.file, line_of(node))
        if isinstance(node, yaml.MappingNode):
            members = self.members(node, depth + 1)
            self.count += len(members)
            return members
        if isinstance(node, yaml.SequenceNode):
            return [member for item in node.value for member in self._merged(item, depth + 1)]
        self.problem(Kind.MALFORMED, "merges (<<) something that is not a mapping; it is left out", node)
        return []

    def build(self, node: Any, depth: int) -> Any:
        """The plain value of a node. Raises DocumentError for what is too deep or unfolds too far."""
        self.count += 1
        kind = type(node)
        tag = node.tag
        value: Any
        if kind is yaml.ScalarNode:
            self.characters += len(node.value)
            if self.characters > MAX_CHARACTERS or self.count > MAX_NODES:
                raise self._too_much(node)
            if node.style and tag == _TEXT:
                return self.texts.setdefault(node.value, node.value)
            value = scalar(node, self.file)
            if type(value) is str:
                value = self.texts.setdefault(value, value)
        else:
            if depth > MAX_DEPTH:
                raise DocumentError(f"is nested deeper than {MAX_DEPTH} levels", self.file, line_of(node))
            if self.spent:
                raise self._too_much(node)
            build = self.build
            if kind is yaml.SequenceNode:
                value = [build(item, depth + 1) for item in node.value]
            else:
                value = self._mapping(node, depth)
        if tag not in _CORE:
            return self._function(tag, value, node)
        return value

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        build = self.build
        value: dict[str, Any] = {}
        pairs = node.value
        for key, _ in pairs:
            if type(key) is not yaml.ScalarNode or key.tag != _TEXT:
                pairs = self.members(node)
                break
        for key, item in pairs:
            name = self.texts.setdefault(key.value, key.value)
            self.characters += len(name)
            if name in value:
                self.problem(
                    Kind.AMBIGUOUS,
                    f"has the key {name[:80]!r} twice; its value is unknown, as which is meant is unclear",
                    key,
                )
                value[name] = Unknown(Kind.AMBIGUOUS, f"{name[:80]} is given twice")
            else:
                value[name] = build(item, depth + 1)
        return value

    def _function(self, tag: str, value: Any, node: yaml.Node) -> Any:
        name = SHORT.get(tag)
        if name is not None:
            return {name: value}
        why = f"has a tag that CloudFormation does not know: {tag[:80]}; its value is unknown"
        self.problem(Kind.UNSUPPORTED, why, node)
        return Unknown(Kind.UNSUPPORTED, f"the tag {tag[:80]} is not a function of CloudFormation")

"""Documents as trees of YAML's nodes, damaged in ways that leave them documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import yaml

from fuzz.texts import word

MOST = 20_000
"""How many nodes a document that is written may have, aliases counted each time."""

_STR, _SEQ, _MAP = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_RESOLVER = yaml.resolver.Resolver()

TAGS = (
    "!Ref",
    "!Sub",
    "!GetAtt",
    "!If",
    "!x",
    "!",
    "tag:yaml.org,2002:binary",
    "tag:yaml.org,2002:set",
    "tag:yaml.org,2002:python/object/apply:os.system",
    "tag:yaml.org,2002:int",
    "tag:yaml.org,2002:float",
    "tag:yaml.org,2002:timestamp",
    "tag:yaml.org,2002:null",
    "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:omap",
)


@dataclass(frozen=True, slots=True)
class Language:
    """What may be put into a document of a kind: keys and texts that mean something in it, and whole parts.

    A part is made around a node that is there.
    """

    words: Sequence[str]
    parts: Sequence[Callable[[Random, yaml.Node], yaml.Node]] = ()


def parse(text: str) -> yaml.Node:
    """A document that is known to be one."""
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    if node is None:
        raise ValueError("an empty document")
    return node


def node_of(value: Any, seen: dict[int, yaml.Node] | None = None) -> yaml.Node:
    """A tree of plain data; what stands there twice is an alias."""
    seen = {} if seen is None else seen
    if isinstance(value, yaml.Node):
        return value
    if isinstance(value, str):
        return yaml.ScalarNode(_STR, value)
    if not isinstance(value, dict | list | tuple):
        return plain(json.dumps(value))
    if id(value) not in seen:
        if isinstance(value, dict):
            pairs = [(node_of(key, seen), node_of(inner, seen)) for key, inner in value.items()]
            seen[id(value)] = yaml.MappingNode(_MAP, pairs)
        else:
            seen[id(value)] = yaml.SequenceNode(_SEQ, [node_of(inner, seen) for inner in value])
    return seen[id(value)]


def plain(text: str) -> yaml.ScalarNode:
    """A scalar that means what YAML takes it for."""
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return yaml.ScalarNode(tag, text)


def yaml_of(node: yaml.Node, *, flow: bool = False) -> bytes:
    """A tree as YAML. Raises ValueError where it cannot be written."""
    try:
        text = yaml.serialize(node, Dumper=yaml.CSafeDumper, allow_unicode=not flow, width=100)
    except (yaml.YAMLError, UnicodeError, RecursionError, MemoryError) as error:
        raise ValueError("cannot be written") from error
    return text.encode(errors="surrogatepass") if isinstance(text, str) else text


def json_of(node: yaml.Node) -> bytes:
    """A tree as JSON: keys may come twice, and numbers be of any length."""
    pieces: list[str] = []

    def write(node: yaml.Node, depth: int) -> None:
        if len(pieces) > MOST or depth > 500:
            pieces.append("null")
        elif isinstance(node, yaml.MappingNode):
            pieces.append("{")
            for number, (key, inner) in enumerate(node.value):
                name = key.value[:80_000] if isinstance(key, yaml.ScalarNode) else "?"
                pieces.append(f"{', ' if number else ''}{json.dumps(name)}: ")
                write(inner, depth + 1)
            pieces.append("}")
        elif isinstance(node, yaml.SequenceNode):
            pieces.append("[")
            for number, inner in enumerate(node.value):
                pieces.append(", " if number else "")
                write(inner, depth + 1)
            pieces.append("]")
        else:
            kind = node.tag.rpartition(":")[2]
            pieces.append(node.value if kind in ("int", "float", "bool", "null") else json.dumps(node.value))

    write(node, 0)
    return "".join(pieces).encode(errors="surrogatepass")


def copied(node: yaml.Node, seen: dict[int, yaml.Node] | None = None) -> yaml.Node:
    """A copy, in which what is shared is shared again."""
    seen = {} if seen is None else seen
    if id(node) in seen:
        return seen[id(node)]
    new = (
        type(node)(node.tag, [])
        if isinstance(node, yaml.CollectionNode)
        else yaml.ScalarNode(node.tag, node.value)
    )
    seen[id(node)] = new
    if isinstance(node, yaml.MappingNode):
        new.value = [(copied(key, seen), copied(inner, seen)) for key, inner in node.value]
    elif isinstance(node, yaml.SequenceNode):
        new.value = [copied(inner, seen) for inner in node.value]
    return new


@dataclass(slots=True)
class _Slot:
    """A place in a tree: in `holder`, the key (0) or value (1) of an entry, or an item."""

    holder: Any
    index: int
    part: int

    def node(self) -> yaml.Node:
        entry = self.holder.value[self.index]
        node: yaml.Node = entry[self.part] if isinstance(entry, tuple) else entry
        return node

    def set(self, node: yaml.Node) -> None:
        entry = self.holder.value[self.index]
        if isinstance(entry, tuple):
            self.holder.value[self.index] = (node, entry[1]) if self.part == 0 else (entry[0], node)
        else:
            self.holder.value[self.index] = node


def _slots(root: yaml.Node) -> list[_Slot]:
    slots: list[_Slot] = []
    left, seen = [root], {id(root)}
    while left:
        holder = left.pop()
        if not isinstance(holder.value, list):
            continue
        for index, entry in enumerate(holder.value):
            inner = entry if isinstance(entry, tuple) else (entry,)
            slots += [_Slot(holder, index, part) for part in range(len(inner))]
            for node in inner:
                if id(node) not in seen:
                    seen.add(id(node))
                    left.append(node)
    return slots


def damaged(random: Random, root: yaml.Node, others: Sequence[yaml.Node], language: Language) -> yaml.Node:
    """A copy with up to five things done to it; `others` are such documents, of which parts are put in."""
    root = copied(root)
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        slots = _slots(root)
        if not slots:
            return node_of(word(random))
        slot = random.choice(slots)
        if random.random() < 0.25:  # mostly values, since a key that is not known ends what is below it
            slot.part = 1 if isinstance(slot.holder, yaml.MappingNode) else 0
        if random.random() < 0.08 and others:
            donors = _slots(random.choice(others))
            if donors:
                slot.set(copied(random.choice(donors).node()))
            continue
        random.choice(_DAMAGES)(random, slot, slots, language)
    return root


def scalar(random: Random, language: Language) -> yaml.Node:
    """A scalar of any type."""
    lot = random.random()
    text = random.choice(language.words) if language.words and lot < 0.4 else word(random)
    return node_of(text) if lot < 0.8 else plain(text)


def _replace(random: Random, slot: _Slot, _: list[_Slot], language: Language) -> None:
    slot.set(scalar(random, language))


def _type(random: Random, slot: _Slot, _: list[_Slot], language: Language) -> None:
    """Something of another type in its place, or around it."""
    node = slot.node()
    kinds: tuple[Any, ...] = (
        None,
        [],
        {},
        [node],
        {"x": node},
        [node] * 3,
        True,
        0,
        -1,
        1.5,
        "",
        [[]],
        [None],
        {"": None},
    )
    slot.set(node_of(random.choice(kinds)))


def _delete(random: Random, slot: _Slot, _: list[_Slot], language: Language) -> None:
    del slot.holder.value[slot.index]


def _twice(random: Random, slot: _Slot, _: list[_Slot], language: Language) -> None:
    """The same entry again; seldom, many times."""
    times = int(2 ** random.uniform(0, 10)) if random.random() < 0.1 else 1
    entry = slot.holder.value[slot.index]
    for number in range(times):
        if isinstance(entry, tuple):
            key = copied(entry[0]) if times == 1 else node_of(f"{entry[0].value!s:.40}{number}")
            entry = (key, entry[1] if times > 1 else copied(entry[1]))
        slot.holder.value.insert(slot.index, entry)


def _move(random: Random, slot: _Slot, slots: list[_Slot], language: Language) -> None:
    """A copy of another part of the document."""
    slot.set(copied(random.choice(slots).node()))


def _alias(random: Random, slot: _Slot, slots: list[_Slot], language: Language) -> None:
    """Another part of the document itself: an alias, maybe of what it stands in."""
    slot.set(random.choice(slots).node())


def _exchange(random: Random, slot: _Slot, slots: list[_Slot], language: Language) -> None:
    other = random.choice(slots)
    mine, theirs = slot.node(), other.node()
    slot.set(theirs)
    other.set(mine)


def _tag(random: Random, slot: _Slot, _: list[_Slot], language: Language) -> None:
    node = copied(slot.node())
    node.tag = random.choice(TAGS)
    slot.set(node)


def _merge(random: Random, slot: _Slot, slots: list[_Slot], language: Language) -> None:
    """A merge key."""
    if isinstance(slot.holder, yaml.MappingNode):
        key = yaml.ScalarNode("tag:yaml.org,2002:merge", "<<")
        given = random.choice(slots).node()
        slot.holder.value.insert(slot.index, (key, node_of([given, given]) if random.random() < 0.3 else given))


def _nest(random: Random, slot: _Slot, _: list[_Slot], language: Language) -> None:
    node = slot.node()
    key = random.choice([*language.words, "a"])
    for _unused in range(random.choice((2, 5, 30, 98, 130))):
        node = node_of([node]) if random.random() < 0.5 else node_of({key: node})
    slot.set(node)


def _part(random: Random, slot: _Slot, slots: list[_Slot], language: Language) -> None:
    """Something of the language around a part, or instead of it."""
    if not language.parts:
        return
    around = slot.node() if random.random() < 0.6 else random.choice(slots).node()
    slot.set(random.choice(language.parts)(random, copied(around)))


def _grow(random: Random, slot: _Slot, _: list[_Slot], language: Language) -> None:
    """A long text or a long list."""
    node = slot.node()
    if isinstance(node, yaml.ScalarNode):
        slot.set(yaml.ScalarNode(node.tag, (node.value or "x")[:1000] * int(2 ** random.uniform(1, 8))))
    else:
        slot.set(node_of([node] * int(2 ** random.uniform(1, 9))))


_DAMAGES = (
    _replace,
    _replace,
    _replace,
    _type,
    _type,
    _delete,
    _delete,
    _twice,
    _move,
    _move,
    _alias,
    _exchange,
    _tag,
    _merge,
    _nest,
    _part,
    _part,
    _part,
    _grow,
)

"""Rules that can never fire as meant: they ask for fields, sources, events or parameters that AWS does not have.

What CloudTrail writes otherwise than an API has it is not judged. A fault may be in a part of a rule that only filters:
that part does nothing then.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from demarcate.logs.events import COLUMNS
from demarcate.logs.sigma import models
from demarcate.logs.sigma.fields import place_of
from demarcate.logs.sigma.reading import Rules
from demarcate.logs.sigma.structs import Rule
from demarcate.logs.sigma.trees import All, Either, Matches, Not, Text, Tree, fields_of, leaves, names_of

_SIDES: Final = {"request_parameters": "input", "response_elements": "output"}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a rule: `kind` is field, source, event, parameter or value."""

    rule: str
    kind: str
    message: str
    file: str
    line: int


def faults(rules: Rules) -> list[Fault]:
    """What is wrong with rules, in their order."""
    return [
        Fault(rule=rule.name, kind=kind, message=message, file=rule.file, line=rule.line)
        for ident, rule in rules.rules.items()
        if ident in rules.trees
        for kind, message in dict.fromkeys(_faults(rule, rules.trees[ident]))
    ]


def _faults(rule: Rule, tree: Tree) -> Iterator[tuple[str, str]]:
    for field in fields_of(tree):
        if place_of(field) is None:
            yield (
                "field",
                f"no event of CloudTrail has {field}{_near(field, [column.member for column in COLUMNS])}",
            )
    for source in _texts(tree, "eventSource"):
        if not models.is_source(source):
            yield "source", f"no service has the event source {source}"
    for field, text in _references(tree):
        yield (
            "value",
            f"{field} is compared with the text {text}, which is a field; compare with its value by |fieldref",
        )
    for part in _parts(tree):
        yield from _of_part(part, rule)


def _references(tree: Tree) -> Iterator[tuple[str, str]]:
    """Fields, and what they are compared with that is the name of another one."""
    for leaf in leaves(tree):
        if not isinstance(leaf, Matches):
            continue
        texts = [part for matcher in leaf.matchers if isinstance(matcher, Text) for part in matcher.parts]
        for text in texts:
            place = place_of(text) if isinstance(text, str) and "." in text else None
            if place is not None and isinstance(text, str) and (place.path or place.column.member == text):
                yield leaf.field, text


def _of_part(part: Tree, rule: Rule) -> Iterator[tuple[str, str]]:
    """Of what must hold at once: whether the sources have the events, and these the parameters."""
    sources = names_of(part, "eventSource") or (frozenset(rule.sources) if rule.sources else frozenset())
    sources = frozenset(source for source in sources if models.is_source(source))
    if not sources:
        return
    for event in _texts(part, "eventName"):
        if not any(models.has_event(source, event) for source in sources):
            every = [name for source in sources for name in models.events_of(source)]
            yield "event", f"{', '.join(sorted(sources))} has no event {event}{_near(event, every)}"
    events = names_of(part, "eventName") or (frozenset(rule.event_names) if rule.event_names else frozenset())
    events = frozenset(event for event in events if any(models.has_event(source, event) for source in sources))
    if not events or any(map(models.is_written_otherwise, sources)):
        return
    for field in fields_of(part):
        place = place_of(field)
        if place is None or not place.path or place.column.name not in _SIDES:
            continue
        side = "input" if _SIDES[place.column.name] == "input" else "output"
        missing = [models.missing_member(source, events, side, place.path) for source in sources]  # type: ignore[arg-type]
        if missing and all(missing):
            name, there = next(each for each in missing if each)
            yield "parameter", f"{field}: {', '.join(sorted(events))} has no {name} there{_near(name, there)}"


def _parts(tree: Tree) -> Iterator[Tree]:
    """What must hold at once: each side of an OR by itself, with what is beside it in an AND."""
    if isinstance(tree, Either):
        for part in tree.parts:
            yield from _parts(part)
    elif isinstance(tree, All):
        alternatives = [part for part in tree.parts if isinstance(part, Either) and _names_events(part)]
        rest = [part for part in tree.parts if part not in alternatives]
        if not alternatives:
            yield tree
        for alternative in alternatives:
            for part in _parts(alternative):
                yield All((part, *rest))
    elif isinstance(tree, Not):
        yield from _parts(tree.part)
    else:
        yield tree


def _names_events(tree: Tree) -> bool:
    return any(isinstance(leaf, Matches) and leaf.field in ("eventName", "eventSource") for leaf in leaves(tree))


def _texts(tree: Tree, field: str) -> Iterable[str]:
    """The texts, as they are written, that a field is compared with."""
    told = (
        matcher.plain
        for leaf in leaves(tree)
        if isinstance(leaf, Matches) and leaf.field == field
        for matcher in leaf.matchers
        if isinstance(matcher, Text)
    )
    return dict.fromkeys(text for text in told if text is not None)


def _near(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), 1, cutoff=0.75)
    return f"; did you mean {near[0]}?" if near else ""

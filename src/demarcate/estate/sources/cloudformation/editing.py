"""Edit one property of a template where it is written, and leave all else as it is: comments, order and style.

    text, line = set_property(text, "app.yaml", Place("Data", ("AWS::EC2::Volume",), "Size"), 9)

What is edited is found by the marks of the document's nodes. A value that a function gives, that an alias repeats or
that a loop, a macro or a transform makes is not written there: it is not edited, and NotEdited says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any, Final

import yaml

from demarcate.base.documents import line_of, plain
from demarcate.estate.sources.cloudformation.reading import LOOP, SHORT, compose_template
from demarcate.estate.sources.cloudformation.writing import is_null, style_of


class _Mark:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


REMOVED: Final = _Mark("REMOVED")
"""In the place of a value: the property goes."""

UNTOLD: Final = _Mark("UNTOLD")
"""In the place of what a property is: it is not known what its functions give."""

Same = Callable[[Any, Any], bool]
"""Whether two values mean the same."""


class NotEdited(Exception):
    """Why a property cannot be edited; the text says what stands there, and on which line."""


class SaidAlready(NotEdited):
    """What is to be written is written there."""


@dataclass(frozen=True, slots=True)
class Place:
    """A property: of which resource, of which types it is, and where below its properties (`Rules[0].Status`)."""

    logical_id: str
    types: tuple[str, ...]
    path: str


def set_property(
    text: str, file: str, place: Place, value: Any, *, declared: Any = UNTOLD, same: Same = eq
) -> tuple[str, int]:
    """The text of a template with another value of a property (or without it: REMOVED), and the line that is edited.

    `declared` is what the property is now, with its functions resolved. Parts of it that are the `same` stay as they
    are written. Raises NotEdited, and DocumentError for a text that is no document.
    """
    root = compose_template(text, file)
    editor = _Editor(text, root, same)
    editor.put(_resource(root, place), ["Properties", *_steps(place.path)], value, declared)
    return editor.result()


def change_items(
    text: str, file: str, place: Place, gone: Sequence[Any], added: list[Any], is_of: Same
) -> tuple[str, int]:
    """The text of a template with other items in a list that is a property, and the line that is edited.

    `is_of` says whether an item, as it is written, is one of `gone`. Raises as `set_property` does.
    """
    root = compose_template(text, file)
    editor = _Editor(text, root, eq)
    editor.put_items(_resource(root, place), place.path, gone, added, is_of)
    return editor.result()


def is_written(text: str, file: str, place: Place) -> bool:
    """Whether a resource says anything of a property that is not empty. Raises as `set_property` does."""
    node: Any = _resource(compose_template(text, file), place)
    for step in ["Properties", *_steps(place.path)]:
        if isinstance(step, int):
            node = node.value[step] if isinstance(node, yaml.SequenceNode) and step < len(node.value) else None
        else:
            node = _member(node, step)
        if node is None:
            return False
    return not isinstance(node, yaml.CollectionNode) or bool(node.value)


def add_resource(text: str, file: str, place: Place, name: str, body: Mapping[str, Any]) -> tuple[str, int]:
    """The text of a template with a resource more, behind another one, and its line. What is said of whether the other
    one is there is said of it as well. Raises as `set_property` does.
    """
    root = compose_template(text, file)
    condition = _member(_resource(root, place), "Condition")
    told = {"Type": body["Type"], **({"Condition": condition.value} if condition is not None else {}), **body}
    editor = _Editor(text, root, eq)
    editor.put_behind(place.logical_id, {name: told})
    edited, line = editor.result()
    return edited, line + 1


def resource_names(text: str, file: str) -> frozenset[str]:
    """The logical ids of a template. Raises DocumentError for a text that is no document."""
    resources = _member(compose_template(text, file), "Resources")
    return frozenset(str(key.value) for key, _ in resources.value) if resources is not None else frozenset()


_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d*)\]")


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for name, index in _STEP.findall(path):
        if not name and not index:
            raise NotEdited(f"it is made of all that {path.partition('[')[0]} lists")
        steps.append(name or int(index))
    return steps


def _resource(root: yaml.Node | None, place: Place) -> yaml.MappingNode:
    """The node of a resource. Raises NotEdited for one that is not written as such."""
    resources = _member(root, "Resources")
    if "/" in place.logical_id:
        raise NotEdited("its template is nested more than once, and each nested stack would change")
    node = _member(resources, place.logical_id)
    if not isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in resources.value] if isinstance(resources, yaml.MappingNode) else []
        loops = any(isinstance(name, str) and name.startswith(LOOP) for name in names)
        raise NotEdited(f"{'a loop (Fn::ForEach)' if loops else 'a transform or a macro'} makes the resource")
    type_ = _member(node, "Type")
    if type_ is None or type_.value not in place.types:
        told = type_.value if isinstance(type_, yaml.ScalarNode) else "another resource"
        raise NotEdited(f"it is made of {told}, on line {line_of(node)}")
    if _member(node, "Fn::Transform") is not None:
        raise NotEdited(f"a macro makes its properties, on line {line_of(node)}")
    return node


def _member(node: yaml.Node | None, name: str) -> Any:
    """The value of a member that a mapping itself has; None where it has none."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


_GIVES: Final[Mapping[str, str]] = {
    "Fn::FindInMap": "a mapping",
    "Fn::If": "a condition",
    "Fn::ImportValue": "another stack",
    "Fn::Transform": "a macro or an included file",
}
"""By function: what gives a value, in words."""


def _function(node: yaml.Node) -> str | None:
    """The function that gives a node's value; None where it is written there."""
    if node.tag.startswith("!"):
        return SHORT.get(node.tag, node.tag)
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        name = str(key.value)
        if (name == "Ref" and len(node.value) == 1) or name.startswith("Fn::"):
            return name
    return "a dynamic reference" if isinstance(node, yaml.ScalarNode) and "{{resolve:" in node.value else None


def _has_function(node: yaml.Node) -> bool:
    if _function(node) is not None:
        return True
    if isinstance(node, yaml.MappingNode):
        return any(_has_function(value) for _, value in node.value)
    return isinstance(node, yaml.SequenceNode) and any(map(_has_function, node.value))


_Trail = list[tuple[yaml.Node, int]]
"""The way to a node: from each mapping or list on it, the place of the member or item that comes next."""


class _Editor:
    """What is to be put in the place of what, in one text."""

    def __init__(self, text: str, root: yaml.Node | None, same: Same) -> None:
        self._text, self._root, self._same = text, root, same
        self._style = style_of(text, root)
        self._edits: list[tuple[int, int, str]] = []

    def result(self) -> tuple[str, int]:
        """The edited text, and the first line that is edited. Raises NotEdited where nothing is."""
        if not self._edits:
            raise SaidAlready("it is written there already")
        text = self._text
        for start, end, instead in sorted(self._edits, reverse=True):
            text = text[:start] + instead.replace("\n", self._style.newline) + text[end:]
        return text, self._line(min(start for start, _, _ in self._edits))

    def put(self, resource: yaml.MappingNode, steps: list[str | int], value: Any, declared: Any) -> None:
        """Set what steps lead to below a resource."""
        node: yaml.Node = resource
        trail: _Trail = []
        for number, step in enumerate(steps):
            self._refuse(node)
            if isinstance(step, int) and not isinstance(node, yaml.SequenceNode):
                continue  # one thing may stand where a list does
            place = self._own(node, step)
            if place is None:
                if value is REMOVED:
                    raise NotEdited("it is not written there")
                below = _below(steps[number + 1 :], value)
                if isinstance(node, yaml.ScalarNode):
                    self._replace(trail, {step: below})
                else:
                    self._append(node, [{step: below} if isinstance(step, str) else below])
                return
            trail.append((node, place))
            node = self._child(node, place)
        if value is REMOVED:
            self._remove(trail)
        else:
            self._change(trail, declared if _has_function(node) else plain(node, ""), value)

    def put_items(
        self, resource: yaml.MappingNode, name: str, gone: Sequence[Any], added: list[Any], is_of: Same
    ) -> None:
        """Take items of a list away, and write others below those that stay."""
        properties = _member(resource, "Properties")
        node = _member(properties, name)
        if not isinstance(node, yaml.SequenceNode):
            if gone or node is not None:
                raise NotEdited(f"{name} is no list that is written there, on line {line_of(node or resource)}")
            self.put(resource, ["Properties", name], added, UNTOLD)
            return
        trail: _Trail = [(resource, self._own(resource, "Properties") or 0)]
        trail.append((properties, self._own(properties, name) or 0))
        for above in (properties, node):
            self._refuse(above)
        items = [UNTOLD if _has_function(item) else plain(item, "") for item in node.value]
        places: list[int] = []
        for thing in gone:
            match = (place for place, item in enumerate(items) if item is not UNTOLD and is_of(item, thing))
            place = next((place for place in match if place not in places), None)
            if place is None:
                raise NotEdited(f"no item says so that is written there, on line {line_of(node)}")
            places.append(place)
        if len(places) < len(items):
            self._delete(node, sorted(places))
            self._append(node, added, places)
        elif added:
            self._replace(trail, added)
        else:
            self._remove(trail)

    def put_behind(self, name: str, added: Mapping[str, Any]) -> None:
        """Write a resource behind another one."""
        resources = _member(self._root, "Resources")
        end = self._span(resources, self._own(resources, name) or 0)[1]
        end = end if self._style.flow(resources) else self._line_end(end)
        self._edits.append((end, end, self._style.appended(added, resources)))

    def _own(self, node: yaml.Node, step: str | int) -> int | None:
        """The place of a member or of an item; None where there is none."""
        if isinstance(step, int):
            return step if step < len(node.value) else None
        if is_null(node):
            return None
        if not isinstance(node, yaml.MappingNode):
            raise NotEdited(f"line {line_of(node)} has no mapping, in which {step} would be")
        places = [place for place, (key, _) in enumerate(node.value) if key.value == step]
        if len(places) > 1:
            raise NotEdited(f"{step} is written twice, on line {line_of(node.value[places[1]][0])}")
        if not places and any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise NotEdited(f"what is merged (<<) may give it, on line {line_of(node)}")
        return places[0] if places else None

    def _refuse(self, node: yaml.Node) -> None:
        """Raise NotEdited for a value that is not written where it is used, or is used elsewhere too."""
        name = _function(node)
        if name is None:
            if self._text[node.start_mark.index : node.start_mark.index + 1] == "&":
                raise NotEdited(f"other places repeat it by an anchor, on line {line_of(node)}")
            return
        if name != "Ref":
            given = _GIVES.get(name, name.removeprefix("Fn::"))
            raise NotEdited(f"{given} gives it, on line {line_of(node)}")
        target = node.value if isinstance(node, yaml.ScalarNode) else node.value[0][1].value
        parameter = _member(_member(self._root, "Parameters"), target) is not None
        kind = "the parameter" if parameter else "a reference to"
        raise NotEdited(f"{kind} {target} gives it, on line {line_of(node)}")

    def _refuse_inside(self, node: yaml.Node) -> None:
        """Raise NotEdited where functions are in what would be written anew, or go."""
        if _has_function(node):
            raise NotEdited(f"functions give parts of it, from line {line_of(node)} on")

    # Where things are

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1

    def _child(self, node: yaml.Node, place: int) -> yaml.Node:
        """A member's value, or an item. Raises NotEdited for one that an alias brings from elsewhere."""
        key, child = _parts(node, place)
        before = key.end_mark.index if key is not None else node.start_mark.index
        if not before <= child.start_mark.index <= node.end_mark.index:
            raise NotEdited(f"an alias gives it, on line {line_of(key or node)}")
        return child

    def _span(self, node: yaml.Node, place: int) -> tuple[int, int]:
        """From where to where a member, with its key, or an item is written."""
        key, _ = _parts(node, place)
        child = self._child(node, place)
        return (key or child).start_mark.index, self._end(child, key)

    def _end(self, node: yaml.Node, key: yaml.Node | None) -> int:
        """Where the text of a node ends, without the comments and empty lines that follow it."""
        end: int = node.end_mark.index
        if end == node.start_mark.index and key is not None:
            return self._text.index(":", key.end_mark.index) + 1  # it is said to be where the next thing begins
        if isinstance(node, yaml.ScalarNode):
            return len(self._text[:end].rstrip(" \r\n")) if node.style in ("|", ">") else end
        if self._style.flow(node):
            return end
        return self._span(node, len(node.value) - 1)[1]

    def _line_end(self, at: int) -> int:
        """The end of a line, behind what follows there, which may only be a comment."""
        end = self._text.find("\n", at)
        end = len(self._text) if end < 0 else end
        rest = self._text[at:end]
        if rest.strip() and not rest.lstrip().startswith("#"):
            raise NotEdited(f"something follows it, on line {self._line(at)}")
        return end - 1 if rest.endswith("\r") else end

    # Changing

    def _change(self, trail: _Trail, old: Any, new: Any) -> None:
        """Edit what differs between two values of a node, and nothing else of it."""
        node = self._child(*trail[-1])
        if old is not UNTOLD and self._same(old, new):
            return
        self._refuse(node)
        if isinstance(node, yaml.MappingNode) and isinstance(old, dict) and isinstance(new, dict):
            changed = self._change_members(trail, node, old, new)
        elif isinstance(node, yaml.SequenceNode) and isinstance(old, list) and isinstance(new, list):
            changed = bool(new) and len(node.value) == len(old) and self._change_items(trail, node, old, new)
        else:
            changed = False
        if not changed:
            self._replace(trail, new)

    def _change_members(
        self, trail: _Trail, node: yaml.MappingNode, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> bool:
        """Edit the members that differ; False where the map is to be written anew, since none stays."""
        if {key.value for key, _ in node.value} != old.keys() or not old.keys() & new.keys():
            return False
        gone = []
        for place, (key, _) in enumerate(node.value):
            if key.value in new:
                self._change([*trail, (node, place)], old[key.value], new[key.value])
            else:
                gone.append(place)
        self._delete(node, gone)
        self._append(node, [{name: value} for name, value in new.items() if name not in old], gone)
        return True

    def _change_items(self, trail: _Trail, node: yaml.SequenceNode, old: list[Any], new: list[Any]) -> bool:
        """Edit the items that differ; False where the list is to be written anew: none stays, or in another order."""
        added = list(new)
        gone: list[int] = []
        for place, item in enumerate(old):
            match = next((at for at, other in enumerate(added) if self._same(item, other)), None)
            if match is None:
                gone.append(place)
            else:
                del added[match]
        if len(gone) == len(added):
            instead = dict(zip(gone, added, strict=True))
            whole = [instead.get(place, item) for place, item in enumerate(old)]
        else:
            instead = {}
            whole = [item for place, item in enumerate(old) if place not in gone] + added
        if not self._same(whole, new) or (not instead and len(gone) == len(old)):
            return False
        for place, item in instead.items():
            self._change([*trail, (node, place)], old[place], item)
        if not instead:
            self._delete(node, gone)
            self._append(node, added, gone)
        return True

    def _replace(self, trail: _Trail, value: Any) -> None:
        node, place = trail[-1]
        key, _ = _parts(node, place)
        child = self._child(node, place)
        self._refuse_inside(child)
        end = self._end(child, key)
        start = min(child.start_mark.index, end)
        below = None if key is None or self._style.flow(node) else key.start_mark.column
        written = self._style.written(value, child, below)
        if key is not None:
            after = self._text.index(":", key.end_mark.index) + 1
            if not self._text[after:start].strip() and not self._style.json:
                start, written = after, written if written.startswith("\n") else f" {written}"
        self._edits.append((start, end, written))

    # Adding and removing

    def _append(self, node: yaml.Node, added: list[Any], gone: list[int] | None = None) -> None:
        """Write members ({name: value}) or items below the last of a mapping or of a list that stays."""
        if not added:
            return
        left = [place for place in range(len(node.value)) if place not in (gone or ())]
        if not left:
            whole = (
                added if isinstance(node, yaml.SequenceNode) else {k: v for item in added for k, v in item.items()}
            )
            self._edits.append((node.start_mark.index, node.end_mark.index, self._style.in_flow(whole, node)))
            return
        end = self._span(node, left[-1])[1]
        if not self._style.flow(node):
            end = self._line_end(end)
        self._edits.append((end, end, "".join(self._style.appended(item, node) for item in added)))

    def _remove(self, trail: _Trail) -> None:
        """Take a property away, and what holds nothing else."""
        while len(trail) > 1 and len(trail[-1][0].value) == 1:
            trail = trail[:-1]
        node, place = trail[-1]
        self._delete(node, [place])

    def _delete(self, node: yaml.Node, places: list[int]) -> None:
        """Take members or items away, of which some stay."""
        for place in places:
            self._refuse_inside(self._child(node, place))
            start, end = self._span(node, place)
            if self._style.flow(node):
                self._edits.append(self._without_comma(node, place, places, start, end))
                continue
            begins = self._text.rfind("\n", 0, start) + 1
            before = self._text[begins:start].strip()
            if before == ("-" if isinstance(node, yaml.SequenceNode) else ""):
                end = self._line_end(end)
                following = self._text.find("\n", end) + 1
                self._edits.append((begins, following or len(self._text), ""))
            elif not before.strip("- ") and place + 1 < len(node.value) and place + 1 not in places:
                self._edits.append((start, self._span(node, place + 1)[0], ""))
            else:
                raise NotEdited(f"something stands before it, on line {self._line(start)}")

    def _without_comma(
        self, node: yaml.Node, place: int, places: list[int], start: int, end: int
    ) -> tuple[int, int, str]:
        """What goes with a member or item in brackets: the comma behind it, or before it where none stays behind it."""
        if any(after not in places for after in range(place + 1, len(node.value))):
            return start, self._span(node, place + 1)[0], ""
        return self._span(node, place - 1)[1], end, ""


def _parts(node: yaml.Node, place: int) -> tuple[yaml.Node | None, yaml.Node]:
    """The key and the value of a member; of an item, which has no key, None and itself."""
    child = node.value[place]
    return child if isinstance(child, tuple) else (None, child)


def _below(steps: list[str | int], value: Any) -> Any:
    """A value below the names and places of steps."""
    for step in reversed(steps):
        value = {step: value} if isinstance(step, str) else [value]
    return value

"""An edited template says the new value at its place, and everything else as before, in every style of writing."""

from __future__ import annotations

import copy
import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from demarcate.base.documents import plain
from demarcate.estate.sources.cloudformation.editing import REMOVED, NotEdited, Place, set_property
from demarcate.estate.sources.cloudformation.reading import compose_template

WORDS = st.one_of(
    st.text("ab:#-,[]{}'\"&*!%@ \n\té😀\x85", max_size=8),
    st.sampled_from(["yes", "no", "null", "~", "1", "1.5", "0x1", "2012-10-17", "true", "=", "<<", "a b", "- a"]),
)
PLAIN = st.one_of(WORDS, st.booleans(), st.integers(-9, 99))
NAMES = st.sampled_from(["A", "B", "C", "Key", "Value", "yes", "a b"])
VALUES = st.recursive(
    PLAIN, lambda of: st.lists(of, max_size=3) | st.dictionaries(NAMES, of, max_size=3), max_leaves=6
)
STYLES = ("block", "indented", "flow", "json", "compact", "tabs", "crlf", "comments", "open end")


def written(properties: Any, style: str) -> str:
    """A template with these properties, in a style of writing."""
    document = {
        "Resources": {"R": {"Type": "A::B::C", "Properties": properties, "DependsOn": "S"}, "S": {"Type": "X"}}
    }
    if style in ("json", "compact", "tabs"):
        return json.dumps(document, indent={"json": 2, "compact": None, "tabs": "\t"}[style], ensure_ascii=False)
    text = yaml.safe_dump(
        document,
        sort_keys=False,
        allow_unicode=True,
        width=1000,
        default_flow_style=True if style == "flow" else None if style == "indented" else False,
        indent=4 if style == "indented" else 2,
    )
    if style == "comments":
        lines = text.splitlines(keepends=True)
        top = [line for line in lines if line.strip() in ("Properties:", "R:", "Resources:", "DependsOn: S")]
        text = "".join(f"# {line.strip()}\n{line.rstrip()}  # here\n" if line in top else line for line in lines)
    if style == "crlf":
        return text.replace("\n", "\r\n")
    return text.rstrip("\n") if style == "open end" else text


def read(text: str) -> Any:
    return plain(compose_template(text, "t"), "t")


def places(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, inner in inside for place in places(inner, (*at, key)))]


def put(document: Any, at: tuple[str | int, ...], value: Any) -> None:
    for step in at[:-1]:
        document = document[step]
    document[at[-1]] = value


@given(st.dictionaries(st.sampled_from(["A", "B", "C"]), VALUES, min_size=1, max_size=3), VALUES, st.data())
def test_what_is_set_is_read_and_nothing_else_differs(properties: Any, value: Any, data: Any) -> None:
    style = data.draw(st.sampled_from(STYLES))
    text = written(properties, style)
    before = read(text)
    at = data.draw(st.sampled_from([place for place in places(properties)[1:] if place] or [("A",)]))
    at = (*at, "New") if data.draw(st.booleans()) and isinstance(_at(properties, at), dict) else at
    if any(isinstance(step, str) and not step.isalnum() for step in at):
        return
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at)[1:]
    meant = copy.deepcopy(before)
    put(meant["Resources"]["R"]["Properties"], at, value)
    try:
        edited, line = set_property(text, "t", Place("R", ("A::B::C",), path), value)
    except NotEdited as error:
        assert str(error) == "it is written there already", (style, text, path, value)
        assert meant == before
        return
    assert read(edited) == meant, (style, text, path, value, edited)
    assert 0 < line <= text.count("\n") + 1
    kept = [item for item in text.splitlines() if "#" in item]
    assert all(comment in edited for comment in ("# DependsOn: S", "# R:") if kept and style == "comments")


def _at(value: Any, at: tuple[str | int, ...]) -> Any:
    for step in at:
        value = value[step]
    return value


@given(st.dictionaries(st.sampled_from(["A", "B", "C"]), VALUES, min_size=1, max_size=3), st.data())
def test_what_is_removed_is_gone_and_nothing_else(properties: Any, data: Any) -> None:
    text = written(properties, data.draw(st.sampled_from(STYLES)))
    name = data.draw(st.sampled_from(sorted(properties)))
    meant = read(text)
    del meant["Resources"]["R"]["Properties"][name]
    if not meant["Resources"]["R"]["Properties"]:
        del meant["Resources"]["R"]["Properties"]
    edited, _ = set_property(text, "t", Place("R", ("A::B::C",), name), REMOVED)
    assert read(edited) == meant, (text, name, edited)

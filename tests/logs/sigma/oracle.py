"""Sigma by brute force: a rule as it is written, asked of one event as CloudTrail writes it.

It knows nothing of pySigma, of SQL and of columns: only what the specification says. None is "not known".
"""

from __future__ import annotations

import fnmatch
import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

Answer = bool | None
Event = dict[str, Any]


class LeftOut(Exception):
    """CloudTrail left out what is asked for."""


def holds(detection: dict[str, Any], event: Event) -> Answer:
    condition = detection["condition"]
    conditions = condition if isinstance(condition, list) else [condition]
    return any3(parse(tokens(text), detection)(event) for text in conditions)


def any3(answers: Iterator[Answer]) -> Answer:
    told = list(answers)
    return True if True in told else None if None in told else False


def all3(answers: Iterator[Answer]) -> Answer:
    told = list(answers)
    return False if False in told else None if None in told else True


def not3(answer: Answer) -> Answer:
    return None if answer is None else not answer


Test = Callable[[Event], Answer]


def tokens(condition: str) -> list[str]:
    return re.findall(r"[()]|[^\s()]+", condition)


def parse(left: list[str], detection: dict[str, Any]) -> Test:
    def either() -> Test:
        parts = [both()]
        while left and left[0] == "or":
            left.pop(0)
            parts.append(both())
        return lambda event: any3(part(event) for part in parts)

    def both() -> Test:
        parts = [single()]
        while left and left[0] == "and":
            left.pop(0)
            parts.append(single())
        return lambda event: all3(part(event) for part in parts)

    def single() -> Test:
        token = left.pop(0)
        if token == "not":
            inner = single()
            return lambda event: not3(inner(event))
        if token == "(":
            inner = either()
            assert left.pop(0) == ")"
            return inner
        if left and left[0] == "of":
            left.pop(0)
            pattern = left.pop(0)
            names = [name for name in detection if name != "condition"]
            chosen = names if pattern == "them" else fnmatch.filter(names, pattern)
            join = all3 if token == "all" else any3
            return lambda event: join(selection(detection[name], event) for name in chosen)
        return lambda event: selection(detection[token], event)

    test = either()
    assert not left
    return test


def selection(written: Any, event: Event) -> Answer:
    if isinstance(written, dict):
        return all3(item(key, value, event) for key, value in written.items())
    if isinstance(written, list):
        return any3(
            selection(part, event) if isinstance(part, dict) else item("", part, event) for part in written
        )
    return item("", written, event)


def item(key: str, written: Any, event: Event) -> Answer:
    field, *modifiers = key.split("|")
    wanted = written if isinstance(written, list) else [written]
    join = all3 if "all" in modifiers else any3
    answer = join(value_matches(field, modifiers, value, event) for value in wanted)
    return not3(answer) if "neq" in modifiers else answer


def value_matches(field: str, modifiers: list[str], wanted: Any, event: Event) -> Answer:
    if not field:
        answer = any(matches(text, [*modifiers, "contains"], wanted, event) for text in everything(event))
        return answer or (None if any(map(is_left_out, event.values())) else False)
    if "exists" in modifiers:
        try:
            return bool(members(field, event)) is wanted
        except LeftOut:
            return None
    try:
        texts = values(field, event)
    except LeftOut:
        return None
    if wanted is None:
        return not texts
    if "fieldref" in modifiers:
        try:
            others = values(wanted, event)
        except LeftOut:
            return None
        return any(compare(text.lower(), other.lower(), modifiers) for text in texts for other in others)
    return any(matches(text, modifiers, wanted, event) for text in texts)


def compare(text: str, other: str, modifiers: list[str]) -> bool:
    if "contains" in modifiers:
        return other in text
    if "startswith" in modifiers:
        return text.startswith(other)
    return text.endswith(other) if "endswith" in modifiers else text == other


def matches(text: str, modifiers: list[str], wanted: Any, event: Event) -> bool:
    for name, test in {"lt": float.__lt__, "lte": float.__le__, "gt": float.__gt__, "gte": float.__ge__}.items():
        if name in modifiers:
            number = decimal(text)
            return number is not None and test(number, float(wanted))
    if parts := {"minute", "hour", "day", "month", "year"} & set(modifiers):
        moment = moment_of(text)
        return moment is not None and getattr(moment, parts.pop()) == wanted
    if "cidr" in modifiers:
        try:
            return ipaddress.ip_address(text) in ipaddress.ip_network(wanted)
        except ValueError:
            return False
    if "re" in modifiers:
        flags = [flag for name, flag in {"i": re.I, "m": re.M, "s": re.S}.items() if name in modifiers]
        return re.search(wanted, text, sum(flags)) is not None
    if isinstance(wanted, bool):
        return text.lower() == str(wanted).lower()
    if isinstance(wanted, int | float):
        if "contains" in modifiers:
            return str(wanted) in text
        return decimal(text) == wanted
    return glob(text, modifiers, wanted)


def glob(text: str, modifiers: list[str], wanted: str) -> bool:
    flags = re.S
    if "cased" not in modifiers:
        text, wanted = text.lower(), wanted.lower()
    pattern = ""
    place = 0
    while place < len(wanted):
        character, following = wanted[place], wanted[place + 1 : place + 2]
        if character == "\\" and following in ("*", "?", "\\") and following:
            pattern += re.escape(following)
            place += 1
        else:
            pattern += {"*": ".*", "?": "."}.get(character, re.escape(character))
        place += 1
    before = ".*" if {"contains", "endswith"} & set(modifiers) else ""
    after = ".*" if {"contains", "startswith"} & set(modifiers) else ""
    return re.fullmatch(before + pattern + after, text, flags) is not None


def decimal(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", text, re.ASCII) else None


def moment_of(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def is_left_out(value: Any) -> bool:
    return isinstance(value, dict) and value.get("omitted") in (True, "true")


def members(field: str, event: Event) -> list[Any]:
    """All that is there at a place; LeftOut where the member of the event was left out."""
    first, *path = re.sub(r"\[\*?\]|\{\}", "", field).split(".")
    if event.get(first) is None:
        return []
    if is_left_out(event[first]) and path:
        raise LeftOut
    there = [event[first]]
    for name in path:
        there = [
            value[name]
            for outer in there
            for element in opened(outer)
            for value in documents(element)
            if isinstance(value, dict) and name in value
        ]
    # What is at the beginning of an event is a column, which is NULL where it is null.
    in_column = len(path) > 0 and first == "userIdentity" and path[-1] in ("type", "userName", "arn")
    return [value for value in there if value is not None] if in_column else there


def values(field: str, event: Event) -> list[str]:
    """The texts at a place."""
    if is_left_out(event.get(field)):
        raise LeftOut
    return [text for value in members(field, event) for element in opened(value) for text in texts_of(element)]


def opened(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def documents(value: Any) -> list[Any]:
    if not isinstance(value, str):
        return [value]
    try:
        return opened(json.loads(value))
    except ValueError:
        return []


def texts_of(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if not isinstance(value, dict | list):
        return [text]
    return [text, re.sub(r'\\(["\\])', r"\1", text)]


def everything(event: Event) -> Iterator[str]:
    for value in event.values():
        for element in opened(value):
            yield from texts_of(element)

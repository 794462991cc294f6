"""EventBridge's event patterns: which events a rule takes.

A pattern has the members of an event, and for each a list of what it may be: values, or comparisons. All members must
match, by one of the list each; where the event has a list, one of its elements must. Comparisons and their meaning are
in the Amazon EventBridge User Guide, "Comparison operators for use in event patterns"
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html).

Matching takes time that grows with the length of the pattern times that of the event, whoever wrote either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any, Final

Test = Callable[[Any], bool]
_MISSING: Final = object()
_NUMERIC: Final[Mapping[str, Callable[[Any, Any], bool]]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_DEEPEST: Final = 100


class EventPatternError(ValueError):
    """A pattern that EventBridge would refuse, or a comparison that is not known here."""


def compiled(pattern: Any) -> Test:
    """Whether an event matches a pattern, as a function of the event. Raises EventPatternError.

    >>> matches = compiled({"source": ["aws.iam"], "detail": {"eventName": [{"prefix": "Put"}]}})
    >>> matches({"source": "aws.iam", "detail": {"eventName": "PutRolePolicy"}})
    True
    """
    if not isinstance(pattern, dict):
        raise EventPatternError("is no JSON object")
    return _members(pattern, "", _DEEPEST)


def _members(pattern: Mapping[str, Any], path: str, depth: int) -> Test:
    """Whether an object has all that a pattern names."""
    if not pattern:
        raise EventPatternError(f"{path or 'the pattern'} is empty")
    if not depth:
        raise EventPatternError(f"is nested more than {_DEEPEST} deep")
    tests: list[Test] = []
    for name, wanted in pattern.items():
        here = f"{path}.{name}" if path else name
        # A member of the event may itself be called $or: with anything but a list of objects it is meant.
        if name == "$or" and _are_patterns(wanted):
            tests.append(partial(_any, [_members(each, here, depth - 1) for each in wanted]))
        elif isinstance(wanted, dict):
            tests.append(partial(_inside, name, _members(wanted, here, depth - 1)))
        elif isinstance(wanted, list):
            tests.append(partial(_leaf, name, *_alternatives(wanted, here)))
        else:
            raise EventPatternError(f"{here} is neither a list of values nor an object")
    return lambda told: all(test(told) for test in tests)


def _are_patterns(wanted: Any) -> bool:
    return isinstance(wanted, list) and len(wanted) > 1 and all(isinstance(each, dict) for each in wanted)


def _any(tests: list[Test], told: Any) -> bool:
    return any(test(told) for test in tests)


def _member(name: str, told: Any) -> Any:
    return told.get(name, _MISSING) if isinstance(told, Mapping) else _MISSING


def _inside(name: str, test: Test, told: Any) -> bool:
    """Whether a member matches; of a list, one element by itself."""
    inner = _member(name, told)
    return any(map(test, inner)) if isinstance(inner, list) else test(inner)


def _leaf(name: str, tests: list[Test], absent: bool, told: Any) -> bool:
    value = _member(name, told)
    if isinstance(value, Mapping):  # not a leaf, so that nothing is said of it
        value = _MISSING
    values = list(_leaves(value))
    return (absent and not values) or any(test(each) for each in values for test in tests)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif value is not _MISSING and not isinstance(value, Mapping):
        yield value


def _alternatives(wanted: list[Any], path: str) -> tuple[list[Test], bool]:
    """What one of the values must pass, and whether it may be missing."""
    if not wanted:
        raise EventPatternError(f"{path} is an empty list")
    tests: list[Test] = []
    absent = False
    for each in wanted:
        if not isinstance(each, dict):
            if isinstance(each, list):
                raise EventPatternError(f"{path} has a list inside of its list")
            tests.append(partial(_same, each))
            continue
        kind, argument = _comparison(each, path)
        if kind == "exists":
            if not isinstance(argument, bool):
                raise EventPatternError(f"{path}: exists takes true or false")
            if argument:
                tests.append(_anything)
            else:
                absent = True
        else:
            tests.append(_compared(kind, argument, path))
    return tests, absent


def _comparison(told: Mapping[str, Any], path: str) -> tuple[str, Any]:
    if len(told) != 1:
        raise EventPatternError(f"{path}: a comparison has one name, not {len(told)}")
    return next(iter(told.items()))


def _anything(_value: Any) -> bool:
    return True


def _same(wanted: Any, value: Any) -> bool:
    """Equal and of one kind: EventBridge has no number that equals true, and compares 100 and 100.0 as numbers."""
    return isinstance(wanted, bool) == isinstance(value, bool) and bool(wanted == value)


def _compared(kind: str, argument: Any, path: str) -> Test:
    match kind, argument:
        case "prefix" | "suffix" | "wildcard" | "equals-ignore-case", str():
            return _text(kind, argument, path)
        case "prefix" | "suffix", {"equals-ignore-case": str(text), **rest} if not rest:
            folded = _text(kind, text.casefold(), path)
            return lambda value: isinstance(value, str) and folded(value.casefold())
        case "anything-but", _:
            return _but(argument, path)
        case "numeric", list():
            return _number(argument, path)
        case "cidr", str():
            return _network(argument, path)
    raise EventPatternError(f"{path}: {kind} is not a comparison of event patterns, or takes something else")


def _text(kind: str, wanted: str, path: str) -> Test:
    if kind == "prefix":
        return lambda value: isinstance(value, str) and value.startswith(wanted)
    if kind == "suffix":
        return lambda value: isinstance(value, str) and value.endswith(wanted)
    if kind == "equals-ignore-case":
        folded = wanted.casefold()
        return lambda value: isinstance(value, str) and value.casefold() == folded
    parts = _parts(wanted, path)
    return lambda value: isinstance(value, str) and _wild(parts, value)


def _parts(wildcard: str, path: str) -> list[str]:
    """What stands between the asterisks; a backslash makes the next asterisk or backslash a character."""
    parts, literal = [""], False
    for character in wildcard:
        if literal:
            if character not in "*\\":
                raise EventPatternError(f"{path}: a backslash in a wildcard stands before * or \\ only")
            parts[-1] += character
            literal = False
        elif character == "\\":
            literal = True
        elif character == "*":
            parts.append("")
        else:
            parts[-1] += character
    if literal:
        raise EventPatternError(f"{path}: a wildcard ends with a backslash")
    if "" in parts[1:-1]:
        raise EventPatternError(f"{path}: two asterisks in a row")
    return parts


def _wild(parts: list[str], value: str) -> bool:
    first, *others = parts
    if not others:
        return value == first
    *middle, last = others
    if not value.startswith(first) or not value.endswith(last) or len(value) < len(first) + len(last):
        return False
    at, end = len(first), len(value) - len(last)
    for part in middle:
        at = value.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _but(argument: Any, path: str) -> Test:
    """Anything but what is listed: texts or numbers, or texts by one comparison."""
    kind, listed = "", argument
    if isinstance(argument, dict):
        kind, listed = _comparison(argument, path)
        if kind not in ("prefix", "suffix", "wildcard", "equals-ignore-case"):
            raise EventPatternError(f"{path}: anything-but takes no {kind}")
    values = listed if isinstance(listed, list) else [listed]
    texts = all(isinstance(each, str) for each in values)
    numbers = not kind and all(type(each) in (int, float) for each in values)
    if not values or not (texts or numbers):
        raise EventPatternError(f"{path}: anything-but takes texts alone, or numbers alone")
    tests = [_text(kind, each, path) if kind else partial(_same, each) for each in values]
    return lambda value: not any(test(value) for test in tests)


def _number(argument: list[Any], path: str) -> Test:
    pairs = list(zip(argument[::2], argument[1::2], strict=False))
    fits = len(argument) in (2, 4) and all(sign in _NUMERIC and type(n) in (int, float) for sign, n in pairs)
    if not fits:
        raise EventPatternError(f'{path}: numeric takes one or two comparisons, such as [">", 0, "<=", 5]')
    return lambda value: type(value) in (int, float) and all(_NUMERIC[sign](value, n) for sign, n in pairs)


def _network(argument: str, path: str) -> Test:
    try:
        network = ip_network(argument, strict=False)
    except ValueError as error:
        raise EventPatternError(f"{path}: {argument!r} is no block of addresses") from error

    def test(value: Any) -> bool:
        try:
            return isinstance(value, str) and ip_address(value) in network
        except ValueError:
            return False

    return test

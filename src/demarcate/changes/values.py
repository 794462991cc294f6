"""The parameters of a call, from what a remedy writes: the failing row, what AWS said, and what a person said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from demarcate.checks.remedies import ADD, AFTER, ASKED, BEFORE, COLUMN, ELSE, JOINED, MERGED, POLICY, Remedy

EARLIER: Final = "$earlier"
"""The key of a mapping that stands for what the steps before one left: a JMESPath into the list of their states."""

LEFT_OUT: Final = object()
"""What stands for a parameter that is not given."""


def answers(remedy: Remedy, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a remedy asks of a person: what was said, or its default; None where it must be said, and was not."""
    return {**{name: told.default for name, told in remedy.asks.items()}, **asked}


class Missing(Exception):
    """A value that a call needs is not known; the text says which."""


@dataclass(frozen=True, slots=True)
class Values:
    """What parameters are made of; what is read after the call stays for then.

    Without a row, which a person's own steps do not have, braces in a text are no more than that.
    """

    row: Mapping[str, Any] | None = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    before: Any = None

    def fill(self, written: Any) -> Any:
        """A value with all that stands for another filled in; what is to be left out of a mapping is left out.

        Raises Missing.
        """
        if isinstance(written, str):
            return self._text(written)
        if isinstance(written, list | tuple):
            filled = [self.fill(value) for value in written]
            return [value for value in filled if value is not LEFT_OUT]
        if not isinstance(written, dict):
            return written
        if BEFORE in written:
            return self._looked_up(written)
        if AFTER in written:
            return {AFTER: self.path(written[AFTER])}
        if ASKED in written:
            return self._asked(written[ASKED])
        if MERGED in written:
            return merged(*(self.fill(value) for value in written[MERGED]))
        if JOINED in written:
            return joined(*(self.fill(value) for value in written[JOINED]))
        if POLICY in written:
            return with_statements(self.fill(written[POLICY]), self.fill(written[ADD]))
        filled_in = {key: self.fill(value) for key, value in written.items()}
        return {key: value for key, value in filled_in.items() if value is not LEFT_OUT}

    def path(self, text: str) -> str:
        """A JMESPath with the columns in it filled in. Raises Missing.

        >>> Values(row={"key_id": "k-1"}).path("Keys[?KeyId=='{key_id}']")
        'Keys[?KeyId==`"k-1"`]'
        """
        return COLUMN.sub(lambda match: literal(self._column(match[1])), text)

    def _looked_up(self, written: Mapping[str, Any]) -> Any:
        value = jmespath.search(self.path(written[BEFORE]), self.before)
        if value is not None:
            return without_nulls(value)
        return self.fill(written[ELSE]) if ELSE in written else LEFT_OUT

    def _asked(self, name: str) -> Any:
        value = self.asked.get(name)
        if value is None:
            raise Missing(f"it takes {name}: say it with --set {name}=VALUE")
        return value

    def _text(self, text: str) -> Any:
        """A text with columns filled in; a column alone keeps its type."""
        if self.row is None:
            return text
        parts = list(Formatter().parse(text))
        if len(parts) == 1 and parts[0][0] == "" and parts[0][1]:
            return self._column(parts[0][1])
        return "".join(plain + (str(self._column(name)) if name else "") for plain, name, _, _ in parts)

    def _column(self, name: str) -> Any:
        value = (self.row or {}).get(name)
        if value is None:
            raise Missing(f"{name} of the resource is not known")
        return value


def with_after(written: Any, after: Any, mark: str = AFTER) -> Any:
    """Parameters that are filled but for what is read after a call, with that. `mark` is the key that stands for it.

    >>> with_after({"FlowLogIds": {"$after": "[].FlowLogId"}}, [{"FlowLogId": "fl-1"}])
    {'FlowLogIds': ['fl-1']}
    """
    if isinstance(written, dict) and mark in written:
        value = jmespath.search(written[mark], after)
        return LEFT_OUT if value is None else without_nulls(value)
    if isinstance(written, dict):
        filled = {key: with_after(value, after, mark) for key, value in written.items()}
        return {key: value for key, value in filled.items() if value is not LEFT_OUT}
    if isinstance(written, list):
        return [value for inner in written if (value := with_after(inner, after, mark)) is not LEFT_OUT]
    return written


def literal(value: Any) -> str:
    """A value as JMESPath writes it.

    >>> literal(["a", None])
    '`["a", null]`'
    """
    return f"`{json.dumps(value).replace('`', chr(92) + '`')}`"


def without_nulls(value: Any) -> Any:
    """A value of an answer as a call takes it: what AWS does not say is not said to it.

    >>> without_nulls({"Protocol": "-1", "FromPort": None})
    {'Protocol': '-1'}
    """
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value if inner is not None]
    return value


def holds(path: str, state: Any) -> bool:
    """Whether a JMESPath is true of a state; of one that it cannot be looked up in, it is not.

    >>> holds("contains(@, 'a')", ["a"]), holds("contains(@, 'a')", None)
    (True, False)
    """
    try:
        return bool(jmespath.search(path, state))
    except JMESPathError:
        return False


def merged(*parts: Any) -> Any:
    """Mappings laid over each other, the later ones on top; what is no mapping is replaced.

    >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}})
    {'a': {'b': 1, 'c': 3}}
    """
    result: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part, dict):
            continue
        for key, value in part.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else value
    return result


def joined(*parts: Any) -> list[Any]:
    """Lists one behind the other; what is no list is left out.

    >>> joined(["a"], None, ["b", "c"])
    ['a', 'b', 'c']
    """
    return [value for part in parts if isinstance(part, list) for value in part]


def with_statements(policy: Any, statements: list[Any]) -> str:
    """The text of a policy with statements added; of a new one, where there is no text.

    Raises Missing where the text is no policy.

    >>> with_statements('{"Version": "2012-10-17", "Statement": {"Effect": "Deny"}}', [{"Effect": "Allow"}])
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny"}, {"Effect": "Allow"}]}'
    """
    if not isinstance(policy, str):
        return json.dumps({"Version": "2012-10-17", "Statement": statements})
    try:
        document = json.loads(policy)
        there = document["Statement"]
    except (ValueError, KeyError, TypeError) as error:
        raise Missing("its policy cannot be read") from error
    return json.dumps({**document, "Statement": [*(there if isinstance(there, list) else [there]), *statements]})

"""What templates are resolved to, beyond plain data: what is absent, assigned by AWS, or perhaps absent.

And how such values are compared and joined: in three values, and never by what an assigned text looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import is_
from typing import Any, Protocol, Self

from demarcate.estate.schema.standins import StandIn, escaped
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.sources.cloudformation.budget import CHARACTER, MAX_TEXT, STEP, VALUE, Share


class Assigned(str):
    """Text that AWS decides at deployment, wholly or in part. Comparing it to a literal proves nothing.

    `written` says what it is made of, as a stand-in does (see `schema.standins`).
    """

    __slots__ = ("written",)

    written: str

    def __new__(cls, text: str, written: str) -> Self:
        """The text that stands for it, and what it is made of."""
        made = super().__new__(cls, text)
        made.written = written
        return made


class Encoded(Assigned):
    """The base64 of such a text."""

    __slots__ = ("of",)

    of: Assigned


class Identifier(Assigned):
    """What `Ref` gives, or an ARN: never empty, and the same text always means the same thing."""

    __slots__ = ()


class Tokens(Assigned):
    """Text whose only assigned parts are tokens that can be seen in it, like `${AWS::Region}`."""

    __slots__ = ()


class MaybeAbsent(Unknown, frozen=True):
    """An Unknown that may turn out to be no value at all (a branch was AWS::NoValue)."""


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = _Nothing()
"""What AWS::NoValue resolves to: the member or item that holds it is removed."""


class Resolver(Protocol):
    """What functions need to know of the template instance that they are resolved in."""

    def reference(self, name: str) -> Any:
        """What `Ref` gives: a value, Unknown, or NOTHING."""

    def attribute(self, logical_id: str, attribute: str) -> Any:
        """What `Fn::GetAtt` gives."""

    def condition(self, name: str) -> bool | Unknown:
        """Whether a named condition holds."""

    def mapping(self, name: str) -> Any:
        """A map of the Mappings section, or None."""

    def imported(self, name: str) -> Any:
        """What another template exports under a name."""

    def included(self, location: str) -> Any:
        """The resolved content of an included file."""

    def spend(self, units: int) -> None:
        """Count what is about to be done. Raises Exhausted once it is too much."""

    def undecided(self, branch: Any) -> Any:
        """Resolve a branch that may not be taken."""


_FINAL = frozenset((int, bool, float, type(None), Unknown))

REFERENCE = "{{resolve:"
"""How a dynamic reference begins."""


def final(value: Any, share: Share) -> Any:
    """A resolved value with stand-ins and Unknown in place of the kinds that only resolving needs.

    What has none of these is its own answer, not a copy. Each text counts as often as it stands there, though it
    may be one object: it will be written as often. Raises Exhausted.
    """
    kind = type(value)
    if kind is dict:
        share.spend(VALUE * len(value) + CHARACTER * (sum(map(len, value)) + _texts(value.values())))
        parts = {key: final(item, share) for key, item in value.items() if type(item) not in _FINAL}
        return value if all(parts[key] is value[key] for key in parts) else {**value, **parts}
    if kind is list:
        share.spend(VALUE * len(value) + CHARACTER * _texts(value))
        items = [item if type(item) in _FINAL else final(item, share) for item in value]
        return value if all(map(is_, items, value)) else items
    if isinstance(value, Assigned):
        of = final(value.of, share) if isinstance(value, Encoded) else None
        if REFERENCE in value:
            return _dynamic(value, value.written)
        return StandIn(str(value), value.written, of)
    if kind is str:
        return _dynamic(value, escaped(value)) if REFERENCE in value else value
    return Unknown(value.kind, value.reason) if isinstance(value, Unknown) else value


_DYNAMIC = re.compile(r"\{\{(resolve:(?:\$\{[^{}]*\}|[^{}])*)\}\}")


def _dynamic(text: str, written: str) -> StandIn | Unknown:
    """A text with dynamic references in it, which CloudFormation replaces after all functions: what they give is
    assigned. `written` is as stand-ins have it.
    """
    named = _DYNAMIC.sub(lambda reference: "${" + re.sub(r"\$\{!?|\}", "", reference[1]) + "}", written)
    if REFERENCE in named:
        return Unknown(Kind.MALFORMED, "a dynamic reference in it does not end, or holds braces")
    return StandIn(str(text), named)


def _texts(values: Iterable[Any]) -> int:
    """How many characters the texts directly among some values have."""
    return sum([len(item) for item in values if isinstance(item, str)])


def characters(value: Any) -> int:
    """How many characters the texts anywhere in a resolved value have."""
    if isinstance(value, dict):
        return sum(map(len, value)) + sum(map(characters, value.values()))
    if isinstance(value, list):
        return sum(map(characters, value))
    return len(value) if isinstance(value, str) else 0


def weight(value: Any) -> int:
    """The units that a copy of plain data takes."""
    if isinstance(value, dict):
        return STEP + VALUE * len(value) + sum(map(weight, value.values()))
    return STEP + VALUE * len(value) + sum(map(weight, value)) if isinstance(value, list) else 0


def text_of(value: Any) -> str | None:
    """The text that CloudFormation makes of a scalar; None for what is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return None


def joined(parts: list[Any], delimiter: str, scope: Resolver, function: str) -> Any:
    """Parts as one text, Assigned where one of them is; Unknown where one of them is."""
    texts: list[str] = []
    kind: type[Assigned] | None = None
    for part in parts:
        if isinstance(part, Unknown):
            return Unknown(part.kind, part.reason)
        text = text_of(part)
        if text is None:
            return Unknown(Kind.MALFORMED, f"{function} needs texts, not {describe(part)}")
        if isinstance(part, Assigned):
            kind = Tokens if isinstance(part, Tokens) and kind is not Assigned else Assigned
        texts.append(text)
    size = sum(map(len, texts)) + len(delimiter) * len(texts)
    if size > MAX_TEXT:
        return Unknown(Kind.TOO_MUCH, f"{function} gives a text that is too long")
    scope.spend(CHARACTER * size)
    result = delimiter.join(texts)
    if kind is None:
        return result
    if len(texts) == 1 and isinstance(parts[0], Identifier):
        return parts[0]
    written = [text.written if isinstance(text, Assigned) else escaped(text) for text in texts]
    return kind(result, escaped(delimiter).join(written))


_TOKEN = re.compile(r"\$\{!([^{}]*AWS::[^{}]*\})")


def tokens(text: str) -> Tokens:
    """A text in which tokens can be seen."""
    return Tokens(text, _TOKEN.sub(r"${\1", escaped(text)))


def describe(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else "nothing" if value in (None, NOTHING) else repr(value)[:80]


def contains_assigned(value: Any) -> bool:
    if isinstance(value, dict):
        return any(contains_assigned(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_assigned(item) for item in value)
    return isinstance(value, Assigned)


def same(left: Any, right: Any) -> bool | Unknown:
    """Whether two resolved values are equal, as CloudFormation compares them: by their texts."""
    unknown = first_unknown([left, right])
    if unknown:
        return Unknown(unknown.kind, unknown.reason)
    if isinstance(left, (dict, list)) or isinstance(right, (dict, list)):
        if type(left) is not type(right):
            return False
        pairs: Iterable[tuple[Any, Any]]
        if isinstance(left, dict):
            if left.keys() != right.keys():
                return False
            pairs = ((left[key], right[key]) for key in left)
        else:
            if len(left) != len(right):
                return False
            pairs = zip(left, right, strict=True)
        return all_of(same(a, b) for a, b in pairs)
    texts = text_of(left), text_of(right)
    if None in texts:
        return left is right
    assigned = [value for value in (left, right) if isinstance(value, Assigned)]
    if not assigned:
        if texts[0] != texts[1] and any(REFERENCE in text for text in texts if text):
            return Unknown(Kind.DEPLOYMENT, "what a dynamic reference gives is only known at deployment")
        return texts[0] == texts[1]
    if len(assigned) == 2 and texts[0] == texts[1]:
        return True
    if len(assigned) == 1 and "" in texts and isinstance(assigned[0], (Identifier, Tokens)):
        return False
    return Unknown(Kind.DEPLOYMENT, f"{assigned[0]} is only known at deployment")


def all_of(verdicts: Iterable[bool | Unknown]) -> bool | Unknown:
    """Kleene's and: false beats unknown, unknown beats true."""
    unknown = None
    for verdict in verdicts:
        if verdict is False:
            return False
        if isinstance(verdict, Unknown):
            unknown = unknown or verdict
    return unknown or True


def negate(verdict: bool | Unknown) -> bool | Unknown:
    return verdict if isinstance(verdict, Unknown) else not verdict

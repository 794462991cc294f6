"""The tests of a condition: whether each holds for a request of which some is known, in three-valued logic.

A key of which it is not known whether the request has it makes the test unknown, and so what depends on it. A text that
only exists once deployed is compared as far as can be told.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from demarcate.access.operators import COMPARISONS, EXACT, MEANT, NEGATED, Comparison
from demarcate.access.values import Values, every, opposite, some, values_of
from demarcate.estate.schema.paths import kind
from demarcate.estate.schema.unknown import Kind, Unknown

Given = tuple[str, ...] | None
"""The values of a key in a request; None where the request does not have it."""

Context = Mapping[str, Given]
"""To each condition key that is known, in lower case, its values. Of a key that is not there nothing is known."""


class Generic(str):
    """A value of whoever a policy does not name: it is none of those that the policy says in full, known or not."""

    __slots__ = ()


class Same(str):
    """The value that a policy says and that is not known here: whoever may choose it can choose that one."""

    __slots__ = ("unknown",)
    unknown: Unknown

    @classmethod
    def of(cls, unknown: Unknown) -> Same:
        """What a policy says there."""
        value = cls(f"({unknown.reason})")
        value.unknown = unknown
        return value


class Test(msgspec.Struct, frozen=True):
    """One test of a statement. Of a key with several values it is for `all` or `any` of them, or else it is for one."""

    key: str
    operator: str
    quantity: str
    if_exists: bool
    values: Values

    @classmethod
    def of(cls, operator: str, key: str, values: Values) -> Test:
        """A test as it is written, its operator and key in lower case."""
        quantity, colon, plain = operator.rpartition(":")
        return cls(
            key,
            plain.removesuffix("ifexists"),
            quantity.removeprefix("for").removesuffix("s").removesuffix("value") if colon else "",
            plain.endswith("ifexists"),
            values,
        )

    @property
    def comparison(self) -> Comparison | None:
        """How one of its texts is compared with a value; None for an operator that nobody knows."""
        return COMPARISONS.get(NEGATED.get(self.operator, self.operator))

    def holds(self, context: Context, variables: bool) -> bool | Unknown:
        """Whether it holds for a request of which that is known; `variables` are those of a policy's texts."""
        if self.key not in context:
            return untold(self.key)
        given = context[self.key]
        if self.operator == "null":
            return self._is_null(given)
        negated = self.operator in NEGATED
        compare = self.comparison
        if compare is None or self.quantity not in ("", "all", "any"):
            return Unknown(Kind.UNSUPPORTED, f"the operator {self.operator}")
        if given is None:
            if self.quantity == "any" and self.if_exists:
                return Unknown(Kind.UNSUPPORTED, f"ForAnyValue with IfExists, where {self.key} is missing")
            return self.quantity == "all" or (not self.quantity and (self.if_exists or negated))
        if not self.quantity and len(given) != 1:
            return Unknown(Kind.UNSUPPORTED, f"{self.key} has several values, and the test is for one")

        def matches(value: str) -> bool | Unknown:
            same = some(self._same(compare, value, context, variables))
            return opposite(same) if negated else same

        if not self.quantity:
            return matches(given[0])
        return (some if self.quantity == "any" else every)(map(matches, given))

    def _is_null(self, given: Given) -> bool | Unknown:
        wanted = "true" if given is None else "false"
        answers: list[bool | Unknown] = [
            self.values.standins[place].unknown if place in self.values.standins else text.lower() == wanted
            for place, text in enumerate(self.values.known)
        ]
        return some((*answers, self.values.unknown or False))

    def _same(
        self, compare: Comparison, value: str, context: Context, variables: bool
    ) -> Iterator[bool | Unknown]:
        """Whether each of its texts stands for a value, one after the other."""
        for place, text in enumerate(self.values.known):
            standin = self.values.standins.get(place) if self.values.standins else None
            if isinstance(value, Same):
                yield text == "*" if compare[0] else value.unknown
            elif standin is None:
                same = compared(compare, text, value, context, variables)
                missing = isinstance(same, Unknown) and same.kind is Kind.UNRESOLVED
                yield False if missing and self.operator in EXACT else same
            else:
                same = compared(compare, text, value, context, variables)
                if same is True or isinstance(value, Generic):
                    yield same is True
                elif compare[0] or standin.may_be(value):
                    yield standin.unknown
                else:
                    yield False
        if self.values.unknown is not None:
            if isinstance(value, Same) and value.unknown == self.values.unknown:
                yield True
            else:
                yield False if self._is_exact and isinstance(value, Generic) else self.values.unknown

    @property
    def _is_exact(self) -> bool:
        """Whether each of its texts stands for itself alone."""
        return NEGATED.get(self.operator, self.operator) in EXACT


def untold(key: str) -> Unknown:
    """Why a test of a key is not known."""
    return Unknown(Kind.UNTOLD, f"{key}, which is not told of the request")


def tests_in(conditions: Any) -> Iterator[tuple[str, str, Values] | Unknown]:
    """Each test: its operator and its key, in lower case, and its values; Unknown where one cannot be read."""
    if not isinstance(conditions, dict):
        yield _malformed(conditions)
        return
    for operator, keys in conditions.items():
        if isinstance(keys, dict):
            for key, value in keys.items():
                yield operator.lower(), key.lower(), values_of(value)
        else:
            yield _malformed(keys)


def _malformed(conditions: Any) -> Unknown:
    """Why conditions, or what an operator holds, are no object."""
    if isinstance(conditions, Unknown):
        return conditions
    return Unknown(Kind.MALFORMED, f"a condition is an object, not {kind(conditions)}")


# --- comparing --------------------------------------------------------------------------------------------


def compared(compare: Comparison, text: str, value: str, context: Context, variables: bool) -> bool | Unknown:
    """Whether a text of a policy stands for a value, once its variables are filled in."""
    wild, same = compare
    if variables and "${" in text:
        filled = fill(text, context, wild=wild)
        if isinstance(filled, Unknown):
            return filled
        text = filled
    answer = same(text, value)
    return Unknown(Kind.MALFORMED, f"how {text!r} compares with {value!r}") if answer is None else answer


_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_ESCAPES: Final = {"*": "\x01", "?": "\x02", "$": "$"}


def fill(text: str, context: Context, *, wild: bool) -> str | Unknown:
    """A text with the variables in it filled in: what is filled in holds no wildcard."""
    unknown: list[Unknown] = []

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in _ESCAPES:
            return _ESCAPES[name] if wild else name
        key, comma, default = (part.strip() for part in name.partition(","))
        given = context.get(key.lower(), ())
        if given is None and comma:
            given = (default.strip("'"),)
        if given is None:
            unknown.append(
                Unknown(Kind.UNRESOLVED, f"{key}, which a variable stands for, and no value of the request")
            )
            return ""
        if len(given) != 1:
            unknown.append(untold(key))
            return ""
        return given[0].translate(MEANT) if wild else given[0]

    filled = _VARIABLE.sub(value, text)
    return unknown[0] if unknown else filled


def variables_in(texts: Values) -> list[str]:
    """The condition keys that the variables of some texts name, in lower case."""
    return [
        name.partition(",")[0].strip().lower()
        for text in texts.known
        if "${" in text
        for name in _VARIABLE.findall(text)
        if name not in _ESCAPES
    ]


# --- all tests of a condition -----------------------------------------------------------------------------

Tests = Sequence[Test | Unknown]
"""Those of one condition; Unknown for one that cannot be read."""


def always_hold(tests: Tests, context: Context) -> bool | Unknown:
    """Whether all hold for every request of which that is known, whatever else it may be."""
    return every(
        test if isinstance(test, Unknown) else test.key in context and test.holds(context, variables=False)
        for test in tests
    )


def never_hold(tests: Tests, context: Context) -> bool | Unknown:
    """Whether they hold for no request of which that is known, whatever else it may be."""
    return some(
        test if isinstance(test, Unknown) else opposite(test.holds(context, variables=False))
        for test in tests
        if isinstance(test, Unknown) or test.key in context
    )


def admit(tests: Tests, key: str, value: str) -> bool | Unknown:
    """Whether they let a value of a key, in lower case, through; what else they ask for does not count."""
    return every(
        test if isinstance(test, Unknown) else test.holds({key: (value,)}, variables=False)
        for test in tests
        if isinstance(test, Unknown) or test.key == key
    )

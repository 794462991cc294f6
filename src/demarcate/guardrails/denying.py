"""Whether a statement of a control policy would have denied a recorded call, in three-valued logic.

The language is read by `estate/schema/policies.py`; here it is applied to one request of which some is known. A test of
a condition key that the record does not tell is not known, and so is what depends on it.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.moments import since_1970, utc
from demarcate.estate.schema.conditions import tests_in
from demarcate.estate.schema.policies import Elements, listed
from demarcate.estate.schema.policy_actions import covers_action
from demarcate.estate.schema.policy_values import Values, every, matching, opposite, some
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.guardrails.actions import Authorized
from demarcate.guardrails.calls import Call, Keys
from demarcate.guardrails.load import limits
from demarcate.guardrails.structs import Kind as Kind_


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of a statement. Of a key with several values it is for `all` or `any` of them, or else it is for one."""

    key: str
    operator: str
    quantity: str
    if_exists: bool
    values: Values

    @classmethod
    def of(cls, operator: str, key: str, values: Values) -> Condition:
        """A test as it is written, its operator and key in lower case."""
        quantity, colon, plain = operator.rpartition(":")
        return cls(
            key,
            plain.removesuffix("ifexists"),
            quantity.removeprefix("for").removesuffix("s").removesuffix("value") if colon else "",
            plain.endswith("ifexists"),
            values,
        )

    def holds(self, keys: Keys, variables: bool) -> bool | Unknown:
        """Whether it holds for a request of which these keys are known."""
        if self.key not in keys:
            return _untold(self.key)
        given = keys[self.key]
        if self.operator == "null":
            return some(text.lower() == ("true" if given is None else "false") for text in self.values.known)
        negated = self.operator in NEGATED
        compare = COMPARISONS.get(NEGATED.get(self.operator, self.operator))
        if compare is None or self.quantity not in ("", "all", "any"):
            return Unknown(Kind.UNSUPPORTED, f"the operator {self.operator}")
        if given is None:
            return self.quantity == "all" or (not self.quantity and (self.if_exists or negated))
        if not self.quantity and len(given) != 1:
            return Unknown(Kind.UNSUPPORTED, f"{self.key} has several values, and the test is for one")

        def matches(value: str) -> bool | Unknown:
            same = some(_compared(compare, text, value, keys, variables) for text in self.values.known)
            return opposite(same) if negated else same

        return (some if self.quantity == "any" else every)(map(matches, given))


@dataclass(frozen=True, slots=True)
class Denial:
    """A statement that denies: what it is called, and what it says. Its texts may hold variables, or not."""

    name: str
    said: Elements
    conditions: tuple[Condition, ...]
    variables: bool

    def about(self, called: Authorized) -> bool | Unknown:
        """Whether it is about one of the actions of a call; where these are not known, about all of their service."""
        said = self.said
        if called.actions:
            return some(covers_action(said.actions, said.not_actions, action) for action in called.actions)
        if "*" in said.actions.known:
            return True
        if called.service:
            named = (said.not_actions if said.not_actions.given else said.actions).known
            mine = [text for text in named if matching(text.partition(":")[0])(called.service)]
            whole = any(text in ("*", f"{called.service}:*") for text in mine)
            if whole or not mine:
                return whole is not said.not_actions.given
        return Unknown(Kind.UNTOLD, "which action the call was authorized by")

    def denies(self, call: Call) -> bool | Unknown:
        """Whether it would have denied a call of somebody whom it binds."""
        return every(self._parts(call))

    def _parts(self, call: Call) -> Iterator[bool | Unknown]:
        """What must be so, one after the other as long as it is not false."""
        yield self.about(call.authorized)
        yield from (test.holds(call.keys, self.variables) for test in self.conditions)
        yield self._aimed_at(call)

    def _aimed_at(self, call: Call) -> bool | Unknown:
        negated = self.said.not_resources.given
        known = (self.said.not_resources if negated else self.said.resources).known
        if "*" in known:
            return not negated
        of = (
            some(_compared(WILD, text, arn, call.keys, self.variables) for text in known) for arn in call.resources
        )
        answer = some(map(opposite, of) if negated else of)
        if answer is True or call.whole:
            return answer
        return Unknown(Kind.UNTOLD, "all resources that the call was authorized on")


def kind_of(document: Any) -> Kind_:
    """Which kind of control policy a document is: only one for resources says for whom it is."""
    written = listed(document) if isinstance(document, dict) else []
    return "rcp" if any(isinstance(each, dict) and "Principal" in each for each in written) else "scp"


def denials(document: Any, name: str) -> tuple[list[Denial], int]:
    """The statements of a service or resource control policy that deny, and how many others there are.

    Raises DemarcateError for what is none.
    """
    if not isinstance(document, dict) or "Statement" not in document:
        raise DemarcateError(f"{name}: it is no policy: expected a JSON object with Statement")
    kind = kind_of(document)
    size, most = len(to_json(document)), limits()[kind].characters
    if size > most:
        raise DemarcateError(f"{name}: it has {size:,} characters, and AWS takes {most:,}: divide it")
    denying, others = [], 0
    for number, written in enumerate(listed(document), 1):
        said = Elements.of(written)
        if isinstance(written, dict) and said.effect == "Allow":
            others += 1
            continue
        for wrong in _wrong(written, said, kind):
            raise DemarcateError(f"{name}: statement {number}: {wrong}")
        tests = tests_in(said.conditions) if said.conditions != {} else ()
        conditions = tuple(Condition.of(*test) for test in tests if not isinstance(test, Unknown))
        sid = written.get("Sid")
        label = f"statement {number}" + (f" ({sid})" if isinstance(sid, str) and sid else "")
        denying.append(Denial(label, said, conditions, document.get("Version") == "2012-10-17"))
    return denying, others


def _wrong(written: Any, said: Elements, kind: Kind_) -> Iterator[str]:
    """What keeps a statement from being tested."""
    if not isinstance(written, dict) or said.effect != "Deny":
        yield "expected an object whose Effect is Allow or Deny"
        return
    if "NotPrincipal" in written or (kind == "rcp" and written.get("Principal") != "*"):
        yield 'a control policy for principals has no Principal, and one for resources says "Principal": "*"'
    for values in (said.actions, said.not_actions, said.resources, said.not_resources):
        if values.unknown:
            yield values.unknown.reason
    if said.actions.given == said.not_actions.given or said.resources.given == said.not_resources.given:
        yield "expected either Action or NotAction, and either Resource or NotResource"
    for test in tests_in(said.conditions) if said.conditions != {} else ():
        if isinstance(test, Unknown):
            yield test.reason
        elif test[2].unknown:
            yield test[2].unknown.reason


def _untold(key: str) -> Unknown:
    return Unknown(Kind.UNTOLD, f"{key}, which the record does not tell")


# --- comparing --------------------------------------------------------------------------------------------

Comparison = tuple[bool, Callable[[str, str], bool | None]]
"""Whether what the policy says may hold wildcards, and whether a value is so; None where one of the two is odd."""


def _compared(compare: Comparison, text: str, value: str, keys: Keys, variables: bool) -> bool | Unknown:
    wild, same = compare
    if variables and "${" in text:
        filled = _filled(text, keys, wild=wild)
        if isinstance(filled, Unknown):
            return filled
        text = filled
    answer = same(text, value)
    return Unknown(Kind.MALFORMED, f"how {text!r} compares with {value!r}") if answer is None else answer


_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_ESCAPES: Final = {"*": "\x01", "?": "\x02", "$": "$"}
"""What stands for a wildcard that is meant as itself, while a text is matched."""

_MEANT: Final = str.maketrans({"*": "\x01", "?": "\x02"})


def _filled(text: str, keys: Keys, *, wild: bool) -> str | Unknown:
    """A text with the variables in it filled in: what is filled in holds no wildcard."""
    unknown: list[Unknown] = []

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in _ESCAPES:
            return _ESCAPES[name] if wild else name
        key, comma, default = (part.strip() for part in name.partition(","))
        given = keys.get(key.lower(), ())
        if given is None and comma:
            given = (default.strip("'"),)
        if given is None or len(given) != 1:
            unknown.append(_untold(key))
            return ""
        return given[0].translate(_MEANT) if wild else given[0]

    filled = _VARIABLE.sub(value, text)
    return unknown[0] if unknown else filled


def _wild(text: str, value: str) -> bool:
    """Whether a text with wildcards stands for a value; what is put in for variables is meant as itself."""
    return matching(text)(value.translate(_MEANT))


def _arn(text: str, value: str) -> bool:
    """ARNs are compared part by part: a wildcard of one of the first five stands for nothing of another."""
    mine, theirs = text.split(":", 5), value.split(":", 5)
    return len(mine) == len(theirs) and all(map(_wild, mine, theirs))


def _number(text: str, value: str, compare: Callable[[float, float], bool]) -> bool | None:
    try:
        return compare(float(value), float(text))
    except ValueError:
        return None


def _moment(text: str) -> datetime:
    return since_1970(float(text)) if re.fullmatch(r"\d+(\.\d+)?", text) else utc(datetime.fromisoformat(text))


def _date(text: str, value: str, compare: Callable[[Any, Any], bool]) -> bool | None:
    try:
        return compare(_moment(value), _moment(text))
    except ValueError:
        return None


def _address(text: str, value: str) -> bool | None:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _ordered(kind: str, compare: Callable[[str, str, Callable[[Any, Any], bool]], bool | None]) -> dict[str, Any]:
    """The comparisons of numbers or dates."""
    orders: dict[str, Callable[[Any, Any], bool]] = {
        "equals": lambda left, right: left == right,
        "lessthan": lambda left, right: left < right,
        "lessthanequals": lambda left, right: left <= right,
        "greaterthan": lambda left, right: left > right,
        "greaterthanequals": lambda left, right: left >= right,
    }
    return {
        f"{kind}{name}": (False, lambda text, value, order=order: compare(text, value, order))
        for name, order in orders.items()
    }


WILD: Final[Comparison] = (True, _wild)

COMPARISONS: Final[dict[str, Comparison]] = {
    "stringequals": (False, lambda text, value: text == value),
    "stringequalsignorecase": (False, lambda text, value: text.lower() == value.lower()),
    "stringlike": WILD,
    "bool": (False, lambda text, value: text.lower() == value.lower()),
    "arnequals": (True, _arn),
    "arnlike": (True, _arn),
    "ipaddress": (False, _address),
    **_ordered("numeric", _number),
    **_ordered("date", _date),
}

NEGATED: Final = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
"""Operators that hold where another does not."""

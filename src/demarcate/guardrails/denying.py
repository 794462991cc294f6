"""Whether a statement of a control policy would have denied a recorded call, in three-valued logic.

The language is read by `access/`; here it is applied to one request of which some is known. A test of a condition key
that the record does not tell is not known, and so is what depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from demarcate.access.actions import covers_action
from demarcate.access.conditions import Test, compared
from demarcate.access.operators import WILD
from demarcate.access.patterns import matching
from demarcate.access.statements import Statement, listed
from demarcate.access.values import every, opposite, some
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.guardrails.actions import Authorized
from demarcate.guardrails.calls import Call
from demarcate.guardrails.load import limits
from demarcate.guardrails.structs import Kind as Kind_


class Ruling(Protocol):
    """What may deny a call, and what it is called."""

    @property
    def name(self) -> str:
        """What it is called."""

    def about(self, called: Authorized) -> bool | Unknown:
        """Whether it is about one of the actions of a call."""

    def denies(self, call: Call) -> bool | Unknown:
        """Whether it would have denied a call of somebody whom it binds."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A statement that denies: what it is called, and what it says. Its texts may hold variables, or not."""

    name: str
    said: Statement
    conditions: tuple[Test, ...]
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
            some(compared(WILD, text, arn, call.keys, self.variables) for text in known) for arn in call.resources
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
        said = Statement.of(written)
        if isinstance(written, dict) and said.effect == "Allow":
            others += 1
            continue
        for wrong in _wrong(written, said, kind):
            raise DemarcateError(f"{name}: statement {number}: {wrong}")
        conditions = tuple(test for test in said.tests if not isinstance(test, Unknown))
        sid = written.get("Sid")
        label = f"statement {number}" + (f" ({sid})" if isinstance(sid, str) and sid else "")
        denying.append(Denial(label, said, conditions, document.get("Version") == "2012-10-17"))
    return denying, others


def _wrong(written: Any, said: Statement, kind: Kind_) -> Iterator[str]:
    """What keeps a statement from being tested."""
    if not isinstance(written, dict) or said.effect != "Deny":
        yield "expected an object whose Effect is Allow or Deny"
        return
    if "NotPrincipal" in written or (kind == "rcp" and written.get("Principal") != "*"):
        yield 'a control policy for principals has no Principal, and one for resources says "Principal": "*"'
    yield from faults(said)


def faults(said: Statement) -> Iterator[str]:
    """What keeps a statement from being applied to a call."""
    for values in (said.actions, said.not_actions, said.resources, said.not_resources):
        if values.unknown:
            yield values.unknown.reason
    if said.actions.given == said.not_actions.given or said.resources.given == said.not_resources.given:
        yield "expected either Action or NotAction, and either Resource or NotResource"
    for test in said.tests:
        if isinstance(test, Unknown):
            yield test.reason
        elif test.values.unknown:
            yield test.values.unknown.reason

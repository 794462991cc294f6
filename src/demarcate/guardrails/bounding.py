"""Whether a permissions boundary would have denied a recorded call: by a statement, or since none of it allows that.

A boundary allows, unlike a control policy: what no statement of it allows is denied, unless the policy of the resource
names the user or the session itself. Whom it would be attached to, somebody says.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
from demarcate.guardrails.denying import Denial, Ruling, faults

LARGEST: Final = 6_144
"""How many characters a managed policy may have, without white space.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

NOTHING: Final = "no statement that allows it"
"""What denies where nothing allows."""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """That none of some statements allows a call."""

    allowing: tuple[Denial, ...]
    name: str = NOTHING

    def about(self, called: Authorized) -> bool | Unknown:  # noqa: ARG002 - as each ruling has it
        """It is about every call."""
        return True

    def denies(self, call: Call) -> bool | Unknown:
        """Whether some action of a call, on some resource, is allowed by none."""
        if not call.authorized.actions:
            return opposite(some(each.denies(call) for each in self.allowing))
        return opposite(every(self._each_allowed(call)))

    def _each_allowed(self, call: Call) -> Iterator[bool | Unknown]:
        resources: tuple[str | None, ...] = call.resources or ("*",)
        if not call.whole:
            resources = (*call.resources, None)
        for action in call.authorized.actions:
            for resource in resources:
                yield some(every(_parts(each, action, resource, call)) for each in self.allowing)


def _parts(allowing: Denial, action: str, resource: str | None, call: Call) -> Iterator[bool | Unknown]:
    """What must be so for a statement to allow an action on a resource; None is one that the record does not tell."""
    said = allowing.said
    yield covers_action(said.actions, said.not_actions, action)
    yield from (test.holds(call.keys, allowing.variables) for test in allowing.conditions)
    negated = said.not_resources.given
    known = (said.not_resources if negated else said.resources).known
    if "*" in known:
        yield not negated
    elif resource is None:
        yield Unknown(Kind.UNTOLD, "all resources that the call was authorized on")
    else:
        covered = some(compared(WILD, text, resource, call.keys, allowing.variables) for text in known)
        yield opposite(covered) if negated else covered


def rulings(document: Any, name: str) -> list[Ruling]:
    """What of a boundary denies calls: its statements that deny, and that none allows. Raises DemarcateError."""
    if not isinstance(document, dict) or "Statement" not in document:
        raise DemarcateError(f"{name}: it is no policy: expected a JSON object with Statement")
    size = len(to_json(document))
    if size > LARGEST:
        raise DemarcateError(f"{name}: it has {size:,} characters, and AWS takes {LARGEST:,} of a managed policy")
    denying: list[Ruling] = []
    allowing: list[Denial] = []
    for number, written in enumerate(listed(document), 1):
        said = Statement.of(written)
        if not isinstance(written, dict) or said.effect not in ("Allow", "Deny"):
            raise DemarcateError(f"{name}: statement {number}: expected an object whose Effect is Allow or Deny")
        if "Principal" in written or "NotPrincipal" in written:
            raise DemarcateError(f"{name}: statement {number}: a boundary has no Principal")
        for wrong in faults(said):
            raise DemarcateError(f"{name}: statement {number}: {wrong}")
        conditions = tuple(test for test in said.tests if isinstance(test, Test))
        sid = written.get("Sid")
        label = f"statement {number}" + (f" ({sid})" if isinstance(sid, str) and sid else "")
        made = Denial(label, said, conditions, document.get("Version") == "2012-10-17")
        (denying if said.effect == "Deny" else allowing).append(made)
    if not allowing:
        raise DemarcateError(f"{name}: it allows nothing, and as a boundary would deny every call")
    return [*denying, NotAllowed(tuple(allowing))]


Bound = tuple[bool | Unknown, str]
"""Whether something binds whoever called, or why that is not known; and who it is that it does not bind."""


def whom(principals: Sequence[str]) -> Callable[[Call], Bound | None]:
    """What says whether a boundary binds a caller. It is attached to the users and roles of these ARNs (* and ? match),
    or to all, where none is named. None is for others.
    """
    chosen = [matching(text) for text in principals]

    def binds(call: Call) -> Bound | None:
        arn = call.principal
        if ":role/aws-service-role/" in arn:
            return False, "a service-linked role"
        if arn.endswith(":root"):
            return False, "the root user"
        if ":role/" in arn or ":user/" in arn:
            return (True, "") if not chosen or any(matches(arn) for matches in chosen) else None
        if not arn.startswith("arn:"):
            return False, "no user or role"
        return Unknown(Kind.UNTOLD, "which user or role the caller is of"), ""

    return binds

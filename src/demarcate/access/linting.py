"""What is wrong with a policy: what AWS refuses, what can never match, and what is wider than it looks.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from demarcate.access.asked import near_action
from demarcate.access.authorization import action, actions_like, edition
from demarcate.access.callers import Own, Reach, key_of
from demarcate.access.conditions import Test, variables_in
from demarcate.access.limits import LIMITING_KEYS
from demarcate.access.operators import COMPARISONS, NEGATED
from demarcate.access.patterns import TooWide, is_wild, shared
from demarcate.access.reach import reading
from demarcate.access.statements import Policy, PolicyKind, Statement
from demarcate.base.arn import PARTITIONS
from demarcate.base.names import nearest
from demarcate.estate.schema.unknown import Unknown


class Wrong(StrEnum):
    """How something is wrong."""

    REFUSED = "refused"
    NEVER = "never-matches"
    WIDER = "wider-than-it-looks"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a statement, or with the policy as a whole, where there is none."""

    wrong: Wrong
    text: str
    statement: Statement | None = None


_ELEMENTS: Final = (
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"),
)
"""What a statement may have, by the grammar."""

_OF_POLICY: Final = ("Version", "Id", "Statement")

_NAME: Final = re.compile(r"\*|[a-z0-9*?-]+:[a-z0-9*?]+")
_SID: Final = re.compile(r"[A-Za-z0-9]*")


def complaints(
    document: Any, policy: Policy, kind: PolicyKind, own: Own | None = None, service: str = ""
) -> Iterator[Complaint]:
    """All that is wrong with a policy. `document` is what it was made of."""
    if policy.unknown is not None:
        yield Complaint(Wrong.REFUSED, policy.unknown.reason)
        return
    for name in document if isinstance(document, dict) else ():
        if name not in _OF_POLICY:
            yield Complaint(Wrong.REFUSED, f"it has {name!r}, which no policy has{nearest(str(name), _OF_POLICY)}")
    version = document.get("Version") if isinstance(document, dict) else None
    if version is None and any(_variables(said) for said in policy.statements):
        yield Complaint(Wrong.NEVER, "it has no Version, so that ${…} in it is text: say 2012-10-17")
    if not policy.statements:
        yield Complaint(Wrong.REFUSED, "it has no statement")
    seen: set[str] = set()
    told = reading(policy, kind, own, service)
    for said, written, alone, left in zip(policy.statements, policy.written, told.alone, told.left, strict=True):
        for wrong, text in (*_refused(said, written, kind, seen), *_never(said), *_wider(said, written)):
            yield Complaint(wrong, text, said)
        if kind.names_principals and said.allows is True:
            if alone.high is Reach.NOBODY:
                yield Complaint(Wrong.NEVER, "no request can meet all that it asks for", said)
            elif left.high is Reach.NOBODY:
                yield Complaint(Wrong.NEVER, "the Denies of the policy leave nothing of it", said)
            elif alone.low is Reach.ANYONE and (keys := _limiting(said)):
                yield Complaint(Wrong.WIDER, f"anyone can meet what it asks of {' and '.join(keys)}", said)


def _variables(said: Statement) -> bool:
    values = [said.resources, said.not_resources]
    values += [test.values for test in said.tests if not isinstance(test, Unknown)]
    return any(variables_in(each) for each in values)


def _limiting(said: Statement) -> list[str]:
    """The keys that its conditions ask after as if to limit who gets in."""
    return sorted({test.key for test in said.tests if not isinstance(test, Unknown) and test.key in LIMITING_KEYS})


Told = Iterator[tuple[Wrong, str]]


def _refused(said: Statement, written: Any, kind: PolicyKind, seen: set[str]) -> Told:
    if not isinstance(written, dict):
        yield Wrong.REFUSED, "it is no object"
        return
    for name in written:
        if name not in _ELEMENTS:
            yield Wrong.REFUSED, f"it has {name!r}, which no statement has{nearest(str(name), _ELEMENTS)}"
    if isinstance(said.allows, Unknown):
        yield Wrong.REFUSED, said.allows.reason
    for name, other in (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")):
        if name in written and other in written:
            yield Wrong.REFUSED, f"it has {name} and {other}: one of the two"
    if not said.actions.given and not said.not_actions.given:
        yield Wrong.REFUSED, "it has no Action"
    if kind.names_principals and not said.principals.given and not said.not_principals.given:
        yield Wrong.REFUSED, "it has no Principal"
    if not kind.names_principals and (said.principals.given or said.not_principals.given):
        yield Wrong.REFUSED, f"it has a Principal, which no policy of kind {kind} has"
    if not kind.names_principals and not said.resources.given and not said.not_resources.given:
        yield Wrong.REFUSED, "it has no Resource"
    if said.principals.refused or said.not_principals.refused:
        yield (
            Wrong.REFUSED,
            "a principal has a wildcard in it: * stands for all, or else a principal is named whole",
        )
    sid = said.sid if isinstance(said.sid, str) else ""
    if sid and sid in seen:
        yield Wrong.REFUSED, f"its Sid {sid!r} is that of another statement"
    if not kind.names_principals and not _SID.fullmatch(sid):
        yield Wrong.REFUSED, "its Sid has other characters than letters and digits"
    seen.add(sid)
    for test in said.tests:
        if isinstance(test, Unknown):
            yield Wrong.REFUSED, test.reason
        elif test.operator != "null" and NEGATED.get(test.operator, test.operator) not in COMPARISONS:
            yield Wrong.REFUSED, f"the operator {test.operator} is not known"


def _never(said: Statement) -> Told:
    for text in (*said.actions.known, *said.not_actions.known):
        if not _NAME.fullmatch(text):
            yield Wrong.NEVER, f"the action {text!r} matches nothing: a name is a service, a colon and letters"
        elif text != "*" and next(actions_like(text), None) is None:
            yield Wrong.NEVER, f"no action of {edition().taken} is called {text}{near_action(text)}"
    named = [*said.principals.types.values(), said.resources, said.not_resources]
    for text in (text for values in named for text in values.texts if type(text) is str):
        partition = text.split(":", 2)[1:2] if text.startswith("arn:") else []
        if partition and not re.search(r"[*?$]", partition[0]) and partition[0] not in PARTITIONS:
            yield Wrong.NEVER, f"no partition is called {partition[0]!r}, as in {text}: {', '.join(PARTITIONS)}"
    yield from _elsewhere(said)
    for test in said.tests:
        if isinstance(test, Unknown):
            continue
        if key_of(test.key) is None:
            yield Wrong.NEVER, f"no condition key of {edition().taken} is called {test.key}"
        for text in _odd(test):
            yield Wrong.NEVER, f"{text!r} of {test.key} is nothing that {test.operator} compares with"


def _odd(test: Test) -> Iterator[str]:
    """The texts of a test that are nothing its operator compares a value with."""
    compare, sample = test.comparison, _SAMPLES.get(NEGATED.get(test.operator, test.operator), "")
    if compare is None or not sample or not test.values.is_plain:
        return
    for text in test.values.known:
        if compare[1](text, sample) is None or (test.operator == "bool" and text.lower() not in _TRUTHS):
            yield text


_SAMPLES: Final = {
    "ipaddress": "192.0.2.1",
    "bool": "true",
    **dict.fromkeys((name for name in COMPARISONS if name.startswith(("numeric", "date"))), "0"),
}
"""A value of the kind that an operator compares."""

_TRUTHS: Final = ("true", "false")


def _elsewhere(said: Statement) -> Told:
    """Actions that are about nothing of what the statement names, by the forms of their ARNs."""
    texts = said.resources.known
    if not said.resources.is_plain or not all(text.startswith("arn:") and text != "arn:*" for text in texts):
        return
    for name in said.actions.known if texts else ():
        told = action(name)
        if told is None or is_wild(name):
            continue
        forms = [re.sub(r"\$\{[^}]*\}", "*", form) for form in told.resources]
        if not forms:
            yield Wrong.NEVER, f"{told.name} is about no resource of its own: it takes Resource *"
        elif not any(_may_be(text, form) for text in texts for form in forms):
            about = ", ".join(sorted(set(told.resources)))
            yield Wrong.NEVER, f"{told.name} is about none of the resources that it names: it is about {about}"


def _may_be(text: str, form: str) -> bool:
    try:
        return shared(text, form) is not None
    except TooWide:
        return True


def _wider(said: Statement, written: Any) -> Told:
    if said.allows is not True:
        return
    others = {"NotPrincipal": "everybody else", "NotAction": "all other actions", "NotResource": "all else"}
    for name, what in others.items():
        if isinstance(written, dict) and name in written:
            yield Wrong.WIDER, f"Allow with {name} allows {what}, also what comes later"
    for test in said.tests:
        if isinstance(test, Unknown):
            continue
        key = key_of(test.key)
        if test.quantity == "all" and (key is None or key.perhaps or key.by != ("all",)):
            yield Wrong.WIDER, f"ForAllValues holds where {test.key} is missing: add Null, or use ForAnyValue"
        elif test.if_exists:
            yield Wrong.WIDER, f"IfExists holds where {test.key} is missing"

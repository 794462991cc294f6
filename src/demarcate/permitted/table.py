"""The table `aws_access`: who may do what, worked out for what a query asks, and for nothing besides.

A row is a principal, an action and a resource; there are as many as an estate has roles, times all actions, times all
resources. So a query says which it means: an action, and a resource or a principal, each as a literal in its WHERE.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from demarcate.access.asked import check_action
from demarcate.access.callers import Reach
from demarcate.access.effective import Effective, Guardrail
from demarcate.access.evaluating import Request
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.querying import Made
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.plan import Selection, together
from demarcate.permitted.asking import Policies, needed
from demarcate.permitted.listing import needed_for, what_can
from demarcate.permitted.literals import literals_of
from demarcate.permitted.outside import Outside

NAME: Final = "aws_access"
ABOUT: Final = "Who may do what: worked out for the action, and the resource or principal, that a query names."

COLUMNS: Final = {
    "principal": ("VARCHAR", "A user or role; of what the resource's policy says of others, how far it reaches."),
    "action": ("VARCHAR", "As it is asked: s3:GetObject."),
    "resource": ("VARCHAR", "As it is asked; where a principal is asked about, what its policies name."),
    "allowed": ("BOOLEAN", "true where it may; NULL where it is not known. Who may not has no row."),
    "reach": (
        "VARCHAR",
        "From where it is: own-account, named-accounts, …, anyone; NULL where that is not known.",
    ),
    "because": ("VARCHAR[]", "Step by step: the layer, what came of it, by which statements of which policy."),
    "scp": ("VARCHAR", "Service control policies: applied, applicable, none or unknown."),
    "rcp": ("VARCHAR", "Resource control policies: applied, applicable, none or unknown."),
    "s3": ("VARCHAR", "The organization's S3 policy: applied, applicable, none or unknown."),
    "boundary": ("VARCHAR", "The permissions boundary: applied, applicable, none or unknown."),
    "why": ("VARCHAR", "Why it is not known."),
    "witness": (
        "JSON",
        "A request that gets in: principal, action, resource, context; NULL where none surely does.",
    ),
}
"""The columns, with their types and what they say."""


def described() -> tuple[list[str], list[list[Any]]]:
    """The columns, as `tables` describes them."""
    return ["column", "type", "about"], [[name, *told] for name, told in COLUMNS.items()]


_ASKED: Final = ("principal", "action", "resource")
MOST_ASKED: Final = 200
"""How many combinations of what it names a query may ask."""


@dataclass(frozen=True, slots=True)
class Question:
    """What one use of the table is asked about."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...] = ()


def questions_of(sql: str) -> list[Question]:
    """What a query asks of the table; nothing where it does not use it.

    Raises DemarcateError where it uses it and does not say of what.
    """
    return [_question(given) for given in literals_of(sql, NAME, _ASKED)]


def _question(given: dict[str, list[str]]) -> Question:
    lists = {name: tuple(dict.fromkeys(given.get(name, ()))) for name in _ASKED}
    if not lists["action"] or not (lists["resource"] or lists["principal"]):
        raise DemarcateError(
            f"{NAME} is worked out for what is asked: hold action, and resource or principal, to texts in WHERE, as "
            "action = 's3:GetObject' AND resource = 'arn:aws:s3:::my-bucket/key'"
        )
    asked = len(lists["action"]) * (len(lists["resource"]) or len(lists["principal"]))
    if asked > MOST_ASKED:
        raise DemarcateError(f"{NAME}: the query asks {asked:,} questions; at most {MOST_ASKED:,} are answered")
    for action in lists["action"]:
        check_action(action)
    return Question(lists["action"], lists["resource"], lists["principal"])


def needed_by(questions: Sequence[Question]) -> Selection:
    """What is read of a source to answer them. Raises DemarcateError for an ARN or a principal that is none."""
    selections: list[Selection] = []
    for question in questions:
        selections += [needed(resource) for resource in question.resources]
        if not question.resources:
            selections += [needed_for(*each) for each in product(question.principals, question.actions)]
    return together(*selections)


def made(snapshot: Snapshot, questions: Sequence[Question]) -> dict[str, Made]:
    """The table, filled for some questions; nothing where there are none."""
    if not questions:
        return {}
    with Policies(snapshot) as policies:
        rows = [row for question in questions for row in _rows(policies, question)]
    distinct = {to_json(row): row for row in rows}
    types = {name: type_ for name, (type_, _) in COLUMNS.items()}
    return {NAME: Made(types, list(distinct.values()))}


def _rows(policies: Policies, question: Question) -> Iterator[list[Any]]:
    for action in question.actions:
        for resource in question.resources:
            yield from _of_resource(policies, action, resource, question.principals)
        for principal in question.principals if not question.resources else ():
            for can in what_can(policies, principal, action):
                yield _row(
                    principal, action, can.resource, _within(can.witness, principal), can.effective, can.witness
                )


def _of_resource(policies: Policies, action: str, resource: str, only: Sequence[str]) -> Iterator[list[Any]]:
    may, outside = policies.who_can(action, resource)
    for each in may:
        if not only or each.principal in only:
            yield _row(
                each.principal,
                action,
                resource,
                _within(each.witness, each.principal),
                each.effective,
                each.witness,
            )
    for statement in outside if not only else ():
        yield _outside(statement, action, resource)


def _row(
    principal: str, action: str, resource: str, reach: str, comes: Effective, witness: Request | None
) -> list[Any]:
    unsure = isinstance(comes.allowed, Unknown)
    guardrails = [str(comes.guardrails.get(name, Guardrail.UNKNOWN)) for name in ("scp", "rcp", "s3", "boundary")]
    because = comes.steps
    why = str(comes.allowed) if unsure else None
    told = None if witness is None else to_json(witness.plain).decode()
    return [principal, action, resource, None if unsure else True, reach, because, *guardrails, why, told]


def _within(witness: Request | None, principal: str) -> str:
    """Whether a principal is of the account that has the resource."""
    given = witness.context.get("aws:resourceaccount") if witness is not None else None
    abroad = given and ":" in principal and principal.split(":", 5)[4:5] != list(given)
    return str(Reach.NAMED_ACCOUNTS if abroad else Reach.OWN_ACCOUNT)


def _outside(statement: Outside, action: str, resource: str) -> list[Any]:
    reached = statement.reached
    known = reached.low is reached.high
    reach = reached.low.value if known else f"{reached.low.value} to {reached.high.value}"
    witness = None if reached.witness is None else to_json(reached.witness.plain).decode()
    because = [f"resource: allowed by {statement.by}"]
    guardrails = ["none", str(statement.rcp), str(statement.s3), "none"]
    why = None if known else str(reached.why)
    return [
        *(reach, action, resource, True if known else None, reach if known else None, because, *guardrails),
        *(why, witness),
    ]

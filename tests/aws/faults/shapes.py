"""Operations that stand for all others: between them they have every shape that the generic code tells apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations

from demarcate.estate.schema.table import Bulk, Call, Each, Table
from demarcate.estate.tables import all_tables
from tests.aws.answers.asking import model_of
from tests.aws.answers.paging import paging_of
from tests.aws.faults.reach import needing, reaches

Trait = tuple[str, ...]
"""Something that an operation is, beside something else that it is: ("a step that goes on", "paged")."""


def representatives(operations: Iterable[str]) -> list[str]:
    """A few of some operations that have between them every trait of all; the same ones each time."""
    having = {operation: traits()[operation] for operation in operations}
    left = set().union(*having.values())
    chosen: list[str] = []
    while left:
        chosen.append(
            min(
                having,
                key=lambda operation: (
                    -len(having[operation] & left),
                    len(reaches()[operation].tables),
                    operation,
                ),
            )
        )
        left -= having[chosen[-1]]
    return chosen


@cache
def traits() -> dict[str, frozenset[Trait]]:
    """The traits of each operation that tables use.

    How it is written, what it is asked for, whether it comes in pages, where it is called and who needs it: each of
    these beside each of the others, for every table that calls it.
    """
    of_operations: dict[str, set[Trait]] = {operation: set() for operation in reaches()}
    for table in all_tables().values():
        for operation, role, special in _uses(table):
            about = (
                _protocol(operation),
                _body(operation),
                role,
                _paging(operation),
                table.scope,
                _loss(operation),
            )
            of_operations[operation].update(combinations(about, 2), ((role, trait) for trait in special))
    return {operation: frozenset(of_one) for operation, of_one in of_operations.items()}


def _uses(table: Table) -> Iterator[tuple[str, str, list[str]]]:
    """The operations of a table, with what each is asked for and what is special about it."""
    for number, step in enumerate(table.steps):
        yield step.operation, "a step that goes on" if number else "a listing", _special(step)
    for detail in table.details.values():
        if isinstance(detail, Call):
            yield detail.operation, "a detail", _special(detail)
            continue
        for number, step in enumerate(detail.steps):
            yield step.operation, "details that go on" if number else "details at once", _special(step)
        if isinstance(detail, Bulk) and detail.confirm:
            yield detail.confirm.operation, "a confirmation", _special(detail.confirm)


def _special(call: Each | Call) -> list[str]:
    """What only some calls have."""
    return [name for name in ("absent", "batch", "until", "failures", "only") if getattr(call, name, None)]


def _protocol(operation: str) -> str:
    """How it is written; S3, whose errors and checksums are its own, is one by itself."""
    service = model_of(operation).service_model
    return "s3" if service.service_name == "s3" else str(service.protocol)


def _body(operation: str) -> str:
    """Whether the body of its answer is its members, or one of them."""
    payload = model_of(operation).output_shape.serialization.get("payload")
    return "a member as the body" if payload else "members in the body"


def _paging(operation: str) -> str:
    return "in pages" if paging_of(operation) else "at once"


def _loss(operation: str) -> str:
    """Who notices where it fails."""
    if reaches()[operation].derived:
        return "tables are made of it"
    return "checks need it" if needing()[operation] else "no check needs it"

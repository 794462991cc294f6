"""Every operation that any table uses is denied, and some that stand for all fail in each other way.

Operations that have nothing in common fail together, so that a few collections do for each way. What is held
(`comparing.py`): what could not be read is told with account, region and operation; every check that needed it
is unknown, and says so; no other verdict moves; no other row changes.

How an operation fails is nobody's business but that of code which is the same for all: it knows protocols, steps,
details, pages and scopes. So but for denial, which differs by what AWS allows, the operations that fail have between
them every two of such traits that any operation has (`shapes.py`).

Judging is pure, so what checks say of the same rows and the same gaps differs in the reason alone. All checks
that touch a group are judged where its operations are denied; where they fail otherwise, one check is judged
for each operation.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.aws.faults.comparing import differences
from tests.aws.faults.kinds import KINDS, applies
from tests.aws.faults.reach import checks, groups, needing, reaches
from tests.aws.faults.seeing import look, selection_of
from tests.aws.faults.shapes import representatives
from tests.aws.faults.world import World

CONTROL = ("ebs-volume-encrypted", "sqs-queue-encrypted", "vpc-flow-log-delivers")
"""Checks of which at least one is innocent of anything: they are judged every time."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_operation_fails(world: World, kind: str) -> None:
    problems = [problem for group in groups(failing(kind)) for problem in fail(world, group, kind)]
    if problems:
        pytest.fail(
            f"{len(problems)} problems where operations fail ({kind}):\n" + "\n".join(problems), pytrace=False
        )


def failing(kind: str) -> list[str]:
    """The operations that fail in a way."""
    possible = [operation for operation in reaches() if applies(kind, operation)]
    return possible if kind == "denied" else representatives(possible)


def fail(world: World, group: Iterable[str], kind: str) -> list[str]:
    """Let the operations of a group fail at once, and say what is wrong with what is seen."""
    faults = dict.fromkeys(group, kind)
    reached = [reaches()[operation] for operation in faults]
    touched = {name for reach in reached for name in reach.tables}
    derived = {name for reach in reached for name in reach.derived}
    judged = set(CONTROL) | (touching(touched | derived) if kind == "denied" else one_for_each(faults))
    with world.failing(faults):
        seen = look(world.session, world.server.url, selection_of(judged, touched), judged)
    return differences(world.calm, seen, faults)


def touching(tables: set[str]) -> set[str]:
    """The checks that read any of these tables."""
    return {name for name, check in checks().items() if tables & {check.table, *check.lookups}}


def one_for_each(operations: Iterable[str]) -> set[str]:
    """A check that needs each operation, where there is one."""
    return {min(needing()[operation]) for operation in operations if needing()[operation]}

"""One budget for all plans: how much of a ring may be out holds whatever plan takes it out, and whatever its service.

Plans share a ring that has the same name, where they have resources in the same accounts. One of them at a time applies
its changes there. What a run left under way that was killed counts until it is known how it ended.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from demarcate.changes.applying import standing
from demarcate.ledger.ledger import Held, Ledger
from demarcate.patching.plans import PatchPlan, Stage, plans_in


class Shared(Exception):
    """Another plan has resources of a ring out; the text says which plan."""


@contextlib.contextmanager
def alone_in(ledger: Ledger, plan: PatchPlan, stage: Stage) -> Iterator[None]:
    """Be the only plan that takes resources of a ring out, in its accounts. Raises Shared where another one does."""
    name = stage.ring.name
    with contextlib.ExitStack() as stack:
        for account in sorted(_accounts(stage)):
            try:
                stack.enter_context(ledger.hold(f"ring {name} in {account}"))
            except Held as held:
                raise Shared(
                    f"another plan has resources of ring {name} in {account} out: the budget is one"
                ) from held
        for other, out in _under_way(ledger, plan, stage):
            raise Shared(
                f"plan {other} has {out} resource{'' if out == 1 else 's'} of ring {name} out, of which it is not "
                f"known how that ended: demarcate patch run {other}, or roll it back"
            )
        yield


def _accounts(stage: Stage) -> set[str]:
    return {member.account for member in stage.members}


def _under_way(ledger: Ledger, plan: PatchPlan, stage: Stage) -> Iterator[tuple[str, int]]:
    """Other plans with steps under way in a ring that is shared, and at how many resources."""
    for other in plans_in(ledger):
        for same in other.stages:
            if other.id == plan.id or same.ring.name != stage.ring.name or not _accounts(same) & _accounts(stage):
                continue
            out: set[str] = set()
            for part in same.parts:
                status = standing(ledger, part.change)
                out |= {status.change.steps[number - 1].resource for _, number in status.open}
            if out:
                yield other.id, len(out)

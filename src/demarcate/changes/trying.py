"""Try a change without making it: the states are read again, and AWS's own dry run is asked where there is one."""

from __future__ import annotations

from dataclasses import dataclass

from demarcate.changes.reach import NotDone, Reach, Uncertain, has_dry_run
from demarcate.changes.structs import Change, Step
from demarcate.changes.values import EARLIER, holds, with_after


@dataclass(frozen=True, slots=True)
class Trial:
    """Whether a step could be made now, as far as can be told without making it."""

    could: bool
    told: str


def try_steps(change: Change, reach: Reach) -> list[Trial]:
    """Try each step of a change."""
    told: list[Trial] = []
    for place, step in enumerate(change.steps):
        given = step.do.parameters
        waits = with_after(given, None, EARLIER) != given  # what the call takes is not there yet
        waits |= any(step.reads == earlier.reads for earlier in change.steps[:place])
        told.append(Trial(True, _WAITS) if waits else _try(step, reach))
    return told


_WAITS = "it is about what a step before it leaves, so that it cannot be tried before that ran"


def _try(step: Step, reach: Reach) -> Trial:
    try:
        state = reach.read(step.account, step.region, step.reads)
        if holds(step.done, state):
            return Trial(True, "it is so already, and the step would be passed over")
        if state != step.before:
            return Trial(False, "it was changed since this was planned: the change would stop here")
        if not has_dry_run(step.do.name):
            return Trial(True, "it is as it was planned against; there is no dry run of this call")
        refusal = reach.dry_run(step.account, step.region, step.do)
    except (NotDone, Uncertain) as error:
        return Trial(False, str(error))
    return Trial(not refusal, refusal or "AWS's dry run says that it would succeed")

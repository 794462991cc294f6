"""A run that is killed goes on: each command was sent once, whenever that was, and the ring ends whole."""

from __future__ import annotations

import gc
import os
import signal
from collections import Counter

from demarcate.ledger.verifying import verify
from demarcate.patching.plans import PatchPlan
from demarcate.patching.running import run_plan
from tests.changes.fakes import Watched, unsynced
from tests.patching.conftest import World, Worlds
from tests.patching.test_run_command import BASELINE, RINGS

IN_A_CALL = 17
"""Before which a call was sent, and nothing is recorded of how it ended."""

MOMENTS = (5, 12, 19, 26)
"""Before which of the ledger's events a run is killed: between a record and its call, in the middle of a scan and of an
installation, and near the end."""


def killed_at(number: int, own: World, plan: PatchPlan) -> bool:
    """Run a plan in a process that ends by SIGKILL at its n-th event; whether it came to that."""
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        try:
            left = [number]

            def count(_: str) -> None:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            watched = Watched(str(own.folder / "ledger.sqlite"), now=lambda: own.clock)
            watched.event = count
            own.ledger = unsynced(watched)
            own.__dict__.pop("reach", None)  # whose connections are the parent's
            run_plan(plan.id, own.means())
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or os.WEXITSTATUS(status) == 0
    return killed


def test_a_run_that_is_killed_goes_on(world: Worlds) -> None:
    for moment in MOMENTS:
        own = world("all goes well")
        plan = own.plan(RINGS, BASELINE)
        assert killed_at(moment, own, plan), moment
        assert own.run(plan).how == "soaks", moment
        sent = Counter(call["Comment"] for call in own.scene.made("ssm.send_command"))
        assert set(sent.values()) == {1} and len(sent) == 4, (moment, sent)
        assert len(own.scene.made("ec2.create_snapshot")) == 2, moment
        assert not verify(own.ledger.stored()).faults


def test_another_plan_waits_for_what_a_killed_run_left_under_way(world: Worlds) -> None:
    own = world("all goes well")
    plan, other = own.plan(RINGS, BASELINE), own.plan(RINGS, BASELINE)
    with own.ledger.hold("ring test in 123456789012"):
        ended = own.run(other)
    assert ended.how == "waits" and "another plan has resources of ring test" in ended.reasons[0]
    assert killed_at(IN_A_CALL, own, plan)
    ended = own.run(other)
    assert ended.how == "waits" and f"plan {plan.id} has 1 resource of ring test out" in ended.reasons[0]
    assert own.run(plan).how == "soaks"
    assert own.run(other).how == "soaks", "the budget is free again while the first one soaks"

"""What a change is: pure data, which the ledger stores and a digest names."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from demarcate.checks.remedies import Risk

Origin = Literal["findings", "drift", "hand", "deployment", "patch", "push"]
"""What a change was planned from."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A call: botocore's service and method ("s3.put_bucket_versioning"), and all its parameters.

    Those of a step may hold what the steps before it leave: see `values.EARLIER`.
    """

    name: str
    parameters: dict[str, Any] = {}


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What is read before and after a call: `state` is a JMESPath, `absent` are error codes that say there is none.

    With `pages` all pages of a listing are read, and not the first alone.
    """

    operation: Operation
    state: str = "@"
    absent: tuple[str, ...] = ()
    pages: bool = False


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """What undoes a call; where nothing does, `why_not` says why. Parameters may hold what is read after the call.

    `reads` is read before and after it, where that is not what the step reads, and `begun`, `done` and `failed` are
    true of that state as those of a step are. Without `done` it is undone when the state is as it was, or without the
    effect. `midway` is called in the place of `operation` while the call has begun and not ended.
    """

    operation: Operation | None = None
    why_not: str = ""
    reads: Read | None = None
    begun: str = ""
    done: str = ""
    failed: str = ""
    midway: Operation | None = None
    earlier: bool = False
    """Whether what undoes an earlier step of the same resource undoes this one as well, as `why_not` says."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One call to AWS, for one resource.

    `before` is the state that it was planned against (None: there was none), and must still be that. `done` is a
    JMESPath that is true of the state once the call has taken effect. `findings` are those that it is to mend, each of
    the check at its place in `checks`.
    """

    account: str
    region: str
    resource: str
    do: Operation
    reads: Read
    before: Any
    done: str
    undo: Undo
    failed: str = ""
    """A JMESPath that is true of a state from which the call will not take effect any more."""
    begun: str = ""
    """A JMESPath that is true of a state once AWS is at what was called for. Where there is one, the step is under way
    then, and its outcome is awaited while others begin."""
    wait: float = 0.0
    """Seconds in which it must show its effect, where that is longer than usual."""
    risk: tuple[Risk, ...] = ()
    from_state: bool = False
    """Whether parameters of the call are made of what was read: another call between would be taken back."""
    checks: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    responsibility: str | None = None
    tags: dict[str, str] | None = None
    declared: str = ""
    """What declares the resource, such as a stack, whose next deployment would undo the change; empty where nothing is
    known to."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Ordered steps. `judged` is how many resources each of its checks was about, where that is known.

    `at_once` is how many resources may have a step under way at the same time.
    """

    id: str
    title: str
    origin: Origin
    source: str
    """What it was planned from: a snapshot's folder, or aws, and its moment."""
    steps: tuple[Step, ...]
    judged: dict[str, int] = {}
    at_once: int = 1

    @property
    def checks(self) -> tuple[str, ...]:
        """The checks that will verify it."""
        return tuple(sorted({check for step in self.steps for check in step.checks}))

    @property
    def findings(self) -> tuple[str, ...]:
        """The findings that it is to mend."""
        return tuple(sorted({finding for step in self.steps for finding in step.findings}))

    @property
    def digest(self) -> str:
        """What an approval names: another plan has another one."""
        return hashlib.sha256(_ENCODER.encode(self)).hexdigest()

    @property
    def risks(self) -> tuple[Risk, ...]:
        """All that its steps may do beside what they are for."""
        return tuple(sorted({risk for step in self.steps for risk in step.risk}))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that it changes."""
        return tuple(sorted({step.account for step in self.steps}))

    @property
    def resources(self) -> int:
        """How many resources it changes."""
        return len({(step.account, step.region, step.resource) for step in self.steps})


_ENCODER = msgspec.json.Encoder(order="sorted")

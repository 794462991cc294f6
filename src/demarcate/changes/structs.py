"""What a change is: pure data, which the ledger stores and a digest names."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from demarcate.checks.remedies import Risk

Origin = Literal["findings", "drift", "hand", "deployment"]
"""What a change was planned from."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A call: botocore's service and method ("s3.put_bucket_versioning"), and all its parameters."""

    name: str
    parameters: dict[str, Any] = {}


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What is read before and after a call: `state` is a JMESPath, `absent` are error codes that say there is none."""

    operation: Operation
    state: str = "@"
    absent: tuple[str, ...] = ()


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """What undoes a call; where nothing does, `why_not` says why. Parameters may hold what is read after the call."""

    operation: Operation | None = None
    why_not: str = ""


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
    """Ordered steps. `judged` is how many resources each of its checks was about, where that is known."""

    id: str
    title: str
    origin: Origin
    source: str
    """What it was planned from: a snapshot's folder, or aws, and its moment."""
    steps: tuple[Step, ...]
    judged: dict[str, int] = {}

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

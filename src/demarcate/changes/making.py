"""The steps of a change that a person asks for in words: what is there is read, and what is lacking is a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import Reader, make_change
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Change, Operation, Read, Step, Undo
from demarcate.checks.remedies import Risk


@dataclass(slots=True)
class Making:
    """The steps of one place, as they are found to be needed. `owed` is the responsibility that they are for."""

    reader: Reader
    account: str
    region: str
    resource: str
    owed: str
    steps: list[Step] = field(default_factory=list)

    def read(
        self,
        operation: str,
        state: str,
        *,
        pages: bool = True,
        absent: tuple[str, ...] = (),
        **parameters: Any,
    ) -> tuple[Read, Any]:
        """How a state is read, and what it is. Raises DemarcateError."""
        called = Operation(name=operation, parameters=parameters)
        read = Read(operation=called, state=state, absent=absent, pages=pages)
        try:
            return read, self.reader.read(self.account, self.region, read)
        except NotDone as error:
            raise DemarcateError(f"{self.resource}: {error}") from error

    def step(
        self,
        do: Operation,
        reads: Read,
        before: Any,
        done: str,
        undo: Operation | Undo,
        *,
        risk: tuple[Risk, ...] = (),
        begun: str = "",
        failed: str = "",
        wait: float = 0.0,
    ) -> None:
        """One more step."""
        self.steps.append(
            Step(
                account=self.account,
                region=self.region,
                resource=self.resource,
                do=do,
                reads=reads,
                before=before,
                done=done,
                undo=undo if isinstance(undo, Undo) else Undo(operation=undo),
                risk=risk,
                begun=begun,
                failed=failed,
                wait=wait,
                responsibility=self.owed,
            )
        )

    def change(self, title: str) -> Change | None:
        """The change; None where there is nothing to do."""
        return make_change(title, "hand", self.resource, self.steps) if self.steps else None

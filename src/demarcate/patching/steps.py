"""The steps of a change that makes something as a person says that it is to be, as they are found to be needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import Reader, make_change
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Change, Operation, Read, Step, Undo


@dataclass(slots=True)
class Steps:
    """The steps of one place, as they are found to be needed."""

    reader: Reader
    account: str
    region: str
    resource: str
    owed: str
    steps: list[Step] = field(default_factory=list)

    def read(self, operation: str, state: str, *, pages: bool = True, **parameters: Any) -> tuple[Read, Any]:
        """How a state is read, and what it is. Raises DemarcateError."""
        read = Read(operation=Operation(name=operation, parameters=parameters), state=state, pages=pages)
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
        undo: Operation | str,
    ) -> None:
        """One more step, with what undoes it, or why nothing does."""
        self.steps.append(
            Step(
                account=self.account,
                region=self.region,
                resource=self.resource,
                do=do,
                reads=reads,
                before=before,
                done=done,
                undo=Undo(why_not=undo) if isinstance(undo, str) else Undo(operation=undo),
                responsibility=f"patch-management.{self.owed}",
            )
        )

    def change(self, title: str) -> Change | None:
        """The change; None where there is nothing to do."""
        return make_change(title, "hand", self.resource, self.steps) if self.steps else None

"""How verbs that write reach AWS: with which credentials, in which role, for whom."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from demarcate.cli import options

if TYPE_CHECKING:
    from demarcate.changes.reach import Reach
    from demarcate.changes.structs import Change
    from demarcate.estate.sources.interface import Options


@dataclass(frozen=True, slots=True)
class How:
    """How AWS is reached for a change, by whom, and what is asked of it."""

    role: str | None
    profile: str | None
    endpoint_url: str | None
    external_id: str | None
    folders: list[Path] | None
    person: str | None
    policies: Path | None = None
    accept_lockout: bool = False

    def options(self, change: Change) -> Options:
        """How AWS is read: in the accounts of a change, with the role that is named."""
        from demarcate.base.errors import DemarcateError
        from demarcate.estate.sources.accounts import Accounts
        from demarcate.estate.sources.interface import Options

        if self.role is None and self.external_id is not None:
            raise DemarcateError("name the role that asks for the external id: --apply-role")
        accounts = Accounts(False, change.accounts, self.role, self.external_id) if self.role is not None else None
        regions = tuple(sorted({step.region for step in change.steps} - {"global"}))
        return Options(profile=self.profile, endpoint_url=self.endpoint_url, accounts=accounts, regions=regions)

    @contextlib.contextmanager
    def reach(self, change: Change, also: Collection[str] = ()) -> Iterator[Reach]:
        """What may make the calls of a change, and no others, and read what these and `also` read."""
        from demarcate.changes import alarms, github
        from demarcate.changes.following import reads_of
        from demarcate.changes.reach import Reach

        undos = [step.undo for step in change.steps]
        calls = [call for undo in undos for call in (undo.operation, undo.midway) if call is not None]
        reads = {step.reads.operation.name for step in change.steps}
        reads |= {undo.reads.operation.name for undo in undos if undo.reads is not None}
        settings = options.held().settings
        reach = Reach(
            self.options(change),
            reads={*reads, *also, alarms.OPERATION, *reads_of(change)},
            writes={step.do.name for step in change.steps} | {call.name for call in calls},
            role=self.role,
            github=github.for_change(change, settings.github_url, settings.github_token_variable),
        )
        try:
            yield reach
        finally:
            reach.close()

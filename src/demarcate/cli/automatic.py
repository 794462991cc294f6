"""drift --auto: what policies allow without an approval is planned, applied and verified, and all of it recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from demarcate.changes.automatic import Signed, record_allowed, signed_policies, why_not_alone
from demarcate.changes.deciding import record_plan
from demarcate.changes.policies import Policy, read_policies
from demarcate.cli import options, planning
from demarcate.cli.changes import carry_out
from demarcate.cli.reaching import How
from demarcate.drift.structs import DriftKind
from demarcate.ledger.acting import actor_of
from demarcate.ledger.ledger import Ledger
from demarcate.report import changes as report
from demarcate.report.out import say

if TYPE_CHECKING:
    from demarcate.drift.structs import Comparison
    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.estate.sources.interface import Options


class Automatic:
    """What brings drift back where policies allow it. Raises DemarcateError where nobody approved these."""

    def __init__(self, policies: Path, ledger: str | None, person: str | None, how: How) -> None:
        self._file, self._ledger, self._person, self._how = policies, ledger, person, how
        _, signed = self._approved()
        say(f"{policies}: {signed.told}")

    def _approved(self) -> tuple[tuple[Policy, ...], Signed]:
        """The policies as they are now, and who approved them. Raises DemarcateError where nobody did."""
        policies = read_policies(self._file)
        with Ledger(self._ledger, reading=True) as opened:
            return policies, signed_policies(opened, policies)

    def bring_back(self, comparison: Comparison, declared: Snapshot, how: Options) -> bool:
        """Bring back what policies allow, and say why the rest is left; whether anything was done to AWS.

        Raises typer.Exit where a change stands still, or a finding of it still fails: a person must look at it. Raises
        DemarcateError where the policies were edited since, and nobody approved them so.
        """
        if not comparison.of(DriftKind.CHANGED):
            return False
        change, unplanned, caller = planning.of_drift(comparison, declared, ["aws"], how, {})
        report.write_unplanned(unplanned, options.console())
        if change is None:
            return False
        policies, signed = self._approved()
        actor = actor_of(self._person, caller)
        if reasons := why_not_alone(policies, change, actor.person):
            for reason in reasons:
                say(f"not brought back: {change.title}: {reason}")
            return False
        with Ledger(self._ledger) as opened:
            record_plan(opened, actor, change)
            record_allowed(opened, actor, change, policies, signed)
            say(f"{change.id}: {change.title}: allowed by {signed.told}")
            carry_out(opened, change.id, "apply", self._how, authority=signed.told)
        return True

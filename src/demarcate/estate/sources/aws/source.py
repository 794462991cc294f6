"""Live AWS as a source."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.table import Column, From, Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.accounts import Accounts
from demarcate.estate.sources.computing import finish
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection, tells
from demarcate.estate.sources.progress import Progress

NAME = "aws"
"""What is given for the accounts that the credentials at hand lead to."""


class LiveSource:
    """The accounts that AWS credentials lead to."""

    name = "live"
    title = "live AWS"
    label = "live"
    asks = True
    identifies = True
    untold = "no AWS API returns it"
    unset = "not returned by AWS"

    def recognises(self, name: str) -> bool:
        """Whether this is `aws`."""
        return name == NAME

    def uses(self, names: Sequence[str]) -> frozenset[str]:
        """All that says which account, where, and as whom."""
        return frozenset(("session", "profile", "regions", "endpoint_url", "accounts", "resume", "only"))

    def tells(self, table: Table) -> bool:
        """Whether an operation of AWS lists it."""
        return tells(self.name, table)

    def place(self, table: Table, column: Column) -> From | None:
        """Where AWS's answer has a column."""
        return column.place(self.name)

    def why_absent(self, table: Table) -> Unknown:
        """Nobody asked for it."""
        return Unknown(Kind.NOT_COLLECTED, f"{table.name} was not collected")

    def collect(
        self,
        names: Sequence[str],
        selection: Selection,
        options: Options,
        *,
        out: Path | None = None,
        progress: Progress | None = None,
    ) -> Snapshot:
        """Read the accounts meant. Raises DemarcateError as `aws.collect.collect` and `SnapshotWriter` do."""
        from demarcate.estate.sources.aws.collect import collect

        if options.resume and out is None:
            raise DemarcateError("only a snapshot that has a folder (--out) can be gone on with")
        asked = asked_of(selection, options)
        with SnapshotWriter(
            self.name, NAME, out=out, moment=options.moment, asked=asked, resume=options.resume
        ) as writer:
            collect(selection, writer, options, progress=progress)
            return finish(writer, selection, self)


def asked_of(selection: Selection, options: Options) -> dict[str, str]:
    """What was asked for, in the words of those who would ask for it again."""
    from demarcate.estate.sources.aws.naming import live_plan

    plans = live_plan(selection)
    columns = sorted(
        (plan.table.name, plan.kept, [child.name for child, _ in plan.children], sorted(plan.names))
        for plan in plans
    )
    limits = sorted(
        (plan.table.name, detail, sorted(named)) for plan in plans for detail, named in plan.limits.items()
    )
    accounts = options.accounts or Accounts()
    only = sorted((name, sorted(resources)) for name, resources in (options.only or {}).items())
    return {
        "tables": ", ".join(sorted(selection)),
        "columns": sha256(repr((columns, limits) if limits else columns).encode()).hexdigest(),
        "regions": ", ".join(dict.fromkeys(options.regions)),
        "accounts": ", ".join(["the organization"] * accounts.organization + sorted(accounts.only)),
        "endpoint": options.endpoint_url or "",
        **({"only": sha256(repr(only).encode()).hexdigest()} if only else {}),
    }

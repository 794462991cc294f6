"""What a source is: where rows come from, and in which words it says that it does not know.

A source is a package here with one instance of `Source`, which `registry.py` lists. Whoever collects, judges or
reports asks the registry; nobody else names a source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from demarcate.estate.schema.table import Column, From, Table
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.accounts import Accounts
from demarcate.estate.sources.plan import Only, Selection
from demarcate.estate.sources.progress import Progress

if TYPE_CHECKING:
    import boto3


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How sources are read. Each source uses some of these, and is not read where another is given.

    `session` has the AWS credentials; without one they are those of `profile`, or what boto3 finds. `regions` are
    the regions to read; all enabled ones where there are none. `accounts` says which live accounts are read; by
    default that of the credentials. `parameters` are values for the parameters of templates. `moment` is that to
    read templates as of, and that of a live snapshot which is one of several (default: now). With `resume`, a
    collection into a folder goes on where it was stopped. `max_resources` is how many resources are read of files
    beyond those that their size accounts for. `only` are the resources of which tables are read, where not all of them
    are meant.
    """

    session: boto3.Session | None = None
    profile: str | None = None
    regions: tuple[str, ...] = ()
    endpoint_url: str | None = None
    accounts: Accounts | None = None
    parameters: Mapping[str, Any] | None = None
    moment: datetime | None = None
    resume: bool = False
    max_resources: int | None = None
    only: Only | None = None
    preset: frozenset[str] = frozenset()
    """The names of those that are set for all sources: one that cannot use them is read without them."""

    def given(self) -> list[str]:
        """The names of those that are not left at their default or preset."""
        defaults = zip(self.__struct_fields__, self.__struct_defaults__, strict=True)
        told = [(name, default) for name, default in defaults if name not in {"preset", *self.preset}]
        return [name for name, default in told if getattr(self, name) != default]


SPELLED: Final[Mapping[str, str]] = {
    "session": "a session",
    "profile": "--profile",
    "regions": "--region",
    "endpoint_url": "--endpoint-url",
    "accounts": "--org or --account",
    "parameters": "--parameters",
    "moment": "--as-of",
    "resume": "--resume",
    "max_resources": "max-resources",
    "only": "a choice of resources",
}
"""Options as the command spells them."""


class Source(Protocol):
    """One kind of source."""

    name: str
    """What snapshots call it."""
    title: str
    """What people call it."""
    label: str
    """What lists of sources call it."""
    asks: bool
    """Whether reading it takes calls to AWS for each table, so that only what is needed is read."""
    identifies: bool
    """Whether its rows have what AWS calls the resources, so that live ones are found by it."""
    untold: str
    """What is said of a column that it does not tell."""
    unset: str
    """What is said of a column that is NULL in a row which does not say why."""

    def recognises(self, name: str) -> bool:
        """Whether a name that was given is one of its own."""

    def uses(self, names: Sequence[str]) -> frozenset[str]:
        """The names of the options that it can use, where these are read."""

    def tells(self, table: Table) -> bool:
        """Whether it can fill a table."""

    def place(self, table: Table, column: Column) -> From | None:
        """Where it finds a column of a table that is not derived; None where it does not tell it."""

    def why_absent(self, table: Table) -> Unknown:
        """Why a snapshot of it has nothing of a table."""

    def collect(
        self,
        names: Sequence[str],
        selection: Selection,
        options: Options,
        *,
        out: Path | None = None,
        progress: Progress | None = None,
    ) -> Snapshot:
        """Read what these name, which are one estate. Raises DemarcateError where nothing can be read at all."""

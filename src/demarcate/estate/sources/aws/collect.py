"""Collects live AWS accounts: what is listed, in which order, and side by side with what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from demarcate.base.memory import give_back, share_arenas
from demarcate.estate.schema.rows import Item
from demarcate.estate.schema.table import Each
from demarcate.estate.snapshots.manifest import AccountNote, Unread
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.accounts import Accounts, Members
from demarcate.estate.sources.aws.asking import GLOBAL, Asker, Target, is_meant
from demarcate.estate.sources.aws.by_name import way_in
from demarcate.estate.sources.aws.clients import Clients
from demarcate.estate.sources.aws.failures import FAILED, CallFailed, why
from demarcate.estate.sources.aws.naming import Names, live_plan, waited_for
from demarcate.estate.sources.aws.organization import SERVICE, members_of
from demarcate.estate.sources.aws.reading import Reader
from demarcate.estate.sources.aws.session import Account, Caller, account_of, assume, identify, session_of
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Only, Resource, Selection, TablePlan
from demarcate.estate.sources.progress import Progress, Silent

LISTINGS = 8
"""Listings that are read side by side."""

TOGETHER = 4
"""Accounts that are read side by side."""

DETAILS = 16
"""Details of rows that are asked for side by side, over all listings."""


@dataclass(slots=True)
class Listing:
    """A step that tables share: made once, for the tables whose rows are its items and for what goes on from it.

    `named` are the resources that it asks for, with what is sent for each; None where it asks for all that there are.
    """

    step: Each
    named: Mapping[Resource, str] | None = None
    plans: list[TablePlan] = field(default_factory=list)
    further: list[Listing] = field(default_factory=list)

    def tables(self) -> Iterator[TablePlan]:
        """The plans that need this step."""
        yield from self.plans
        for listing in self.further:
            yield from listing.tables()

    @property
    def scope(self) -> str:
        """Whether it is made once an account ("account") or in each region ("region")."""
        return next(self.tables()).table.scope

    @property
    def service(self) -> str:
        """The service that is asked, as botocore names it."""
        return self.step.operation.partition(".")[0]


def listings_of(plans: Iterable[TablePlan]) -> list[Listing]:
    """Plans by the steps that lead to their items, each step that several begin with once."""
    roots: list[Listing] = []
    for plan in plans:
        level = roots
        steps, named = way_in(plan)
        for number, step in enumerate(steps, 1):
            listing = next(
                (other for other in level if (other.step, other.named) == (step, named)), Listing(step, named)
            )
            if listing not in level:
                level.append(listing)
            if number == len(steps):
                listing.plans.append(plan)
            level, named = listing.further, None
    return roots


@dataclass(frozen=True, slots=True)
class _Task:
    listing: Listing
    scope: Target
    asker: Asker
    names: Names


@dataclass(frozen=True, slots=True)
class _Opened:
    """An account that can be read, with clients of its own."""

    account: Account
    asker: Asker
    names: Names


def collect(
    selection: Selection,
    writer: SnapshotWriter,
    options: Options,
    *,
    progress: Progress | None = None,
) -> None:
    """Write the rows of the tables selected, for the accounts meant and their regions.

    What could not be read is recorded, and the rest goes on. Raises DemarcateError where nothing can be read
    at all: no credentials, expired ones, a region or an account that does not exist, an organization that
    cannot be listed.
    """
    share_arenas()
    session = session_of(options)
    own = Clients(session, options.endpoint_url)
    caller = identify(session, own, options.regions)
    writer.read_as(caller.account)
    with (
        ThreadPoolExecutor(DETAILS, thread_name_prefix="detail") as details,
        ThreadPoolExecutor(LISTINGS, thread_name_prefix="listing") as listings,
    ):
        run = _Run(
            _listings(selection, options.only),
            writer,
            caller,
            own,
            options.accounts or Accounts(),
            options.regions,
            options.endpoint_url,
            progress or Silent(),
            details,
            listings,
        )
        try:
            run.accounts()
        except BaseException:  # an interrupt, a full disk: what is under way ends at its next row
            writer.stop()
            listings.shutdown(wait=False, cancel_futures=True)
            raise
    own.close()
    give_back()  # judging takes as much again


@dataclass(slots=True)
class _Told:
    """What could not be told of accounts."""

    told: list[Unread] = field(default_factory=list)

    def unread(self, *what: Unread) -> None:
        self.told += what


def list_members(options: Options) -> Members:
    """The accounts that are meant, for whoever reads each by itself. Raises DemarcateError as `collect` does."""
    session = session_of(options)
    own = Clients(session, options.endpoint_url)
    caller, told = identify(session, own, options.regions), _Told()
    with ThreadPoolExecutor(DETAILS, thread_name_prefix="detail") as details:
        members = members_of(options.accounts or Accounts(), caller, Asker(own), told, details)
    own.close()
    return msgspec.structs.replace(members, unread=tuple(told.told))


@dataclass(frozen=True, slots=True)
class _Run:
    """What is the same for all accounts of one collection."""

    plan: list[Listing]
    writer: SnapshotWriter
    caller: Caller
    own: Clients
    meant: Accounts
    regions: tuple[str, ...]
    endpoint_url: str | None
    progress: Progress
    details: Executor
    listings: Executor

    def accounts(self) -> None:
        """Read all accounts, some at a time.

        The next ones are opened behind what is left of those before them, so that no thread waits for work.
        """
        self.own.report(lambda service: self.progress.called(self.caller.account, service))
        members = members_of(self.meant, self.caller, Asker(self.own), self.writer, self.details)
        self.writer.accounts += [note for note in members.notes if note.skipped]
        reading = [note for note in members.notes if not note.skipped]
        if members.elsewhere:
            self.writer.elsewhere |= {
                name
                for listing in self.plan
                if not any(_tells(listing, note.id, members.telling) for note in reading)
                for name in _tables_of(listing)
            }
        self.progress.expected(len(reading))
        under_way: list[Future[None]] = []
        opened: list[_Opened] = []
        for start in range(0, len(reading), TOGETHER):
            before, under_way = under_way, []
            done_with, opened = opened, []
            wave = reading[start : start + TOGETHER]
            for note, outcome in zip(wave, self.listings.map(self._open, wave), strict=True):
                if isinstance(outcome, CallFailed):
                    self.writer.accounts.append(note)
                    self.writer.unread(self._unread(note, outcome, members.telling))
                else:
                    self.writer.accounts.append(replace(note, not_enabled=outcome.account.not_enabled))
                    opened.append(outcome)
            for task in self._tasks(opened, members.telling):
                under_way.append(self.listings.submit(_read, task, self.writer, self.details, self.progress))
            self._finish(before, done_with)
        self._finish(under_way, opened)

    def _finish(self, under_way: list[Future[None]], opened: list[_Opened]) -> None:
        for done in under_way:
            done.result()
        for reached in opened:
            reached.asker.clients.close()

    def _open(self, note: AccountNote) -> _Opened | CallFailed:
        """Get at an account, and ask for its regions."""
        clients = self.own
        if note.id != self.caller.account:
            try:
                session = assume(self.caller, note.id, self.own, self.meant)
            except FAILED as error:
                return CallFailed("sts.assume_role", error)
            clients = Clients(session, self.endpoint_url, self.own.kept)
            clients.account = note.id
            clients.report(lambda service: self.progress.called(note.id, service))
        account = account_of(self.caller, note.id, clients, self.regions)
        if account.unread:
            self.writer.unread(
                Unread(
                    kind=account.unread.kind,
                    reason=f"{account.unread.reason}: only {account.regions[0]} was read",
                    account=account.id,
                    operation="ec2:DescribeRegions",
                )
            )
        names = Names([plan for listing in self.plan for plan in listing.tables()])
        names.recall(self.writer, account.id)
        return _Opened(account, Asker(clients), names)

    def _tasks(self, opened: list[_Opened], telling: frozenset[str] | None) -> list[_Task]:
        """What is to be listed in some accounts, service by service: clients are few then.

        What others wait for comes first, then the service with most. Accounts take turns, so that no one of them is
        asked more than others.
        """
        chosen = self.regions or None
        tasks = [
            _Task(listing, Target(reached.account, region, chosen), reached.asker, reached.names)
            for listing in self.plan
            for reached in opened
            if _tells(listing, reached.account.id, telling)
            for region in ((GLOBAL,) if listing.scope == "account" else reached.account.regions)
        ]
        left = {id(task): len(_left(task, self.writer)) for task in tasks}
        tasks = [task for task in tasks if left[id(task)]]
        for task in tasks:
            self.progress.planned(task.scope.account.id, task.listing.service, left[id(task)])
            for plan in _left(task, self.writer):
                task.names.expect(plan.table.name, task.scope.region)
        of_service = Counter(task.listing.service for task in tasks)
        waits = waited_for([plan for listing in self.plan for plan in listing.tables()])
        return sorted(
            tasks,
            key=lambda t: (
                -waits.get(t.listing.step.operation, 0),
                -of_service[t.listing.service],
                t.listing.service,
                t.scope.region,
            ),
        )

    def _unread(self, note: AccountNote, failed: CallFailed, telling: frozenset[str] | None) -> Unread:
        """All that was asked for is missing of an account."""
        tables = {
            name for listing in self.plan if _tells(listing, note.id, telling) for name in _tables_of(listing)
        }
        cause = why(failed.error)
        return Unread(
            kind=cause.kind,
            reason=cause.reason,
            tables=tuple(sorted(tables)),
            account=note.id,
            operation=self.own.api_name(failed.operation),
        )


def _listings(selection: Selection, only: Only | None) -> list[Listing]:
    """The listings that a selection needs: those made once an account, and those made in each region."""
    plans = live_plan(selection, only)
    return [
        listing
        for scope in ("account", "region")
        for listing in listings_of(plan for plan in plans if plan.table.scope == scope)
    ]


def _tells(listing: Listing, account: str, telling: frozenset[str] | None) -> bool:
    """Whether a listing is for an account: members of an organization are not told of it."""
    return telling is None or listing.service != SERVICE or account in telling


def _tables_of(listing: Listing) -> Iterator[str]:
    """The tables that are filled by what a listing leads to."""
    for plan in listing.tables():
        yield from ([plan.table.name] if plan.kept else []) + [child.name for child, _ in plan.children]


def _left(task: _Task, writer: SnapshotWriter) -> list[TablePlan]:
    """The plans of a listing that no earlier run has carried out there."""
    account, region = task.scope.account.id, task.scope.region
    return [plan for plan in task.listing.tables() if not writer.holds(plan.table.name, account, region)]


def _read(task: _Task, writer: SnapshotWriter, details: Executor, progress: Progress) -> None:
    """Read the tables of one listing, in one account and region."""
    account, service = task.scope.account.id, task.listing.service
    plans = _left(task, writer)
    readers: dict[str, Reader] = {}
    try:
        for plan in plans:
            readers[plan.table.name] = Reader(plan, task.scope, task.asker, writer, details, task.names)
        named = task.listing.named
        items = [Item(None)] if named is None else [Item(sent) for of, sent in named.items() if task.scope.has(of)]
        _walk(task, task.listing, items, readers, first=named is None)
        for reader in readers.values():
            if not reader.failed:
                reader.finish()
    except BaseException:
        for reader in readers.values():
            reader.discard()
        raise
    finally:
        for plan in plans:
            task.names.ended(plan.table.name, task.scope.region)
    for reader in readers.values():
        progress.finished(account, service, reader.rows)


def _walk(task: _Task, listing: Listing, items: list[Item], readers: dict[str, Reader], *, first: bool) -> None:
    """Follow a step from these items, page by page; what fails in it fails for the tables that need it alone."""
    needed = [readers[plan.table.name] for plan in listing.tables() if plan.table.name in readers]
    if all(reader.failed for reader in needed):
        return
    items = [item for item in items if is_meant(listing.step, item)]
    size = listing.step.size if listing.step.batch else 1
    try:
        for start in range(0, len(items), size):
            for page in task.asker.step(listing.step, items[start : start + size], task.scope, first=first):
                for plan in listing.plans:
                    if plan.table.name in readers:
                        readers[plan.table.name].take(page)
                for further in listing.further:
                    _walk(task, further, page, readers, first=False)
    except CallFailed as failed:
        for reader in needed:
            if not reader.failed:
                reader.fail(failed)

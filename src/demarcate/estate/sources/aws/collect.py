"""Collects live AWS accounts: what is listed, in which order, and side by side with what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demarcate.base.memory import share_arenas
from demarcate.estate.plan import Selection, TablePlan, make_plan
from demarcate.estate.progress import Progress, Silent
from demarcate.estate.rows import Item
from demarcate.estate.snapshot import SnapshotWriter, Unread
from demarcate.estate.sources.aws.asking import GLOBAL, Asker, Scope
from demarcate.estate.sources.aws.clients import Clients
from demarcate.estate.sources.aws.failures import CallFailed
from demarcate.estate.sources.aws.reading import Reader
from demarcate.estate.sources.aws.session import Account, identify, make_session
from demarcate.estate.table import Each

if TYPE_CHECKING:
    import boto3

LISTINGS = 8
"""Listings that are read side by side."""

DETAILS = 16
"""Details of rows that are asked for side by side, over all listings."""


@dataclass(slots=True)
class Listing:
    """A step that tables share: made once, for the tables whose rows are its items and for what goes on from it."""

    step: Each
    plans: list[TablePlan] = field(default_factory=list)
    further: list[Listing] = field(default_factory=list)

    def tables(self) -> Iterator[TablePlan]:
        """The plans that need this step."""
        yield from self.plans
        for listing in self.further:
            yield from listing.tables()

    @property
    def service(self) -> str:
        """The service that is asked, as botocore names it."""
        return self.step.operation.partition(".")[0]


def listings_of(plans: Iterable[TablePlan]) -> list[Listing]:
    """Plans by the steps that lead to their items, each step that several begin with once."""
    roots: list[Listing] = []
    for plan in plans:
        level = roots
        for number, step in enumerate(plan.table.steps, 1):
            found = next((listing for listing in level if listing.step == step), Listing(step))
            if found not in level:
                level.append(found)
            if number == len(plan.table.steps):
                found.plans.append(plan)
            level = found.further
    return roots


@dataclass(frozen=True, slots=True)
class _Task:
    listing: Listing
    scope: Scope
    asker: Asker


def collect(
    selection: Selection,
    writer: SnapshotWriter,
    *,
    session: boto3.Session | None = None,
    regions: Sequence[str] | None = None,
    endpoint_url: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Write the rows of the tables selected, for one account and its regions.

    What could not be read is recorded, and the rest goes on. Raises DemarcateError where nothing can be read
    at all: no credentials, expired ones, a region that does not exist.
    """
    share_arenas()
    progress = progress or Silent()
    session = session or make_session()
    clients = Clients(session, endpoint_url)
    account = identify(session, clients, regions)
    clients.report(lambda service: progress.called(account.id, service))
    if account.unread:
        writer.unread(
            Unread(
                reason=f"{account.unread}: only {account.regions[0]} was read",
                account=account.id,
                operation="ec2:DescribeRegions",
            )
        )
    tasks = list(
        _tasks(make_plan(selection, "live"), account, Asker(clients), tuple(regions) if regions else None)
    )
    for task in tasks:
        progress.planned(account.id, task.listing.service, sum(1 for _ in task.listing.tables()))
    with (
        ThreadPoolExecutor(DETAILS, thread_name_prefix="detail") as details,
        ThreadPoolExecutor(LISTINGS, thread_name_prefix="listing") as listings,
    ):
        for done in [listings.submit(_read, task, writer, details, progress) for task in tasks]:
            done.result()
    clients.close()


def _tasks(
    plans: Iterable[TablePlan], account: Account, asker: Asker, chosen: tuple[str, ...] | None
) -> list[_Task]:
    """What is to be listed, service by service: clients are few then. The service with most comes first."""
    plans = list(plans)
    tasks = [
        _Task(listing, Scope(account, region, chosen), asker)
        for scope in ("account", "region")
        for listing in listings_of(plan for plan in plans if plan.table.scope == scope)
        for region in ((GLOBAL,) if scope == "account" else account.regions)
    ]
    of_service = Counter(task.listing.service for task in tasks)
    return sorted(tasks, key=lambda t: (-of_service[t.listing.service], t.listing.service, t.scope.region))


def _read(task: _Task, writer: SnapshotWriter, details: Executor, progress: Progress) -> None:
    """Read the tables of one listing, in one account and region."""
    account, service = task.scope.account.id, task.listing.service
    readers = {
        plan.table.name: Reader(plan, task.scope, task.asker, writer, details) for plan in task.listing.tables()
    }
    try:
        _walk(task, task.listing, [Item(None)], readers, first=True)
        for reader in readers.values():
            if not reader.failed:
                reader.finish()
    except BaseException:
        for reader in readers.values():
            reader.discard()
        raise
    for reader in readers.values():
        progress.finished(account, service, reader.rows)


def _walk(task: _Task, listing: Listing, items: list[Item], readers: dict[str, Reader], *, first: bool) -> None:
    """Follow a step from these items, page by page; what fails in it fails for the tables that need it alone."""
    needed = [readers[plan.table.name] for plan in listing.tables()]
    if all(reader.failed for reader in needed):
        return
    size = listing.step.size if listing.step.batch else 1
    try:
        for start in range(0, len(items), size):
            for page in task.asker.step(listing.step, items[start : start + size], task.scope, first=first):
                for plan in listing.plans:
                    readers[plan.table.name].take(page)
                for further in listing.further:
                    _walk(task, further, page, readers, first=False)
    except CallFailed as failed:
        for reader in needed:
            if not reader.failed:
                reader.fail(failed)

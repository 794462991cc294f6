"""Collects live AWS accounts: lists, details, rows, as the tables declare them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from demarcate.base.unknown import Unknown
from demarcate.estate.paths import ABSENT, path
from demarcate.estate.plan import Selection, TablePlan, make_plan
from demarcate.estate.rows import Item, Place, build, derive, find
from demarcate.estate.snapshot import PartWriter, SnapshotWriter, Unread
from demarcate.estate.sources.aws.session import (
    FAILED,
    Account,
    Clients,
    code_of,
    identify,
    make_session,
    reason,
)
from demarcate.estate.table import Call, Each

if TYPE_CHECKING:
    import boto3

WORKERS = 8
WAITS = 8
"""How often an answer that is still being made is asked for; about half a minute in all."""

GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class Scope:
    """One account and region that are read. `region` is "global" for what is kept once an account."""

    account: Account
    region: str
    chosen: tuple[str, ...] | None
    """The regions that were asked for by name; None where all are meant."""

    @property
    def endpoint(self) -> str:
        """The region whose endpoint is called."""
        return self.account.home if self.region == GLOBAL else self.region


class CallFailed(Exception):
    """A listing that could not be finished. Never leaves this module."""

    def __init__(self, operation: str, error: Exception) -> None:
        super().__init__(operation)
        self.operation, self.error = operation, error


def collect(
    selection: Selection,
    writer: SnapshotWriter,
    *,
    session: boto3.Session | None = None,
    regions: Sequence[str] | None = None,
    endpoint_url: str | None = None,
) -> None:
    """Write the rows of the tables selected, for one account and its regions.

    What could not be read is recorded, and the rest goes on. Raises DemarcateError where nothing can be read
    at all: no credentials, expired ones, a region that does not exist.
    """
    session = session or make_session()
    clients = Clients(session, endpoint_url)
    account = identify(session, clients, regions)
    if account.unread:
        writer.unread(
            Unread(
                reason=f"{account.unread}: only {account.regions[0]} was read",
                account=account.id,
                operation="ec2:DescribeRegions",
            )
        )
    chosen = tuple(regions) if regions else None
    plans = make_plan(selection, "live")
    tasks = [
        (plan, Scope(account, region, chosen))
        for plan in plans
        for region in ((GLOBAL,) if plan.table.scope == "account" else account.regions)
    ]
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="collect") as pool:
        for done in [pool.submit(_collect_table, plan, scope, clients, writer) for plan, scope in tasks]:
            done.result()


def _collect_table(plan: TablePlan, scope: Scope, clients: Clients, writer: SnapshotWriter) -> None:
    parts: list[PartWriter] = []
    own = None
    if plan.kept:
        own = writer.part(plan.table, plan.names, scope.account.id, scope.region)
        parts.append(own)
    children = [(child, derived, _child_part(writer, child, scope)) for child, derived in plan.children]
    parts += [part for _, _, part in children]
    try:
        for row, place in _rows(plan, scope, clients, writer):
            for child, derived, part in children:
                part.append(derive(child, derived, row, replace(place, resource=row["resource"])))
            if own is not None:
                own.append((row,))
    except CallFailed as failed:
        if clients.is_absent(failed.operation, scope.endpoint, failed.error):
            for part in parts:
                part.discard()
                writer.part(part.table, part.columns, part.account, part.region).seal()
            return
        for part in parts:
            part.discard()
            writer.unread(_unread(part.table.name, scope, failed.operation, failed.error, clients))
        return
    except BaseException:
        for part in parts:
            part.discard()
        raise
    for part in parts:
        part.seal()


def _child_part(writer: SnapshotWriter, child: Any, scope: Scope) -> PartWriter:
    columns = tuple(column.name for column in child.all_columns)
    return writer.part(child, columns, scope.account.id, scope.region)


def _rows(
    plan: TablePlan, scope: Scope, clients: Clients, writer: SnapshotWriter
) -> Iterator[tuple[dict[str, Any], Place]]:
    """The rows of one table, as its pages come."""
    table = plan.table
    make = build("live", plan.columns)
    details = {name: table.details[name] for name in plan.details("live")}
    region = next((c.live.path for c in table.columns if c.name == "region" and c.live is not None), None)
    for item in _items(table.steps, scope, clients):
        place = Place(scope.account.id, scope.region, scope.account.partition)
        endpoint = scope.endpoint
        if region is not None:
            told = find(item, region)
            if isinstance(told, str):
                if scope.chosen is not None and told not in scope.chosen:
                    continue
                place, endpoint = replace(place, region=told), told
        for name, call in details.items():
            item.details[name] = _detail(call, name, item, endpoint, plan, scope, clients, writer)
        row = make(item, place)
        if row.get("region") is None:
            row["region"] = place.region
        yield row, replace(place, region=row["region"])


def _items(steps: Sequence[Each], scope: Scope, clients: Clients) -> Iterator[Item]:
    """The items that a listing ends in, one step after the other, depth first."""
    found: Iterator[Item] = iter((Item(None),) if steps else ())
    for number, step in enumerate(steps):
        found = _step(step, found, scope, clients, first=number == 0)
    return found


def _step(step: Each, items: Iterator[Item], scope: Scope, clients: Clients, *, first: bool) -> Iterator[Item]:
    for group in _groups(items, step.size) if step.batch else ([item] for item in items):
        params = dict(step.params)
        for name, text in step.inputs.items():
            if name == step.batch:
                params[name] = [find(item, text) for item in group]
            else:
                params[name] = _input(group[0], text, scope, scope.endpoint)
        params = {name: value for name, value in params.items() if value is not ABSENT}
        parent = None if first else group[0]
        get = path(step.items)
        try:
            for page in _settled(step, params, clients, scope.endpoint):
                for value in _listed(get(page), step):
                    yield Item(value, parent)
        except FAILED as error:
            if code_of(error) in step.absent or (not first and _gone(error)):
                continue
            raise CallFailed(step.operation, error) from error


def _input(item: Item, text: str, scope: Scope, region: str) -> Any:
    """The value of a parameter: from the item, or what is known of where it is asked."""
    if text == "#account_id":
        return scope.account.id
    if text == "#region":
        return region
    return [region] if text == "#regions" else find(item, text)


def _listed(found: Any, step: Each) -> Iterable[Any]:
    if found is ABSENT:
        return ()
    if isinstance(found, Unknown):
        raise CallFailed(step.operation, ValueError(found.reason))
    return found if isinstance(found, list) else (found,)


def _groups(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    """Items in groups of up to `size` that were found under the same parent."""
    group: list[Item] = []
    for item in items:
        if group and (len(group) == size or item.parent is not group[0].parent):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _settled(step: Each, params: Mapping[str, Any], clients: Clients, region: str) -> Iterator[Any]:
    """The pages of an answer; where it must reach a state first, asked for again until it has."""
    if step.until is None:
        yield from _pages(step.operation, params, clients, region)
        return
    where, value = step.until
    for attempt in range(WAITS):
        pages = list(_pages(step.operation, params, clients, region))
        if all(path(where)(page) == value for page in pages):
            yield from pages
            return
        time.sleep(min(attempt + 1, 5))
    raise CallFailed(step.operation, TimeoutError(f"{where} did not become {value}"))


def _pages(operation: str, params: Mapping[str, Any], clients: Clients, region: str) -> Iterator[Any]:
    service, method = operation.split(".")
    client = clients.get(service, region)
    if client.can_paginate(method):
        yield from client.get_paginator(method).paginate(**params)
    else:
        yield getattr(client, method)(**params)


def _gone(error: Exception) -> bool:
    """Whether a resource was deleted between the call that listed it and this one."""
    code = code_of(error)
    return "NotFound" in code or "NoSuch" in code or "DoesNotExist" in code


def _detail(
    call: Call,
    name: str,
    item: Item,
    region: str,
    plan: TablePlan,
    scope: Scope,
    clients: Clients,
    writer: SnapshotWriter,
) -> Any:
    params = {key: _input(item, text, scope, region) for key, text in call.inputs.items()}
    if any(value is ABSENT or isinstance(value, Unknown) for value in params.values()):
        return {}
    answer: dict[str, Any] = {}
    try:
        for page in _pages(call.operation, {**call.params, **params}, clients, region):
            _merge(answer, page)
    except FAILED as error:
        if code_of(error) in call.absent:
            return {}
        columns = tuple(
            column.name
            for column in plan.columns
            if column.live is not None and column.live.path.startswith(f"@{name}")
        )
        unread = _unread(plan.table.name, scope, call.operation, error, clients, columns)
        writer.unread(unread)
        return Unknown(str(unread))
    return answer


def _merge(answer: dict[str, Any], page: Mapping[str, Any]) -> None:
    """Add a page to an answer: lists are continued."""
    for key, value in page.items():
        if isinstance(value, list) and isinstance(answer.get(key), list):
            answer[key] = answer[key] + value
        elif key != "ResponseMetadata":
            answer[key] = value


def _unread(
    table: str,
    scope: Scope,
    operation: str,
    error: Exception,
    clients: Clients,
    columns: tuple[str, ...] = (),
) -> Unread:
    return Unread(
        reason=reason(error),
        table=table,
        account=scope.account.id,
        region=scope.region,
        operation=clients.api_name(operation),
        columns=columns,
    )

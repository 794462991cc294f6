"""What a live collection would call: the operations, how often, and for which tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from demarcate.estate.schema.table import Bulk, Call, Each, Scope
from demarcate.estate.sources.aws.naming import live_plan
from demarcate.estate.sources.aws.operations import describe
from demarcate.estate.sources.plan import Selection, TablePlan

Rows = tuple[list[str], list[list[object]]]


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One operation that a collection calls in each region, or once for the account.

    `operation` is in botocore's words ("ec2.describe_volumes"), `params` are what it is always sent, `inputs`
    what it takes from an item. `of` is the operation whose items it is called for, `size` at a time; `which`
    says for which of them: each, the first, or only some, those that show that there is something to ask for.
    It is empty for a call that is made once. `tables` are those that it fills, in whole or in part; none for
    what every collection calls.
    """

    operation: str
    scope: Scope
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    of: str = ""
    size: int = 1
    which: Literal["each", "some", "first"] = "each"
    tables: tuple[str, ...] = ()


WHO: Final = PlannedCall("sts.get_caller_identity", "account")
WHERE: Final = PlannedCall("ec2.describe_regions", "account")

_LISTED: Final = "organizations.list_accounts"

ORGANIZATION: Final = (
    PlannedCall(_LISTED, "account"),
    PlannedCall("organizations.list_tags_for_resource", "account", of=_LISTED),
    PlannedCall("organizations.list_parents", "account", of=_LISTED, which="some"),
    PlannedCall("organizations.describe_organizational_unit", "account", of="organizations.list_parents"),
    PlannedCall("sts.assume_role", "account", of=_LISTED),
)
"""What is called to get at the accounts of an organization."""


def calls_of(selection: Selection, *, all_regions: bool = True) -> tuple[PlannedCall, ...]:
    """What collecting a selection calls, each listing once however many tables it fills.

    With `all_regions`, the account is asked which regions it has. Raises DemarcateError for a table that does
    not exist.
    """
    calls = {_key(call): call for call in ((WHO, WHERE) if all_regions else (WHO,))}
    for plan in live_plan(selection):
        for call in _of_table(plan):
            same = calls.setdefault(_key(call), call)
            calls[_key(call)] = replace(same, tables=tuple(sorted({*same.tables, *call.tables})))
    return tuple(calls[key] for key in sorted(calls))


def _key(call: PlannedCall) -> tuple[str, ...]:
    """What makes a call another call."""
    return (
        call.operation,
        call.scope,
        call.of,
        call.which,
        str(call.size),
        _shown(call.params),
        _shown(call.inputs),
    )


def _of_table(plan: TablePlan) -> Iterator[PlannedCall]:
    """The calls that fill one table, and those that are derived from it."""
    table = plan.table
    tables: tuple[str, ...] = (table.name,) if plan.kept else ()
    tables += tuple(child.name for child, _ in plan.children)
    calls = list(_listing(table.steps, table.scope))
    for name in plan.details("live"):
        made = _detail(table.details[name], _many(table.steps), table.scope)
        calls += (replace(call, which="some") for call in made) if name in plan.limits else made
    for call in calls:
        yield replace(call, tables=tables)


def _listing(steps: Sequence[Each], scope: Scope) -> Iterator[PlannedCall]:
    for number, step in enumerate(steps):
        size = step.size if step.batch else 1
        which: Literal["each", "some"] = "some" if step.only else "each"
        yield PlannedCall(step.operation, scope, step.params, step.inputs, _many(steps[:number]), size, which)


def _detail(detail: Call | Bulk, of: str, scope: Scope) -> Iterator[PlannedCall]:
    if isinstance(detail, Bulk):
        yield from _listing(detail.steps, scope)
        if detail.confirm is not None:
            for call in _detail(detail.confirm, _many(detail.steps), scope):
                yield replace(call, which="first")
        return
    which: Literal["each", "some"] = "some" if detail.only else "each"
    yield PlannedCall(detail.operation, scope, detail.params, detail.inputs, of, which=which)


def _many(steps: Sequence[Each]) -> str:
    """The last operation of a listing that leads to several items; empty where each leads to one."""
    return next((step.operation for step in reversed(steps) if "[" in step.items), "")


COLUMNS: Final = ["account", "region", "service", "operation", "how often", "parameters", "tables"]


def planned_rows(selection: Selection, account: str, regions: Sequence[str], *, all_regions: bool = True) -> Rows:
    """The calls of one account and the regions that would be read, as columns and rows.

    What is asked once for the account has the region "global". Raises DemarcateError as `calls_of`.
    """
    calls = calls_of(selection, all_regions=all_regions)
    places: list[tuple[Scope, str]] = [("account", "global"), *(("region", region) for region in regions)]
    return COLUMNS, [
        call_row(call, account, region) for scope, region in places for call in calls if call.scope == scope
    ]


def call_row(call: PlannedCall, account: str, region: str) -> list[object]:
    """A call in an account and region, as a row of `COLUMNS`."""
    service, name = call.operation.split(".")[0], describe(call.operation).name
    return [account, region, service, name, how_often(call), _shown(call.params), ", ".join(call.tables)]


def how_often(call: PlannedCall) -> str:
    """How often a call is made where it is made, in people's words."""
    told = "once"
    if call.of:
        which = {"each": "each item", "some": "some items", "first": "the first item"}[call.which]
        told = f"for {which if call.size == 1 else f'each {call.size} items'} of {describe(call.of).name}"
    return f"{told}, page by page" if describe(call.operation).paged else told


def _shown(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in sorted(params.items()))


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + _shown(value) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value)

"""What could not be read, for people: what failed alike in many places is one line."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from demarcate.estate.snapshots.snapshot import Unread

_NAMED = 3
"""How many places of a line are named; the rest is counted."""


def lines(unread: Iterable[Unread]) -> list[str]:
    """A line for each reason of each call, with the accounts and regions; of a template, for each place in it.

    >>> from demarcate.estate.schema.unknown import Kind
    >>> denied = Unread(kind=Kind.DENIED, reason="denied", account="1", operation="x:Y")
    >>> lines(structs.replace(denied, region=region) for region in ("a", "b", "c", "d"))
    ['1 x:Y: denied in 4 regions: a, b, c and 1 more']
    """
    alike: dict[tuple[str, str | None], dict[Unread, None]] = {}
    for gap in unread:
        place = structs.replace(gap, table=None, tables=(), columns=(), of=None)
        alike.setdefault((gap.reason, gap.operation), {})[place] = None
    return [line for places in alike.values() for line in _lines(list(places))]


def _lines(places: list[Unread]) -> list[str]:
    first = places[0]
    if len(places) == 1 or first.operation is None:
        return [str(gap) for gap in places]
    accounts = list(dict.fromkeys(gap.account or "" for gap in places))
    if len(accounts) == 1:
        regions = [gap.region or "" for gap in places]
        return [f"{first.account} {first.operation}: {first.reason} in {_named('region', regions)}"]
    where = f"in {_named('account', accounts)}"
    regions = list(dict.fromkeys(gap.region or "" for gap in places))
    if len(regions) > 1:
        where += f"; in {_named('region', regions)}"
    return [f"{first.operation}: {first.reason} {where}"]


def _named(kind: str, names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{len(names):,} {kind}{'s' if len(names) > 1 else ''}: {shown}{more}"

"""What could not be read, and what is unknown for it, for people: what is alike in many places is one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread

_NAMED = 3
"""How many places of a line are named; the rest is counted."""


def by_kind(unknown: Mapping[Kind, int]) -> str:
    """How many findings are unknown, and of which kinds; empty where none is.

    >>> by_kind({Kind.DENIED: 1300, Kind.PARAMETER: 1})
    '1,301 findings are unknown: 1,300 access denied, 1 parameter without a value'
    """
    if not unknown:
        return ""
    total = sum(unknown.values())
    told = ", ".join(f"{number:,} {kind.label}" for kind, number in unknown.items())
    return f"{total:,} {'finding is' if total == 1 else 'findings are'} unknown: {told}"


def lines(unread: Iterable[Unread]) -> list[str]:
    """A line for each reason of each call, with the accounts and regions; of a template, for each place in it.

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

"""Whether each event that must raise an alarm reaches somebody, and by which links."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import Row
from demarcate.logs.alarms.estate import Account, accounts
from demarcate.logs.alarms.events import Event, events
from demarcate.logs.alarms.links import Links, Proof, best
from demarcate.logs.alarms.metrics import by_metric, no_trail
from demarcate.logs.alarms.rules import by_rule


def check_names(alarms: Iterable[str]) -> list[str]:
    """The alarms that are meant: all where none is named. Raises DemarcateError for the name of none."""
    names = list(alarms) or list(events())
    for name in names:
        if name not in events():
            near = difflib.get_close_matches(name, list(events()), 1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(events())}"
            raise DemarcateError(f"there is no alarm {name!r}; {hint}")
    return names


def prove(snapshot: Snapshot, alarms: Iterable[str], asked: Callable[[Row], Row] | None = None) -> Iterator[Proof]:
    """What is proven of each of these alarms in each account. Raises DemarcateError where a file cannot be read.

    `asked` gives a metric filter as it is once AWS was asked about it.
    """
    names = list(alarms)
    for account in accounts(snapshot, asked):
        for name in names:
            yield Proof.of(account.id, name, [(event.name, _way(event, account)) for event in events()[name]])


def _way(event: Event, account: Account) -> Links:
    return best(chain(by_metric(event, account), by_rule(event, account))) or no_trail(account)

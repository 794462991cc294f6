"""Detecting in batches: events in, findings out, and what depends on their order carried over.

Rules of single events match as their events come. Correlations and baselines are looked at in the order of time, up to
a moment of which the caller knows that nothing older will come. So it makes no difference into which batches events are
cut: `tests/logs/detecting/test_batches.py` cuts them anywhere.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from demarcate.base.sql import identifier
from demarcate.logs.detecting.findings import growing_of, in_order, take_hit, told
from demarcate.logs.detecting.scanning import columns_read, scan
from demarcate.logs.detecting.structs import Group, Matches, Outcome, Seen, State
from demarcate.logs.detecting.windows import Sliding
from demarcate.logs.events import COLUMNS
from demarcate.logs.sigma.structs import Rule

if TYPE_CHECKING:
    from demarcate.base import duckdb

_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_SEPARATOR: Final = "\x1f"
_WHEN: Final = operator.attrgetter("moment", "event", "rule")
_MOMENT: Final = operator.attrgetter("moment")
_END: Final = 2**62


class Detector:
    """Rules that are ready to run: which are looked at in order, and what is wanted of the events they match."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules: Sequence[Rule] = tuple(rules)
        self._by_id = {rule.id: rule for rule in self.rules}
        self._correlations: dict[str, list[tuple[Rule, int]]] = {}
        for rule in self.rules:
            for place, other in enumerate(rule.correlation.rules if rule.correlation else ()):
                self._correlations.setdefault(other, []).append((rule, place))
        self._parts = {number: self._wanted(rule) for number, rule in enumerate(self.rules)}
        self._lengths = {rule.id: len(self._parts[number]) - 1 for number, rule in enumerate(self.rules)}
        texts = " ".join(text for parts in self._parts.values() for part in parts for text in part)
        self._columns = tuple(column.name for column in COLUMNS if f'"{column.name}"' in texts)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that a relation of events must have."""
        return columns_read(self.rules, self._columns)

    def _wanted(self, rule: Rule) -> list[tuple[str, ...]]:
        """SQL of the texts that are wanted of an event: its entity, its baseline, and for each correlation its groups
        and its value.
        """
        parts = [rule.entity, rule.baseline_per, rule.baseline_of]
        for other, place in self._correlations.get(rule.id, ()):
            assert other.correlation is not None  # noqa: S101
            parts += [other.correlation.by[place], other.correlation.value[place : place + 1]]
        return parts

    def detect(
        self,
        connection: duckdb.DuckDBPyConnection,
        relation: str,
        state: State | None = None,
        *,
        settled: int | None = None,
    ) -> Outcome:
        """What the rules find in a relation of events, after what was found before.

        `settled` is a moment (microseconds since 1970) before which no further event will come; without it, nothing
        that depends on the order of events is looked at yet: see `finish`. Raises duckdb.Error.
        """
        return self.take(self.match(connection, relation), state, settled=settled)

    def match(self, connection: duckdb.DuckDBPyConnection, relation: str) -> Matches:
        """Which events of a relation match which rules, wherever that is asked: the dear part. Raises duckdb.Error."""
        matches = self._count(connection, relation)
        for hits in scan(connection, relation, self.rules, self._parts, self._columns):
            for hit in hits:
                take_hit(hit, self.rules, matches)
        return matches

    def take(self, matches: Matches, state: State | None = None, *, settled: int | None = None) -> Outcome:
        """What comes of matches, after what was found before. `settled` is as `detect` takes it."""
        state = state if state is not None else State()
        changed: set[str] = set()
        state.events += matches.events
        self.note_span(state, matches.first, matches.last)
        for ident, count in matches.undecided.items():
            state.undecided[ident] = state.undecided.get(ident, 0) + count
        for seen in matches.seen:
            self._take(seen, self._by_id[seen.rule], state, changed)
        if settled is not None:
            self._settle(state, settled, changed)
        return self._outcome(state, changed)

    def settle(self, state: State, until: int) -> Outcome:
        """What is found once it is known that no event before a moment comes any more."""
        changed: set[str] = set()
        self._settle(state, until, changed)
        return self._outcome(state, changed)

    def finish(self, state: State) -> Outcome:
        """What is found once it is known that no further event comes."""
        return self.settle(state, _END)

    def _outcome(self, state: State, changed: set[str]) -> Outcome:
        detections = [
            told(ident, state.growing[ident], self._by_id[state.growing[ident].rule]) for ident in changed
        ]
        return Outcome(detections=tuple(sorted(detections, key=in_order)), state=state)

    def _count(self, connection: duckdb.DuckDBPyConnection, relation: str) -> Matches:
        row = connection.execute(
            f"SELECT epoch_us(min(event_time)), epoch_us(max(event_time)), count(*) FROM {identifier(relation)}"
        ).fetchone()
        first, last, count = row or (None, None, 0)
        return Matches(events=count, first=first, last=last)

    def note_span(self, state: State, first: int | None, last: int | None) -> None:
        """Note from when to when there were events, in microseconds since 1970."""
        if first is not None and last is not None:
            state.since = first if state.since is None else min(state.since, first)
            state.until = last if state.until is None else max(state.until, last)

    def _take(self, seen: Seen, rule: Rule, state: State, changed: set[str]) -> None:
        """Count a match, unless it is a copy of one that was."""
        day = seen.moment // _DAY
        met = state.met.get(day)
        if met is None:
            met = state.met[day] = set()
        mark = f"{rule.id}{seen.event or repr(seen)}"
        if mark in met:
            return
        met.add(mark)
        if rule.baseline is not None or rule.id in self._correlations:
            if state.settled is not None and seen.moment < state.settled:
                state.late += 1
            else:
                state.pending.append(seen)
        if rule.baseline is None and not rule.silent:
            self._grow(seen, rule, state, changed)

    def _grow(self, seen: Seen, rule: Rule, state: State, changed: set[str]) -> None:
        ident, growing = growing_of(state, rule, seen.account, seen.entity, seen.moment)
        growing.take(seen)
        growing.count += 1
        changed.add(ident)

    def _settle(self, state: State, until: int, changed: set[str]) -> None:
        """Look at what is pending, in the order of time, up to a moment."""
        ready = sorted([seen for seen in state.pending if seen.moment < until and self._asks(seen)], key=_WHEN)
        state.pending = [seen for seen in state.pending if seen.moment >= until]
        state.settled = until if state.settled is None else max(state.settled, until)
        windows: dict[tuple[str, str], Sliding] = {}
        for moment, same in itertools.groupby(ready, key=_MOMENT):
            self._moment(moment, list(same), state, windows, changed)
        for window in windows.values():
            window.settle()
        self._forget(state, until)

    def _asks(self, seen: Seen) -> bool:
        """Whether a match is what these rules ask for: a state that was kept may be of others."""
        return len(seen.keys) == self._lengths.get(seen.rule)

    def _moment(
        self,
        moment: int,
        same: Sequence[Seen],
        state: State,
        windows: dict[tuple[str, str], Sliding],
        changed: set[str],
    ) -> None:
        arrived: dict[tuple[str, str], list[tuple[int, str | None, Seen]]] = {}
        for seen in same:
            rule = self._by_id[seen.rule]
            if rule.baseline is not None:
                if not self._is_new(seen, rule, state):
                    continue
                if not rule.silent:
                    self._grow(seen, rule, state, changed)
            for number, (other, place) in enumerate(self._correlations.get(seen.rule, ())):
                by, counted = seen.keys[2 + 2 * number], seen.keys[3 + 2 * number]
                group = _SEPARATOR.join([text or "" for text in by])
                arrived.setdefault((other.id, group), []).append((place, counted[0] if counted else None, seen))
        for (ident, group), matches in arrived.items():
            rule = self._by_id[ident]
            assert rule.correlation is not None  # noqa: S101
            window = windows.get((ident, group))
            if window is None:
                kept = state.groups.setdefault(ident, {}).setdefault(group, Group())
                window = windows[ident, group] = Sliding(rule.correlation, kept)
            if len(matches) > 1:
                matches.sort(key=lambda match: (match[0], match[2].event))
            for place, value, seen in matches:
                window.take(moment, place, value, seen)
            if window.holds(moment):
                self._correlated(rule, group, moment, window, state, changed)

    def _correlated(
        self, rule: Rule, group: str, moment: int, window: Sliding, state: State, changed: set[str]
    ) -> None:
        members = window.members()
        entity = ", ".join(group.split(_SEPARATOR)) if rule.correlation and rule.correlation.names else ""
        accounts = {seen.account for *_, seen in members}
        account = accounts.pop() if len(accounts) == 1 else ""
        ident, growing = growing_of(state, rule, account, entity, moment)
        # What a window had that ended before is counted; what came since is at its end.
        for when, _, _, seen in reversed(members):
            if growing.count and when <= growing.through:
                break
            growing.take(seen)
            growing.count += 1
        growing.through = moment
        changed.add(ident)

    def _is_new(self, seen: Seen, rule: Rule, state: State) -> bool:
        """Whether a value was not seen for as many days as its baseline says. Before there are as many, nothing is."""
        assert rule.baseline is not None  # noqa: S101
        days = rule.baseline.days * _DAY
        per, of = seen.keys[0], seen.keys[1]
        key = _SEPARATOR.join(text or "" for text in (*(per or (seen.account,)), *of))
        usual = state.usual.setdefault(rule.id, {})
        before = usual.get(key)
        usual[key] = seen.moment
        if before is not None and seen.moment - before <= days:
            return False
        if state.since is None or seen.moment - state.since < days:
            state.learning[rule.id] = state.learning.get(rule.id, 0) + 1
            return False
        return True

    def _forget(self, state: State, until: int) -> None:
        """Forget what can change nothing any more."""
        if until == _END:
            return
        for ident, usual in state.usual.items():
            baseline = self._by_id[ident].baseline if ident in self._by_id else None
            days = baseline.days if baseline else 0
            state.usual[ident] = {key: last for key, last in usual.items() if until - last <= (days + 1) * _DAY}
        for ident, groups in state.groups.items():
            correlation = self._by_id[ident].correlation if ident in self._by_id else None
            span = correlation.seconds * _SECOND if correlation else 0
            state.groups[ident] = {
                key: group
                for key, group in groups.items()
                if group.members and until - group.members[-1][0] <= span
            }
        state.met = {day: met for day, met in state.met.items() if day >= until // _DAY - 1}
        state.growing = {
            ident: growing
            for ident, growing in state.growing.items()
            if ident
            and growing.rule in self._by_id
            and growing.window + self._by_id[growing.rule].window * _SECOND > until - _DAY
        }

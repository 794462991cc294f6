"""Waivers and tags over a lake: they travel with each group, which has its findings be waived, says what each waiver is
about, and counts by the values of tags.

It is the module that the process runs which judges a group (`checks/unit.py`), since judging knows of no waivers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from demarcate.base.encoding import from_json, to_json
from demarcate.base.errors import Problem
from demarcate.base.files import read_bytes
from demarcate.checks import tagging
from demarcate.checks.judgement import Judgement, Tally
from demarcate.checks.structs import Check
from demarcate.checks.tagging import tally_by_tag
from demarcate.checks.unit import GIVEN, LARGEST, do_work
from demarcate.evidence.waivers import Known, Waiver, WaiverRules, Waivers
from demarcate.posture.structs import WaiverResult
from demarcate.posture.waivers import Judged, Settled, are_about_all, declared_in, settle, told_of

PROGRAM = "demarcate.lake.waiving"


class Waiving(msgspec.Struct, frozen=True, kw_only=True):
    """What travels: the waivers, and what those may name that stand in templates, with the rules they are held to; and
    the keys of `tags` that are counted by.
    """

    waivers: tuple[Waiver, ...]
    checks: tuple[str, ...]
    responsibilities: tuple[str, ...]
    without_end: bool
    without_owner: bool
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Waivers, known: Known, tags: Sequence[str] = ()) -> Waiving:
        """Those that are given, by what is known."""
        return cls(
            waivers=given.waivers,
            checks=tuple(known.checks),
            responsibilities=tuple(known.responsibilities),
            without_end=known.rules.without_end,
            without_owner=known.rules.without_owner,
            tags=tuple(tags),
        )

    def settle(self, judgement: Judgement, checks: Mapping[str, Check]) -> bytes:
        """Have the findings of a group be waived, tell what each waiver is about there, and count by tags."""
        rules = WaiverRules(without_end=self.without_end, without_owner=self.without_owner)
        known = Known(checks=self.checks, responsibilities=self.responsibilities, rules=rules)
        declared = declared_in(judgement.snapshot, known)
        waivers = (*self.waivers, *declared.waivers)
        settled = settle(judgement, waivers, checks) if waivers else Settled((), 0)
        left_out = {entry.check for entry in judgement.not_run}
        return to_json(
            _Told(
                counts=settled.counts,
                open=settled.open,
                declared=declared.waivers,
                problems=declared.problems,
                ran=tuple(sorted(checks.keys() - left_out)),
                tagged={
                    key: tagging.summed(tally_by_tag(judgement.snapshot, judgement, key)) for key in self.tags
                },
            )
        )


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What waivers are about in one group: `counts` of those that were given, and then of those `declared` there; and
    what is `tagged` by the values of each tag.
    """

    counts: tuple[int, ...]
    open: int
    declared: tuple[Waiver, ...]
    problems: tuple[Problem, ...]
    ran: tuple[str, ...]
    tagged: dict[str, list[Tally]]


class Summed(NamedTuple):
    """What waivers are about in all groups: those that were given, and then those that were declared; and tallies by
    the values of each tag.
    """

    waivers: tuple[Waiver, ...]
    settled: Settled
    problems: tuple[Problem, ...]
    ran: frozenset[str]
    tagged: dict[str, list[Tally]]


def summed(given: Sequence[Waiver], told: Iterable[bytes]) -> Summed:
    """What groups told, over all of them."""
    groups = [from_json(each, _Told) for each in told]
    counts = [0] * len(given)
    declared: list[tuple[Waiver, int]] = []
    for group in groups:
        for number, count in enumerate(group.counts[: len(given)]):
            counts[number] += count
        declared += zip(group.declared, group.counts[len(given) :], strict=True)
    return Summed(
        waivers=(*given, *(waiver for waiver, _ in declared)),
        settled=Settled((*counts, *(count for _, count in declared)), sum(group.open for group in groups)),
        problems=tuple(problem for group in groups for problem in group.problems),
        ran=frozenset(check for group in groups for check in group.ran),
        tagged={
            key: tagging.summed(tally for group in groups for tally in group.tagged[key])
            for key in (groups[0].tagged if groups else ())
        },
    )


def too_wide(of: Summed, waiving: Waiving) -> set[str]:
    """The ids of waivers of every check that are about all that any group has: no group can tell that."""
    return {of.waivers[number].id for number in are_about_all(of.waivers, of.settled, waiving.checks)}


def results(
    of: Summed,
    given: Waivers,
    day: date,
    checks: Mapping[str, Check],
    accounts: Iterable[str],
    every: Sequence[str],
) -> tuple[tuple[WaiverResult, ...], tuple[Problem, ...]]:
    """What each waiver does over the whole lake, and those that are refused."""
    judged = Judged(
        checks={name: check for name, check in checks.items() if name in of.ran},
        is_whole=set(every) <= set(checks),
        accounts=frozenset(accounts),
    )
    waivers = Waivers(waivers=of.waivers, problems=(*given.problems, *of.problems))
    return told_of(waivers, of.settled, day, judged, every)


if __name__ == "__main__":
    where = Path(sys.argv[1])
    do_work(where, from_json(read_bytes(where / GIVEN, LARGEST), Waiving).settle)

"""What is new: two assessments compared by the ids of their findings.

A finding is open where it fails and is not waived. What was open and is not found any more is fixed only where the
later assessment would have found it: its check ran, and its account, region or template was read. All else that is gone
is no longer judged. In the same way what is open and was not is new only where the earlier one would have found it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from demarcate.checks.judgement import Finding, Waived
from demarcate.checks.structs import SEVERITIES
from demarcate.estate.tables import all_tables
from demarcate.posture.structs import Judged, Posture


class NewsKind(StrEnum):
    """What became of a finding, in the order in which people should read it."""

    NEW = "new"
    """It is open, and it was not, although it would have been found."""
    WOKEN = "woken"
    """It was waived, and is open."""
    NEWLY_JUDGED = "newly-judged"
    """It is open, and nobody had looked: its check, account, region or template is new to the assessment."""
    UNJUDGED = "no-longer-judged"
    """It was open, and nobody has looked, or could see: it is not mended for that."""
    WAIVED = "waived"
    """It was open, and is waived."""
    FIXED = "fixed"
    """It was open, and would have been found."""

    @property
    def label(self) -> str:
        """The kind in words."""
        return self.value.replace("-", " ")


COUNTING: Final = (NewsKind.NEW, NewsKind.WOKEN)
"""The kinds for which `--fail-on` with `--new` ends with 1."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, as far as it matters to what is new."""

    id: str
    check: str
    verdict: str
    severity: str
    reason: str
    table: str
    resource: str | None = None
    account: str | None = None
    region: str | None = None
    file: str | None = None
    line: int | None = None
    waived: Waived | None = None

    @property
    def is_open(self) -> bool:
        """Whether it fails and is not waived."""
        return self.verdict == "fail" and self.waived is None


class NewsItem(msgspec.Struct, frozen=True, kw_only=True):
    """One finding that is other than it was: as it is now, or as it was where it is gone. `why` says more."""

    kind: NewsKind
    finding: Seen
    why: str = ""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What is other in one assessment than in an earlier one, worst first, and the ids of what is still open."""

    since: str
    """The moment of the earlier one, in UTC (ISO 8601)."""
    origin: str
    """What was assessed then."""
    items: tuple[NewsItem, ...]
    still_open: tuple[str, ...]

    def of(self, kind: NewsKind) -> list[NewsItem]:
        """What became of this kind."""
        return [item for item in self.items if item.kind is kind]

    def counts(self) -> dict[NewsKind, int]:
        """How many there are of each kind."""
        counted = Counter(item.kind for item in self.items)
        return {kind: counted[kind] for kind in NewsKind}

    def fails(self, severities: Collection[str]) -> int:
        """How many findings of these severities are new, or count again."""
        return sum(item.kind in COUNTING and item.finding.severity in severities for item in self.items)

    def __str__(self) -> str:
        told = [f"{number:,} {kind.label}" for kind, number in self.counts().items() if number]
        return ", ".join([*(told or ["nothing new"]), f"{len(self.still_open):,} still open"])


@dataclass(frozen=True, slots=True)
class Side:
    """One of two assessments: what was found (fails and unknowns by id), and what it could have found."""

    moment: str
    origin: str
    judged: Judged
    left_out: Mapping[str, str]
    """Why checks did not run, by check."""
    torn: frozenset[str]
    """Files of which something could not be read."""
    findings: Mapping[str, Seen]
    has: Callable[[Seen], bool] | None = None
    """Whether the resource of a finding is there, where that can be asked."""
    whole: frozenset[tuple[str, str | None, str | None]] = field(init=False)
    """The checks, accounts and regions of which a whole table could not be read."""

    def __post_init__(self) -> None:
        unread = (
            (seen.check, seen.account, seen.region) for seen in self.findings.values() if seen.resource is None
        )
        object.__setattr__(self, "whole", frozenset(unread))

    def why_not_judged(self, seen: Seen) -> str | None:
        """Why a finding of the other side would not have been found here; None where it would have been."""
        if seen.check in self.left_out:
            return f"its check did not run: {self.left_out[seen.check]}"
        if seen.check not in self.judged.checks:
            return "its check was not among those that ran"
        if seen.file is not None:
            return self._why_not_in_files(seen, seen.file)
        if seen.account is not None and seen.account not in self.judged.accounts:
            return f"account {seen.account} was not read"
        if self._needs_region(seen) and seen.region not in self.judged.accounts.get(seen.account or "", ()):
            return f"{seen.region} was not read in account {seen.account}"
        # A table that AWS keeps for the account as a whole is unread in whichever region it was asked for.
        places = (
            {(seen.account, seen.region)}
            if self._needs_region(seen)
            else {
                (account, region)
                for check, account, region in self.whole
                if check == seen.check and account == seen.account
            }
        )
        if any((seen.check, *place) in self.whole for place in places):
            return f"{seen.table} could not be read there"
        return None

    def _why_not_in_files(self, seen: Seen, file: str) -> str | None:
        name = os.path.normpath(file)
        if not any(_is_in(name, path) for path in self.judged.paths):
            return f"{file} was not among what was assessed"
        if name in self.torn and not (self.has is not None and self.has(seen)):
            return f"{file} could not be read whole"
        return None

    @staticmethod
    def _needs_region(seen: Seen) -> bool:
        table = all_tables().get(seen.table)
        return seen.region is not None and (table is None or table.scope == "region")


def side_of(
    posture: Posture, findings: Iterable[Finding | Seen], has: Callable[[Seen], bool] | None = None
) -> Side:
    """One side, from its posture and what fails or is unknown there."""
    return Side(
        moment=posture.moment,
        origin=posture.origin,
        judged=posture.judged,
        left_out={entry.check: entry.reason for entry in posture.not_run},
        torn=files_of(gap.file for gap in posture.unread),
        findings={finding.id: _seen(finding) for finding in findings if finding.verdict != "pass"},
        has=has,
    )


def files_of(names: Iterable[str | None]) -> frozenset[str]:
    """Names of files as they are compared."""
    return frozenset(os.path.normpath(name) for name in names if name)


def compare(before: Side, after: Side) -> News:
    """What is other after than it was before."""
    items: list[NewsItem] = []
    still_open = []
    for id_, now in after.findings.items():
        then = before.findings.get(id_)
        if not now.is_open:
            continue
        if then is not None and then.is_open:
            still_open.append(id_)
        else:
            items.append(_opened(before, then, now))
    for id_, then in before.findings.items():
        gone = after.findings.get(id_)
        if then.is_open and not (gone is not None and gone.is_open):
            items.append(_closed(after, then, gone))
    kinds = list(NewsKind)
    severities: dict[str, int] = {severity: number for number, severity in enumerate(SEVERITIES)}
    items.sort(
        key=lambda item: (kinds.index(item.kind), severities.get(item.finding.severity, 9), item.finding.check)
    )
    return News(
        since=before.moment, origin=before.origin, items=tuple(items), still_open=tuple(sorted(still_open))
    )


def _opened(before: Side, then: Seen | None, now: Seen) -> NewsItem:
    if then is not None and then.verdict == "fail":
        return NewsItem(kind=NewsKind.WOKEN, finding=now, why=_woken(then.waived))
    if then is not None:
        return NewsItem(kind=NewsKind.NEW, finding=now, why=f"it was unknown: {then.reason}")
    if why := before.why_not_judged(now):
        return NewsItem(kind=NewsKind.NEWLY_JUDGED, finding=now, why=why)
    return NewsItem(kind=NewsKind.NEW, finding=now)


def _closed(after: Side, then: Seen, now: Seen | None) -> NewsItem:
    if now is not None and now.waived is not None:
        return NewsItem(kind=NewsKind.WAIVED, finding=now, why=now.waived.reason)
    if now is not None:
        return NewsItem(kind=NewsKind.UNJUDGED, finding=then, why=f"it is unknown: {now.reason}")
    if why := after.why_not_judged(then):
        return NewsItem(kind=NewsKind.UNJUDGED, finding=then, why=why)
    return NewsItem(kind=NewsKind.FIXED, finding=then)


def _woken(waived: Waived | None) -> str:
    if waived is None or waived.until is None:
        return "it was waived"
    return f"it was waived until {waived.until}"


def _is_in(name: str, path: str) -> bool:
    """Whether a file is a path that was given, or lies below it."""
    top = os.path.normpath(path)
    return name == top or top == "." or name.startswith(f"{top.rstrip(os.sep)}{os.sep}")


def _seen(finding: Finding | Seen) -> Seen:
    if isinstance(finding, Seen):
        return finding
    return Seen(**{name: getattr(finding, name) for name in Seen.__struct_fields__})

"""What other tools say beside what we say: where they agree, where not, and what cannot be laid beside anything.

A check of theirs is laid beside those of ours that cite it (`refs`). Where several of ours do, they are one verdict
together, as theirs is: a fail where any fails, else unknown where any is. Theirs never changes ours.

A resource is the same one where the ARN is the same, or the logical id in the same file, or the address. Where either
side has no ARN it is the same by its id or name, in the same account and region where both are told, and only where
there is no second of that name. A table that has one row an account, or an account and region, is met by that place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Final

import msgspec
from msgspec.structs import replace

from demarcate.base.arn import is_region
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check, Verdict
from demarcate.estate.tables import all_tables
from demarcate.posture.theirs import Theirs
from demarcate.posture.told import CHECKOV, CONFIG, PROWLER, SECURITY_HUB, Told


class Match(StrEnum):
    """How a verdict of theirs stands to ours, in the order in which people should read it."""

    FAILED_THERE = "they-fail"
    """They fail what we pass."""
    PASSED_THERE = "they-pass"
    """They pass what we fail."""
    WE_CANNOT = "we-cannot-tell"
    """They judged what is unknown to us."""
    THEY_CANNOT = "they-cannot-tell"
    """We judged what they could not."""
    AGREE = "agree"
    NO_CHECK = "no-check"
    """No check of ours cites theirs."""
    NOT_RUN = "not-run"
    """The checks that cite theirs did not run."""
    NO_RESOURCE = "no-resource"
    """There is no such resource in the assessment."""
    NOT_ABOUT = "not-about"
    """We have the resource, and our check is not about it."""
    AMBIGUOUS = "ambiguous"
    """Several of ours may be it."""

    @property
    def is_disagreement(self) -> bool:
        """Whether both sides judged the same thing, and not alike."""
        return self in DISAGREEING

    @property
    def is_laid(self) -> bool:
        """Whether it could be laid beside a verdict of ours."""
        return self is Match.AGREE or self in DISAGREEING


DISAGREEING: Final = (Match.FAILED_THERE, Match.PASSED_THERE, Match.WE_CANNOT, Match.THEY_CANNOT)


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of ours, as far as it is compared. `resource` is None where a whole table could not be read."""

    check: str
    verdict: Verdict
    reason: str
    id: str
    resource: str | None
    table: str
    name: str | None = None
    account: str | None = None
    region: str | None = None
    file: str | None = None
    waived: bool = False


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict of theirs, and what of ours it was laid beside: the findings that gave the verdict first."""

    match: Match
    theirs: Told
    ours: tuple[Ours, ...] = ()
    verdict: Verdict | None = None
    why: str = ""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A check of theirs with those of ours that cite it, and how many of its verdicts stand how to ours."""

    tool: str
    check: str
    ours: tuple[str, ...]
    counts: dict[Match, int]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts of theirs beside ours, worst first. `passed_over` are findings that their tools hold as closed, or
    that judge nothing here; `problems` what of the files could not be read.
    """

    moment: str
    origin: str
    tools: dict[str, tuple[str | None, str | None]]
    """For each tool the first and the last moment of its verdicts; None where it tells none."""
    checks: tuple[Counted, ...]
    items: tuple[Compared, ...]
    passed_over: int
    problems: tuple[str, ...]

    def counts(self) -> dict[Match, int]:
        """How many there are of each kind."""
        counted = Counter(item.match for item in self.items)
        return {match: counted[match] for match in Match}

    def without_agreements(self) -> Comparison:
        """The same, without the verdicts that agree: `checks` counts them."""
        return replace(self, items=tuple(item for item in self.items if item.match is not Match.AGREE))

    def disagreements(self) -> list[Compared]:
        """What both sides judged, and not alike."""
        return [item for item in self.items if item.match.is_disagreement]

    def unmapped(self) -> list[Compared]:
        """What could not be laid beside anything of ours."""
        return [item for item in self.items if not item.match.is_laid]


def lay(
    theirs: Theirs,
    findings: Iterable[Finding],
    checks: Mapping[str, Check],
    ran: Collection[str],
    *,
    moment: str,
    origin: str,
) -> Comparison:
    """What others tell, laid beside all findings of the checks that `ran`, passes too."""
    by_ref = _by_ref(checks)
    cited = {(told.tool, told.check): _citing(told.tool, told.check, by_ref) for told in theirs.told}
    wanted = {check for checks in cited.values() for check in checks}
    of_check: dict[str, _Index] = {}
    resources: dict[str, set[str | None]] = {}
    for finding in findings:
        if finding.resource is not None:
            resources.setdefault(_base(finding.resource), set()).add(finding.file)
        if finding.check in wanted:
            of_check.setdefault(finding.check, _Index()).add(_ours(finding))
    items = [_compare(told, cited[told.tool, told.check], ran, of_check, resources) for told in theirs.told]
    order = list(Match)
    items.sort(key=lambda item: (order.index(item.match), item.theirs.tool, item.theirs.check))
    return Comparison(
        moment=moment,
        origin=origin,
        tools=_tools(theirs.told),
        checks=_counted(items, cited),
        items=tuple(items),
        passed_over=theirs.passed_over,
        problems=theirs.problems,
    )


def _tools(told: Iterable[Told]) -> dict[str, tuple[str | None, str | None]]:
    moments: dict[str, list[str]] = {}
    for each in told:
        moments.setdefault(each.tool, []).extend([each.on] if each.on else [])
    return {tool: (min(on, default=None), max(on, default=None)) for tool, on in sorted(moments.items())}


def _counted(items: Iterable[Compared], cited: Mapping[tuple[str, str], tuple[str, ...]]) -> tuple[Counted, ...]:
    counts: dict[tuple[str, str], Counter[Match]] = {}
    for item in items:
        counts.setdefault((item.theirs.tool, item.theirs.check), Counter())[item.match] += 1
    return tuple(
        Counted(
            tool=tool,
            check=check,
            ours=cited[tool, check],
            counts={match: counted[match] for match in Match if counted[match]},
        )
        for (tool, check), counted in sorted(counts.items())
    )


def _by_ref(checks: Mapping[str, Check]) -> dict[tuple[str, str], tuple[str, ...]]:
    by_ref: dict[tuple[str, str], tuple[str, ...]] = {}
    for check in checks.values():
        for tool in (PROWLER, SECURITY_HUB, CONFIG, CHECKOV):
            for ref in check.refs.get(tool, ()):
                by_ref[tool, ref] = (*by_ref.get((tool, ref), ()), check.id)
    return by_ref


_DEPLOYED: Final = (
    re.compile(r"securityhub-(.+)-[a-z0-9]{6,8}", re.DOTALL),
    re.compile(r"(.+)-conformance-pack-[a-z0-9]+", re.DOTALL),
)
"""A rule of Config as Security Hub and conformance packs name it when they make it: securityhub-NAME-5pftha."""


def _citing(tool: str, check: str, by_ref: Mapping[tuple[str, str], tuple[str, ...]]) -> tuple[str, ...]:
    """The checks of ours that cite a check of theirs."""
    names = [check]
    if tool == CONFIG:
        names += [match[1] for deployed in _DEPLOYED if (match := deployed.fullmatch(check))]
    return next((by_ref[tool, name] for name in names if (tool, name) in by_ref), ())


def _ours(finding: Finding) -> Ours:
    return Ours(
        check=finding.check,
        verdict=finding.verdict,
        reason=finding.reason,
        id=finding.id,
        resource=finding.resource,
        table=finding.table,
        name=finding.name,
        account=finding.account,
        region=finding.region,
        file=finding.file,
        waived=finding.waived is not None,
    )


# --- the same resource ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Index:
    """The findings of one check, by what their resources are called."""

    all: list[Ours] = field(default_factory=list)
    exact: dict[str, list[Ours]] = field(default_factory=dict)
    named: dict[str, list[Ours]] = field(default_factory=dict)
    unread: list[Ours] = field(default_factory=list)

    def add(self, ours: Ours) -> None:
        """Note a finding."""
        if ours.resource is None:
            self.unread.append(ours)
            return
        self.all.append(ours)
        base = _base(ours.resource)
        self.exact.setdefault(base, []).append(ours)
        for name in {_tail(base), ours.name or ""} - {""}:
            self.named.setdefault(name, []).append(ours)

    def of(self, told: Told) -> list[Ours]:
        """The findings whose resource may be the one that is told of."""
        if self.all and _is_single(self.all[0]):
            return [ours for ours in self.all if _same_place(ours, told)]
        if told.resource is None:
            return self.all
        resource = _base(told.resource)
        same = [ours for ours in self.exact.get(resource, ()) if _same_file(ours.file, told.file)]
        if same:
            return same
        several = [*self.named.get(_tail(resource), ()), *(self.named.get(told.name, ()) if told.name else ())]
        alike = {
            ours.id: ours
            for ours in several
            if _same_place(ours, told)
            and ours.file is None
            and not _are_others(resource, _base(ours.resource or ""))
        }
        return list(alike.values())


def _base(resource: str) -> str:
    """A resource without the part of it that a row is about, and without the sign for all that is in it."""
    return resource.partition("#")[0].removesuffix(":*")


def _tail(resource: str) -> str:
    """The last part of an ARN; what is none is its own.

    >>> _tail("arn:aws:iam::123456789012:role/ci/deploy"), _tail("vol-1")
    ('deploy', 'vol-1')
    """
    return re.split("[:/]", resource)[-1] if resource.startswith("arn:") else resource


def _are_others(theirs: str, ours: str) -> bool:
    """Whether both are ARNs of one service: then they would be the same if they were the same resource."""
    mine, other = theirs.split(":", 3), ours.split(":", 3)
    return mine[0] == other[0] == "arn" and mine[2:3] == other[2:3]


def _same_file(ours: str | None, theirs: str | None) -> bool:
    """Whether one path ends as the other does, where both tell it: theirs begins where that tool was started."""
    if ours is None or theirs is None:
        return True
    mine, other = _steps(ours), _steps(theirs)
    shorter = min(len(mine), len(other))
    return shorter > 0 and mine[-shorter:] == other[-shorter:]


def _steps(path: str) -> list[str]:
    return [step for step in path.replace("\\", "/").split("/") if step not in ("", ".")]


def _same_place(ours: Ours, told: Told) -> bool:
    """Whether account and region are the same, as far as both tell them."""
    if ours.account and told.account and ours.account != told.account:
        return False
    return not (is_region(ours.region) and is_region(told.region) and ours.region != told.region)


_OF_PLACE: Final = {"partition", "region", "account_id"}


def _is_single(ours: Ours) -> bool:
    """Whether a finding is of a live account, and of a table that has one row there, or one a region."""
    return ours.file is None and ours.table in _single_tables()


@cache
def _single_tables() -> frozenset[str]:
    """The tables whose ARN says nothing but the account and region."""
    single = set()
    for table in all_tables().values():
        arns = [column.place("live") for column in table.columns if column.name == "arn"]
        paths = [arn.path for arn in arns if arn is not None and arn.path.startswith("#format.")]
        if any(set(re.findall(r"{(\w+)}", path)) <= _OF_PLACE for path in paths):
            single.add(table.name)
    return frozenset(single)


# --- verdicts ------------------------------------------------------------------------------------------------


def _compare(
    told: Told,
    cited: Sequence[str],
    ran: Collection[str],
    of_check: Mapping[str, _Index],
    resources: Mapping[str, Collection[str | None]],
) -> Compared:
    if not cited:
        return Compared(match=Match.NO_CHECK, theirs=told, why="no check here cites it")
    if not any(check in ran for check in cited):
        return Compared(match=Match.NOT_RUN, theirs=told, why=f"{', '.join(cited)} did not run")
    indexes = [of_check[check] for check in cited if check in of_check]
    same = [ours for index in indexes for ours in index.of(told)]
    places = {(ours.account, ours.region) for ours in same}
    if told.resource is None:
        if len(places) > 1:
            why = f"it does not say of which account and region; {len(places):,} are here"
            return Compared(match=Match.AMBIGUOUS, theirs=told, why=why)
    else:
        several = {(*place(ours), "" if _is_single(ours) else _base(ours.resource or "")) for ours in same}
        if len(several) > 1:
            why = f"{len(several):,} resources here may be it"
            return Compared(match=Match.AMBIGUOUS, theirs=told, ours=tuple(same[:MOST]), why=why)
    if not same:
        same = [ours for index in indexes for ours in index.unread if _same_place(ours, told)]
    if not same:
        files = resources.get(_base(told.resource), ()) if told.resource is not None else ()
        if any(_same_file(file, told.file) for file in files):
            why = f"{', '.join(cited)} is not about it"
            return Compared(match=Match.NOT_ABOUT, theirs=told, why=why)
        return Compared(match=Match.NO_RESOURCE, theirs=told, why="no such resource was assessed")
    return _laid(told, same)


MOST: Final = 10
"""How many findings of ours are told beside one verdict of theirs."""


def place(ours: Ours) -> tuple[str | None, str | None, str | None]:
    """Where a finding of ours is."""
    return ours.account, ours.region, ours.file


def _laid(told: Told, same: Sequence[Ours]) -> Compared:
    verdicts: set[Verdict] = {ours.verdict for ours in same}
    verdict: Verdict = "fail" if "fail" in verdicts else "unknown" if "unknown" in verdicts else "pass"
    first = sorted(same, key=lambda ours: (ours.verdict != verdict, ours.check, ours.resource or ""))
    return Compared(match=_match(told.verdict, verdict), theirs=told, ours=tuple(first[:MOST]), verdict=verdict)


def _match(theirs: Verdict, ours: Verdict) -> Match:
    if theirs == ours:
        return Match.AGREE
    if ours == "unknown":
        return Match.WE_CANNOT
    if theirs == "unknown":
        return Match.THEY_CANNOT
    return Match.FAILED_THERE if theirs == "fail" else Match.PASSED_THERE

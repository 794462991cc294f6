"""What the page's script works on: findings as columns in which each text stands once, and what they point at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from demarcate.checks.judgement import Finding, Waived
from demarcate.checks.structs import SEVERITIES, Check
from demarcate.estate.schema.unknown import Kind
from demarcate.model import Model, Responsibility
from demarcate.model.frameworks import load_frameworks
from demarcate.posture.assessment import Assessment
from demarcate.posture.frameworks import checks_of
from demarcate.posture.structs import CheckResult
from demarcate.report.html import content
from demarcate.report.safe import text

COLUMNS = ("check", "verdict", "account", "region", "resource", "file", "reason", "kind")
"""The columns of findings that hold text. A finding's severity, responsibility and area follow from its check."""

SHOWN_PASSES = 20_000
"""How many findings that pass are in the page, where they are listed: a browser has to hold all of them."""

_VERDICTS = ("fail", "unknown", "pass")


SHOWN_FINDINGS = 50_000
"""How many findings that fail or are unknown are in the page: they take about 8 MB of it, and 370 MB to write."""


class Told(NamedTuple):
    """The findings that the page holds, worst first.

    `most` is how many that do not pass it holds of each check, `more` how many others each check has, and `passes` how
    many that pass are left out.
    """

    findings: list[Finding]
    most: int
    more: dict[str, int]
    passes: int


def told(findings: Callable[[], Iterable[Finding]]) -> Told:
    """What the page holds of findings, which are read twice. Where there are too many, each check has the same room."""
    counts = Counter((finding.check, _rank(finding)) for finding in findings())
    passed = sum(number for (_, rank), number in counts.items() if rank == _PASSED)
    of_check: Counter[str] = Counter()
    for (check, rank), number in counts.items():
        of_check[check] += number if rank != _PASSED else 0
    most = _share(sorted(of_check.values()), SHOWN_FINDINGS)
    room, left = {}, dict.fromkeys(of_check, most)
    for (check, rank), number in sorted(counts.items()):
        if rank != _PASSED:
            room[check, rank] = min(number, left[check])
            left[check] -= room[check, rank]
    kept, passes = [], SHOWN_PASSES
    for finding in findings():
        place = finding.check, _rank(finding)
        if place in room:
            room[place] -= 1
            if room[place] >= 0:
                kept.append(finding)
        elif passes:
            passes -= 1
            kept.append(finding)
    more = {check: number - most for check, number in sorted(of_check.items()) if number > most}
    return Told(worst_first(kept), most, more, max(0, passed - SHOWN_PASSES))


def _share(numbers: Sequence[int], room: int) -> int:
    """How much each of some numbers (in order) may have at most, so that all together have no more than there is.

    >>> _share([1, 4, 100], 15), _share([1, 4, 100], 1000)
    (10, 1000)
    """
    for place, number in enumerate(numbers):
        each = room // (len(numbers) - place)
        if number > each:
            return each
        room -= number
    return room + sum(numbers)


_PASSED = (_VERDICTS.index("pass"), False)


def _rank(finding: Finding) -> tuple[int, bool]:
    """What people should read first: what fails before what is unknown, and what is waived after that."""
    return _VERDICTS.index(finding.verdict), finding.waived is not None


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in the order in which people should read them; equals stay as they were."""
    severities: dict[str, int] = {severity: number for number, severity in enumerate(SEVERITIES)}
    verdicts = {verdict: number for number, verdict in enumerate(_VERDICTS)}

    def badness(finding: Finding) -> tuple[int, bool, int]:
        severity = severities.get(finding.severity, len(severities))
        return verdicts[finding.verdict], finding.waived is not None, severity

    return sorted(findings, key=badness)


def script_data(assessment: Assessment, held: Told) -> dict[str, Any]:
    """All that is embedded: areas, responsibilities, checks, kinds, and the findings in their order."""
    findings = held.findings
    checks, asked = _checks(assessment, findings), content.asked_for(assessment)
    return {
        "areas": [{"id": area.id, "title": area.title} for area in assessment.model.areas],
        "responsibilities": [
            {
                "id": responsibility.id,
                "title": responsibility.title,
                "area": responsibility.area,
                "party": responsibility.party,
                "state": responsibility.state,
                "asked": "yes" if responsibility.id in asked else "no",
                "text": _said_of(assessment.model.responsibility[responsibility.id]),
            }
            for responsibility in assessment.posture.responsibilities
        ],
        "checks": checks,
        "services": _services(assessment.model, {check["table"] for check in checks}),
        "frameworks": _frameworks(assessment, [check["id"] for check in checks]),
        "kinds": [{"id": kind, "label": kind.label} for kind in Kind],
        "waivers": {waived.id: _waiver(waived) for finding in findings if (waived := finding.waived) is not None},
        "findings": _columns(findings),
        "passes": assessment.passes,
        "left_out": held.passes,
        "most": held.most,
        "more": held.more,
    }


def _said_of(responsibility: Responsibility) -> str:
    """The words by which a responsibility is found besides its title."""
    return " ".join([responsibility.description, *responsibility.keywords, *responsibility.tools])


def _checks(assessment: Assessment, findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The checks that judged anything, and all that findings name."""
    results = {result.check: result for r in assessment.posture.responsibilities for result in r.checks}
    named = dict.fromkeys([*results, *(finding.check for finding in findings)])
    return [_check(assessment.checks[id_], results.get(id_)) for id_ in named if id_ in assessment.checks]


def _services(model: Model, tables: Iterable[str]) -> list[dict[str, Any]]:
    """The services whose resources tables hold, by name, with their tables."""
    asked = set(tables)
    shown = [(service, sorted(asked.intersection(service.tables))) for service in model.services]
    return [
        {"id": service.id, "title": service.name, "tables": theirs}
        for service, theirs in sorted(shown, key=lambda pair: pair[0].name.lower())
        if theirs
    ]


def _frameworks(assessment: Assessment, checks: Sequence[str]) -> list[dict[str, Any]]:
    """The frameworks of which any check speaks, with the numbers of these checks."""
    numbers = {id_: number for number, id_ in enumerate(checks)}
    shown = []
    for framework in load_frameworks().values():
        speaking = checks_of(framework, assessment.checks, assessment.model)
        if theirs := [numbers[id_] for id_ in speaking if id_ in numbers]:
            shown.append({"id": framework.id, "title": framework.title, "checks": sorted(theirs)})
    return shown


def _check(check: Check, result: CheckResult | None) -> dict[str, Any]:
    return {
        "id": check.id,
        "title": check.title,
        "responsibility": check.responsibility,
        "severity": check.severity,
        "severity_why": check.severity_why,
        "table": check.table,
        "remedy": check.remedy.text,
        "predicate": check.predicate,
        "condition": check.condition,
        "refs": check.refs,
        "related": check.related,
        "counts": [result.passed, result.failed, result.unknown] if result else [0, 0, 0],
        "waived": result.waived + result.waived_unknown if result else 0,
    }


def _waiver(waived: Waived) -> dict[str, Any]:
    return {"reason": waived.reason, "owner": waived.owner, "until": waived.until}


def _columns(findings: list[Finding]) -> dict[str, Any]:
    """Each column as its values, each once, and for each finding the number of its value; null is no value."""
    columns: dict[str, Any] = {name: _column(getattr(finding, name) for finding in findings) for name in COLUMNS}
    columns["waived"] = _column(finding.waived.id if finding.waived else None for finding in findings)
    columns["tags"] = _tags(findings)
    return columns | {"line": [finding.line for finding in findings], "id": [finding.id for finding in findings]}


def _column(texts: Iterable[str | None]) -> Mapping[str, list[Any]]:
    numbers: dict[str | None, int] = {}
    index = [numbers.setdefault(text, len(numbers)) for text in texts]
    return {"values": list(numbers), "index": index}


def _tags(findings: Iterable[Finding]) -> Mapping[str, list[Any]]:
    """The tags of findings: as `_column`, where a value is the numbers of its `pairs`, and null was not collected."""
    pairs: dict[str, int] = {}
    sets: dict[tuple[int, ...] | None, int] = {}
    index = []
    for finding in findings:
        numbers = None
        if finding.tags is not None:
            shown = (f"{key}={text(value)}" for key, value in finding.tags.items())
            numbers = tuple(sorted(pairs.setdefault(pair, len(pairs)) for pair in shown))
        index.append(sets.setdefault(numbers, len(sets)))
    return {"pairs": list(pairs), "values": list(sets), "index": index}

"""SARIF 2.1.0: what has a file, as results on its lines.

Held to the schema of the standard (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html) and to what GitHub
takes of it (https://docs.github.com/en/code-security/reference/code-scanning/sarif-support-for-code-scanning).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from demarcate.checks.judgement import Finding
from demarcate.checks.structs import SEVERITIES, Check
from demarcate.posture.assessment import Assessment
from demarcate.report import safe, unread
from demarcate.report.located import without_file
from demarcate.report.out import Out
from demarcate.report.places import uri_of
from demarcate.report.safe import json_text
from demarcate.report.waived import in_words
from demarcate.version import __version__

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

MOST_RESULTS, SHOWN_RESULTS = 25_000, 5_000
"""How many results of a run GitHub takes (one with more is refused whole), and how many of these it shows, the most
severe. It takes 20 runs of a file, but since July 2025 no two of the same tool and category; and with categories that
hang on how many there are, alerts would be closed and opened as findings move between them. So there is one run.
https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit
https://github.blog/changelog/2025-07-21-code-scanning-will-stop-combining-multiple-sarif-runs-uploaded-in-the-same-sarif-file/
"""

_MOST_TAGS: Final = 20
"""How many tags a rule may have for GitHub."""

_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}

_SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""`security-severity`: GitHub calls what is over 9.0 critical, from 7.0 high, from 4.0 medium, and below it low."""


def write(assessment: Assessment, out: Out) -> list[str]:
    """Write the findings that have a file. Says how many have none, and how many are more than GitHub takes."""
    kept, left_out = _chosen(assessment)
    named: dict[str, None] = {}
    opening = {"$schema": SCHEMA, "version": "2.1.0"}
    out.write(f'{json_text(opening)[:-1]},"runs":[{{"results":[')
    separator = "\n"
    for finding in kept:
        named[finding.check] = None
        out.write(separator + json_text(_result(finding)))
        separator = ",\n"
    rules = [_rule(assessment.checks[name]) for name in named]
    rest = {
        "tool": {"driver": {**DRIVER, "rules": rules}},
        "automationDetails": {"id": f"demarcate/{_category(assessment)}/"},
        "invocations": [_invocation(assessment, left_out)],
        "columnKind": "unicodeCodePoints",
    }
    out.write(f"\n],{json_text(rest)[1:]}]}}\n")
    return left_out


DRIVER: Final = {"name": "demarcate", "version": __version__}


def location(file: str, line: int | None) -> dict[str, Any]:
    """A line of a file; its first where no line is known."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri_of(file)},
            "region": {"startLine": max(line or 1, 1)},
        }
    }


def message(text: str) -> dict[str, str]:
    r"""A message in which nothing is a link, nor a place for an argument.

    >>> message("a [b](https://c) {0}")
    {'text': 'a [b\\](https://c) {{0}}'}
    """
    return {"text": re.sub(r"\](?=\()", r"\\]", text).replace("{", "{{").replace("}", "}}")}


def _chosen(assessment: Assessment) -> tuple[Iterator[Finding], list[str]]:
    """What is written, and what is not: the worst are taken first where there are too many."""
    counts: dict[tuple[int, int], int] = {}
    nowhere = 0
    for finding in assessment.findings():
        if finding.file is None:
            nowhere += 1
        else:
            counts[_rank(finding)] = counts.get(_rank(finding), 0) + 1
    room: dict[tuple[int, int], int] = {}
    left = MOST_RESULTS
    for rank, number in sorted(counts.items()):
        room[rank] = min(number, left)
        left -= room[rank]
    over = sum(counts.values()) - sum(room.values())
    left_out = without_file(nowhere)
    if over:
        left_out.append(
            f"{safe.counted(over, 'finding')} over {MOST_RESULTS:,}, which is all that GitHub takes: the least severe"
        )
    if sum(room.values()) > SHOWN_RESULTS:
        left_out.append(
            f"of what it takes, GitHub shows the {SHOWN_RESULTS:,} most severe: --check divides a report"
        )
    return _within(assessment.findings(), room), left_out


def _within(findings: Iterable[Finding], room: dict[tuple[int, int], int]) -> Iterator[Finding]:
    for finding in findings:
        if finding.file is not None and room[_rank(finding)]:
            room[_rank(finding)] -= 1
            yield finding


def _rank(finding: Finding) -> tuple[int, int]:
    """What fails before what is unknown, and the worst first."""
    return finding.verdict != "fail", SEVERITIES.index(finding.severity)


def _result(finding: Finding) -> dict[str, Any]:
    """A result. What is unknown is no failure of the rule: SARIF calls it open, and it has no level."""
    fails = finding.verdict == "fail"
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "kind": "fail" if fails else "open",
        "level": _LEVELS[finding.severity] if fails else "none",
        "message": message(finding.reason if fails else f"unknown: {finding.reason}"),
        "locations": [location(finding.file or "", finding.line)],
        # Of the check, the file and the resource, and not of the line: it stays where the resource moves in its file.
        "partialFingerprints": {"primaryLocationLineHash": f"{finding.id}:1"},
        "properties": {
            "id": finding.id,
            "responsibility": finding.responsibility,
            "severity": finding.severity,
            "verdict": finding.verdict,
        },
    }
    if finding.resource is not None:
        result["locations"][0]["logicalLocations"] = [{"name": finding.resource, "kind": "resource"}]
    if finding.waived is not None:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": in_words(finding.waived)}
        ]
    return result


def _rule(check: Check) -> dict[str, Any]:
    controls = [
        f"external/{framework}/{control}" for framework, listed in check.refs.items() for control in listed
    ]
    return {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": f"{check.title} ({check.responsibility})"},
        "help": {"text": check.remedy.text, "markdown": safe.markdown(check.remedy.text)},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "tags": ["security", check.area, check.responsibility, *controls][:_MOST_TAGS],
            "precision": "very-high",
            "problem.severity": _PROBLEMS[check.severity],
            "security-severity": _SCORES[check.severity],
        },
    }


_PROBLEMS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "recommendation"}


def _category(assessment: Assessment) -> str:
    """What was assessed, so that reports of several folders stand beside each other: the same in each run."""
    return ",".join(uri_of(part) for part in assessment.posture.origin.split(", ")) or "."


def _invocation(assessment: Assessment, left_out: Iterable[str]) -> dict[str, Any]:
    told = [f"could not be read: {line}" for line in unread.lines(assessment.posture.unread)]
    told += [f"left out: {sentence}" for sentence in left_out]
    return {
        "executionSuccessful": True,
        "endTimeUtc": assessment.posture.moment,
        "toolExecutionNotifications": [{"level": "warning", "message": message(line)} for line in told],
    }

"""JUnit's XML, as pipelines show it: a suite for each check, a case for each resource.

Held to https://github.com/windyroad/JUnit-Schema, of which each attribute and element that it requires is there. What
is unknown is skipped with its reason, as is what is waived: neither is a failure, nor has it passed.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from operator import attrgetter
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from demarcate.checks.judgement import Finding
from demarcate.posture.assessment import Assessment
from demarcate.report.out import Out
from demarcate.report.places import path_of
from demarcate.report.safe import counted, one_line
from demarcate.report.waived import in_words


def write(assessment: Assessment, out: Out) -> None:
    """Write a suite for each check that judged something. What passes is one case of it, unless it is told."""
    counts = Counter((finding.check, _outcome(finding)) for finding in assessment.findings())
    passed: Counter[str] = Counter()
    for told in assessment.judgement.tallies or assessment.results():  # that of a lake has no tallies
        passed[told.check] += told.passed
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
    groups = groupby(assessment.findings(), attrgetter("check"))
    name, findings = next(groups, ("", iter(())))
    for number, check in enumerate(sorted({check for check, _ in counts} | set(passed))):
        together = 0 if assessment.passes else passed[check]
        _open_suite(assessment, check, number, counts, bool(together), out)
        if together:
            out.write(f"{_case(check, f'{counted(together, _WHAT)} without a failure')}/>\n")
        if name == check:
            out.writelines(map(_finding, findings))
            name, findings = next(groups, ("", iter(())))
        out.write("<system-out/><system-err/></testsuite>\n")
    out.write("</testsuites>\n")


def _open_suite(
    assessment: Assessment, name: str, number: int, counts: Counter[tuple[str, str]], more: bool, out: Out
) -> None:
    check = assessment.checks[name]
    total = sum(counts[name, outcome] for outcome in _OUTCOMES) + more
    out.write(
        f'<testsuite name={_token(name)} package={_token(check.area)} id="{number}" '
        f'timestamp="{assessment.posture.moment[:19]}" hostname="localhost" tests="{total}" '
        f'failures="{counts[name, "failure"]}" errors="0" skipped="{counts[name, "skipped"]}" time="0"><properties>'
        f'<property name="title" value={quoteattr(check.title)}/>'
        f'<property name="responsibility" value={quoteattr(check.responsibility)}/>'
        f'<property name="severity" value={quoteattr(check.severity)}/></properties>\n'
    )


_WHAT: Final = "resource"
_OUTCOMES: Final = ("passed", "failure", "skipped")


def _outcome(finding: Finding) -> str:
    if finding.verdict == "pass":
        return "passed"
    return "failure" if finding.is_open else "skipped"


def _finding(finding: Finding) -> str:
    where = " ".join(filter(None, (finding.account, finding.region)))
    what = finding.resource or f"all of {finding.table}"
    case = _case(finding.check, f"{what} ({where})" if where else what)
    if _outcome(finding) == "passed":
        return f"{case}/>\n"
    told = [finding.reason if finding.verdict == "fail" else f"unknown: {finding.reason}"]
    if finding.waived is not None:
        told.insert(0, in_words(finding.waived))
    message = quoteattr(one_line("; ".join(told)))
    if _outcome(finding) == "skipped":
        return f"{case}><skipped message={message}/></testcase>\n"
    place = f"{path_of(finding.file)}:{finding.line or 1}" if finding.file else ""
    lines = (*told, place, f"finding {finding.id}")
    text = escape("\n".join(one_line(each) for each in lines if each))
    return f"{case}><failure message={message} type={_token(finding.severity)}>{text}</failure></testcase>\n"


def _case(check: str, name: str) -> str:
    return f'<testcase classname={_token(check)} name={_token(name)} time="0"'


def _token(text: str) -> str:
    """An attribute in one line, as the schema has names."""
    return quoteattr(one_line(text))

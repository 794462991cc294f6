"""The JSON report. Its schema is `docs/reference/report.schema.json`, and its version goes up when it breaks."""

from __future__ import annotations

import inspect
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from demarcate.base.errors import Problem
from demarcate.checks.judgement import Finding, NotRun
from demarcate.estate.snapshots.manifest import Unread
from demarcate.posture.assessment import Assessment
from demarcate.posture.comparing import Comparison
from demarcate.posture.news import News
from demarcate.posture.structs import (
    Counts,
    FrameworkPosture,
    Judged,
    Posture,
    ResponsibilityPosture,
    WaiverResult,
)
from demarcate.report.out import Out
from demarcate.report.safe import json_text
from demarcate.version import __version__

VERSION: Literal[1] = 1


class PostureReport(msgspec.Struct, frozen=True, kw_only=True):
    """The posture: every responsibility, and how many are in which state."""

    summary: Annotated[Counts, Meta(description="What the customer owes, over the whole estate.")]
    responsibilities: tuple[ResponsibilityPosture, ...]
    areas: Annotated[dict[str, Counts], Meta(description="Counts of both halves, by area.")]
    parties: Annotated[dict[str, Counts], Meta(description="Counts by party: aws, customer.")]
    accounts: Annotated[dict[str, Counts], Meta(description="What checks prove, by account; empty for templates.")]
    regions: Annotated[dict[str, Counts], Meta(description="What checks prove, by region; empty for templates.")]
    tags: Annotated[
        dict[str, dict[str, Counts]],
        Meta(
            description="What checks prove, by the values of each tag key that was asked for; '' has no such tag."
        ),
    ]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one assessment."""

    version: Annotated[Literal[1], Meta(description="The version of this form.")]
    demarcate: Annotated[str, Meta(description="The version of Demarcate that wrote it.")]
    source: Annotated[str, Meta(description="Where the rows come from: live, cloudformation or config.")]
    origin: Annotated[str, Meta(description="What was assessed: paths, or aws.")]
    moment: Annotated[
        str, Meta(description="When the estate was read, in UTC (ISO 8601). Judging takes it for now.")
    ]
    posture: PostureReport
    frameworks: Annotated[
        tuple[FrameworkPosture, ...],
        Meta(description="How each requirement of the frameworks that were asked for stands."),
    ]
    unread: Annotated[tuple[Unread, ...], Meta(description="What could not be read, and why.")]
    refused: Annotated[
        tuple[Problem, ...], Meta(description="Evidence that could not be read or believed, and why.")
    ]
    waivers: Annotated[
        tuple[WaiverResult, ...],
        Meta(description="Every waiver and what it does; a finding that one accepts names it in `waived`."),
    ]
    refused_waivers: Annotated[
        tuple[Problem, ...], Meta(description="Waivers that are none, and why: they waive nothing.")
    ]
    not_run: Annotated[tuple[NotRun, ...], Meta(description="Checks that do not apply to this source, and why.")]
    judged: Annotated[
        Judged, Meta(description="What it could say anything of: checks that ran, and what was read.")
    ]
    news: Annotated[
        News | None, Meta(description="What is other than in an earlier assessment (--since); null without one.")
    ]
    theirs: Annotated[
        Comparison | None,
        Meta(
            description="What other tools found (--findings-of) beside what was found here, as theirs: disagreements, "
            "and what could not be compared; what agrees is counted by check. Null without any."
        ),
    ]
    findings: Annotated[
        tuple[Finding, ...],
        Meta(
            description="What fails or is unknown; what passes is counted in the posture, and listed if asked for."
        ),
    ]


def write(assessment: Assessment, out: Out) -> None:
    """Write the report. Findings are streamed, so that they may be many."""
    head = _head(assessment.posture, assessment.news, assessment.theirs)
    out.write("{")
    for key in head.__struct_fields__:
        if key != "findings":
            out.write(f'"{key}": {_encode(getattr(head, key))},\n')
    out.write('"findings": [')
    separator = "\n"
    for finding in assessment.findings():
        out.write(separator + _encode(finding))
        separator = ",\n"
    out.write("\n]}\n")


def _head(posture: Posture, news: News | None, theirs: Comparison | None) -> Report:
    """The report without its findings."""
    return Report(
        version=VERSION,
        demarcate=__version__,
        source=posture.source,
        origin=posture.origin,
        moment=posture.moment,
        posture=PostureReport(
            summary=posture.summary,
            responsibilities=posture.responsibilities,
            areas=posture.areas,
            parties=posture.parties,
            accounts=posture.accounts,
            regions=posture.regions,
            tags=posture.tags,
        ),
        frameworks=posture.frameworks,
        unread=posture.unread,
        refused=posture.refused,
        waivers=posture.waivers,
        refused_waivers=posture.refused_waivers,
        not_run=posture.not_run,
        judged=posture.judged,
        news=news,
        theirs=theirs.without_agreements() if theirs is not None else None,
        findings=(),
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of the report. Of `unread`, fields that say nothing are left out; all others are there."""
    schema_: dict[str, Any] = _tidy(msgspec.json.schema(Report))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The report of demarcate assess --format json",
        **schema_,
    }


def _tidy(value: Any) -> Any:
    """Schemas take docstrings as they stand in the code: without its indentation. Of alternatives null comes last, and
    which names an object's members may have is not said, whichever version of msgspec says them.
    """
    if isinstance(value, dict):
        told: dict[str, Any] = {
            key: inspect.cleandoc(item) if key == "description" and isinstance(item, str) else _tidy(item)
            for key, item in value.items()
            if key != "propertyNames"
        }
        if isinstance(told.get("anyOf"), list):
            told["anyOf"].sort(key=lambda item: item == {"type": "null"})
        return told
    return [_tidy(item) for item in value] if isinstance(value, list) else value


def _encode(value: Any) -> str:
    return json_text(value, order="deterministic")

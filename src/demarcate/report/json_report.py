"""The JSON report. Its schema is `docs/reference/report.schema.json`, and its version goes up when it breaks."""

from __future__ import annotations

from typing import IO, Any

import msgspec

from demarcate.assessing import Assessment
from demarcate.version import __version__

VERSION = 1


def write(assessment: Assessment, out: IO[str]) -> None:
    """Write the report. Findings are streamed, so that they may be many."""
    posture = assessment.posture
    head: dict[str, Any] = {
        "version": VERSION,
        "demarcate": __version__,
        "source": posture.source,
        "origin": posture.origin,
        "moment": posture.moment,
        "posture": {
            "summary": posture.summary,
            "responsibilities": posture.responsibilities,
            "areas": posture.areas,
            "parties": posture.parties,
            "accounts": posture.accounts,
            "regions": posture.regions,
        },
        "unread": posture.unread,
        "not_run": posture.not_run,
    }
    out.write("{")
    for key, value in head.items():
        out.write(f'"{key}": {_encode(value)},\n')
    out.write('"findings": [')
    separator = "\n"
    for finding in assessment.judgement.findings():
        out.write(separator + _encode(finding))
        separator = ",\n"
    out.write("\n]}\n")


def _encode(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()

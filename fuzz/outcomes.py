"""What becomes of an estate: judged and reported in every way there is, and what must hold of what is written."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import cycle
from pathlib import Path

from demarcate.base.errors import Problem
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Judgement
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.evidence.structs import EvidenceResult
from demarcate.model import Model, load
from demarcate.posture.assess import assess_snapshot
from demarcate.posture.assessment import Assessment
from demarcate.posture.line import drawn_by
from demarcate.report import reports
from demarcate.report.out import Out

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MOMENT = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""When everything is assessed, so that one input always comes to the same."""

_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Harmful(Exception):
    """Something is written that may do harm to whoever looks at it."""


@cache
def model() -> Model:
    """Who owes what."""
    return load()


@cache
def checks() -> Mapping[str, Check]:
    """The shipped checks."""
    return load_checks(responsibilities=model().owed)


@cache
def example() -> tuple[Snapshot, Judgement]:
    """A template of the examples, judged."""
    snapshot = collect_snapshot([EXAMPLES / "estate" / "network.yaml"], Options(moment=MOMENT))
    return snapshot, judged(snapshot)


def judged(snapshot: Snapshot) -> Judgement:
    """A snapshot, judged by all checks."""
    return judge(snapshot, checks().values(), counted=drawn_by(model(), snapshot))


_ALWAYS = ("text", "html", "json", "csv")
_IN_TURN = cycle(id_ for id_, form in reports.FORMATS.items() if id_ not in _ALWAYS and not form.binary)


def report(
    snapshot: Snapshot,
    judgement: Judgement,
    evidence: Mapping[str, tuple[EvidenceResult, ...]] | None = None,
    refused: tuple[Problem, ...] = (),
) -> None:
    """Assess what was judged and write it for people, and as one of the other formats, which take turns.

    Raises Harmful where one may do harm.
    """
    posture = assess_snapshot(model(), snapshot, checks(), judgement, evidence=evidence or {}, refused=refused)
    assessment = Assessment(model(), snapshot, checks(), judgement, posture)
    for form in (*_ALWAYS, next(_IN_TURN)):
        out = io.StringIO()
        reports.FORMATS[form].render(assessment, Out(out))
        text = out.getvalue()
        text.encode()
        if form == "json":
            json.loads(text)
        if form in ("csv", "text"):
            harmless(text.replace("\r\n", "\n"))


def harmless(text: str) -> None:
    """Raises Harmful for text that moves a terminal's cursor, colours it or turns the reading direction."""
    match = _HARMFUL.search(text)
    if match:
        raise Harmful(repr(text[max(0, match.start() - 60) : match.end() + 20]))

"""The example estate, as tests of several rooms see it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from demarcate.assessing import assess_sources
from demarcate.posture.assessment import Assessment

ESTATE = Path(__file__).parent.parent / "examples" / "estate"


@cache
def assessed() -> Assessment:
    """As `demarcate assess examples/estate` assesses it: seconds of work, done once for all tests of a process."""
    return assess_sources([ESTATE])

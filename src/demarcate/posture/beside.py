"""What other tools found, beside a whole assessment."""

from __future__ import annotations

from msgspec.structs import replace

from demarcate.posture.assessment import Assessment
from demarcate.posture.comparing import Comparison, lay
from demarcate.posture.theirs import Theirs


def compare_theirs(theirs: Theirs, assessment: Assessment) -> Comparison:
    """What others tell, beside an assessment. Raises DemarcateError where that did not keep what passes."""
    ran = {result.check for result in assessment.results()}
    findings = assessment.telling_passes().findings()
    posture = assessment.posture
    return lay(theirs, findings, assessment.checks, ran, moment=posture.moment, origin=posture.origin)


def with_theirs(assessment: Assessment, theirs: Theirs) -> Assessment:
    """An assessment with what others tell beside it. Raises DemarcateError where it did not keep what passes."""
    return replace(assessment, theirs=compare_theirs(theirs, assessment))

"""What checks say of others' controls: that there are such, and why a severity is not theirs.

`cases/security_hub.csv` has the severity of each control of Security Hub. Those of source `oscal` are of AWS's OSCAL
catalog of its controls (awslabs/oscal-content-for-aws-services), those of source `docs` of the user guide's control
reference (https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html), which has
controls that the catalog lacks. Both were read on 2026-11-28 in stored copies, which may be older.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from demarcate.checks.structs import SEVERITIES, Check
from tests.checks.examples import shipped

CONTROLS = Path(__file__).parent / "cases" / "security_hub.csv"


@cache
def severities() -> dict[str, str]:
    """The severity of each control of Security Hub."""
    with CONTROLS.open(newline="") as handle:
        return {row["control"]: row["severity"] for row in csv.DictReader(handle)}


def departures(check: Check) -> Iterator[str]:
    """The controls that a check implements with another severity."""
    for control in check.refs.get("security-hub", ()):
        if severities().get(control) != check.severity:
            yield f"{check.id} is {check.severity}, {control} {severities().get(control)}"


def test_severities_are_known_ones() -> None:
    assert set(severities().values()) <= set(SEVERITIES)


def test_controls_of_security_hub_exist() -> None:
    cited = {
        (check.id, control)
        for check in shipped().values()
        for control in (*check.refs.get("security-hub", ()), *check.related.get("security-hub", ()))
    }
    assert not [f"{id_}: {control}" for id_, control in sorted(cited) if control not in severities()]


def test_a_severity_is_that_of_the_control_or_says_why_not() -> None:
    without = [
        departure for check in shipped().values() if not check.severity_why for departure in departures(check)
    ]
    assert not without, "severity-why says why (docs/explanation/severity.md)"


def test_no_reason_is_given_for_a_severity_that_is_the_controls() -> None:
    kept = [check.id for check in shipped().values() if check.severity_why and not list(departures(check))]
    assert not kept


def test_what_is_related_is_not_said_to_be_met() -> None:
    both = [
        f"{check.id}: {control}"
        for check in shipped().values()
        for name, whys in check.related.items()
        for control in whys
        if control in check.refs.get(name, ())
    ]
    assert not both

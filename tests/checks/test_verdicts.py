"""Templates that say what checks must find in them, each a file of `verdicts/`, or a folder with `root.yaml`.

`Metadata.Expected` of a template maps checks to logical ids to verdicts: `pass`, `fail`, `unknown`, `none` where there
must be no finding, `not-pass`, `not-fail`. Of several rows of one resource the worst counts: fail, then unknown.
`Metadata.Parameters`, where it is there, has values for its parameters.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demarcate.checks.engine import judge
from demarcate.estate.sources.cloudformation.reading import read_plain
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from tests.checks.examples import shipped

VERDICTS = Path(__file__).parent / "verdicts"
TEMPLATES = sorted([*VERDICTS.glob("*.yaml"), *(root.parent for root in VERDICTS.glob("*/root.yaml"))])
WORST = ("fail", "unknown", "pass")
ALLOWED = {
    **{verdict: {verdict} for verdict in (*WORST, "none")},
    "not-pass": {"fail", "unknown", "none"},
    "not-fail": {"pass", "unknown", "none"},
}
"""The verdicts that each expectation allows."""


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_the_verdicts_of_a_template(path: Path) -> None:
    root = path / "root.yaml" if path.is_dir() else path
    metadata = read_plain(root, root.name)["Metadata"]
    expected: dict[str, dict[str, str]] = metadata["Expected"]
    assert expected, "says nothing of what is expected"
    told = verdicts(path, list(expected), metadata.get("Parameters"))
    wrong = [
        f"{check} of {resource} is {told.get((check, resource), 'none')}, not {wanted}"
        for check, wanted_of in expected.items()
        for resource, wanted in wanted_of.items()
        if told.get((check, resource), "none") not in ALLOWED[wanted]
    ]
    assert not wrong, "\n".join(wrong)


def verdicts(
    path: Path, checks: list[str], parameters: dict[str, Any] | None = None
) -> dict[tuple[str, str | None], str]:
    """The worst verdict of each check on each resource that it has a finding for."""
    with collect_snapshot([path], Options(parameters=parameters)) as snapshot:
        findings = judge(snapshot, [shipped()[check] for check in checks], passes=True).findings()
        told: dict[tuple[str, str | None], str] = {}
        for finding in findings:
            key = finding.check, finding.resource
            told[key] = min(told.get(key, "pass"), finding.verdict, key=WORST.index)
    return told

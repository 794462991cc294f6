"""What a deployment does to the posture: what fails after it that does not now, and what it mends."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demarcate.assessing import selection_of
from demarcate.base.encoding import to_json
from demarcate.changes.reach import NotDone, Reach
from demarcate.changes.structs import Operation, Read
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.model import load


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Findings that a deployment brings, and those that it ends. `unread` says why nothing is known of the stack as it
    is now; empty where it is known, or where there is none yet.
    """

    brings: tuple[Finding, ...]
    ends: tuple[Finding, ...]
    unread: str = ""


def foresee(
    template: Path,
    stack: str,
    region: str,
    reach: Reach,
    parameters: Mapping[str, Any],
    folders: Sequence[Path] = (),
) -> Foreseen:
    """Judge a template, and the one that its stack has now, by the same checks and parameters.

    Raises DemarcateError where the template cannot be read.
    """
    checks = load_checks(folders, responsibilities=load().owed)
    after = _failing(template, checks, parameters)
    read = Read(
        operation=Operation(name="cloudformation.get_template", parameters={"StackName": stack}),
        state="TemplateBody",
        absent=("ValidationError",),
    )
    try:
        body = reach.read(reach.caller.account, region, read)
    except NotDone as error:
        return Foreseen(tuple(after.values()), (), str(error))
    before: dict[tuple[str, str | None], Finding] = {}
    if body is not None:
        with tempfile.TemporaryDirectory(prefix="demarcate-") as folder:
            deployed = Path(folder) / template.name
            deployed.write_text(body if isinstance(body, str) else to_json(body).decode(), encoding="utf-8")
            before = _failing(deployed, checks, parameters)
    return Foreseen(
        tuple(finding for key, finding in after.items() if key not in before),
        tuple(finding for key, finding in before.items() if key not in after),
    )


def _failing(
    template: Path, checks: Mapping[str, Check], parameters: Mapping[str, Any]
) -> dict[tuple[str, str | None], Finding]:
    """What fails in a template, by check and logical id."""
    options = Options(parameters=parameters) if parameters else Options()
    selection = selection_of(checks.values(), live=False)
    with collect_snapshot([template], options, selection=selection) as snapshot:
        judgement = judge(snapshot, checks.values())
        findings = [finding for finding in judgement.findings(passes=False) if finding.verdict == "fail"]
        judgement.close()
    return {(finding.check, finding.resource): finding for finding in findings}

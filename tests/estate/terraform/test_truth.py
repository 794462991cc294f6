"""The same estate, as a template and as a plan: each check says the same of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from demarcate.checks.engine import judge
from demarcate.estate.sources.cloudformation.reading import read_plain
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from tests.checks.examples import shipped
from tests.estate.terraform.plans import plan

SAME = Path(__file__).with_name("same.yaml")


def verdicts(path: Path, names: dict[str, str]) -> Counter[tuple[str, str, str]]:
    """How often each check gives each verdict on a resource, by the name that it has in both."""
    with collect_snapshot([path], Options()) as snapshot:
        assert not snapshot.unread, snapshot.unread
        findings = judge(snapshot, [c for c in shipped().values() if not c.on_request], passes=True).findings()
        return Counter(
            (finding.check, names[finding.resource], finding.verdict)
            for finding in findings
            if finding.resource in names
        )


def test_a_plan_is_judged_as_a_template_of_the_same(tmp_path: Path) -> None:
    said: dict[str, Any] = read_plain(SAME, SAME.name)
    template, planned = tmp_path / "template.yaml", tmp_path / "plan.json"
    text = SAME.read_text(encoding="utf-8")
    start, end = text.index("template:\n"), text.index("terraform:\n")
    template.write_text("Resources:\n" + text[start:end].removeprefix("template:\n"), encoding="utf-8")
    planned.write_text(json.dumps(plan(said["terraform"])), encoding="utf-8")
    by_address = {
        address: name
        for name, several in said["same"].items()
        for address in ([several] if isinstance(several, str) else several)
    }
    mine, theirs = verdicts(planned, by_address), verdicts(template, {name: name for name in said["same"]})
    assert {name for _, name, _ in theirs} >= said["same"].keys() - {"Flow", "Network"}
    wrong = [f"{check} of {name}: {verdict} in the plan alone" for check, name, verdict in sorted(mine - theirs)]
    wrong += [
        f"{check} of {name}: {verdict} in the template alone" for check, name, verdict in sorted(theirs - mine)
    ]
    assert not wrong, "\n".join(wrong)

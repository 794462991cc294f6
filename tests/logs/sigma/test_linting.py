"""What can never be in a rule, as `cases/lint.yaml` has it; and that there is nothing of it in ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from demarcate.logs.sigma.linting import faults
from demarcate.logs.sigma.reading import load_rules

pytest.importorskip("sigma")

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "lint.yaml").read_text())


def test_what_can_never_be_is_told(tmp_path: Path) -> None:
    written = [
        {
            "title": case["says"],
            "name": case["says"],
            "logsource": {"product": "aws", "service": "cloudtrail"},
            "detection": {"condition": "a", **case["detection"]},
        }
        for case in CASES
    ]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump_all(written))
    rules = load_rules([tmp_path], shipped=False, trees=True)
    assert rules.problems == ()
    told: dict[str, list[str]] = {case["says"]: [] for case in CASES}
    for fault in faults(rules):
        told[fault.rule].append(f"{fault.kind}: {fault.message}")
    assert told == {case["says"]: case["faults"] for case in CASES}


def test_ours_ask_for_what_aws_has() -> None:
    assert faults(load_rules(trees=True)) == []

"""What mends a check in Terraform's configuration: for each check with a remedy, the edit, or why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demarcate.changes.templates import Patch, patch_of
from demarcate.estate.sources.interface import Options
from tests.changes.terraform_cases import Case, cases, write

ASKED: dict[str, Any] = {
    "days": 365,
    "seconds": 7776000,
    "noncurrent_days": 30,
    "rotation_days": 30,
    "lock_days": 7,
    "hops": 2,
    "traffic": "ALL",
    "policy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
}


def asked() -> dict[str, Any]:
    """What remedies ask for: an ARN, where nothing else is said."""
    names = {name for case in cases().values() for name in case.check.remedy.asks}
    return {name: ASKED.get(name, "arn:aws:x:eu-west-1:123456789012:thing") for name in names}


def patched(folder: Path, several: list[Case]) -> Patch:
    path = write(folder, several)
    only = {(case.check.id, case.address) for case in several}
    return patch_of([str(path)], Options(), [case.check.id for case in several], only=only, asked=asked())

"""The line, the checks and the exam speak of one model: over every setting that they name, none denies another."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from demarcate.checks.catalog import SHIPPED
from demarcate.checks.engine import judge
from demarcate.checks.structs import Written
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from demarcate.exam.parties import Setting, settings
from demarcate.model import load
from demarcate.model.structs import Responsibility
from demarcate.posture.line import line_checks
from tests.checks.examples import ACCOUNT, MOMENT, region_of, row_of, written_checks

MODEL = load()
LINE = line_checks(MODEL)

OF_VERSIONS: dict[str, list[str]] = {"runtime": ["python3.14", "python3.8"]}
"""Values that no condition names, and by which it looks up a fact."""


def values(of: str, conditions: list[str]) -> dict[str, list[Any]]:
    """Every column that conditions over a table use, with the values that they tell apart and one more."""
    told: dict[str, list[Any]] = {}
    for column in table(of).columns:
        using = [text for text in conditions if re.search(rf"\b{column.name}\b", text)]
        if using and column.type == "BOOLEAN":
            told[column.name] = [True, False]
        elif using and column.type == "VARCHAR":
            named = re.findall(
                rf"\b{column.name}\b\s*(?:=|<>|(?:NOT )?LIKE|(?:NOT )?IN \()([^)]*?)(?:\)| AND| OR|$)",
                " OR ".join(using),
            )
            named += re.findall(rf"_with\({column.name}, ([^)]*)\)", " OR ".join(using))
            texts = {text.replace("%", "x") for each in named for text in re.findall(r"'([^']*)'", each)}
            told[column.name] = sorted({*texts, *OF_VERSIONS.get(column.name, ["other"])})
    return told


def sides(of: str, rows: list[dict[str, Any]]) -> list[dict[str, set[str]]]:
    """For each row the responsibilities that hold, do not, or may, of those that speak of its table."""
    checks = [
        check for check in LINE.values() if check.table == of and check.responsibility in MODEL.responsibility
    ]
    with SnapshotWriter("live", "settings", moment=MOMENT) as writer:
        part = writer.part(
            table(of), [column.name for column in table(of).all_columns], ACCOUNT, region_of(table(of))
        )
        part.append([row_of(table(of), row) | {"resource": str(number)} for number, row in enumerate(rows)])
        part.seal()
        snapshot = writer.finish()
    told: list[dict[str, set[str]]] = [{"pass": set(), "fail": set(), "unknown": set()} for _ in rows]
    for finding in judge(snapshot, checks, passes=True).findings():
        assert finding.resource is not None
        told[int(finding.resource)][finding.verdict].add(finding.responsibility)
    return told


CASES = [(case, of) for case in settings() for of in case.tables]


@pytest.mark.parametrize(("case", "of"), CASES, ids=lambda it: it if isinstance(it, str) else it.id)
def test_a_job_that_changes_hands_is_one_partys_whatever_the_settings(case: Setting, of: str) -> None:
    """Two halves never hold at once, and what is known decides. That nobody has the job is said by `NOBODYS`."""
    told = values(of, [when.predicate for _, _, when in case.sides(MODEL) if when.table == of])
    assert told
    rows = [dict(zip(told, row, strict=True)) for row in itertools.product(*told.values())]
    for row, side in zip(rows, sides(of, rows), strict=True):
        aws, customer = side["pass"] & {*case.aws}, side["pass"] & {*case.customer}
        assert not (aws and customer), row
        assert not side["unknown"] & {*case.aws, *case.customer}, row
        if not aws and not customer:
            assert any(set(row.items()) >= set(nobodys.items()) for nobodys in NOBODYS.get(case.id, [])), row


NOBODYS: dict[str, list[dict[str, Any]]] = {
    "lambda-runtime": [
        # AWS has stopped to patch it. What is left to its owner is to leave it.
        {"package_type": "Zip", "runtime": "python3.8"},
        # No package and no mode of AWS's.
        {"package_type": "other"},
        {"update_runtime_on": "other"},
    ],
    # A customer managed key with KMS's material: its owner switches rotation on, and KMS carries it out.
    "key-material": [{"key_manager": "CUSTOMER", "origin": "AWS_KMS"}, {"key_manager": "other"}],
    "key-policy": [{"key_manager": "other"}],
}
"""Settings in which a job is neither's: those that do not exist, and those where it is no job any more."""


def _over_its_table(responsibility: Responsibility, of: str) -> bool:
    return any(when.table == of for when in responsibility.when)


JUDGED = [
    check
    for check in written_checks(SHIPPED)
    if _over_its_table(MODEL.responsibility[check.responsibility], check.table)
]


@pytest.mark.parametrize("check", JUDGED, ids=lambda check: check.id)
def test_no_check_finds_fault_with_whom_the_line_leaves_alone(check: Written) -> None:
    """`assess` and `who --resource`: what fails is the job of somebody, for this very resource."""
    rows = [
        {k: v for k, v in row.items() if k not in ("with", "unread", "resource")} for row in check.examples.fails
    ]
    for row, side in zip(rows, sides(check.table, rows), strict=True):
        assert check.responsibility in side["pass"] | side["unknown"], row

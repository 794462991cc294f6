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
from demarcate.exam.parties import settings
from demarcate.model import load
from demarcate.model.structs import Responsibility
from demarcate.posture.line import line_checks
from tests.checks.examples import ACCOUNT, MOMENT, region_of, row_of, written_checks
from tests.each import each

MODEL = load()
LINE = line_checks(MODEL)

OF_FACTS: dict[str, list[str]] = {
    "runtime": ["python3.14", "python3.8"],
    "addon_name": ["vpc-cni", "metrics-server", "other"],
}
"""Values that no condition names, and by which it looks up a fact."""


def values(of: str, conditions: list[str]) -> dict[str, list[Any]]:
    """Every column that conditions over a table use, with the values that they tell apart and one more."""
    told: dict[str, list[Any]] = {}
    for column in table(of).columns:
        using = [text for text in conditions if re.search(rf"\b{column.name}\b", text)]
        if using and column.type == "BOOLEAN":
            told[column.name] = [True, False]
        elif using and column.type == "VARCHAR[]":
            texts = {text for each in using for text in re.findall(r"'([^']*)'", each)}
            told[column.name] = [[], *([text] for text in sorted(texts)), ["other"]]
        elif using and column.type == "VARCHAR":
            named = re.findall(
                rf"\b{column.name}\b\s*(?:=|<>|(?:NOT )?LIKE|(?:NOT )?IN \()([^)]*?)(?:\)| AND| OR|$)",
                " OR ".join(using),
            )
            named += re.findall(rf"_with\({column.name}, ([^)]*)\)", " OR ".join(using))
            texts = {text.replace("%", "x") for each in named for text in re.findall(r"'([^']*)'", each)}
            told[column.name] = sorted({*texts, *OF_FACTS.get(column.name, ["other"])})
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


Pair = tuple[str, str, tuple[str, ...], tuple[str, ...]]
"""A name, a table, and the responsibilities of AWS and of the customer that share one job of its rows."""

PAIRS: list[Pair] = [
    *((case.id, of, case.aws, case.customer) for case in settings() for of in case.tables),
    *(
        (name, of, (f"patch-management.{aws}",), (f"patch-management.{customer}",))
        for name, of, aws, customer in (
            ("database-system", "aws_rds_db_instance", "patch-managed-database-os", "patch-rds-custom"),
            ("database-system", "aws_rds_db_cluster", "patch-managed-database-os", "patch-rds-custom"),
            ("node-image", "aws_eks_node_group", "build-eks-node-images", "build-own-eks-node-images"),
            ("addon", "aws_eks_addon", "build-eks-addons", "patch-eks-custom-addons"),
            ("guest-system", "aws_ec2_instance", "patch-managed-instances", "patch-guest-os"),
            ("job-host", "aws_batch_compute_environment", "patch-fargate-hosts", "patch-guest-os"),
            ("minor-version", "aws_mq_broker", "apply-minor-upgrades-automatically", "apply-minor-upgrades"),
            ("task-host", "aws_ecs_task_definition", "patch-fargate-hosts", "patch-ecs-instances"),
        )
    ),
    (
        "kept-material",
        "aws_kms_key",
        ("encryption.protect-key-material",),
        ("encryption.safeguard-own-key-material",),
    ),
]


@pytest.mark.parametrize(
    ("name", "of", "aws", "customer"), PAIRS, ids=lambda it: it if isinstance(it, str) else ""
)
def test_a_job_that_changes_hands_is_one_partys_whatever_the_settings(
    name: str, of: str, aws: tuple[str, ...], customer: tuple[str, ...]
) -> None:
    """Two halves never hold at once, and what is known decides; each has the job in some settings."""
    halves = {*aws, *customer}
    told = values(of, [c.predicate for c in LINE.values() if c.table == of and c.responsibility in halves])
    assert told
    rows = [dict(zip(told, row, strict=True)) for row in itertools.product(*told.values())]
    parties = set()
    for row, side in zip(rows, sides(of, rows), strict=True):
        owed = ("aws" if side["pass"] & {*aws} else "") + ("customer" if side["pass"] & {*customer} else "")
        parties.add(owed)
        assert owed != "awscustomer", row
        assert not side["unknown"] & halves or row.get("addon_name") == "other", row
        assert owed or any(row.items() >= nobodys.items() for nobodys in NOBODYS.get(name, [])), row
    assert parties >= {"aws", "customer"}


@pytest.mark.parametrize("of", sorted({check.table for check in LINE.values()}))
def test_what_is_unknown_of_a_row_stays_unknown(of: str) -> None:
    (side,) = sides(of, [{}])
    assert not side["pass"] and not side["fail"]


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
    # Nobody is known to own it.
    "addon": [{"owner": "", "addon_name": "other"}],
}
"""Settings in which a job is neither's: those that do not exist, and those where it is no job any more."""


def _over_its_table(responsibility: Responsibility, of: str) -> bool:
    return any(when.table == of for when in responsibility.when)


def judged() -> dict[str, list[Written]]:
    """By table, the checks of which the line speaks."""
    told: dict[str, list[Written]] = {}
    for check in written_checks(SHIPPED):
        if _over_its_table(MODEL.responsibility[check.responsibility], check.table):
            told.setdefault(check.table, []).append(check)
    return told


@each(("of", "checks"), lambda: judged().items(), ids=lambda part: part if isinstance(part, str) else len(part))
def test_no_check_finds_fault_with_whom_the_line_leaves_alone(of: str, checks: list[Written]) -> None:
    """`assess` and `who --resource`: what fails is the job of somebody, for this very resource."""
    rows = [
        (check, {k: v for k, v in row.items() if k not in ("with", "unread", "resource")})
        for check in checks
        for row in (check.examples.fails if check.examples else ())
    ]
    for (check, row), side in zip(rows, sides(of, [row for _, row in rows]), strict=True):
        assert check.responsibility in side["pass"] | side["unknown"], (check.id, row)

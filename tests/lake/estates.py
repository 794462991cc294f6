"""Lakes of generated accounts: rows that authors of checks say pass, fail and are unknown, in any mixture."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from demarcate.checks.catalog import SHIPPED
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check, Example
from demarcate.checks.tagging import tally_by_tag
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from demarcate.model import load
from demarcate.posture.assess import assess_snapshot
from demarcate.posture.assessment import Assessment
from demarcate.posture.line import drawn_by
from demarcate.posture.structs import Posture
from tests.checks.examples import MOMENT, region_of, row_of, shipped, written_checks

TABLES = ("aws_ebs_volume", "aws_eks_cluster", "aws_lambda_function", "aws_vpc_security_group_rule")

TAG, TEAMS = "team", ("red", "blue")
"""A tag, and its values: one of each few resources has none."""


@cache
def checks() -> dict[str, Check]:
    """The checks of these tables, but for those that look into others."""
    return {
        name: check for name, check in shipped().items() if check.table in TABLES and set(check.tables) <= known()
    }


@cache
def known() -> set[str]:
    """The tables, and those that facts fill."""
    return {*TABLES, *(name for check in shipped().values() for name in check.tables if table(name).facts)}


@cache
def _examples() -> dict[str, list[Example]]:
    rows: dict[str, list[Example]] = {name: [] for name in TABLES}
    for written in written_checks(SHIPPED):
        if written.table in rows and written.examples is not None:
            rows[written.table] += [
                example
                for example in (*written.examples.passes, *written.examples.fails, *written.examples.unknown)
                if not {"with", "unread", "resource"} & example.keys()
            ]
    return rows


def account_of(number: int) -> str:
    return f"{100_000_000_000 + number}"


def _tagged(name: str, number: int) -> dict[str, dict[str, str]]:
    """A resource's tags, where its table has them."""
    team = (*TEAMS, None)[number % 3]
    return {"tags": {TAG: team}} if team is not None and table(name).column("tags") is not None else {}


def write(folder: Path, number: int) -> Path:
    """A snapshot of one account, which is the same for the same number."""
    account, chance = account_of(number), random.Random(number)  # noqa: S311
    with SnapshotWriter("live", account, out=folder, moment=MOMENT) as writer:
        for name, examples in _examples().items():
            of = table(name)
            part = writer.part(of, [column.name for column in of.all_columns], account, region_of(of))
            drawn = chance.sample(examples, chance.randrange(1, min(6, len(examples))))
            part.append(
                row_of(of, example, account) | {"resource": f"{name}/{n}"} | _tagged(name, number + n)
                for n, example in enumerate(drawn)
            )
            part.seal()
        denied = Unread(
            kind=Kind.DENIED, reason="access denied", table=TABLES[number % 4], account=account, region="r"
        )
        writer.unread(*[denied] * (number % 3 == 0))
        writer.finish()
    return folder


def make(folder: Path, accounts: int) -> Path:
    """A lake of so many accounts."""
    for number in range(accounts):
        write(folder / account_of(number), number)
    return folder


def part_of(lake: Path, number: int, name: str = "aws_ebs_volume") -> Path:
    """The file of rows of a table of an account."""
    (file,) = (lake / account_of(number) / "tables" / name).iterdir()
    return file


def spoil(lake: Path) -> None:
    """A part that is missing, one that is cut, and one that is rotten, each of another account."""
    part_of(lake, 1).unlink()
    cut = part_of(lake, 2)
    cut.write_bytes(cut.read_bytes()[:-8])
    rotten = part_of(lake, 3)
    data = rotten.read_bytes()
    rotten.write_bytes(b"PAR1" + b"\xff" * (len(data) - 200) + data[-196:])


def over_all(lake: Path) -> tuple[list[Finding], Posture]:
    """What one database makes of all accounts of a lake: findings with passes, and the posture."""
    from demarcate.checks.engine import judge

    joined = Snapshot.joined([Snapshot.open(folder) for folder in sorted(lake.iterdir())])
    model = load()
    judged = judge(joined, checks().values(), counted=drawn_by(model, joined), passes=True)
    tagged = {TAG: tally_by_tag(judged.snapshot, judged, TAG)}
    posture = assess_snapshot(model, judged.snapshot, checks(), judged, tagged=tagged, named=True)
    return list(judged.findings()), posture


def rows(assessment: Assessment) -> list[Finding]:
    """All findings of an assessment, with passes."""
    return list(assessment.judgement.findings())


def of(findings: list[Finding], *left_out: str) -> list[Finding]:
    """Findings that can be compared: in one order, without those of some accounts."""
    return sorted((each for each in findings if each.account not in left_out), key=str)

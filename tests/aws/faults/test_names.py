"""Names and moments in AWS's answers that none can have: files and hosts are named after accounts and regions."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.sources.accounts import Accounts
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table
from tests.aws.answers.answering import Answer, answer, read
from tests.aws.answers.asking import Asked
from tests.aws.answers.server import Fault
from tests.aws.faults.seeing import ACCOUNT, REGION
from tests.aws.faults.world import WHO, World

ODD = ("/../../../../x", "../12345678901", "12345678901", "1234567890123", "", "١٢٣٤٥٦٧٨٩٠١٢", "*", "a" * 10_000)


def collect(world: World, out: Path, **given: Any) -> Snapshot:
    options = Options(session=world.session, endpoint_url=world.server.url, **given)
    return collect_snapshot(
        ["aws"],
        options,
        selection={"aws_ebs_volume": None},
        out=out,
    )


def instead(change: Callable[[dict[str, Any]], None]) -> Fault:
    """The true answer, but for what is changed in it."""

    def fault(asked: Asked, true: Callable[[], Answer]) -> Answer:
        result = read(asked, true())
        change(result)
        return answer(asked, result)

    return fault


@pytest.mark.parametrize("id", ODD)
def test_an_account_that_none_can_have(world: World, id: str, tmp_path: Path) -> None:
    fault = instead(lambda result: result.update(Account=id))
    with world.with_faults({WHO: fault}), pytest.raises(DemarcateError, match="12 digits") as error:
        collect(world, tmp_path / "out" / "s", regions=(REGION,))
    assert len(str(error.value)) < 1000
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arn", ["", "x", "arn:../..:sts::123456789012:user/a", "arn:aws@example.com:sts::1:a"])
def test_a_partition_that_none_can_have(world: World, arn: str, tmp_path: Path) -> None:
    fault = instead(lambda result: result.update(Arn=arn))
    with world.with_faults({WHO: fault}), pytest.raises(DemarcateError, match="12 digits"):
        collect(world, tmp_path / "s", regions=(REGION,))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["/../../x", "eu-west-1.example.com/", "eu-west-1/../..", "*", "EU-WEST-1", "@"])
def test_a_region_that_none_can_have(world: World, name: str, tmp_path: Path) -> None:
    def fault(asked: Asked, _: Callable[[], Answer]) -> Answer:
        return answer(asked, {"Regions": [{"RegionName": name}, {"RegionName": REGION}]})

    with world.with_faults({"ec2.describe_regions": fault}):
        snapshot = collect(world, tmp_path / "s")
    (gap,) = [gap for gap in snapshot.unread if gap.operation == "ec2:DescribeRegions"]
    assert re.search("is no region: only .* was read", gap.reason)
    parts = snapshot.manifest.tables["aws_ebs_volume"].parts
    assert [(part.account, part.region) for part in parts] == [(ACCOUNT, REGION)]


@pytest.mark.parametrize("id", ["/../../../../x", "12345678901"])
def test_a_member_that_none_can_be(world: World, id: str, tmp_path: Path) -> None:
    fault = instead(
        lambda result: result["Accounts"].append({"Id": id, "Arn": "", "Name": "x", "Status": "ACTIVE"})
    )
    with world.with_faults({"organizations.list_accounts": fault}):
        snapshot = collect(world, tmp_path / "s", regions=(REGION,), accounts=Accounts(organization=True))
    (gap,) = [gap for gap in snapshot.unread if gap.operation == "organizations:ListAccounts"]
    assert (gap.account, repr(id) in gap.reason) == (ACCOUNT, True)
    assert ACCOUNT in {note.id for note in snapshot.manifest.accounts}
    assert id not in {note.id for note in snapshot.manifest.accounts}


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00"]
)
def test_a_moment_at_the_ends_of_time(world: World, moment: str, tmp_path: Path) -> None:
    def fault(_: Asked, true: Callable[[], Answer]) -> Answer:
        given = true()
        body = re.sub(rb"<createTime>[^<]*<", b"<createTime>" + moment.encode() + b"<", given.body)
        return given.but(body=body)

    with world.with_faults({"ec2.describe_volumes": fault}):
        snapshot = collect(world, tmp_path / "s", regions=(REGION,))
    rows = list(rows_of(snapshot, table("aws_ebs_volume"), ["create_time", "_unknown"]))
    assert rows
    for row in rows:
        known = row["create_time"] is not None
        assert known == (moment == "0001-01-01T00:00:00")
        assert known or "is not a date" in row["_unknown"]

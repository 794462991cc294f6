"""Faults in one place: who is asked, which regions there are, and one region of two."""

from __future__ import annotations

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from tests.aws.faults.kinds import KINDS, REPEATS, denied, in_region
from tests.aws.faults.seeing import ACCOUNT, REGION, see
from tests.aws.faults.world import WHO, World

OTHER = "us-east-1"
TABLES = ("aws_ebs_volume", "aws_cloudtrail_trail", "aws_account")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != REPEATS])
def test_who_is_asked_is_not_answered(world: World, kind: str) -> None:
    """Nothing can be read then: one message that names the call, and exit code 2."""
    with (
        world.with_faults({WHO: KINDS[kind][0]}),
        pytest.raises(DemarcateError, match=r"AWS|sts:GetCallerIdentity"),
    ):
        collect_snapshot(
            ["aws"],
            Options(session=world.session, regions=(REGION,), endpoint_url=world.server.url),
            selection={"aws_ebs_volume": None},
        )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != REPEATS])
def test_which_regions_there_are_is_not_answered(world: World, kind: str) -> None:
    """One region is read. What holds for the account as a whole is not known, and nothing says otherwise."""
    with world.with_faults({"ec2.describe_regions": KINDS[kind][0]}):
        snapshot = collect_snapshot(
            ["aws"],
            Options(session=world.session, endpoint_url=world.server.url),
            selection={
                "aws_account": None,
                "aws_cloudtrail_trail": None,
                "aws_cloudwatch_alarm": None,
                "aws_cloudwatch_log_metric_filter": None,
            },
        )
    (unread,) = snapshot.unread
    assert (unread.account, unread.operation) == (ACCOUNT, "ec2:DescribeRegions")
    findings = see(snapshot, (), ["cloudtrail-s3-object-reads"]).findings["cloudtrail-s3-object-reads"]
    (told,) = findings.values()
    assert told.verdict == "unknown", "a trail in another region may record it"
    assert "ec2:DescribeRegions" in told.reason


def test_one_region_of_two_is_denied(world: World) -> None:
    faults = {operation: in_region(OTHER, denied) for operation in ("ec2.describe_volumes", "kms.list_keys")}
    with world.with_faults(faults):
        snapshot = collect_snapshot(
            ["aws"],
            Options(
                session=world.session,
                regions=(
                    REGION,
                    OTHER,
                ),
                endpoint_url=world.server.url,
            ),
            selection={"aws_ebs_volume": None, "aws_kms_key": None},
        )
    assert {(gap.table, gap.region) for gap in snapshot.unread} == {
        ("aws_ebs_volume", OTHER),
        ("aws_kms_key", OTHER),
    }
    seen = see(snapshot, (), ["ebs-volume-encrypted"], passes=True)
    findings = seen.findings["ebs-volume-encrypted"]
    calm = world.calm.findings["ebs-volume-encrypted"]
    assert {place: told for place, told in findings.items() if place[1] == REGION} == calm
    (told,) = (told for place, told in findings.items() if place[1] == OTHER)
    assert f"{ACCOUNT} {OTHER} ec2:DescribeVolumes: access denied" in told.reason

"""A finding is judged again as it is now: what could not be read is unknown, and only what was read can be gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import make_change
from demarcate.changes.verifying import GONE, checks_of, verify
from demarcate.checks.catalog import load_checks
from demarcate.estate.sources.interface import Options
from tests.aws.conftest import REGION, Aws
from tests.aws.endless import VOLUMES, Server
from tests.changes.cases import options
from tests.changes.fakes import step
from tests.changes.test_reach import ERROR

CHECK = "ebs-volume-encrypted"


def volumes(*ids: str) -> Any:
    """A change about findings of volumes."""
    return make_change("encrypt", "findings", "a test", [step(id, checks=(CHECK,), findings=(id,)) for id in ids])


def test_what_could_not_be_read_is_not_gone(endless: Server, aws: Aws) -> None:
    def denied(asked: Any) -> None:
        text = ERROR.format("UnauthorizedOperation")
        asked.send_response(403)
        asked.send_header("Content-Length", str(len(text)))
        asked.end_headers()
        asked.wfile.write(text.encode())

    told = Options(session=aws.session, regions=(REGION,), endpoint_url=endless.url)
    for answer, verdict in ((denied, "unknown"), (lambda asked: asked.text(VOLUMES.format("", "")), GONE)):
        endless.answers["DescribeVolumes"] = answer
        (item,) = verify(volumes("f-1"), checks_of(volumes("f-1")), told)
        assert (item.verdict, item.finding) == (verdict, "f-1")
        assert ("ec2:DescribeVolumes: access denied" in item.reason) == (verdict == "unknown")


def test_two_findings_of_one_step(aws: Aws) -> None:
    """A call that mends several findings of one check is verified for each of them."""
    ec2 = aws.client("ec2")
    for _ in range(2):
        ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)
    from demarcate.checks.engine import judge

    with aws.snapshot("aws_ebs_volume") as snapshot:
        judgement = judge(snapshot, [load_checks()[CHECK]])
        ids = tuple(finding.id for finding in judgement.findings())
        judgement.close()
    assert len(ids) == 2
    both = make_change("encrypt", "findings", "a test", [step("v", checks=(CHECK, CHECK), findings=ids)])
    assert [item.verdict for item in verify(both, checks_of(both), options(aws))] == ["fail", "fail"]


def test_a_check_that_is_not_there() -> None:
    own = make_change("own", "findings", "a test", [step("v", checks=("own-check",), findings=("f",))])
    with pytest.raises(DemarcateError, match=r"there is no check 'own-check': name the folder that has it"):
        checks_of(own)
    with pytest.raises(DemarcateError):
        checks_of(own, [Path("no-such-folder")])

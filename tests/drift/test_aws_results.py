"""What AWS's own services say of drift, and who changed what, beside what a comparison finds."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from demarcate.drift.aws_results import DRIFTED, IN_SYNC, results_of, with_results
from demarcate.drift.causes import HISTORY, with_causes
from demarcate.drift.comparing import compare
from demarcate.drift.structs import Cause, Comparison
from demarcate.estate.sources.interface import Options
from demarcate.report import drift as report
from demarcate.report.console import Console
from demarcate.report.out import Out
from tests.aws.conftest import Aws, aws, endless, server
from tests.aws.endless import Server
from tests.drift.test_comparing import ACCOUNT, REGION, live, volume
from tests.estate.test_tables import operation_model

__all__ = ["aws", "endless", "server"]

HERE = {"account_id": ACCOUNT, "region": REGION}
THEN = datetime(2026, 10, 20, 12, tzinfo=UTC)


def compared(now: Any) -> Comparison:
    return replace(compare(live(volume("vol-1")), now), aws=results_of(now))


def test_statuses_are_told_as_they_are_and_the_worst_first() -> None:
    stacks = [
        {**HERE, "name": "shop", "stack_drift_status": "IN_SYNC", "drift_last_check_timestamp": THEN},
        {**HERE, "name": "site", "stack_drift_status": "DRIFTED", "drift_last_check_timestamp": THEN},
        {**HERE, "name": "new", "stack_drift_status": "NOT_CHECKED", "drift_last_check_timestamp": None},
        {**HERE, "name": "dark", "stack_drift_status": None, "drift_last_check_timestamp": None},
    ]
    unit = "arn:aws:organizations::1:ou/o-1/ou-1"
    baselines = [
        {**HERE, "target_identifier": unit, "inheritance_drift_status": "", "source_drift_status": "DRIFTED"}
    ]
    comparison = compared(
        live(
            volume("vol-1"),
            tables={"aws_cloudformation_stack": stacks, "aws_controltower_enabled_baseline": baselines},
        )
    )
    told = [(result.by, result.resource, result.status, result.in_sync) for result in comparison.aws or ()]
    assert told[:2] == [
        ("CloudFormation", "site", "DRIFTED", False),
        ("Control Tower, source", unit, "DRIFTED", False),
    ]
    assert ("CloudFormation", "new", "NOT_CHECKED", None) in told
    assert ("CloudFormation", "dark", "not known", None) in told
    assert [result.reason for result in comparison.aws or () if result.by == "Config"] == [
        "aws_config_rule was not collected"
    ]
    assert not comparison.drifted  # it is AWS's result, and not ours
    text, document = io.StringIO(), io.StringIO()
    report.write(comparison, Console(Out(text)))
    lines = " ".join(text.getvalue().split())
    assert f"CloudFormation: site ({ACCOUNT}, {REGION}) DRIFTED, as of 2026-10-20T12:00:00+00:00" in lines
    assert "CloudFormation: 1 IN_SYNC" in lines
    report.write_json(comparison, Out(document))
    assert [item["resource"] for item in json.loads(document.getvalue())["aws"]][:2] == ["site", unit]


def test_statuses_are_those_of_aws() -> None:
    shapes = [
        operation_model(operation).service_model.shape_for(name).enum
        for operation, name in (
            ("cloudformation.describe_stacks", "StackDriftStatus"),
            ("config.describe_compliance_by_config_rule", "ComplianceType"),
            ("controltower.get_landing_zone", "LandingZoneDriftStatus"),
            ("controltower.list_enabled_controls", "DriftStatus"),
        )
    ]
    known = {status for enum in shapes for status in enum} | {"Success", "Failed"}
    assert known >= IN_SYNC | DRIFTED
    assert not IN_SYNC & DRIFTED


def test_only_what_is_needed_is_read_for_them() -> None:
    selection = with_results({"aws_config_rule": None, "aws_ebs_volume": frozenset({"size"})})
    assert selection["aws_config_rule"] is None
    assert selection["aws_ebs_volume"] == frozenset({"size"})
    assert selection["aws_ssm_association"] == frozenset({"association_id", "status", "last_execution_date"})


def test_config_says_when_it_recorded_what_drifted(endless: Server, aws: Aws) -> None:
    """Beside CloudTrail. What neither has is no cause; what may not be read is told."""
    item = {"configurationItemCaptureTime": THEN.timestamp(), "configurationItemStatus": "OK"}
    answers: list[Any] = [({"configurationItems": [item]}, 200)]
    answers += [({"__type": "ResourceNotDiscoveredException"}, 400)] * 2
    answers += [({"__type": "AccessDeniedException"}, 400)]

    def history(asked: Any) -> None:
        body, status = answers.pop(0)
        text = json.dumps(body)
        asked.send_response(status)
        asked.send_header("Content-Length", str(len(text)))
        asked.end_headers()
        asked.wfile.write(text.encode())

    endless.answers["LookupEvents"] = lambda asked: asked.text('{"Events": []}')
    endless.answers["GetResourceConfigHistory"] = history
    comparison = compare(live(volume("vol-1")), live(volume("vol-1", size=9)))
    (drift,) = comparison.drifts
    mine = replace(comparison, drifts=(replace(drift, account="123456789012"),))
    how = Options(session=aws.session, regions=(REGION,), endpoint_url=endless.url)
    causes = [with_causes(mine, how).drifts[0].causes for _ in range(3)]
    assert causes == [
        (Cause(event="OK", by="AWS Config", at="2026-10-20T12:00:00+00:00"),),
        (),
        (Cause(event=HISTORY, by="could not be read: access denied (AccessDeniedException)", at=""),),
    ]
    assert answers == []

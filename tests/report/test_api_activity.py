"""Events of CloudTrail as OCSF's API Activity: as its public schema has it, whatever the event lacks."""

from __future__ import annotations

from typing import Any

import pytest

from demarcate.report.api_activity import event
from demarcate.report.ocsf import METADATA
from tests.report.standards import of_ocsf

LEAST: dict[str, Any] = {"event_time": "2026-11-29T02:10:00Z", "event_id": "e", "event_name": "GetObject"}

CASES: list[tuple[dict[str, Any], str, Any]] = [
    ({}, "activity_name", "Read"),
    ({}, "status", "Success"),
    ({}, "actor", {"app_name": "unknown"}),
    ({}, "src_endpoint", {"svc_name": "unknown"}),
    ({"event_id": None}, "metadata", {**METADATA, "event_code": LEAST["event_name"]}),
    ({"event_name": "RunInstances"}, "type_uid", 600301),
    ({"event_name": "PutBucketPolicy"}, "activity_name", "Update"),
    ({"event_name": "DeleteTrail"}, "activity_id", 4),
    ({"event_name": "AssumeRole"}, "type_uid", 600399),
    ({"source_ip_address": "2001:db8::1"}, "src_endpoint", {"ip": "2001:db8::1"}),
    (
        {"source_ip_address": "cloudformation.amazonaws.com"},
        "src_endpoint",
        {"svc_name": "cloudformation.amazonaws.com"},
    ),
    ({"error_code": "AccessDenied"}, "status_id", 2),
    (
        {
            **{"user_identity_type": "AssumedRole", "user_identity_account_id": "111122223333", "request_id": "r"},
            **{"user_identity_user_name": "ann", "user_identity_invoked_by": "athena.amazonaws.com"},
            **{"recipient_account_id": "111122223333", "aws_region": "eu-west-1", "user_agent": "aws-cli/2"},
            **{"event_source": "s3.amazonaws.com", "error_code": "AccessDenied", "error_message": "no"},
        },
        *("status", "Failure"),
    ),
    ({"user_identity_arn": "arn:aws:iam::1:root"}, "actor", {"user": {"uid": "arn:aws:iam::1:root"}}),
]


@pytest.mark.parametrize(("more", "name", "expected"), CASES)
def test_an_event(more: dict[str, Any], name: str, expected: Any) -> None:
    told = event({**LEAST, **more})
    assert told[name] == expected
    assert of_ocsf(told) == []

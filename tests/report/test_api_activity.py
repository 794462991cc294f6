"""Events of CloudTrail as OCSF's API Activity: what the class requires is there, whatever the event lacks.

https://schema.ocsf.io/1.6.0/classes/api_activity: its required attributes, and the constraints of its objects.
"""

from __future__ import annotations

from typing import Any

import pytest

from demarcate.report.api_activity import event

LEAST: dict[str, Any] = {"event_time": "2026-11-29T02:10:00Z", "event_id": "e", "event_name": "GetObject"}

REQUIRED = {
    *("activity_id", "actor", "api", "category_uid", "class_uid", "cloud", "metadata", "severity_id"),
    *("src_endpoint", "time", "type_uid"),
}

CASES: list[tuple[dict[str, Any], str, Any]] = [
    ({}, "activity_name", "Read"),
    ({}, "status", "Success"),
    ({}, "actor", {"app_name": "unknown"}),
    ({}, "src_endpoint", {"svc_name": "unknown"}),
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
    ({"user_identity_arn": "arn:aws:iam::1:root"}, "actor", {"user": {"uid": "arn:aws:iam::1:root"}}),
]


@pytest.mark.parametrize(("more", "name", "expected"), CASES)
def test_an_event(more: dict[str, Any], name: str, expected: Any) -> None:
    told = event({**LEAST, **more})
    assert told[name] == expected
    assert told.keys() >= REQUIRED
    assert told["type_uid"] == told["class_uid"] * 100 + told["activity_id"]
    assert told["actor"].keys() & {"user", "app_name"}
    assert told["api"]["operation"] and told["api"]["service"]["name"] and told["cloud"]["provider"]
    assert told["metadata"]["product"] and told["metadata"]["version"] == "1.6.0"

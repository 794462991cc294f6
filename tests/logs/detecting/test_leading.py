"""Where a detection leads: the rows of a snapshot that it is about, and whom they name."""

from __future__ import annotations

import msgspec

from demarcate.logs.detecting.leading import Lead, leads
from demarcate.logs.detecting.structs import Detection
from tests.checks.test_engine import snapshot

DETECTION = Detection(
    id="0123456789abcdef",
    rule="1",
    name="mine",
    title="Mine",
    level="high",
    responsibility="logging-and-monitoring.protect-logs",
    entity="arn:aws:iam::111122223333:user/eve",
    window="2026-01-01T00:00:00Z",
    seconds=86_400,
    first="2026-01-01T00:00:00Z",
    last="2026-01-01T00:00:00Z",
    count=1,
)


CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/c"


def test_it_leads_to_rows_owners_and_operators() -> None:
    certificate = {
        "resource": CERTIFICATE,
        "account_id": "111122223333",
        "region": "eu-west-1",
        "tags": {"Owner": "ann@example.com", "x": "y"},
        "managed_by": "CLOUDFRONT",
    }
    other = {**certificate, "resource": f"{CERTIFICATE}2"}
    named = msgspec.structs.replace(DETECTION, resources=(CERTIFICATE, "arn:aws:s3:::nobody"))
    with snapshot({"aws_acm_certificate": [certificate, other]}) as made:
        lead = Lead(
            resource=CERTIFICATE, table="aws_acm_certificate", owners=("ann@example.com",), operator="CLOUDFRONT"
        )
        assert leads([named, msgspec.structs.replace(DETECTION, id="other")], made) == {
            named.id: (lead,),
            "other": (),
        }

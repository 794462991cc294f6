"""In how many days a bucket's lifecycle rules expire all objects, in the API's form and in a template's."""

from __future__ import annotations

from typing import Any

import pytest

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables.s3 import BUCKET

ON = {"Status": "Enabled"}
WHY = Unknown(Kind.PARAMETER, "no value")


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ([], 0),
        ([{**ON, "Filter": {"Prefix": ""}, "Expiration": {"Days": 90}}], 90),
        ([{**ON, "Expiration": {"Days": 90}}, {**ON, "Expiration": {"Days": 30}}], 30),
        ([{"Status": "Disabled", "Expiration": {"Days": 90}}], 0),
        ([{**ON, "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}], 0),
        ([{**ON, "Prefix": "tmp/", "Expiration": {"Days": 1}}], 0),
        ([{**ON, "Filter": {"And": {"Tags": [{"Key": "a", "Value": "b"}]}}, "Expiration": {"Days": 1}}], 0),
        ([{**ON, "Filter": {"ObjectSizeGreaterThan": 100}, "Expiration": {"Days": 1}}], 0),
        ([{**ON, "Expiration": {"ExpiredObjectDeleteMarker": True}}], 0),
        ([{**ON, "Expiration": {"Date": "2027-01-01T00:00:00Z"}}], 1),
        ([{**ON, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}], 0),
        ([{**ON, "ExpirationInDays": 400}], 400),
        ([{**ON, "ExpirationInDays": 400, "TagFilters": [{"Key": "a", "Value": "b"}]}], 0),
        ([{**ON, "ExpirationInDays": WHY}], WHY),
        ([{**ON, "ExpirationInDays": 400, "Prefix": WHY}], WHY),
        ([{"Status": WHY, "ExpirationInDays": 400}], WHY),
        ([WHY], WHY),
    ],
)
def test_the_first_rule_for_all_objects_decides(rules: list[Any], days: Any) -> None:
    column = BUCKET.column("expires_after_days")
    place = column.place("live") if column is not None else None
    assert place is not None and place.function is not None
    assert place.function(rules) == days

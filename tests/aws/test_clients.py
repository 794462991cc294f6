"""The clients: where requests go."""

from __future__ import annotations

import pytest
from botocore.awsrequest import AWSRequest

from demarcate.estate.sources.aws.clients import without_prefix


@pytest.mark.parametrize(
    ("asked", "goes_to"),
    [
        ("http://123456789012.127.0.0.1:5000/v20180820/x?a=1", "http://127.0.0.1:5000/v20180820/x?a=1"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000/"),
        ("http://10.127.0.0.1/", "http://127.0.0.1/"),
        ("http://123456789012.localhost:5000/", "http://123456789012.localhost:5000/"),
        ("https://123456789012.s3-control.eu-west-1.amazonaws.com/", None),
        ("https://ec2.eu-west-1.amazonaws.com/", None),
    ],
)
def test_an_address_has_no_names_below_it(asked: str, goes_to: str | None) -> None:
    request = AWSRequest(method="GET", url=asked)
    without_prefix(request)
    assert request.url == (goes_to or asked)

"""Volumes as AWS Config records them: the simplest of resources, for tests that are about other things."""

from __future__ import annotations

from typing import Any

from tests.estate.config.estate import ACCOUNT, REGION, Case, Raw, item


def volume(name: str, *, encrypted: bool = False, **more: Any) -> Raw:
    """A volume's item; `more` are members of the item itself."""
    account, region = more.get("awsAccountId", ACCOUNT), more.get("awsRegion", REGION)
    case = Case(
        type="AWS::EC2::Volume",
        id=name,
        arn=f"arn:aws:ec2:{region}:{account}:volume/{name}",
        configuration={"volumeId": name, "encrypted": encrypted, "size": 8, "volumeType": "gp3"},
        rows={},
    )
    return item(case, **more)

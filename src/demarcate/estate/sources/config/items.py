"""Configuration items, in the one form that snapshots, histories and queries have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from demarcate.base.arn import is_account_id, is_partition, is_region
from demarcate.estate.sources.config.scanning import decode

GLOBAL = "global"
"""The region of what is in none."""

_PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))


class ConfigurationItem(msgspec.Struct, frozen=True):
    """What Config recorded of one resource at one moment."""

    type: str
    account: str
    region: str
    id: str
    arn: str
    status: str
    time: str
    configuration: Any
    supplementary: Mapping[str, Any]
    tags: Any

    @property
    def deleted(self) -> bool:
        """Whether it says that the resource is no more."""
        return self.status.startswith("ResourceDeleted")

    @property
    def recorded(self) -> bool:
        """Whether it has the resource's configuration, and not only that there is such a resource."""
        return self.status != "ResourceNotRecorded"

    @property
    def partition(self) -> str:
        """aws, aws-cn, …: as the ARN has it, or else the region."""
        parts = self.arn.split(":")
        if len(parts) > 2 and is_partition(parts[1]):
            return parts[1]
        return next((name for start, name in _PARTITIONS if self.region.startswith(start)), "aws")


def item_of(raw: Any, account: str = "", region: str = "") -> ConfigurationItem | None:
    """The item that JSON holds; None where it does not say what and where it is.

    `account` and `region` are those of the delivery, for items that do not repeat them, or not as these are written.
    """
    if not isinstance(raw, dict):
        return None
    supplementary = unpacked(raw.get("supplementaryConfiguration"))
    own_account, own_region = _text(raw, "awsAccountId", "accountId"), _text(raw, "awsRegion")
    item = ConfigurationItem(
        type=_text(raw, "resourceType"),
        account=own_account if is_account_id(own_account) else account,
        region=own_region if own_region == GLOBAL or is_region(own_region) else region,
        id=_text(raw, "resourceId"),
        arn=_text(raw, "ARN", "arn"),
        status=_text(raw, "configurationItemStatus"),
        time=_text(raw, "configurationItemCaptureTime"),
        configuration=unpacked(raw.get("configuration")),
        supplementary=supplementary if isinstance(supplementary, dict) else {},
        tags=raw.get("tags"),
    )
    return item if item.type and item.account and item.region and (item.id or item.arn) else None


def _text(raw: Mapping[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := raw.get(name), str)), "")


def unpacked(value: Any) -> Any:
    """What JSON text holds: Config packs objects into text, sometimes twice. Other text stays as it is.

    >>> unpacked('{"status": "Off"}'), unpacked("plain")
    ({'status': 'Off'}, 'plain')
    """
    for _ in range(3):
        if not isinstance(value, str) or value[:1] not in ("{", "[", '"'):
            break
        try:
            value = decode(value)
        except ValueError:
            break
    return value

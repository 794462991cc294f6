"""Where a day's objects lie below a path that its owner gave to a delivery of CloudWatch Logs, as CloudFront fills it.

Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html#send-logs-s3
(variables, Hive, and what stands for a path where none is given) and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html (Hive: key=value). What the
API tells of a delivery to a bucket without a prefix has `AWSLogs/{account-id}/CloudFront/` in it already.
"""

from __future__ import annotations

import re
from typing import Final

USUAL: Final = "AWSLogs/{account-id}/CloudFront/"
"""The path where the bucket has no prefix and the delivery no path."""

_VARIABLE: Final = re.compile(r"\{([A-Za-z-]+)\}")

_MOMENTS: Final = {"yyyy": ("year", "{y}"), "MM": ("month", "{m}"), "dd": ("day", "{d}")}
"""Parts of a moment: what Hive calls each, and what stands for it in `sources.yaml`."""

_HOUR: Final = "HH"


def beginning(path: str, distribution: str, account: str, *, prefix: str, hive: bool) -> str:
    """How the keys of a day's objects begin behind the bucket's prefix; '' where that cannot be told.

    >>> beginning("{DistributionId}/{yyyy}/{MM}/{dd}/{HH}", "E1", "111122223333", prefix="logs/", hive=True)
    'DistributionId=E1/year={y}/month={m}/day={d}/hour='
    >>> beginning("", "E1", "111122223333", prefix="", hive=False)
    'AWSLogs/111122223333/CloudFront/E1.{y}-{m}-{d}-'
    """
    if not path and not prefix:
        path = USUAL
    if path.startswith("/") and not prefix:
        return ""  # whether such an object's key begins with a slash is not documented
    known = {
        **{name: (name, distribution) for name in ("DistributionId", "distributionid")},
        **{"accountid": ("accountid", account), "account-id": ("aws-account-id", account)},
        **_MOMENTS,
    }
    told, at = "", 0
    path = path.strip("/")
    for match in _VARIABLE.finditer(path):
        told += path[at : match.start()]
        at = match.end()
        name = match[1]
        if name == _HOUR:  # of any hour: as far as the day goes, if it does
            whole = all(day in told for _, day in _MOMENTS.values())
            return told + ("hour=" if hive else "") if whole else ""
        if name not in known:
            return ""
        key, value = known[name]
        told += f"{key}={value}" if hive else value
    told += path[at:]
    # A file is called by the distribution and the hour.
    return f"{told}/{distribution}.{{y}}-{{m}}-{{d}}-" if told else f"{distribution}.{{y}}-{{m}}-{{d}}-"

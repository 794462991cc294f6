"""Security Lake: files of rows in OCSF, laid out as the places of custom sources, in a folder or in its bucket.

https://docs.aws.amazon.com/security-lake/latest/userguide/custom-sources.html
One source has one class: `ext/SOURCE-2003/region=REGION/accountId=ACCOUNT/eventDay=YYYYMMDD/`, records in the order of
time, compressed with Zstandard. A file is named after the keys that it holds: what is written twice is there once.

To put them into a bucket is a write to AWS that is no change, as a pin of the ledger is: it adds an object to a place
that is named for it, and alters nothing else that is there. Its client can do that and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.base.files import read_bytes
from demarcate.base.moments import utc
from demarcate.base.stopping import TemporaryFolder
from demarcate.sending.destinations import SecurityLake
from demarcate.sending.structs import Answer, Delivery, Later, SendingError

_METADATA: Final = (
    "STRUCT(version VARCHAR, profiles VARCHAR[], "
    'product STRUCT("name" VARCHAR, vendor_name VARCHAR, version VARCHAR), event_code VARCHAR, uid VARCHAR)'
)
_CLOUD: Final = (
    'STRUCT(provider VARCHAR, account STRUCT(uid VARCHAR, type_id INTEGER, "type" VARCHAR), region VARCHAR, '
    "cloud_partition VARCHAR)"
)
_RESOURCES: Final = (
    'STRUCT(uid VARCHAR, "name" VARCHAR, "type" VARCHAR, region VARCHAR, cloud_partition VARCHAR, '
    'tags STRUCT("name" VARCHAR, "value" VARCHAR)[])[]'
)

_ALL: Final[Mapping[str, str]] = {
    **{
        "activity_id": "INTEGER",
        "activity_name": "VARCHAR",
        "category_uid": "INTEGER",
        "category_name": "VARCHAR",
    },
    **{"class_uid": "INTEGER", "class_name": "VARCHAR", "type_uid": "BIGINT", "type_name": "VARCHAR"},
    **{
        "time": "BIGINT",
        "severity_id": "INTEGER",
        "severity": "VARCHAR",
        "status_id": "INTEGER",
        "status": "VARCHAR",
    },
    **{"status_detail": "VARCHAR", "message": "VARCHAR", "metadata": _METADATA, "cloud": _CLOUD},
    **{"resources": _RESOURCES, "unmapped": "VARCHAR"},
}
"""What all classes have, in DuckDB's types. `unmapped` is the text of its JSON."""

_CLASSES: Final[Mapping[int, Mapping[str, str]]] = {
    2003: {
        "finding_info": 'STRUCT(uid VARCHAR, title VARCHAR, "desc" VARCHAR, types VARCHAR[], modified_time BIGINT)',
        "compliance": "STRUCT(control VARCHAR, status_id INTEGER, status VARCHAR, status_detail VARCHAR, "
        "standards VARCHAR[], requirements VARCHAR[])",
        "remediation": 'STRUCT("desc" VARCHAR)',
    },
    2004: {
        "finding_info": "STRUCT(uid VARCHAR, title VARCHAR, first_seen_time BIGINT, last_seen_time BIGINT, "
        'analytic STRUCT(uid VARCHAR, "name" VARCHAR, type_id INTEGER, "type" VARCHAR), '
        "attacks STRUCT(technique STRUCT(uid VARCHAR))[])",
        "remediation": 'STRUCT("desc" VARCHAR)',
        **{"start_time": "BIGINT", "end_time": "BIGINT", "count": "INTEGER"},
        "evidences": 'STRUCT(actor STRUCT("user" STRUCT(uid VARCHAR)))[]',
    },
    6003: {
        "api": 'STRUCT(operation VARCHAR, service STRUCT("name" VARCHAR), request STRUCT(uid VARCHAR), '
        "response STRUCT(error VARCHAR, error_message VARCHAR))",
        "actor": 'STRUCT("user" STRUCT(uid VARCHAR, "name" VARCHAR, "type" VARCHAR, '
        "account STRUCT(uid VARCHAR)), app_name VARCHAR)",
        "src_endpoint": "STRUCT(ip VARCHAR, svc_name VARCHAR)",
        "http_request": "STRUCT(user_agent VARCHAR)",
    },
}

SCHEME: Final = "s3://"

LARGEST: Final = 500_000_000
"""How many bytes a file that is put into a bucket may have."""

_PART: Final = re.compile(r"[^A-Za-z0-9_-]")


class SecurityLakeTransport:
    """Writes deliveries into files, one for each class, region, account and day of a batch."""

    most = 2000

    def __init__(self, destination: SecurityLake) -> None:
        self._source = destination.source
        if _PART.search(self._source) or not 0 < len(self._source) <= 15:
            raise SendingError(
                "source: a name has letters, digits, - and _, at most 15: its class comes behind it"
            )
        self._folder = destination.folder
        self._bucket = _Bucket(destination) if destination.folder.startswith(SCHEME) else None

    def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Write them. Raises Later where a file cannot be written."""
        parts: dict[tuple[int, str], list[Delivery]] = defaultdict(list)
        refused = {}
        for each in deliveries:
            kind = each.item.event["class_uid"]
            if kind in _CLASSES:
                parts[kind, self._place(each, kind)].append(each)
            else:
                refused[each.number] = f"no custom source is written of the class {kind}"
        for (kind, place), held in parts.items():
            types = {**_ALL, **_CLASSES[kind]}
            rows = sorted((_row(each, types) for each in held), key=lambda row: row["time"])
            name = hashlib.sha256("\n".join(each.key for each in held).encode()).hexdigest()[:32]
            try:
                self._save(rows, types, f"{place}/{name}")
            except (OSError, DemarcateError) as error:
                raise Later(f"{self._folder}: {error}", counts=False) from error
        return Answer(refused=refused)

    def _save(self, rows: list[dict[str, Any]], types: Mapping[str, str], name: str) -> None:
        from demarcate.estate.snapshots.tabular import SUFFIX, save_rows

        if self._bucket is None:
            save_rows(rows, types, Path(self._folder).expanduser() / f"{name}{SUFFIX}")
            return
        with TemporaryFolder() as folder:
            file = Path(folder) / f"rows{SUFFIX}"
            save_rows(rows, types, file)
            self._bucket.put(f"{name}{SUFFIX}", read_bytes(file, LARGEST))

    def _place(self, delivery: Delivery, kind: int) -> str:
        """Where a delivery belongs: what is of no account is external, and what is of no region is told in its home."""
        item = delivery.item
        region = item.region if item.region not in ("", "global") else "us-east-1"
        day = utc(datetime.fromisoformat(item.moment))
        return "/".join(
            (
                *("ext", f"{self._source}-{kind}", f"region={_PART.sub('_', region)}"),
                f"accountId={_PART.sub('_', item.account or 'external')}",
                f"eventDay={day:%Y%m%d}",
            )
        )


def _row(delivery: Delivery, types: Mapping[str, str]) -> dict[str, Any]:
    """The columns of an event. The id of the record is that of what CloudTrail logged, which other trails have as well,
    and else the key of the delivery.
    """
    event = delivery.item.event
    row = {name: event[name] for name in types if name in event}
    return {**row, "metadata": {"uid": delivery.key, **event["metadata"]}}


class _Bucket:
    """A place in S3, in which objects are put. Raises SendingError for what is none."""

    def __init__(self, destination: SecurityLake) -> None:
        from demarcate.estate.sources.aws.clients import client_of
        from demarcate.estate.sources.aws.guard import WHERE_A_BUCKET_IS
        from demarcate.estate.sources.aws.session import credentials_of, session_of
        from demarcate.estate.sources.interface import Options

        self._name, _, prefix = destination.folder.removeprefix(SCHEME).partition("/")
        if not self._name:
            raise SendingError(f"{destination.folder}: name a bucket: s3://BUCKET/PREFIX")
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        session = session_of(Options(profile=destination.profile, endpoint_url=destination.endpoint_url))
        if credentials_of(session) is None:
            raise SendingError(
                f"{destination.folder}: there are no AWS credentials: set the profile that may write there"
            )
        self._client = client_of(
            session, "s3", destination.endpoint_url, may=(WHERE_A_BUCKET_IS,), writes=("s3.put_object",)
        )

    def put(self, name: str, data: bytes) -> None:
        """Put an object. Raises Later."""
        from demarcate.estate.sources.aws.failures import FAILED, why

        try:
            self._client.put_object(Bucket=self._name, Key=f"{self._prefix}{name}", Body=data)
        except FAILED as error:
            raise Later(f"s3://{self._name}: {why(error).reason}", counts=False) from error

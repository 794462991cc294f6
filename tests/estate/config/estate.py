"""Deliveries for the tests: items as AWS Config writes them, and the files that it puts them into."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
import pyarrow.parquet as pq

from demarcate.base.documents import read
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import table

ACCOUNT, REGION = "123456789012", "eu-west-1"
TIME = "20260110T120000Z"

Raw = dict[str, Any]


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """One resource as Config has it, and the rows that are made of it."""

    type: str
    id: str
    arn: str
    configuration: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]
    region: str = REGION
    supplementary: dict[str, Any] = {}
    tags: dict[str, str] = {}
    unknown: dict[str, dict[str, str]] = {}


def cases() -> dict[str, Case]:
    """All cases by name."""
    by_name: dict[str, Case] = {}
    for path in sorted((Path(__file__).parent / "items").glob("*.yaml")):
        for name, case in read(path, dict[str, Case]).items():
            by_name[f"{path.stem}: {name}"] = case
    return by_name


def item(case: Case, **more: Any) -> Raw:
    """The item of a case as a snapshot has it."""
    return {
        "relatedEvents": [],
        "relationships": [],
        "configuration": case.configuration,
        "supplementaryConfiguration": case.supplementary,
        "tags": case.tags,
        "configurationItemVersion": "1.3",
        "configurationItemCaptureTime": "2026-01-10T09:00:00.000Z",
        "configurationStateId": 1768035600000,
        "awsAccountId": ACCOUNT,
        "configurationItemStatus": "OK",
        "resourceType": case.type,
        "resourceId": case.id,
        "resourceName": None,
        "ARN": case.arn or None,
        "awsRegion": case.region,
        "availabilityZone": "Not Applicable",
        "configurationStateMd5Hash": "",
        "resourceCreationTime": None,
        **more,
    }


def queried(raw: Raw) -> Raw:
    """The same as SelectAggregateResourceConfig answers it."""
    tags = [{"key": key, "value": value, "tag": f"{key}={value}"} for key, value in raw["tags"].items()]
    names = {"awsAccountId": "accountId", "ARN": "arn"}
    kept = {names.get(name, name): value for name, value in raw.items() if value is not None}
    return {**kept, "tags": tags}


def moved(raw: Raw, account: str) -> Raw:
    """The same in another account, wherever it names its own."""
    return cast(Raw, json.loads(json.dumps(raw).replace(ACCOUNT, account)))


def named(
    kind: str = "ConfigSnapshot",
    *,
    account: str = ACCOUNT,
    region: str = REGION,
    time: str = TIME,
    number: int = 1,
) -> str:
    """The name that Config gives a delivery."""
    if kind == "ConfigSnapshot":
        return f"{account}_Config_{region}_ConfigSnapshot_{time}_3e46b911-99e6-4205-aba8-{number:012d}.json.gz"
    return f"{account}_Config_{region}_ConfigHistory_AWS::EC2::Volume_{time}_{time}_{number}.json.gz"


def document(items: Iterable[Any], *, snapshot: bool = True) -> bytes:
    """The content of a delivery."""
    head = {"configSnapshotId": "3e46b911-99e6-4205-aba8-5739f7c37680"} if snapshot else {}
    return json.dumps({"fileVersion": "1.0", **head, "configurationItems": list(items)}).encode()


def deliver(folder: Path, items: Iterable[Any], name: str | None = None) -> Path:
    """Write a delivery, compressed as Config does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (name or named())
    path.write_bytes(gzip.compress(document(items, snapshot="ConfigHistory" not in path.name), mtime=0))
    return path


def recorder(**group: Any) -> Raw:
    """The item of the recorder of a region, which records everything unless told otherwise."""
    everything = {"AllSupported": True, "IncludeGlobalResourceTypes": True}
    case = Case(
        type="AWS::Config::ConfigurationRecorder",
        id="default",
        arn=f"arn:aws:config:{REGION}:{ACCOUNT}:configuration-recorder/default/1",
        configuration={"Name": "default", "Recording": True, "RecordingGroup": group or everything},
        rows={},
    )
    return item(case)


def snapshot_of(*paths: Path, tables: Iterable[str] = ()) -> Snapshot:
    """Collect deliveries: the tables named, or all."""
    return collect_snapshot(list(paths), selection=dict.fromkeys(tables) if tables else None)


def rows(snapshot: Snapshot, name: str) -> list[dict[str, Any]]:
    """The rows of a table; JSON columns as data."""
    assert snapshot.folder.is_dir(), "files of rows are made of all tables at once"
    kinds = {column.name: column.type for column in table(name).all_columns}
    return [
        {key: _data(row.get(key), kind) for key, kind in kinds.items()}
        for file in snapshot.files(name)
        for row in pq.ParquetFile(file).read().to_pylist()
    ]


def _data(value: Any, kind: str) -> Any:
    if kind == "JSON" and isinstance(value, str):
        return json.loads(value)
    return value.isoformat() if kind == "TIMESTAMP" and value is not None else value


def matching(candidates: Iterable[Mapping[str, Any]], wanted: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows that have all those values."""
    return [row for row in candidates if all(row[name] == value for name, value in wanted.items())]

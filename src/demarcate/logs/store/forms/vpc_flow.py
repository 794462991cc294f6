"""VPC flow logs, as text and as Parquet, with the fields that a flow log was made with.

Source of the form: the Amazon VPC User Guide, "Flow log records". A file in S3 begins with the names of its fields; a
field that has come since stands in `other`, by its name. Names of columns follow Tailpipe's table of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from demarcate.base.sql import identifier, literal
from demarcate.logs.store.forms import lines
from demarcate.logs.store.forms.form import Cut, Form, Table, lines_of, selected

_TYPES: Final = {
    "version": "INTEGER",
    "srcport": "INTEGER",
    "dstport": "INTEGER",
    "protocol": "INTEGER",
    "packets": "BIGINT",
    "bytes": "BIGINT",
    "start": "BIGINT",
    "end": "BIGINT",
    "tcp-flags": "INTEGER",
    "traffic-path": "INTEGER",
    "encryption-status": "INTEGER",
}

_RENAMED: Final = {
    "srcaddr": "src_addr",
    "dstaddr": "dst_addr",
    "srcport": "src_port",
    "dstport": "dst_port",
    "pkt-srcaddr": "pkt_src_addr",
    "pkt-dstaddr": "pkt_dst_addr",
}

DEFAULT: Final = (
    *("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets"),
    *("bytes", "start", "end", "action", "log-status"),
)
"""The fields of a flow log for which nobody chose any."""

FIELDS: Final = (
    *DEFAULT,
    *("vpc-id", "subnet-id", "instance-id", "tcp-flags", "type", "pkt-srcaddr", "pkt-dstaddr"),
    *("region", "az-id", "sublocation-type", "sublocation-id"),
    *("pkt-src-aws-service", "pkt-dst-aws-service", "flow-direction", "traffic-path"),
    *("ecs-cluster-arn", "ecs-cluster-name", "ecs-container-instance-arn", "ecs-container-instance-id"),
    *(
        "ecs-container-id",
        "ecs-second-container-id",
        "ecs-service-name",
        "ecs-task-definition-arn",
        "ecs-task-arn",
    ),
    *("ecs-task-id", "reject-reason", "resource-id", "encryption-status"),
)
"""Those that are columns: of version 10, and all before it."""


def _column(field: str) -> str:
    return _RENAMED.get(field, field.replace("-", "_"))


FLOWS: Final = Table(
    "aws_vpc_flow_log",
    {
        "timestamp": "TIMESTAMPTZ",
        **{_column(field): _TYPES.get(field, "VARCHAR") for field in FIELDS},
        "other": "VARCHAR",
    },
    moment="timestamp",
    account="account_id",
    identity=None,
)

_FIELD: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def header_of(line: str) -> str | None:
    """The fields that the first line of a file names; None where it is no such line.

    >>> header_of("version account-id srcaddr"), header_of("hello there")
    ('version account-id srcaddr', None)
    """
    fields = line.split()
    if len(fields) != len(set(fields)) or not all(map(_FIELD.fullmatch, fields)):
        return None
    known = set(fields) & set(FIELDS)
    return " ".join(fields) if known and len(known) >= len(fields) / 2 and len(fields) <= 200 else None


def is_default(line: str) -> bool:
    """Whether a line is a record of the default fields, as CloudWatch Logs exports them without their names."""
    fields = line.split()
    return len(fields) == len(DEFAULT) and fields[0] == "2" and fields[-1] in ("OK", "NODATA", "SKIPDATA")


def _rows(values: dict[str, str], source: str) -> str:
    """SQL for rows, of the text of each field."""
    expressions = {
        _column(field): lines.typed(value, _TYPES.get(field, "VARCHAR"))
        for field, value in values.items()
        if field in FIELDS
    }
    if "start" in values:
        expressions["timestamp"] = f"make_timestamptz({expressions['start']} * 1000000)"
    others = [field for field in values if field not in FIELDS]
    if others:
        listed = ", ".join(f"{literal(field)}, nullif({values[field]}, '-')" for field in others)
        expressions["other"] = f"CAST(json_object({listed}) AS VARCHAR)"
    return selected(FLOWS, expressions, source)


def _select(file: str, header: str) -> str:
    fields = header.split()
    source = (
        f"(SELECT string_split(line, ' ') AS f FROM {lines_of(file)} WHERE line <> '') AS l "
        f"WHERE len(f) = {len(fields)}"
    )
    return _rows({field: f"f[{number}]" for number, field in enumerate(fields, 1)}, source)


def _select_ready(file: str, header: str) -> str:
    fields = {name.replace("_", "-"): f"CAST({identifier(name)} AS VARCHAR)" for name in header.split("\n")}
    return _rows(fields, f"read_parquet({file}, hive_partitioning = false)")


TEXT: Final = Form("a VPC flow log", FLOWS, _select)
PARQUET: Final = Form("a VPC flow log in Parquet", FLOWS, _select_ready, ready=True)


def cut(pieces: Iterable[bytes], first: str) -> Cut:
    """The records of a file whose first line is given."""
    header = header_of(first)
    return lines.cut(TEXT, pieces, header or " ".join(DEFAULT), skipped=int(header is not None))

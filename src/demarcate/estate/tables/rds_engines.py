"""Amazon RDS: until when engine versions are supported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import Arn, Each, From, Table, Text, Time


def _ends(lifecycle: str) -> Callable[[list[Mapping[str, Any]]], Any]:
    def value(lifecycles: list[Mapping[str, Any]]) -> Any:
        for support in lifecycles:
            if support.get("LifecycleSupportName") == lifecycle:
                return support.get("LifecycleSupportEndDate", ABSENT)
        return ABSENT

    return value


ENGINE_SUPPORT = Table(
    "aws_rds_engine_version_support",
    "Until when AWS supports a major version of a database engine.",
    service="rds",
    live=Each("rds.describe_db_major_engine_versions", "DBMajorEngineVersions[]"),
    facts=True,
    columns=(
        Arn("arn:{partition}:rds:{region}:{account_id}:engine:{engine}/{major_engine_version}"),
        Text("engine", live="Engine"),
        Text("major_engine_version", live="MajorEngineVersion"),
        Time(
            "end_of_standard_support",
            live=From("SupportedEngineLifecycles", _ends("open-source-rds-standard-support")),
        ),
        Time(
            "end_of_extended_support",
            live=From("SupportedEngineLifecycles", _ends("open-source-rds-extended-support")),
        ),
    ),
)

NEPTUNE_VERSION = Table(
    "aws_neptune_engine_version",
    "A version of Neptune's engine, and until when AWS supports it.",
    service="neptune",
    facts=True,
    columns=(
        Text("engine_version", about="Such as 1.4.7.1."),
        Time("end_of_life", about="From this day AWS moves clusters to another version."),
    ),
)

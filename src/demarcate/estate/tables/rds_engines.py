"""Amazon RDS: until when engine versions are supported, and to which others they lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import Arn, Call, Column, Each, From, Table, Text, Texts, Time
from demarcate.estate.schema.unknown import first_unknown


def _ends(lifecycle: str) -> Callable[[list[Mapping[str, Any]]], Any]:
    def value(lifecycles: list[Mapping[str, Any]]) -> Any:
        for support in lifecycles:
            if support.get("LifecycleSupportName") == lifecycle:
                return support.get("LifecycleSupportEndDate", ABSENT)
        return ABSENT

    return value


def _upgrades(versions: list[Mapping[str, Any]]) -> Any:
    """The versions to which an engine can be upgraded within its major version."""
    targets = [target for version in versions for target in version.get("ValidUpgradeTarget", [])]
    return first_unknown(targets) or [
        target["EngineVersion"] for target in targets if not target.get("IsMajorVersionUpgrade")
    ]


def _automatic(versions: list[Mapping[str, Any]]) -> Any:
    """The version to which automatic minor upgrades lead; '' where they lead nowhere now."""
    targets = [target for version in versions for target in version.get("ValidUpgradeTarget", [])]
    return first_unknown(targets) or next(
        (target["EngineVersion"] for target in targets if target.get("AutoUpgrade")), ""
    )


def version_columns() -> tuple[Column, ...]:
    """What is told of the version that an instance or cluster runs, by the detail `version`."""
    path = "@version.DBEngineVersions"
    return (
        Text(
            "engine_version_status",
            live="@version.DBEngineVersions[0].Status",
            about="available, or deprecated where no new database may have it.",
        ),
        Texts(
            "upgrade_targets",
            live=From(path, _upgrades),
            about="The minor versions to which it can be upgraded.",
        ),
        Text(
            "automatic_upgrade_target",
            live=From(path, _automatic),
            about="The minor version to which automatic upgrades lead; '' where there is none.",
        ),
    )


VERSION = Call(
    "rds.describe_db_engine_versions",
    inputs={"Engine": "Engine", "EngineVersion": "EngineVersion"},
    params={"IncludeAll": True},
)

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

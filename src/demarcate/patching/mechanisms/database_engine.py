"""A minor version of a database engine, for instances and clusters of RDS. A snapshot is taken first.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.changes.planning import Reader
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.values import literal
from demarcate.patching.artefacts import Artefact
from demarcate.patching.mechanisms.mechanism import (
    HOURS,
    Mechanism,
    NotFor,
    Rows,
    Target,
    Wish,
    step_of,
    target_of,
)
from demarcate.patching.rollback import Proof, irreversible, unknown

_INSTANCES: Final = "aws_rds_db_instance"
_CLUSTERS: Final = "aws_rds_db_cluster"

_COLUMNS: Final = ("db_cluster_identifier", "engine", "engine_version", "status", "tags")

TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    _INSTANCES: ("db_instance_identifier", *_COLUMNS),
    _CLUSTERS: _COLUMNS,
}
"""The columns that databases are told by."""

_ENGINE: Final = re.compile(r"(?P<engine>[a-z]+(-[a-z0-9]+)*):(?P<version>[0-9A-Za-z._-]+)")

_BROKEN: Final = (
    "`["
    '"failed", "inaccessible-encryption-credentials", "incompatible-network", "incompatible-option-group", '
    '"incompatible-parameters", "incompatible-restore", "storage-full"'
    "]`"
)
"""States from which an upgrade does not come to its end by itself."""


def parts_of(value: str) -> tuple[str, str]:
    """The engine and the version. Raises ValueError for a text that names none."""
    told = _ENGINE.fullmatch(value)
    if told is None:
        raise ValueError(f"{value!r} is no version of an engine; expected ENGINE:VERSION, such as postgres:16.4")
    return told["engine"], told["version"]


def versions_of(engine: str, version: str, state: str) -> Read:
    parameters = {"Engine": engine, "EngineVersion": version}
    return Read(operation=Operation(name="rds.describe_db_engine_versions", parameters=parameters), state=state)


def artefact_of(value: str) -> Read:
    """What a version of an engine is read by. Raises ValueError for a text that names none."""
    return versions_of(
        *parts_of(value), "DBEngineVersions[0].{Engine: Engine, Version: EngineVersion, Status: Status}"
    )


def targets_of(rows: Rows, value: str) -> Iterator[Target]:
    """The databases of an engine: instances that stand alone, and clusters."""
    engine, version = parts_of(value)
    for table, name in ((_INSTANCES, "db_instance_identifier"), (_CLUSTERS, "db_cluster_identifier")):
        for row in rows[table]:
            of_cluster = table == _INSTANCES and row["db_cluster_identifier"]
            if row["engine"] != engine or of_cluster:
                continue
            why_not = ""
            if row["status"] != "available":
                why_not = f"it is {row['status'] or 'in a state that is not known'}"
            elif row["engine_version"] == version:
                why_not = "it has it already"
            yield target_of({**row, "is_cluster": table == _CLUSTERS, "name": row[name]}, str(row[name]), why_not)


def upgrade_of(target: Target, artefact: Artefact, reader: Reader) -> Mapping[str, Any]:
    """What AWS says of the upgrade of a database to a version. Raises NotFor where there is none."""
    engine, version = parts_of(artefact.value)
    now = target.row["engine_version"]
    state = "DBEngineVersions[0].ValidUpgradeTarget[].{Version: EngineVersion, Major: IsMajorVersionUpgrade}"
    known = reader.read(target.account, target.region, versions_of(engine, str(now), state)) or []
    upgrade = next((item for item in known if item["Version"] == version), None)
    if upgrade is None:
        raise NotFor(f"AWS does not upgrade {now} to {version}")
    return dict(upgrade)


def _looks(target: Target, artefact: Artefact, reader: Reader) -> Mapping[str, Any]:
    if upgrade_of(target, artefact, reader)["Major"]:
        now = target.row["engine_version"]
        raise NotFor(f"from {now} it is a major upgrade: try it as blue-green={artefact.value}")
    return target.row


def proof(row: Mapping[str, Any], _wish: Wish) -> Proof:
    """Whether an engine can be brought back to an earlier version: never."""
    if row["engine_version"] is None:
        return unknown("which version it has could not be read")
    return irreversible(
        f"RDS takes no engine back to an earlier version ({row['engine_version']})",
        "the snapshot that is taken first restores it as another one; or try the version on a blue/green deployment",
    )


def _steps(target: Target, row: Mapping[str, Any], artefact: Artefact, wish: Wish, reader: Reader) -> list[Step]:
    what = "Cluster" if row["is_cluster"] else "Instance"
    return [_snapshot(target, row, wish, reader), _upgrade(target, row, artefact, what, reader)]


def _snapshot(target: Target, row: Mapping[str, Any], wish: Wish, reader: Reader) -> Step:
    of = "db_cluster_snapshot" if row["is_cluster"] else "db_snapshot"
    member = "DBClusterSnapshot" if row["is_cluster"] else "DBSnapshot"
    owner = "DBClusterIdentifier" if row["is_cluster"] else "DBInstanceIdentifier"
    name = {f"{member}Identifier": f"demarcate-{wish.plan}-{row['name']}"}
    return step_of(
        target,
        reader,
        do=Operation(name=f"rds.create_{of}", parameters={**name, owner: row["name"]}),
        reads=Read(
            operation=Operation(name=f"rds.describe_{of}s", parameters=name),
            state=f"{member}s[0].{{Status: Status}}",
            absent=(f"{member}NotFound", f"{member}NotFoundFault"),
        ),
        begun="Status == 'creating'",
        done="Status == 'available'",
        failed="Status == 'failed'",
        wait=12 * HOURS,
        undo=Undo(why_not="the snapshot is kept: the database is restored from it"),
        risk=("costs",),
    )


def _upgrade(target: Target, row: Mapping[str, Any], artefact: Artefact, what: str, reader: Reader) -> Step:
    _, version = parts_of(artefact.value)
    name = {f"DB{what}Identifier": row["name"]}
    status = "Status" if row["is_cluster"] else "DBInstanceStatus"
    state = (
        f"DB{what}s[0].{{Version: EngineVersion, Pending: PendingModifiedValues.EngineVersion, "
        f"Broken: contains({_BROKEN}, {status}), "
        f'Upgrading: contains(`["modifying", "upgrading"]`, {status})}}'
    )
    return step_of(
        target,
        reader,
        do=Operation(
            name=f"rds.modify_db_{what.lower()}",
            parameters={**name, "EngineVersion": version, "ApplyImmediately": True},
        ),
        reads=Read(operation=Operation(name=f"rds.describe_db_{what.lower()}s", parameters=name), state=state),
        begun=f"Upgrading || Pending == {literal(version)}",
        done=f"Version == {literal(version)} && !Upgrading && !Pending",
        failed="Broken",
        wait=6 * HOURS,
        undo=Undo(why_not="RDS takes no engine back to an earlier version: restore the snapshot that was taken"),
        risk=("interrupts",),
    )


MECHANISM = Mechanism(
    kind="engine",
    takes="ENGINE:VERSION",
    about="a minor version of a database engine, for instances and clusters of RDS",
    tables=TABLES,
    reads=frozenset(
        (
            "rds.describe_db_engine_versions",
            *("rds.describe_db_instances", "rds.describe_db_clusters"),
            *("rds.describe_db_snapshots", "rds.describe_db_cluster_snapshots"),
        )
    ),
    artefact=artefact_of,
    targets=targets_of,
    looks=_looks,
    proof=proof,
    steps=_steps,
)

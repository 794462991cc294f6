"""A version of a database engine by a blue/green deployment: made and tried beside the database, then switched to.

Until the switch nothing is lost by going back: the green database is deleted. After it the old one is kept under
another name, and what is written to the new one is not in it.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-overview.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from demarcate.changes.planning import Reader
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.values import EARLIER, literal
from demarcate.patching.artefacts import Artefact
from demarcate.patching.mechanisms.database_engine import TABLES, artefact_of, parts_of, targets_of, upgrade_of
from demarcate.patching.mechanisms.mechanism import HOURS, Mechanism, Target, Wish, step_of
from demarcate.patching.rollback import Proof, irreversible, unknown

_ENGINES: Final = ("aurora-mysql", "aurora-postgresql", "mariadb", "mysql", "postgres")
"""The engines that have blue/green deployments."""

_SWITCHED: Final = "['SWITCHOVER_IN_PROGRESS', 'SWITCHOVER_COMPLETED', 'SWITCHOVER_FAILED']"


def _artefact(value: str) -> Read:
    engine, _ = parts_of(value)
    if engine not in _ENGINES:
        raise ValueError(f"{engine} has no blue/green deployments; expected one of {', '.join(_ENGINES)}")
    return artefact_of(value)


def _looks(target: Target, artefact: Artefact, reader: Reader) -> Mapping[str, Any]:
    upgrade_of(target, artefact, reader)
    return target.row


def proof(row: Mapping[str, Any], _wish: Wish) -> Proof:
    """Whether a database can be brought back once it was switched: not with what was written since."""
    if row["engine_version"] is None:
        return unknown("which version it has could not be read")
    return irreversible(
        f"once it is switched, the database of version {row['engine_version']} stays beside it, without what is "
        "written since",
        "keep the ring small: until the switch, the green database is only deleted",
    )


def _steps(target: Target, row: Mapping[str, Any], artefact: Artefact, wish: Wish, reader: Reader) -> list[Step]:
    _, version = parts_of(artefact.value)
    name = f"{wish.plan}-{row['name']}"[:60]
    return [_made(target, name, version, reader), _switched(target, name, reader)]


def _reads(name: str, chosen: str) -> Read:
    filters = [{"Name": "blue-green-deployment-name", "Values": [name]}]
    return Read(
        operation=Operation(name="rds.describe_blue_green_deployments", parameters={"Filters": filters}),
        state=f"BlueGreenDeployments{chosen} | [0].{{Id: BlueGreenDeploymentIdentifier, "
        "Name: BlueGreenDeploymentName, Status: Status}",
    )


def _made(target: Target, name: str, version: str, reader: Reader) -> Step:
    return step_of(
        target,
        reader,
        do=Operation(
            name="rds.create_blue_green_deployment",
            parameters={
                "BlueGreenDeploymentName": name,
                "Source": target.resource,
                "TargetEngineVersion": version,
            },
        ),
        reads=_reads(name, "[]"),
        begun="Status == 'PROVISIONING'",
        done=f"Status == 'AVAILABLE' || contains({_SWITCHED}, Status)",
        failed="Status == 'INVALID_CONFIGURATION'",
        wait=24 * HOURS,
        undo=Undo(
            operation=Operation(
                name="rds.delete_blue_green_deployment",
                parameters={"BlueGreenDeploymentIdentifier": {"$after": "Id"}, "DeleteTarget": True},
            ),
            begun="Status == 'DELETING'",
            done="!@",
        ),
        risk=("costs",),
    )


def _switched(target: Target, name: str, reader: Reader) -> Step:
    """The switch. To it a deployment that is not switched yet is none: so it is planned before there is one."""
    return step_of(
        target,
        reader,
        do=Operation(
            name="rds.switchover_blue_green_deployment",
            parameters={"BlueGreenDeploymentIdentifier": {EARLIER: f"[?Name == {literal(name)}] | [0].Id"}},
        ),
        reads=_reads(name, f"[?contains({_SWITCHED}, Status)]"),
        begun="Status == 'SWITCHOVER_IN_PROGRESS'",
        done="Status == 'SWITCHOVER_COMPLETED'",
        failed="Status == 'SWITCHOVER_FAILED'",
        wait=2 * HOURS,
        undo=Undo(why_not="the old database is kept beside the new one, without what was written since"),
        risk=("interrupts",),
    )


MECHANISM = Mechanism(
    kind="blue-green",
    takes="ENGINE:VERSION",
    about="a version of a database engine, tried on a blue/green deployment and switched to",
    tables=TABLES,
    reads=frozenset(("rds.describe_db_engine_versions", "rds.describe_blue_green_deployments")),
    artefact=_artefact,
    targets=targets_of,
    looks=_looks,
    proof=proof,
    steps=_steps,
)

"""A version of a platform of Elastic Beanstalk, within the branch that an environment is on.

https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/using-features.platform.upgrade.html
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
from demarcate.patching.rollback import Proof, irreversible, possible, unknown

_ENVIRONMENTS: Final = "aws_elastic_beanstalk_environment"

_PLATFORM: Final = re.compile(r"arn:[a-z-]+:elasticbeanstalk:[a-z0-9-]+:([0-9]{12})?:platform/[^/]+/[0-9.]+")


def _platform(arn: str) -> Read:
    return Read(
        operation=Operation(name="elasticbeanstalk.describe_platform_version", parameters={"PlatformArn": arn}),
        state="PlatformDescription.{Arn: PlatformArn, Branch: PlatformBranchName, Version: PlatformVersion, "
        "Status: PlatformStatus}",
        absent=("ElasticBeanstalkServiceException", "InvalidParameterValue"),
    )


def _artefact(value: str) -> Read:
    if not _PLATFORM.fullmatch(value):
        raise ValueError(
            f"{value!r} is no version of a platform; expected arn:aws:elasticbeanstalk:REGION::platform/NAME/VERSION"
        )
    return _platform(value)


def _targets(rows: Rows, _value: str) -> Iterator[Target]:
    for row in rows[_ENVIRONMENTS]:
        why_not = "" if row["status"] == "Ready" else f"it is {row['status'] or 'in a state that is not known'}"
        yield target_of(row, str(row["environment_name"]), why_not)


def _looks(target: Target, artefact: Artefact, reader: Reader) -> Mapping[str, Any]:
    now = target.row["platform_arn"]
    if now == artefact.value:
        raise NotFor("it has it already")
    if not now:
        raise NotFor("which platform it has could not be read")
    earlier = reader.read(target.account, target.region, _platform(str(now)))
    branch = artefact.content["Branch"]
    if earlier is not None and earlier["Branch"] != branch:
        raise NotFor
    return {**target.row, "earlier": earlier}


def proof(row: Mapping[str, Any], _wish: Wish) -> Proof:
    """Whether an environment can be brought back to the version of the platform that it has."""
    earlier = row["earlier"]
    if earlier is None:
        return irreversible("AWS does not have the version of the platform that it has any more", "clone it first")
    if earlier["Status"] is None:
        return unknown("whether AWS still has the version of the platform that it has could not be read")
    if earlier["Status"] != "Ready":
        return irreversible(f"the version of the platform that it has is {earlier['Status']}", "clone it first")
    return possible(f"it is moved back to version {earlier['Version']} of its platform")


def _steps(target: Target, row: Mapping[str, Any], artefact: Artefact, _wish: Wish, reader: Reader) -> list[Step]:
    environment, new, old = {"EnvironmentId": row["environment_id"]}, artefact.value, str(row["platform_arn"])

    def update(platform: str) -> Operation:
        return Operation(
            name="elasticbeanstalk.update_environment", parameters={**environment, "PlatformArn": platform}
        )

    return [
        step_of(
            target,
            reader,
            do=update(new),
            reads=Read(
                operation=Operation(
                    name="elasticbeanstalk.describe_environments",
                    parameters={"EnvironmentIds": [row["environment_id"]]},
                ),
                state="Environments[0].{Platform: PlatformArn, Status: Status, Updated: DateUpdated}",
            ),
            begun="contains(['Updating', 'Aborting'], Status)",
            done=f"Status == 'Ready' && Platform == {literal(new)}",
            failed=f"Status == 'Ready' && Platform != {literal(new)}",
            wait=4 * HOURS,
            undo=Undo(
                operation=update(old),
                midway=Operation(name="elasticbeanstalk.abort_environment_update", parameters=environment),
                begun="contains(['Updating', 'Aborting'], Status)",
                done=f"Status == 'Ready' && Platform == {literal(old)}",
                failed=f"Status == 'Ready' && Platform != {literal(old)}",
            ),
            risk=("interrupts",),
        )
    ]


MECHANISM = Mechanism(
    kind="platform",
    takes="PLATFORM-ARN",
    about="a version of a platform, for environments of Elastic Beanstalk",
    tables={_ENVIRONMENTS: ("environment_name", "environment_id", "status", "platform_arn", "tags")},
    reads=frozenset(("elasticbeanstalk.describe_platform_version", "elasticbeanstalk.describe_environments")),
    artefact=_artefact,
    targets=_targets,
    looks=_looks,
    proof=proof,
    steps=_steps,
)

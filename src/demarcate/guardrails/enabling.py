"""Enable controls of AWS Control Tower for one unit: the steps of a change, and what undoes each.

Control Tower enables a control for an organizational unit, in its home region, and takes minutes for it.

https://docs.aws.amazon.com/controltower/latest/APIReference/API_EnableControl.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from demarcate.base.arn import is_region
from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import Reader
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.guardrails.structs import Guardrail

GLOBAL: Final = "global"
LANDING_ZONES: Final = "controltower.list_landing_zones"
UNIT: Final = "organizations.describe_organizational_unit"
ENABLED: Final = "controltower.list_enabled_controls"
READS: Final = frozenset({LANDING_ZONES, UNIT, ENABLED})
"""What planning reads, and what applying reads again."""

WAIT: Final = 3600.0
"""Seconds in which Control Tower must have enabled a control in all accounts of the unit, or disabled it."""


def steps(
    guardrails: Sequence[Guardrail], target: str, account: str, reader: Reader, asked: str
) -> Iterator[Step]:
    """The steps that enable controls for a unit, those left out that are enabled. `asked` is the region to ask.

    Raises DemarcateError and NotDone.
    """
    if not target.startswith("ou-"):
        raise DemarcateError(
            f"Control Tower enables {guardrails[0].control} for a unit (ou-…), and {target} is none (--target)"
        )
    region = _home(account, reader, asked)
    read = Read(
        operation=Operation(name=UNIT, parameters={"OrganizationalUnitId": target}), state="OrganizationalUnit.Arn"
    )
    unit: str = reader.read(account, GLOBAL, read)
    for guardrail in guardrails:
        step = _enabled(guardrail, unit, account, region)
        there = reader.read(account, region, step.reads)
        if there is None:
            yield step
        elif there.get("status") != "SUCCEEDED":
            raise DemarcateError(
                f"{guardrail.control} is {there.get('status')} for {target}: see to it in Control Tower first"
            )


def _home(account: str, reader: Reader, asked: str) -> str:
    """The home region of the landing zone. Raises DemarcateError where none is to be seen."""
    read = Read(operation=Operation(name=LANDING_ZONES), state="landingZones[0].arn")
    _, _, _, region, *_ = [*str(reader.read(account, asked, read) or "").split(":"), "", "", "", ""]
    if not is_region(region):
        raise DemarcateError(
            f"{account} has no landing zone of Control Tower in {asked}: give credentials of the management account, "
            "and the landing zone's home region as your own (AWS_REGION)"
        )
    return region


def _enabled(guardrail: Guardrail, unit: str, account: str, region: str) -> Step:
    partition = unit.split(":")[1]
    control = f"arn:{partition}:controltower:{region}::control/{guardrail.control}"
    parameters: dict[str, Any] = {"controlIdentifier": control, "targetIdentifier": unit}
    return Step(
        account=account,
        region=region,
        resource=f"{guardrail.control} at {unit.rpartition('/')[2]}",
        do=Operation(name="controltower.enable_control", parameters=parameters),
        reads=Read(
            operation=Operation(name=ENABLED, parameters={"targetIdentifier": unit}),
            state=f"enabledControls[?controlIdentifier=='{control}' && targetIdentifier=='{unit}'] | [0]."
            "{arn: arn, status: statusSummary.status}",
            pages=True,
        ),
        before=None,
        begun="status=='UNDER_CHANGE'",
        done="status=='SUCCEEDED'",
        failed="status=='FAILED'",
        wait=WAIT,
        undo=Undo(
            operation=Operation(name="controltower.disable_control", parameters=parameters),
            begun="status=='UNDER_CHANGE'",
            done="@ == `null`",
            failed="status=='FAILED'",
        ),
        risk=("costs",),
    )

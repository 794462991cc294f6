"""Deploy conformance packs of AWS Config: the change that puts them into a region, and takes them out again.

A pack is put under a name of its content's own, so that none is ever changed: what AWS has of a template cannot be read
again, and so its change could not be undone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import Reader, make_change
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Change, Operation, Read, Step, Undo
from demarcate.guardrails.conformance import LARGEST, MOST, RULE, PackTemplate

RECORDERS: Final = "config.describe_configuration_recorder_status"
PACKS: Final = "config.describe_conformance_pack_status"
ORGANIZATION_PACKS: Final = "config.describe_organization_conformance_pack_statuses"
READS: Final = frozenset({RECORDERS, PACKS, ORGANIZATION_PACKS})
"""What planning reads, and what applying reads again."""

WAIT: Final = 3600.0
"""Seconds in which AWS Config must have deployed a pack, or deleted it: in an organization it is in all accounts."""

TITLE: Final = 60
"""How much of the names of many files the title of a change tells."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How AWS Config calls the packs of an account, or those of an organization."""

    put: str
    delete: str
    name: str
    reads: Operation
    state: str
    made: str


_OWN: Final = _Kind(
    put="config.put_conformance_pack",
    delete="config.delete_conformance_pack",
    name="ConformancePackName",
    reads=Operation(name=PACKS),
    state="ConformancePackStatusDetails[?ConformancePackName=='{}'] | [0]."
    "{{state: ConformancePackState, reason: ConformancePackStatusReason}}",
    made="CREATE_COMPLETE",
)

_OF_ALL: Final = _Kind(
    put="config.put_organization_conformance_pack",
    delete="config.delete_organization_conformance_pack",
    name="OrganizationConformancePackName",
    reads=Operation(name=ORGANIZATION_PACKS),
    state="OrganizationConformancePackStatuses[?OrganizationConformancePackName=='{}' && "
    "Status!='DELETE_SUCCESSFUL'] | [0].{{state: Status, reason: ErrorMessage}}",
    made="CREATE_SUCCESSFUL",
)


def plan(
    templates: Sequence[PackTemplate],
    account: str,
    regions: Sequence[str],
    reader: Reader,
    *,
    organization: bool = False,
) -> Change:
    """The change that deploys packs to regions of an account, or of all accounts of its `organization`.

    Raises DemarcateError where AWS would not take one, where Config records nothing, and where all are there.
    """
    for template in templates:
        _check(template)
    kind = _OF_ALL if organization else _OWN
    steps: list[Step] = []
    for region in regions:
        try:
            _check_recorder(account, region, reader)
            steps += _missing([_step(template, kind, account, region) for template in templates], reader)
        except NotDone as error:
            raise DemarcateError(f"{region}: {error}") from error
    if not steps:
        raise DemarcateError(f"all of these conformance packs are there already, in {', '.join(regions)}")
    names = ", ".join(template.file for template in templates)
    told = names if len(names) <= TITLE else f"{len(templates)} files"
    whom = f"the organization of {account}" if organization else account
    return make_change(f"conformance packs for {whom}: {told}", "hand", f"conformance packs {told}", steps)


def _check(template: PackTemplate) -> None:
    """Refuse what is no conformance pack that AWS would take. Raises DemarcateError."""
    wrong = ""
    if not template.resources:
        wrong = "holds no rules"
    elif others := sorted({kind for kind in template.resources.values() if kind != RULE}):
        wrong = f"holds {others[0]}, and only {RULE} is deployed in a conformance pack here"
    elif len(template.resources) > MOST:
        wrong = f"holds {len(template.resources)} rules, and a conformance pack has {MOST} at most"
    elif len(template.text.encode()) > LARGEST:
        wrong = f"has {len(template.text.encode()):,} bytes, and AWS takes {LARGEST:,} at most"
    if wrong:
        raise DemarcateError(f"{template.file} {wrong}")


def _check_recorder(account: str, region: str, reader: Reader) -> None:
    """Refuse a region where rules would judge nothing. Raises DemarcateError and NotDone."""
    read = Read(operation=Operation(name=RECORDERS), state="ConfigurationRecordersStatus[?recording].name")
    if not reader.read(account, region, read):
        raise DemarcateError(f"AWS Config records nothing in {region} of {account}: its rules would judge nothing")


def _missing(steps: Sequence[Step], reader: Reader) -> Iterator[Step]:
    """The steps whose pack is not there. Raises DemarcateError for one that is not whole, and NotDone."""
    for step in steps:
        there = reader.read(step.account, step.region, step.reads)
        if there is None:
            yield step
        elif not str(there.get("state")).endswith(("_COMPLETE", "_SUCCESSFUL")):
            raise DemarcateError(
                f"the conformance pack {step.resource} is {there.get('state')} in {step.region}: wait, or delete it"
            )


def _step(template: PackTemplate, kind: _Kind, account: str, region: str) -> Step:
    name = f"demarcate-{hashlib.sha256(template.text.encode()).hexdigest()[:12]}"
    return Step(
        account=account,
        region=region,
        resource=name,
        do=Operation(name=kind.put, parameters={kind.name: name, "TemplateBody": template.text}),
        reads=Read(operation=kind.reads, state=kind.state.format(name), pages=True),
        before=None,
        begun="state=='CREATE_IN_PROGRESS'",
        done=f"state=='{kind.made}'",
        failed="state=='CREATE_FAILED'",
        wait=WAIT,
        undo=Undo(
            operation=Operation(name=kind.delete, parameters={kind.name: name}),
            begun="state=='DELETE_IN_PROGRESS'",
            done="@ == `null`",
            failed="state=='DELETE_FAILED'",
        ),
        risk=("costs",),
    )

"""Deploy a template: a CloudFormation change set says what would happen, and executing it is a change like any other.

Making a change set changes no resource; it is recorded in the ledger before AWS is asked for it all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import make_change
from demarcate.changes.reach import NotDone, Reach, Uncertain
from demarcate.changes.structs import Change, Operation, Read, Step, Undo
from demarcate.checks.remedies import Risk
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger

PROPOSED: Final = "deployment-proposed"
"""The kind of entry that says that somebody asked for a change set."""

CREATE: Final = "cloudformation.create_change_set"
DELETE: Final = "cloudformation.delete_change_set"
EXECUTE: Final = "cloudformation.execute_change_set"
DESCRIBE: Final = "cloudformation.describe_change_set"
STACKS: Final = "cloudformation.describe_stacks"

WAIT: Final = 300.0
"""Seconds in which AWS must say what a change set would do."""

DEPLOYMENT: Final = 4 * 3600.0
"""Seconds that a deployment may take."""

LARGEST: Final = 51_200
"""How many bytes a template may have that is sent with the request.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

HOLDS_DATA: Final = frozenset(
    {
        "AWS::Backup::BackupVault",
        "AWS::Cognito::UserPool",
        "AWS::DocDB::DBCluster",
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::EC2::Instance",
        "AWS::EC2::Volume",
        "AWS::ECR::Repository",
        "AWS::EFS::FileSystem",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::Logs::LogGroup",
        "AWS::MSK::Cluster",
        "AWS::Neptune::DBCluster",
        "AWS::OpenSearchService::Domain",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Redshift::Cluster",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
    }
)
"""Types of resources that hold what cannot be made again: data, keys to it, secrets."""

Effect = Literal["added", "changed", "replaced", "perhaps replaced", "deleted", "imported", "unknown"]


@dataclass(frozen=True, slots=True)
class Altered:
    """What a deployment does to one resource, and by which properties; `loses` says what is lost by it."""

    logical_id: str
    physical_id: str
    type: str
    effect: Effect
    properties: tuple[str, ...] = ()
    loses: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a change set would do, and the change that executes it; None where there is nothing to do."""

    stack: str
    altered: tuple[Altered, ...]
    change: Change | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A deployment that somebody asks for."""

    stack: str
    template: str
    region: str
    parameters: Mapping[str, str]
    capabilities: Sequence[str] = ()


def propose(
    wanted: Wanted,
    reach: Reach,
    ledger: Ledger,
    actor: Actor,
    *,
    sleep: Callable[[float], None] = time.sleep,
    wait: float = WAIT,
) -> Proposal:
    """Ask AWS what a deployment would do. Raises DemarcateError where AWS refuses the template, or does not answer."""
    size = len(wanted.template.encode())
    if size > LARGEST:
        raise DemarcateError(
            f"the template has {size:,} bytes, and up to {LARGEST:,} can be sent: split it into nested stacks"
        )
    account, region = reach.caller.account, wanted.region
    try:
        exists = _exists(wanted.stack, account, region, reach)
        asked = _asked(wanted, exists=exists)
        ledger.append(actor, Act(kind=PROPOSED, account=account, after=asked))
        answer = reach.call(account, region, Operation(name=CREATE, parameters=asked))
        described = _described(str(answer["Id"]), account, region, reach, sleep, wait)
        if described["Status"] == "FAILED":
            reach.call(account, region, Operation(name=DELETE, parameters={"ChangeSetName": answer["Id"]}))
    except (NotDone, Uncertain) as error:
        raise DemarcateError(f"{wanted.stack}: {error}") from error
    if described["Status"] == "FAILED":
        reason = str(described.get("StatusReason"))
        if "No updates" in reason or "didn't contain changes" in reason:
            return Proposal(wanted.stack, (), None)
        raise DemarcateError(f"{wanted.stack}: CloudFormation cannot deploy this template: {reason}")
    altered = tuple(_altered(change["ResourceChange"]) for change in described.get("Changes", ()))
    return Proposal(wanted.stack, altered, _change(wanted, described, altered, account, exists=exists))


def _asked(wanted: Wanted, *, exists: bool) -> dict[str, Any]:
    return {
        "StackName": wanted.stack,
        "ChangeSetName": f"demarcate-{int(time.time())}",
        "ChangeSetType": "UPDATE" if exists else "CREATE",
        "TemplateBody": wanted.template,
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in sorted(wanted.parameters.items())
        ],
        "Capabilities": list(wanted.capabilities),
    }


def _exists(stack: str, account: str, region: str, reach: Reach) -> bool:
    """Whether a stack is there that can be updated; one that was only proposed is not."""
    read = Read(
        operation=Operation(name=STACKS, parameters={"StackName": stack}),
        state="Stacks[0].StackStatus",
        absent=("ValidationError",),
    )
    return reach.read(account, region, read) not in (None, "REVIEW_IN_PROGRESS")


def _described(
    id_: str, account: str, region: str, reach: Reach, sleep: Callable[[float], None], wait: float
) -> dict[str, Any]:
    """A change set when AWS is done with it. Raises NotDone where that takes too long."""
    read = Read(operation=Operation(name=DESCRIBE, parameters={"ChangeSetName": id_}))
    until, pause = time.monotonic() + wait, 0.5
    while True:
        described: dict[str, Any] = reach.read(account, region, read)
        if described["Status"] in ("CREATE_COMPLETE", "FAILED"):
            return described
        if time.monotonic() > until:
            raise NotDone(f"AWS did not say within {wait:g} s what the change set {id_} would do")
        sleep(pause)
        pause = min(pause * 2, 10.0)


def _altered(change: Mapping[str, Any]) -> Altered:
    """One entry of a change set in words.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
    """
    effect = _effect(str(change.get("Action")), str(change.get("Replacement", "False")))
    type_ = str(change.get("ResourceType"))
    targets = (detail.get("Target", {}) for detail in change.get("Details", ()))
    properties = tuple(sorted({str(target.get("Name") or target.get("Attribute")) for target in targets}))
    return Altered(
        logical_id=str(change.get("LogicalResourceId")),
        physical_id=str(change.get("PhysicalResourceId") or ""),
        type=type_,
        effect=effect,
        properties=properties,
        loses=_loses(type_, effect, str(change.get("PolicyAction") or "")),
    )


def _effect(action: str, replacement: str) -> Effect:
    if action == "Modify":
        replaced: dict[str, Effect] = {"True": "replaced", "Conditional": "perhaps replaced"}
        return replaced.get(replacement, "changed")
    effects: dict[str, Effect] = {"Add": "added", "Remove": "deleted", "Import": "imported"}
    return effects.get(action, "unknown")


def _loses(type_: str, effect: Effect, policy: str) -> str:
    """What is lost; nothing where a policy of the template keeps the old resource."""
    gone = effect in ("replaced", "perhaps replaced", "deleted")
    if not gone or policy in ("Retain", "ReplaceAndRetain", "Snapshot", "ReplaceAndSnapshot"):
        return ""
    return "what it holds" if type_ in HOLDS_DATA else ""


def _change(
    wanted: Wanted, described: Mapping[str, Any], altered: Sequence[Altered], account: str, *, exists: bool
) -> Change:
    id_ = str(described["ChangeSetId"])
    risks: set[Risk] = set()
    if any(item.loses for item in altered):
        risks.add("loses-data")
    if exists and any(item.effect not in ("added", "imported") for item in altered):
        risks.add("interrupts")
    if any(item.effect in ("added", "unknown") for item in altered):
        risks.add("costs")
    state = "{Status: Status, ExecutionStatus: ExecutionStatus}"
    step = Step(
        account=account,
        region=wanted.region,
        resource=str(described.get("StackId") or wanted.stack),
        do=Operation(name=EXECUTE, parameters={"ChangeSetName": id_}),
        reads=Read(operation=Operation(name=DESCRIBE, parameters={"ChangeSetName": id_}), state=state),
        before={"Status": described["Status"], "ExecutionStatus": described.get("ExecutionStatus")},
        done="ExecutionStatus == 'EXECUTE_COMPLETE'",
        failed="ExecutionStatus == 'EXECUTE_FAILED'",
        wait=DEPLOYMENT,
        undo=Undo(why_not="a deployment is undone by deploying the template before it"),
        risk=tuple(sorted(risks)),
    )
    counts: dict[str, int] = {}
    for item in altered:
        counts[item.effect] = counts.get(item.effect, 0) + 1
    told = ", ".join(f"{count} {effect}" for effect, count in sorted(counts.items()))
    return make_change(f"deploy {wanted.stack}: {told}", "deployment", f"change set {id_}", [step])

"""Push findings to Security Hub, hub by hub: a change of which each step fills the hub of one account and region.

A plan names how many findings go where, and their digest, and not each of them: whoever approves it approves these. The
calls are idempotent (a finding has the same id in each push), so that what got lost is sent again. What a hub holds of
ours and is open no more is archived there, but only where it was read: what could not be read is not fixed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from botocore.exceptions import ClientError, ParamValidationError

from demarcate.base.encoding import to_json
from demarcate.base.moments import utc
from demarcate.changes.planning import make_change
from demarcate.changes.reach import NotDone, Reach, Uncertain
from demarcate.changes.structs import Change, Operation, Read, Step, Undo
from demarcate.estate.sources.aws.failures import code_of

IMPORT: Final = "securityhub.batch_import_findings"
GET: Final = "securityhub.get_findings"

BATCH: Final = 100
"""How many findings a call takes (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html)."""

TRIES: Final = 3
"""How often a call is sent whose answer does not come."""

_OF_A_FINDING: Final = frozenset(
    {"InvalidInputException", "InvalidInput", "ValidationException", "RequestEntityTooLarge", "RequestTooLong"}
)
"""Why Security Hub refuses a call for something in it: then the rest of it is sent without that."""

_MANAGED: Final = frozenset({"Workflow", "Note", "UserDefinedFields", "VerificationState"})
"""What is the customer's in a finding once it is there: an import does not change it."""

_PROVIDED: Final = frozenset({"Severity", "Types", "Confidence", "Criticality", "RelatedFindings"})
"""What an import gives in FindingProviderFields, and not beside them."""

_KEPT: Final = (
    *("SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId", "CreatedAt", "Title", "Description"),
    *("Resources", "FindingProviderFields", "ProductFields", "Remediation"),
)
"""What an archived finding keeps of what it was."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Hub:
    """Where Security Hub is told of the findings of an account and region."""

    account: str
    region: str
    partition: str = "aws"

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{self.partition}:securityhub:{self.region}:{self.account}:hub/default"

    @property
    def product(self) -> str:
        """The ARN of what sends findings of one's own."""
        return f"arn:{self.partition}:securityhub:{self.region}:{self.account}:product/{self.account}/default"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What is pushed: the findings of each hub, as often as they are asked for, and how they are known.

    `generators` is how the ids of what generates them begin. `is_read` says whether all that a finding of a hub could
    be about was read. `moment` is when the estate was read.
    """

    hubs: Sequence[Hub]
    findings: Callable[[Hub], Iterator[Document]]
    generators: str
    is_read: Callable[[Hub, Document], bool]
    moment: datetime


def plan_push(pushed: Pushed, source: str) -> Change:
    """The change that pushes findings: a step for each hub, which names how many there are, and their digest."""
    steps = [_step(hub, *_digest(pushed.findings(hub))) for hub in pushed.hubs]
    total = sum(step.do.parameters["Findings"]["Count"] for step in steps)
    return make_change(
        f"push {total:,} findings to Security Hub" + (f" of {len(steps):,} places" if len(steps) > 1 else ""),
        "push",
        source,
        steps,
    )


def same(plan: Change, other: Change) -> bool:
    """Whether two plans push the same findings to the same hubs."""
    return [(step.resource, step.do) for step in plan.steps] == [(step.resource, step.do) for step in other.steps]


def _digest(findings: Iterable[Document]) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    for finding in findings:
        digest.update(to_json(finding, order="sorted"))
        count += 1
    return count, digest.hexdigest()


def _step(hub: Hub, count: int, digest: str) -> Step:
    return Step(
        account=hub.account,
        region=hub.region,
        resource=hub.arn,
        do=Operation(name=IMPORT, parameters={"Findings": {"Count": count, "SHA256": digest}}),
        reads=Read(operation=Operation(name=GET, parameters=_filters(hub, "")), state="length(Findings)"),
        before=None,
        done=f"SHA256 == '{digest}'",
        undo=Undo(why_not="the next push tells what holds then, and archives what does not"),
        tags={},
    )


def _filters(hub: Hub, generators: str) -> dict[str, Any]:
    filters: dict[str, Any] = {"ProductArn": [{"Value": hub.product, "Comparison": "EQUALS"}]}
    if generators:
        filters["GeneratorId"] = [{"Value": generators, "Comparison": "PREFIX"}]
    return {"Filters": filters, "MaxResults": BATCH}


@dataclass(slots=True)
class Outcome:
    """What a hub took."""

    sent: int = 0
    archived: int = 0
    newer: int = 0
    refused: int = 0

    def state(self, digest: str) -> dict[str, Any]:
        """It, as the ledger keeps it."""
        return {
            "SHA256": digest,
            "sent": self.sent,
            "archived": self.archived,
            "newer": self.newer,
            "refused": self.refused,
        }


@dataclass(slots=True)
class Pusher:
    """Makes the calls of a push: `applying.Hands`. The state of a hub is what this run made of it.

    `told` hears of each finding that is refused, and of what is left as it is.
    """

    reach: Reach
    pushed: Pushed
    told: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    outcomes: dict[Hub, Outcome] = field(default_factory=dict)
    _states: dict[tuple[str, str], Any] = field(default_factory=dict)

    def read(self, account: str, region: str, read: Read) -> Any:  # noqa: ARG002 - as those who hand it out have it
        """What this run made of a hub; None before it did."""
        return self._states.get((account, region))

    def call(self, account: str, region: str, operation: Operation) -> Any:
        """Fill a hub. Raises NotDone where it takes nothing at all, and Uncertain where it does not answer."""
        (hub,) = (hub for hub in self.pushed.hubs if (hub.account, hub.region) == (account, region))
        outcome = self.outcomes[hub] = Outcome()
        ids = {finding["Id"] for finding in self.pushed.findings(hub)}
        made, fixed, newer = self._theirs(hub, ids)
        outcome.newer = len(newer)
        if newer:
            self.told(f"{account} {region}: {len(newer):,} findings are newer there, and are left as they are")
        ours = (_as_update(finding, made) for finding in self.pushed.findings(hub) if finding["Id"] not in newer)
        for batch in _batches(ours):
            outcome.sent += self._send(hub, batch, outcome)
        for batch in _batches(fixed):
            outcome.archived += self._send(hub, batch, outcome)
        self._states[account, region] = outcome.state(operation.parameters["Findings"]["SHA256"])
        return self._states[account, region]

    def _theirs(self, hub: Hub, ids: set[str]) -> tuple[Mapping[str, str], list[Document], set[str]]:
        """What a hub has of ours: when each of `ids` was made, what is fixed and to be archived, and what is newer.

        Where it may not be asked, nothing is archived.
        """
        made: dict[str, str] = {}
        fixed: list[Document] = []
        newer: set[str] = set()
        try:
            for finding in self._listed(hub):
                if _changed(finding) > self.pushed.moment:
                    newer.add(finding["Id"])
                elif finding["Id"] in ids:
                    made[finding["Id"]] = finding["CreatedAt"]
                elif finding.get("RecordState") != "ARCHIVED" and self.pushed.is_read(hub, finding):
                    fixed.append(_archived(finding, self.pushed.moment))
        except NotDone as error:
            if ids or not _is_off(error):  # what is not switched on there holds nothing that could be fixed
                self.told(f"{hub.account} {hub.region}: what is fixed is not archived: {error}")
            return {}, [], set()
        return made, fixed, newer & ids

    def _listed(self, hub: Hub) -> Iterator[Document]:
        parameters = _filters(hub, self.pushed.generators)
        while True:
            page = self.reach.read(
                hub.account,
                hub.region,
                Read(
                    operation=Operation(name=GET, parameters=parameters),
                    state="{findings: Findings, next: NextToken}",
                ),
            )
            # The filters are asked of AWS; they are held here too, for nothing else's finding is to be archived.
            for finding in page["findings"] or ():
                of_us = finding["ProductArn"] == hub.product
                if of_us and finding["GeneratorId"].startswith(self.pushed.generators):
                    yield finding
            if not page["next"]:
                return
            parameters = {**parameters, "NextToken": page["next"]}

    def _send(self, hub: Hub, batch: list[Document], outcome: Outcome) -> int:
        """Send findings, and say which are refused; how many were taken. Raises NotDone and Uncertain."""
        try:
            answer = self._called(hub, batch)
        except NotDone as error:
            if not _is_of_a_finding(error):
                raise
            if len(batch) == 1:
                self._refused(hub, batch[0]["Id"], str(error), outcome)
                return 0
            middle = len(batch) // 2
            return self._send(hub, batch[:middle], outcome) + self._send(hub, batch[middle:], outcome)
        failed = answer.get("FailedFindings") or []
        for refusal in failed:
            why = f"{refusal.get('ErrorCode')}: {refusal.get('ErrorMessage')}"
            self._refused(hub, str(refusal.get("Id")), why, outcome)
        return len(batch) - len(failed)

    def _refused(self, hub: Hub, id_: str, why: str, outcome: Outcome) -> None:
        outcome.refused += 1
        self.told(f"{hub.account} {hub.region}: refused: {id_}: {why}")

    def _called(self, hub: Hub, batch: list[Document]) -> Document:
        operation = Operation(name=IMPORT, parameters={"Findings": batch})
        for attempt in range(1, TRIES + 1):
            try:
                answer: Document = self.reach.call(hub.account, hub.region, operation)
            except Uncertain:
                if attempt == TRIES:
                    raise
                self.sleep(2.0**attempt)
            else:
                return answer
        raise AssertionError


def _batches(findings: Iterable[Document]) -> Iterator[list[Document]]:
    left = iter(findings)
    while batch := list(islice(left, BATCH)):
        yield batch


def _as_update(finding: Document, made: Mapping[str, str]) -> Document:
    """A finding as an import gives it. It was made when the hub has it; what is the customer's there is left alone."""
    left_out = _PROVIDED | (_MANAGED if finding["Id"] in made else frozenset())
    told = {name: value for name, value in finding.items() if name not in left_out}
    return {**told, "CreatedAt": made.get(finding["Id"], finding["CreatedAt"])}


def _archived(finding: Document, moment: datetime) -> Document:
    """A finding of a hub as one that is fixed."""
    kept: Document = {name: finding[name] for name in _KEPT if name in finding}
    now = utc(moment).isoformat().replace("+00:00", "Z")
    return {**kept, "UpdatedAt": now, "Compliance": {"Status": "PASSED"}, "RecordState": "ARCHIVED"}


def _changed(finding: Document) -> datetime:
    """When a finding of a hub was changed last; long ago where it does not say so in any form that is known."""
    try:
        return utc(datetime.fromisoformat(finding["UpdatedAt"]))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _is_off(error: NotDone) -> bool:
    """Whether Security Hub is not switched on in an account and region."""
    return isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == "InvalidAccessException"


def _is_of_a_finding(error: NotDone) -> bool:
    """Whether a call was refused for something in it, and not for whom or where it was made."""
    cause = error.__cause__
    return isinstance(cause, ParamValidationError) or (
        isinstance(cause, ClientError) and code_of(cause) in _OF_A_FINDING
    )

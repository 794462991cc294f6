"""Findings in Security Hub: planned, approved and recorded, each from its account, and archived only where read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from demarcate.assessing import assess_sources
from demarcate.base.errors import DemarcateError
from demarcate.changes.deciding import changes
from demarcate.changes.pushing import BATCH, GET, IMPORT, Hub, Pushed, Pusher, plan_push, same
from demarcate.changes.reach import NotDone, Reach, Uncertain
from demarcate.changes.structs import Operation, Read
from demarcate.cli import app
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from demarcate.ledger.ledger import Ledger
from demarcate.posture import kept
from tests.aws.conftest import REGION, Aws
from tests.surroundings import CREDENTIALS

ACCOUNT = "123456789012"
CHECK = "ebs-volume-encrypted"


def assessment(folder: Path, volumes: dict[str, list[str]], *, encrypted: tuple[str, ...] = ()) -> str:
    """A kept assessment of volumes, by the regions that were read."""
    of = table("aws_ebs_volume")
    with SnapshotWriter("live", "aws", out=folder.with_name(f"{folder.name}-snapshot")) as writer:
        for region, names in volumes.items():
            part = writer.part(of, [column.name for column in of.all_columns], ACCOUNT, region)
            part.append([_volume(region, name, name in encrypted) for name in names])
            part.seal()
        snapshot = writer.finish().folder
    with assess_sources([snapshot], checks=[CHECK]) as assessed:
        kept.save(assessed, folder)
    return str(folder)


def _volume(region: str, name: str, encrypted: bool) -> dict[str, Any]:
    return {
        "volume_id": name,
        "arn": f"arn:aws:ec2:{region}:{ACCOUNT}:volume/{name}",
        "encrypted": encrypted,
        "size": 8,
        "account_id": ACCOUNT,
        "region": region,
        "partition": "aws",
        "resource": f"arn:aws:ec2:{region}:{ACCOUNT}:volume/{name}",
        "tags": {"env": "prod"},
    }


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs the command against the server, with a ledger of its own."""
    for name, value in {**CREDENTIALS, "XDG_DATA_HOME": str(tmp_path), "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def do(*words: str, person: str = "dana@example.com") -> tuple[int, str]:
        there = ("--endpoint-url", aws.url) if words[0] == "push" else ()
        done = CliRunner().invoke(app, [*words, *there, "--as", person])
        if isinstance(done.exception, DemarcateError):
            return 2, str(done.exception)
        assert isinstance(done.exception, SystemExit | None), done.exception
        return done.exit_code, " ".join(done.output.split())

    yield do


def held(aws: Aws, region: str = REGION) -> dict[str, tuple[str, str]]:
    """What Security Hub has of a region: each resource's compliance and state."""
    findings = aws.client("securityhub", region).get_findings()["Findings"]
    return {
        finding["Resources"][0]["Id"].rpartition("/")[2]: (finding["Compliance"]["Status"], finding["RecordState"])
        for finding in findings
    }


def test_a_push_is_planned_approved_and_made_and_what_is_fixed_is_archived_where_it_was_read(
    aws: Aws, run: Run, tmp_path: Path
) -> None:
    before = assessment(tmp_path / "before", {REGION: ["vol-1", "vol-2"], "us-east-1": ["vol-3"]})
    code, said = run("push", "security-hub", before)
    assert (code, "not pushed yet" in said, "push 3 findings" in said) == (0, True, True), said
    assert held(aws) == {}
    with Ledger(None, reading=True) as ledger:
        (planned,) = (status.change for status in changes(ledger))
    needed = CliRunner().invoke(app, ["change", "iam-policy", planned.id]).output
    assert "securityhub:BatchImportFindings" in needed
    assert "securityhub:GetFindings" in needed
    code, said = run("push", "security-hub", before, "--change", planned.id)
    assert (code, "1 to approve it" in said) == (2, True), said
    assert run("change", "approve", planned.id, person="erin@example.com")[0] == 0
    code, said = run("change", "apply", planned.id)
    assert (code, "demarcate push security-hub" in said) == (2, True), said
    code, said = run("push", "security-hub", before, "--change", planned.id)
    assert (code, "has 3 findings; 0 fixed" in said) == (0, True), said
    assert held(aws) == {"vol-1": ("FAILED", "ACTIVE"), "vol-2": ("FAILED", "ACTIVE")}
    assert held(aws, "us-east-1") == {"vol-3": ("FAILED", "ACTIVE")}

    Path("policies.yaml").write_text("- {name: findings, approvals: {default: 0}}\n")
    after = assessment(tmp_path / "after", {REGION: ["vol-1", "vol-2", "vol-4"]}, encrypted=("vol-1",))
    code, said = run("push", "security-hub", after, "--policies", "policies.yaml")
    assert (code, "nobody approved these policies" in said) == (2, True), said
    assert run("change", "approve-policies", "policies.yaml", person="erin@example.com")[0] == 0
    code, said = run("push", "security-hub", after, "--change", planned.id)
    assert (code, "it plans other findings" in said) == (2, True), said
    code, said = run("push", "security-hub", after, "--policies", "policies.yaml")
    assert (code, "has 2 findings; 1 fixed ones are archived" in said) == (0, True), said
    assert held(aws) == {
        "vol-1": ("PASSED", "ARCHIVED"),
        "vol-2": ("FAILED", "ACTIVE"),
        "vol-4": ("FAILED", "ACTIVE"),
    }
    assert held(aws, "us-east-1") == {"vol-3": ("FAILED", "ACTIVE")}, "that region was not read"
    with Ledger(None, reading=True) as ledger:
        entries = [entry.act for entry in ledger.entries()]
    assert next(act.authority for act in entries if act.kind == "change-allowed").startswith("policy findings of")
    assert {str(act.account) for act in entries if act.kind == "step-ended"} == {ACCOUNT}


def test_an_older_assessment_changes_nothing_that_is_newer_there(aws: Aws, run: Run, tmp_path: Path) -> None:
    folders = [
        assessment(tmp_path / name, {REGION: ["vol-1"]}, encrypted=encrypted)
        for name, encrypted in (("older", ("vol-1",)), ("newer", ()))
    ]
    Path("policies.yaml").write_text("- {name: findings, approvals: {default: 0}}\n")
    run("change", "approve-policies", "policies.yaml")
    allowed = ("--policies", "policies.yaml")
    assert run("push", "security-hub", folders[1], *allowed)[0] == 0
    (finding,) = aws.client("securityhub").get_findings()["Findings"]
    later = {**finding, "UpdatedAt": "2999-01-01T00:00:00Z"}
    aws.client("securityhub").batch_import_findings(Findings=[later])
    assert run("push", "security-hub", folders[0], *allowed)[0] == 0
    assert held(aws) == {"vol-1": ("FAILED", "ACTIVE")}


def test_what_is_of_no_account_is_not_pushed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources:\n  A:\n    Type: AWS::EC2::Volume\n    Properties: {Size: 8}\n")
    with assess_sources([tmp_path / "t.yaml"], checks=[CHECK]) as assessed:
        kept.save(assessed, tmp_path / "kept")
    code, said = run("push", "security-hub", "kept")
    assert (code, "1 finding of no account" in said, "nothing to push" in said) == (0, True, True), said


# --- a Security Hub that refuses ----------------------------------------------------------------------------

HUB = Hub(ACCOUNT, REGION)


class Refusing:
    """What answers in the place of AWS: it refuses findings by their id, and says what it was sent."""

    def __init__(self, *, bad: str = "", failed: str = "", off: bool = False, lost: int = 0) -> None:
        self.bad, self.failed, self.off, self.lost = bad, failed, off, lost
        self.sent: list[str] = []

    def read(self, account: str, region: str, read: Read) -> Any:
        assert read.operation.name == GET
        if self.off:
            self._refuse("InvalidAccessException", "not subscribed")
        return {"findings": [], "next": None}

    def call(self, account: str, region: str, operation: Operation) -> Any:
        assert operation.name == IMPORT
        ids = [finding["Id"] for finding in operation.parameters["Findings"]]
        assert len(ids) <= BATCH
        if self.off:
            self._refuse("InvalidAccessException", "not subscribed")
        if self.lost:
            self.lost -= 1
            raise Uncertain("no answer")
        if self.bad in ids:
            self._refuse("InvalidInputException", "it is malformed")
        refused = [id_ for id_ in ids if id_ == self.failed]
        self.sent += [id_ for id_ in ids if id_ not in refused]
        return {"FailedFindings": [{"Id": id_, "ErrorCode": "E", "ErrorMessage": "m"} for id_ in refused]}

    def _refuse(self, code: str, message: str) -> None:
        error = ClientError({"Error": {"Code": code, "Message": message}}, "BatchImportFindings")
        raise NotDone(f"{code}: {message}") from error


def pusher(reach: Refusing, number: int = 250) -> tuple[Pusher, list[str]]:
    findings = [
        {"Id": f"demarcate/{n}", "CreatedAt": "2026-01-01T00:00:00Z", "Severity": {}} for n in range(number)
    ]
    pushed = Pushed(
        [HUB], lambda _: iter(findings), "demarcate/", lambda *_: True, datetime(2026, 1, 1, tzinfo=UTC)
    )
    said: list[str] = []
    made = Pusher(cast("Reach", reach), pushed, said.append, sleep=lambda _: None)
    return made, said


def push(made: Pusher) -> Any:
    (step,) = plan_push(made.pushed, "s").steps
    return made.call(ACCOUNT, REGION, step.do)


@pytest.mark.parametrize("reach", [Refusing(bad="demarcate/117"), Refusing(failed="demarcate/117")])
def test_each_finding_that_is_refused_is_named_and_the_rest_is_sent(reach: Refusing) -> None:
    made, said = pusher(reach)
    assert push(made)["refused"] == 1
    assert len(set(reach.sent)) == len(reach.sent) == 249
    assert len(said) == 1
    assert "demarcate/117" in said[0]


def test_what_got_lost_is_sent_again_and_not_for_ever() -> None:
    made, _ = pusher(Refusing(lost=2))
    assert push(made)["sent"] == 250
    made, _ = pusher(Refusing(lost=3))
    with pytest.raises(Uncertain):
        push(made)


def test_a_hub_that_is_off_takes_nothing() -> None:
    made, said = pusher(Refusing(off=True))
    with pytest.raises(NotDone, match="not subscribed"):
        push(made)
    assert len(said) == 1, "that what is fixed is not archived"
    made, said = pusher(Refusing(off=True), 0)
    assert push(made)["sent"] == 0
    assert said == [], "nothing is there, and nothing could be fixed"


def test_a_plan_names_what_is_pushed() -> None:
    made, _ = pusher(Refusing())
    other, _ = pusher(Refusing(), 249)
    plans = [plan_push(each.pushed, "s") for each in (made, made, other)]
    assert same(plans[0], plans[1])
    assert not same(plans[0], plans[2])
    assert plans[0].id != plans[1].id

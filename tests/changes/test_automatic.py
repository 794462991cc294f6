"""drift --auto: what approved policies allow is brought back and recorded; what they do not stays, and is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.changes.automatic import why_not_alone
from demarcate.changes.planning import make_change
from demarcate.changes.policies import read_policies
from demarcate.checks.remedies import Risk
from demarcate.cli import app
from demarcate.ledger.ledger import Ledger
from tests.aws.conftest import REGION, Aws
from tests.changes.fakes import step
from tests.surroundings import CREDENTIALS

TEMPLATE = """\
Resources:
  Invoices:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: invoices
      VersioningConfiguration: {Status: Enabled}
"""
ALLOWS = "- {name: versions, approvals: {default: 0}}\n"
ASKS = "- {name: versions, approvals: {default: 0, costs: 1}}\n"
FROZEN = "- {name: versions, approvals: {default: 0}, freezes: [{from: 2020-01-01, to: 2999-01-01, why: quiet}]}\n"
FEW = "- {name: versions, approvals: {default: 0}, at-most: {resources: 0}}\n"


@pytest.mark.parametrize(
    ("policies", "risk", "why"),
    [
        (ALLOWS, (), None),
        (ALLOWS, ("locks-out",), "a person must accept that"),
        (ASKS, ("costs",), "1 to approve it"),
        (FROZEN, (), "nothing is applied until 2999-01-01 (quiet)"),
        (FEW, (), "touches 1 resources, and 0 at once are allowed"),
    ],
)
def test_what_policies_do_not_allow_alone_is_left_with_why(
    tmp_path: Path, policies: str, risk: tuple[Risk, ...], why: str | None
) -> None:
    (tmp_path / "policies.yaml").write_text(policies)
    change = make_change("t", "drift", "s", [msgspec.structs.replace(step("a"), risk=risk)])
    reasons = why_not_alone(read_policies(tmp_path / "policies.yaml"), change, "robot@example.com")
    assert reasons == [] if why is None else why in reasons[0]


@pytest.fixture
def there(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """A bucket as its template declares it, but for versions, which are suspended; and the options that reach it."""
    for name, value in {**CREDENTIALS, "XDG_DATA_HOME": str(tmp_path), "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(TEMPLATE)
    aws.client("cloudformation").create_stack(StackName="shop", TemplateBody=TEMPLATE)
    s3 = aws.client("s3")
    s3.put_public_access_block(
        Bucket="invoices",
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        ),
    )
    s3.put_bucket_ownership_controls(
        Bucket="invoices", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    s3.put_bucket_versioning(Bucket="invoices", VersioningConfiguration={"Status": "Suspended"})
    return ("--region", REGION, "--endpoint-url", aws.url, "--declared-only", "--as", "robot@example.com")


def test_what_approved_policies_allow_is_brought_back(aws: Aws, tmp_path: Path, there: tuple[str, ...]) -> None:
    s3 = aws.client("s3")

    def drift(policies: str, *, signed: bool = True) -> tuple[int, str]:
        Path("policies.yaml").write_text(policies)
        if signed:
            CliRunner().invoke(app, ["change", "approve-policies", "policies.yaml", "--as", "dana@example.com"])
        done = CliRunner().invoke(app, ["drift", "shop.yaml", "--auto", "--policies", "policies.yaml", *there])
        if isinstance(done.exception, DemarcateError):
            return 2, str(done.exception)
        assert isinstance(done.exception, SystemExit | None), done.exception
        return done.exit_code, " ".join(done.output.split())

    with Ledger(str(tmp_path / "demarcate" / "ledger.sqlite")):
        pass
    assert drift(ALLOWS, signed=False)[0] == 2
    code, said = drift(ASKS)
    assert (code, "not brought back" in said, "1 to approve it" in said) == (1, True, True), said
    code, said = drift(ALLOWS + "# edited\n", signed=False)
    assert (code, "nobody approved these policies" in said) == (2, True), said
    assert s3.get_bucket_versioning(Bucket="invoices")["Status"] == "Suspended"
    code, said = drift(ALLOWS)
    assert (code, "no drift" in said) == (0, True), said
    assert s3.get_bucket_versioning(Bucket="invoices")["Status"] == "Enabled"
    with Ledger(None, reading=True) as ledger:
        kinds = [entry.act.kind for entry in ledger.entries() if entry.act.change is not None]
        (allowed,) = ledger.entries(kinds=("change-allowed",))
        (begun,) = ledger.entries(kinds=("change-begun",))
    assert kinds[:3] == ["change-planned", "change-allowed", "change-begun"]
    assert kinds[-1] == "change-verified"
    assert allowed.act.after["policies"]["by"] == "dana@example.com"
    for entry in (allowed, begun):
        assert "which dana@example.com approved on" in str(entry.act.authority)
        assert entry.person == "robot@example.com"


class Ended(Exception):
    """The watch is over, as far as the test goes."""


def test_a_watch_brings_back_what_drifts_and_never_what_was_deployed(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...]
) -> None:
    s3 = aws.client("s3")
    seen: list[str] = []

    def versions(status: str) -> None:
        s3.put_bucket_versioning(Bucket="invoices", VersioningConfiguration={"Status": status})

    def somebody_suspends() -> None:
        versions("Suspended")

    def a_deployment_suspends() -> None:
        Path("shop.yaml").write_text(TEMPLATE.replace("Enabled", "Suspended"))
        versions("Suspended")

    def a_template_is_half_written() -> None:
        Path("shop.yaml").write_text("Resources: {")

    def somebody_edits_policies() -> None:
        Path("shop.yaml").write_text(TEMPLATE)
        Path("policies.yaml").write_text(ALLOWS.replace("versions", "all"))

    def they_are_approved() -> None:
        CliRunner().invoke(app, ["change", "approve-policies", "policies.yaml", "--as", "dana@example.com"])

    events = iter(
        (
            somebody_suspends,
            a_deployment_suspends,
            a_template_is_half_written,
            somebody_edits_policies,
            they_are_approved,
        )
    )

    def sleep(seconds: float) -> None:
        assert seconds == 600
        seen.append(s3.get_bucket_versioning(Bucket="invoices")["Status"])
        event = next(events, None)
        if event is None:
            raise Ended
        event()

    monkeypatch.setattr("demarcate.cli.drift.time", SimpleNamespace(sleep=sleep))
    with Ledger(str(tmp_path / "demarcate" / "ledger.sqlite")):
        pass
    Path("policies.yaml").write_text(ALLOWS)
    CliRunner().invoke(app, ["change", "approve-policies", "policies.yaml", "--as", "dana@example.com"])
    arguments = ["drift", "shop.yaml", "--auto", "--policies", "policies.yaml", "--watch", "10m", *there]
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, Ended), (done.exception, done.output)
    # Brought back at once, and again; left as it was deployed, where what is declared cannot be read, and where nobody
    # approved the policies; brought back once somebody did.
    assert seen == ["Enabled", "Enabled", "Suspended", "Suspended", "Suspended", "Enabled"], done.output
    said = " ".join(done.output.split())
    assert "nothing is declared that could be compared: shop.yaml:2: is not YAML" in said
    assert said.count("this look failed, and the next is in 600 s: nobody approved these policies") == 1
    with Ledger(None, reading=True) as ledger:
        kinds = [entry.act.kind for entry in ledger.entries()]
    assert kinds.count("change-allowed") == kinds.count("change-verified") == 3

"""Where the line runs for one resource, and what state a responsibility is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from demarcate.assessing import assess_sources
from demarcate.base.errors import DemarcateError
from demarcate.lines import line_of
from demarcate.model import load

MODEL = load()
FUNCTION = "Resources:\n  F: {Type: 'AWS::Lambda::Function', Properties: {PROPERTIES}}\n"
AWS_PATCHES = "patch-management.patch-lambda-runtimes"
MANAGED = "Runtime: python3.13, Handler: a.b, Code: {ZipFile: x}"


def template(folder: Path, text: str) -> str:
    (folder / "t.yaml").write_text("Parameters: {P: {Type: String}}\n" + text)
    return str(folder / "t.yaml")


@pytest.mark.parametrize(
    ("properties", "applies"),
    [
        (MANAGED, True),
        (f"{MANAGED}, RuntimeManagementConfig: {{UpdateRuntimeOn: Manual}}", False),
        (f"{MANAGED}, RuntimeManagementConfig: {{UpdateRuntimeOn: !Ref P}}", None),
        ("PackageType: Image, Code: {ImageUri: x}", False),
        ("Runtime: provided.al2023, Handler: a, Code: {ZipFile: x}", False),
    ],
)
def test_the_line_runs_through_lambda(properties: str, applies: bool | None, tmp_path: Path) -> None:
    source = template(tmp_path, FUNCTION.replace("PROPERTIES", properties))
    (line,) = line_of(MODEL, "F", [source])
    drawn = {duty.responsibility.id: duty for duty in line.drawn}
    assert drawn[AWS_PATCHES].applies is applies
    assert applies is False or drawn[AWS_PATCHES].because, "the reason is told"


def test_a_resource_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DemarcateError, match="no resource 'G'"):
        line_of(MODEL, "G", [template(tmp_path, FUNCTION.replace("PROPERTIES", MANAGED))])


VOLUME = "Resources:\n  V: {Type: 'AWS::EC2::Volume', Properties: {Encrypted: VALUE}}\n"


@pytest.mark.parametrize(("value", "state"), [("true", "met"), ("false", "gap"), ("!Ref P", "unproven")])
def test_a_state_is_what_its_checks_found(value: str, state: str, tmp_path: Path) -> None:
    source = template(tmp_path, VOLUME.replace("VALUE", value))
    posture = assess_sources([source], checks=["ebs-volume-encrypted"]).posture
    states = {responsibility.id: responsibility for responsibility in posture.responsibilities}
    encryption = states["encryption.enable-at-rest"]
    assert encryption.state == state
    assert encryption.because
    assert (encryption.severity == "high") == (state == "gap")
    assert states["encryption.manage-certificates"].state == "not-applicable"
    assert states["awareness-and-training.train-developers"].state == "unproven"
    assert states["patch-management.patch-hypervisor"].state == "provided"


def test_counts_add_up(tmp_path: Path) -> None:
    posture = assess_sources([template(tmp_path, VOLUME.replace("VALUE", "false"))]).posture
    customer = [
        responsibility for responsibility in posture.responsibilities if responsibility.party == "customer"
    ]
    summary = posture.summary
    assert summary.owed == summary.met + summary.gaps + summary.unproven
    assert summary.owed + summary.not_applicable == len(customer)
    assert sum(counts.owed for counts in posture.areas.values()) == summary.owed
    assert posture.parties["customer"] == summary
    assert posture.first()[0].severity == "high"


def test_what_is_counted_is_of_the_checks_that_were_named(tmp_path: Path) -> None:
    source = template(tmp_path, VOLUME.replace("VALUE", "false"))
    posture = assess_sources([source], checks=["ebs-volume-encrypted"]).posture
    assert (posture.summary.owed, posture.summary.gaps, posture.summary.unproven) == (1, 1, 0)
    assert sum(counts.owed for counts in posture.areas.values()) == posture.parties["customer"].owed == 1
    others = [
        r
        for r in posture.responsibilities
        if r.state == "unproven" and "checks" in MODEL.responsibility[r.id].proof_kinds
    ]
    assert any("none of its checks was selected" in r.because for r in others)


BUCKET = "Resources:\n  B: {Type: 'AWS::S3::Bucket', Properties: {PROPERTIES}}\n"
LOSS = "configuration-management.protect-from-loss"


@pytest.mark.parametrize(
    ("properties", "state"),
    [
        ("VersioningConfiguration: {Status: Suspended}", "gap"),
        ("VersioningConfiguration: {Status: !Ref P}", "unproven"),
    ],
)
def test_each_line_says_whether_it_is_met(properties: str, state: str, tmp_path: Path) -> None:
    source = template(tmp_path, BUCKET.replace("PROPERTIES", properties))
    (line,) = line_of(MODEL, "B", [source])
    drawn = {duty.responsibility.id: duty for duty in line.drawn}
    assert drawn[LOSS].state == state
    assert drawn[LOSS].told, "and why"
    assert {duty.state for duty in line.drawn if duty.responsibility.party == "aws" and duty.applies} == {
        "provided"
    }
    assert all((duty.state is None) == (duty.applies is False) for duty in line.drawn)


def test_the_line_of_a_resource_says_what_its_assessment_says(tmp_path: Path) -> None:
    """In an estate of one resource both look at the same findings."""
    source = template(tmp_path, BUCKET.replace("PROPERTIES", "VersioningConfiguration: {Status: Suspended}"))
    with assess_sources([source]) as assessment:
        failed = [
            finding for finding in assessment.findings() if finding.verdict == "fail" and finding.resource == "B"
        ]
    (line,) = line_of(MODEL, "B", [source])
    gaps = {duty.responsibility.id for duty in line.drawn if duty.state == "gap"}
    owed = {finding.responsibility for finding in failed}
    assert gaps == {id_ for id_ in owed if MODEL.responsibility[id_].covers("s3")}

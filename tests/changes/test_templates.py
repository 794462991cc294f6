"""Findings over templates: the edit by which a check passes, and why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import make_change
from demarcate.changes.templates import LOGICAL, patch_of, with_places
from demarcate.estate.sources.interface import Options
from tests.changes.fakes import step

TEMPLATE = """\
Parameters: {On: {Type: String, Default: false}}
Resources:
  Open:
    Type: AWS::EC2::Volume
    Properties:
      AvailabilityZone: a  # one zone
      Size: 8
  Given:
    Type: AWS::EC2::Volume
    Properties: {AvailabilityZone: a, Size: 8, Encrypted: !Ref On}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      PublicAccessBlockConfiguration: {BlockPublicAcls: true}
"""


def test_findings_of_templates_are_mended_in_the_template(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(TEMPLATE)
    names = ["ebs-volume-encrypted", "s3-bucket-public-access-blocked"]
    patch = patch_of([str(file)], Options(), names, ())
    assert {(finding.check, finding.resource, line) for finding, line in patch.edits} == {
        ("ebs-volume-encrypted", "Open", 7),
        ("s3-bucket-public-access-blocked", "Bucket", 14),
    }
    assert {finding.resource: why for finding, why in patch.left} == {
        "Given": "the parameter On gives it, on line 10"
    }
    (edited,) = patch.files
    rest = ", BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}"
    assert edited.after == TEMPLATE.replace("      Size: 8\n", "      Size: 8\n      Encrypted: true\n").replace(
        "{BlockPublicAcls: true}", "{BlockPublicAcls: true" + rest
    )
    assert file.read_text() == TEMPLATE
    with pytest.raises(DemarcateError, match="there is no finding 'nobody' that fails now"):
        patch_of([str(file)], Options(), None, ["nobody"])


def test_a_live_change_says_where_its_resource_is_declared(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(TEMPLATE)
    tags = {LOGICAL: "Open", "aws:cloudformation:stack-name": "shop"}
    live = step("a", tags=tags, declared="the CloudFormation stack shop", checks=("ebs-volume-encrypted",))
    change = make_change("t", "findings", "s", [live, step("b")])
    placed = with_places(change, [tmp_path])
    assert [item.declared for item in placed.steps] == [
        f"{tmp_path}/app.yaml:3 (Open), the CloudFormation stack shop",
        "",
    ]
    patch = patch_of([str(tmp_path)], Options(), None, only={("ebs-volume-encrypted", "Open")})
    assert [(finding.resource, line) for finding, line in patch.edits] == [("Open", 7)]

"""Findings over templates: the edit by which a check passes, and why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.templates import patch_of
from demarcate.estate.sources.interface import Options

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

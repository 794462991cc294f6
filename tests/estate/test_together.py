"""Templates, assemblies and plans read together: one estate, told apart by file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.checks.engine import judge
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.registry import source_of
from tests.checks.examples import shipped
from tests.estate.terraform.plans import plan

TEMPLATE = """
Parameters: {Encrypt: {Type: String}}
Resources:
  Data: {Type: "AWS::EC2::Volume", Properties: {AvailabilityZone: a, Size: 1, Encrypted: !Ref Encrypt}}
  Strange: {Type: "AWS::Nobody::Knows"}
"""


def test_each_finding_says_which_file_it_is_of(tmp_path: Path) -> None:
    template, planned, assembly = tmp_path / "t.yaml", tmp_path / "plan.json", tmp_path / "cdk.out"
    template.write_text(TEMPLATE)
    planned.write_text(json.dumps(plan({"aws_ebs_volume.v": {"values": {"size": 1}}, "aws_strange.s": {}})))
    assembly.mkdir()
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "S.template.json"}}
    (assembly / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": {"S": stack}}))
    volume = {
        "Type": "AWS::EC2::Volume",
        "Metadata": {"aws:cdk:path": "S/Volume"},
        "Properties": {"Encrypted": True},
    }
    (assembly / "S.template.json").write_text(json.dumps({"Resources": {"V1": volume}}))
    names = [template, planned, assembly]
    assert source_of([str(name) for name in names]).name == "declared"
    with collect_snapshot(names, Options(parameters={"Encrypt": "true"})) as snapshot:
        assert snapshot.manifest.resources == {"AWS::Nobody::Knows": 1, "aws_strange": 1}
        findings = judge(snapshot, [shipped()["ebs-volume-encrypted"]], passes=True).findings()
        assert {(finding.resource, Path(finding.file or "").name, finding.verdict) for finding in findings} == {
            ("Data", "t.yaml", "pass"),
            ("aws_ebs_volume.v", "plan.json", "fail"),
            ("S/Volume", "S.template.json", "pass"),
        }


def test_what_is_live_is_another_estate(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    with pytest.raises(DemarcateError, match="they are two estates"):
        source_of(["aws", str(tmp_path / "t.yaml")])

"""The page about guardrails is true: its commands do what it shows, from a proposal to a policy that is gone again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.aws.conftest import Aws
from tests.guardrails.recorded import deliver, event
from tests.surroundings import CREDENTIALS
from tests.test_tutorial import ROOT, Reader, blocks

PAGE = ROOT / "docs" / "how-to" / "propose-guardrails.md"


def test_the_page_does_what_it_says(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = {"AWS_ENDPOINT_URL": aws.url, "XDG_DATA_HOME": str(tmp_path), "NO_COLOR": "1", "COLUMNS": "80"}
    for name, value in {**CREDENTIALS, **around}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("demarcate.changes.planning.new_id", lambda: "c-1f2e3d4c")
    monkeypatch.setattr("moto.organizations.utils.make_random_ou_id", lambda _: "ou-a1b2-3c4d5e6f")
    client = aws.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]
    if not root["PolicyTypes"]:
        client.enable_policy_type(RootId=root["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    client.create_organizational_unit(ParentId=root["Id"], Name="sandbox")
    calls = [event(name, eventID=name) for name in ("cloudtrail:UpdateTrail", "cloudtrail:DescribeTrails")]
    deliver(tmp_path / "logs" / "a.json.gz", [*calls, event("cloudtrail:UpdateTrail", eventID="2")])
    before = client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    reader = Reader(tmp_path)
    told = [line for block in blocks(PAGE.read_text()) for line in reader.follow(block)]
    assert not told, "\n\n".join(told)
    assert reader.code == 0
    assert client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"] == before
    written = {path.name: json.loads(path.read_text()) for path in (tmp_path / "proposed").iterdir()}
    assert "scp-1.json" in written
    rules = written["conformance-pack-1.json"]["Resources"]
    assert "S3_BUCKET_ACL_PROHIBITED" in {
        rule["Properties"]["Source"]["SourceIdentifier"] for rule in rules.values()
    }

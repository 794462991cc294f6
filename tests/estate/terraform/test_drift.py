"""A state against the live estate: paired by what AWS calls the resources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demarcate.drift.comparing import compare
from demarcate.drift.forward import patch_of
from demarcate.drift.structs import DriftKind
from demarcate.estate.sources.collecting import collect_snapshot
from tests.checks.test_engine import snapshot
from tests.estate.terraform.plans import plan, state

ACCOUNT, REGION = "111122223333", "eu-west-1"
VOLUME = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume"
HERE = {"account_id": ACCOUNT, "region": REGION}


def volume(name: str, **values: Any) -> dict[str, Any]:
    row = {
        "resource": f"{VOLUME}/{name}",
        "arn": f"{VOLUME}/{name}",
        "volume_id": name,
        "encrypted": True,
        "size": 8,
    }
    return {**row, **HERE, **values}


def declared(name: str) -> dict[str, Any]:
    return {"id": name, "arn": f"{VOLUME}/{name}", "encrypted": True, "size": 8, "type": "gp3"}


def test_a_state_is_paired_with_what_is_live_by_its_ids(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    resources = {f"aws_ebs_volume.{name}": declared(f"vol-{name}") for name in ("same", "plain", "gone")}
    path.write_text(json.dumps(state(resources)))
    live = snapshot(
        {"aws_ebs_volume": [volume("vol-same"), volume("vol-plain", encrypted=False), volume("vol-more")]},
    )
    told = {
        (drift.kind, drift.logical_id or drift.resource.rpartition("/")[2], drift.column)
        for drift in compare(collect_snapshot([path]), live).drifts
        if drift.kind is not DriftKind.NOT_COMPARED
    }
    assert told == {
        (DriftKind.CHANGED, "aws_ebs_volume.plain", "encrypted"),
        (DriftKind.MISSING, "aws_ebs_volume.gone", None),
        (DriftKind.UNDECLARED, "vol-more", None),
    }


def test_a_state_is_not_edited(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps(state({"aws_ebs_volume.plain": declared("vol-plain")})))
    live = snapshot({"aws_ebs_volume": [volume("vol-plain", encrypted=False)]})
    patch = patch_of(compare(collect_snapshot([path]), live), [str(path)])
    assert not patch.files
    (why,) = [why for _, why in patch.left]
    assert "no configuration (.tf) lies beside" in why


def test_what_a_plan_will_make_is_not_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan({"aws_ebs_volume.new": {"values": {"size": 8}, "unset": ["arn"]}})))
    live = snapshot({"aws_ebs_volume": [volume("vol-same")]})
    drifts = compare(collect_snapshot([path]), live, undeclared=False).drifts
    assert [(drift.kind, drift.reason) for drift in drifts] == [
        (DriftKind.MISSING, "AWS has not given it a name yet")
    ]

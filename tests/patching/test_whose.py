"""Who patches a resource follows from its own settings: `who.yaml` has them, each with who is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.documents import read
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.model import load
from demarcate.patching.asking import who_patches
from demarcate.patching.whose import AREA, whose
from demarcate.posture.line import draw

TEMPLATE = Path(__file__).parent / "who.yaml"
RESOURCES: dict[str, Any] = read(TEMPLATE, dict[str, Any])["Resources"]


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    with collect_snapshot([TEMPLATE]) as made:
        yield made


@pytest.mark.parametrize("name", RESOURCES)
def test_who_patches_it(snapshot: Snapshot, name: str) -> None:
    right = RESOURCES[name]["Metadata"]["who"]
    (told, *_) = whose(draw(load(), snapshot, name))
    holds = {party: {s.responsibility for s in told.of(party) if s.applies} for party in ("aws", "customer")}
    for party, named in holds.items():
        assert {f"{AREA}.{id_}" for id_ in right.get(party, ())} <= named, party
    assert not {f"{AREA}.{id_}" for id_ in right.get("neither", ())} & (holds["aws"] | holds["customer"])
    because = {share.responsibility: share.because for share in told.shares}
    for id_, text in right.get("because", {}).items():
        assert because[f"{AREA}.{id_}"] == text
    assert all(share.proof for share in told.of("aws")), "what AWS does is proven by something"


def test_it_is_told_by_when_and_what_proves_it() -> None:
    (told,), (status,) = who_patches(load(), "Database", [str(TEMPLATE)])
    assert (status.name, status.kind, str(status.support_ends)) == ("Database", "RDS DB instance", "2030-02-28")
    (versions,) = [s for s in told.shares if s.responsibility == f"{AREA}.upgrade-engine-versions"]
    assert "check rds-instance-engine-in-standard-support" in versions.proof

"""A change is planned of what waivers accept no more, and of nothing else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from demarcate.changes.selecting import failing
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table
from demarcate.evidence.waivers import Waiver, Waivers, WaiverScope
from demarcate.posture.waivers import ending

CHECK = "ebs-volume-encrypted"


def test_what_is_accepted_no_more_is_mended(tmp_path: Path) -> None:
    volumes = table("aws_ebs_volume")
    with SnapshotWriter("live", "aws", out=tmp_path / "estate") as writer:
        part = writer.part(volumes, [column.name for column in volumes.all_columns], "111122223333", "eu-west-1")
        part.append(
            {"resource": name, "volume_id": name, "account_id": "111122223333", "encrypted": False, "tags": {}}
            for name in ("vol-ended", "vol-soon", "vol-later", "vol-never-waived")
        )
        part.seal()
        day = writer.finish().moment.date()
    of = {"vol-ended": -1, "vol-soon": 10, "vol-later": 11}
    given = Waivers(
        waivers=tuple(
            Waiver(
                check=CHECK,
                scope=WaiverScope(resources=(name,)),
                reason="r",
                owner="o",
                until=day + timedelta(days=days),
            )
            for name, days in of.items()
        )
    )
    chosen = failing(
        [str(tmp_path / "estate")],
        Options(),
        [CHECK],
        (),
        [],
        None,
        lambda j, checks: ending(j, given, checks, 10),
    )
    assert [finding.resource for finding in chosen.findings] == ["vol-ended", "vol-soon"]

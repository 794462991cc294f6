"""The outcome of judging one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from demarcate.checks.judgement import Finding, Judgement
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.model import Model
from demarcate.posture.structs import Posture


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that one assessment made, and what it was judged by. Close it, or use it in `with`.

    Where it is `of_lake`, the snapshot has no rows, and the judgement no tallies: what there is of both is in the lake
    and in the folder of the assessment.
    """

    model: Model
    snapshot: Snapshot
    checks: Mapping[str, Check]
    judgement: Judgement
    posture: Posture
    of_lake: bool = False

    def findings(self) -> Iterator[Finding]:
        """What fails or is unknown."""
        return self.judgement.findings(passes=False)

    def close(self) -> None:
        """Let go of its databases, and of its snapshot where that has no place of its own."""
        self.judgement.close()
        self.snapshot.close()

    def __enter__(self) -> Assessment:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

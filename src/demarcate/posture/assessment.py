"""The outcome of judging one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from demarcate.base.errors import DemarcateError
from demarcate.checks.judgement import Finding, Judgement
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.model import Model
from demarcate.posture.structs import CheckResult, Posture

if TYPE_CHECKING:
    from demarcate.posture.comparing import Comparison
    from demarcate.posture.news import News


class Assessment(msgspec.Struct, frozen=True):
    """All that one assessment made, and what it was judged by. Close it, or use it in `with`.

    With `passes`, what passes is told as findings, too; it must have been kept as such. Where it is `of_lake`, the
    snapshot has no rows, and the judgement no tallies: what there is of both is in the lake and in the folder of the
    assessment.
    """

    model: Model
    snapshot: Snapshot
    checks: Mapping[str, Check]
    judgement: Judgement
    posture: Posture
    passes: bool = False
    news: News | None = None
    """What is other than in an earlier assessment, where it was compared with one."""
    of_lake: bool = False
    theirs: Comparison | None = None
    """What other tools found, where that was laid beside it."""

    def findings(self) -> Iterator[Finding]:
        """What fails or is unknown, and with `passes` what passes."""
        return self.judgement.findings(passes=self.passes)

    def results(self) -> Iterator[CheckResult]:
        """How each check that judged anything came out, over all."""
        return (result for responsibility in self.posture.responsibilities for result in responsibility.checks)

    def telling_passes(self) -> Assessment:
        """The same, with what passes told as findings. Raises DemarcateError where that was not kept."""
        if not self.judgement.passes() and any(result.passed for result in self.results()):
            raise DemarcateError("what passes was counted and not kept: assess again with --passes")
        return replace(self, passes=True)

    def close(self) -> None:
        """Let go of its databases, and of its snapshot where that has no place of its own."""
        self.judgement.close()
        self.snapshot.close()

    def __enter__(self) -> Assessment:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""What runs groups of accounts: processes of this machine, or Spark."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from demarcate.checks.unit import Unit
    from demarcate.lake.judging import Job
    from demarcate.lake.places import Holding


@dataclass(frozen=True, slots=True)
class Engine:
    """What judges groups: processes of this machine, as many as there are `workers` (all processors), or Spark, of
    which `master` is the URL. `memory` is how many bytes each may take for judging (what its rows ask for).
    """

    name: Literal["local", "spark"] = "local"
    workers: int | None = None
    master: str | None = None
    memory: int | None = None

    @property
    def side_by_side(self) -> int:
        """How many groups may be judged at once, as far as that is known here."""
        return self.workers or os.cpu_count() or 1

    def judge(self, job: Job, groups: Sequence[Sequence[Holding]]) -> Iterator[Unit]:
        """What each group comes to. Raises DemarcateError where the engine does not come to its end."""
        if self.name == "spark":
            from demarcate.lake import spark

            return spark.judge_groups(job, groups, self.master or "")
        from demarcate.lake import processes

        return processes.judge_groups(job, groups, self.side_by_side)

"""What runs tasks that know nothing of each other: processes of this machine, or Spark.

A task is asked for by its number, and comes to bytes. It does its work in a process of its own (`base/children.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from demarcate.lake import spark


@dataclass(frozen=True, slots=True)
class Engine:
    """Processes of this machine, as many as there are `workers` (all processors), or Spark.

    `master` is the URL of Spark's. `memory` is how many bytes each task may take for judging (what its rows ask for).
    """

    name: Literal["local", "spark"] = "local"
    workers: int | None = None
    master: str | None = None
    memory: int | None = None

    @property
    def side_by_side(self) -> int:
        """How many groups may be judged at once, as far as that is known here."""
        return self.workers or os.cpu_count() or 1

    def run(self, task: spark.Task, number: int) -> Iterator[bytes]:
        """What each of so many tasks comes to, in their order. Raises DemarcateError where one comes to no end."""
        if self.name == "spark":
            yield from spark.run(task, number, self.master or "")
            return
        with ThreadPoolExecutor(self.side_by_side, thread_name_prefix="task") as pool:
            try:
                yield from pool.map(task, range(number))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

"""Groups by processes of this machine: as many at once as there are workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from demarcate.checks.unit import Unit
from demarcate.lake.judging import Job, judge_group
from demarcate.lake.places import Holding


def judge_groups(job: Job, groups: Sequence[Sequence[Holding]], workers: int) -> Iterator[Unit]:
    """What each group comes to, in their order. Each is judged in a process of its own. Raises as `judge_group`."""
    with ThreadPoolExecutor(workers, thread_name_prefix="group") as pool:
        try:
            yield from pool.map(partial(judge_group, job), groups)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise

"""A folder of 100,000 records."""

from __future__ import annotations

import time
from pathlib import Path

from demarcate.evidence.load import load_evidence
from demarcate.evidence.weigh import weigh
from demarcate.model import Model
from tests.evidence.conftest import MOMENT

ROWS = 100_000


def test_a_hundred_thousand_records(folder: Path, model: Model) -> None:
    """Three seconds is the limit on a busy machine; the time of the processor is less, and does not depend on it."""
    columns = "person,course,responsibility,assigned,completed,valid_until,score,passed\n"
    row = "person-{:06},Course {},awareness-and-training.train-employees,2026-01-01,2026-{:02}-{:02},,18/20,yes\n"
    rows = (row.format(n // 4, n % 4, n % 10 + 1, n % 28 + 1) for n in range(ROWS))
    (folder / "training.csv").write_text(columns + "".join(rows))
    begin = time.process_time()
    evidence = load_evidence(folder, model, MOMENT)
    weighed = weigh(evidence, MOMENT)
    took = time.process_time() - begin
    assert evidence.problems == ()
    assert len(evidence.records) == ROWS
    details = {result.detail for found in weighed.values() for result in found}
    assert details == {"25,000 of 25,000 have done it"}
    assert took < 3


def test_a_hundred_thousand_bad_rows(folder: Path, model: Model) -> None:
    """The nearest id is looked for only where it is shown."""
    columns = "person,course,responsibility,completed\n"
    rows = (f"person-{n:06},Basics,awareness-and-training.train-{n},2026-02-04\n" for n in range(ROWS))
    (folder / "training.csv").write_text(columns + "".join(rows))
    begin = time.process_time()
    evidence = load_evidence(folder, model, MOMENT)
    assert time.process_time() - begin < 3
    assert evidence.records == ()
    assert len(evidence.problems) == 21

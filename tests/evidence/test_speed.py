"""A folder of 100,000 records."""

from __future__ import annotations

from pathlib import Path

from demarcate.evidence.load import load_evidence
from demarcate.evidence.weigh import weigh
from demarcate.model import Model
from tests.effort import effort
from tests.evidence.conftest import MOMENT

ROWS = 100_000


def test_a_hundred_thousand_records(folder: Path, model: Model) -> None:
    columns = "person,course,responsibility,assigned,completed,valid_until,score,passed\n"
    row = "person-{:06},Course {},awareness-and-training.train-employees,2026-01-01,2026-{:02}-{:02},,18/20,yes\n"
    rows = (row.format(n // 4, n % 4, n % 10 + 1, n % 28 + 1) for n in range(ROWS))
    (folder / "training.csv").write_text(columns + "".join(rows))
    with effort(30):
        evidence = load_evidence(folder, model, MOMENT)
        weighed = weigh(evidence, MOMENT)
    assert evidence.problems == ()
    assert len(evidence.records) == ROWS
    details = {result.detail for results in weighed.values() for result in results}
    assert details == {"25,000 of 25,000 have done it"}


def test_a_hundred_thousand_bad_rows(folder: Path, model: Model) -> None:
    """The nearest id is looked for only where it is shown."""
    columns = "person,course,responsibility,completed\n"
    rows = (f"person-{n:06},Basics,awareness-and-training.train-{n},2026-02-04\n" for n in range(ROWS))
    (folder / "training.csv").write_text(columns + "".join(rows))
    with effort(30):
        evidence = load_evidence(folder, model, MOMENT)
    assert evidence.records == ()
    assert len(evidence.problems) == 21

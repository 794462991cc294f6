"""Every check of the catalog runs its own examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from demarcate.checks.catalog import SHIPPED, load_checks
from demarcate.checks.structs import Written
from tests.checks.examples import verdicts, written_checks

WRITTEN = list(written_checks(SHIPPED))
CHECKS = load_checks()


@pytest.mark.parametrize("written", WRITTEN, ids=lambda written: written.id)
def test_examples(written: Written, tmp_path: Path) -> None:
    assert written.examples is not None, "a shipped check has examples"
    assert written.examples.passes and written.examples.fails and written.examples.unknown
    assert written.remedy, "a shipped check says what to do"
    check = CHECKS[written.id]
    for expected, examples in (
        ("pass", written.examples.passes),
        ("fail", written.examples.fails),
        ("unknown", written.examples.unknown),
    ):
        for example in examples:
            found = verdicts(check, example, tmp_path)
            assert found, f"where excludes {example}"
            assert [verdict for verdict, _ in found] == [expected], f"{example}: {found}"
            assert expected == "pass" or found[0][1], "a reason is given"

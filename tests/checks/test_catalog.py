"""Every check of the catalog runs its own examples."""

from __future__ import annotations

import re

import pytest

from demarcate.checks import catalog
from demarcate.checks.catalog import SHIPPED, load_checks
from demarcate.checks.structs import Written
from tests.checks.examples import verdicts, written_checks

WRITTEN = list(written_checks(SHIPPED))
CHECKS = load_checks()


@pytest.mark.parametrize("written", WRITTEN, ids=lambda written: written.id)
def test_examples(written: Written) -> None:
    assert written.examples is not None, "a shipped check has examples"
    assert written.examples.passes and written.examples.fails and written.examples.unknown
    assert written.remedy, "a shipped check says what to do"
    check = CHECKS[written.id]
    of = {"pass": written.examples.passes, "fail": written.examples.fails, "unknown": written.examples.unknown}
    expected = [verdict for verdict, examples in of.items() for _ in examples]
    examples = [example for them in of.values() for example in them]
    for verdict, example, found in zip(expected, examples, verdicts(check, examples), strict=True):
        assert found, f"where excludes {example}"
        assert [told for told, _ in found] == [verdict], f"{example}: {found}"
        assert verdict == "pass" or found[0][1], "a reason is given"


def test_what_is_compiled_is_of_the_libraries_that_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.search(r"duckdb-[\d.]+", catalog._installed("duckdb"))
    assert re.search(r"sqlglot-[\d.]+", catalog._installed("sqlglot"))
    before = catalog.compiler.__wrapped__()
    monkeypatch.setattr(catalog, "_installed", lambda library: f"{library}-99")
    assert catalog.compiler.__wrapped__() != before

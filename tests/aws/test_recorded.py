"""Answers of real estates, with the verdicts that are right for them.

A file of `recorded` has the answers by operation, as tables write it: the data, or an `error` with its `message` and
`status`. `checks` are the verdicts: of several findings the worst, `none` where there is none. Of the tables in `whole`
nothing is unread.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demarcate.assessing import selection_of
from demarcate.base.documents import read
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from tests.aws.answers.scenarios import scenario_answer
from tests.aws.answers.server import Server, serving
from tests.aws.conftest import Aws

ESTATES = sorted((Path(__file__).parent / "recorded").glob("*.yaml"))

REGION = "us-east-1"

WORST = ("fail", "unknown", "pass")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.mark.parametrize("path", ESTATES, ids=lambda path: path.stem)
def test_a_recorded_estate(server: Server, path: Path) -> None:
    estate = read(path, dict[str, Any])
    server.storm = lambda asked, truth: scenario_answer(estate["answers"], asked, truth)
    checks = [load_checks()[name] for name in estate.get("checks", {})]
    selection = selection_of(checks, live=True) if checks else dict.fromkeys(estate["whole"])
    options = Options(session=Aws(server.url).session, regions=(REGION,), endpoint_url=server.url)
    with collect_snapshot(["aws"], options, selection=selection) as snapshot:
        verdicts: dict[str, set[str]] = {}
        for finding in judge(snapshot, checks, passes=True).findings():
            verdicts.setdefault(finding.check, set()).add(finding.verdict)
        unread = {name for gap in snapshot.unread for name in (gap.table, *gap.missing)}
    for name, right in estate.get("checks", {}).items():
        assert next((v for v in WORST if v in verdicts.get(name, ())), "none") == right, name
    assert not unread & set(estate.get("whole", ()))

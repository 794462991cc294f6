"""Answers of real estates, with the verdicts that are right for them.

A file of `recorded` has the answers by operation, as tables write it: the data, or an `error` with its `message` and
`status`. `checks` are the verdicts: of several findings the worst, `none` where there is none. Of the tables in `whole`
nothing is unread.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from demarcate.assessing import selection_of
from demarcate.base.documents import read
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from tests.aws.answers.answering import Answer, answer, error
from tests.aws.answers.asking import Asked
from tests.aws.answers.server import Server, serving
from tests.aws.conftest import Aws
from tests.aws.faults.kinds import Truth

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
    server.storm = lambda asked, truth: _answer(estate["answers"], asked, truth)
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


def _answer(answers: dict[str, Any], asked: Asked, truth: Truth) -> Answer:
    data = answers.get(asked.operation)
    if data is None:
        return truth()
    if "error" in data:
        return error(asked, data.get("status", 400), data["error"], data["message"])
    return answer(asked, _typed(data, asked.model.output_shape))


def _typed(value: Any, shape: Any) -> Any:
    """Data of YAML as boto3 gives it: moments are what a text cannot be."""
    if shape.type_name == "structure":
        return {name: _typed(item, shape.members[name]) for name, item in value.items() if name in shape.members}
    if shape.type_name == "list":
        return [_typed(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {key: _typed(item, shape.value) for key, item in value.items()}
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if shape.type_name == "timestamp" else value

"""What is told of estates that answer as data says, held to botocore's models.

A file of `scenarios/status` has the `answers` by operation and the `kinds` that are asked for. `status` has for each
resource by its name the state, who patches it and the reasons, or no more than the first of these; `told` what else is
told.

A file of `scenarios/scans` says of each node whether scans of it overlap, who writes, who perhaps does, and what wrote
last.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from demarcate.base.documents import read
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.model import load
from demarcate.patching.asking import scans_in
from demarcate.patching.kinds import load_kinds
from demarcate.patching.status import patch_status, selection
from tests.aws.answers.scenarios import scenario_answer
from tests.aws.answers.server import Server, serving
from tests.aws.conftest import Aws

SCENARIOS = sorted((Path(__file__).parent / "scenarios" / "status").glob("*.yaml"))

SCANS = sorted((Path(__file__).parent / "scenarios" / "scans").glob("*.yaml"))

REGION = "eu-west-1"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario(server: Server, path: Path) -> None:
    scenario = read(path, dict[str, Any])
    server.storm = lambda asked, truth: scenario_answer(scenario["answers"], asked, truth)
    options = Options(session=Aws(server.url).session, regions=(REGION,), endpoint_url=server.url)
    kinds = load_kinds(scenario["kinds"])
    wanted = selection(load(), kinds, live=True)
    with collect_snapshot(["aws"], options, selection=wanted) as collected:
        snapshot = Snapshot(collected.folder, replace(collected.manifest, moment=NOW), fresh=True)
        told = {status.name: status for status in patch_status(load(), snapshot, kinds)}
    assert {name: status.state.value for name, status in told.items()} == {
        name: right[0] for name, right in scenario["status"].items()
    }
    for name, right in scenario["status"].items():
        said = [told[name].state.value, told[name].party, *told[name].reasons]
        assert said[: len(right)] == right, name
        if len(right) > 2 or told[name].state == "current":
            assert len(said) == len(right), (name, said)
        assert told[name].state == "current" or told[name].reasons, f"{name} has a state without a reason"
    for name, right in scenario.get("told", {}).items():
        said = to_builtins(told[name])
        assert {key: said[key] for key in right} == {key: _plain(value) for key, value in right.items()}, name


@pytest.mark.parametrize("path", SCANS, ids=lambda path: path.stem)
def test_scans(server: Server, path: Path) -> None:
    scenario = read(path, dict[str, Any])
    server.storm = lambda asked, truth: scenario_answer(scenario["answers"], asked, truth)
    options = Options(session=Aws(server.url).session, regions=(REGION,), endpoint_url=server.url)
    scans, _ = scans_in(["aws"], options)
    nodes = {each.node: each for each in scans}
    assert {name: each.overlap for name, each in nodes.items()} == scenario["overlap"]
    for name, right in scenario["writers"].items():
        assert [f"{writer.kind} {writer.name}" for writer in nodes[name].writers] == right, name
    for name, right in scenario.get("perhaps", {}).items():
        assert sorted(f"{writer.kind} {writer.name}" for writer in nodes[name].perhaps) == right, name
    for name, what in scenario.get("last", {}).items():
        last = nodes[name].last
        assert last is not None and last.what == what, name
    for name, right in scenario.get("compliance", {}).items():
        assert [nodes[name].patch_compliance, nodes[name].association_compliance] == right, name
    assert all(each.reasons for each in scans if each.overlap is None), "what is not known has a reason"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value

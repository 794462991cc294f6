"""Parts of a log store that are tasks come to what one process makes of the whole, also where one is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.lake.detecting import MatchGroups, run_by
from demarcate.lake.engines import Engine
from demarcate.logs.detecting import stored
from demarcate.logs.detecting.places import Findings, detect_files, detect_stored
from demarcate.logs.detecting.running import Detector
from demarcate.logs.detecting.stored import Group, Matched, Work, groups_of, match_apart
from demarcate.logs.sigma.structs import Rule
from demarcate.logs.store.folders import Folder
from tests.lake import stores

pytest.importorskip("sigma")
pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> list[Rule]:
    return stores.rules(tmp_path_factory.mktemp("detecting") / "rules")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stores.make(tmp_path_factory.mktemp("detecting") / "store")


@pytest.fixture(scope="module")
def whole(store: Path, rules: list[Rule]) -> Findings:
    return detect_stored(store, rules)


@pytest.fixture
def several(store: Path, monkeypatch: pytest.MonkeyPatch) -> list[Group]:
    """The groups of a store, once each has no more than a few files."""
    size = sum(part.size for group in groups_of(store) for part in group)
    monkeypatch.setattr(stored, "SIZE", size // 2)
    groups = groups_of(store)
    assert 2 <= len(groups) < sum(map(len, groups))
    return groups


def test_there_is_something_to_find(store: Path, whole: Findings, rules: list[Rule]) -> None:
    """Of each rule, also across the ends of days and across accounts; and as files of a trail say it."""
    assert {each.name for each in whole.detections} == {rule.name for rule in rules if not rule.silent}
    across = [each for each in whole.detections if each.name == "row"]
    assert "" in {each.account for each in across}
    assert any(each.first[:10] < each.last[:10] for each in across)
    assert whole.state.undecided
    assert whole.state.learning
    files = detect_files([Folder(store.with_name("store-files"))], rules, workers=1)
    assert files.detections == whole.detections


def test_processes_say_the_same(store: Path, whole: Findings, rules: list[Rule], several: list[Group]) -> None:
    assert several
    told = detect_stored(store, rules, run=run_by(Engine(workers=2)))
    assert (told.detections, told.unread) == (whole.detections, [])
    assert stores.counted(told.state) == stores.counted(whole.state)


def test_each_file_by_itself_says_the_same(
    store: Path, whole: Findings, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "SIZE", 1)
    told = detect_stored(store, rules)
    assert told.detections == whole.detections
    assert stores.counted(told.state) == stores.counted(whole.state)


def test_a_process_that_is_killed_changes_nothing(
    store: Path, whole: Findings, rules: list[Rule], several: list[Group]
) -> None:
    killed: list[int] = []

    def kill(process: int) -> None:
        if not killed:
            killed.append(process)
            os.kill(process, signal.SIGKILL)

    def run(store: Path, detector: Detector, groups: Sequence[Group]) -> Iterator[Matched]:
        assert groups == several
        for group in groups:
            yield match_apart(Work(store=str(store), rules=tuple(detector.rules), group=group), started=kill)

    told = detect_stored(store, rules, run=run)
    assert len(killed) == 1
    assert (told.detections, told.unread) == (whole.detections, [])
    assert stores.counted(told.state) == stores.counted(whole.state)


def test_a_file_that_processes_die_of_is_told_and_the_rest_goes_on(store: Path, rules: list[Rule]) -> None:
    (part, *_), *_ = groups_of(store)
    tried: list[int] = []

    def kill(process: int) -> None:
        tried.append(process)
        os.kill(process, signal.SIGKILL)

    matched = match_apart(Work(store=str(store), rules=tuple(rules), group=(part,)), started=kill)
    assert (matched.matches, len(tried)) == ([], stored.TRIES)
    assert matched.unread[0].reason == (
        f"events of {part.account} on {part.day} are not judged: the process that read them was ended by SIGKILL"
    )


def test_a_broken_file_costs_its_own_events(store: Path, rules: list[Rule], tmp_path: Path) -> None:
    broken = shutil.copytree(store, tmp_path / "store")
    part = groups_of(broken)[0][-1]
    (broken / part.file).write_bytes(b"PAR1 and no more")
    told = detect_stored(broken, rules)
    assert [each.file for each in told.unread] == [str(broken / part.file)]
    assert told.unread[0].reason.startswith(f"events of {part.account} on {part.day} cannot be read: ")
    assert told.state.events == detect_stored(store, rules).state.events - part.rows


def test_a_worker_that_cannot_do_it_says_why(rules: list[Rule], tmp_path: Path) -> None:
    def task(**more: str) -> MatchGroups:
        work = Work(**{"store": str(tmp_path), "rules": tuple(rules), **more})  # type: ignore[arg-type]
        return MatchGroups(msgspec.msgpack.encode(work), [()])

    with pytest.raises(DemarcateError, match=r"was asked by 0\.0\.1: install the same"):
        task(demarcate="0.0.1")(0)
    with pytest.raises(DemarcateError, match="does not see"):
        task(store=str(tmp_path / "none"))(0)


def test_the_verb_takes_an_engine(store: Path, whole: Findings, rules: list[Rule]) -> None:
    folder = Path(rules[0].file).parent
    words = ["detect", str(store), "--rules", str(folder), "--only", "--format", "json"]
    done = CliRunner().invoke(app, [*words, "--workers", "2"])
    assert done.exit_code == 0
    assert [each["id"] for each in json.loads(done.stdout)] == [each.id for each in whole.detections]
    for more in (["--engine", "spark"], ["--master", "yarn"], ["--workers", "2", "--state", "x"]):
        refused = CliRunner().invoke(app, [*words, *more])
        assert isinstance(refused.exception, DemarcateError)

"""Accounts collected by tasks of their own come to what one collection of all of them comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demarcate.base.encoding import from_json, to_json
from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table
from demarcate.lake import collecting
from demarcate.lake.collecting import Collected, collect_lake
from demarcate.lake.engines import Engine
from demarcate.lake.places import is_lake
from tests.aws.conftest import REGION
from tests.aws.test_organization import ORGANIZATION, OWN, Estate
from tests.aws.test_organization import estate as estate
from tests.surroundings import CREDENTIALS

TABLES = ("aws_ebs_volume", "aws_organizations_organization")
COLUMNS = ("account_id", "region", "resource")


TWO = Engine(workers=2)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that processes find."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def collect(estate: Estate, out: Path, engine: Engine = TWO, *, resume: bool = False) -> list[Collected]:
    options = Options(regions=(REGION,), endpoint_url=estate.aws.url, accounts=ORGANIZATION, resume=resume)
    return collect_lake(dict.fromkeys(TABLES), options, out, engine)


def here(module: str, folder: Path) -> str | None:
    """What a process of its own does, where not that is tried: to start one takes longer than all else."""
    assert module == collecting.__name__
    told = collecting._collect(from_json((folder / "work").read_bytes(), collecting._Work))
    (folder / "told").write_bytes(to_json(told))
    return None


def snapshots(lake: Path) -> dict[str, Snapshot]:
    return {folder.name: Snapshot.open(folder) for folder in sorted(lake.iterdir())}


def rows(*of: Snapshot) -> list[tuple[object, ...]]:
    return sorted(
        tuple(row.values()) for each in of for name in TABLES for row in rows_of(each, table(name), COLUMNS)
    )


def test_a_task_for_each_account_comes_to_what_one_run_comes_to(estate: Estate, tmp_path: Path) -> None:
    whole = estate.collect(ORGANIZATION, *TABLES)
    done = collect(estate, tmp_path / "lake")
    taken = snapshots(tmp_path / "lake")
    assert is_lake(str(tmp_path / "lake"))
    assert sorted(each.account for each in done) == [
        note.id for note in whole.manifest.accounts if not note.skipped
    ]
    assert done[0].account == OWN
    assert taken.keys() == {each.account for each in done}
    assert rows(*taken.values()) == rows(whole)
    assert sum(each.rows for each in done) == len(rows(whole)) > 2
    assert len({each.moment for each in taken.values()}) == 1
    notes = {note.id: note for each in taken.values() for note in each.manifest.accounts}
    assert notes == {note.id: note for note in whole.manifest.accounts}
    assert not [each.unread for each in done if each.unread]
    joined = Snapshot.joined(list(taken.values()))
    assert joined.asked == whole.asked


def test_an_account_whose_process_dies_is_one_that_was_not_read(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(module: str, folder: Path) -> str | None:
        if estate.id("lab").encode() in (folder / "work").read_bytes():
            return "was ended by SIGSEGV"
        here(module, folder)
        return None

    monkeypatch.setattr(collecting, "run_child", dying)
    done = collect(estate, tmp_path / "lake")
    assert [each.account for each in done if each.failed] == [estate.id("lab")]
    taken = snapshots(tmp_path / "lake")
    (unread,) = taken[estate.id("lab")].unread
    assert (unread.account, unread.tables) == (estate.id("lab"), TABLES)
    assert unread.reason == "the process that collected it was ended by SIGSEGV"
    assert len(taken) == len(done)
    Snapshot.joined(list(taken.values()))


class Stopping(Engine):
    """An engine that comes to no end."""

    def run(self, task: Callable[[int], bytes], number: int) -> Iterator[bytes]:
        yield task(0)
        raise DemarcateError("Spark is dead")


def test_what_was_left_is_gone_on_with(estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "lake"
    monkeypatch.setattr(collecting, "run_child", here)
    with pytest.raises(DemarcateError, match="Spark is dead"):
        collect(estate, out, Stopping())
    assert not out.exists()
    before = Snapshot.open(tmp_path / ".lake.partial" / OWN)
    with pytest.raises(DemarcateError, match="--resume"):
        collect(estate, out)
    run: list[str] = []

    def counted(module: str, folder: Path) -> str | None:
        run.append(module)
        here(module, folder)
        return None

    monkeypatch.setattr(collecting, "run_child", counted)
    done = collect(estate, out, resume=True)
    assert len(run) == len(done) - 1
    assert {each.moment for each in snapshots(out).values()} == {before.moment}
    assert not (tmp_path / ".lake.partial").exists()
    with pytest.raises(DemarcateError, match="exists already"):
        collect(estate, out)


def test_what_was_asked_for_must_be_the_same(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "run_child", here)
    with pytest.raises(DemarcateError, match="Spark is dead"):
        collect(estate, tmp_path / "lake", Stopping())
    options = Options(regions=("eu-west-2",), endpoint_url=estate.aws.url, accounts=ORGANIZATION, resume=True)
    with pytest.raises(DemarcateError, match="other regions were asked for"):
        collect_lake(dict.fromkeys(TABLES), options, tmp_path / "lake", Engine())

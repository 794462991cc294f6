"""An assessment that is kept: the same when it is opened again, and a clear error where it is not whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import demarcate
from demarcate import assessing
from demarcate.assessing import assess_sources
from demarcate.base.errors import DemarcateError
from demarcate.checks.engine import judge
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.posture.assessment import Assessment
from demarcate.posture.kept import FORMAT, NAME, open_assessment, save
from tests import processes
from tests.example import assessed

ROOT = Path(__file__).parents[2]
VOLUME = "Resources:\n  Data:\n    Type: AWS::EC2::Volume\n    Properties: {Encrypted: VALUE}\n"


def volume(folder: Path, name: str = "t.yaml", value: str = "false", before: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(before + VOLUME.replace("VALUE", value))
    return folder / name


def ids(*paths: Path | str) -> dict[tuple[str, str | None], str]:
    with assess_sources(paths, checks=["ebs-volume-encrypted"]) as assessment:
        return {(finding.verdict, finding.file): finding.id for finding in assessment.findings()}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "assessment"
    save(assessed(), folder)
    return folder


@pytest.fixture
def mine(kept: Path, tmp_path: Path) -> Path:
    return shutil.copytree(kept, tmp_path / "mine")


# --- identity -----------------------------------------------------------------------------------------------


def test_a_finding_is_the_same_wherever_it_moves_and_whatever_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    volume(tmp_path)
    before = set(ids("t.yaml").values())
    volume(tmp_path, before="# moved down\n\n")
    assert set(ids("t.yaml").values()) == set(ids("./t.yaml").values()) == before
    volume(tmp_path, value="!Ref Nowhere")
    assert [verdict for verdict, _ in ids("t.yaml")] == ["unknown"]
    assert set(ids("t.yaml").values()) == before


def test_one_logical_id_in_two_templates_is_two_resources(tmp_path: Path) -> None:
    by_file = ids(volume(tmp_path, "a.yaml"), volume(tmp_path, "b.yaml"))
    assert len(by_file) == len(set(by_file.values())) == 2


def test_ids_are_unique_and_rows_say_all_that_a_format_needs() -> None:
    findings = list(assessed().findings())
    assert len({finding.id for finding in findings}) == len(findings) > 100
    types = {finding.type for finding in findings}
    assert "AWS::S3::Bucket" in types
    assert all(finding.name for finding in findings if finding.resource)
    assert any(finding.tags for finding in findings)


# --- kept and opened ----------------------------------------------------------------------------------------


def test_what_is_opened_is_what_was_kept(kept: Path) -> None:
    with open_assessment(kept) as opened:
        assert opened.posture == assessed().posture
        assert list(opened.findings()) == list(assessed().findings())
        assert sorted(opened.judgement.tallies, key=str) == sorted(assessed().judgement.tallies, key=str)
        assert opened.model == assessed().model
        assert opened.snapshot.manifest == assessed().snapshot.manifest


def test_a_report_of_what_was_kept_is_that_of_the_assessment(tmp_path: Path) -> None:
    source, evidence = ROOT / "examples" / "estate" / "network.yaml", ROOT / "examples" / "evidence"
    reports = [argument for suffix in ("html", "json", "csv") for argument in ("--out", f"r.{suffix}")]
    results = []
    for folder, command in (
        ("one", ("assess", source, "--evidence", evidence, "--as-of", "2026-11-23", "--by-tag", "team")),
        ("two", ("report", "../one/kept")),
    ):
        (tmp_path / folder).mkdir()
        more = ("--save", "kept") if folder == "one" else ()
        done = processes.demarcate(*command, *more, *reports, "--fail-on", "low", cwd=tmp_path / folder)
        files = {path.name: path.read_bytes() for path in (tmp_path / folder).glob("r.*")}
        results.append((done.returncode, done.stdout, files))
    assert results[0] == results[1]
    assert results[0][0] == 1
    assert len(results[0][2]) == 3


def test_a_snapshot_with_a_place_of_its_own_stays_there(tmp_path: Path) -> None:
    collect_snapshot([volume(tmp_path)], out=tmp_path / "snapshot")
    with assess_sources([tmp_path / "snapshot"]) as assessment:
        save(assessment, tmp_path / "kept")
    assert not (tmp_path / "kept" / "snapshot").exists()
    with demarcate.open_assessment(tmp_path / "kept") as opened:
        assert opened.snapshot.folder == (tmp_path / "snapshot").absolute()
    assert (tmp_path / "snapshot").is_dir(), "closing lets go of what is temporary alone"
    manifest = tmp_path / "snapshot" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b" ")
    with pytest.raises(DemarcateError, match="is another one than it was"):
        open_assessment(tmp_path / "kept")
    shutil.rmtree(tmp_path / "snapshot")
    with pytest.raises(DemarcateError, match="cannot be read"):
        open_assessment(tmp_path / "kept")


def test_passes_are_kept_where_they_are_asked_for(tmp_path: Path) -> None:
    for passes in (False, True):
        with assess_sources([volume(tmp_path, value="true")], passes=passes) as assessment:
            save(assessment, tmp_path / f"kept-{passes}")
        with open_assessment(tmp_path / f"kept-{passes}") as opened:
            verdicts = {finding.verdict for finding in opened.judgement.findings()}
            assert ("pass" in verdicts) is passes
            assert "pass" not in {finding.verdict for finding in opened.findings()}
            assert sum(tally.passed for tally in opened.judgement.tallies) > 0


def test_tags_cost_one_judging(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        return judge(*arguments, **options)

    monkeypatch.setattr(assessing, "judge", counted)
    with assess_sources([volume(tmp_path)], tags=["a", "b", "c"]) as assessment:
        assert list(assessment.posture.tags) == ["a", "b", "c"]
    assert len(calls) == 1


def test_pictures_and_exams_are_made_of_what_was_kept(kept: Path) -> None:
    drawn = processes.demarcate("diagram", kept)
    assert drawn.stdout.startswith("<svg")
    exam = processes.demarcate("quiz", kept, "--seed", "3", "--format", "json")
    assert json.loads(exam.stdout)["exam"]["questions"]
    for arguments, says in (
        (("diagram", kept, "--profile", "x"), "leave the options about reading and judging out"),
        (("quiz", kept, kept), "name it alone"),
        (("assess", kept), f"report it (demarcate report {kept}), or name the snapshot that it is of"),
        (("query", "SELECT 1", kept), f"report it (demarcate report {kept}), or name the snapshot that it is of"),
    ):
        done = processes.demarcate(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"demarcate: {kept} is a kept assessment: {says}\n"


# --- faults -------------------------------------------------------------------------------------------------


def linked(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


FILES = (NAME, "posture.json", "checks.json", "model.json", "findings.parquet", "tallies.parquet")
DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
    "a link out of it": linked,
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_said(file: str, damage: str, mine: Path) -> None:
    DAMAGE[damage](mine / file)
    with pytest.raises(DemarcateError, match=f"{mine}.*{file.partition('.')[0]}"):
        open_assessment(mine)


def test_a_newer_one_is_refused(mine: Path) -> None:
    told = json.loads((mine / NAME).read_bytes())
    (mine / NAME).write_text(json.dumps(told | {"format": FORMAT + 1, "model": 3}))
    with pytest.raises(DemarcateError, match="written by a newer version"):
        open_assessment(mine)


def test_an_older_one_is_refused(mine: Path) -> None:
    told = json.loads((mine / NAME).read_bytes())
    (mine / NAME).write_text(json.dumps(told | {"format": 1}))
    with pytest.raises(DemarcateError, match="written by an older version"):
        open_assessment(mine)


def test_what_is_there_is_not_written_over(mine: Path) -> None:
    with pytest.raises(DemarcateError, match="exists already"):
        save(assessed(), mine)
    done = processes.demarcate("report", "nowhere", cwd=mine)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "demarcate: nowhere: there is no such folder; name what assess --save kept\n"


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("demarcate.posture.kept.write_rows", full)
    with pytest.raises(DemarcateError, match="kept: cannot be written: No space left on device"):
        save(assessed(), tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []


def test_no_sql_is_kept(kept: Path) -> None:
    with open_assessment(kept) as opened:
        assert isinstance(opened, Assessment)
        assert all(
            not check.verdict and not check.about and not check.reason and not check.looks
            for check in opened.checks.values()
        )

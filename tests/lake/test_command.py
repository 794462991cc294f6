"""The command over lakes: what it takes, what it refuses, and that a kept assessment of one is reported again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demarcate.lake import places
from tests.children import demarcate as measured
from tests.children import one_message
from tests.lake import estates
from tests.lake.estates import account_of
from tests.processes import demarcate

CHECK = "--check=ebs-volume-encrypted"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of three accounts, of which one has no manifest that can be read."""
    made = estates.make(tmp_path_factory.mktemp("lakes") / "lake", 3)
    (made / account_of(2) / "manifest.json").write_text("{")
    return made


def test_a_lake_is_assessed_kept_and_reported_again(lake: Path, tmp_path: Path) -> None:
    ran = demarcate("assess", "lake", CHECK, "--workers", "1", "--save", tmp_path / "kept", cwd=lake.parent)
    assert (ran.returncode, "Traceback" in ran.stderr) == (3, False), ran.stderr
    assert "lake (2 accounts)" in ran.stdout
    assert f"{account_of(2)}/manifest.json: damaged" in " ".join(ran.stdout.split())
    again = demarcate("report", "kept", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (3, ran.stdout)
    told = json.loads(demarcate("report", "kept", "--format", "json", cwd=tmp_path).stdout)
    assert {each["account"] for each in told["findings"]} <= {account_of(0), account_of(1), None}
    done = measured("quiz", "kept", "--format", "json", cwd=tmp_path)
    one_message(done, "is the assessment of a lake")


REFUSED = {
    ("--engine", "spark"): "--engine spark needs --master",
    ("--engine", "spark", "--master", "spark://127.0.0.1:1"): "needs --save DIR",
    ("--master", "spark://127.0.0.1:1"): "--master is for --engine spark",
    ("--engine", "spark", "--master", "yarn", "--workers", "2"): "--workers is for --engine local",
    ("--profile", "x"): "is a lake, which --profile is not for",
    ("lake",): "name one lake, alone",
    ("--save", "s3://"): "names no bucket",
}


@pytest.mark.parametrize("given", REFUSED, ids=" ".join)
def test_options_that_do_not_fit_are_refused(given: tuple[str, ...], lake: Path) -> None:
    one_message(measured("assess", "lake", CHECK, *given, cwd=lake.parent), REFUSED[given])


def test_what_is_judged_in_this_process_is_not_kept_on_s3(lake: Path) -> None:
    done = measured("assess", str(lake / account_of(0)), CHECK, "--save", "s3://estate/out", cwd=lake.parent)
    one_message(done, "is for lakes: name an engine")


def test_only_live_accounts_are_collected_by_an_engine(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {A: {Type: AWS::EC2::Volume}}")
    done = measured("collect", "t.yaml", "--engine", "local", "--out", "out", cwd=tmp_path)
    one_message(done, "are for live accounts: aws")
    assert not (tmp_path / "out").exists()


def test_a_snapshot_is_judged_by_processes_from_some_size_on(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from demarcate.cli.lakes import engine_of

    snapshot = str(lake / account_of(0))
    assert engine_of([snapshot], None, None, None) is None
    monkeypatch.setattr(places, "LARGE_ACCOUNTS", 1)
    engine = engine_of([snapshot], None, None, None)
    assert engine is not None
    assert engine.name == "local"

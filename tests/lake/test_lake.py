"""A lake judged in groups comes to what one database makes of all its accounts, whatever is wrong with some of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import GROUP_ROWS, judge
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import SEVERITIES
from demarcate.cli import app
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.evidence.waivers import Known, file_waivers, parse_waivers
from demarcate.lake import spark
from demarcate.lake.assessing import assess_lake
from demarcate.lake.engines import Engine
from demarcate.lake.places import Holding, Lake, grouped, holdings, is_lake, is_large
from demarcate.model import load
from demarcate.posture.assess import assess_snapshot
from demarcate.posture.kept import open_assessment
from demarcate.posture.line import drawn_by
from demarcate.posture.structs import Posture
from demarcate.posture.waivers import waive
from tests import processes
from tests.lake import estates
from tests.lake.conftest import ended, held
from tests.lake.estates import account_of
from tests.surroundings import CREDENTIALS


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of six accounts, in three of which a part is missing, cut or rotten."""
    lake = estates.make(tmp_path_factory.mktemp("lakes") / "lake", 6)
    estates.spoil(lake)
    return lake


@pytest.fixture
def mine(spoiled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(spoiled, tmp_path / "lake")


def outcomes(folder: Path) -> dict[str, tuple[str | None, str, str, str | None]]:
    told = pq.read_table(folder / "outcomes.parquet").to_pylist()
    assert len({row["folder"] for row in told}) == len(told)
    return {row["folder"]: (row["account"], row["outcome"], row["reason"], row["kind"]) for row in told}


def judged(lake: Path, out: Path, **given: Any) -> Any:
    return assess_lake(
        Lake(place=str(lake)),
        out,
        Engine(workers=2),
        checks=estates.checks(),
        tags=[estates.TAG],
        passes=True,
        **given,
    )


@pytest.fixture(scope="module")
def kept(spoiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its assessment."""
    folder = tmp_path_factory.mktemp("kept") / "out"
    judged(spoiled, folder).close()
    return folder


def test_groups_come_to_what_all_accounts_come_to(spoiled: Path, kept: Path) -> None:
    findings, posture = estates.over_all(spoiled)
    with open_assessment(kept) as assessment:
        assert assessment.of_lake
        assert estates.of(estates.rows(assessment)) == estates.of(findings)
        ours = assessment.posture
    assert ours.tags[estates.TAG].keys() == {"", *estates.TEAMS}
    assert {kind.value for each in findings if (kind := each.kind)} >= {"malformed", "denied"}
    assert {each.verdict for each in findings} == {"pass", "fail", "unknown"}
    for name in (
        "summary",
        "responsibilities",
        "areas",
        "parties",
        "accounts",
        "regions",
        "moment",
        "source",
        "tags",
    ):
        assert getattr(ours, name) == getattr(posture, name), name
    assert sorted(ours.unread, key=str) == sorted(posture.unread, key=str)
    assert [told[1] for told in outcomes(kept).values()] == ["judged"] * 6


def test_what_is_wrong_with_an_account_is_its_outcome_alone(mine: Path, tmp_path: Path, sabotage: Path) -> None:
    findings, _ = estates.over_all(mine)
    (sabotage / f"crash-{account_of(0)}").touch()
    (mine / account_of(4) / "manifest.json").write_text("{")
    (mine / "empty").mkdir()
    with judged(mine, tmp_path / "out") as assessment:
        broken = (account_of(0), account_of(4))
        told = estates.rows(assessment)
        assert estates.of([each for each in told if each.account], *broken) == estates.of(findings, *broken)
        of_crashed = [each for each in told if each.account == account_of(0)]
        assert {each.verdict for each in of_crashed} == {"unknown"}
        assert {each.check for each in of_crashed} == estates.checks().keys()
        assert not any(result.state == "met" for result in assessment.posture.responsibilities if result.checks)
        assert len(assessment.posture.unread) >= 3
    came = outcomes(tmp_path / "out")
    assert len(came) == 7
    assert came[account_of(0)] == (
        account_of(0),
        "failed",
        "the process that judged it was ended by SIGSEGV",
        "uncomputable",
    )
    account, outcome, reason, kind = came[account_of(4)]
    assert (account, outcome, kind) == (None, "failed", "malformed")
    assert reason.startswith(f"{account_of(4)}/manifest.json: damaged")
    assert came["empty"][2].startswith("empty: not a snapshot")
    assert [told[1] for told in came.values()].count("judged") == 4


def waived_over_all(lake: Path, text: str) -> tuple[list[Finding], Posture]:
    """What one database makes of all accounts of a lake with some waivers."""
    joined = Snapshot.joined([Snapshot.open(folder) for folder in sorted(lake.iterdir())])
    model, every = load(), load_checks()
    known = Known(checks=every, responsibilities=model.owed)
    judged = judge(joined, estates.checks().values(), counted=drawn_by(model, joined), passes=True)
    results, problems = waive(judged, parse_waivers(text, "waivers.yaml", known), estates.checks(), every=every)
    posture = assess_snapshot(
        model, judged.snapshot, estates.checks(), judged, waivers=results, refused_waivers=problems, named=True
    )
    return list(judged.findings()), posture


OWNED = "reason: a move, owner: o@example.com, until: 2099-01-31"
ACCEPTED = f"""
- {{check: ebs-*, {OWNED}}}
- {{check: "*", scope: {{regions: [global, eu-west-1]}}, {OWNED}}}
- {{check: "*", scope: {{accounts: ["{account_of(0)}"]}}, reason: old, owner: o@example.com, until: 2099-03-01}}
- {{check: "eks-*", scope: {{accounts: ["{account_of(5)}", "999999999999"]}}, {OWNED}}}
- {{check: "lambda-*", scope: {{accounts: ["999999999999"]}}, {OWNED}}}
- {{check: "lambda-*", reason: over, owner: o@example.com, until: 2020-01-31}}
- {{check: ebs-volume-encrypted, scope: {{resources: [nothing-*]}}, {OWNED}}}
"""


@pytest.mark.usefixtures("in_this_process")
def test_waivers_travel_and_come_to_what_they_come_to_over_all(spoiled: Path, tmp_path: Path) -> None:
    findings, posture = waived_over_all(spoiled, ACCEPTED)
    (tmp_path / "waivers.yaml").write_text(ACCEPTED)
    judged(spoiled, tmp_path / "out", waivers=[file_waivers(tmp_path / "waivers.yaml")]).close()
    with open_assessment(tmp_path / "out") as assessment:
        assert estates.of(estates.rows(assessment)) == estates.of(findings)
        ours = assessment.posture
        assert assessment.judgement.fails(SEVERITIES) == sum(each.is_open for each in findings)
    for name in ("summary", "responsibilities", "areas", "accounts", "regions"):
        assert getattr(ours, name) == getattr(posture, name), name
    standings = {each.standing for each in ours.waivers}
    assert standings == {"active", "expired", "matches-nothing", "not-judged"}
    told = [(each.what, each.standing, each.findings, each.line) for each in ours.waivers]
    assert told == [(each.what, each.standing, each.findings, each.line) for each in posture.waivers]
    assert ours.refused_waivers == ()
    assert {each.waived.id for each in findings if each.waived} < {each.id for each in ours.waivers}


@pytest.mark.usefixtures("in_this_process")
def test_a_waiver_of_all_that_any_account_has_is_refused_when_all_is_judged(spoiled: Path, tmp_path: Path) -> None:
    """Each group sees its own findings alone, and so has them waived: nothing of that may stay."""
    everywhere = ", ".join(f'"{account_of(number)}"' for number in range(6))
    text = f"""
- {{check: "*", scope: {{accounts: [{everywhere}]}}, {OWNED}}}
- {{check: "*", scope: {{accounts: ["{account_of(0)}"]}}, {OWNED}}}
"""
    findings, posture = waived_over_all(spoiled, text)
    (tmp_path / "waivers.yaml").write_text(text)
    with judged(spoiled, tmp_path / "out", waivers=[file_waivers(tmp_path / "waivers.yaml")]) as assessment:
        assert estates.of(estates.rows(assessment)) == estates.of(findings)
        (problem,), (theirs,) = assessment.posture.refused_waivers, posture.refused_waivers
        assert problem.message == theirs.message
        assert problem.line == 2
        assert [each.standing for each in assessment.posture.waivers] == ["active"]
        assert {each.account for each in findings if each.waived} == {account_of(0)}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket of its own, `estate`, and where it is."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        reset = urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
        urllib.request.urlopen(reset).close()
        s3 = boto3.resource("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
        yield s3.create_bucket(Bucket="estate"), f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.mark.usefixtures("in_this_process")
def test_a_lake_on_s3_is_kept_on_s3_and_reported(
    spoiled: Path, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What each task copied there, and the list of files last: nothing that does not count, and all that does."""
    there, endpoint = bucket
    for path in sorted(spoiled.rglob("*")):
        if path.is_file():
            there.upload_file(str(path), f"lake/{path.relative_to(spoiled)}")
    lake, to = (
        Lake(place=f"s3://estate/{name}", endpoint=endpoint, region="us-east-1") for name in ("lake", "out")
    )
    findings, _ = estates.over_all(spoiled)
    with assess_lake(
        lake, tmp_path / "out", Engine(workers=2), checks=estates.checks(), passes=True, to=to
    ) as assessment:
        assert estates.of(estates.rows(assessment)) == estates.of(findings)
    objects = [each for each in there.objects.filter(Prefix="out/") if not each.key.endswith("/")]
    kept = {each.key.removeprefix("out/"): each for each in objects}
    files = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert kept.keys() == files
    assert kept["assessment.json"].last_modified == max(each.last_modified for each in kept.values())
    with pytest.raises(DemarcateError, match="s3://estate/out: has objects already"):
        assess_lake(lake, tmp_path / "again", Engine(workers=2), checks=["ebs-volume-encrypted"], to=to)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)  # as it is for people who name no other
    assert report("s3://estate/out") == report(str(tmp_path / "out"))
    same = CliRunner().invoke(app, ["diff", str(tmp_path / "out"), "s3://estate/out", "--format", "csv"])
    assert (same.exit_code, [line for line in same.stdout.splitlines() if line.startswith(("new", "fixed"))]) == (
        0,
        [],
    )
    there.Object("out/posture.json").put(Body=b"{}")
    assert refused("s3://estate/out").startswith("s3://estate/out/posture.json: damaged: it is not as it was")
    named = json.loads((tmp_path / "out" / "assessment.json").read_bytes())
    named["files"]["../outside"] = ""
    there.Object("out/assessment.json").put(Body=json.dumps(named).encode())
    assert refused("s3://estate/out") == "s3://estate/out: damaged: it names files outside of it; assess again"
    there.Object("out/assessment.json").put(Body=b"{")
    assert refused("s3://estate/out").startswith("s3://estate/out/assessment.json: damaged: ")
    assert refused("s3://estate/none").startswith("s3://estate/none: cannot be read: ")
    assert refused("s3://").startswith("s3:: there is no such folder")


def report(place: str) -> Any:
    done = CliRunner().invoke(app, ["report", place, "--format", "json"])
    assert done.exit_code == 3, done.exception
    return json.loads(done.stdout)


def refused(place: str) -> str:
    """Why an assessment is not reported."""
    done = CliRunner().invoke(app, ["report", place])
    assert isinstance(done.exception, DemarcateError)
    return str(done.exception)


class Stopping(Engine):
    """An engine that comes to no end."""

    def run(self, task: Callable[[int], bytes], number: int) -> Iterator[bytes]:
        yield task(0)
        raise DemarcateError("Spark is dead")


@pytest.mark.usefixtures("in_this_process")
def test_nothing_stays_on_s3_of_a_run_that_comes_to_no_end(spoiled: Path, bucket: Any, tmp_path: Path) -> None:
    there, endpoint = bucket
    to = Lake(place="s3://estate/out", endpoint=endpoint, region="us-east-1")
    with pytest.raises(DemarcateError, match="Spark is dead"):
        assess_lake(
            Lake(place=str(spoiled)), tmp_path / "out", Stopping(workers=2), checks=estates.checks(), to=to
        )
    assert list(there.objects.all()) == []
    assert list(tmp_path.iterdir()) == []
    nowhere = Lake(place="s3://nothing/out", endpoint=endpoint, region="us-east-1")
    with pytest.raises(DemarcateError, match="s3://nothing/out: cannot be written"):
        assess_lake(Lake(place=str(spoiled)), tmp_path / "out", Engine(), checks=estates.checks(), to=nowhere)


def test_what_passes_is_told_of_a_lake_too(kept: Path) -> None:
    with open_assessment(kept) as assessment:
        verdicts = [each.verdict for each in assessment.telling_passes().findings()]
        passed = sum(result.passed for result in assessment.results())
    assert verdicts.count("pass") == passed > 0


@pytest.mark.usefixtures("in_this_process")
def test_a_lake_may_be_one_snapshot_and_is_judged_by_account(tmp_path: Path) -> None:
    from demarcate.estate.snapshots.writing import SnapshotWriter
    from demarcate.estate.tables import table
    from tests.checks.examples import MOMENT

    with SnapshotWriter("live", "o", out=tmp_path / "o", moment=MOMENT) as writer:
        for number in range(3):
            part = writer.part(table("aws_ebs_volume"), ["encrypted"], account_of(number), "r")
            part.append([{"resource": "v", "account_id": account_of(number), "region": "r", "encrypted": False}])
            part.seal()
        writer.finish()
    assert [(each.account, each.rows) for each in holdings(Lake(place=str(tmp_path / "o")))] == [
        (account_of(number), 1) for number in range(3)
    ]
    assert not is_lake(str(tmp_path / "o"))
    assert is_lake(str(tmp_path))
    assert not is_large(str(tmp_path / "o"))
    with assess_lake(
        Lake(place=str(tmp_path / "o")), tmp_path / "out", Engine(workers=1), checks=["ebs-volume-encrypted"]
    ) as assessment:
        assert [(each.account, each.verdict) for each in assessment.findings()] == [
            (account_of(number), "fail") for number in range(3)
        ]
        assert not assessment.of_lake
        assert len(assessment.snapshot.accounts) == 3


def test_nothing_is_kept_of_a_run_that_is_killed_and_no_process_stays(
    spoiled: Path, tmp_path: Path, sabotage: Path
) -> None:
    (sabotage / f"hold-{account_of(5)}").touch()
    command = ["-m", "demarcate", "assess", str(spoiled), "--workers", "1", "--save", str(tmp_path / "out")]
    command += [f"--check={name}" for name in estates.checks()]
    with processes.started(sys.executable, *command) as run:
        holding = held(sabotage)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        ended(holding)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("accounts", "workers", "sizes"),
    [(1, 2, [1]), (5, 2, [3, 2]), (250, 2, [63, 63, 63, 61]), (0, 2, []), (200, 1, [100, 100])],
)
def test_groups_are_shared_evenly(accounts: int, workers: int, sizes: list[int]) -> None:
    listed = [Holding("", str(number), 1) for number in range(accounts)]
    groups = grouped(listed, workers, 100, GROUP_ROWS)
    assert [len(group) for group in groups] == sizes
    assert [holding for group in groups for holding in group] == listed


def test_a_group_has_no_more_rows_than_it_may() -> None:
    listed = [Holding("", str(number), rows) for number, rows in enumerate((50, 60, 500, 10, 10))]
    assert [[each.rows for each in group] for group in grouped(listed, 1, 100, 100)] == [
        [50],
        [60],
        [500],
        [10, 10],
    ]


@pytest.mark.parametrize(
    ("place", "says"),
    [("nothing", "not a folder"), ("folder", "not a lake"), ("damaged", "damaged: manifest.json: damaged")],
)
def test_what_is_no_lake_is_refused(place: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "manifest.json").write_text("{")
    with pytest.raises(DemarcateError, match=says):
        judged(tmp_path / place, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_exists_is_not_written_into(spoiled: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(DemarcateError, match="exists already"):
        judged(spoiled, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_damaged_file_of_findings_is_refused(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept, tmp_path / "out")
    file = next(iter((tmp_path / "out" / "findings").iterdir()))
    file.write_bytes(file.read_bytes()[:-1] + b"2")
    with pytest.raises(DemarcateError, match=f"{file.name}: damaged"):
        open_assessment(tmp_path / "out")


@pytest.fixture
def nothing_of_spark(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(spark, "find_spec", lambda _: None)
    yield


@pytest.mark.usefixtures("nothing_of_spark")
def test_spark_that_is_not_installed_is_told(spoiled: Path, tmp_path: Path) -> None:
    engine = Engine("spark", master="local-cluster[2,1,1024]")
    with pytest.raises(DemarcateError, match=r"pip install 'demarcate\[spark\]', and Java 17"):
        assess_lake(Lake(place=str(spoiled)), tmp_path / "out", engine, checks=["ebs-volume-encrypted"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("master", "says"),
    [
        ("spark://127.0.0.1:1", "no Spark answers at spark://127.0.0.1:1: 127.0.0.1:1: Connection refused"),
        ("sc://127.0.0.1:1/;token=x", "Connection refused"),
        ("spark://", "--master takes"),
        ("http://x", "--master takes"),
    ],
)
def test_a_master_that_does_not_answer_is_told(
    master: str, says: str, spoiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda _: True)
    monkeypatch.setattr(spark, "_java", lambda: True)
    with pytest.raises(DemarcateError, match=says):
        assess_lake(
            Lake(place=str(spoiled)),
            tmp_path / "out",
            Engine("spark", master=master),
            checks=["ebs-volume-encrypted"],
        )
    assert list(tmp_path.iterdir()) == []


def test_java_that_is_missing_is_told(spoiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda _: True)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(DemarcateError, match="needs Java 17 or newer"):
        assess_lake(
            Lake(place=str(spoiled)),
            tmp_path / "out",
            Engine("spark", master="local-cluster[2,1,1024]"),
            checks=["ebs-volume-encrypted"],
        )

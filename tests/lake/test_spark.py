"""Groups that Spark runs, in executors that are processes of their own, come to what one database makes of them.

One cluster does all of it (`driver.py`): to start it takes longer than what it is asked.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.tables import table
from demarcate.lake.kept import at_hand
from demarcate.lake.spark import _java
from demarcate.logs.detecting.places import Findings, detect_stored
from demarcate.logs.detecting.stored import groups_of
from demarcate.logs.detecting.structs import Detection, State
from demarcate.posture.kept import open_assessment
from tests import processes
from tests.aws.conftest import REGION
from tests.aws.conftest import aws as aws
from tests.aws.conftest import server as server
from tests.aws.test_organization import ORGANIZATION, Estate
from tests.aws.test_organization import estate as estate
from tests.lake import estates, stores
from tests.lake.conftest import SABOTEUR, ended, held
from tests.lake.estates import account_of
from tests.surroundings import CREDENTIALS

pytestmark = pytest.mark.skipif(
    find_spec("pyspark") is None or not _java(),
    reason="no PySpark, or no Java (.ci/java): nothing is judged by Spark",
)

GROUPS = 2

Ask = Callable[..., str]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return estates.make(tmp_path_factory.mktemp("lakes") / "lake", 6)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is to go wrong."""
    folder = tmp_path_factory.mktemp("sabotage")
    os.mkfifo(folder / "holding")
    return folder


@pytest.fixture(scope="module")
def port() -> int:
    """A port of this machine that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def driver(wrong: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The driver, whose cluster is up."""
    with processes.started(
        sys.executable,
        "-m",
        "tests.lake.driver",
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        environment={
            "SABOTAGE": str(wrong),
            "PYTHONPATH": str(SABOTEUR),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "CONNECT": str(port),
            **CREDENTIALS,
        },
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process


@pytest.fixture
def ask(driver: subprocess.Popen[bytes], tmp_path: Path) -> Ask:
    def asked(place: str, to: str | None = None, **more: Any) -> str:
        send(driver, place, tmp_path / "out", to, **more)
        return answer(driver)

    return asked


def send(driver: subprocess.Popen[bytes], place: str, out: Path, to: str | None = None, **more: Any) -> None:
    told = {"lake": {"place": place, **more}, "out": str(out), "checks": list(estates.checks()), "groups": GROUPS}
    if to is not None:
        told["to"] = {"place": to, **more}
    write(driver, told)


def write(driver: subprocess.Popen[bytes], told: dict[str, Any]) -> None:
    assert driver.stdin is not None
    driver.stdin.write(json.dumps(told).encode() + b"\n")
    driver.stdin.flush()


def answer(driver: subprocess.Popen[bytes]) -> str:
    assert driver.stdout is not None
    return str(json.loads(driver.stdout.readline()))


def outcomes(folder: Path) -> list[tuple[str, str]]:
    return [(row["account"], row["outcome"]) for row in pq.read_table(folder / "outcomes.parquet").to_pylist()]


JUDGED = [(account_of(number), "judged") for number in range(6)]


def test_what_is_lost_is_done_again_and_is_there_once(lake: Path, wrong: Path, ask: Ask, tmp_path: Path) -> None:
    """In the place of processes that are killed in the middle of a group, one with all that runs in its machine, others
    do it.
    """
    killed = [wrong / f"executor-{account_of(1)}", wrong / f"worker-{account_of(4)}"]
    for lost in killed:
        lost.touch()
    assert ask(str(lake)) == ""
    assert not any(lost.exists() for lost in killed)
    findings, posture = estates.over_all(lake)
    with open_assessment(tmp_path / "out") as assessment:
        assert estates.of(estates.rows(assessment)) == estates.of(findings)
        assert assessment.posture.responsibilities == posture.responsibilities
    assert outcomes(tmp_path / "out") == JUDGED
    written = pq.read_table(tmp_path / "out" / "findings")
    assert written.num_rows == len(findings)


def test_a_log_store_says_the_same(
    log: tuple[Path, Path, Findings], driver: subprocess.Popen[bytes], wrong: Path, tmp_path: Path
) -> None:
    """As tasks of Spark, also where the processes of both are killed in the middle of them."""
    store, rules, whole = log
    for lost in ("executor", "worker"):
        (wrong / f"{lost}-matching").touch()
    size = sum(part.size for group in groups_of(store) for part in group) // 2
    asked = {"detect": str(store), "rules": str(rules), "size": size, "out": str(tmp_path / "found")}
    write(driver, asked)
    assert answer(driver) == ""
    assert not [*wrong.glob("*-matching")]
    detections, state, unread = json.loads((tmp_path / "found").read_bytes())
    assert msgspec.convert(detections, tuple[Detection, ...], strict=False) == whole.detections
    assert stores.counted(msgspec.convert(state, State, strict=False)) == stores.counted(whole.state)
    assert unread == []


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Findings]:
    """A log store, the folder of rules for it, and what one process finds."""
    folder = tmp_path_factory.mktemp("detecting")
    rules, store = stores.rules(folder / "rules"), stores.make(folder / "store")
    return store, folder / "rules", detect_stored(store, rules)


@pytest.fixture
def on_s3(lake: Path, tmp_path: Path) -> Iterator[str]:
    """The address of an S3 that has the lake in its bucket `estate`, below `lake`, some of it spoiled."""
    mine = shutil.copytree(lake, tmp_path / "lake")
    estates.spoil(mine)
    (mine / account_of(4) / "manifest.json").write_text("{")
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        s3 = boto3.client(
            "s3",
            endpoint_url=f"http://{host}:{port}",
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        s3.create_bucket(Bucket="estate")
        for path in sorted(mine.rglob("*")):
            if path.is_file():
                s3.put_object(Bucket="estate", Key=f"lake/{path.relative_to(mine)}", Body=path.read_bytes())
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def test_a_lake_from_s3_to_s3_and_what_is_wrong_with_some_accounts(
    on_s3: str, wrong: Path, ask: Ask, tmp_path: Path
) -> None:
    """Missing, cut and rotten parts, a manifest that is none, a fault of native code: each in an account of its own."""
    (wrong / f"crash-{account_of(5)}").touch()
    assert ask("s3://estate/lake", "s3://estate/out", endpoint=on_s3, region="us-east-1") == ""
    (wrong / f"crash-{account_of(5)}").unlink()
    shutil.copytree(tmp_path / "lake", tmp_path / "whole", ignore=shutil.ignore_patterns(account_of(4)))
    findings, _ = estates.over_all(tmp_path / "whole")
    with open_assessment(tmp_path / "out") as assessment:
        told = [each for each in estates.rows(assessment) if each.account]
        assert estates.of(told, account_of(5)) == estates.of(findings, account_of(5))
        assert assessment.posture.origin == "s3://estate/lake"
    with at_hand(Path("s3://estate/out"), on_s3, "us-east-1") as there, open_assessment(there) as assessment:
        assert [each for each in estates.rows(assessment) if each.account] == told
    came = outcomes(tmp_path / "out")
    assert sorted(came, key=str) == sorted([*JUDGED[:4], (None, "failed"), (account_of(5), "failed")], key=str)


@pytest.mark.skipif(find_spec("grpc") is None, reason="no grpcio: nothing asks a Spark Connect server")
def test_a_connect_server_is_asked_by_the_command_and_waivers_travel(
    driver: subprocess.Popen[bytes], port: int, lake: Path, tmp_path: Path
) -> None:
    """A program that has no Spark of its own, by its URL alone."""
    file = tmp_path / "waivers.yaml"
    file.write_text("- {check: ebs-volume-encrypted, reason: a move, owner: o@example.com, until: 2099-01-31}\n")
    asked: tuple[str | Path, ...] = ("assess", lake, "--check", "ebs-volume-encrypted", "--waivers", file)
    to = ("--engine", "spark", "--master", f"sc://127.0.0.1:{port}", "--save", tmp_path / "out")
    ran = processes.python("-m", "demarcate", *asked, *to)
    assert (ran.returncode, "Traceback" in ran.stderr) == (3, False), ran.stderr
    whole, _ = estates.over_all(lake)
    findings = [each for each in whole if each.check == "ebs-volume-encrypted" and each.verdict != "pass"]
    with open_assessment(tmp_path / "out") as assessment:
        told = [*assessment.findings()]
        (result,) = assessment.posture.waivers
    assert sorted(each.id for each in told) == sorted(each.id for each in findings)
    assert all(each.waived for each in told)
    assert result.findings == len(told) > 2
    assert outcomes(tmp_path / "out") == JUDGED


def test_an_organization_is_collected_by_spark(
    driver: subprocess.Popen[bytes], estate: Estate, tmp_path: Path
) -> None:
    """What each worker collects with the credentials of its own environment is what one run collects."""
    tables = ("aws_ebs_volume", "aws_organizations_organization")
    whole = estate.collect(ORGANIZATION, *tables)
    told = {"collect": estate.aws.url, "region": REGION, "tables": tables, "out": str(tmp_path / "lake")}
    write(driver, told)
    assert answer(driver) == ""
    taken = [Snapshot.open(folder) for folder in sorted((tmp_path / "lake").iterdir())]
    assert len(taken) == len([note for note in whole.manifest.accounts if not note.skipped]) > 2
    assert rows(*taken) == rows(whole)


def rows(*of: Snapshot) -> list[tuple[object, ...]]:
    columns = ("account_id", "region", "resource")
    return sorted(tuple(row.values()) for each in of for row in rows_of(each, table("aws_ebs_volume"), columns))


def test_a_driver_that_dies_is_told_and_leaves_nothing(
    driver: subprocess.Popen[bytes], lake: Path, wrong: Path, tmp_path: Path
) -> None:
    """The last thing that its cluster does."""
    (wrong / f"hold-{account_of(0)}").touch()
    send(driver, str(lake), tmp_path / "out")
    holding = held(wrong)
    (java,) = Path(f"/proc/{driver.pid}/task/{driver.pid}/children").read_text().split()
    os.kill(int(java), signal.SIGKILL)
    assert answer(driver).startswith("Spark did not come to the end (local-cluster[2,1,1024])")
    ended(holding)
    assert list(tmp_path.iterdir()) == []

"""A signal ends the command, whatever it is doing: soon, with its exit code, no traceback, and nothing left over."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demarcate.estate.snapshots.journal import NAME, partial_folder
from tests.aws.endless import NEXT, VOLUME, VOLUMES, Request, Server, drips, is_silent, pours, throttled
from tests.nursery import Running, nursery
from tests.processes import PATIENCE, started, terminal
from tests.surroundings import CREDENTIALS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")

SOON = 50.0
"""Seconds until a run must have ended: less than an answer is waited for.

It takes well below one where the machine has nothing else to do.
"""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""One handler has all three: each is sent in at least two of the states below, and each state has one at least."""

ENDLESS = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t, aws_s3_bucket"

BUCKET = "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n"


def ignoring(*numbers: signal.Signals) -> Callable[[], None]:
    """What a child does first that is to ignore signals."""

    def do() -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)

    return do


Run = subprocess.Popen[bytes] | Running


@dataclass
class Runs:
    """Runs of the command in a folder of their own, with another for temporary files."""

    folder: Path
    record: Callable[[str, object], None]
    running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    def start(self, *arguments: str) -> Run:
        """The command, by the nursery where that can: to begin it anew takes longer than all that it does here."""
        if not nursery().takes(self._environment):
            return self.start_anew("-m", "demarcate", *arguments)
        return self.running.enter_context(nursery().running(arguments, self.folder, self._environment))

    def start_anew(self, *arguments: str, ignored: tuple[signal.Signals, ...] = ()) -> Run:
        """Python, in a process that begins so."""
        return self.running.enter_context(
            started(
                *(sys.executable, *arguments),
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                environment=self._environment,
                first=ignoring(*ignored),
            )
        )

    @property
    def _environment(self) -> dict[str, str]:
        environment = {
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "none"),
            "TMPDIR": str(self.temporary),
        }
        return environment if (self.folder / "config").exists() else environment | CREDENTIALS

    def stop(self, run: Run, number: signal.Signals) -> str:
        """Send the signal, and see that it ends well. What was said on stderr."""
        began = time.monotonic()
        run.send_signal(number)
        run.wait(SOON)
        self.record("seconds", round(time.monotonic() - began, 2))
        said = run.communicate()[1].decode()
        assert run.returncode == 128 + number, said
        assert "Traceback" not in said and "Exception" not in said, said
        assert said.endswith("demarcate: interrupted\n")
        assert list(self.temporary.iterdir()) == []
        return said

    def until(self, run: Run, seen: Callable[[], object]) -> None:
        """Wait for something that a run does."""
        while not seen():
            assert run.poll() is None, run.communicate()[1].decode()
            time.sleep(0.01)

    def until_it_has_used(self, run: Run, seconds: float) -> None:
        """Wait until a run has used the processor for so long from now on."""
        status = Path(f"/proc/{run.pid}/stat")
        if not status.exists():
            pytest.skip("there is no /proc that tells of processes")
        each = os.sysconf("SC_CLK_TCK")

        def used() -> float:
            times = status.read_text().rpartition(")")[2].split()[11:13]
            return sum(map(int, times)) / each

        before = used()
        self.until(run, lambda: used() >= before + seconds)


@pytest.fixture
def runs(tmp_path: Path, record_property: Callable[[str, object], None]) -> Iterator[Runs]:
    made = Runs(tmp_path, record_property)
    made.temporary.mkdir()
    with made.running:
        yield made


def live(endless: Server, *arguments: str) -> list[str]:
    return [*arguments, "--endpoint-url", endless.url, "--region", "eu-west-1"]


# --- whatever it is doing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS[:2])
def test_in_the_middle_of_a_query(runs: Runs, number: signal.Signals) -> None:
    (runs.folder / "bucket.yaml").write_text(BUCKET)
    run = runs.start("query", ENDLESS, "bucket.yaml")
    runs.until(run, lambda: list(runs.temporary.glob("*/manifest.json")))
    runs.until_it_has_used(run, 0.5)
    runs.stop(run, number)


def test_while_a_database_spills(runs: Runs) -> None:
    run = runs.start_anew(
        "-c",
        (
            "from demarcate.base import stopping; from demarcate.base.connection import Limits, connect\n"
            "stopping.listen()\n"
            "sql = 'SELECT count(*) FROM (SELECT random() AS r FROM range(1000000000) ORDER BY r)'\n"
            "connect(limits=Limits(memory=50_000_000, threads=1)).execute(sql)\n"
        ),
    )
    runs.until(run, lambda: list(runs.temporary.glob("*.spill/*")))
    runs.stop(run, signal.SIGINT)


@pytest.mark.parametrize("answer", [is_silent, drips, pours, throttled])
def test_while_it_waits_for_an_answer(runs: Runs, endless: Server, answer: Callable[[Request], None]) -> None:
    endless.answers["DescribeVolumes"] = answer
    run = runs.start(*live(endless, "assess", "aws", "--check", "ebs-volume-encrypted"))
    asked = 3 if answer is throttled else 1  # then it waits for the next attempt
    runs.until(run, lambda: endless.calls["DescribeVolumes"] >= asked)
    runs.stop(run, signal.SIGINT)


def test_while_pages_come_for_ever(runs: Runs, endless: Server) -> None:
    def page(asked: Request) -> None:
        number = asked.server.calls["DescribeVolumes"]
        asked.text(VOLUMES.format(VOLUME.format(number) * 500, NEXT.format(number)))

    endless.answers["DescribeVolumes"] = page
    run = runs.start(*live(endless, "query", "SELECT * FROM aws_ebs_volume"))
    runs.until(run, lambda: endless.calls["DescribeVolumes"] >= 20)
    runs.stop(run, signal.SIGTERM)


@pytest.mark.parametrize("source", ["config:all", "s3://bucket"])
def test_while_it_reads_what_config_recorded(runs: Runs, endless: Server, source: str) -> None:
    endless.answers["SelectAggregateResourceConfig"] = endless.answers[""] = is_silent
    run = runs.start("assess", source, "--endpoint-url", endless.url)
    runs.until(run, endless.calls.total)
    runs.stop(run, signal.SIGINT)


def test_while_a_process_is_asked_for_credentials(runs: Runs, endless: Server) -> None:
    waiting = runs.folder / "waiting.py"
    waiting.write_text("import pathlib, sys; pathlib.Path('asked').touch(); sys.stdin.read()")
    command = shlex.join([sys.executable, str(waiting)])
    (runs.folder / "config").write_text(f"[default]\ncredential_process = {command}\n")
    run = runs.start(*live(endless, "collect", "aws", "--dry-run"))
    runs.until(run, (runs.folder / "asked").exists)
    runs.stop(run, signal.SIGINT)


def test_while_templates_are_read(runs: Runs) -> None:
    large = "Resources:\n" + "".join(BUCKET[11:].replace("Bucket:", f"Bucket{i}:") for i in range(2000))
    for number in range(50):
        (runs.folder / f"{number}.yaml").write_text(large)
    run = runs.start("assess", *(f"{number}.yaml" for number in range(50)))
    runs.until_it_has_used(run, 2)
    runs.stop(run, signal.SIGINT)


def test_while_nobody_reads_the_report(runs: Runs) -> None:
    large = "Resources:\n" + "".join(BUCKET[11:].replace("Bucket:", f"Bucket{i}:") for i in range(500))
    (runs.folder / "large.yaml").write_text(large)
    run = runs.start("assess", "large.yaml", "--format", "json")
    assert run.stdout is not None
    handle = run.stdout.fileno()
    runs.until(run, lambda: select.select([handle], [], [], 0)[0])
    runs.stop(run, signal.SIGINT)


def test_while_a_file_is_written(runs: Runs) -> None:
    report = runs.folder / "report.json"
    report.write_text("the one before")
    run = runs.start_anew(
        "-c",
        (
            "import sys, time; from pathlib import Path; from demarcate.base import files, stopping\n"
            "stopping.listen()\n"
            f"with files.writing(Path({str(report)!r})) as file:\n"
            "    file.write('half'); file.flush(); print(flush=True); time.sleep(600)\n"
        ),
    )
    assert run.stdout is not None
    run.stdout.readline()
    assert len(list(runs.folder.glob(".report.json.*"))) == 1
    runs.stop(run, signal.SIGTERM)
    assert report.read_text() == "the one before"
    assert list(runs.folder.glob(".report.json.*")) == []


def test_while_an_exam_waits(runs: Runs) -> None:
    run = runs.start("quiz", "--seed", "4")
    assert run.stdout is not None
    seen = b""
    while b"q to stop" not in seen:
        seen += (read := os.read(run.stdout.fileno(), 4096))
        assert read, "it has ended"
    runs.stop(run, signal.SIGHUP)


def test_while_bars_are_shown(runs: Runs, endless: Server) -> None:
    """The cursor, which the bars hide, is shown again."""
    endless.answers["DescribeVolumes"] = is_silent
    command = [sys.executable, "-m", "demarcate", *live(endless, "query", "SELECT * FROM aws_ebs_volume")]
    environment = CREDENTIALS | {"TERM": "xterm"}
    with terminal() as (person, program), started(*command, stderr=program, environment=environment) as run:
        program.close()
        seen = b""
        while b"\x1b[?25l" not in seen:
            seen += person.read(4096) or b""
        run.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # so ends a terminal
            while more := person.read(4096):
                seen += more
        assert run.wait(SOON) == 130
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l")
    assert seen.endswith(b"demarcate: interrupted\r\n")


# --- what is kept -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS[::2])
def test_what_was_read_is_kept_and_gone_on_with(runs: Runs, endless: Server, number: signal.Signals) -> None:
    out = runs.folder / "snapshot"
    asked = live(endless, "collect", "aws", "--table", "aws_vpc", "--table", "aws_ebs_volume", "--out", str(out))
    vpcs = "<item><vpcId>vpc-1</vpcId></item>"
    endless.answers |= {
        "DescribeVpcs": lambda asked: asked.text(f"<R><vpcSet>{vpcs}</vpcSet></R>"),
        "DescribeVpcAttribute": lambda asked: asked.text("<R></R>"),
        "DescribeVolumes": is_silent,
    }
    run = runs.start(*asked)
    journal = partial_folder(out) / NAME
    runs.until(run, lambda: journal.exists() and b"sealed" in journal.read_bytes())
    runs.until(run, lambda: endless.calls["DescribeVolumes"])
    said = runs.stop(run, number)
    assert "go on with --resume" in said
    assert not out.exists()
    endless.calls.clear()
    endless.answers["DescribeVolumes"] = lambda asked: asked.text(VOLUMES.format(VOLUME.format(1), ""))
    done = runs.start(*asked, "--resume")
    _, told = done.communicate(timeout=PATIENCE)
    assert done.returncode == 0, told.decode()
    assert endless.calls["DescribeVolumes"] == 1
    assert not endless.calls["DescribeVpcs"]
    assert out.exists() and not partial_folder(out).exists()


def test_where_nothing_was_read_nothing_is_left(runs: Runs, endless: Server) -> None:
    endless.answers["DescribeVolumes"] = is_silent
    out = runs.folder / "out" / "snapshot"
    run = runs.start(*live(endless, "collect", "aws", "--table", "aws_ebs_volume", "--out", str(out)))
    runs.until(run, lambda: endless.calls["DescribeVolumes"])
    said = runs.stop(run, signal.SIGTERM)
    assert "--resume" not in said
    assert list(runs.folder.glob("out/*")) == []


# --- who is not to be stopped -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_was_ignored_is_ignored(runs: Runs, endless: Server, number: signal.Signals) -> None:
    def after_the_signal(asked: Request) -> None:
        run.send_signal(number)
        asked.text(VOLUMES.format(VOLUME.format(1), ""))

    endless.answers["DescribeVolumes"] = after_the_signal
    asking = live(endless, "query", "SELECT volume_id FROM aws_ebs_volume")
    run = runs.start_anew("-m", "demarcate", *asking, ignored=(number,))
    out, said = run.communicate(timeout=PATIENCE)
    assert run.returncode == 0, said.decode()
    assert b"vol-1" in out
    assert endless.calls["DescribeVolumes"] == 1


def test_the_library_leaves_signals_alone(runs: Runs) -> None:
    (runs.folder / "bucket.yaml").write_text(BUCKET)
    run = runs.start_anew(
        "-c",
        "import signal; before = [signal.getsignal(n) for n in (1, 2, 15)]; import demarcate\n"
        "demarcate.collect('bucket.yaml'); print(before == [signal.getsignal(n) for n in (1, 2, 15)])\n",
    )
    assert run.communicate(timeout=PATIENCE)[0] == b"True\n"
    assert list(runs.temporary.iterdir()) == []

"""What is shown while a live collection goes on: bars on a terminal, lines elsewhere, and data on stdout alone."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.report.progress import BARS, Count, Counts, Reached, Shown, line, picture, showing
from tests.aws.conftest import REGION, Aws
from tests.aws.resuming import counting
from tests.effort import effort
from tests.processes import PATIENCE, started, terminal
from tests.surroundings import CREDENTIALS


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO) -> tuple[Counts, Shown, Clock]:
    clock = Clock()
    tally = Counts(clock)
    return tally, Shown(tally, stream, clock), clock


def test_lines_every_few_seconds_and_none_of_what_is_quick() -> None:
    out = io.StringIO()
    tally, showing, clock = shown(out)
    tally.planned("123456789012", "ec2", 4)
    for second in range(10):
        clock.now = 100 + second
        tally.called("123456789012", "ec2")
        if second in (2, 6):
            tally.finished("123456789012", "ec2", 1000)
        showing.tick()
        if second < 3:
            assert out.getvalue() == ""
    showing.close()
    assert out.getvalue().splitlines() == [
        "123456789012: 1 of 4 parts, 4 calls, 1,000 rows, about 9 s left",
        "123456789012: 2 of 4 parts, 9 calls, 2,000 rows, about 8 s left",
    ]


def test_nothing_is_shown_while_nothing_is_planned() -> None:
    out = io.StringIO()
    tally, showing, clock = shown(out)
    clock.now += 60
    tally.called("123456789012", "sts")
    showing.tick()
    assert out.getvalue() == ""


def test_time_left_counts_accounts_that_are_not_begun() -> None:
    counts = {(f"{number:012}", "ec2"): Count(parts=10, done=5) for number in range(4)}
    assert line(Reached(counts, accounts=40), 30).startswith("4 of 40 accounts: 20 of 40 parts")
    assert line(Reached(counts, accounts=40), 30).endswith("about 10 min left")


def test_bars_are_few_fit_a_terminal_and_are_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    out = Terminal()
    tally, showing, clock = shown(out)
    tally.expected(3)
    for account in ("111111111111", "222222222222"):
        for number in range(30):
            tally.planned(account, f"resource-explorer-{number}", 170)
            for _ in range(3):
                tally.called(account, f"resource-explorer-{number}")
            tally.finished(account, f"resource-explorer-{number}", 1_234_567)
    clock.now += 5
    showing.tick()
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue()).splitlines()
    assert len(lines) == BARS + 3 <= 12
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["calls", "rows", "left"]
    assert re.fullmatch(r"2 of 3 accounts +━+ +180 +74,074,020 +22 min *", lines[1])
    assert "51 more" in lines[-1]
    showing.close()
    assert out.getvalue().count("\x1b[2K") >= BARS, "each line is erased"


def test_a_service_that_is_done_has_no_bar() -> None:
    from rich.console import Console

    counts = {("1", "ec2"): Count(2, 1, 3, 4), ("1", "s3"): Count(1, 1, 3, 4), ("1", "iam"): Count(1, 0, 0, 0)}
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as captured:
        console.print(picture(Reached(counts), 0, 5))
    assert [text.split()[0] for text in captured.get().splitlines()[1:]] == ["all", "ec2"]


def test_what_is_counted_from_many_threads_is_all_there() -> None:
    tally = Counts()

    def tell() -> None:
        for _ in range(5000):
            tally.called("1", "ec2")

    threads = [threading.Thread(target=tell) for _ in range(8)]
    with effort(40):  # a thousandth of a second a call, which takes some of them
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert tally.standing().whole().calls == 40_000


def test_what_a_collection_tells_is_what_it_did(aws: Aws) -> None:
    for _ in range(3):
        aws.client("sqs").create_queue(QueueName=f"queue-{_}")
    with showing(io.StringIO()) as tally:
        snapshot = collect_snapshot(
            ["aws"],
            Options(session=aws.session, regions=(REGION,), endpoint_url=aws.url),
            selection={"aws_sqs_queue": None},
            progress=tally,
        )
    counts = tally.standing().counts
    count = counts["123456789012", "sqs"]
    assert (count.parts, count.done, count.rows) == (1, 1, 3)
    assert count.rows == sum(part.rows for part in snapshot.manifest.tables["aws_sqs_queue"].parts)
    assert count.calls > 3


# --- The command --------------------------------------------------------------------------------------------


@dataclass
class Slow:
    """A server whose third call takes until what is shown was seen."""

    url: str
    seen: threading.Event


@pytest.fixture
def slow(aws: Aws) -> Iterator[Slow]:
    aws.client("sqs").create_queue(QueueName="queue")
    seen = threading.Event()
    with counting(aws.url) as calls:
        calls.expect(3, lambda: seen.wait(PATIENCE))
        yield Slow(calls.url, seen)
        seen.set()


COLLECT = ("collect", "aws", "--table", "aws_sqs_queue", "--region", REGION)
QUERY = ("query", "select name from aws_sqs_queue", "aws", "--region", REGION, "--format", "json")


def test_on_a_terminal_bars_go_to_stderr_and_data_to_stdout(slow: Slow) -> None:
    command = (sys.executable, "-m", "demarcate", *QUERY, "--endpoint-url", slow.url)
    with (
        terminal() as (screen, end),
        started(*command, stderr=end, environment=CREDENTIALS | {"TERM": "xterm"}) as process,
    ):
        end.close()
        said = b""
        with contextlib.suppress(OSError):  # once the program has closed its end
            while read := screen.read(65536):
                said += read
                if b"calls" in said:
                    slow.seen.set()
        assert process.stdout is not None
        assert json.loads(process.stdout.read()) == [{"name": "queue"}]
        assert process.wait() == 0
    text = said.decode()
    assert "sqs" in text and "calls" in text, text
    assert text.rstrip("\r\n").endswith(("\x1b[2K", "\x1b[?25h")), "the bars are gone"


def test_without_one_a_line_says_how_far_it_is(slow: Slow, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "demarcate", *COLLECT, "--endpoint-url", slow.url, "--out", tmp_path / "s")
    with started(*command, stderr=subprocess.PIPE, environment=CREDENTIALS) as process:
        assert process.stdout is not None and process.stderr is not None
        lines = [process.stderr.readline().decode().rstrip()]
        slow.seen.set()
        lines += process.stderr.read().decode().splitlines()
        assert (process.stdout.read(), process.wait()) == (b"", 0)
    assert re.fullmatch(r"123456789012: 0 of 1 parts, \d calls, 0 rows", lines[0])
    assert re.fullmatch(r".*/s: 1 rows in 1 tables, \d calls, [\d.]+ s", lines[-1])

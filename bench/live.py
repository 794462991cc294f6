"""Measures collecting and assessing a live estate against a moto server on loopback.

    python bench/live.py [N …]

For each N (default 50) a server of its own is started and filled by `../shared/bench/estate.py` with N resources of
each common kind in each of two regions; then `demarcate assess aws` is measured as a whole process: seconds, peak
memory, and the HTTP requests that the server answered, retries included. The reference is the server's own speed:
the time in which one client would get as many answers from it, one after the other.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ESTATE = Path(__file__).parents[2] / "shared" / "bench" / "estate.py"
REGIONS = ("us-east-1", "eu-west-1")
CALLS, SECONDS, MEGABYTES = 1_800, 12, 210
"""The limits for N = 50 on two cores."""

GROWTH = 4 / 3
"""Memory for N = 500 is at most so many times that for N = 50."""


@dataclass(frozen=True)
class Run:
    """One assessment of a live estate."""

    size: int
    seconds: float
    megabytes: float
    calls: int
    findings: int
    server: float
    """Answers a second that the server gives to one client that does nothing but ask."""

    def __str__(self) -> str:
        floor = self.calls / self.server
        return (
            f"| {self.size} | {self.calls:,} | {self.seconds:.1f} s | {self.megabytes:,.0f} MB | {self.findings:,} "
            f"| {self.server:,.0f} a second: {floor:.1f} s | {self.seconds / floor:.1f} |"
        )


@contextmanager
def server(log: Path) -> Iterator[str]:
    """A server on a free port (`server.py`), whose requests are logged."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("server.py")), str(port)],
            stdout=out,
            stderr=out,
        )
        try:
            for _ in range(100):
                try:
                    urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()
                    break
                except (urllib.error.URLError, OSError):
                    time.sleep(0.2)
            yield url
        finally:
            process.terminate()
            process.wait()


def requests(log: Path) -> int:
    """How many requests the server has answered."""
    return len(re.findall(r'HTTP/1\.1" \d', log.read_text(errors="replace")))


def answers_a_second(url: str) -> float:
    """How fast the server answers one client."""
    import boto3

    client = boto3.client("sqs", region_name=REGIONS[0], endpoint_url=url)
    client.list_queues()
    started = time.perf_counter()
    for _ in range(200):
        client.list_queues(MaxResults=1)
    return 200 / (time.perf_counter() - started)


def measure(size: int) -> Run:
    """Fill a server, and assess what it holds."""
    with tempfile.TemporaryDirectory(prefix="demarcate-bench-") as folder:
        log = Path(folder) / "server.log"
        with server(log) as url:
            subprocess.run([sys.executable, str(ESTATE), str(size), url], check=True, stdout=subprocess.DEVNULL)
            speed = answers_a_second(url)
            command = [
                sys.executable,
                "-m",
                "demarcate",
                "assess",
                "aws",
                "--endpoint-url",
                url,
                "--format",
                "json",
            ]
            command += [f"--region={region}" for region in REGIONS]
            # What the catalog's cache saves is measured elsewhere.
            subprocess.run([*command, "--check", "ebs-volume-encrypted"], stdout=subprocess.DEVNULL, check=False)
            before = requests(log)
            report = Path(folder) / "report.json"
            started = time.perf_counter()
            with report.open("w") as out:
                child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
                _, status, usage = os.wait4(child.pid, 0)
                child.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - started
            if child.returncode not in (0, 3):
                sys.exit(f"{command} exited with {child.returncode}")
            findings = len(json.loads(report.read_text())["findings"])
            return Run(size, seconds, usage.ru_maxrss / 1024, requests(log) - before, findings, speed)


def main(sizes: list[int]) -> bool:
    """Measure and print; whether all figures are within their limits."""
    if not ESTATE.exists():
        print(f"\nA live estate is not measured: there is no {ESTATE.name} to fill a server with.")
        return True
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    os.environ.setdefault("XDG_CACHE_HOME", tempfile.mkdtemp(prefix="demarcate-bench-"))
    runs = [measure(size) for size in sizes]
    print(
        "\nA live estate of N of each kind in two regions, collected and assessed (moto server on the same cores):\n"
    )
    print("| N | calls | measured | memory | findings | the server alone | ratio |\n|---|---|---|---|---|---|---|")
    for run in runs:
        print(run)
    within = True
    for run in runs:
        if run.size == 50:
            within = run.calls <= CALLS and run.seconds <= SECONDS and run.megabytes <= MEGABYTES
            print(f"\nN = 50: {'within' if within else 'OVER'} {CALLS:,} calls, {SECONDS} s and {MEGABYTES} MB.")
    small, large = runs[0], runs[-1]
    if large.size > small.size:
        grown = large.megabytes / small.megabytes
        calls = large.calls / small.calls
        fits = grown <= GROWTH and calls <= large.size / small.size
        print(
            f"N = {small.size} to {large.size}: {'within' if fits else 'OVER'}: memory times {grown:.2f} (at most "
            f"{GROWTH:.2f}), calls times {calls:.1f} (at most {large.size / small.size:.0f})."
        )
        within = within and fits
    return within


if __name__ == "__main__":
    sys.exit(0 if main([int(size) for size in sys.argv[1:]] or [50]) else 1)

"""The fuzzers: a short run of each target, and that what they are for is caught."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from demarcate.base.folders import cache_folder
from fuzz.inputs import Input, Link, get, put
from fuzz.run import TARGETS, main
from fuzz.working import Limits, input_of, run_one

COUNTS = {
    **{"snapshots": 5, "config": 6, "queries": 15, "endpoints": 4, "templates": 20, "evidence": 30},
    **{"rules": 30, "kept": 40, "plans": 10, "weighed": 6},
}
"""Where an input takes longer, fewer are given: that a target runs is held here, and `make fuzz` looks for faults."""
NO_HURRY = 3600.0


@pytest.fixture
def unchanged() -> Iterator[None]:
    """What a target prepares for a process of its own is taken back: other tests share this one."""
    with mock.patch.dict(os.environ):
        yield
    mock.patch.stopall()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("target", [name for name in TARGETS if name != "patterns"])
def test_a_few_inputs(target: str) -> None:
    """In this process: a worker of its own would have to import everything first."""
    module = importlib.import_module(TARGETS[target])
    module.prepare()
    for number in range(COUNTS.get(target, 60)):
        fault = run_one(module, input_of(module, target, "short", number))
        assert fault is None, f"{number}: {fault}"


def test_a_short_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, count = "patterns", 60
    given = [target, "--count", str(count), "--seconds", str(NO_HURRY), "--seed", "short", "--workers", "1"]
    code = main([*given, "--out", str(tmp_path / "out")], cache=cache_folder().parent)
    told = capsys.readouterr().out
    faults = "\n".join(path.read_text() for path in tmp_path.rglob("fault.txt"))
    assert code == 0, told + faults
    assert f"| {target} | {count} |" in told


@pytest.mark.parametrize("target", TARGETS)
def test_a_seed_and_a_number_are_an_input(target: str) -> None:
    module = importlib.import_module(TARGETS[target])
    for number in range(5):
        given = input_of(module, target, "again", number)
        assert given == input_of(module, target, "again", number)
        assert given != input_of(module, target, "other", number)


PLANTED = """
import ctypes, os, sys, threading, time
import importlib
import sys
from pathlib import Path
from demarcate.base.errors import DemarcateError

def prepare():
    pass

def make(random):
    return {{"input": b"harmless" if random.random() < 0.5 else b"harmful"}}

def run(given, folder):
    if given["input"] == b"harmless":
        raise DemarcateError("an answer as any other")
    {fault}
"""

FAULTS = {
    "raises": ("raise KeyError('planted')", "KeyError"),
    "exits": ("sys.exit('planted')", "SystemExit"),
    "hangs": ("time.sleep(3600)", "takes too long"),
    "computes": ("[0 for _ in iter(int, 1)]", "takes too long"),
    "computes and lets nobody else": ("ctypes.PyDLL(None).usleep(3_600_000_000)", "takes too long"),
    "eats memory": ("bytearray(300_000_000)", "needs too much memory"),
    "crashes": ("ctypes.string_at(0)", "ended the process"),
    "ends": ("os._exit(0)", "ended the process"),
    "fails in a thread": (
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()",
        "unseen: ZeroDivisionError",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, kind = FAULTS[fault]
    (tmp_path / "planted.py").write_text(PLANTED.format(fault=code))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "planted", raising=False)
    out = tmp_path / "out"
    arguments = [
        "--count",
        "4",
        "--seconds",
        str(NO_HURRY),
        "--seed",
        "planted",
        "--workers",
        "2",
        "--out",
        str(out),
    ]
    limits = Limits(seconds=0.5 if kind == "takes too long" else NO_HURRY, memory=200_000_000)
    assert main(arguments, {"planted": "planted"}, limits) == 1
    told = capsys.readouterr().out
    assert "| planted | 4 |" in told, "the others are run all the same"
    (folder,) = (out / "planted").iterdir()
    assert f"planted: {kind}" in told
    assert str(folder) in told
    assert get(folder / "input") == {"input": b"harmful"}
    text = (folder / "fault.txt").read_text()
    assert text.startswith(kind)
    assert f"python -m fuzz.run planted --again {folder}" in text
    if kind == "KeyError":
        assert main(["--again", str(folder)], {"planted": "planted"}) == 1
        assert "KeyError: 'planted'" in capsys.readouterr().out


def test_files_and_links_are_kept_as_they_are(tmp_path: Path) -> None:
    given: Input = {"a": b"\0\xff", "b/c.yaml": b"", "b/link": Link("../../nowhere"), "loop": Link("loop")}
    put(given, tmp_path)
    assert get(tmp_path) == given

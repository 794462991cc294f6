"""What nobody expected: exit code 70, one paragraph, and details without anything of the estate or its user."""

from __future__ import annotations

import io
import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demarcate.base import faults
from demarcate.report.console import Console
from demarcate.report.detections import write_new
from demarcate.report.out import NobodyReads, Out
from demarcate.report.rows import write
from tests import processes

SECRET = "a-secret-of-the-estate"


def fault(where: str) -> Exception:
    """An exception with a secret in its message, its values, its notes, and what led to it."""
    values: dict[str, str] = {}
    with pytest.raises(ExceptionGroup) as caught:
        try:
            values[where]
        except KeyError as error:
            error.add_note(where)
            raise ExceptionGroup(where, [ValueError(where), OSError(2, where, where)]) from error
    return caught.value


def test_details_say_where_and_with_what_and_nothing_that_was_read() -> None:
    told = faults.details(fault(SECRET))
    assert SECRET not in told
    assert str(Path.home()) not in told
    assert str(Path(__file__).parent) not in told
    for part in (
        "demarcate ",
        "Python 3.",
        "duckdb ",
        "KeyError:",
        "which led to:",
        "ExceptionGroup:",
        "ValueError:",
    ):
        assert part in told
    assert "tests.base.test_faults, line " in told


def test_details_of_endless_recursion_end() -> None:
    def again() -> None:
        again()

    with pytest.raises(RecursionError) as caught:
        again()
    assert len(faults.details(caught.value).splitlines()) < 500


def test_the_same_fault_has_one_file_for_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for text in (SECRET, "another"):
        faults.told(fault(text))
    (kept,) = (tmp_path / "demarcate").iterdir()
    assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(kept.parent.stat().st_mode)) == (0o600, 0o700)


def test_where_no_folder_takes_the_details_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    assert "could not be written" in faults.told(fault(SECRET))


BROKEN = """
import sys, threading, demarcate.cli
from demarcate.__main__ import main
def broken(*_):
    raise LookupError("{secret}")
def elsewhere(*_):
    thread = threading.Thread(target=broken)
    thread.start()
    thread.join()
    threading.Event().wait()
demarcate.cli.app = {verb}
main()
"""


@pytest.mark.parametrize("verb", ["broken", "elsewhere"])
def test_the_command_ends_with_70_and_one_paragraph(verb: str, tmp_path: Path) -> None:
    code = BROKEN.format(secret=SECRET, verb=verb)
    done = processes.python("-c", code, environment={"XDG_CACHE_HOME": str(tmp_path)})
    assert (done.returncode, done.stdout) == (faults.CODE, "")
    (kept,) = (tmp_path / "demarcate").iterdir()
    (line,) = done.stderr.splitlines()
    for part in ("a fault of Demarcate", "LookupError", str(kept), "report it"):
        assert part in line
    assert SECRET not in line + kept.read_text()
    assert "Traceback" not in line


def test_too_much_memory_is_no_fault(tmp_path: Path) -> None:
    """What DuckDB may take is a limit of ours, and what needs more is an estate of somebody's."""
    raising = "duckdb.connect(config={'memory_limit': '1MB'}).execute('SELECT list(range) FROM range(1000000)')"
    code = f"import duckdb, demarcate.cli; demarcate.cli.app = lambda _: {raising}"
    done = processes.python(
        "-c", f"{code}; from demarcate.__main__ import main; main()", environment={"XDG_CACHE_HOME": str(tmp_path)}
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert "more memory than judging may" in line
    assert list(tmp_path.iterdir()) == []


GONE = "import os; read, write = os.pipe(); os.close(read); os.dup2(write, 1); " + (
    "import sys; from demarcate.__main__ import command; command()"
)
"""A run whose standard output nobody reads."""


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ('"$0" -m demarcate --version > /dev/full', 2),
        ('"$0" -m demarcate iam-policy > /dev/null 2> /dev/full', 2),
        (f'"$0" -u -c "{GONE}" matrix', 0),
        (f'"$0" -c "{GONE}" --version', 0),
    ],
)
def test_a_stream_that_takes_nothing_is_no_fault(command: str, code: int) -> None:
    done = processes.run("sh", "-c", command, sys.executable)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)


OPEN = """
Resources:
  Data:
    Type: AWS::EC2::Volume
    Properties: {AvailabilityZone: eu-west-1a, Size: 8, Encrypted: false}
"""


@pytest.mark.parametrize("streams", ["", "os.dup2(write, 2); "])
def test_files_are_whole_and_the_code_is_the_runs_though_nobody_reads_on(streams: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(OPEN)
    arguments = ["assess", "t.yaml", "--check", "ebs-volume-encrypted", "--fail-on", "high"]
    files = [f"--out={name}" for name in ("r.csv", "r.json", "r.sarif")]
    gone = GONE.replace("import sys", f"{streams}import sys")
    done = processes.run(sys.executable, "-c", gone, *arguments, *files, cwd=tmp_path)
    assert (done.returncode, done.stdout, "fault" in done.stderr) == (1, "", False)
    assert json.loads((tmp_path / "r.json").read_bytes())["findings"][0]["check"] == "ebs-volume-encrypted"
    assert json.loads((tmp_path / "r.sarif").read_bytes())["runs"][0]["results"]
    assert "ebs-volume-encrypted" in (tmp_path / "r.csv").read_text()


def test_what_goes_on_ends_where_nobody_reads_on() -> None:
    """Rows are not made for nobody, and detections that nobody was told of are not told."""

    class Gone(Out):
        gone = True

    def rows() -> Iterator[list[str]]:
        yield ["first"]
        raise AssertionError("nobody reads it")

    for form in ("csv", "json", "markdown"):
        write(["name"], rows(), form, Gone(io.StringIO()))
    with pytest.raises(NobodyReads):
        write_new([], "json", Gone(io.StringIO()), Console(Gone(io.StringIO())))

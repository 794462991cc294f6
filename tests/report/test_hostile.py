"""Every verb in every format, over an estate whose every text is hostile: what leaves the process is harmless."""

from __future__ import annotations

import csv
import gc
import inspect
import io
import re
import signal
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from enum import StrEnum
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer

from demarcate import assessing, lines
from demarcate.__main__ import main
from demarcate.base import stopping
from demarcate.checks.judgement import Judgement
from demarcate.cli import app
from demarcate.drift import finding
from demarcate.estate.snapshots import querying
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources import collecting
from demarcate.logs.detecting import places
from demarcate.logs.sigma import reading
from demarcate.patching import asking
from demarcate.posture import earlier, kept
from demarcate.posture.assessment import Assessment
from demarcate.report.safe import printable
from tests import processes
from tests.processes import PATIENCE, started
from tests.report import hostile
from tests.report.hostile import TEXTS
from tests.report.runs import OF_AWS, RUNS, VERBS

FOLDERS: dict[str, Callable[[Path], Path]] = {
    "snapshot": hostile.snapshot,
    "checks": hostile.checks,
    "templates": hostile.templates,
    "evidence": hostile.evidence,
    "waivers": hostile.waivers,
    "kept": hostile.kept,
    "before": hostile.before,
    "ledger": hostile.ledger,
    "events": hostile.events,
    "rules": hostile.rules,
    "drift": hostile.drift,
    "components": hostile.components,
    "theirs": hostile.theirs,
    "logs": hostile.logs,
}


@cache
def commands() -> tuple[tuple[str, Any], ...]:
    """All verbs, as they are typed."""
    return tuple(_commands("", typer.main.get_command(app)))


def _commands(group: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name, of in command.commands.items():
        if hasattr(of, "commands"):
            yield from _commands(f"{group}{name} ", of)
        else:
            yield f"{group}{name}", of


def formats(verb: str) -> list[str]:
    """The formats that a verb has, as its own option says."""
    (command,) = [command for name, command in commands() if name == verb]
    taken = get_type_hints(inspect.unwrap(command.callback)).get("format")
    kinds = [kind for kind in (*get_args(taken), taken) if isinstance(kind, type) and issubclass(kind, StrEnum)]
    return [str(choice) for kind in kinds for choice in kind] or [""]


def verb_of(run: str) -> str:
    return next((verb for verb in sorted(VERBS, key=len, reverse=True) if run.startswith(verb)), run)


CASES = [
    (run, format)
    for run in RUNS
    for format in (formats(verb_of(run)) if verb_of(run) in VERBS else [""])
    if not (run.startswith("summary") and format == "pdf")
]


def test_every_verb_is_run() -> None:
    assert {name for name, _ in commands()} == VERBS | OF_AWS


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The hostile folders, by name."""
    made = tmp_path_factory.mktemp("estate")
    return {name: str(make(made / name)) for name, make in FOLDERS.items()}


class Stream(io.TextIOWrapper):
    """A stream of the process, a terminal or none."""

    def __init__(self, encoding: str = "utf-8", *, terminal: bool = False) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.flush()
        return self.bytes.getvalue().decode(self.encoding)


Run = Callable[..., tuple[str, str]]

ONCE = (
    (assessing, "assess_sources"),
    (asking, "scans_in", "status_of", "who_patches"),
    (collecting, "collect_snapshot"),
    (earlier, "earlier"),
    (finding, "declared_by", "find_drift"),
    (kept, "open_assessment"),
    (lines, "line_of"),
    (places, "detect_files"),
    (querying, "tables_of"),
    (reading, "load_rules"),
)
"""What a run does but once: it is told in many formats, and nothing of it depends on one."""


class Once:
    """What these gave each run, by its name and by how often it had asked for it before."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str, int], Any] = {}
        self._closing = ExitStack()

    def of(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the functions of `ONCE` give a run what they gave it in another format."""
        asked: Counter[str] = Counter()
        for module, *functions in ONCE:
            for function in functions:
                monkeypatch.setattr(module, function, self._once(name, getattr(module, function), asked))

    def _once(self, name: str, real: Callable[..., Any], asked: Counter[str]) -> Callable[..., Any]:
        def give(*arguments: Any, **more: Any) -> Any:
            key = name, real.__name__, asked[real.__name__]
            asked[real.__name__] += 1
            if key not in self._given:
                self._given[key] = self._open(real(*arguments, **more))
            return self._given[key]

        return give

    def _open(self, given: Any) -> Any:
        """What is closed with this, and not by who uses it."""
        if isinstance(given, Assessment):
            self._open(given.judgement)
            self._open(given.snapshot)
        elif isinstance(given, Judgement | Snapshot):
            self._closing.callback(given.close)
            vars(given)["close"] = lambda: None
        return given

    def close(self) -> None:
        self._closing.close()


@pytest.fixture(scope="module")
def once() -> Iterator[Once]:
    made = Once()
    yield made
    made.close()


@pytest.fixture
def run(folders: dict[str, str], once: Once, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs the command as a process of its own would, and returns what it wrote to stdout and stderr."""
    thresholds, interrupt = gc.get_threshold(), signal.getsignal(signal.SIGINT)
    monkeypatch.setenv("COLUMNS", "2500")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def do(name: str, *more: str, encoding: str = "utf-8", terminal: bool = False) -> tuple[str, str]:
        arguments = RUNS[name]
        for folder, path in {**folders, "out": str(tmp_path)}.items():
            arguments = [argument.replace(f"{{{folder}}}", path) for argument in arguments]
        out, err = (Stream(encoding, terminal=terminal) for _ in range(2))
        once.of(name, monkeypatch)
        monkeypatch.setattr(stopping, "listen", lambda: None)  # signals are of the process that runs the tests
        monkeypatch.setattr(sys, "argv", ["demarcate", *verb_of(name).split(), *arguments, *more])
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TEXTS[0]}\n1\n2\nq\n"))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, 1, 2, 3)
        monkeypatch.undo()
        return out.text(), err.text()

    yield do
    gc.set_threshold(*thresholds)
    signal.signal(signal.SIGINT, interrupt)


def given(format: str) -> list[str]:
    return ["--format", format] if format else []


JOINED = "[\u0300-\U0010ffff]"
STYLES = re.compile(r"\x1b\[[0-9;]*m")


def assert_harmless(text: str) -> None:
    """Nothing in a text moves the cursor, turns the reading direction or cannot be seen."""
    joined = re.sub(f"(?<={JOINED})[\u200c\u200d](?={JOINED})", "", text)
    given = set(joined) - {"\n", "\t"}
    left = {c for c in given if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")}
    assert not {f"U+{ord(c):04X}" for c in left}
    assert "Traceback" not in text


def assert_nothing_forged(text: str) -> None:
    """No line is one that a hostile text made."""
    assert not [line for line in text.splitlines() if re.match(r"\W*(FORGED|demarcate: FORGED)", line)]


KEPT: dict[str, list[str]] = {
    "query": TEXTS,
    "query templates": TEXTS,
    "assess": TEXTS,
    "assess templates": TEXTS,
    "checks list": TEXTS,
    "checks show": TEXTS[:1],
}
"""The texts that JSON holds as they were."""


@pytest.mark.parametrize(("name", "format"), CASES, ids=lambda part: part or "-")
def test_what_leaves_is_harmless(name: str, format: str, run: Run) -> None:
    out, err = run(name, *given(format))
    if format == "icalendar":  # whose lines end as those of the internet do
        out = out.replace("\r\n", "\n")
    assert_harmless(out)
    assert_harmless(err)
    assert_nothing_forged(err)
    if format == "csv":
        assert_no_formulas(out)
    elif format == "json":
        told = hostile.strings(hostile.document(out)) if out else set()
        assert [text for text in KEPT.get(name, []) if not any(text in line for line in told)] == []
    elif format != "html":
        assert_nothing_forged(out)


def assert_no_formulas(text: str) -> None:
    """No cell begins as a formula does, wherever a spreadsheet divides the lines."""
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in row:
                number = re.fullmatch(r"-?\d+(\.\d+)?", cell)
                assert number or not re.match('[\\s"\ufffd]*[=+\\-@\uff1d\uff0b\uff0d\uff20]', cell), repr(cell)
                assert not cell.startswith(("\t", "\r"))


@pytest.mark.parametrize(
    ("name", "format"), [case for case in CASES if case[1] == "text" and not case[0].startswith("assess")]
)
def test_a_terminal_gets_styles_of_ours_alone(name: str, format: str, run: Run) -> None:
    out, err = run(name, *given(format), terminal=True)
    assert_harmless(STYLES.sub("", out))
    assert_harmless(STYLES.sub("", err))
    assert_nothing_forged(STYLES.sub("", out))


IN_ASCII = [(*case, "ascii") for case in CASES if case[0] in ("report", "query", "quiz")]


@pytest.mark.parametrize(("name", "format", "encoding"), [*IN_ASCII, ("query", "text", "cp1252")])
def test_what_an_encoding_does_not_have_is_escaped(name: str, format: str, encoding: str, run: Run) -> None:
    out, err = run(name, *given(format), encoding=encoding)
    assert_harmless(out + err)
    if format == "json":
        assert set(KEPT.get(name, [])) <= hostile.strings(hostile.document(out))


def test_reports_in_files_are_harmless(run: Run, tmp_path: Path) -> None:
    files = [tmp_path / f"r{ending}" for ending in (".html", ".json", ".csv")]
    run("report", *(part for file in files for part in ("--out", str(file))))
    html, document, cells = (file.read_bytes().decode() for file in files)
    for text in (html, document, cells):
        assert_harmless(text)
    assert set(TEXTS) <= hostile.strings(hostile.document(document))
    assert_no_formulas(cells)
    assert "<script>alert" not in html


def test_drift_in_the_report_is_harmless(run: Run, tmp_path: Path) -> None:
    run("report drift", "--out", str(tmp_path / "r.html"))
    html = (tmp_path / "r.html").read_bytes().decode()
    assert_harmless(html)
    view = html[html.index('id="drift"') : html.index("</main>")]
    ours = "a br code h2 h3 li p section span strong table tbody td th thead tr ul div"
    assert set(re.findall(r"</?([^\s>/]*)", view)) == set(ours.split())
    assert not re.search(r"<[^>]*\s(on\w+|style|src)=", view)
    for drift in hostile.DRIFT.drifts:
        assert f"<code>{escape(printable(str(drift.column)))}" in view


@pytest.mark.parametrize("ending", ["svg", "png", "drawio"])
def test_pictures_in_files_are_harmless(ending: str, run: Run, tmp_path: Path) -> None:
    run("diagram", "--out", str(tmp_path / f"d.{ending}"))
    data = (tmp_path / f"d.{ending}").read_bytes()
    if ending == "png":
        assert data.startswith(b"\x89PNG")
        return
    assert_harmless(data.decode())


def test_no_file_is_named_by_what_was_read(run: Run, tmp_path: Path) -> None:
    run("assess", "--out", str(tmp_path / "r.html"))
    run("diagram", "--out", str(tmp_path / "d.svg"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.svg", "r.html"]


@pytest.mark.parametrize(
    ("encoding", "bar"), [("utf-8", "█"), ("ascii", "#"), ("cp1252", "#"), ("idna", "#"), ("undefined", "#")]
)
def test_bars_and_signs_fit_the_encoding(encoding: str, bar: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Resources: {V: {Type: 'AWS::EC2::Volume', Properties: {Encrypted: true, Tags: [{Key: é, Value: 漢}]}}}"
    )
    command = (sys.executable, "-m", "demarcate", "assess", "t.yaml")
    environment = {"PYTHONIOENCODING": encoding}
    with started(*command, cwd=tmp_path, stderr=subprocess.PIPE, environment=environment) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")
    told = out.decode("ascii" if encoding in ("idna", "undefined") else encoding)
    assert re.search(rf"{bar}+[·.]+ 1 of \d+ met", told)
    assert "\\u" not in told, "signs of ours have others that stand for them"


def test_a_closed_output_is_no_traceback(tmp_path: Path) -> None:
    done = processes.run("sh", "-c", 'exec "$0" -m demarcate matrix >&-', sys.executable, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")

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
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer

from demarcate import assessing
from demarcate.__main__ import main
from demarcate.assessing import assess_sources
from demarcate.base import stopping
from demarcate.cli import app
from demarcate.report.safe import printable
from tests import processes
from tests.processes import PATIENCE, started
from tests.report import hostile
from tests.report.hostile import TEXTS

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

NAMED = "SELECT volume_id, size, tags, attached_instance_ids, {'a': volume_id}, map {volume_id: 1}, [[volume_id]]"
ALIAS = TEXTS[6].replace('"', '""')
QUERY = (
    f"""{NAMED}, encode(volume_id), size::decimal / 2, volume_id AS "{ALIAS}", 1 AS "=1+1" FROM aws_ebs_volume"""
)

LEDGER = "{ledger}/ledger.sqlite"

RUNS: dict[str, list[str]] = {
    "assess": [
        *("{snapshot}", "--checks", "{checks}", "--evidence", "{evidence}", "--by-tag", "Name"),
        *("--waivers", "{waivers}/waivers.yaml", "--since", "{before}", "--findings-of", "{theirs}/theirs.json"),
    ],
    "assess templates": ["{templates}", "--checks", "{checks}", "--evidence", "{evidence}", "--by-tag", "Name"],
    "report": ["{kept}"],
    "report drift": ["{kept}", "--drift", "{drift}"],
    "diff": ["{before}", "{kept}"],
    "diff nothing": ["{out}/" + TEXTS[6], "{kept}"],
    "compare": ["{theirs}/theirs.json", "{kept}", "--full"],
    "compare nothing": ["{out}/" + TEXTS[6], "{kept}"],
    "waive": [
        *(TEXTS[6], "--reason", TEXTS[0], "--until", TEXTS[6], "--owner", TEXTS[0]),
        *("--assessment", "{kept}", "--waivers", "{out}/" + TEXTS[6]),
    ],
    "waivers list": ["{kept}"],
    "waivers list of a file": ["--waivers", "{waivers}/waivers.yaml", "--checks", "{checks}"],
    "waivers import": ["{waivers}/mutelist.yaml", "--owner", TEXTS[0], "--until", "2099-01-01"],
    "collect": ["{templates}", "--out", "{out}/" + TEXTS[0].replace("/", "_")],
    "collect nothing": ["{out}/" + TEXTS[6], "--out", "{out}/s"],
    "query": [QUERY, "{snapshot}"],
    "query templates": ["SELECT * FROM aws_ebs_volume", "{templates}"],
    "query nothing": [f"SELECT '{TEXTS[6]}\u202e' FROM nowhere", "{snapshot}"],
    "tables": [],
    "config": [],
    "tables one": [TEXTS[6]],
    "matrix": [],
    "matrix area": ["--area", TEXTS[6]],
    "who": [TEXTS[6]],
    "who resource": ["--resource", TEXTS[0], "--source", "{snapshot}"],
    "who nobody": ["--resource", TEXTS[6], "--source", "{templates}"],
    "explain": ["encryption"],
    "explain nothing": [TEXTS[6]],
    "frameworks list": [],
    "frameworks show": ["cis-aws-5.0", "--assessment", "{kept}"],
    "frameworks show nothing": [TEXTS[6]],
    "checks list": ["--checks", "{checks}"],
    "checks show": [f"0 {TEXTS[0]}", "--checks", "{checks}"],
    "checks show lines": [f"6 {TEXTS[6]}", "--checks", "{checks}"],
    "facts list": [],
    "facts list one": ["--table", TEXTS[6]],
    "facts check": [],
    "facts update": ["{out}/" + TEXTS[6]],
    "feeds list": [],
    "feeds update": [TEXTS[6], "{out}/" + TEXTS[6]],
    "feeds update kev": ["kev", "{out}/" + TEXTS[6]],
    "iam-policy": ["--checks", "{checks}", "--org", "--role-name", TEXTS[0]],
    "diagram": ["{snapshot}", "--checks", "{checks}", "--evidence", "{evidence}"],
    "diagram file": ["{templates}", "--checks", "{checks}", "--out", "{out}/d\u001b.drawio"],
    "summary": [],
    "quiz": ["{snapshot}", "--seed", "4"],
    "push security-hub": ["{kept}", "--ledger", "{out}/mine.sqlite", "--as", "a@example.com"],
    "push security-hub nothing": ["{out}/" + TEXTS[6], "--change", TEXTS[6], "--ledger", LEDGER],
    "guardrails list": [],
    "guardrails propose": ["{kept}", "--full"],
    "guardrails show": [TEXTS[6]],
    "guardrails test": ["trails-kept", "{events}/policy.txt", "--events", "{events}", "--full"],
    "guardrails test nothing": ["{out}/" + TEXTS[6], "--events", "{out}/" + TEXTS[6], "--account", TEXTS[6]],
    "policy explain": ["{events}/policy.txt", "--kind", "resource"],
    "policy explain nothing": ["{out}/" + TEXTS[6], "--account", TEXTS[6]],
    "policy explain arn": [f"arn:aws:s3:::{TEXTS[6]}", "{snapshot}"],
    "policy explain arn of a role": [f"arn:aws:iam::1:role/{TEXTS[6]}", "{snapshot}"],
    "access who-can": ["s3:GetObject", TEXTS[6], "{snapshot}"],
    "access who-can templates": ["s3:GetObject", TEXTS[6], "{templates}"],
    "access what-can": [TEXTS[6], "{snapshot}", "--action", TEXTS[6]],
    "access what-can arn": [f"arn:aws:iam::1:role/{TEXTS[6]}", "{snapshot}"],
    "access data": [f"arn:aws:s3:::{TEXTS[6]}", "{snapshot}"],
    "dashboard show": ["{kept}"],
    "logs coverage": ["{snapshot}"],
    "logs coverage templates": ["{templates}"],
    "logs coverage nothing": ["{templates}", "--kind", TEXTS[6]],
    "alarms prove": ["{snapshot}"],
    "alarms prove templates": ["{templates}"],
    "logs ingest": ["{events}", "--store", "{out}/logs"],
    "logs ingest nothing": ["{out}/" + TEXTS[6], "--store", "{out}/logs", "--since", TEXTS[6]],
    "logs query": ["SELECT * FROM aws_cloudtrail_log", "--store", "{logs}"],
    "logs query nothing": [f"SELECT '{TEXTS[6]}' FROM nowhere", "--store", "{logs}"],
    "logs follow": ["{out}/" + TEXTS[6], "--store", "{out}/logs"],
    "logs verify": ["{events}", "--keys", "{out}/" + TEXTS[6]],
    "logs prune": ["--store", "{logs}", "--keep", "*=1"],
    "logs prune nothing": ["--store", "{out}/" + TEXTS[6], "--keep", TEXTS[6]],
    "query logs": ["SELECT * FROM logs.aws_cloudtrail_log", "{templates}", "--logs", "{logs}"],
    "detect": ["{events}", "--rules", "{rules}", "--waivers", "{waivers}/waivers.yaml", "--estate", "{snapshot}"],
    "detect timeline": ["{events}", "--rules", "{rules}", "--timeline", "--rule", "hostile"],
    "detect nothing": ["{out}/" + TEXTS[6], "--rule", TEXTS[6]],
    "detections list": ["--rules", "{rules}"],
    "detections show": [f"6 {TEXTS[6]}", "--rules", "{rules}"],
    "detections lint": ["--rules", "{rules}", "--only"],
    "detections coverage": ["{snapshot}", "--rules", "{rules}"],
    "detections test": ["--rules", "{rules}", "--only"],
    "keys list": ["{snapshot}"],
    "keys list templates": ["{templates}"],
    "keys who": [TEXTS[6], "{snapshot}"],
    "keys what": [TEXTS[6], "{snapshot}"],
    "keys dependants": [f"arn:{TEXTS[6]}", "{snapshot}"],
    "keys grants": [TEXTS[6], "{snapshot}"],
    "keys defaults": ["{snapshot}", "--own-keys", "ebs"],
    "keys defaults nothing": ["{templates}", "--own-keys", TEXTS[6]],
    "keys client-side": ["--events", "{events}", "--evidence", "{evidence}"],
    "keys client-side nothing": ["--events", "{out}/" + TEXTS[6], "--object", TEXTS[6]],
    "tls": [TEXTS[6]],
    "policy lint": ["{events}/policy.txt", "--kind", "resource"],
    "policy diff": ["{events}/policy.txt", "{events}/policy.txt"],
    "policy simulate": [
        "{events}/policy.txt",
        "--principal",
        TEXTS[6],
        "--action",
        TEXTS[0],
        "--context",
        TEXTS[6],
    ],
    "policy simulate nothing": ["{events}/policy.txt", "--request", "{events}/policy.txt"],
    "drift": ["{templates}", "--against", "{snapshot}"],
    "drift baseline": ["--baseline", TEXTS[6], "--ledger", LEDGER],
    "baseline list": ["--ledger", LEDGER],
    "change list": ["--ledger", LEDGER],
    "change show": [hostile.CHANGE, "--ledger", LEDGER],
    "change show commands": [hostile.CHANGE, "--commands", "--ledger", LEDGER],
    "change show nothing": [TEXTS[6], "--ledger", LEDGER],
    "patch calendar": ["{snapshot}", "--also", TEXTS[6] + "=Patch Tuesday at 22:00", "--full"],
    "patch next": ["{snapshot}", "--data-tag", TEXTS[6] + "=" + TEXTS[0]],
    "patch next nothing": ["{templates}", "--data-tag", TEXTS[6]],
    "patch calendar nowhere": ["{templates}", "--zone", TEXTS[6]],
    "patch who": [TEXTS[0], "{snapshot}"],
    "patch who nobody": [TEXTS[6], "{templates}"],
    "patch status": ["{snapshot}", "--record"],
    "patch status templates": ["{templates}", "--service-level", "high=0"],
    "patch status scans": ["{snapshot}", "--scans"],
    "patch status nothing": ["{snapshot}", "--kind", TEXTS[6], "--state", TEXTS[6], "--tag", TEXTS[6]],
    "patch history": ["--mended", "--picture", "{out}/d\u001b.svg"],
    "patch history nothing": ["--since", TEXTS[6]],
    "patch report": [
        "--from",
        "2026-11-01",
        "--until",
        "2026-11-02",
        "--ledger",
        LEDGER,
        "--out",
        "{out}/p\u001b.csv",
    ],
    "patch report nothing": ["--from", TEXTS[6], "--until", TEXTS[6], "--out", "{out}/" + TEXTS[6]],
    "ledger list": ["--ledger", LEDGER],
    "ledger verify": ["--ledger", LEDGER],
    "ledger export": ["--ledger", LEDGER],
    "ledger pin": ["--ledger", LEDGER],
    "ledger import": ["{out}/" + TEXTS[6], "--ledger", LEDGER],
    "evidence import": ["{evidence}", "--as", "a@example.com", "--ledger", "{out}/mine.sqlite"],
    "evidence components": ["{components}"],
    "evidence report": [
        "{components}",
        "--evidence",
        "{out}",
        "--name",
        "SOC 2 Type II",
        "--from",
        TEXTS[6],
        "--to",
        TEXTS[6],
    ],
    "evidence components nothing": ["{out}/" + TEXTS[6]],
    "attest": [
        TEXTS[6],
        "--statement",
        TEXTS[0],
        "--until",
        TEXTS[6],
        "--as",
        "a@example.com",
        "--ledger",
        LEDGER,
    ],
    "no such verb": [TEXTS[6]],
}
"""What is run: the verb, a word about the case, and arguments."""

VERBS = {
    *("checks list", "checks show", "facts list", "facts check", "facts update", "feeds list", "feeds update"),
    *("ledger list", "ledger verify", "ledger export", "ledger pin", "ledger import"),
    *("waivers list", "waivers import"),
    *(
        "change list",
        "change show",
        "baseline list",
        "evidence import",
        "evidence report",
        "patch calendar",
        "patch next",
    ),
    *("patch who", "patch status", "patch history", "patch report"),
    *("frameworks list", "frameworks show"),
    *("policy explain", "policy lint", "policy diff", "policy simulate"),
    *("access who-can", "access what-can", "access data"),
    *("alarms prove", "dashboard show", "logs coverage"),
    *("keys list", "keys who", "keys what", "keys dependants", "keys grants", "keys defaults", "keys client-side"),
    *("push security-hub", "evidence components", "send now", "send list", "send retry", "logs theirs"),
    *("logs ingest", "logs query", "logs follow", "logs verify", "logs prune"),
    *(f"detections {name}" for name in ("list", "show", "lint", "coverage", "test")),
    *("guardrails list", "guardrails propose", "guardrails show", "guardrails test"),
    *(name for name in RUNS if " " not in name),
}

OF_AWS = (
    {"alarms create", "alarms drill", "dashboard deploy"}
    | {"deploy", "baseline set", "baseline diff", "guardrails plan", "guardrails pack"}
    | {
        f"change {name}"
        for name in (
            "plan",
            "approve",
            "approve-policies",
            "reject",
            "apply",
            "resume",
            "undo",
            "verify",
            "iam-policy",
        )
    }
)
OF_AWS |= {f"patch {name}" for name in ("plan", "run", "rollback", "images", "window set", "baseline set")}
OF_AWS |= {
    f"keys {name}" for name in ("rotate", "narrow", "reencrypt", "delete", "cancel-deletion", "retire-grants")
}
"""Verbs that take AWS, or a plan of it: `tests/changes`, `tests/patching` and `tests/keys` run them."""


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
    ASSESSED.clear()
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

ASSESSED: dict[str, Any] = {}
"""What each run assesses, by its name: it is told in many formats, and nothing of it depends on one."""


def assessed(name: str) -> Callable[..., Any]:
    """`assess_sources`, which a run does but once."""

    def assess(*arguments: Any, **more: Any) -> Any:
        if name not in ASSESSED:
            ASSESSED[name] = assess_sources(*arguments, **more)
        return ASSESSED[name]

    return assess


@pytest.fixture
def run(folders: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
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
        monkeypatch.setattr(assessing, "assess_sources", assessed(name))
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
        assert [text for text in KEPT.get(name, []) if not any(text in one for one in told)] == []
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

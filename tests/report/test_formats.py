"""The formats of reports: each listed once, chosen by name or by a file's end."""

from __future__ import annotations

import csv
import json
from collections import Counter
from importlib import import_module
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.cli.options import ReportFormat, format_of
from demarcate.report.reports import ENDS, FORMATS, Destination, destinations, save
from demarcate.report.unread import by_kind
from tests.example import assessed
from tests.report import made


@pytest.mark.parametrize("name", FORMATS)
def test_each_is_written_to_a_file_of_its_end(name: str, tmp_path: Path) -> None:
    format = FORMATS[name]
    module = import_module(format.module)
    assert callable(module.save if format.binary else module.write)
    named = f"r{format.suffix}" if format.suffix else "r.xml"
    to = Destination.of(str(tmp_path / named) if format.suffix else f"{name}={tmp_path / named}")
    assert to.format is format
    save(made.live() if name == "asff" else assessed(), to)  # it has nothing of templates
    assert to.path.stat().st_size > 1000


def test_kinds_of_what_is_unknown(tmp_path: Path) -> None:
    unknown = assessed().judgement.unknown()
    assert len(unknown) > 3
    for name in ("json", "csv", "text"):
        save(assessed(), Destination(FORMATS[name], tmp_path / name))
    findings = json.loads((tmp_path / "json").read_bytes())["findings"]
    with (tmp_path / "csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for told in (findings, rows):
        assert Counter(row["kind"] for row in told if row["verdict"] == "unknown") == unknown
        assert not any(row["kind"] for row in told if row["verdict"] != "unknown")
    said = " ".join((tmp_path / "text").read_text().split())
    assert f"{by_kind(unknown)}." in said


def test_ends_and_names_are_unique() -> None:
    assert len(set(ENDS)) == len(ENDS) == sum(bool(format.suffix) for format in FORMATS.values())
    assert all(name == format.id for name, format in FORMATS.items())


@pytest.mark.parametrize(
    ("text", "format", "path"),
    [
        ("json=report.txt", "json", "report.txt"),
        ("html=a=b", "html", "a=b"),
        ("encrypted=true/r.csv", "csv", "encrypted=true/r.csv"),
        ("R.HTML", "html", "R.HTML"),
        ("text=/dev/stdout", "text", "/dev/stdout"),
    ],
)
def test_destinations(text: str, format: str, path: str) -> None:
    assert Destination.of(text) == Destination(FORMATS[format], Path(path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("r.pdf", "FORMAT=FILE"),
        ("r.xml", "with one of .*junit"),
        ("jsn=r", "mean json=?"),
        ("r", "ends in"),
        ("json=", "no file"),
    ],
)
def test_what_tells_no_format_is_refused(text: str, says: str) -> None:
    with pytest.raises(DemarcateError, match=says.replace("?", "[?]")):
        Destination.of(text)


def test_two_reports_in_one_file_are_refused() -> None:
    assert len(destinations(["r.json", "r.csv"])) == 2
    with pytest.raises(DemarcateError, match="r is to be written twice"):
        destinations(["json=r", "csv=no/../r"])


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--check", "ebs-volume-encrypted"] if words[0] == "assess" else words)
    if isinstance(done.exception, DemarcateError):
        return 2, str(done.exception)
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done.exit_code, done.output


def test_passes_are_listed_where_they_were_asked_for_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    volume = "  {}:\n    Type: AWS::EC2::Volume\n    Properties: {{Size: 8, Encrypted: {}}}\n"
    Path("t.yaml").write_text("Resources:\n" + volume.format("A", "true") + volume.format("B", "false"))
    code, said = run(
        "assess",
        "t.yaml",
        "--passes",
        "--format",
        "csv",
        "--out",
        "f.parquet",
        "--out",
        "f.sarif",
        "--out",
        "f.html",
    )
    assert (code, said.count(",pass,"), said.count(",fail,")) == (0, 1, 1)
    assert "left out: sarif: it does not list what passes" in said
    assert '"verdict":{"index":[0,1],"values":["fail","pass"]}' in Path("f.html").read_text("utf-8")
    rows = duckdb.execute("SELECT verdict, resource, line FROM 'f.parquet' ORDER BY resource").fetchall()
    assert rows == [("pass", "A", 2), ("fail", "B", 5)]
    code, said = run("assess", "t.yaml", "--passes")
    assert (code, "--passes lists what passes in one of html, json, csv, parquet" in said) == (2, True)
    assert run("assess", "t.yaml", "--save", "without")[0] == 0
    code, said = run("report", "without", "--passes", "--format", "json")
    assert (code, "assess again with --passes" in said) == (2, True)
    assert run("assess", "t.yaml", "--save", "with", "--passes")[0] == 0
    assert '"verdict":"pass"' in run("report", "with", "--passes", "--format", "json")[1]
    assert '"verdict":"pass"' not in run("report", "with", "--format", "json")[1]


def test_a_format_that_is_no_text_is_not_printed() -> None:
    assert "parquet" not in set(ReportFormat)
    code, _ = run("report", "nothing", "--format", "parquet")
    assert code == 2


@pytest.mark.parametrize(
    ("name", "format"), [("a.oscal.json", "oscal"), ("a.json", "json"), ("oscal.json", "json"), (".json", None)]
)
def test_the_longest_end_of_a_name_tells_its_format(name: str, format: str | None) -> None:
    formats = {".json": "json", ".oscal.json": "oscal"}
    if format is None:
        with pytest.raises(DemarcateError, match="its name says no format"):
            format_of(Path(name), formats)
    else:
        assert format_of(Path(name), formats) == format

"""The formats of reports: each listed once, chosen by name or by a file's end."""

from __future__ import annotations

import csv
import json
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.report.reports import ENDS, FORMATS, Destination, save
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
    [("r.pdf", "FORMAT=FILE"), ("r.xml", "with one of .*junit"), ("jsn=r", "mean json=?"), ("r", "ends in")],
)
def test_what_tells_no_format_is_refused(text: str, says: str) -> None:
    with pytest.raises(DemarcateError, match=says.replace("?", "[?]")):
        Destination.of(text)

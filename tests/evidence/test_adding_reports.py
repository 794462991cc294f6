"""A report of AWS's auditors, put into an evidence folder."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demarcate.cli import app
from demarcate.evidence.load import load_evidence
from demarcate.model import load
from tests.aws.answers.server import serving

NAMED = ("--name", "SOC 2 Type II", "--from", "2025-10-01", "--to", "2026-09-30")
TODAY = date(2026, 11, 29)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "soc2.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "evidence").mkdir()
    return tmp_path / "evidence"


def run(folder: Path, *words: str, code: int = 0) -> str:
    """What is told: on standard output, or of what is refused."""
    document = str(folder.parent / "soc2.pdf")
    done = CliRunner().invoke(app, ["evidence", "report", document, *words, "--evidence", str(folder)])
    assert (done.exit_code if done.exception is None else 2) == code, (done.output, done.exception)
    return done.stdout if code == 0 else str(done.exception)


def test_a_report_is_evidence_with_its_hash(folder: Path) -> None:
    told = json.loads(run(folder, *NAMED, "--format", "json"))
    evidence = load_evidence(folder, load(), TODAY)
    (record,) = evidence.records
    assert evidence.problems == ()
    assert [line["responsibility"] for line in told] == list(record.responsibilities)
    assert all(load().responsibility[each].party == "aws" for each in record.responsibilities)
    assert (record.title, record.on, record.valid_until) == ("SOC 2 Type II", date(2025, 10, 1), date(2027, 9, 30))
    assert hashlib.sha256(b"%PDF-1.7").hexdigest() in (folder / "reports" / "artifact.yaml").read_text()
    assert "has this report already" in run(folder, *NAMED, code=2)


def test_what_artifact_lists_of_it_is_written_with_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    covers = ("--covers", "patch-management.patch-host-os", "--until", "2027-12-31")
    with serving() as server:
        aws = ("aws", "--endpoint-url", server.url)
        assert "did you mean" in run(folder, *aws, "--report", "report-0123", code=2)
        run(folder, *aws, "--report", "report-0123456789abcdef", *covers)
    (record,) = load_evidence(folder, load(), TODAY).records
    assert record.responsibilities == ("patch-management.patch-host-os",)
    assert (record.title, record.valid_until) == (
        "Service Organization Controls (SOC) 2 Report",
        date(2027, 12, 31),
    )
    assert "version 1; report-0123456789abcdef; documents/soc2.pdf" in record.detail


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("--name", "SOC", *NAMED[2:]), "did you mean SOC 2 Type II"),
    ((*NAMED, "--covers", "patch-management.patch-hosts"), "there is no responsibility"),
    ((*NAMED, "--covers", "patch-management.keep-patch-reports"), "no report of AWS's proves it"),
    ((*NAMED[:2], "--from", "2026-10-01", "--to", "2026-09-30"), "period.to"),
    ((*NAMED[:2], "--from", "1.10.2025", "--to", "2026-09-30"), "period.from"),
    ((*NAMED[:2],), "--report ID"),
    (("--report", "r", *NAMED[2:]), "--from and --to"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_what_is_refused_leaves_nothing(words: tuple[str, ...], says: str, folder: Path) -> None:
    assert says in run(folder, *words, code=2)
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_another_document_is_never_replaced(folder: Path) -> None:
    run(folder, *NAMED)
    (folder.parent / "soc2.pdf").write_bytes(b"%PDF-1.8")
    assert "is another document" in run(folder, *NAMED, code=2)
    assert (folder / "documents" / "soc2.pdf").read_bytes() == b"%PDF-1.7"
    (folder.parent / "soc2.pdf").write_bytes(b"")
    assert "is empty" in run(folder, *NAMED, code=2)
    (folder.parent / "soc2.pdf").unlink()
    assert "cannot be read" in run(folder, *NAMED, code=2)


def test_what_stands_in_the_file_stays(folder: Path) -> None:
    (folder / "reports").mkdir()
    (folder / "reports" / "artifact.yaml").write_text("# ours\n  - {name: Nothing}\n")
    run(folder, *NAMED)
    text = (folder / "reports" / "artifact.yaml").read_text()
    assert text.startswith("# ours\n  - {name: Nothing}\n  - name: SOC 2 Type II\n")

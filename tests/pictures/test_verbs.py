"""`demarcate diagram` and `demarcate summary`: files by their endings, clear errors, the right exit codes."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.cli import app

TEMPLATE = """
Resources:
  Data:
    Type: AWS::EC2::Volume
    Properties: {AvailabilityZone: eu-west-1a, Size: 8, Encrypted: false}
"""

runner = CliRunner()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(TEMPLATE)
    return tmp_path


def run(*arguments: str, code: int = 0) -> tuple[str, str]:
    done = runner.invoke(app, arguments)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.stdout, done.stderr


STARTS = {"line.svg": b"<svg ", "line.SVG": b"<svg ", "line.png": b"\x89PNG\r\n", "line.drawio": b"<mxfile "}


@pytest.mark.parametrize("name", STARTS)
@pytest.mark.parametrize("options", [[], ["--service", "rds"], ["--compare", "ec2,rds, lambda,s3,"]])
def test_the_ending_says_the_format(name: str, options: list[str]) -> None:
    stdout, stderr = run("diagram", *options, "--out", f"new/{name}")
    path = Path("new") / name
    assert path.read_bytes().startswith(STARTS[name])
    assert not stdout
    assert stderr == f"written: new/{name}\n"


def test_without_a_file_it_is_svg_on_stdout() -> None:
    stdout, stderr = run("diagram")
    assert ElementTree.fromstring(stdout).tag.endswith("svg")
    assert not stderr


@pytest.mark.parametrize("options", [[], ["--service", "ebs"]])
def test_a_source_colours_it(options: list[str]) -> None:
    stdout, _ = run("diagram", "good.yaml", *options)
    assert "gap" in stdout and "good.yaml" in stdout
    assert "1 gap" not in run("diagram", *options)[0]


def test_checks_of_your_own_count(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "mine.yaml").write_text(
        "- {id: mine, title: Mine, responsibility: awareness-and-training.train-employees, table: aws_ebs_volume, "
        'pass: encrypted, fail: "{volume_id} is not ours", severity: critical}\n'
    )
    assert "critical" in run("diagram", "good.yaml", "--checks", "mine")[0]
    assert "critical" not in run("diagram", "good.yaml")[0]


def test_what_could_not_be_read_is_told(folder: Path) -> None:
    (folder / "bad.yaml").write_text("Resources: {A: [}\n")
    stdout, stderr = run("diagram", "good.yaml", "bad.yaml", code=3)
    assert "1 thing could not be read" in stdout
    assert "could not be read: " in stderr and "bad.yaml:" in stderr


def test_evidence_counts_and_what_is_refused_is_told(folder: Path) -> None:
    (folder / "evidence").mkdir()
    (folder / "evidence" / "attestations.yaml").write_text("- {responsibility: no-such.thing}\n")
    stdout, stderr = run("diagram", "good.yaml", "--evidence", "evidence", code=3)
    assert "1 piece of evidence refused" in stdout
    assert "refused evidence: " in stderr and "attestations.yaml:1" in stderr


WRONG = {
    ("diagram", "--out", "line.pdf"): "ends in one of .svg, .png, .drawio",
    ("diagram", "--out", "line"): "ends in one of",
    ("diagram", "--service", "lamda"): "did you mean lambda",
    ("diagram", "--compare", "ec2,rdss"): "did you mean rds",
    ("diagram", "--compare", "ec2"): "at least two services",
    ("diagram", "--compare", "ec2,ec2"): "at least two services",
    ("diagram", "--compare", ","): "at least two services",
    ("diagram", "--compare", "ec2,rds", "--service", "s3"): "one of the two",
    ("diagram", "good.yaml", "--compare", "ec2,rds"): "leave the SOURCE out",
    ("diagram", "missing.yaml"): "missing.yaml",
    ("diagram", "--evidence", "."): "without a SOURCE",
    ("diagram", "--region", "eu-west-1"): "without a SOURCE",
    ("diagram", "--out", "good.yaml/line.svg"): "good.yaml/line.svg: cannot be written",
    ("summary", "--format", "pdf"): "--out summary.pdf",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...]) -> None:
    with pytest.raises(DemarcateError) as error:
        run(*arguments)
    assert WRONG[arguments] in str(error.value)
    assert list(Path().iterdir()) == [Path("good.yaml")], "nothing was written"


def test_the_summary_on_a_terminal_and_as_markdown() -> None:
    assert "Rules to remember" in run("summary")[0]
    stdout, _ = run("summary", "--format", "markdown")
    assert stdout.startswith("# Shared responsibilities")


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["--out", "wall.pdf"], b"%PDF-"),
        (["--out", "wall", "--format", "pdf"], b"%PDF-"),
        (["--out", "page.md"], b"# "),
        (["--out", "page.txt"], b"Shared responsibilities\n"),
    ],
)
def test_the_summary_in_a_file(arguments: list[str], start: bytes) -> None:
    stdout, stderr = run("summary", *arguments)
    assert Path(arguments[1]).read_bytes().startswith(start)
    assert not stdout
    assert stderr == f"written: {arguments[1]}\n"

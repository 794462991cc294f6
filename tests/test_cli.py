"""The command with bad input: a clear message, the right exit code, never a traceback, and the rest goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import processes
from tests.processes import demarcate as run

GOOD = """
Resources:
  Data:
    Type: AWS::EC2::Volume
    Properties: {AvailabilityZone: eu-west-1a, Size: 8, Encrypted: false}
"""

CHECK = """
- id: mine
  title: Mine
  responsibility: encryption.enable-at-rest
  table: aws_ebs_volume
  pass: PREDICATE
  fail: "{volume_id} is not as we want it"
  severity: critical
"""


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    lines.append("Resources: {V: {Type: 'AWS::EC2::Volume', Properties: {Tags: *a11}}}")
    return "\n".join(lines) + "\n"


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"Resources:\n")
        file.truncate(100_000_000)


FILES: dict[str, tuple[bytes | str | Callable[[Path], None], str]] = {
    "not-yaml.yaml": ("Resources: [unclosed", "not-yaml.yaml:"),
    "not-a-template.yaml": ("a: 1\n", "not-a-template.yaml"),
    "empty.yaml": ("", "empty.yaml"),
    "binary.yaml": (b"\x7fELF\x00\x01\x02" * 100, "binary"),
    "huge.yaml": (huge, "more than 2,000,000 bytes"),
    "duplicate.yaml": (
        "Resources:\n  A: {Type: 'AWS::EC2::Volume'}\n  A: {Type: 'AWS::EC2::Volume'}\n",
        "duplicate.yaml:3",
    ),
    "circular.yaml": (
        "Resources:\n  A: {Type: 'AWS::SNS::Topic', Properties: {TopicName: !Ref B}}\n"
        "  B: {Type: 'AWS::SNS::Topic', Properties: {TopicName: !Ref A}}\n",
        "circular",
    ),
    "bomb.yaml": (bomb(), "bomb.yaml"),
    "latin.yaml": ("Resources: {} # caf\xe9".encode("latin-1"), "UTF-8"),
    "list.json": ("[1, 2", "list.json"),
    "resource.yaml": ("Resources:\n  A: text\n", "resource.yaml:2"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_told_and_the_rest_goes_on(name: str, tmp_path: Path) -> None:
    content, says = FILES[name]
    (tmp_path / "good.yaml").write_text(GOOD)
    if callable(content):
        content(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    done = run("assess", "good.yaml", name, "--format", "json", cwd=tmp_path)
    assert "Traceback" not in done.stderr + done.stdout
    report = json.loads(done.stdout)
    assert done.returncode == 3, done.stderr
    assert any(says in f"{u.get('file')}:{u.get('line')}: {u['reason']}" for u in report["unread"]), report[
        "unread"
    ]
    assert any(f["check"] == "ebs-volume-encrypted" and f["verdict"] == "fail" for f in report["findings"])
    alone = run("assess", name, cwd=tmp_path)
    assert "Traceback" not in alone.stderr
    assert alone.returncode in (2, 3)
    assert alone.returncode == 3 or name in alone.stderr


def test_wrong_property_types_are_unknown_not_fatal(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Resources:\n  A: {Type: 'AWS::EC2::Volume', Properties: {Encrypted: [1], Size: {a: b}, Tags: yes}}\n"
        "  B: {Type: 'AWS::S3::Bucket', Properties: {VersioningConfiguration: 3, BucketEncryption: [x]}}\n"
        "  C: {Type: 'AWS::EC2::SecurityGroup', Properties: {SecurityGroupIngress: text}}\n"
        "  D: {Type: 'AWS::No::Such', Properties: {X: 1}}\n"
    )
    done = run("assess", "t.yaml", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)["findings"]
    (volume,) = [f for f in findings if f["check"] == "ebs-volume-encrypted"]
    assert (volume["verdict"], volume["resource"], volume["line"]) == ("unknown", "A", 2)
    assert "expected true or false, found a list" in volume["reason"]


def test_a_symlink_loop_is_walked_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "t.yaml").write_text(GOOD)
    (tmp_path / "a" / "back").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "self.yaml").symlink_to(tmp_path / "a" / "self.yaml")
    done = run("query", "select volume_id from aws_ebs_volume", "a", "--format", "csv", cwd=tmp_path)
    assert done.stdout == "volume_id\nData\n"


USAGE: dict[str, tuple[list[str], str]] = {
    "missing folder": (["assess", "nowhere"], "nowhere"),
    "no source": (["assess"], "SOURCE"),
    "source of no name": (["assess", ""], "empty text"),
    "empty folder": (["assess", "void"], "void"),
    "unknown format": (["assess", "good.yaml", "--format", "pdf"], "pdf"),
    "unknown severity": (["assess", "good.yaml", "--fail-on", "awful"], "critical, high, medium, low"),
    "unknown check": (["assess", "good.yaml", "--check", "ebs-volume-encripted"], "ebs-volume-encrypted"),
    "unknown table": (["tables", "aws_ebs_volumes"], "aws_ebs_volume"),
    "unknown id": (["explain", "encryption.enable-at-rst"], "encryption.enable-at-rest"),
    "no table": (["explain", "encryption", "--format", "csv"], "csv"),
    "no dry run": (["collect", "good.yaml", "--out", "s", "--format", "csv"], "--dry-run"),
    "unknown area": (["matrix", "--area", "encription"], "encryption"),
    "unknown party": (["matrix", "--party", "nobody"], "customer"),
    "no credentials": (["assess", "aws", "--region", "eu-west-1"], "no AWS credentials"),
    "unknown region": (["assess", "aws", "--region", "eu-west-11"], "eu-west-1"),
    "unknown profile": (["assess", "aws", "--profile", "nobody"], "no AWS profile"),
    "two estates": (["assess", "aws", "good.yaml"], "two estates"),
    "nothing asked": (["who"], "ask something"),
    "nothing found": (["who", "zzzz qqqq"], "I do not know that"),
    "not SQL": (["query", "selec 1", "good.yaml"], "not SQL"),
    "not a SELECT": (["query", "drop table aws_ebs_volume", "good.yaml"], "one SELECT"),
    "a file": (["query", "select * from read_text('/etc/passwd')", "good.yaml"], "the query failed"),
    "unknown column": (["query", "select nope from aws_ebs_volume", "good.yaml"], "nope"),
    "unknown resource": (["who", "--resource", "Nope", "--source", "good.yaml"], "no resource"),
    "missing parameters": (["assess", "good.yaml", "--parameters", "none.json"], "none.json"),
    "bad parameters": (["assess", "good.yaml", "--parameters", "good.yaml"], "good.yaml"),
    "missing checks": (["assess", "good.yaml", "--checks", "none"], "none"),
    "a tag without a key": (["assess", "good.yaml", "--by-tag", ""], "--by-tag"),
    "seconds without an end": (["query", "select 1", "good.yaml", "--max-seconds", "inf"], "--max-seconds"),
    "no seconds": (["query", "select 1", "good.yaml", "--max-seconds", "nan"], "--max-seconds"),
    "no such memory": (["query", "select 1", "good.yaml", "--max-memory", "9" * 20], "--max-memory"),
}


@pytest.mark.parametrize("case", USAGE)
def test_bad_usage(case: str, tmp_path: Path) -> None:
    arguments, says = USAGE[case]
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "void").mkdir()
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


CHECKS: dict[str, tuple[str, str]] = {
    "encripted": ("mine/c.yaml:6: check mine: pass:", "did you mean encrypted"),
    "encrypted and": ("mine/c.yaml:6: check mine: pass:", "is not SQL"),
    "read_text('/etc/passwd') = ''": ("mine/c.yaml:6: check mine: pass:", "read_text"),
    "attach 'x.db'": ("mine/c.yaml:6: check mine: pass:", "is a statement"),
}


@pytest.mark.parametrize("predicate", CHECKS)
def test_a_broken_check_is_told_with_its_line(predicate: str, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "c.yaml").write_text(CHECK.replace("PREDICATE", json.dumps(predicate)))
    done = run("assess", "good.yaml", "--checks", "mine", cwd=tmp_path)
    assert done.returncode == 2
    assert all(part in done.stderr for part in CHECKS[predicate]), done.stderr
    assert "Traceback" not in done.stderr


def test_a_check_of_mine_is_used_and_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "c.yaml").write_text(CHECK.replace("PREDICATE", "size > 100"))
    arguments = ("assess", "good.yaml", "--checks", "mine", "--check", "mine")
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 0
    assert "Data is not as we want it" in done.stdout
    assert run(*arguments, "--fail-on", "high", cwd=tmp_path).returncode == 1


def test_names_cannot_move_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        'Resources:\n  A: {Type: "AWS::EC2::Volume", Properties: {Encrypted: false, Size: 8, '
        'Tags: [{Key: Name, Value: "\\e[2J\\u202Eevil"}]}}\n'
    )
    for arguments in (
        ("query", "select tags ->> 'Name' from aws_ebs_volume", "t.yaml"),
        ("query", "select tags ->> 'Name' from aws_ebs_volume", "t.yaml", "--format", "csv"),
        ("query", "select tags ->> 'Name' from aws_ebs_volume", "t.yaml", "--format", "markdown"),
    ):
        done = run(*arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout


def test_csv_cells_are_no_formulas(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    done = run("query", "select '=1+1' as a from aws_ebs_volume", "good.yaml", "--format", "csv", cwd=tmp_path)
    assert done.stdout == "a\n'=1+1\n"


def test_collect_then_assess_the_snapshot(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    assert run("collect", "good.yaml", "--out", "snap", cwd=tmp_path).returncode == 0
    again = run("collect", "good.yaml", "--out", "snap", cwd=tmp_path)
    assert (again.returncode, "exists already" in again.stderr) == (2, True)
    direct = json.loads(run("assess", "good.yaml", "--format", "json", cwd=tmp_path).stdout)
    kept = json.loads(run("assess", "snap", "--format", "json", cwd=tmp_path).stdout)
    assert direct["findings"] == kept["findings"]
    assert direct["posture"]["summary"] == kept["posture"]["summary"]


def test_output_that_nobody_reads_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    done = processes.run(
        "sh", "-c", '"$0" -m demarcate matrix --format json | head -c 1', sys.executable, cwd=tmp_path
    )
    assert done.stderr == ""


EVIDENCE = """
- responsibility: patch-management.test-patches-in-staging
  statement: "<b>=1+1</b>"
  scope: all
  by: "=cmd()"
  on: 2026-01-01
  valid-until: 2027-01-01
- responsibility: patch-management.test-patches-in-stagin
  statement: It is done
  scope: all
  by: platform team
  on: 2026-01-01
  valid-until: 2027-01-01
"""


def test_evidence_that_is_not_believed_is_told_and_the_rest_counts(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(GOOD)
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "attestations.yaml").write_text(EVIDENCE)
    result = run(
        *("assess", "t.yaml", "--evidence", "evidence", "--as-of", "2026-11-23", "--format", "json"),
        *("--out", "r.html", "--out", "r.csv", "--out", "r.json"),
        cwd=tmp_path,
    )
    assert result.returncode == 3
    report = json.loads(result.stdout)
    (refused,) = report["refused"]
    assert (refused["file"], refused["line"]) == ("evidence/attestations.yaml", 8)
    assert "did you mean" in refused["message"]
    states = {responsibility["id"]: responsibility for responsibility in report["posture"]["responsibilities"]}
    assert [
        evidence["standing"] for evidence in states["patch-management.test-patches-in-staging"]["evidence"]
    ] == ["proves"]
    assert json.loads((tmp_path / "r.json").read_text()) == report
    assert (tmp_path / "r.csv").read_text().startswith("area,responsibility,state,")
    assert "<b>=1+1</b>" not in (tmp_path / "r.html").read_text(), "shown as text"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("assess", "t.yaml", "--out", "r.pdf"), "ends in one of .txt, .html, .json, .csv"),
        (("assess", "t.yaml", "--as-of", "23.11.2026"), "a date such as"),
        (("assess", "aws", "--as-of", "2026-11-23"), "which --as-of is not for"),
        (("assess", "t.yaml", "--evidence", "nowhere"), "nowhere"),
        (("assess", "t.yaml", "--out", "t.yaml/r.html"), "cannot be written"),
    ],
)
def test_reports_that_cannot_be(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(GOOD)
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr

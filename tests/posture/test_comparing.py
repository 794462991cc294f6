"""What other tools found, read in each of their forms, and laid beside what we found."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import load_checks
from demarcate.checks.judgement import Finding, finding_id
from demarcate.checks.structs import Check
from demarcate.cli import app
from demarcate.posture import theirs as reading
from demarcate.posture.comparing import Comparison, Match, lay
from demarcate.posture.theirs import Theirs, read_theirs
from demarcate.posture.told import Told
from tests.patching.test_how_to import follow

HERE = Path(__file__).with_name("theirs")
EXPECTED: dict[str, dict[str, Any]] = read(HERE / "expected.yaml", dict[str, dict[str, Any]])
CASES: list[dict[str, Any]] = read(Path(__file__).with_name("theirs.yaml"), list[dict[str, Any]])


@cache
def checks() -> dict[str, Check]:
    return dict(load_checks())


def told(of: Told) -> str:
    silent = "!" if of.suppressed else ""
    parts = (of.tool, of.check, f"{of.verdict}{silent}", of.resource, of.file, of.account, of.region)
    return " ".join(part for part in (*parts, of.on and of.on[:10]) if part)


@pytest.mark.parametrize("file", EXPECTED)
def test_what_is_read(file: str) -> None:
    expected, result = EXPECTED[file], read_theirs([HERE / file])
    assert list(map(told, result.told)) == expected["told"]
    assert result.passed_over == expected["passed_over"]
    assert len(result.problems) == len(expected["problems"])
    for problem, words in zip(result.problems, expected["problems"], strict=True):
        assert problem.startswith(f"{HERE / file}: {words}")


def finding(text: str) -> Finding:
    check, verdict, resource, *place = text.split()
    file = place[0][1:] if place and place[0].startswith("@") else None
    account, region = ([] if file else place) + [None] * (2 - (0 if file else len(place)))
    name = None if resource == "-" else resource
    return Finding(
        id=finding_id(check, account, region, file, name),
        check=check,
        verdict=verdict,  # type: ignore[arg-type]
        resource=name,
        account=account,
        region=region,
        reason="",
        severity="high",
        responsibility="encryption.enable-at-rest",
        table=checks()[check].table,
        file=file,
    )


def laid(theirs: Told, ours: list[str], ran: list[str] | None = None) -> Comparison:
    names = checks() if ran is None else ran
    findings = map(finding, ours)
    return lay(Theirs(told=(theirs,)), findings, checks(), names, moment="2025-11-23T00:00:00Z", origin="o")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_how_it_stands(case: dict[str, Any]) -> None:
    comparison = laid(Told(**case["theirs"]), case["ours"], case.get("ran"))
    (item,) = comparison.items
    assert (item.match, item.verdict) == (Match(case["is"]), case.get("verdict"))
    assert comparison.counts()[item.match] == 1
    assert bool(comparison.disagreements()) == item.match.is_disagreement
    assert bool(comparison.unmapped()) == (case.get("verdict") is None)
    assert bool(item.why) == (case.get("verdict") is None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is no JSON of Prowler"),
        (b"[", "is no JSON of Prowler"),
        (b'[{"GeneratorId": "x"}', "is no JSON of Prowler"),
        (b'{"Findings": {}}', "Expected `array`"),
        (b"{}", "is no JSON of Prowler"),
        (b"7", "is no JSON of Prowler"),
        (b'[{"a": 1}, 2]', "is no JSON of Prowler"),
        (b"\xff\xfe[", "it begins as UTF-16 and breaks off"),
        (b"[" * 5000, "is no JSON of Prowler"),
    ],
)
def test_a_file_of_nobody_is_refused(text: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    file.write_bytes(text)
    with pytest.raises(DemarcateError, match=words) as refused:
        read_theirs([file])
    assert str(refused.value).startswith(f"{file}: ")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_too_large_or_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DemarcateError, match="cannot be read: No such file"):
        read_theirs([tmp_path / "none.json"])
    monkeypatch.setattr(reading, "LARGEST", 10)
    with pytest.raises(DemarcateError, match="has more than 10 bytes; divide it"):
        read_theirs([HERE / "checkov.json"])


def test_what_a_windows_shell_writes_is_read(tmp_path: Path) -> None:
    text = (HERE / "config-rules.json").read_text()
    for encoding in ("utf-16", "utf-8-sig"):
        (tmp_path / "r.json").write_text(text, encoding=encoding)
        assert read_theirs([tmp_path / "r.json"]) == read_theirs([HERE / "config-rules.json"])


LEAVES = st.none() | st.booleans() | st.integers(-3, 10**14) | st.floats() | st.text(max_size=3)


@given(data=st.data(), file=st.sampled_from(sorted(EXPECTED)))
@settings(max_examples=60, deadline=None)
def test_wrong_types_and_cut_files_end_in_words(
    data: st.DataObject, file: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document = json.loads((HERE / file).read_text())
    holder, key = document, data.draw(places(document))
    while len(key) > 1:
        holder, key = holder[key[0]], key[1:]
    holder[key[0]] = data.draw(
        LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.text(max_size=2), LEAVES)
    )
    text = json.dumps(document).encode()
    path = tmp_path_factory.getbasetemp() / "attacked.json"
    path.write_bytes(text[: data.draw(st.sampled_from([len(text), len(text) // 2, 1]))])
    try:
        result = read_theirs([path])
    except DemarcateError as refused:
        assert "\n" not in str(refused)
    else:
        lay(result, (), checks(), checks(), moment="", origin="")


def places(document: Any) -> st.SearchStrategy[list[Any]]:
    return st.sampled_from(list(_places(document, [])))


def _places(value: Any, above: list[Any]) -> Any:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield [*above, key]
        yield from _places(below, [*above, key])


TEMPLATE = """
Resources:
  Data: {Type: AWS::EC2::Volume, Properties: {Encrypted: false, Size: 8, AvailabilityZone: eu-west-1a}}
  Good: {Type: AWS::EC2::Volume, Properties: {Encrypted: true, Size: 8, AvailabilityZone: eu-west-1a}}
  Logs: {Type: AWS::S3::Bucket}
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kept assessment of a template, with what passes."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "t.yaml").write_text(TEMPLATE)
    for name, passes in (("kept", ["--passes"]), ("bare", [])):
        asked = ["--check", "ebs-volume-encrypted", "--check", "s3-bucket-access-logging", *passes]
        result = CliRunner().invoke(app, ["assess", str(folder / "t.yaml"), *asked, "--save", str(folder / name)])
        assert result.exit_code == 0, result.output
    return folder / "kept"


def compared(kept: Path, file: Path, *more: str) -> Any:
    return CliRunner().invoke(app, ["compare", str(file), str(kept), *more])


def checkov(folder: Path) -> Path:
    """Checkov's findings, in the file that was assessed."""
    file = folder / "checkov.json"
    file.write_text((HERE / "checkov.json").read_text().replace("/app/t.yaml", "/t.yaml"))
    return file


def test_the_verb_tells_both_reasons(kept: Path, tmp_path: Path) -> None:
    result = compared(kept, checkov(tmp_path))
    assert result.exit_code == 0
    assert "4 verdicts of theirs: 2 beside one of ours, 1 agree, 1 do not; 2 beside none" in result.output
    assert "Checkov CKV_AWS_3: pass, EBS" in result.output
    assert "ours ebs-volume-encrypted: fail, Data (8 GiB) is not encrypted" in result.output
    assert "Other" not in result.output
    assert "Other" in compared(kept, checkov(tmp_path), "--full").output
    assert max(map(len, result.output.splitlines())) <= 80


def test_the_verb_in_other_forms(kept: Path, tmp_path: Path) -> None:
    file = checkov(tmp_path)
    document = json.loads(compared(kept, file, "--format", "json").output)
    assert [item["match"] for item in document["items"]] == ["they-pass", "no-resource", "no-resource"]
    assert sum(check["counts"].get("agree", 0) for check in document["checks"]) == 1
    assert len(json.loads(compared(kept, file, "--format", "json", "--full").output)["items"]) == 4
    for format, lines in (("csv", 2), ("markdown", 3)):
        assert len(compared(kept, file, "--format", format).output.splitlines()) == lines
        assert len(compared(kept, file, "--format", format, "--full").output.splitlines()) == lines + 3


def test_the_verb_says_what_is_wrong(kept: Path) -> None:
    result = compared(kept, HERE / "config-details.json")
    assert result.exit_code == 3
    assert "finding 3: Object missing required field" in result.output
    result = compared(kept.with_name("bare"), HERE / "checkov.json")
    assert isinstance(result.exception, DemarcateError)
    assert "assess again with --passes" in str(result.exception)


def test_it_stands_in_the_reports(kept: Path, tmp_path: Path) -> None:
    asked = ["report", str(kept), "--findings-of", str(checkov(tmp_path))]
    result = CliRunner().invoke(app, [*asked, "--format", "json"])
    document = json.loads(compared(kept, checkov(tmp_path), "--format", "json").output)
    assert json.loads(result.output)["theirs"] == document
    assert "1 agree, 1 do not; 2 beside none (--full" in " ".join(CliRunner().invoke(app, asked).output.split())
    full = CliRunner().invoke(app, [*asked, "--full"]).output
    assert "They pass what we fail (1)" in full
    assert "ours ebs-volume-encrypted: fail" in full
    template = kept.with_name("t.yaml")
    asked = [
        "assess",
        str(template),
        "--check",
        "ebs-volume-encrypted",
        "--findings-of",
        str(HERE / "checkov.json"),
    ]
    theirs = json.loads(CliRunner().invoke(app, [*asked, "--format", "json"]).output)["theirs"]
    assert theirs["tools"] == {"checkov": [None, None]}
    asked[-1] = str(HERE / "config-details.json")
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 3
    assert "finding 3: Object missing" in result.output


def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follow("compare-with-other-tools.md", tmp_path, monkeypatch)

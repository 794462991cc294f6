"""What a folder may hold, in which encodings, and what becomes of files that nobody can read."""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
from datetime import date
from pathlib import Path

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.evidence import tables
from demarcate.evidence.load import load_evidence
from demarcate.evidence.problems import SHOWN
from demarcate.evidence.structs import PROVES, Evidence, Scope
from demarcate.evidence.values import PHISHING_SIMULATIONS
from demarcate.model import Model
from tests.effort import effort
from tests.evidence.conftest import MOMENT, Given

BASICS = "awareness-and-training.train-employees"
TRAINING = f"person,course,responsibility,completed\nperson-01,Übung,{BASICS},2026-02-04\n"
PHISHING = "exercise,date,sent,clicked,reported\nParcel,2026-09-15,120,9,61\n"
DRILLS = (
    "drill,responsibility,date,led_by,minutes,outcome,lessons\n"
    "Key,incident-response.handle-account-compromise,2026-05-20,security team,95,failed,too slow\n"
)
ATTESTATIONS = """
- responsibility: incident-response.notify-aws
  statement: Those on call know how to open a case with AWS.
  by: platform team
  on: 2026-09-01
  valid-until: 2027-09-01
"""
REPORT = "Of AWS's controls.\n"
REPORTS = f"""
- name: ISO/IEC 27001 certificate and Statement of Applicability
  period: {{from: 2023-11-01, to: 2026-10-31}}
  file: documents/iso.txt
  sha256: {hashlib.sha256(REPORT.encode()).hexdigest()}
"""


def told(evidence: Evidence) -> list[str]:
    return [str(problem) for problem in evidence.problems]


def attested(document: str) -> str:
    return f"{ATTESTATIONS}  document: {document}\n"


# --- The folder -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "places",
    [
        ("attestations.yaml", "training.csv", "phishing.csv", "drills.csv", "reports.yml"),
        ("attestations/a.yml", "training/a.csv", "phishing/a.CSV", "drills/a.csv", "reports/a.yaml"),
    ],
)
def test_a_folder_of_all_kinds(places: tuple[str, ...], given: Given, model: Model) -> None:
    texts = (ATTESTATIONS, TRAINING, PHISHING, DRILLS, REPORTS)
    extra = {"README.md": "#", ".hidden": "x", "documents/iso.txt": REPORT, "training/README.md": "#"}
    evidence = given({**dict(zip(places, texts, strict=True)), **extra})
    assert told(evidence) == []
    by_kind = {record.kind: record for record in evidence.records}
    assert set(by_kind) == set(PROVES)
    attestation, training, drill = by_kind["attestation"], by_kind["training"], by_kind["drill"]
    assert attestation.responsibilities == ("incident-response.notify-aws",)
    assert (attestation.by, attestation.met, attestation.scope) == ("platform team", True, Scope())
    assert (attestation.on, attestation.valid_until) == (date(2026, 9, 1), date(2027, 9, 1))
    assert (attestation.file, attestation.line) == (f"evidence/{places[0]}", 2)
    assert (training.title, training.by, training.valid_until) == ("Übung", "person-01", date(2027, 2, 4))
    assert by_kind["phishing"].responsibilities == (PHISHING_SIMULATIONS,)
    assert by_kind["phishing"].detail == "120 sent, 9 clicked, 61 reported"
    assert (drill.met, drill.by, drill.detail) == (False, "security team", "failed, 95 minutes: too slow")
    asking = {r.id for r in model.responsibilities if any(p.ask and p.ask.startswith("ISO") for p in r.proof)}
    assert set(by_kind["report"].responsibilities) == asking != set()
    assert by_kind["report"].valid_until == date(2027, 10, 31)


def test_an_empty_folder_holds_nothing(given: Given) -> None:
    assert given({}) == Evidence()


def test_phishing_exercises_prove_what_asks_for_one(model: Model) -> None:
    asked = model.responsibility[PHISHING_SIMULATIONS]
    assert "phishing simulation" in (asked.proof[0].ask or "")
    assert PROVES["phishing"] in asked.proof_kinds
    assert asked.party == "customer"


@pytest.mark.parametrize(("name", "says"), [("missing", "there is no such folder"), ("file", "is no folder")])
def test_what_is_no_folder(name: str, says: str, model: Model, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemarcateError, match=rf"{name}: {says}"):
        load_evidence(tmp_path / name, model, MOMENT)


@pytest.mark.parametrize(
    "stray", ["notes.txt", "training/notes.txt", "attestations/a.csv", "trainings.csv", "attestations/more/a.yaml"]
)
def test_a_file_that_belongs_nowhere(stray: str, given: Given) -> None:
    evidence = given({stray: TRAINING, "training/a.csv": TRAINING})
    [problem] = evidence.problems
    top = "/".join(stray.split("/")[:2])
    assert problem.file == f"evidence/{top}"
    assert problem.message == (
        "is no file of evidence; there may be attestations/*.yaml|.yml, training/*.csv, phishing/*.csv, "
        "drills/*.csv, reports/*.yaml|.yml, documents/ and README.md"
    )
    assert len(evidence.records) == 1


def test_the_wrong_folder_is_told_of_briefly(given: Given) -> None:
    evidence = given({f"photo-{n:03}.jpg": "" for n in range(100)})
    assert len(evidence.problems) == SHOWN + 1
    assert str(evidence.problems[-1]) == (
        "evidence: 80 more problems here are not shown; none of it is counted as evidence"
    )


def test_a_folder_where_a_file_is_expected(given: Given, folder: Path) -> None:
    (folder / "training.csv").mkdir()
    (folder / "attestations" / "a.yaml").mkdir(parents=True)
    (folder / "drills").write_text(DRILLS)
    evidence = given({"phishing.csv": PHISHING})
    assert [problem.file for problem in evidence.problems] == [
        "evidence/attestations/a.yaml",
        "evidence/drills",
        "evidence/training.csv",
    ]
    assert len(evidence.records) == 1


def test_symbolic_links_are_not_followed(given: Given, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_text(TRAINING)
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "a.csv").write_text(DRILLS)
    (folder / "training.csv").symlink_to(tmp_path / "elsewhere.csv")
    (folder / "drills").symlink_to(tmp_path / "others")
    evidence = given({"phishing.csv": PHISHING})
    assert [(p.file, p.message.partition(";")[0]) for p in evidence.problems] == [
        ("evidence/drills", "is a symbolic link"),
        ("evidence/training.csv", "is a symbolic link"),
    ]
    assert len(evidence.records) == 1


def test_a_pipe_is_not_waited_for(given: Given, folder: Path) -> None:
    os.mkfifo(folder / "training.csv")
    assert "is no file of evidence" in told(given({}))[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(given: Given, folder: Path) -> None:
    given({"training.csv": TRAINING, "drills/a.csv": DRILLS, "phishing.csv": PHISHING})
    (folder / "training.csv").chmod(0)
    (folder / "drills").chmod(0)
    try:
        evidence = given({})
    finally:
        (folder / "drills").chmod(0o700)
    assert told(evidence) == [
        f"evidence/drills: cannot be read: {os.strerror(errno.EACCES)}",
        f"evidence/training.csv: cannot be read: {os.strerror(errno.EACCES)}",
    ]
    assert len(evidence.records) == 1


def test_a_file_that_cannot_be_read(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    """As above, for those who test as root."""

    def refuse(path: Path, *args: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    given({"training.csv": TRAINING, "reports.yaml": REPORTS})
    monkeypatch.setattr(os, "open", refuse)
    evidence = given({})
    assert told(evidence) == [
        "evidence/reports.yaml: cannot be read: Permission denied",
        "evidence/training.csv: cannot be read: Permission denied",
    ]


# --- Encodings ------------------------------------------------------------------------------------------

SAVE_AS = "save it as UTF-8 (spreadsheets call it “CSV UTF-8”)"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_encodings_that_say_what_they_are(encoding: str, ending: str, given: Given) -> None:
    evidence = given({"training.csv": TRAINING.replace("\n", ending).encode(encoding)})
    assert told(evidence) == []
    assert [(record.title, record.line) for record in evidence.records] == [("Übung", 2)]


def test_attestations_may_be_utf_16(given: Given) -> None:
    evidence = given({"attestations.yaml": codecs.BOM_UTF16_BE + ATTESTATIONS.encode("utf-16-be")})
    assert told(evidence) == []
    assert len(evidence.records) == 1


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (TRAINING.encode("latin-1"), f"2: is not in UTF-8 (byte 0xDC); {SAVE_AS}"),
        (TRAINING.encode("utf-32"), f" is in UTF-32; {SAVE_AS}"),
        (TRAINING.encode("utf-16")[:-1], f" is not whole: it begins as UTF-16 and breaks off; {SAVE_AS}"),
        (TRAINING.encode("utf-16-le"), "2: is not in UTF-8 (byte 0xDC)"),
        (TRAINING.replace("Ü", "U").encode("utf-16-le"), "1: has a NUL character"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), f"1: is not in UTF-8 (byte 0x89); {SAVE_AS}"),
    ],
    ids=["latin-1", "utf-32", "half", "utf-16 without mark", "ascii in utf-16 without mark", "png"],
)
def test_other_encodings_are_one_problem(raw: bytes, says: str, given: Given) -> None:
    evidence = given({"training.csv": raw, "phishing.csv": PHISHING})
    [problem] = told(evidence)
    assert problem.startswith(f"evidence/training.csv:{says}")
    assert len(evidence.records) == 1


def test_a_file_that_is_too_large(given: Given, folder: Path) -> None:
    with (folder / "training.csv").open("wb") as file:
        file.truncate(60_000_000)
    evidence = given({"phishing.csv": PHISHING})
    assert told(evidence) == [
        "evidence/training.csv: has more than 50,000,000 bytes; divide it into several files"
    ]
    assert len(evidence.records) == 1


# --- Documents ------------------------------------------------------------------------------------------


def test_a_document_is_held_to_its_hash(given: Given) -> None:
    document = f"{{file: documents/a/b.bin, sha256: {hashlib.sha256(bytes(3_000_000)).hexdigest().upper()}}}"
    evidence = given({"attestations.yaml": attested(document), "documents/a/b.bin": bytes(3_000_000)})
    assert told(evidence) == []
    assert evidence.records[0].detail == "documents/a/b.bin (SHA-256 verified)"
    evidence = given({"documents/a/b.bin": bytes(3_000_001)})
    assert evidence.records == ()
    assert "it is not what was attested" in told(evidence)[0]


@pytest.mark.parametrize("linked", ["documents/a.md", "documents"])
def test_a_document_is_not_reached_by_a_symbolic_link(
    linked: str, given: Given, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.md").write_text(REPORT)
    (folder / linked).parent.mkdir(exist_ok=True)
    (folder / linked).symlink_to(tmp_path / ("out" if linked == "documents" else "out/a.md"))
    document = f"{{file: documents/a.md, sha256: {hashlib.sha256(REPORT.encode()).hexdigest()}}}"
    evidence = given({"attestations.yaml": attested(document)})
    assert evidence.records == ()
    assert "is reached by a symbolic link; expected the file itself" in told(evidence)[0]


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://wiki.example.com/a?b=c#d", True),
        ("http://wiki.example.com/", True),
        ("HTTPS://WIKI.EXAMPLE.COM/", True),
        ("javascript:alert(1)", False),
        ("javascript://example.com/%0Aalert(1)", False),
        ("ftp://example.com/a", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("https:", False),
        ("https://[half", False),
        ("https://wiki.example.com/a b", False),
        ("shelf 3, binder 7", False),
    ],
)
def test_only_web_links_are_links(link: str, kept: bool, given: Given) -> None:
    evidence = given({"attestations.yaml": attested(f'{{link: "{link}"}}')})
    assert told(evidence) == []
    [record] = evidence.records
    assert (record.link, record.detail) == ((link, "") if kept else (None, link))


def test_the_hash_of_a_document_elsewhere_is_noted(given: Given) -> None:
    evidence = given({"attestations.yaml": attested(f"{{link: https://example.com/a, sha256: {'ab' * 32}}}")})
    assert evidence.records[0].detail == "SHA-256 abababababab… noted; not verified, as the document is elsewhere"


def test_a_scope_is_kept(given: Given) -> None:
    scope = "{accounts: ['012345678901', 111122223333], regions: [eu-central-1, us-gov-west-1], services: [rds]}"
    evidence = given({"attestations.yaml": f"{ATTESTATIONS}  scope: {scope}\n"})
    assert told(evidence) == []
    assert evidence.records[0].scope == Scope(
        accounts=("012345678901", "111122223333"), regions=("eu-central-1", "us-gov-west-1"), services=("rds",)
    )


# --- Hostile and many -----------------------------------------------------------------------------------


def bomb(levels: int, width: int) -> str:
    lines = ["- &a0 [x]"]
    lines += [f"- &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "text",
    [bomb(30, 10), bomb(1500, 1), "- &a [*a]\n", "[" * 5000, bomb(7, 9) + "- *a6\n" * 1000],
    ids=["wide", "deep", "endless", "brackets", "many"],
)
def test_a_bomb_is_one_problem(text: str, given: Given) -> None:
    evidence = given({"attestations.yaml": text, "phishing.csv": PHISHING})
    assert len(evidence.problems) == 1
    assert len(evidence.records) == 1


def test_an_anchor_may_be_used_again(given: Given) -> None:
    text = ATTESTATIONS.replace("by: platform team", "by: &who platform team") + "- {by: *who}\n"
    evidence = given({"attestations.yaml": text})
    assert len(evidence.records) == 1


def test_many_bad_rows_are_told_of_briefly(given: Given) -> None:
    rows = "".join(f"person-{n:03},Basics,{BASICS[:-1]}{n},2026-02-04\n" for n in range(500))
    evidence = given({"training.csv": TRAINING + rows + f"person-01,Basics,{BASICS},2026-02-05\n"})
    assert len(evidence.problems) == SHOWN + 1
    assert str(evidence.problems[-1]) == (
        "evidence/training.csv: 480 more problems here are not shown; none of it is counted as evidence"
    )
    assert len(evidence.records) == 2


def test_one_more_is_one(given: Given) -> None:
    rows = f"person-01,Basics,{BASICS},soon\n" * (SHOWN + 1)
    assert "1 more problem here is not shown" in told(given({"training.csv": TRAINING + rows}))[-1]


@pytest.mark.parametrize("size", [10_001, 200_000])
def test_a_cell_that_is_too_long(size: int, given: Given) -> None:
    evidence = given({"training.csv": f"{TRAINING}{'x' * size},Basics,{BASICS},2026-02-04\n"})
    [problem] = told(evidence)
    assert problem.startswith("evidence/training.csv:3: has a cell ")
    assert "at most 10,000" in problem
    assert len(evidence.records) == 1


def test_what_is_found_is_shown_short_and_printable(given: Given) -> None:
    evidence = given({"training.csv": f"{TRAINING}person-01,Basics,{BASICS},\x1b[31m{'x' * 500}\n"})
    [problem] = evidence.problems
    assert problem.message.isprintable()
    assert len(problem.message) < 200


def test_a_formula_is_text(given: Given) -> None:
    row = f"=cmd|' /C calc'!A0,@SUM(1),{BASICS},2026-02-04\n'+491,'tis,{BASICS},2026-02-04\n"
    evidence = given({"training.csv": TRAINING + row})
    assert told(evidence) == []
    assert [(r.by, r.title) for r in evidence.records[1:]] == [("=cmd|' /C calc'!A0", "@SUM(1)"), ("+491", "'tis")]


def test_empty_rows_are_no_rows(given: Given) -> None:
    evidence = given({"training.csv": f"\n{TRAINING}\n,,,\n\n"})
    assert told(evidence) == []
    assert [record.line for record in evidence.records] == [3]


def test_columns_may_stand_in_any_order(given: Given) -> None:
    text = f"completed, responsibility ,person,passed,course\n2026-02-04,{BASICS},person-01,no,Basics\n"
    evidence = given({"training.csv": text})
    assert told(evidence) == []
    [record] = evidence.records
    assert (record.by, record.title, record.on, record.met) == ("person-01", "Basics", date(2026, 2, 4), False)


def test_a_row_over_several_lines_is_told_by_its_first(given: Given) -> None:
    text = DRILLS.replace("too slow", '"too\nslow"') + "Key,x,2026-05-20,security team,95,failed,\n"
    evidence = given({"drills.csv": text})
    assert [record.detail for record in evidence.records] == ["failed, 95 minutes: too slow"]
    assert [problem.line for problem in evidence.problems] == [4]


def test_a_lost_quote_costs_little(given: Given) -> None:
    """Each of these lines opens a quote; read in full for each, they would take hours."""
    text = "exercise,date,sent,clicked,reported\n" + 'a","\n' * 1_000_000
    with effort(60):
        evidence = given({"phishing.csv": text})
    assert len(evidence.problems) == SHOWN + 1


def test_a_file_of_lost_quotes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LINES_IN_VAIN", 150)
    rows = list(tables.parsed('a","\n' * 500))
    assert rows == [
        (1, "has a quote that is never closed"),
        (2, "has a quote that is never closed"),
        (2, "has too many rows that do not end; what follows is not read"),
    ]

"""Evidence in the ledger is worth what it is worth in a folder."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from demarcate.evidence.load import load_evidence
from demarcate.evidence.structs import Record
from demarcate.evidence.weigh import weigh
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.evidence import RECORDED, act_of, import_records, ledger_evidence
from demarcate.ledger.ledger import Ledger
from demarcate.model import load
from tests.ledger.test_databases import ROOT, tamper
from tests.processes import demarcate

EXAMPLES = ROOT / "examples"
DAY = date(2026, 11, 23)
SIGN_IN = "configuration-management.federate-sign-in"
ANNA = Actor(person="anna@example.com")


def placeless(values: Iterable[Any]) -> list[Any]:
    """Records or results without where they stand, in an order that does not hang on it."""
    return sorted((msgspec.structs.replace(value, file="", line=0) for value in values), key=str)


def attested(**values: Any) -> Record:
    given: dict[str, Any] = {
        "kind": "attestation",
        "responsibilities": (SIGN_IN,),
        "title": "All do",
        "by": "anna",
        "on": DAY,
        "valid_until": date(2027, 1, 1),
        "file": "",
        "line": 1,
    }
    return Record(**(given | values))


def test_a_folder_that_is_imported_proves_the_same(tmp_path: Path) -> None:
    folder = load_evidence(EXAMPLES / "evidence", load(), DAY)
    with Ledger(str(tmp_path / "ledger.sqlite")) as ledger:
        assert import_records(ledger, ANNA, folder.records, "imported") == len(folder.records) > 10
        assert import_records(ledger, ANNA, folder.records, "imported") == 0
        evidence = ledger_evidence(ledger, load(), DAY)
    assert placeless(evidence.records) == placeless(folder.records)
    assert [problem for problem in evidence.problems if "not met, but" not in problem.message] == []
    mine, theirs = weigh(evidence, DAY), weigh(folder, DAY)
    assert mine.keys() == theirs.keys()
    for name, results in mine.items():
        assert placeless(results) == placeless(theirs[name])


def test_the_posture_is_the_same(tmp_path: Path) -> None:
    place, folder = tmp_path / "ledger.sqlite", tmp_path / "evidence"
    shutil.copytree(EXAMPLES / "evidence", folder)
    (folder / "attestations" / "bad.yaml").write_text("- responsibility: nothing.of-it\n")
    (tmp_path / "t.yaml").write_text("Resources: {V: {Type: AWS::EC2::Volume, Properties: {Size: 1}}}\n")
    for count in ("[1-9][0-9]* of", "0 of"):
        done = demarcate("evidence", "import", folder, "--ledger", place, "--as", "anna@example.com")
        assert (done.returncode, done.stderr.count("refused evidence: ")) == (3, done.stderr.count("\n") - 1)
        assert "bad.yaml" in done.stderr
        assert re.match(f"{place}: {count}", done.stderr)
    (folder / "attestations" / "bad.yaml").unlink()

    def posture(evidence: str | Path) -> Any:
        done = demarcate(
            "assess", tmp_path / "t.yaml", "--check", "ebs-volume-encrypted", "--as-of", "2026-11-23",
            "--format", "json", "--evidence", evidence, "--ledger", place,
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr
        return _placeless_json(json.loads(done.stdout)["posture"])

    assert posture("ledger") == posture(folder)


def _placeless_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _placeless_json(item) for key, item in value.items() if key not in ("file", "line")}
    if isinstance(value, list):
        return sorted(map(_placeless_json, value), key=str)
    return value


def test_what_cannot_be_believed_is_told_and_not_counted(tmp_path: Path) -> None:
    place = str(tmp_path / "ledger.sqlite")
    acts = [
        act_of(attested(title="good")),
        Act(kind=RECORDED, after={"kind": "attestation"}),
        act_of(attested(responsibilities=("nothing.of-it",))),
        act_of(attested(responsibilities=("patch-management.patch-guest-os",))),
        act_of(attested(title="tampered with")),
        act_of(attested(title="not yet", on=date(2026, 12, 1))),
        act_of(attested(title="says no", met=False)),
        Act(kind="another", after=5),
    ]
    with Ledger(place) as ledger:
        ledger.append(ANNA, *acts)
    tamper(place, "sqlite", "UPDATE ledger_entries SET entry = replace(entry, 'anna', 'bert') WHERE number = 5")
    with Ledger(place, reading=True) as ledger:
        evidence = ledger_evidence(ledger, load(), DAY)
    assert [record.title for record in evidence.records] == ["good", "says no"]
    told = [(problem.line, problem.message) for problem in evidence.problems]
    for line, says in (
        (5, "the ledger is damaged: entry 5: edited"),
        (2, "is no evidence"),
        (3, "there is no responsibility 'nothing.of-it'"),
        (4, "patch-management.patch-guest-os is not proven by an attestation"),
        (7, f"says that {SIGN_IN} is not met, but {place} (ledger):1 says that it is"),
    ):
        assert [message for number, message in told if number == line and says in message], (says, told)
    assert len(told) == 5


def test_damage_anywhere_is_told(tmp_path: Path) -> None:
    place = str(tmp_path / "ledger.sqlite")
    with Ledger(place) as ledger:
        ledger.append(ANNA, *[act_of(attested(title=str(number))) for number in range(4)])
    tamper(
        place,
        "sqlite",
        "DELETE FROM ledger_entries WHERE number = 2",
        "UPDATE ledger_entries SET number = number - 1 WHERE number = 3",
        "UPDATE ledger_entries SET number = number - 1 WHERE number = 4",
    )
    with Ledger(place, reading=True) as ledger:
        evidence = ledger_evidence(ledger, load(), DAY)
    assert [record.title for record in evidence.records] == ["0"]
    assert next(problem.message for problem in evidence.problems) == (
        "the ledger is damaged: entry 2: deleted: missing: 2"
    )

"""The example's evidence, and what the how-to shows, are what they say they are."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from demarcate.evidence.load import load_evidence
from demarcate.evidence.structs import PROVES
from demarcate.evidence.weigh import weigh
from demarcate.model import Model
from tests.evidence.conftest import MOMENT, Given

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = Path("examples") / "evidence"
HOW_TO = ROOT / "docs" / "how-to" / "prove-a-responsibility.md"

SHOWN = dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', HOW_TO.read_text("utf-8"), re.M | re.S))


@pytest.fixture
def in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("in_root")
def test_the_example_loads_without_a_problem(model: Model) -> None:
    evidence = load_evidence(EXAMPLE, model, MOMENT)
    assert evidence.problems == ()
    assert {record.kind for record in evidence.records} == set(PROVES)


@pytest.mark.usefixtures("in_root")
def test_the_example_has_something_of_everything(model: Model) -> None:
    weighed = weigh(load_evidence(EXAMPLE, model, MOMENT), MOMENT)
    standings = Counter((r.kind, r.standing) for results in weighed.values() for r in results)
    assert len({id_ for id_, results in weighed.items() if results[0].kind == "attestation"}) >= 15
    expected = {
        *(("attestation", standing) for standing in ("proves", "expired", "failed")),
        *(("training", standing) for standing in ("proves", "incomplete", "expired")),
        *(("drill", standing) for standing in ("proves", "failed", "expired")),
        *(("report", standing) for standing in ("proves", "expired")),
        ("phishing", "proves"),
    }
    assert set(standings) == expected
    soon = [
        r.title
        for results in weighed.values()
        for r in results
        if "2026-11-23" <= (r.valid_until or "") < "2026-12-23"
    ]
    assert soon
    assert {id_.partition(".")[0] for id_ in weighed} == set(model.area)
    asked = {r.id for r in model.responsibilities if r.party == "customer" and set(r.proof_kinds) - {"checks"}}
    assert asked - set(weighed), "some have no evidence"


@pytest.mark.usefixtures("in_root")
def test_the_example_names_every_file_and_document(model: Model) -> None:
    readme = (EXAMPLE / "README.md").read_text("utf-8")
    for path in EXAMPLE.rglob("*"):
        name = path.relative_to(EXAMPLE).as_posix()
        if path.is_file() and name != "README.md" and not name.startswith(("attestations/", "documents/")):
            assert f"`{name}`" in readme
    weighed = weigh(load_evidence(EXAMPLE, model, MOMENT), MOMENT)
    named = {result.detail for results in weighed.values() for result in results}
    for document in (EXAMPLE / "documents").iterdir():
        assert any(f"documents/{document.name} (SHA-256 verified)" in detail for detail in named), document
    for slug in re.findall(r"\(`([a-z-]+)`\)|as `([a-z-]+)`|`([a-z-]+)`:", readme):
        assert any(id_.endswith(f".{next(filter(None, slug))}") for id_ in model.responsibility)


def test_what_the_how_to_shows_loads(given: Given) -> None:
    evidence = given(dict(SHOWN))
    assert [str(problem) for problem in evidence.problems] == []
    assert {record.kind for record in evidence.records} == set(PROVES)


def test_what_the_how_to_says_of_its_examples(given: Given) -> None:
    weighed = weigh(given(dict(SHOWN)), date(2026, 11, 23))
    standing = {id_: [result.standing for result in results] for id_, results in weighed.items()}
    assert standing["awareness-and-training.train-employees"] == ["incomplete"]
    assert standing["incident-response.recover-from-backups"] == ["failed"]
    assert standing["patch-management.keep-patch-reports"] == ["failed"]
    assert standing["patch-management.test-patches-in-staging"] == ["proves"]

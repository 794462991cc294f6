"""Every statement of the source document is answered by the model, and nothing points at one that isn't there."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from demarcate.base import documents
from demarcate.model import DATA, Model
from tests.model.document import plain, statements

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[2] / "shared" / "source-document.md"


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ref: str
    text: str


STATEMENTS = documents.read(HERE / "statements.yaml", tuple[Statement, ...])


def test_refs_are_unique() -> None:
    refs = [statement.ref for statement in STATEMENTS]
    assert len(refs) == len(set(refs))


def test_every_statement_is_answered(model: Model) -> None:
    answered = {ref for _, refs in model.documented() for ref in refs}
    assert [s for s in STATEMENTS if s.ref not in answered] == []


def test_every_ref_is_a_statement(model: Model) -> None:
    known = {statement.ref for statement in STATEMENTS}
    assert [(name, ref) for name, refs in model.documented() for ref in refs if ref not in known] == []


def test_both_halves_of_each_division_are_owed_by_their_party(model: Model) -> None:
    """A statement on one party's side is answered by a responsibility of that very party."""
    answers: dict[str, set[str]] = {}
    for item in model.responsibilities:
        for ref in item.document:
            answers.setdefault(ref, set()).add(item.party)
    for statement in STATEMENTS:
        match = re.search(r"/division/(aws|customer)/\d+$", statement.ref)
        if match:
            assert match[1] in answers.get(statement.ref, set()), statement
        if re.search(r"/(practices/\d/\d|must/\d|implements/\d|drift/\w+|owner)$", statement.ref):
            assert "customer" in answers.get(statement.ref, set()), statement


@pytest.mark.skipif(not DOCUMENT.exists(), reason=f"the source document is not at {DOCUMENT}")
def test_no_statement_of_the_document_is_left_out() -> None:
    every = list(statements(DOCUMENT.read_text(encoding="utf-8")))
    listed = {plain(statement.text) for statement in STATEMENTS}
    assert len(every) > 190
    assert [text for text in every if text not in listed] == []


@pytest.mark.skipif(not DOCUMENT.exists(), reason=f"the source document is not at {DOCUMENT}")
def test_the_list_holds_nothing_that_the_document_does_not() -> None:
    words = set(re.findall(r"\w+", DOCUMENT.read_text(encoding="utf-8")))
    for statement in STATEMENTS:
        assert set(re.findall(r"\w+", statement.text)) <= words, statement


def test_the_model_says_it_in_words_of_its_own() -> None:
    """No statement of five words or more stands in the data as it stands in the document."""
    data = " ".join(path.read_text(encoding="utf-8") for path in sorted(DATA.rglob("*.yaml")))
    data = plain(data).lower()
    copied = [s for s in STATEMENTS if len(s.text.split()) >= 5 and plain(s.text).lower() in data]
    assert copied == []

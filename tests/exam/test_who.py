"""`who` and the exam are made of one model: neither says of a job what the other denies."""

from __future__ import annotations

from demarcate.exam import lines, parties
from demarcate.exam.drafts import Draft
from demarcate.exam.wording import PARTIES
from demarcate.model import load, who
from tests.each import each

MODEL = load()
PARTY = {text: party for party, text in PARTIES.items()}


def asked() -> list[Draft]:
    return [
        draft
        for draft in (*parties.drafts(MODEL), *lines.drafts(MODEL))
        if draft.kind == "who" and draft.right in PARTY and draft.form != "setting told"
    ]


@each("draft", asked, ids=lambda draft: draft.id)
def test_who_does_not_contradict_the_exam(draft: Draft) -> None:
    answer = who(MODEL, draft.text)
    assert answer.party in (PARTY[draft.right], "both"), answer.matches[0].responsibility.id

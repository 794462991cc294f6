"""Every question that the model can give has one right choice, by an oracle that does not make questions."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import msgspec

from demarcate.base.documents import read
from demarcate.exam.parties import unsettled
from demarcate.exam.record import LEAST
from demarcate.exam.structs import KINDS
from demarcate.exam.wording import DEPENDS
from demarcate.model import Model, explain, load
from tests.each import each
from tests.exam.asked import by_id, drafts, families
from tests.exam.oracle import Oracle


@each("family", families)
def test_one_choice_is_right_and_the_others_are_wrong(model: Model, family: str) -> None:
    oracle = Oracle(model)
    for draft in (d for d in drafts() if d.id.split(":")[0] == family):
        assert oracle.right(draft, draft.right), draft
        wrongly = [choice for choice in draft.wrong if oracle.right(draft, choice)]
        assert not wrongly, f"{draft.id}: {wrongly}"


def test_choices_differ_and_say_something() -> None:
    for draft in drafts():
        choices = [" ".join(choice.lower().split()) for choice in (draft.right, *draft.wrong)]
        assert len(set(choices)) == len(choices), draft.id
        assert len(choices) > 2, draft.id
        assert all((draft.text.strip(), draft.explanation.strip(), *choices)), draft.id
        assert 0 <= draft.near <= len(draft.wrong), draft.id


def test_questions_ask() -> None:
    for draft in drafts():
        assert "?" in draft.text, draft.text
        assert draft.text.endswith(("?", "”")), draft.text
        assert not re.search(r"  |\.\.|\?\?|[.?!]”\. |None|\bself\b", f"{draft.text} {draft.explanation}"), (
            draft.text
        )


_ID = re.compile(rf"\b({'|'.join(load().area)})\.[a-z]|\baws_[a-z]|\b[a-z]+-[a-z]+-[a-z]+-[a-z]+\b")


def test_no_id_stands_in_a_question() -> None:
    for draft in drafts():
        for text in (draft.text, draft.right, *draft.wrong, draft.explanation):
            assert not _ID.search(text), f"{draft.id}: {text}"


def test_no_question_holds_its_answer() -> None:
    for draft in drafts():
        if draft.kind in ("half", "area", "proof") or "which" in draft.right:
            assert draft.right.lower() not in draft.text.lower(), draft
        if draft.id.startswith(("who:", "side:")):
            job = draft.text if draft.id.startswith("who:") else draft.right
            assert not re.search(r"\b(its|yourself|the customer|AWS (?:patches|runs|provides))\b", job), draft


def test_what_a_question_names_exists(model: Model) -> None:
    for draft in drafts():
        assert set(draft.responsibilities) <= set(model.responsibility), draft.id
        assert set(draft.services) <= set(model.service), draft.id
        assert draft.area is None or draft.area in model.area, draft.id
        assert explain(model, draft.explain)


def test_ids_are_unique() -> None:
    assert len({draft.id for draft in drafts()}) == len(drafts())


def test_no_two_questions_share_their_text() -> None:
    texts = Counter(" ".join(draft.text.lower().split()) for draft in drafts())
    assert not {text: times for text, times in texts.items() if times > 1}


def test_where_a_setting_decides_no_party_alone_is_right(model: Model) -> None:
    decided = unsettled(model)
    for draft in drafts():
        if DEPENDS in draft.wrong and draft.form != "setting told":
            services = draft.services or tuple(model.service)
            told = {(id_, service) for id_ in draft.responsibilities for service in services}
            assert not told & decided, draft


def test_no_answer_is_never_right() -> None:
    """What stands among the choices of many questions alike is right in some: nobody may strike it out unread."""
    for alike in ({"who", "layer", "setting"}, {"area"}, {"proof"}):
        asked = [draft for draft in drafts() if draft.id.split(":")[0] in alike]
        offered = Counter(choice for draft in asked for choice in draft.wrong)
        never = set(offered) - {draft.right for draft in asked}
        assert not {choice for choice in never if offered[choice] > len(asked) / 10}, alike


def test_all_kinds_areas_services_and_responsibilities_are_asked_about(model: Model) -> None:
    assert {draft.kind for draft in drafts()} == set(KINDS) - {"estate"}
    assert {s.id for s in model.exam.scenarios} == {d.id[9:] for d in drafts() if d.kind == "scenario"}
    assert set(model.responsibility) == {id_ for draft in drafts() for id_ in draft.responsibilities}
    assert set(model.service) == {id_ for draft in drafts() for id_ in draft.services}
    areas = Counter(draft.area for draft in drafts())
    assert all(areas[area] >= 3 * LEAST for area in model.area), areas


class Case(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    text: str
    right: str


CASES = read(Path(__file__).parent / "cases" / "questions.yaml", list[Case])


@each("case", CASES, ids=lambda case: case.id)
def test_questions_read_so(case: Case) -> None:
    draft = by_id()[case.id]
    assert (draft.text, draft.right) == (case.text, case.right)


def test_every_family_has_a_case() -> None:
    assert {case.id.split(":")[0] for case in CASES} == set(families())

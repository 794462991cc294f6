"""Whose job is it: questions as people ask them, held to their answers and to what the model says elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.base import documents
from demarcate.model import ModelError, Service, Verdict, load, matrix, shift, who
from demarcate.model.terms import mended, stems_of
from tests.each import each

MODEL = load()


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ask: str
    party: Verdict
    fine: tuple[Verdict, ...] = ()
    first: tuple[str, ...] = ()


ASKED = documents.read(Path(__file__).parent / "asked.yaml", tuple[Asked, ...])
OTHER = {"aws": "customer", "customer": "aws"}


def test_nearly_all_questions_have_their_answer_first() -> None:
    """No ranking of free words finds all of them; which it misses is told."""
    missed = []
    for asked in ASKED:
        answer = who(MODEL, asked.ask)
        first = answer.matches[0].responsibility.id if answer.matches else ""
        if answer.party not in (asked.party, *asked.fine) or (asked.first and first not in asked.first):
            missed.append(f"{asked.ask}: {answer.party}, {first}")
    assert len(missed) <= 0.06 * len(ASKED), "\n".join(missed)


@each("asked", [a for a in ASKED if a.party == "none"], ids=lambda asked: asked.ask)
def test_what_nobody_can_answer_has_no_answer(asked: Asked) -> None:
    assert who(MODEL, asked.ask).party == "none"


@pytest.mark.parametrize(
    ("question", "named"),
    [("who patches chime", "Amazon Chime"), ("azure active directory", "Microsoft Azure")],
)
def test_what_the_model_lacks_is_named(question: str, named: str) -> None:
    answer = who(MODEL, question)
    assert (answer.party, answer.matches, answer.elsewhere) == ("none", (), (named,))


def test_a_setting_that_decides_is_the_answer_unless_it_is_told() -> None:
    answer = who(MODEL, "who applies minor versions of the engine")
    assert (answer.party, answer.depends) == ("depends", "whether automatic minor version upgrades are on")
    assert who(MODEL, "redshift with automatic version upgrade switched off").party == "customer"


# The account is named by a word that any question may have.
@pytest.mark.parametrize(
    "service", [s for s in MODEL.services if s.id != "account"], ids=lambda service: service.id
)
def test_who_patches_a_service_is_as_its_layers_say(service: Service) -> None:
    """The matrix, the pictures and the exam are made of the same layers."""
    answer = who(MODEL, f"who patches {service.name}")
    layers = [layer for kind in shift(MODEL) if service in kind.services for layer in kind.layers]
    owners = {layer.services[service.id] for layer in layers if layer.topic in ("operating-system", "engine")}
    first = answer.matches[0].responsibility
    rows = matrix(MODEL, service=service.id)
    assert first in [r for row in rows for r in (row.aws if first.party == "aws" else row.customer)]
    assert owners - {"nobody"} != {OTHER.get(answer.party)}, (answer.party, owners)


def test_what_depends_on_a_setting_has_one() -> None:
    for depends in MODEL.asking.answers.depends:
        for id_ in (*depends.aws, *depends.customer):
            assert MODEL.responsibility[id_].when, f"{id_} is said to depend on {depends.on}"


@given(st.sampled_from(ASKED), st.data())
def test_a_typing_error_never_names_the_other_party(asked: Asked, data: st.DataObject) -> None:
    """Two letters of one long word change places."""
    words = asked.ask.split()
    long = [place for place, word in enumerate(words) if len(word) > 7 and word.isalpha()]
    if long and asked.party in OTHER:
        place = data.draw(st.sampled_from(long))
        at = data.draw(st.integers(1, len(words[place]) - 3))
        word = words[place]
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        before, after = who(MODEL, asked.ask).party, who(MODEL, " ".join(words)).party
        assert after != OTHER.get(before), " ".join(words)


def test_a_question_without_end_is_answered_by_its_beginning() -> None:
    endless = " ".join(f"word{number}" for number in range(100_000))
    assert who(MODEL, f"patch the rds engine {endless}").party in ("none", "aws")


def test_short_words_are_mended_only_by_their_own_letters() -> None:
    assert mended("roof", ["root"]) is None
    assert mended("kyes", ["keys"]) == "keys"
    assert mended("kuberntes", ["kubernetes", "instances"]) == "kubernetes"


def test_words_have_the_stems_of_the_index() -> None:
    assert len(set(stems_of(["rotate", "rotates", "rotating", "rotation"]).values())) == 1
    assert stems_of([]) == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("asking/phrases.yaml", "patch-management.patch-rds-custom:", "patch-management.none:", "does not exist"),
        ("asking/answers.yaml", "whole: [patch-management.patch-guest-os", "whole: [a.b", "'a.b', which does not"),
        (
            "asking/answers.yaml",
            "aws: encryption.offer-service-encryption",
            "aws: encryption.rotate-keys",
            "side of",
        ),
        ("asking/answers.yaml", "services: [opensearch, elasticache]", "services: [opensaerch]", "'opensaerch'"),
        ("asking/words.yaml", "areas: [patch-management]", "areas: [patching]", "'patching'"),
        ("asking/elsewhere.yaml", "name: AWS IoT", "nmae: AWS IoT", "elsewhere.yaml"),
    ],
)
def test_broken_words_are_named(
    edited: Callable[[str, str, str], Path], file: str, old: str, new: str, expected: str
) -> None:
    folder = edited(file, old, new)
    with pytest.raises((ModelError, documents.DocumentError), match=expected):
        load(folder)

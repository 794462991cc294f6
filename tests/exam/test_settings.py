"""A setting puts a job on one side of the line: no resource is on both, and some are on each."""

from __future__ import annotations

import re

import pytest

from demarcate.exam.parties import Setting, settings
from demarcate.exam.wording import setting
from demarcate.model import Model


@pytest.mark.parametrize("given", settings(), ids=lambda given: given.id)
def test_sides_are_of_their_party(model: Model, given: Setting) -> None:
    assert {model.responsibility[id_].party for id_ in given.aws} == {"aws"}
    assert {model.responsibility[id_].party for id_ in given.customer} == {"customer"}
    assert given.ask.startswith("Who ")
    assert given.ask.endswith("?")
    for table in given.tables:
        parties = {responsibility.party for responsibility, _, when in given.sides(model) if when.table == table}
        assert parties == {"aws", "customer"}, f"{table} has one side only"


@pytest.mark.parametrize("given", settings(), ids=lambda given: given.id)
def test_what_is_told_of_a_setting_does_not_tell_whose_job_it_is(model: Model, given: Setting) -> None:
    for responsibility, _, when in given.sides(model):
        told = setting(when.because)
        assert told.endswith(".")
        assert len(told) > 15
        assert not re.search(
            r"\b(AWS (has|runs|builds|rolls|can)|you|yours is|is yours|so|where|whose)\b", told
        ), told
        assert responsibility.title not in told

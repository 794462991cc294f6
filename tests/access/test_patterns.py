"""What two texts with wildcards share, and whether one covers the other, against what short texts tell."""

from __future__ import annotations

import itertools
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.access.patterns import covers, matching, sample, shared

TEXTS = st.text("ab*?", max_size=5)
WORDS = ["".join(letters) for size in range(7) for letters in itertools.product("abc", repeat=size)]


def language(text: str) -> set[str]:
    expression = re.compile(text.replace("*", ".*").replace("?", "."))
    return {word for word in WORDS if expression.fullmatch(word)}


@settings(max_examples=120)
@given(TEXTS, TEXTS)
def test_what_two_texts_share(left: str, right: str) -> None:
    both = shared(left, right)
    if both is None:
        assert not language(left) & language(right)
    else:
        assert matching(left)(both) and matching(right)(both)


@settings(max_examples=120)
@given(TEXTS, TEXTS)
def test_whether_one_covers_the_other(wide: str, narrow: str) -> None:
    if covers(wide, narrow):
        assert language(narrow) <= language(wide)
    else:
        assert language(narrow) - language(wide)


@settings(max_examples=40)
@given(TEXTS)
def test_a_sample_is_one(text: str) -> None:
    assert matching(text)(sample(text)) and matching(text)(sample(text, ""[:1] or "z"))

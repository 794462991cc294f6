"""Filter patterns and log events of somebody else's, and texts in which secrets are looked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from demarcate.base.documents import read
from demarcate.base.filter_pattern import Event
from demarcate.base.filter_syntax import MAX_LENGTH, PatternError, parse, written
from demarcate.estate.schema.alarm_events import events_matched, samples
from demarcate.estate.schema.secrets import NOT_KEPT, is_secret, plaintext_secrets, secrets_in, without_secrets
from fuzz import texts
from fuzz.inputs import Input

CASES = Path(__file__).parent.parent / "tests"
NAMES = ("DB_PASSWORD", "API_KEY", "TOKEN_URL", "STAGE", "secret", "")


def prepare() -> None:
    """Read what inputs are made from."""
    _patterns()
    _texts()


def make(random: Random) -> Input:
    """A pattern and an event, of which each may be damaged, and a name."""
    pattern, text = random.choice(_patterns()), random.choice(_texts())
    if random.random() < 0.7:
        pattern = texts.damaged(random, pattern, _patterns())
    if random.random() < 0.5:
        text = texts.damaged(random, text, _texts())
    return {"pattern": pattern[:20_000], "text": text[:20_000], "name": random.choice(NAMES).encode()}


def run(given: Input, folder: Path) -> None:
    """Read the pattern and match it, and look for secrets in the text."""
    pattern, text, name = (_text(given, key) for key in ("pattern", "text", "name"))
    try:
        read_pattern = parse(pattern)
    except PatternError as error:
        assert 0 <= error.position <= max(len(pattern), MAX_LENGTH)
    else:
        assert read_pattern.matches(Event(text)) in (True, False)
        again = written(read_pattern)
        assert len(again) > MAX_LENGTH or parse(again) == read_pattern, "it is written as something else"
        events_matched(pattern)
    if is_secret(name, text) is True:
        assert plaintext_secrets({name: text}) == [name]
        assert without_secrets({name: text}) == {name: NOT_KEPT}, "a secret is kept"
    assert not secrets_in(text) or without_secrets([text]) == [NOT_KEPT]


def _text(given: Input, key: str) -> str:
    raw = given[key]
    assert isinstance(raw, bytes)
    return raw.decode(errors="replace")


@cache
def _cases(name: str) -> dict[str, Any]:
    return read(CASES / name, dict[str, Any])


@cache
def _patterns() -> list[bytes]:
    cases, alarms = _cases("base/filter_patterns.yaml"), _cases("estate/alarm_patterns.yaml")
    made = [case["pattern"] for group in ("matches", "refused") for case in cases[group]]
    made += [pattern for patterns in alarms["whole"].values() for pattern in patterns]
    return [pattern.encode() for pattern in made]


@cache
def _texts() -> list[bytes]:
    secrets = _cases("estate/secrets.yaml")
    made = [*_cases("base/filter_patterns.yaml")["json"].values(), *secrets["anywhere"]]
    made += [case["text"] for case in secrets["texts"]]
    made += ["".join(map(str, parts)) for parts in secrets["forms"].values()]
    made += [events[0].text for events in samples().values()]
    return [text.encode() for text in made]

"""From what people type to terms that can be compared: stems, one term for one meaning, typing errors mended."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing

import msgspec

_WORD = re.compile(r"[a-z0-9]+")
_APOSTROPHE = re.compile(r"[’'](s|t|re|ve|ll|d|m)\b")


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text in order, in lower case and without accents.

    >>> tokens("Who hasn't patched Amazon's café?")
    ('who', 'hasnt', 'patched', 'amazon', 'cafe')
    """
    plain = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return tuple(_WORD.findall(_APOSTROPHE.sub(lambda ending: "" if ending[1] == "s" else ending[1], plain)))


def stems_of(words: Iterable[str]) -> dict[str, str]:
    """Each word's stem by SQLite's porter tokenizer, which the ranking's index has as well.

    >>> stems_of(["patches", "patching", "policy", "policies"])
    {'patches': 'patch', 'patching': 'patch', 'policy': 'polici', 'policies': 'polici'}
    """
    distinct = list(dict.fromkeys(words))
    if not distinct:
        return {}
    import sqlite3

    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE word USING fts5(text, tokenize = 'porter unicode61')")
        connection.execute("CREATE VIRTUAL TABLE stem USING fts5vocab(word, 'instance')")
        connection.executemany("INSERT INTO word(rowid, text) VALUES (?, ?)", enumerate(distinct))
        stems: dict[int, str] = dict(connection.execute("SELECT doc, term FROM stem"))
    return {word: stems[number] for number, word in enumerate(distinct)}


class Phrase(msgspec.Struct, frozen=True):
    """Words that stand beside one another, each by its stem, or as it is written where it begins with '='."""

    parts: tuple[str, ...]
    means: tuple[str, ...]


class Phrases(msgspec.Struct, frozen=True):
    """Phrases by their first part, the longest first."""

    by_first: dict[str, tuple[Phrase, ...]]

    def at(self, words: Sequence[str], stems: Sequence[str], place: int) -> Phrase | None:
        """The longest phrase that begins at a place of a text."""
        starts = (*self.by_first.get("=" + words[place], ()), *self.by_first.get(stems[place], ()))
        for phrase in sorted(starts, key=lambda phrase: -len(phrase.parts)):
            size = len(phrase.parts)
            here = zip(phrase.parts, words[place : place + size], stems[place : place + size], strict=False)
            if place + size <= len(words) and all(part in ("=" + word, stem) for part, word, stem in here):
                return phrase
        return None


def phrases_of(means: Mapping[str, Iterable[str]], stems: Mapping[str, str]) -> Phrases:
    """Phrases from texts: for each text the names that it means. A word after '=' is compared as it is written."""
    by_first: dict[str, list[Phrase]] = {}
    for text, names in means.items():
        exact = text.startswith("=")
        parts = tuple(f"={word}" if exact else stems[word] for word in tokens(text))
        if parts:
            by_first.setdefault(parts[0], []).append(Phrase(parts, tuple(dict.fromkeys(names))))
    return Phrases({part: tuple(some) for part, some in by_first.items()})


def mended(word: str, known: Sequence[str]) -> str | None:
    """The known word of which this one is a typing error, if there is one near enough.

    Short words must have the same letters, or one too many or too few: "roof" is no "root".
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if len(word) < 4 or word.isdigit():
        return None
    furthest = 2 if len(word) >= 7 else 1
    near = process.extract(word, known, scorer=OSA.distance, score_cutoff=furthest, limit=8)
    for name, distance, _ in near:
        if len(name) < 3 or (distance == 2 and name[0] != word[0]):
            continue
        if len(word) > 5 or len(name) != len(word) or sorted(name) == sorted(word):
            return str(name)
    return None

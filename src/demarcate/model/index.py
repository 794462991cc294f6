"""What `who` looks through: how each responsibility is spoken of, in terms that a question can be compared with.

It follows from the model alone, so that it is made once and kept in the cache.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import msgspec

from demarcate.base import cache
from demarcate.model.structs import Model, Responsibility, Service
from demarcate.model.terms import Phrases, mended, phrases_of, stems_of, tokens

LONGEST = 200
"""How many words of a question are read: what is longer is no question."""

_JOINED = re.compile(r", | or ")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a text says: its terms in order, and the names in it.

    `services` are named, `hints` meant by a word of everyday ("database"); `everyday` are terms that lead out of
    computing, `elsewhere` what the model draws no line of, `cues` whose half is asked for.
    """

    terms: tuple[str, ...]
    services: frozenset[str]
    hints: frozenset[str]
    everyday: frozenset[str]
    elsewhere: tuple[str, ...]
    cues: frozenset[str]


class Spoken(msgspec.Struct, frozen=True):
    """One way to speak of a responsibility: terms, and the services that it names."""

    terms: frozenset[str]
    services: frozenset[str]


class Entry(msgspec.Struct, frozen=True):
    """A responsibility's terms: what it is called, and what else its description says; and the ways to speak of it."""

    id: str
    called: frozenset[str]
    described: frozenset[str]
    spoken: tuple[Spoken, ...]


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All words of the model and of those who ask, with what they mean."""

    stems: dict[str, str]
    concepts: Phrases
    services: Phrases
    generic: Phrases
    everyday: frozenset[str]
    elsewhere: Phrases
    cues: Phrases
    filler: frozenset[str]
    verbs: dict[str, tuple[str, ...]]
    whose: frozenset[str]
    parts: frozenset[str]
    terms: tuple[str, ...]
    """The words that a typing error may have been meant for."""

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.stems.values())

    def read(self, text: str) -> Reading:
        """What the first words of a text say, with typing errors mended."""
        words = list(tokens(text)[:LONGEST])
        new = stems_of(word for word in words if word not in self.stems)
        for place, word in enumerate(words):
            if word in new and new[word] not in self._known:
                words[place] = mended(word, self.terms) or word
        return self._read(words, [self.stems.get(word) or new[word] for word in words])

    def _read(self, words: list[str], stems: list[str]) -> Reading:
        named = dict(_spots(self.services, words, stems))
        hints = [name for _, (_, means) in _each(self.generic, words, stems) for name in means]
        cues = [name for _, (_, means) in _each(self.cues, words, stems) for name in means]
        terms: list[str] = []
        everyday: set[str] = set()
        elsewhere: list[str] = []
        taken = {place + more for place, (size, _) in named.items() for more in range(size)}
        place = 0
        while place < len(words):
            other = self.elsewhere.at(words, stems, place)
            concept = self.concepts.at(words, stems, place)
            if other is not None and place not in taken:
                elsewhere += other.means
                place += len(other.parts)
                continue
            alone = concept is not None and all(place + more in taken for more in range(len(concept.parts)))
            if concept is not None and not alone:
                terms += concept.means
                place += len(concept.parts)
                continue
            strange_number = words[place].isdigit() and (len(words[place]) < 3 or words[place] not in self.stems)
            if place not in taken and not _among(words[place], self.filler) and not strange_number:
                terms.append(stems[place])
                if _among(words[place], self.everyday):
                    everyday.add(stems[place])
            place += 1
        return Reading(
            terms=tuple(dict.fromkeys(terms)),
            services=frozenset(name for _, means in named.values() for name in means),
            hints=frozenset(hints),
            everyday=frozenset(everyday),
            elsewhere=tuple(dict.fromkeys(elsewhere)),
            cues=frozenset(cues),
        )


def _among(word: str, words: frozenset[str]) -> bool:
    """Whether a word is one of these, or the plural of one."""
    return word in words or (len(word) > 3 and word.removesuffix("s") in words)


def _each(
    phrases: Phrases, words: list[str], stems: list[str]
) -> Iterator[tuple[int, tuple[int, tuple[str, ...]]]]:
    """Each place where a phrase begins, with how many words it has and what it means."""
    for place in range(len(words)):
        phrase = phrases.at(words, stems, place)
        if phrase is not None:
            yield place, (len(phrase.parts), phrase.means)


def _spots(
    phrases: Phrases, words: list[str], stems: list[str]
) -> Iterator[tuple[int, tuple[int, tuple[str, ...]]]]:
    """As `_each`, but none within another."""
    free = 0
    for place, (size, means) in _each(phrases, words, stems):
        if place >= free:
            free = place + size
            yield place, (size, means)


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """The vocabulary, and an entry for each responsibility in the model's order."""

    vocabulary: Vocabulary
    entries: tuple[Entry, ...]


def index_of(model: Model) -> Index:
    """The index of a model, kept between runs."""
    code = (path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    key = cache.fingerprint([msgspec.msgpack.encode(model), *code])
    return cache.cached("who", key, Index, lambda: _make(model))


def _make(model: Model) -> Index:
    vocabulary = _vocabulary(model)
    return Index(
        vocabulary=vocabulary, entries=tuple(_entry(model, vocabulary, r) for r in model.responsibilities)
    )


def _vocabulary(model: Model) -> Vocabulary:
    asking = model.asking.words
    names: dict[str, list[str]] = {}
    generic: dict[str, list[str]] = {}
    for service in model.services:
        for name in _names(service):
            (generic if name in asking.generic else names).setdefault(name, []).append(service.id)
    concepts = {word: [concept.id] for concept in asking.concepts for word in concept.words}
    cues = {word: [party] for party in ("aws", "customer") for word in getattr(asking.cues, party)}
    elsewhere = {word: [other.name] for other in model.asking.elsewhere for word in other.words}
    spoken = [text for r in model.responsibilities for text in _said(model, r)]
    written = [text for r in model.responsibilities for text in (r.description, r.why)]
    apart = [word for text in (*asking.filler, *asking.parts) for word in tokens(text)]
    technical = [
        word
        for text in (*asking.filler, *names, *generic, *concepts, *spoken, *elsewhere)
        for word in tokens(text)
    ]
    stems = stems_of(
        [*technical, *apart, *(w for text in (*written, *cues, *asking.everyday) for w in tokens(text))]
    )
    plain = {*asking.everyday, *(word for text in asking.filler for word in tokens(text) if len(word) < 6)}
    vocabulary = Vocabulary(
        stems=stems,
        concepts=phrases_of(concepts, stems),
        services=phrases_of(names, stems),
        generic=phrases_of(generic, stems),
        everyday=frozenset(asking.everyday),
        elsewhere=phrases_of(elsewhere, stems),
        cues=phrases_of(cues, stems),
        filler=frozenset(word for text in asking.filler for word in tokens(text)),
        whose=frozenset(concept.id for concept in asking.concepts if concept.whose),
        parts=frozenset(),
        verbs={concept.id: concept.areas for concept in asking.concepts if concept.verb},
        terms=tuple(dict.fromkeys(word for word in technical if len(word) > 2 and word not in plain)),
    )
    parts = (term for text in asking.parts for term in vocabulary.read(text).terms)
    return msgspec.structs.replace(vocabulary, parts=frozenset(parts))


def _names(service: Service) -> Iterator[str]:
    name = service.name.lower()
    yield from dict.fromkeys(
        (name, name.removeprefix("amazon ").removeprefix("aws "), service.id.replace("-", " "))
    )
    yield from service.aliases


def _said(model: Model, item: Responsibility) -> Iterable[str]:
    """The ways to speak of a responsibility: also by the layer of a service that it is about."""
    layers = [topic.title for topic in model.topics if item.id in (*topic.aws, *topic.customer)]
    named = [name for title in layers for name in (title, *_JOINED.split(title))]
    return (item.title.removeprefix("AWS "), *item.keywords, *model.asking.phrases.get(item.id, ()), *named)


def _entry(model: Model, vocabulary: Vocabulary, item: Responsibility) -> Entry:
    spoken = []
    for text in _said(model, item):
        reading = vocabulary.read(text)
        spoken.append(Spoken(frozenset(reading.terms), reading.services))
    called = frozenset(term for way in spoken for term in way.terms)
    described = frozenset(vocabulary.read(f"{item.description} {item.why}").terms)
    return Entry(item.id, called, described - called, tuple(dict.fromkeys(spoken)))

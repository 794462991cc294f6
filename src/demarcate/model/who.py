"""Whose job is it: the responsibilities that a question in free words means, and the party that owes them.

A question is read in terms (`index.py`). What it is about, the service that it names and the verb, which leads to an
area, are weighed apart; SQLite's full-text index ranks by bm25. Where too little of a question is understood, there
is no answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import closing
from typing import Literal

import msgspec

from demarcate.model.index import Entry, Index, Reading, index_of
from demarcate.model.structs import Both, Model, Party, Responsibility

Verdict = Literal["aws", "customer", "both", "depends", "none"]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A responsibility that a question may mean, with the other party's half."""

    responsibility: Responsibility
    counterparts: tuple[Responsibility, ...]
    score: float

    @property
    def aws(self) -> tuple[Responsibility, ...]:
        """AWS's half of the match."""
        return self._half("aws")

    @property
    def customer(self) -> tuple[Responsibility, ...]:
        """The customer's half of the match."""
        return self._half("customer")

    def _half(self, party: Party) -> tuple[Responsibility, ...]:
        return tuple(item for item in (self.responsibility, *self.counterparts) if item.party == party)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Who owes what a question asks for, and the responsibilities that it means, best first.

    `depends` names the setting that decides, where one does. With the party `none` there are no matches: `nearest`
    are what comes next, and `elsewhere` the services and platforms in the question that the model does not have.
    """

    party: Verdict
    matches: tuple[Match, ...] = ()
    depends: str = ""
    nearest: tuple[Match, ...] = ()
    elsewhere: tuple[str, ...] = ()


# How much of a question must be understood, in shares of the weight of its terms.
_UNDERSTOOD = 0.35
# What a term counts where only a description has it, and what one that nothing has.
_DESCRIBED, _STRANGE = 0.35, 0.5
# A verb says little of the thing; a service that is named is as good as a rare word.
_VERB, _NAMED = 0.45, 5.0
# A second answer as close as this may be the other half of the first; a phrase as near as this says the same.
_CLOSE, _SAME = 0.75, 0.75

# Most that is asked for is the customer's; cues say whose; and people of AWS are not meant where they are not named.
_OURS, _CUED, _OTHERS = 1.08, 1.3, 0.75
# More than any other score: what keeps a whole service patched, where no more is asked.
_WHOLE = 3.0

_OTHER: dict[Party, Party] = {"aws": "customer", "customer": "aws"}
Ranked = Sequence[tuple[Responsibility, float]]


def who(model: Model, question: str, *, limit: int | None = 10) -> Answer:
    """Who owes what a question in free words asks for."""
    index = index_of(model)
    reading = index.vocabulary.read(question)
    ranked = _rank(model, index, reading)
    matches = tuple(
        Match(responsibility=item, counterparts=model.counterparts(item), score=round(score, 3))
        for item, score in ranked[:limit]
        if score > 0
    )
    if not matches or not _understood(index, reading, ranked[0][0]):
        return Answer(party="none", nearest=matches[:3], elsewhere=reading.elsewhere)
    party, depends = _verdict(model, index, reading, ranked)
    return Answer(party=party, depends=depends, matches=matches)


def _weights(index: Index, terms: Iterable[str]) -> dict[str, float]:
    """How much each term tells of a responsibility: the fewer are called by it, the more."""
    total = len(index.entries)
    weights: dict[str, float] = {}
    for term in terms:
        called = sum(term in entry.called for entry in index.entries)
        described = called or any(term in entry.described for entry in index.entries)
        weight = (
            math.log(1 + total / (0.5 + called))
            if called
            else math.log(1 + total) * (1 if described else _STRANGE)
        )
        weights[term] = weight * (_VERB if term in index.vocabulary.verbs else 1)
    return weights


def _rank(model: Model, index: Index, reading: Reading) -> Ranked:
    """Every responsibility with its score, best first."""
    weights = _weights(index, reading.terms)
    total = sum(weights.values()) or 1.0
    matched = _bm25(index, reading.terms)
    verbs = {term for term in reading.terms if index.vocabulary.verbs.get(term)}
    areas = {area for verb in verbs for area in index.vocabulary.verbs[verb]}
    whole = _whole(model, index, reading)
    scored = []
    for entry in index.entries:
        item = model.responsibility[entry.id]
        called = sum(weights[term] for term in reading.terms if term in entry.called)
        described = sum(weights[term] for term in reading.terms if term in entry.described)
        near = _nearness(entry, reading, weights, total)
        score = (called + _DESCRIBED * described) / total + 1.2 * near
        score += 0.3 * matched.get(entry.id, 0.0)
        score *= _of_service(item, entry, reading, near)
        score *= _of_verb(item, entry, verbs, areas)
        score *= _OURS if item.party == "customer" else 1.0
        score *= _CUED if item.party in reading.cues else 1.0
        score *= (
            _OTHERS if entry.called & index.vocabulary.whose - {*reading.terms} and item.party == "aws" else 1.0
        )
        scored.append((item, score + (_WHOLE if entry.id == whole else 0.0)))
    ranked = sorted(scored, key=lambda pair: -pair[1])
    return ranked if whole else _yours_first(model, reading, ranked)


def _yours_first(model: Model, reading: Reading, ranked: Ranked) -> Ranked:
    """Of two halves of one answer that are as close, the customer's first: it is the one that can be acted on."""
    scores = {item.id: score for item, score in ranked}
    first, best = ranked[0]
    for both in model.asking.answers.both:
        if first.id == both.aws and scores[both.customer] >= _CLOSE * best and _fits(both, reading, scores, best):
            mine = [pair for pair in ranked if pair[0].id == both.customer]
            return [(mine[0][0], best), *(pair for pair in ranked if pair[0].id != both.customer)]
    return ranked


def _nearness(entry: Entry, reading: Reading, weights: Mapping[str, float], total: float) -> float:
    """How near the nearest way to speak of a responsibility is to the question, from 0 to 1."""
    nearest = 0.0
    asked = frozenset(reading.terms)
    for way in entry.spoken:
        common = sum(weights[term] for term in way.terms & asked)
        if way.services and not way.services & reading.services:
            common *= 0.6
        if not way.terms and way.services & reading.services and not asked:
            return 1.0
        if common:
            missing = sum(2.5 for term in way.terms - asked)
            nearest = max(nearest, common / (0.5 * total + 0.5 * (common + missing)))
    return nearest


def _of_service(item: Responsibility, entry: Entry, reading: Reading, near: float) -> float:
    """How much better or worse a responsibility fits for the services that the question names or hints at.

    What is asked for nearly in its words may be meant even so: a service is named for the place as well.
    """
    if item.services == "all":
        spoken = any(way.services & reading.services and way.terms & {*reading.terms} for way in entry.spoken)
        return 1.15 if spoken else 0.9 if reading.services else 1.0
    if reading.services:
        named = reading.services & {*item.services}
        return 1.1 + 0.25 / math.sqrt(len(item.services)) if named else 0.3 + 0.35 * near
    if reading.hints & {*item.services}:
        return 1.0 + 0.15 / math.sqrt(len(item.services))
    return 0.95


def _of_verb(item: Responsibility, entry: Entry, verbs: Set[str], areas: Set[str]) -> float:
    """How much better or worse a responsibility fits for what the question wants done."""
    if not verbs or verbs & entry.called:
        return 1.0
    return 0.85 if item.area in areas else 0.7


def _whole(model: Model, index: Index, reading: Reading) -> str | None:
    """What answers a question after a service as a whole, with no word of what in it."""
    more = {*reading.terms} - {"patch"} - index.vocabulary.parts
    if not reading.services or more or (reading.terms and "patch" not in reading.terms):
        return None
    asked = frozenset(reading.terms)
    for entry in index.entries:
        of_it = reading.services & {*model.responsibility[entry.id].services}
        if len(asked) > 1 and of_it and any(way.terms == asked for way in entry.spoken):
            return None  # it is asked for in its own words
    named = [model.responsibility[id_] for id_ in model.asking.answers.whole]
    if not reading.terms:  # what is called by the service's name alone
        alone = [
            model.responsibility[entry.id]
            for entry in index.entries
            if any(not way.terms and way.services & reading.services for way in entry.spoken)
        ]
        if alone:
            return min(alone, key=lambda item: item.party == "aws").id
    return next((r.id for r in named if r.services == "all" or reading.services & {*r.services}), None)


def _bm25(index: Index, terms: Iterable[str]) -> dict[str, float]:
    """The rank of each responsibility by SQLite's bm25 over its ways of being spoken of, the best being 1."""
    import sqlite3

    asked = " OR ".join(f'"{_token(term)}"' for term in terms)
    if not asked:
        return {}
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE entry USING fts5(id UNINDEXED, called, described)")
        connection.executemany(
            "INSERT INTO entry VALUES (?, ?, ?)",
            ((e.id, *(" ".join(map(_token, terms)) for terms in (e.called, e.described))) for e in index.entries),
        )
        query = "SELECT id, -bm25(entry, 0, 3, 1) FROM entry WHERE entry MATCH ?"
        scores: dict[str, float] = dict(connection.execute(query, (asked,)))
    best = max(scores.values(), default=1.0)
    return {id_: score / best for id_, score in scores.items()} if best > 0 else {}


def _token(term: str) -> str:
    """A term of several words as one."""
    return term.replace(" ", "_").replace("-", "_")


def _understood(index: Index, reading: Reading, best: Responsibility) -> bool:
    """Whether enough of the question is understood, and by the best answer."""
    if reading.elsewhere and not reading.services:
        return False
    entry = next(entry for entry in index.entries if entry.id == best.id)
    weights = _weights(index, reading.terms)
    asked = sum(weights.values())
    got = sum(weights[term] for term in reading.terms if term in entry.called)
    got += _DESCRIBED * sum(weights[term] for term in reading.terms if term in entry.described)
    things = {term for term in reading.terms if term not in index.vocabulary.verbs}
    if (
        len(reading.everyday - entry.called) * 2 >= max(1, len(things & entry.called))
        and reading.everyday - entry.called
    ):
        return False
    if not reading.services and not things & entry.called:
        return not things and _nearness(entry, reading, weights, asked or 1.0) >= _SAME
    named = _NAMED if best.services != "all" and reading.services & {*best.services} else 0.0
    return got + named >= _UNDERSTOOD * (asked + named)


def _verdict(model: Model, index: Index, reading: Reading, ranked: Ranked) -> tuple[Verdict, str]:
    """The party that owes the best answer, or both, or what it depends on."""
    first, best = ranked[0]
    if not reading.terms and not reading.cues:  # a service and no word of what in it
        return "both", ""
    scores = {item.id: score for item, score in ranked}
    called = {entry.id: entry.called for entry in index.entries}
    for depends in model.asking.answers.depends:
        halves = {"aws": depends.aws, "customer": depends.customer}
        other = halves[_OTHER[first.party]]
        others = {term for id_ in other for term in called[id_]}
        told = called[first.id].intersection(reading.terms) - others
        if first.id in halves[first.party] and not told and any(scores[id_] > 0.35 * best for id_ in other):
            return "depends", depends.on
    if any(
        _fits(both, reading, scores, best)
        for both in model.asking.answers.both
        if first.id in (both.aws, both.customer)
    ):
        return "both", ""
    return first.party, ""


def _fits(both: Both, reading: Reading, scores: Mapping[str, float], best: float) -> bool:
    """Whether two halves of one answer are meant: the question has a service or word of theirs, or means both."""
    if both.services and not reading.services & {*both.services}:
        return False
    if both.whole:
        return not {*reading.terms} - {"patch"}
    if both.words:
        close = min(scores[both.aws], scores[both.customer]) >= _CLOSE * best
        return close and bool({*both.words} & {*reading.terms})
    return True

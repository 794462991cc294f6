"""From the model and an estate to an exam: all questions that there are, and those that chance takes."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Sequence

from demarcate.base.errors import DemarcateError
from demarcate.exam import lines, matching, parties
from demarcate.exam.drafts import MOST_CHOICES, Draft
from demarcate.exam.structs import Exam, Question
from demarcate.model import Model


def all_drafts(model: Model) -> list[Draft]:
    """Everything that the model lets us ask, in order. Questions with too few wrong choices are left out."""
    made = (draft for family in (parties, lines, matching) for draft in family.drafts(model))
    return [draft for draft in made if len(draft.wrong) > 1]


def make_exam(
    model: Model,
    *,
    seed: int,
    number: int,
    area: str | None = None,
    service: str | None = None,
    estate: Sequence[Draft] = (),
    origin: str | None = None,
) -> Exam:
    """An exam of that many questions about an area and a service, or of as many as there are.

    Half of it asks about the estate, where that gives enough. The same arguments give the same exam. Raises
    DemarcateError where there is no question at all.
    """
    there = [
        draft
        for draft in (*estate, *all_drafts(model))
        if area in (None, draft.area) and (service is None or service in draft.services)
    ]
    if not there:
        raise DemarcateError(_nothing(model, area, service))
    chance = random.Random(seed)  # noqa: S311 - an exam is to be repeatable
    chosen = _choose(there, number, chance)
    return Exam(
        seed=seed,
        area=area,
        service=service,
        origin=origin,
        asked=number,
        questions=tuple(_question(draft, chance) for draft in chosen),
    )


def _nothing(model: Model, area: str | None, service: str | None) -> str:
    about = [model.area[area].title.lower()] if area else []
    about += [model.service[service].name] if service else []
    return f"there is no question about {' and '.join(about)}; leave out --area or --service"


def _choose(drafts: Sequence[Draft], number: int, chance: random.Random) -> list[Draft]:
    """As many drafts, each the one that repeats least of those before it."""
    left = list(drafts)
    chance.shuffle(left)
    if number >= len(left):
        return left
    repeats = _Repeats()
    # Nothing repeats less as the exam grows: so what was least and still is as it was, is least.
    heap = [(repeats.of(draft), place) for place, draft in enumerate(left)]
    heapq.heapify(heap)
    chosen: list[Draft] = []
    while len(chosen) < number:
        draft = left[heap[0][1]]
        now = repeats.of(draft), heap[0][1]
        if now > heap[0]:
            heapq.heapreplace(heap, now)
        else:
            heapq.heappop(heap)
            chosen.append(draft)
            repeats.add(draft)
    chance.shuffle(chosen)
    return chosen


def _half(draft: Draft) -> str:
    """Half of an exam asks about the estate, where there is one."""
    return "estate" if draft.kind == "estate" else "model"


class _Repeats:
    """How much a question would repeat what an exam has already."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str | None]] = Counter()

    def of(self, draft: Draft) -> tuple[int, ...]:
        """What it repeats, the most tiresome first."""
        counts = self._counts
        return (
            sum(counts["responsibility", id_] for id_ in draft.responsibilities),
            counts["half", _half(draft)],
            counts["kind", draft.kind],
            counts["form", draft.kind + draft.form],
            counts["area", draft.area],
            counts["resource", draft.resource] if draft.resource else 0,
        )

    def add(self, draft: Draft) -> None:
        """Count a question that was chosen."""
        self._counts.update(("responsibility", id_) for id_ in draft.responsibilities)
        self._counts.update(
            [
                ("half", _half(draft)),
                ("kind", draft.kind),
                ("form", draft.kind + draft.form),
                ("area", draft.area),
                ("resource", draft.resource),
            ]
        )


def _wrong(draft: Draft, chance: random.Random) -> list[str]:
    """Some wrong choices, near ones alone where there are enough.

    Chance says how many of them are longer than the right one, so that its length tells nothing.
    """
    number = min(MOST_CHOICES - 1, len(draft.wrong))
    near, far = list(draft.wrong[: draft.near]), list(draft.wrong[draft.near :])
    chance.shuffle(near)
    chance.shuffle(far)
    there = near if len(near) >= number else near + far
    longer = [choice for choice in there if len(choice) > len(draft.right)]
    others = [choice for choice in there if len(choice) <= len(draft.right)]
    wanted = max(min(chance.randint(0, number), len(longer)), number - len(others))
    return longer[:wanted] + others[: number - wanted]


def _question(draft: Draft, chance: random.Random) -> Question:
    """The question that a draft becomes once chance has taken wrong choices and put all in an order."""
    choices = [draft.right, *_wrong(draft, chance)]
    chance.shuffle(choices)
    return Question(
        id=draft.id,
        kind=draft.kind,
        area=draft.area,
        services=draft.services,
        text=draft.text,
        choices=tuple(choices),
        answer=choices.index(draft.right),
        explanation=draft.explanation,
        responsibilities=draft.responsibilities,
        explain=draft.explain,
        resource=draft.resource,
    )

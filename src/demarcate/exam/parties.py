"""Questions whose answer is a party: scenarios, jobs, settings, training topics, and who tells whom."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from demarcate.base.documents import read
from demarcate.exam.drafts import Draft
from demarcate.exam.wording import (
    AWS,
    CUSTOMER,
    DEPENDS,
    NOBODY,
    PARTIES,
    job,
    lowered,
    services_of,
    setting,
    whose,
)
from demarcate.model import Model, Party, Responsibility, Service, When

ALL_AWS = "AWS does all of it. Nothing of it is left to you."
ALL_CUSTOMER = "You do all of it. AWS has no part in it."
EACH_ITS_OWN = "Each party trains its own people"


class Setting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job that changes hands with a setting; `settings.yaml` says what each field holds."""

    id: str
    ask: str
    tables: tuple[str, ...]
    aws: tuple[str, ...]
    customer: tuple[str, ...]

    def sides(self, model: Model) -> Iterator[tuple[Responsibility, int, When]]:
        """Each responsibility with each of its conditions over the tables, and the condition's number."""
        for id_ in (*self.aws, *self.customer):
            for number, when in enumerate(model.responsibility[id_].when):
                if when.table in self.tables:
                    yield model.responsibility[id_], number, when


@cache
def settings() -> tuple[Setting, ...]:
    """The jobs that change hands with a setting."""
    return read(Path(__file__).parent / "settings.yaml", tuple[Setting, ...])


def drafts(model: Model) -> Iterator[Draft]:
    """All questions of this module."""
    yield from _scenarios(model)
    yield from _jobs(model)
    yield from _settings(model)
    yield from _training(model)
    yield from _communication(model)


def _scenarios(model: Model) -> Iterator[Draft]:
    for scenario in model.exam.scenarios:
        aws, customer = ([model.responsibility[id_] for id_ in half] for half in (scenario.aws, scenario.customer))
        if aws and customer:
            yield Draft(
                id=f"scenario:{scenario.id}",
                kind="scenario",
                form="scenario",
                area=customer[0].area,
                services=services_of([*aws, *customer]),
                text=scenario.question,
                right=scenario.answer,
                wrong=(ALL_AWS, ALL_CUSTOMER),
                explanation=f"{aws[0].why} {customer[0].why}",
                responsibilities=(*scenario.aws, *scenario.customer),
                explain=customer[0].id,
            )


def _jobs(model: Model) -> Iterator[Draft]:
    """Jobs that are the same party's whatever the settings are."""
    for responsibility in model.responsibilities:
        told = job(responsibility)
        if told is not None and not responsibility.when:
            yield Draft(
                id=f"who:{responsibility.id}",
                kind="who",
                form=f"job of {responsibility.party}",
                area=responsibility.area,
                services=services_of([responsibility]),
                text=f"Whose job is it to {told}?",
                right=PARTIES[responsibility.party],
                wrong=(other(responsibility.party), DEPENDS),
                explanation=whose(responsibility),
                responsibilities=(responsibility.id,),
                explain=responsibility.id,
            )


def other(party: Party) -> str:
    return CUSTOMER if party == "aws" else AWS


def _settings(model: Model) -> Iterator[Draft]:
    asked_already = {id_ for scenario in model.exam.scenarios for id_ in (*scenario.aws, *scenario.customer)}
    for case in settings():
        sides = list(case.sides(model))
        for responsibility, number, when in sides:
            service = _service(model, responsibility, when.table)
            yield Draft(
                id=f"setting:{case.id}:{responsibility.id.partition('.')[2]}:{number}",
                kind="who",
                form="setting told",
                area=responsibility.area,
                services=(service.id,),
                text=f"{service.name}. {setting(when.because)} {case.ask}",
                right=PARTIES[responsibility.party],
                wrong=(other(responsibility.party), NOBODY),
                explanation=f"{when.because} {responsibility.why}",
                responsibilities=(responsibility.id,),
                explain=responsibility.id,
            )
        # What a scenario answers for the ordinary case would seem to have two answers.
        if not asked_already & {*case.aws, *case.customer}:
            responsibility, _, when = sides[0]
            service = _service(model, responsibility, when.table)
            yield Draft(
                id=f"setting:{case.id}",
                kind="who",
                form="setting not told",
                area=responsibility.area,
                services=(service.id,),
                text=f"{service.name}. You know nothing of the settings. {case.ask}",
                right=DEPENDS,
                wrong=(f"{AWS}, whatever the settings are", f"{CUSTOMER}, whatever the settings are"),
                explanation=_both_sides(model, case),
                responsibilities=(*case.aws, *case.customer),
                explain=responsibility.id,
            )


def _both_sides(model: Model, case: Setting) -> str:
    """An example of each side: where the line runs is told by the resource's own row."""
    aws, customer = (
        next(when.because for r, _, when in case.sides(model) if r.party == party) for party in ("aws", "customer")
    )
    return f"One setting makes it AWS's: {aws} Another makes it yours: {customer}"


def _service(model: Model, responsibility: Responsibility, table: str) -> Service:
    """The first service of the table that the responsibility speaks of."""
    return next(s for s in model.services_of_table[table] if responsibility.covers(s.id))


def _training(model: Model) -> Iterator[Draft]:
    for topic in model.training.topics:
        answers = {(True, True): EACH_ITS_OWN, (True, False): "AWS alone", (False, True): "You alone"}
        right = answers[bool(topic.aws), bool(topic.customer)]
        both = (*topic.aws, *topic.customer)
        yield Draft(
            id=f"training:{topic.id}",
            kind="who",
            form="training",
            area="awareness-and-training",
            services=(),
            text=f"Who must train people for this topic: {lowered(topic.title)}?",
            right=right,
            wrong=tuple(answer for answer in answers.values() if answer != right),
            explanation=topic.reason or model.responsibility[both[-1]].why,
            responsibilities=both,
            explain=both[-1],
        )


def _communication(model: Model) -> Iterator[Draft]:
    ways: dict[Party, str] = {"aws": "From AWS to you", "customer": "From you to AWS"}
    for rule in model.communication:
        responsibility = model.responsibility[rule.responsibility]
        if "from AWS" not in rule.what:  # that would be the answer
            yield Draft(
                id=f"communication:{rule.id}",
                kind="who",
                form="communication",
                area=responsibility.area,
                services=services_of([responsibility]),
                text=f"In an incident, which way does this go? “{rule.what}”",
                right=ways[rule.sender],
                wrong=(ways[rule.recipient], "Neither way: each party keeps it to itself"),
                explanation=whose(responsibility),
                responsibilities=(responsibility.id,),
                explain=responsibility.id,
            )

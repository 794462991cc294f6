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
    PARTIES,
    job,
    lowered,
    services_of,
    setting,
    whose,
)
from demarcate.model import Model, Party, Responsibility, Service, When

EACH_ITS_OWN = "Each party trains its own people"
AWS_TRAINS, CUSTOMER_TRAINS = "AWS alone trains people for it", "The customer alone trains people for it"


class Setting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job that changes hands with a setting; `settings.yaml` says what each field holds."""

    id: str
    ask: str
    tables: tuple[str, ...]
    aws: tuple[str, ...]
    customer: tuple[str, ...]
    within: tuple[str, ...] = ()

    def sides(self, model: Model) -> Iterator[tuple[Responsibility, int, When]]:
        """Each responsibility with each of its conditions over the tables, and the condition's number."""
        for id_ in (*self.aws, *self.customer):
            for number, when in enumerate(model.responsibility[id_].when):
                if when.table in self.tables:
                    yield model.responsibility[id_], number, when


def unsettled(model: Model) -> set[tuple[str, str]]:
    """Each responsibility and service for which a setting says whose the job is: neither party alone is the answer."""
    return {
        (id_, service.id)
        for case in settings()
        for id_ in (*case.aws, *case.customer, *case.within)
        for service in model.services
        if all(any(model.responsibility[i].covers(service.id) for i in half) for half in (case.aws, case.customer))
        if model.responsibility[id_].covers(service.id)
    }


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
                wrong=scenario.wrong,
                explanation=f"{aws[0].why} {customer[0].why}",
                responsibilities=(*scenario.aws, *scenario.customer),
                explain=customer[0].id,
            )


def _jobs(model: Model) -> Iterator[Draft]:
    """Jobs that are the same party's whatever the settings are."""
    open_ = {id_ for id_, _ in unsettled(model)}
    for responsibility in model.responsibilities:
        told = job(responsibility)
        if told is not None and not responsibility.when and responsibility.id not in open_:
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
        told: set[str] = set()
        for responsibility, number, when in sides:
            service = _service(model, responsibility, when.table)
            text = f"{service.name}. {setting(when.because)} {case.ask}"
            if text in told:  # of an instance and of its cluster the same is said
                continue
            told.add(text)
            yield Draft(
                id=f"setting:{case.id}:{responsibility.id.partition('.')[2]}:{number}",
                kind="who",
                form="setting told",
                area=responsibility.area,
                services=(service.id,),
                text=text,
                right=PARTIES[responsibility.party],
                wrong=(other(responsibility.party), DEPENDS),
                explanation=f"{when.because} {responsibility.why}",
                responsibilities=(responsibility.id,),
                explain=responsibility.id,
            )
        # What a scenario answers for the ordinary case would seem to have two answers.
        if not asked_already & {*case.aws, *case.customer}:
            responsibility = sides[0][0]
            services = {s.id: s for r, _, when in sides for s in [_service(model, r, when.table)]}
            yield Draft(
                id=f"setting:{case.id}",
                kind="who",
                form="setting not told",
                area=responsibility.area,
                services=tuple(services),
                text=f"{' or '.join(s.name for s in services.values())}. {case.ask}",
                right=DEPENDS,
                wrong=(AWS, CUSTOMER),
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
        answers = {(True, True): EACH_ITS_OWN, (True, False): AWS_TRAINS, (False, True): CUSTOMER_TRAINS}
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

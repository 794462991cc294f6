"""Questions on where the line runs: layer by layer, from one service to another, and in each service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from demarcate.exam.drafts import Draft
from demarcate.exam.parties import other, unsettled
from demarcate.exam.wording import DEPENDS, PARTIES, job, lowered, named, whose
from demarcate.model import Model, Party, Responsibility, Service, ServiceType, shift
from demarcate.model.structs import Topic
from demarcate.model.words import words

_TYPES: dict[ServiceType, str] = {
    "infrastructure": "infrastructure, of which you run nearly all",
    "container": "a container service",
    "managed-platform": "a managed platform",
    "abstracted": "an abstracted service, of which you see only an interface",
}

_WHOSE: dict[Party, str] = {"aws": "AWS's", "customer": "your"}

Owners = Mapping[str, Mapping[str, Party]]
"""For each service and topic, the party that alone has all of it; what both have a part in is left out."""


def drafts(model: Model) -> Iterator[Draft]:
    """All questions of this module."""
    owners = owners_of(model)
    yield from _layers(model, owners)
    yield from _moves(model, owners)
    yield from _lines(model)
    yield from _sides(model)


def owners_of(model: Model) -> Owners:
    """Who alone owes each layer of the services that have layers.

    Of abstracted services only those that the model compares are here: in a control service nobody speaks of
    layers. Containers bring engines to a platform that has its own, so their engine has no one answer.
    """
    owners: dict[str, dict[str, Party]] = {}
    for type_ in shift(model):
        for service in type_.services:
            if type_.type == "abstracted" and not _compared(service):
                continue
            for layer in type_.layers:
                owes = layer.services[service.id]
                if (type_.type, layer.topic) != ("container", "engine") and (owes == "aws" or owes == "customer"):
                    owners.setdefault(service.id, {})[layer.topic] = owes
    return owners


def _compared(service: Service) -> bool:
    """Whether the document on which the model rests compares how it is patched."""
    return any(ref.startswith("patch-management/") for ref in service.document)


def patchers(model: Model, owners: Owners, service: Service) -> Iterator[tuple[Topic, Party, Responsibility]]:
    """Each layer that customers patch in some service, with who does so in this one, and what they owe.

    Layers of which a setting says it are left out.
    """
    open_ = unsettled(model)
    layers = owners.get(service.id, {})
    for topic in model.topics:
        if topic.area == "patch-management" and topic.customer and topic.id in layers:
            responsibility = half_of(model, topic, layers[topic.id], service)
            if (responsibility.id, service.id) not in open_:
                yield topic, layers[topic.id], responsibility


def half_of(model: Model, topic: Topic, party: Party, service: Service) -> Responsibility:
    """What a party owes of a layer in a service."""
    half = topic.aws if party == "aws" else topic.customer
    return next(r for id_ in half if (r := model.responsibility[id_]).covers(service.id))


def _layers(model: Model, owners: Owners) -> Iterator[Draft]:
    for service_id in owners:
        service = model.service[service_id]
        for topic, party, responsibility in patchers(model, owners, service):
            yield Draft(
                id=f"layer:{service.id}:{topic.id}",
                kind="who",
                form=f"layer of {party}",
                area=topic.area,
                services=(service.id,),
                text=f"{service.name}. Who keeps this layer patched: {lowered(topic.title)}?",
                right=PARTIES[party],
                wrong=(other(party), DEPENDS),
                explanation=f"{whose(responsibility)} {service.line}",
                responsibilities=(responsibility.id,),
                explain=responsibility.id,
            )


def _moves(model: Model, owners: Owners) -> Iterator[Draft]:
    """From a service whose system is yours to one whose system or engine is AWS's."""
    topics = {topic.id: topic for topic in model.topics}
    for before, old in owners.items():
        for after, new in owners.items():
            gained = [t for t in old if old[t] == "customer" and new.get(t) == "aws"]
            kept = [t for t in old if old[t] == "customer" and new.get(t) == "customer"]
            always = [t for t in old if old[t] == "aws" and new.get(t) == "aws"]
            # People move from machines to services, and from one container service to another.
            near = model.service[before].type == "infrastructure" or (
                model.service[before].type == model.service[after].type
            )
            if old.get("operating-system") != "customer" or not gained or not near:
                continue
            # The layers at which the line now runs are the hardest to tell.
            yield _move(model, before, after, topics, gained[-1], "aws", [*kept, *always])
            if kept:
                yield _move(model, before, after, topics, kept[0], "customer", [*gained, *always])


def _move(
    model: Model,
    before: str,
    after: str,
    topics: Mapping[str, Topic],
    name: str,
    party: Party,
    wrong: list[str],
) -> Draft:
    old, new = model.service[before], model.service[after]
    responsibility = half_of(model, topics[name], party, new)
    now = "is AWS's now" if party == "aws" else "stays yours"
    return Draft(
        id=f"move:{before}:{after}:{name}",
        kind="shift",
        form=now,
        area=topics[name].area,
        services=(before, after),
        text=f"Instead of {old.name} you now use {new.name}. Which of these was yours, and {now}?",
        right=topics[name].title,
        wrong=tuple(topics[topic].title for topic in wrong),
        explanation=f"{named(responsibility)} {new.line}",
        responsibilities=(responsibility.id,),
        explain=responsibility.id,
    )


def _lines(model: Model) -> Iterator[Draft]:
    for service in model.services:
        far = [s.line for s in model.services if s.type != service.type]
        yield Draft(
            id=f"line:{service.id}",
            kind="line",
            form="where",
            area=None,
            services=(service.id,),
            text=f"{service.name}. Where does the line run?",
            right=service.line,
            wrong=tuple(dict.fromkeys(line for line in far if line != service.line)),
            explanation=f"It is {_TYPES[service.type]}. The more of a service AWS runs, the higher the line.",
            responsibilities=(),
            explain=service.id,
        )


def _sides(model: Model) -> Iterator[Draft]:
    """Of several jobs of one area in one service, the one on that side of the line."""
    for service in model.services:
        others = set(model.service) - {service.id}
        jobs = {r.id: told for r in model.responsibilities if (told := _job_in(service, r, others))}
        for area in model.areas:
            here = [model.responsibility[id_] for id_ in jobs if model.responsibility[id_].area == area.id]
            for party, whose_job in _WHOSE.items():
                named = [r for r in here if r.party == party and r.services != "all"]
                if not named:
                    continue
                wrong = [jobs[r.id] for r in here if r.party != party]
                longest = max(map(len, wrong), default=0)
                right = min(named, key=lambda r: (len(jobs[r.id]) > longest, len(r.services)))
                yield Draft(
                    id=f"side:{service.id}:{right.id}",
                    kind="line",
                    form=f"job of {party}",
                    area=area.id,
                    services=(service.id,),
                    text=f"{service.name}, {lowered(area.title)}. Which of these is {whose_job} job?",
                    right=jobs[right.id],
                    wrong=tuple(wrong),
                    explanation=whose(right),
                    responsibilities=(right.id,),
                    explain=right.id,
                )


def _job_in(service: Service, responsibility: Responsibility, others: set[str]) -> str | None:
    """The job that a responsibility is in a service whatever the settings; None where it is none there.

    One that names one of the other services would not be taken to be of this one.
    """
    if responsibility.when or not responsibility.covers(service.id):
        return None
    told = None if others & set(words(responsibility.title)) else job(responsibility)
    return told and told[:1].upper() + told[1:]

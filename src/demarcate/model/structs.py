"""The types of the model: what the YAML files under `data/` may hold.

Every type is frozen and refuses unknown fields, so a typing slip in a data file is an error with its line.
`Model` holds everything. It can be written to and read from msgpack or JSON by msgspec as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

import msgspec

Party = Literal["aws", "customer"]
ServiceType = Literal["infrastructure", "container", "managed-platform", "abstracted"]
Cloud = Literal["IaaS", "CaaS", "PaaS", "FaaS", "SaaS"]
ProofKind = Literal["checks", "attestation", "training", "drill", "report"]

SERVICE_TYPES: tuple[ServiceType, ...] = ("infrastructure", "container", "managed-platform", "abstracted")
"""In the order in which the line rises: from what customers run almost whole to what they only call."""

Refs = tuple[str, ...]


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all items share: no unknown fields, no change after loading."""


class When(Item, frozen=True, kw_only=True):
    """For which rows of a table something holds: a SQL predicate over the row, and the reason in a sentence.

    The predicate keeps to three-valued logic: where a column is NULL, so is the answer.
    """

    table: str
    predicate: str = msgspec.field(name="is")
    because: str


class Area(Item, frozen=True, kw_only=True):
    """One of the six areas that both parties share."""

    id: str
    title: str
    order: int
    aws: str
    customer: str
    why: str
    document: Refs = ()


class Service(Item, frozen=True, kw_only=True):
    """An AWS service as the model speaks of it, and where the line runs in it.

    `tables` hold its resources. Two services may share a table (ECS on EC2 and on Fargate); then `when` says
    which of its rows belong to this one.
    """

    id: str
    name: str
    type: ServiceType
    cloud: Cloud
    aliases: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    arn_services: tuple[str, ...] = ()
    when: tuple[When, ...] = ()
    line: str
    document: Refs = ()
    sources: Refs = ()


class Proof(Item, frozen=True, kw_only=True):
    """What proves a responsibility. `ask` is what people are asked for; checks need none."""

    kind: ProofKind
    ask: str | None = None


class Responsibility(Item, frozen=True, kw_only=True):
    """One thing that one party must do in one area, for named services or for all.

    `when` narrows it to resources whose row meets a predicate: then it speaks of rows of those tables alone,
    and of a row that meets at least one of the predicates over its table. `counterpart` names the other
    party's half; after loading it is symmetric. `sources` are pages of AWS's that say so.
    """

    id: str
    party: Party
    title: str
    description: str
    why: str
    services: Literal["all"] | tuple[str, ...]
    when: tuple[When, ...] = ()
    proof: tuple[Proof, ...]
    controls: dict[str, tuple[str, ...]]
    tools: tuple[str, ...] = ()
    counterpart: tuple[str, ...] = ()
    document: Refs = ()
    sources: Refs = ()
    keywords: tuple[str, ...] = ()

    @property
    def area(self) -> str:
        """The id of its area: the first half of its own id."""
        return self.id.partition(".")[0]

    @property
    def oscal(self) -> Literal["provided", "responsibility"]:
        """The word for it in OSCAL's shared responsibility model."""
        return "provided" if self.party == "aws" else "responsibility"

    @property
    def proof_kinds(self) -> tuple[ProofKind, ...]:
        """The kinds of proof it needs, each once, in order."""
        return tuple(dict.fromkeys(proof.kind for proof in self.proof))

    def covers(self, service: str) -> bool:
        """Whether it speaks of a service, by name or because it speaks of all."""
        return self.services == "all" or service in self.services


class Tool(Item, frozen=True, kw_only=True):
    """A tool: what AWS does in it (`provides`), and what the customer must do to have the use of it (`owner`)."""

    id: str
    name: str
    purpose: str
    provides: str
    owner: str
    areas: tuple[str, ...]
    services: tuple[str, ...] = ()
    document: Refs = ()


class Practice(Item, frozen=True, kw_only=True):
    """A group of patching practices."""

    id: str
    title: str
    order: int
    responsibilities: tuple[str, ...]
    document: Refs = ()


class DriftStep(Item, frozen=True, kw_only=True):
    """A step of the drift loop; `next` leads on, and from the last step back to the first."""

    id: str
    title: str
    order: int
    next: tuple[str, ...]
    responsibilities: tuple[str, ...]
    document: Refs = ()


class Practices(Item, frozen=True, kw_only=True):
    """`practices.yaml`: how to patch, and how to keep a configuration from drifting."""

    groups: tuple[Practice, ...]
    drift: tuple[DriftStep, ...]


class TrainingResource(Item, frozen=True, kw_only=True):
    """Training that AWS offers, with AWS's own page for it."""

    id: str
    name: str
    purpose: str
    url: str
    document: Refs = ()


class TrainingTopic(Item, frozen=True, kw_only=True):
    """An awareness topic and who trains whom for it; where a half is empty, `reason` says why."""

    id: str
    title: str
    aws: tuple[str, ...]
    customer: tuple[str, ...]
    reason: str | None = None
    document: Refs = ()


class Training(Item, frozen=True, kw_only=True):
    """`training.yaml`."""

    resources: tuple[TrainingResource, ...]
    topics: tuple[TrainingTopic, ...]


class Communication(Item, frozen=True, kw_only=True):
    """Who tells whom what in an incident."""

    id: str
    sender: Party = msgspec.field(name="from")
    recipient: Party = msgspec.field(name="to")
    what: str
    responsibility: str
    document: Refs = ()


class ServiceLog(Item, frozen=True, kw_only=True):
    """A log of a service beside the calls of its API: whether it is on by itself, and what switches it on.

    `source` is the page of AWS's that says so.
    """

    service: str
    log: str
    default: Literal["on", "off"]
    switch: str
    source: str


class Tip(Item, frozen=True, kw_only=True):
    """A rule to remember."""

    id: str
    text: str
    responsibilities: tuple[str, ...]
    document: Refs = ()


class Scenario(Item, frozen=True, kw_only=True):
    """A question with its answer, answers that are wrong, and both halves of it."""

    id: str
    title: str
    question: str
    answer: str
    wrong: tuple[str, ...]
    aws: tuple[str, ...]
    customer: tuple[str, ...]
    document: Refs = ()


class Takeaway(Item, frozen=True, kw_only=True):
    """What to take away: of one area, or of all (`area` is None)."""

    id: str
    area: str | None
    text: str
    responsibilities: tuple[str, ...]
    document: Refs = ()


class Exam(Item, frozen=True, kw_only=True):
    """`exam.yaml`."""

    tips: tuple[Tip, ...]
    scenarios: tuple[Scenario, ...]
    takeaways: tuple[Takeaway, ...]


class QuickReference(Item, frozen=True, kw_only=True):
    """Both halves of an area in a line each."""

    area: str
    aws: str
    customer: str
    document: Refs = ()


class Half(Item, frozen=True, kw_only=True):
    """One party and its half of the collaboration."""

    title: str
    half: str
    document: Refs = ()


class Collaboration(Item, frozen=True, kw_only=True):
    """Two halves that meet in the shared areas and together make the outcome."""

    aws: Half
    customer: Half
    areas: tuple[str, ...]
    outcome: str
    document: Refs = ()


class Next(Item, frozen=True, kw_only=True):
    """Where to read on."""

    text: str
    document: Refs = ()


class Summary(Item, frozen=True, kw_only=True):
    """`summary.yaml`: the whole on one page."""

    overview: str
    overview_document: Refs = ()
    quick_reference: tuple[QuickReference, ...]
    collaboration: Collaboration
    next: Next


class Topic(Item, frozen=True, kw_only=True):
    """A layer over which the line moves: the responsibilities that either party can have in it."""

    id: str
    title: str
    area: str
    aws: tuple[str, ...]
    customer: tuple[str, ...]


class Concept(Item, frozen=True, kw_only=True):
    """Words that mean the same to those who ask. A verb leads to `areas`; by itself it says nothing of the thing.

    `whose` tells the people of one party from those of the other.
    """

    id: str
    words: tuple[str, ...]
    areas: tuple[str, ...] = ()
    verb: bool = False
    whose: bool = False


class Cues(Item, frozen=True, kw_only=True):
    """Words that say whose half is asked for."""

    aws: tuple[str, ...]
    customer: tuple[str, ...]


class Words(Item, frozen=True, kw_only=True):
    """`asking/words.yaml`: the words with which people ask."""

    concepts: tuple[Concept, ...]
    cues: Cues
    parts: tuple[str, ...]
    generic: tuple[str, ...]
    filler: tuple[str, ...]
    everyday: tuple[str, ...]


class Depends(Item, frozen=True, kw_only=True):
    """Responsibilities of which a resource's own setting says which holds; `on` names the setting."""

    on: str
    aws: tuple[str, ...]
    customer: tuple[str, ...]


class Both(Item, frozen=True, kw_only=True):
    """Two halves of one answer: in these services alone, where the question has one of these words, or where it is
    after the service as a `whole`.
    """

    aws: str
    customer: str
    services: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    whole: bool = False


class Answers(Item, frozen=True, kw_only=True):
    """`asking/answers.yaml`: where one party alone is not the answer."""

    depends: tuple[Depends, ...]
    both: tuple[Both, ...]
    whole: tuple[str, ...]


class Elsewhere(Item, frozen=True, kw_only=True):
    """A service or platform of which the model draws no line."""

    name: str
    words: tuple[str, ...]


class Asking(Item, frozen=True, kw_only=True):
    """`asking/`: what `who` knows of the way people ask. `phrases` are by responsibility."""

    words: Words
    phrases: dict[str, tuple[str, ...]]
    answers: Answers
    elsewhere: tuple[Elsewhere, ...]


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Who owes what: all of the model, as loaded and validated by `load`."""

    areas: tuple[Area, ...]
    services: tuple[Service, ...]
    responsibilities: tuple[Responsibility, ...]
    tools: tuple[Tool, ...]
    practices: Practices
    training: Training
    communication: tuple[Communication, ...]
    logging: tuple[ServiceLog, ...]
    exam: Exam
    summary: Summary
    topics: tuple[Topic, ...]
    asking: Asking

    @cached_property
    def responsibility(self) -> dict[str, Responsibility]:
        """Responsibilities by id."""
        return {item.id: item for item in self.responsibilities}

    @cached_property
    def owed(self) -> tuple[str, ...]:
        """The ids of what customers owe."""
        return tuple(item.id for item in self.responsibilities if item.party == "customer")

    @cached_property
    def service(self) -> dict[str, Service]:
        """Services by id."""
        return {item.id: item for item in self.services}

    @cached_property
    def area(self) -> dict[str, Area]:
        """Areas by id."""
        return {item.id: item for item in self.areas}

    @cached_property
    def tool(self) -> dict[str, Tool]:
        """Tools by id."""
        return {item.id: item for item in self.tools}

    @cached_property
    def services_of_table(self) -> dict[str, tuple[Service, ...]]:
        """For each table, the services whose resources it holds."""
        services: dict[str, tuple[Service, ...]] = {}
        for service in self.services:
            for table in service.tables:
                services[table] = (*services.get(table, ()), service)
        return services

    def counterparts(self, responsibility: Responsibility) -> tuple[Responsibility, ...]:
        """The other party's half of a responsibility."""
        return tuple(self.responsibility[id_] for id_ in responsibility.counterpart)

    def documented(self) -> Iterator[tuple[str, Refs]]:
        """Each item that answers statements of the source document: a name for it, and its refs."""
        groups: tuple[tuple[str, tuple[object, ...]], ...] = (
            ("area", self.areas),
            ("service", self.services),
            ("responsibility", self.responsibilities),
            ("tool", self.tools),
            ("practice", self.practices.groups),
            ("drift step", self.practices.drift),
            ("training resource", self.training.resources),
            ("training topic", self.training.topics),
            ("communication rule", self.communication),
            ("tip", self.exam.tips),
            ("scenario", self.exam.scenarios),
            ("takeaway", self.exam.takeaways),
            ("quick reference", self.summary.quick_reference),
            ("collaboration", (self.summary.collaboration.aws, self.summary.collaboration.customer)),
            ("collaboration", (self.summary.collaboration, self.summary.next)),
        )
        yield "overview", self.summary.overview_document
        for kind, items in groups:
            for item in items:
                name = getattr(item, "id", None) or getattr(item, "area", None) or "summary"
                yield f"{kind} {name}", getattr(item, "document", ())

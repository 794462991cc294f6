"""Whether a choice answers a question: looked up in the model anew, by nothing that makes questions."""

from __future__ import annotations

from collections.abc import Iterator

from demarcate.exam.drafts import Draft
from demarcate.exam.parties import AWS_TRAINS, settings
from demarcate.exam.wording import AWS, CUSTOMER, DEPENDS
from demarcate.model import Model, Responsibility

KIND_WORDS = {
    "checks": "check",
    "attestation": "attestation",
    "training": "Training",
    "drill": "drill",
    "report": "auditor",
}


class Oracle:
    """Answers of its own."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.titled = {r.title: r for r in model.responsibilities}
        self._jobs: dict[str, Responsibility] = {}
        assert len(self.titled) == len(model.responsibilities), "a title is no name if two have it"

    def right(self, draft: Draft, choice: str) -> bool:
        """Whether a choice is right."""
        family, *names = draft.id.split(":")
        return bool(getattr(self, f"_{family}")(draft, choice, *names))

    def _scenario(self, draft: Draft, choice: str, name: str) -> bool:
        scenario = next(s for s in self.model.exam.scenarios if s.id == name)
        return choice == scenario.answer and choice not in scenario.wrong

    def _who(self, draft: Draft, choice: str, id_: str) -> bool:
        responsibility = self.model.responsibility[id_]
        if choice == DEPENDS:
            return bool(responsibility.when)
        return choice == {"aws": AWS, "customer": CUSTOMER}[responsibility.party]

    def _setting(self, draft: Draft, choice: str, name: str, *which: str) -> bool:
        setting = next(s for s in settings() if s.id == name)
        parties = {self.model.responsibility[id_].party for id_ in (*setting.aws, *setting.customer)}
        if not which:
            return choice == DEPENDS and parties == {"aws", "customer"}
        slug, number = which
        owner = next(r for r in self._all([*setting.aws, *setting.customer]) if r.id.endswith(f".{slug}"))
        assert owner.when[int(number)].because.startswith(draft.text.split(". ")[1].rstrip("."))
        return choice == {"aws": AWS, "customer": CUSTOMER}[owner.party]

    def _layer(self, draft: Draft, choice: str, service: str, topic: str) -> bool:
        parties = self.parties_of(topic, service)
        return choice == {("aws",): AWS, ("customer",): CUSTOMER, ("aws", "customer"): DEPENDS}[tuple(parties)]

    def parties_of(self, topic: str, service: str) -> list[str]:
        """Who has a part of a layer in a service."""
        asked = next(t for t in self.model.topics if t.id == topic)
        halves = {"aws": asked.aws, "customer": asked.customer}
        return [party for party, half in halves.items() if any(r.covers(service) for r in self._all(half))]

    def _training(self, draft: Draft, choice: str, name: str) -> bool:
        topic = next(t for t in self.model.training.topics if t.id == name)
        if choice.startswith("Each"):
            return bool(topic.aws and topic.customer)
        return not topic.customer if choice == AWS_TRAINS else not topic.aws

    def _communication(self, draft: Draft, choice: str, name: str) -> bool:
        rule = next(c for c in self.model.communication if c.id == name)
        return choice == {"aws": "From AWS to you", "customer": "From you to AWS"}[rule.sender]

    def _move(self, draft: Draft, choice: str, before: str, after: str, _: str) -> bool:
        topic = next(t for t in self.model.topics if t.title == choice)
        now = "aws" if "AWS's" in draft.form else "customer"
        return self.parties_of(topic.id, before) == ["customer"] and self.parties_of(topic.id, after) == [now]

    def _line(self, draft: Draft, choice: str, name: str) -> bool:
        service = self.model.service[name]
        likes = {s.line for s in self.model.services if s.type == service.type}
        assert choice == service.line or choice not in likes, "services of one type have lines alike"
        return choice == service.line

    def _side(self, draft: Draft, choice: str, service: str, _: str) -> bool:
        if choice not in self._jobs:
            (self._jobs[choice],) = self.doing(choice)
        responsibility = self._jobs[choice]
        assert responsibility.covers(service)
        assert not responsibility.when
        return responsibility.party == ("aws" if "AWS's job" in draft.text else "customer")

    def doing(self, job: str) -> Iterator[Responsibility]:
        """The responsibilities whose title says the same as a job, but for who does it."""
        for responsibility in self.model.responsibilities:
            said = responsibility.title.split()
            if responsibility.party == "aws":
                said = said[1:]
            told = job.split()
            if len(said) == len(told) and all(map(_same, said, told)):
                yield responsibility

    def _half(self, draft: Draft, choice: str, of: str, _: str) -> bool:
        return self.titled[choice].id in self.model.responsibility[of].counterpart

    def _area(self, draft: Draft, choice: str, id_: str) -> bool:
        return choice == self.model.area[id_.split(".")[0]].title

    def _proof(self, draft: Draft, choice: str, id_: str) -> bool:
        kinds = [proof.kind for proof in self.model.responsibility[id_].proof]
        return any(KIND_WORDS[kind] in choice for kind in kinds)

    def _asked(self, draft: Draft, choice: str, _: str, kind: str) -> bool:
        asks = [proof.ask for proof in self.titled[choice].proof if proof.kind == kind]
        return any(ask is not None and ask in draft.text for ask in asks)

    def _tool(self, draft: Draft, choice: str, *_: str) -> bool:
        name, _comma, owner = choice.partition(", which ")
        tool = next(t for t in self.model.tools if t.name == name)
        set_up = "enable" in tool.owner or "create" in tool.owner or "switch it on" in tool.owner
        return f"“{tool.purpose}”" in draft.text and (not owner or (owner.startswith("you") and set_up))

    def _all(self, ids: tuple[str, ...] | list[str]) -> list[Responsibility]:
        return [self.model.responsibility[id_] for id_ in ids]


def _same(said: str, told: str) -> bool:
    """The same word, or a verb in its two forms: patches and patch, carries and carry."""
    said, told = said.lower(), told.lower()
    return said == told or (said.endswith("s") and said.startswith(told[:-1]))

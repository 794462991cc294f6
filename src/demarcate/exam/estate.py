"""Questions about the user's own estate: from the settings of its resources, and from what checks found."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from demarcate.checks.engine import judge
from demarcate.checks.judgement import Finding
from demarcate.exam.apart import Apart
from demarcate.exam.drafts import Draft
from demarcate.exam.lines import Owners, owners_of, patchers
from demarcate.exam.matching import strangers
from demarcate.exam.parties import Setting, other, settings
from demarcate.exam.wording import AWS, CUSTOMER, DEPENDS, PARTIES, ended, job, lowered, setting, whose
from demarcate.model import Model, Responsibility, When
from demarcate.posture.assessment import Assessment
from demarcate.posture.line import line_checks

MOST = 3
"""Of what one check or one condition found, so many resources become questions."""

LONGEST_NAME, LONGEST_REASON = 80, 240
"""How many characters of a name and of a finding stand in a question."""

MAY_STAY = "Nobody: it may stay as it is"


def drafts(assessment: Assessment, seed: int) -> list[Draft]:
    """Questions about an estate. Of many resources that would give the same question, the seed takes a few."""
    chance = random.Random(seed)  # noqa: S311 - an exam is to be repeatable
    made = [*_settings(assessment, chance), *_findings(assessment, chance)]
    # Of a resource that several checks found, the layers are asked once.
    return list({draft.id: draft for draft in made if len(draft.wrong) > 1}.values())


class _Few:
    """A few findings of each name, each as likely as any other."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._seen: dict[str, int] = {}
        self.kept: dict[str, list[Finding]] = {}

    def add(self, name: str, finding: Finding) -> None:
        """See one more."""
        kept, seen = self.kept.setdefault(name, []), self._seen.get(name, 0)
        self._seen[name] = seen + 1
        if seen < MOST:
            kept.append(finding)
        elif (place := self._chance.randrange(seen + 1)) < MOST:
            kept[place] = finding


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a setting: the job, whose it is there, and the condition."""

    setting: Setting
    responsibility: Responsibility
    when: When


def _settings(assessment: Assessment, chance: random.Random) -> Iterator[Draft]:
    """Whose a job is for this very resource: a setting of its own decides."""
    model, held = assessment.model, assessment.snapshot.manifest.tables
    sides = {
        f"{r.id}#{n}": _Side(setting, r, when) for setting in settings() for r, n, when in setting.sides(model)
    }
    checks = {
        name: check
        for name, check in line_checks(model).items()
        if check.table in held and (name in sides or check.responsibility in model.service)
    }
    few = _Few(chance)
    refused: set[tuple[str, str | None]] = set()
    for finding in judge(assessment.snapshot, checks.values(), passes=True).findings():
        if finding.check in sides:
            if finding.verdict == "pass":
                few.add(finding.check, finding)
        elif finding.verdict == "fail":
            refused.add((finding.responsibility, finding.resource))
    for name, findings in few.kept.items():
        side = sides[name]
        for finding in findings:
            services = [
                s for s in model.services_of_table[finding.table] if (s.id, finding.resource) not in refused
            ]
            # Where the service is not certain, neither is whose the job is.
            if finding.resource and services and all(side.responsibility.covers(s.id) for s in services):
                yield Draft(
                    id=f"estate:setting:{side.setting.id}:{finding.resource}",
                    kind="estate",
                    form=f"setting of {side.responsibility.party}",
                    area=side.responsibility.area,
                    services=tuple(s.id for s in services),
                    text=f"“{short(finding.resource)}” ({services[0].name}). {setting(side.when.because)} "
                    f"{side.setting.ask}",
                    right=PARTIES[side.responsibility.party],
                    wrong=(other(side.responsibility.party), DEPENDS),
                    explanation=f"{side.when.because} {side.responsibility.why}",
                    responsibilities=(side.responsibility.id,),
                    explain=side.responsibility.id,
                    resource=finding.resource,
                )


def _findings(assessment: Assessment, chance: random.Random) -> Iterator[Draft]:
    """What a failed check says: whose job it was, which, and who patches beneath."""
    model, apart, owners = assessment.model, Apart(assessment.model), owners_of(assessment.model)
    few = _Few(chance)
    broken: dict[str | None, set[str]] = {}
    for finding in assessment.findings():
        if finding.verdict == "fail":
            few.add(finding.check, finding)
            broken.setdefault(finding.resource, set()).add(finding.responsibility)
    for name, findings in few.kept.items():
        check = assessment.checks[name]
        for finding in findings:
            if finding.resource is not None:
                made = _Found(model, finding, finding.resource, check.remedy.text)
                yield from made.whose_job()
                yield from made.which_job(apart, broken[finding.resource])
                yield from made.layers(owners)


class _Found:
    """Questions about one finding."""

    def __init__(self, model: Model, finding: Finding, resource: str, remedy: str) -> None:
        self._model, self._finding, self._resource, self._remedy = model, finding, resource, remedy
        self._of = model.responsibility[finding.responsibility]
        name, reason = short(resource), _cut(finding.reason, LONGEST_REASON)
        self._said = f"“{ended(reason if name in reason else f'{name}: {reason}')}”"

    def whose_job(self) -> Iterator[Draft]:
        """Whose job was not done."""
        told = job(self._of)
        if told is not None:
            yield self._draft(
                "whose",
                self._of,
                text=f"{self._said} Whose job is it to {told}?",
                right=CUSTOMER,
                wrong=(AWS, MAY_STAY),
                explanation=f"{whose(self._of)} {self._remedy}".strip(),
            )

    def which_job(self, apart: Apart, broken: set[str]) -> Iterator[Draft]:
        """Which job was not done. What else was not done on the same resource is no wrong choice."""
        others = [self._model.responsibility[id_] for id_ in sorted(broken)]
        wrong = strangers(apart, others, self._of)
        yield self._draft(
            "which",
            self._of,
            text=f"{self._said} Which of your jobs does that leave undone?",
            right=self._of.title,
            wrong=tuple(r.title for r in wrong),
            near=sum(r.area == self._of.area for r in wrong),
            explanation=f"{whose(self._of)} {self._remedy}".strip(),
        )

    def layers(self, owners: Owners) -> Iterator[Draft]:
        """Who keeps a layer of the resource patched, where its table is the first of one service alone."""
        services = self._model.services_of_table.get(self._finding.table, ())
        if len(services) != 1 or services[0].tables[0] != self._finding.table:
            return
        service = services[0]
        for topic, party, half in patchers(self._model, owners, service):
            yield self._draft(
                f"layer of {party}",
                half,
                about=topic.id,
                text=f"“{short(self._resource)}” ({service.name}). Who keeps this layer patched: "
                f"{lowered(topic.title)}?",
                right=PARTIES[party],
                wrong=(other(party), DEPENDS),
                explanation=f"{whose(half)} {service.line}",
            )

    def _draft(
        self,
        form: str,
        of: Responsibility,
        *,
        text: str,
        right: str,
        wrong: tuple[str, ...],
        explanation: str,
        near: int = 0,
        about: str = "",
    ) -> Draft:
        services = self._model.services_of_table.get(self._finding.table, ())
        return Draft(
            id=f"estate:{form.partition(' ')[0]}:{about or self._finding.check}:{self._resource}",
            kind="estate",
            form=form,
            area=of.area,
            services=tuple(s.id for s in services if self._of.covers(s.id)),
            text=text,
            right=right,
            wrong=wrong,
            near=near,
            explanation=explanation,
            responsibilities=(of.id,),
            explain=of.id,
            resource=self._resource,
        )


def short(resource: str) -> str:
    """A resource's name: the last part of an ARN.

    >>> short("arn:aws:rds:eu-west-1:111122223333:db:orders")
    'orders'
    """
    name = re.split("[:/]", resource)[-1] if resource.startswith("arn:") else resource
    return _cut(name or resource, LONGEST_NAME)


def _cut(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"

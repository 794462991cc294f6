"""Loads the model from its YAML files and holds it to its own rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from demarcate.base import cache, documents
from demarcate.base.errors import DemarcateError, Problem
from demarcate.model.structs import (
    Answers,
    Area,
    Asking,
    Communication,
    Elsewhere,
    Exam,
    Model,
    Practices,
    Responsibility,
    Service,
    ServiceLog,
    Summary,
    Tool,
    Topic,
    Training,
    When,
    Words,
)

T = TypeVar("T")

DATA = Path(__file__).parent / "data"
"""The model that Demarcate ships."""

RESPONSIBILITIES = "responsibilities"
"""The folder with one file per area."""

FRAMEWORKS = "frameworks"
"""The folder with one file per framework, which are read by themselves: few runs need any."""

# Each of these turns "we do not know" into an answer, which a predicate of ours never does.
_ANSWERS_NULL = re.compile(r"\bis\s+(not\s+)?null\b|\bis\s+(not\s+)?distinct\b|\b(coalesce|ifnull|case)\b|;", re.I)
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*$")


class ModelError(DemarcateError):
    """Data files that contradict each other. `problems` names each one with its file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(*map(str, self.problems))


def load(folder: Path | None = None) -> Model:
    """The model in `folder`, or the one that ships with Demarcate (which is kept, validated, between runs).

    Raises DocumentError for a file that is missing or holds something else than it should, and ModelError
    for ids that occur twice or lead nowhere, and for responsibilities that break the model's rules.
    """
    if folder is not None:
        return _load(folder)
    files = [path for path in sorted(DATA.rglob("*.yaml")) if path.parent.name != FRAMEWORKS]
    files += sorted(Path(__file__).parent.glob("*.py"))
    key = cache.fingerprint(part for path in files for part in (path.name.encode(), path.read_bytes()))
    return cache.cached("model", key, Model, lambda: _load(DATA))


def _load(folder: Path) -> Model:
    areas = documents.read(folder / "areas.yaml", tuple[Area, ...])
    files: dict[str, str] = {}  # the file of each responsibility, for messages
    responsibilities: list[Responsibility] = []
    problems: list[Problem] = []
    for area in areas:
        path = folder / RESPONSIBILITIES / f"{area.id}.yaml"
        for item in documents.read(path, tuple[Responsibility, ...]):
            if item.id in files:
                problems.append(problem_at(path, item.id, "is used twice; give each responsibility its own id"))
            elif item.area != area.id:
                problems.append(problem_at(path, item.id, f"must start with its area: '{area.id}.'"))
            files[item.id] = str(path)
            responsibilities.append(item)
    model = Model(
        areas=tuple(sorted(areas, key=lambda area: area.order)),
        services=documents.read(folder / "services.yaml", tuple[Service, ...]),
        responsibilities=tuple(responsibilities),
        tools=documents.read(folder / "tools.yaml", tuple[Tool, ...]),
        practices=documents.read(folder / "practices.yaml", Practices),
        training=documents.read(folder / "training.yaml", Training),
        communication=documents.read(folder / "communication.yaml", tuple[Communication, ...]),
        logging=documents.read(folder / "logging.yaml", tuple[ServiceLog, ...]),
        exam=documents.read(folder / "exam.yaml", Exam),
        summary=documents.read(folder / "summary.yaml", Summary),
        topics=documents.read(folder / "topics.yaml", tuple[Topic, ...]),
        asking=_asking(folder / "asking"),
    )
    problems += _ids(model, folder)
    for responsibility in model.responsibilities:
        problems += _rules(model, responsibility, Path(files[responsibility.id]))
    problems += _references(model, folder)
    if problems:
        raise ModelError(problems)
    return msgspec.structs.replace(model, responsibilities=_symmetric(model))


def _asking(folder: Path) -> Asking:
    return Asking(
        words=documents.read(folder / "words.yaml", Words),
        phrases=documents.read(folder / "phrases.yaml", dict[str, tuple[str, ...]]),
        answers=documents.read(folder / "answers.yaml", Answers),
        elsewhere=documents.read(folder / "elsewhere.yaml", tuple[Elsewhere, ...]),
    )


def problem_at(path: Path, id_: str, message: str) -> Problem:
    """A problem with one item, on the line where its id stands."""
    line = None
    try:
        text = documents.read_text(path)
    except DemarcateError:
        text = ""
    for number, content in enumerate(text.splitlines(), 1):
        if re.search(rf"\bid: [\"']?{re.escape(id_)}[\"']?(?=[\s,}}]|$)", content):
            line = number
    return Problem(f"{id_} {message}", str(path), line)


def _ids(model: Model, folder: Path) -> Iterator[Problem]:
    """Ids of one kind are used once and look like ids."""
    kinds: tuple[tuple[str, Iterable[str]], ...] = (
        ("areas.yaml", (item.id for item in model.areas)),
        ("services.yaml", (item.id for item in model.services)),
        ("tools.yaml", (item.id for item in model.tools)),
        ("topics.yaml", (item.id for item in model.topics)),
        ("communication.yaml", (item.id for item in model.communication)),
    )
    for file, ids in kinds:
        seen: set[str] = set()
        for id_ in ids:
            if id_ in seen:
                yield problem_at(folder / file, id_, "is used twice; give each item its own id")
            if not _ID.match(id_):
                yield problem_at(folder / file, id_, "is no id; use lower-case words joined by '-'")
            seen.add(id_)


def _missing(known: Iterable[str], names: Iterable[str]) -> list[str]:
    known = set(known)
    return [name for name in names if name not in known]


def _whens(whens: tuple[When, ...], tables: set[str], whose: str) -> Iterator[str]:
    """What is wrong with the conditions of an item."""
    for when in whens:
        if when.table not in tables:
            yield f"has a 'when' over {when.table}; list that table in {whose}"
        if _ANSWERS_NULL.search(when.predicate):
            yield (
                f"has a 'when' that turns unknown into an answer: {when.predicate}; "
                "use plain comparisons, so that what is unknown stays unknown"
            )


def _rules(model: Model, item: Responsibility, path: Path) -> Iterator[Problem]:
    """A responsibility's own rules, and where its ids lead."""
    messages: list[str] = []
    slug = item.id.partition(".")[2]
    if not _ID.match(slug):
        messages.append("is no id; use '<area>.<lower-case words joined by ->'")
    if item.services == "all":
        tables = set(model.services_of_table)
    else:
        messages += [
            f"names the service {name!r}, which services.yaml does not have"
            for name in _missing(model.service, item.services)
        ]
        if not item.services:
            messages.append("names no service; list some, or write 'all'")
        tables = {t for name in item.services if name in model.service for t in model.service[name].tables}
    messages += _whens(item.when, tables, "one of its services in services.yaml")
    if not item.proof:
        messages.append("has no proof; name at least one of checks, attestation, training, drill (aws: report)")
    for proof in item.proof:
        if (proof.kind == "report") != (item.party == "aws"):
            messages.append(
                f"is {item.party}'s and cannot be proved by {proof.kind}; a report proves AWS's half only"
            )
        if (proof.kind == "checks") != (proof.ask is None):
            messages.append(f"has a proof by {proof.kind} that needs {'no' if proof.ask else 'an'} 'ask'")
    if not any(item.controls.values()):
        messages.append("maps to no control; name at least one of NIST SP 800-53 Rev. 5")
    messages += [
        f"names the tool {name!r}, which tools.yaml does not have" for name in _missing(model.tool, item.tools)
    ]
    for id_ in item.counterpart:
        other = model.responsibility.get(id_)
        if other is None:
            messages.append(f"has the counterpart {id_!r}, which does not exist")
        elif other.party == item.party:
            messages.append(
                f"has the counterpart {id_!r}, which is {item.party}'s too; name the other party's half"
            )
    return (problem_at(path, item.id, message) for message in messages)


def _references(model: Model, folder: Path) -> Iterator[Problem]:
    """Ids that the smaller files hold lead somewhere, and to the right party."""
    uses: list[tuple[str, str, Iterable[str]]] = []  # file, item, responsibility ids
    uses += [("practices.yaml", group.id, group.responsibilities) for group in model.practices.groups]
    uses += [("practices.yaml", step.id, step.responsibilities) for step in model.practices.drift]
    uses += [("communication.yaml", rule.id, [rule.responsibility]) for rule in model.communication]
    uses += [("exam.yaml", tip.id, tip.responsibilities) for tip in model.exam.tips]
    uses += [("exam.yaml", item.id, item.responsibilities) for item in model.exam.takeaways]
    answers = model.asking.answers
    uses += [("asking/phrases.yaml", id_, [id_]) for id_ in model.asking.phrases]
    uses += [("asking/answers.yaml", id_, [id_]) for id_ in answers.whole]
    for file, id_, names in uses:
        for name in _missing(model.responsibility, names):
            yield problem_at(folder / file, id_, f"names the responsibility {name!r}, which does not exist")

    halves: list[tuple[str, str, str, Iterable[str]]] = []  # file, item, party, responsibility ids
    for file, items in (
        ("training.yaml", model.training.topics),
        ("exam.yaml", model.exam.scenarios),
        ("topics.yaml", model.topics),
    ):
        for item in items:
            halves += [(file, item.id, "aws", item.aws), (file, item.id, "customer", item.customer)]
    for number, depends in enumerate(answers.depends, 1):
        halves += [
            ("asking/answers.yaml", f"'depends' {number}", "aws", depends.aws),
            ("asking/answers.yaml", f"'depends' {number}", "customer", depends.customer),
        ]
    for log in model.logging:
        if log.service not in model.service:
            yield Problem(
                f"names the service {log.service!r}, which services.yaml does not have",
                file=str(folder / "logging.yaml"),
            )
    for both in answers.both:
        for name in _missing(model.service, both.services):
            yield Problem(
                f"names the service {name!r}, which services.yaml does not have",
                str(folder / "asking/answers.yaml"),
            )
    for concept in model.asking.words.concepts:
        for name in _missing(model.area, concept.areas):
            yield problem_at(
                folder / "asking/words.yaml",
                concept.id,
                f"names the area {name!r}, which areas.yaml does not have",
            )
    for number, both in enumerate(answers.both, 1):
        halves += [
            ("asking/answers.yaml", f"'both' {number}", "aws", [both.aws]),
            ("asking/answers.yaml", f"'both' {number}", "customer", [both.customer]),
        ]
    for file, id_, party, names in halves:
        for name in names:
            responsibility = model.responsibility.get(name)
            if responsibility is None:
                yield problem_at(folder / file, id_, f"names the responsibility {name!r}, which does not exist")
            elif responsibility.party != party:
                yield problem_at(
                    folder / file, id_, f"has {name!r} on the side of {party}, but it is {responsibility.party}'s"
                )

    steps = [step.id for step in model.practices.drift]
    for step in model.practices.drift:
        for name in _missing(steps, step.next):
            yield problem_at(
                folder / "practices.yaml", step.id, f"leads to the step {name!r}, which does not exist"
            )
    for tool in model.tools:
        for name in _missing(model.area, tool.areas):
            yield problem_at(
                folder / "tools.yaml", tool.id, f"names the area {name!r}, which areas.yaml does not have"
            )
        for name in _missing(model.service, tool.services):
            yield problem_at(
                folder / "tools.yaml", tool.id, f"names the service {name!r}, which services.yaml does not have"
            )
    for service in model.services:
        for message in _whens(service.when, set(service.tables), "its own 'tables'"):
            yield problem_at(folder / "services.yaml", service.id, message)
    for training in model.training.topics:
        if not (training.aws and training.customer) and not training.reason:
            yield problem_at(folder / "training.yaml", training.id, "has an empty half; give the 'reason'")
    named: list[tuple[str, str | None]] = [("topics.yaml", topic.area) for topic in model.topics]
    named += [("exam.yaml", item.area) for item in model.exam.takeaways]
    named += [("summary.yaml", row.area) for row in model.summary.quick_reference]
    named += [("summary.yaml", name) for name in model.summary.collaboration.areas]
    for file, area in named:
        if area is not None and area not in model.area:
            yield Problem(f"names the area {area!r}, which areas.yaml does not have", str(folder / file))


def _symmetric(model: Model) -> tuple[Responsibility, ...]:
    """The responsibilities, each named as counterpart by all that it names."""
    named: dict[str, dict[str, None]] = {
        item.id: dict.fromkeys(item.counterpart) for item in model.responsibilities
    }
    for item in model.responsibilities:
        for other in item.counterpart:
            named[other][item.id] = None
    return tuple(
        msgspec.structs.replace(item, counterpart=tuple(named[item.id])) for item in model.responsibilities
    )

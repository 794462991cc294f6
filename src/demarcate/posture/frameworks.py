"""An assessment along a framework: each requirement, what speaks of it, and how that stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec
from msgspec.structs import replace

from demarcate.checks.catalog import load_checks
from demarcate.checks.structs import Check
from demarcate.evidence.structs import Scope
from demarcate.model import Model
from demarcate.model.frameworks import NIST, Framework, Requirement, load_frameworks
from demarcate.posture.assessment import Assessment
from demarcate.posture.structs import (
    CheckResult,
    FrameworkPosture,
    RequirementPosture,
    ResponsibilityPosture,
    State,
    Whose,
)


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks of one requirement: ids of checks and of responsibilities, each once, in order.

    Responsibilities are those that it is about by itself; those that its checks prove are not repeated.
    """

    checks: tuple[str, ...] = ()
    responsibilities: tuple[str, ...] = ()


def links(framework: Framework, checks: Mapping[str, Check], model: Model) -> dict[str, Links]:
    """What speaks of each requirement of a framework, by its id: what it names, and what cites it or its controls."""
    cited: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for check in checks.values():
        for kind, names in check.refs.items():
            for name in names:
                cited.setdefault((kind, name), ([], []))[0].append(check.id)
    for responsibility in model.responsibilities:
        for name in responsibility.controls.get(NIST, ()):
            cited.setdefault((NIST, name), ([], []))[1].append(responsibility.id)
    return {item.id: _links(item, framework.refs, cited) for item in framework.requirements}


def _links(
    item: Requirement, refs: str | None, cited: Mapping[tuple[str, str], tuple[list[str], list[str]]]
) -> Links:
    keys = [(NIST, control) for control in item.controls] + ([(refs, item.id)] if refs else [])
    by_reference = [cited[key] for key in keys if key in cited]
    return Links(
        checks=_each_once(item.checks, *(checks for checks, _ in by_reference)),
        responsibilities=_each_once(item.responsibilities, *(owed for _, owed in by_reference)),
    )


def _each_once(*groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id_ for group in groups for id_ in group))


def checks_of(framework: Framework, checks: Mapping[str, Check], model: Model) -> list[str]:
    """The ids of the checks that speak of any requirement of a framework."""
    return sorted(
        {id_ for link in links(framework, checks, model).values() for id_ in link.checks if id_ in checks}
    )


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """An id that others know a requirement by, and what speaks of it. `title` is the requirement's, or empty where
    the id is of no framework: then checks and responsibilities cite it.
    """

    id: str
    of: str
    title: str
    checks: tuple[str, ...]
    responsibilities: tuple[str, ...]


def controls(asked: str, checks: Mapping[str, Check], model: Model) -> list[Control]:
    """What is known by an id of others: EC2.3, SC-28, 2.1.1, "CIS 2.1.1", the name of an AWS Config rule. Nothing where
    it is none. Capital letters do not matter.
    """
    *before, name = asked.lower().split() or [""]
    words = set(before)
    told: list[Control] = []
    kinds = set(_KINDS)
    for framework in load_frameworks().values():
        meant = not words or words & {framework.id, framework.version.lower(), *framework.spoken}
        items = [item for item in framework.requirements if item.id.lower() == name] if meant else []
        of_each = links(framework, checks, model) if items else {}
        kinds -= {framework.refs} if items else set()
        told += [
            Control(
                id=item.id,
                of=framework.title,
                title=item.title,
                checks=of_each[item.id].checks,
                responsibilities=of_each[item.id].responsibilities,
            )
            for item in items
        ]
    return told if words else told + _cited(name, checks, model, kinds)


_KINDS = {
    NIST: "NIST SP 800-53 rev. 5",
    "security-hub": "AWS Security Hub",
    "config-rule": "AWS Config rule",
    "prowler": "Prowler",
}


def _cited(name: str, checks: Mapping[str, Check], model: Model, kinds: Collection[str]) -> list[Control]:
    """What is cited by that id, by the kinds of reference."""
    told = []
    for kind, title in ((kind, title) for kind, title in _KINDS.items() if kind in kinds):
        citing = {
            check.id: ref for check in checks.values() for ref in check.refs.get(kind, ()) if ref.lower() == name
        }
        owed = {
            item.id: control
            for item in model.responsibilities
            for control in item.controls.get(kind, ())
            if control.lower() == name
        }
        if citing or owed:
            written = next(iter([*citing.values(), *owed.values()]))
            told.append(Control(id=written, of=title, title="", checks=(*citing,), responsibilities=(*owed,)))
    return told


def along(framework: Framework, assessment: Assessment) -> FrameworkPosture:
    """How the requirements of a framework stand in an assessment. A check of the catalog that it was not judged by
    leaves them open.
    """
    model, posture = assessment.model, assessment.posture
    checks = {**load_checks(responsibilities=model.owed), **assessment.checks}
    of_each = links(framework, checks, model)
    results = {result.check: result for owed in posture.responsibilities for result in owed.checks}
    by_id = {owed.id: owed for owed in posture.responsibilities}
    not_run = dict.fromkeys(set(checks) - set(assessment.checks), "it was not selected")
    not_run |= {entry.check: entry.reason for entry in posture.not_run}
    requirements = tuple(
        _requirement(
            item, of_each[item.id], checks, results, by_id, not_run, attested=item.attested or framework.attested
        )
        for item in framework.requirements
    )
    states: dict[State, int] = {}
    for requirement in requirements:
        states[requirement.state] = states.get(requirement.state, 0) + 1
    return FrameworkPosture(
        id=framework.id,
        title=framework.title,
        source=framework.source,
        states=states,
        requirements=requirements,
    )


def along_frameworks(assessment: Assessment, frameworks: Iterable[Framework]) -> Assessment:
    """An assessment whose posture tells how it stands along these frameworks, too."""
    told = tuple(along(framework, assessment) for framework in frameworks)
    return replace(assessment, posture=msgspec.structs.replace(assessment.posture, frameworks=told))


def _requirement(
    item: Requirement,
    link: Links,
    checks: Mapping[str, Check],
    results: Mapping[str, CheckResult],
    by_id: Mapping[str, ResponsibilityPosture],
    not_run: Mapping[str, str],
    *,
    attested: bool,
) -> RequirementPosture:
    judged = tuple(results[id_] for id_ in link.checks if id_ in results)
    owed = [by_id[id_] for id_ in link.responsibilities if id_ in by_id]
    not_judged = tuple(id_ for id_ in link.checks if id_ not in results)
    state, because = _state(judged, not_judged, owed, checks, not_run, attested=attested)
    parties = {posture.party for posture in owed} | ({"customer"} if link.checks else set())
    return RequirementPosture(
        id=item.id,
        title=item.title or " · ".join(checks[id_].title for id_ in link.checks[:3] if id_ in checks),
        whose=_whose(parties),
        state=state,
        because=because,
        checks=judged,
        not_judged=not_judged,
        responsibilities=link.responsibilities,
    )


def _whose(parties: set[str]) -> Whose:
    if not parties:
        return "nobody"
    if len(parties) == 2:
        return "both"
    return "aws" if "aws" in parties else "customer"


def _state(
    judged: tuple[CheckResult, ...],
    not_judged: tuple[str, ...],
    owed: list[ResponsibilityPosture],
    checks: Mapping[str, Check],
    not_run: Mapping[str, str],
    *,
    attested: bool,
) -> tuple[State, tuple[str, ...]]:
    """The state of a requirement: what fails is a gap, and nothing is met that anything leaves open."""
    failed = tuple(f"{r.title}: {r.open} of {r.total} fail" for r in judged if r.open)
    if failed:
        return "gap", failed
    open_ = [f"{r.title}: {r.open_unknown} of {r.total} unknown" for r in judged if r.open_unknown]
    open_ += [f"{_called(id_, checks)}: not judged: {not_run[id_]}" for id_ in not_judged if id_ in not_run]
    asked = [] if judged and not attested else [posture for posture in owed if posture.party == "customer"]
    told = [_by_evidence(posture) for posture in asked]
    gaps = tuple(reason for state, reason in told if state == "gap")
    if gaps:
        return "gap", gaps
    open_ += [reason for state, reason in told if state == "unproven"]
    if judged and attested and not asked:
        open_.append("its checks are only part of it: keep evidence of your own")
    if not judged and not owed and not not_judged:
        return "unproven", ("nothing of the model speaks of it: keep evidence of your own",)
    if open_:
        return "unproven", tuple(open_)
    waived = tuple(
        f"{r.title}: {r.waived + r.waived_unknown} of {r.total} waived"
        for r in judged
        if r.waived or r.waived_unknown
    )
    if waived:
        return "waived", waived
    met = [f"{r.title}: {r.passed} of {r.total} pass" for r in judged]
    met += [reason for state, reason in told if state == "met"]
    if met:
        return "met", tuple(met)
    if any(posture.state == "provided" for posture in owed):
        return "provided", tuple(posture.title for posture in owed if posture.state == "provided")
    return "not-applicable", ("the estate has no resource that it is about",)


def _by_evidence(posture: ResponsibilityPosture) -> tuple[State, str]:
    """What the evidence about a responsibility says, whatever its checks do: these are about other things, too."""
    about = f"{posture.title} ({posture.id})"
    if any(result.standing in ("failed", "incomplete") for result in posture.evidence):
        return "gap", f"evidence says that it is not done: {about}"
    if posture.state == "not-applicable":
        return "not-applicable", about
    if any(result.standing == "proves" and result.scope == Scope() for result in posture.evidence):
        return "met", f"proven by evidence: {about}"
    return "unproven", f"needs evidence of people: {about}"


def _called(id_: str, checks: Mapping[str, Check]) -> str:
    return checks[id_].title if id_ in checks else id_

"""The report of a period of patching as OSCAL assessment results: what was done, and what took too long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from demarcate.base.moments import utc
from demarcate.patching.audit import Audit, PatchAct
from demarcate.patching.history import Exposure
from demarcate.report.oscal import parts
from demarcate.report.oscal.document import line, metadata, name_of, prop, write_document
from demarcate.report.out import Out
from demarcate.report.patching.audit import headline, notes, title

CONTROL: Final = "si-2"
"""Flaw remediation, in NIST's catalog of SP 800-53."""


def write(audit: Audit, moment: datetime, out: Out) -> None:
    """Write it; `moment` is when the report is made."""
    since, until = f"{audit.since}T00:00:00Z", f"{audit.until}T23:59:59Z"
    plan = name_of("resource", "service levels")
    state, reason = _status(audit)
    told = notes(audit)
    result: dict[str, Any] = {
        "uuid": name_of("result", "patching", since, until),
        "title": line(title(audit)),
        "description": line(headline(audit)),
        "start": since,
        "end": until,
        "props": [prop("service-level", f"{severity}={days}") for severity, days in audit.levels.items()]
        or [prop("service-level", "none")],
        "local-definitions": {"inventory-items": _inventory(audit), "assessment-assets": parts.assets()},
        "reviewed-controls": {"control-selections": [{"include-controls": [{"control-id": CONTROL}]}]},
        "observations": _observations(audit),
        "risks": (_risk(each) for each in audit.late),
        "findings": [
            {
                "uuid": name_of("finding", "patching", since, until),
                "title": line(title(audit)),
                "description": line(headline(audit)),
                "origins": parts.ORIGINS,
                "target": {
                    "type": "statement-id",
                    "target-id": f"{CONTROL}_smt",
                    "status": {"state": state, "reason": reason},
                },
                "related-risks": ({"risk-uuid": _name("risk", each)} for each in audit.late),
            }
        ],
    }
    if told:
        result["remarks"] = line(" ".join(told))
    document = {
        "uuid": name_of("assessment-results", "patching", since, until),
        "metadata": metadata(title(audit), _text(moment)),
        "import-ap": {"href": f"#{plan}", "remarks": "The service levels are what was planned."},
        "results": iter([result]),
        "back-matter": {"resources": [{"uuid": plan, "title": "Service levels of patching"}]},
    }
    write_document("assessment-results", document, out)


def _status(audit: Audit) -> tuple[str, str]:
    """Whether the period kept its service levels; what is not known of it is not satisfied."""
    if audit.late:
        return "not-satisfied", "fail"
    if audit.holes or audit.broken or not audit.levels:
        return "not-satisfied", "other"
    return "satisfied", "pass"


def _text(moment: datetime) -> str:
    return utc(moment).isoformat().replace("+00:00", "Z")


def _name(kind: str, each: Exposure) -> str:
    return name_of(kind, each.account_id, each.region, each.resource, each.finding, _text(each.first_seen))


def _resource(account: str, region: str, resource: str) -> str:
    return name_of("resource", account, region, None, resource)


def _exposures(audit: Audit) -> Iterator[tuple[Exposure, tuple[str, ...]]]:
    """What was missing, with what is known of why it waits."""
    yield from ((each, ()) for each in audit.mended)
    yield from ((item.exposure, item.why) for item in audit.waiting)


def _inventory(audit: Audit) -> Iterator[dict[str, Any]]:
    places = {(act.account_id, act.region, act.resource): act.resource for act in audit.acts}
    places |= {(each.account_id, each.region, each.resource): each.name for each, _ in _exposures(audit)}
    for (account, region, resource), name in sorted(places.items()):
        yield {
            "uuid": _resource(account, region, resource),
            "description": line(name),
            "props": [prop("account", account), prop("region", region), prop("resource", resource)],
        }


def _observations(audit: Audit) -> Iterator[dict[str, Any]]:
    for number, act in enumerate(audit.acts):
        yield _of_act(act, number)
    for each, why in _exposures(audit):
        yield _of_exposure(each, why)


def _of_act(act: PatchAct, number: int) -> dict[str, Any]:
    told = f"{act.person}: {act.operation}, {act.outcome}"
    return {
        "uuid": name_of("patch-act", act.change, act.at, act.resource, str(number)),
        "title": line(told),
        "description": line(f"{told}: {act.reason}" if act.reason else told),
        "props": [prop("person", act.person), prop("change", act.change), prop("plan", act.plan)],
        "methods": ["EXAMINE"],
        "types": ["historic"],
        "origins": parts.ORIGINS,
        "subjects": _subjects(act.account_id, act.region, act.resource),
        "collected": _text(datetime.fromisoformat(act.at)),
    }


def _of_exposure(each: Exposure, why: tuple[str, ...]) -> dict[str, Any]:
    return {
        "uuid": _name("exposure", each),
        "title": line(f"{each.kind} {each.name}: {each.finding}"),
        "description": line("; ".join((each.reason, *why))),
        "props": [
            prop("severity", each.severity or "not rated"),
            prop("days", str(each.days)),
            prop("late", str(each.late)),
            prop("first-seen", _text(each.first_seen)),
            prop("mended", _text(each.mended) if each.mended is not None else "not yet"),
        ],
        "methods": ["TEST"],
        "types": ["mitigation" if each.mended is not None else "finding"],
        "origins": parts.ORIGINS,
        "subjects": _subjects(each.account_id, each.region, each.resource),
        "collected": _text(each.mended or each.last_seen),
    }


def _subjects(account: str, region: str, resource: str) -> list[dict[str, str]]:
    return [{"subject-uuid": _resource(account, region, resource), "type": "inventory-item"}]


def _risk(each: Exposure) -> dict[str, Any]:
    """What took longer than its service level, with the day by which it was to be mended."""
    told: dict[str, Any] = {
        "uuid": _name("risk", each),
        "title": line(f"{each.finding} is missing from {each.name}"),
        "description": line(each.reason),
        "statement": line(f"It was missing for {each.days} days, {each.late} more than its service level allows."),
        "status": "closed" if each.mended is not None else "open",
        "related-observations": [{"observation-uuid": _name("exposure", each)}],
    }
    if each.level is not None:
        told["deadline"] = _text(each.first_seen + timedelta(days=each.level))
    return told

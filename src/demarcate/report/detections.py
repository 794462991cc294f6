"""Detections: what rules found in events, for people, as rows, and as OCSF's Detection Finding (class 2004).

https://schema.ocsf.io/1.6.0/classes/detection_finding, with the profile `cloud`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from demarcate.base.moments import milliseconds
from demarcate.logs.detecting.leading import Lead
from demarcate.logs.detecting.structs import Detection
from demarcate.logs.sigma.structs import Rule
from demarcate.report import ocsf, rows
from demarcate.report.console import Console
from demarcate.report.out import NobodyReads, Out
from demarcate.report.safe import counted, json_text
from demarcate.report.waived import in_words

_COLUMNS: Final = tuple(field.name for field in msgspec.structs.fields(Detection))

_CLASS: Final = {
    "category_uid": 2,
    "category_name": "Findings",
    "class_uid": 2004,
    "class_name": "Detection Finding",
    "activity_id": 1,
    "activity_name": "Create",
    "type_uid": 200401,
    "type_name": "Detection Finding: Create",
}
_SEVERITIES: Final = {
    "informational": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}
_NEW, _SUPPRESSED = (1, "New"), (3, "Suppressed")


def write(
    detections: Sequence[Detection], leads: Mapping[str, Sequence[Lead]], format: str, out: Out, console: Console
) -> None:
    """Write detections; `format` is "text", "csv", "json" or "ocsf"."""
    if format == "ocsf":
        _ocsf(detections, out)
    elif format == "text":
        for detection in detections:
            _block(detection, leads.get(detection.id, ()), console)
        if not detections:
            console.print_line("nothing was detected")
    else:
        told = [
            [
                *(getattr(detection, name) for name in _COLUMNS),
                [lead.table for lead in leads.get(detection.id, ())],
            ]
            for detection in detections
        ]
        rows.write([*_COLUMNS, "tables"], [list(map(_plain, row)) for row in told], format, out)


def write_new(detections: Sequence[Detection], format: str, out: Out, console: Console) -> None:
    """Write detections as they come; `format` is "text", or "json", a line each. Raises NobodyReads."""
    for detection in detections:
        if format == "text":
            _block(detection, (), console)
        else:
            out.write(json_text(msgspec.to_builtins(detection)) + "\n")
    out.flush()
    if out.gone:
        raise NobodyReads


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return msgspec.to_builtins(value)


def _block(detection: Detection, leads: Sequence[Lead], console: Console) -> None:
    console.print_line(f"{detection.level}: {detection.title}", bold=True)
    about = ", ".join(part for part in (detection.account, *detection.regions) if part)
    told = {
        "who": detection.entity,
        "where": about,
        "when": f"{detection.first} to {detection.last}" if detection.first != detection.last else detection.first,
        "what": f"{counted(detection.count, 'event')}: {', '.join(detection.event_names)}",
        "from": ", ".join(detection.addresses),
        "about": ", ".join(detection.resources),
        "operated by": ", ".join(dict.fromkeys(lead.operator for lead in leads if lead.operator)),
        "ask": ", ".join(dict.fromkeys(owner for lead in leads for owner in lead.owners)),
        "responsibility": detection.responsibility,
        "technique": ", ".join(detection.techniques),
        "do": detection.remedy,
        "rule": " ".join(part for part in (detection.name, detection.rule) if part),
        "by": ", ".join(part for part in (detection.author, detection.license) if part),
        "waived": in_words(detection.waived) if detection.waived is not None else "",
        "finding": detection.id,
    }
    _lines(told, console)


def _lines(told: Mapping[str, str], console: Console) -> None:
    for name, text in told.items():
        if text:
            console.print_line(f"{name}: {text}", indent=2)


def write_rule(rule: Rule, console: Console) -> None:
    """Write one rule for people: what it is about first, then what it asks in SQL, and where it stands."""
    console.print_line(f"{rule.level}: {rule.title}", bold=True)
    told = {
        "why": rule.description,
        "do": rule.remedy,
        "may be harmless": "; ".join(rule.false_positives),
        "responsibility": rule.responsibility,
        "technique": ", ".join(rule.techniques),
        "events": ", ".join(rule.event_names or ()),
        "asks": rule.predicate,
        "looks at": ", ".join(rule.correlation.rules) if rule.correlation is not None else "",
        "rule": f"{rule.name} {rule.id}",
        "status": rule.status,
        "by": ", ".join(part for part in (rule.author, rule.license) if part),
        "see": ", ".join(rule.references),
        "in": f"{rule.file}:{rule.line}",
    }
    _lines(told, console)


def _ocsf(detections: Sequence[Detection], out: Out) -> None:
    """A JSON array, a finding a line."""
    out.write("[")
    separator = "\n"
    for detection in detections:
        out.write(separator + json_text(event(detection)))
        separator = ",\n"
    out.write("\n]\n")


def event(detection: Detection) -> dict[str, Any]:
    """A detection as OCSF has it."""
    severity_id, severity = _SEVERITIES[detection.level]
    status_id, status = _SUPPRESSED if detection.waived is not None else _NEW
    first, last = (milliseconds(datetime.fromisoformat(moment)) for moment in (detection.first, detection.last))
    cloud: dict[str, Any] = {"provider": "AWS"}
    if detection.account:
        cloud["account"] = {"uid": detection.account, "type_id": 10, "type": "AWS Account"}
    if len(detection.regions) == 1:
        cloud["region"] = detection.regions[0]
    told = {
        **_CLASS,
        "metadata": {**ocsf.METADATA, "event_code": detection.name},
        "time": last,
        "start_time": first,
        "end_time": last,
        "count": detection.count,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "message": detection.title,
        "finding_info": {
            "uid": detection.id,
            "title": detection.title,
            "first_seen_time": first,
            "last_seen_time": last,
            "analytic": {"uid": detection.rule, "name": detection.name, "type_id": 1, "type": "Rule"},
            "attacks": [{"technique": {"uid": technique}} for technique in detection.techniques],
        },
        "cloud": cloud,
        "resources": [{"uid": arn} for arn in detection.resources] or None,
        "evidences": [{"actor": {"user": {"uid": detection.entity}}}] if detection.entity else None,
        "remediation": {"desc": detection.remedy} if detection.remedy else None,
        "unmapped": {
            "responsibility": detection.responsibility,
            "events": list(detection.events),
            "event_names": list(detection.event_names),
            "addresses": list(detection.addresses),
        },
        "status_detail": in_words(detection.waived) if detection.waived is not None else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def write_timeline(detections: Sequence[Detection], format: str, out: Out) -> None:
    """What began and ended when, of each entity: in the order of time."""
    told = [
        [detection.first, detection.last, detection.entity, detection.level, detection.name, detection.count]
        for detection in sorted(detections, key=lambda each: (each.first, each.last, each.id))
    ]
    rows.write(["first", "last", "entity", "level", "rule", "events"], told, format, out)

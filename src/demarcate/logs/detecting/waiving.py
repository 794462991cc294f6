"""Waivers of detections: the same files, and the same rules, as those of checks (`evidence/waivers.py`).

`check` names rules, by their names or ids or a pattern; `responsibility` all rules that lead to it; `finding` one
finding. A scope's resources are entities, or resources that the events were about. Its files and tags mean nothing
here: a waiver with them waives nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from demarcate.checks.judgement import Waived
from demarcate.evidence.waivers import Known, Waiver, WaiverRules, checks_of
from demarcate.logs.detecting.structs import Detection
from demarcate.logs.sigma.structs import Rule


def known_of(
    rules: Mapping[str, Rule],
    responsibilities: Iterable[str],
    waiver_rules: WaiverRules,
    checks: Iterable[str] = (),
) -> Known:
    """What waivers may name in a file that waives detections, and findings of checks beside them."""
    names = [*(name for rule in rules.values() for name in (rule.name, rule.id)), *checks]
    return Known(checks=names, responsibilities=tuple(responsibilities), rules=waiver_rules)


def waive(detections: Iterable[Detection], waivers: Iterable[Waiver], day: date) -> tuple[Detection, ...]:
    """Detections, with the waiver that accepts each on a day; that which ends last, where several do."""
    holding = sorted(
        (waiver for waiver in waivers if waiver.until is None or waiver.until >= day),
        key=lambda waiver: waiver.until or date.max,
        reverse=True,
    )
    return tuple(_waived(detection, holding) for detection in detections)


def _waived(detection: Detection, waivers: Iterable[Waiver]) -> Detection:
    for waiver in waivers:
        if _is_about(waiver, detection):
            until = waiver.until.isoformat() if waiver.until is not None else None
            told = Waived(id=waiver.id, reason=waiver.reason, owner=waiver.owner, until=until)
            return msgspec.structs.replace(detection, waived=told)
    return detection


def _is_about(waiver: Waiver, detection: Detection) -> bool:
    scope = waiver.scope
    if waiver.of is not None or scope.files or scope.tags:
        return False
    if scope.accounts and detection.account not in scope.accounts:
        return False
    if scope.regions and not set(detection.regions) <= set(scope.regions):
        return False
    if not waiver.is_about(detection.entity, detection.resources):
        return False
    if waiver.finding is not None:
        return waiver.finding == detection.id
    if waiver.responsibility is not None:
        return waiver.responsibility == detection.responsibility
    return bool(checks_of(waiver, (detection.name, detection.rule)))

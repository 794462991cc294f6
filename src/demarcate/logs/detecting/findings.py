"""From what was matched to findings: whose they are, which are one, and how they are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from demarcate.base.moments import since_1970
from demarcate.checks.judgement import finding_id
from demarcate.logs.detecting.scanning import UNDECIDED, Hit
from demarcate.logs.detecting.structs import MOST, Detection, Growing, Kept, Matches, Outcome, Seen, State
from demarcate.logs.sigma.structs import LEVELS, Rule

_SECOND: Final = 1_000_000


_kept: Final = msgspec.json.Decoder(Kept).decode

_NOTHING: Final[tuple[tuple[str | None, ...], ...]] = ((), (), ())
"""What is wanted of an event for a rule that wants nothing of its own."""


def take_hit(hit: Hit, rules: Sequence[Rule], matches: Matches) -> None:
    """Note which rules an event is matched by, and which could not tell."""
    numbers, resources, text = hit
    kept = _kept(text)
    arns = _arns(resources) if resources else ()
    for place, said in enumerate(kept.told):
        if not said:
            continue
        rule = rules[numbers[place]]
        if said == UNDECIDED:
            matches.undecided[rule.id] = matches.undecided.get(rule.id, 0) + 1
            continue
        wanted = kept.wanted[place] if kept.wanted else None
        entity, *keys = wanted or _NOTHING
        matches.seen.append(
            Seen(
                moment=kept.moment,
                event=kept.event,
                rule=rule.id,
                account=kept.account,
                region=kept.region,
                name=kept.name,
                address=kept.address,
                agent=kept.agent,
                error=kept.error,
                entity=(entity[0] if entity else None) or kept.entity,
                resources=arns,
                keys=tuple(keys),
            )
        )


def _arns(resources: str) -> tuple[str, ...]:
    """The ARNs of what an event says it was about."""
    try:
        listed: Any = msgspec.json.decode(resources)
    except (msgspec.DecodeError, RecursionError):
        return ()
    named = (
        [each.get("ARN") or each.get("arn") for each in listed if isinstance(each, dict)]
        if isinstance(listed, list)
        else []
    )
    return tuple(arn for arn in named if isinstance(arn, str))[:MOST]


def growing_of(state: State, rule: Rule, account: str, entity: str, moment: int) -> tuple[str, Growing]:
    """The finding that a match of a moment belongs to, with its id; a new one where there is none yet."""
    span = rule.window * _SECOND
    window = moment - moment % span
    ident = finding_id(rule.id, account or None, None, None, f"{entity}@{window // _SECOND}")
    growing = state.growing.get(ident)
    if growing is None:
        growing = Growing(rule=rule.id, account=account, entity=entity, window=window, first=moment, last=moment)
        state.growing[ident] = growing
    return ident, growing


def told(ident: str, growing: Growing, rule: Rule) -> Detection:
    """A finding as it is now."""
    return Detection(
        id=ident,
        rule=rule.id,
        name=rule.name,
        title=rule.title,
        level=rule.level,
        responsibility=rule.responsibility,
        techniques=rule.techniques,
        author=rule.author,
        license=rule.license,
        remedy=rule.remedy,
        account=growing.account,
        regions=_some(growing.regions),
        entity=growing.entity,
        window=_iso(growing.window),
        seconds=rule.window,
        first=_iso(growing.first),
        last=_iso(growing.last),
        count=growing.count,
        events=tuple(event for _, event in sorted(growing.events)),
        event_names=_some(growing.names),
        addresses=_some(growing.addresses),
        agents=_some(growing.agents),
        errors=_some(growing.errors),
        resources=_some(growing.resources),
    )


def _some(values: set[str]) -> tuple[str, ...]:
    return tuple(sorted(values)[:MOST])


def _iso(moment: int) -> str:
    return since_1970(moment // _SECOND).isoformat().replace("+00:00", "Z")


def in_order(detection: Detection) -> tuple[int, str, str, str]:
    """The order of findings: the worst first, and of those the oldest."""
    return LEVELS.index(detection.level), detection.first, detection.name, detection.id


def together(outcomes: Iterable[Outcome]) -> tuple[Detection, ...]:
    """The findings of several batches, in order, each as it was last."""
    last = {detection.id: detection for outcome in outcomes for detection in outcome.detections}
    return tuple(sorted(last.values(), key=in_order))

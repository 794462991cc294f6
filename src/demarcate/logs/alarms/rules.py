"""The way of an event through a rule of EventBridge, which sees those of its own region only.

A rule sees management events that read only where its state says so, and no event at all without a trail that logs:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.base.event_pattern import EventPatternError, compiled
from demarcate.estate.schema.standins import settled
from demarcate.estate.schema.truths import Truth
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.snapshots.telling import Row
from demarcate.logs.alarms.ends import EVENTS, ends
from demarcate.logs.alarms.estate import RULES, Account
from demarcate.logs.alarms.events import GLOBAL, Event, OwnEvent
from demarcate.logs.alarms.links import Link, Links, Name, best
from demarcate.logs.alarms.metrics import home_rows, name_of, trail_link

_ON: Final = "ENABLED"
_ALL: Final = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def by_rule(event: Event, account: Account) -> Iterator[Links]:
    """The way of an event through rules: where it may happen in every region, the weakest of the regions' best.

    There is none where no rule takes an event of CloudTrail anywhere.
    """
    matching = [row for row in account.rows(RULES) if _takes(row, event) is not False]
    regions, sent = account.regions if event.everywhere else [GLOBAL], None
    if event.own is not None:
        sent, regions = sent_from(event.own, account)
        if not regions:
            yield (sent,)
            return
    elif not matching:
        return
    ways = []
    for region in regions:
        here = [row for row in matching if row["region"] == region]
        chains = [links for row in here for links in _through(row, event, account)]
        ways.append(best(chains) or (_no_rule(region, account),))
    weakest = min(ways, key=lambda links: _order(best([links])), default=())
    if sent is not None:
        yield (sent, *weakest)
    elif weakest:
        trails = [(trail_link(row),) for row in home_rows(account)]
        yield (*best(trails), *weakest)


def _order(links: Links) -> int:
    held = [link.holds for link in links]
    return 0 if False in held else 1 if None in held else 2


def _no_rule(region: str, account: Account) -> Link:
    return Link.of(
        Name.RULE, region, account.lacks(RULES, region) or False, f"no rule takes the event in {region}"
    )


def _takes(rule: Row, event: Event) -> Truth:
    """Whether the pattern of a rule matches an event in all its forms."""
    pattern = settled(rule["event_pattern"])
    if isinstance(pattern, Unknown) or not pattern or rule["event_bus_name"] != "default":
        return pattern if isinstance(pattern, Unknown) else False
    unknown = first_unknown(pattern)
    if unknown is not None:
        return unknown
    try:
        matches = compiled(pattern)
    except EventPatternError as error:
        return Unknown(Kind.MALFORMED, f"its event pattern {error}")
    forms = [form for each in event.forms.values() for form in each]
    region = rule["region"]
    if event.everywhere and type(region) is str:
        forms = [_in_region(form, region, event) for form in forms]
    return all(map(matches, forms))


def _in_region(form: Mapping[str, Any], region: str, event: Event) -> dict[str, Any]:
    """A form of an event as it comes in a region."""
    named = "awsRegion" if event.own is None else "region" if "region" in form["detail"] else ""
    return {**form, "region": region, "detail": {**form["detail"], **({named: region} if named else {})}}


def sent_from(event: OwnEvent, account: Account) -> tuple[Link, list[str]]:
    """Whether a service is on, and the regions in which its events come, all of which need a rule."""
    regions = account.regions
    if event.where is not None:
        rows, where = account.rows(event.where.table), event.where
        on = [row for row in rows if not where.column or row[where.column] in (where.equals,)]
        unknown = [row[where.column] for row in rows if where.column and isinstance(row[where.column], Unknown)]
        regions = sorted({row["region"] for row in on if row["region"]})
        if not regions:
            truth = next(iter(unknown), account.lacks(where.table)) or False
            return Link.of(Name.SERVICE, event.service, truth, "it is on in no region"), []
    told = f"on in {', '.join(regions)}" if event.where is not None else ""
    gathered = event.gathered
    if gathered is not None:
        for row in account.rows(gathered.table):
            if row[gathered.only.column] == gathered.only.equals and type(row[gathered.column]) is str:
                regions = [row[gathered.column]]
                told += f"; gathered in {regions[0]}"
    return Link(Name.SERVICE, event.service, True, told), regions


def _through(rule: Row, event: Event, account: Account) -> Iterator[Links]:
    link = Link.of(Name.RULE, name_of(rule), _takes(rule, event), "")
    state = rule["state"]
    if not isinstance(state, Unknown) and state != _ALL and (state != _ON or event.reads):
        told = "it is switched off" if state != _ON else f"it takes no events that read: its state is {state}"
        yield (Link(Name.RULE, link.what, False, told),)
        return
    if isinstance(state, Unknown) and link.holds:
        link = Link(Name.RULE, link.what, None, state.reason)
    targets: Any = rule["target_arns"]
    if isinstance(targets, Unknown):
        yield (link, Link(Name.TARGET, "", None, targets.reason))
    elif not targets:
        yield (link, Link(Name.TARGET, "", False, "it has no target"))
    else:
        for target in targets:
            yield from ((link, *rest) for rest in ends(target, EVENTS, rule["arn"], account))

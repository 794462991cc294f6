"""One service's line as a picture: area by area what AWS does in it and what you must, and what moves the line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from demarcate.checks.structs import SEVERITIES
from demarcate.model import Area, Model, Party, Responsibility, Service
from demarcate.posture.structs import Counts, Posture, ResponsibilityPosture
from demarcate.report.pictures import sheet
from demarcate.report.pictures.drawing import LEADING, Box, Drawing, Element, Label, Mark, Role
from demarcate.report.pictures.outcome import outcome_box
from demarcate.report.pictures.parts import column, words
from demarcate.report.pictures.sheet import PartyColumn

_SIGN = 8.0
_STATE = 104.0
_MOVED = "a resource's own settings move the line"
_NOTE = "Each state is that of the whole estate, since a responsibility may name several services"
_ROLES: dict[str, Role] = {
    "met": "met",
    "gap": "gap",
    "unproven": "unproven",
    "waived": "not-applicable",
    "not-applicable": "not-applicable",
}


def service_line(model: Model, service: Service, posture: Posture | None = None) -> Drawing:
    """Where the line runs in a service. With a posture each of your responsibilities has its state.

    Responsibilities that name the service are shown, with AWS's half of each of yours; the others, which hold for
    every service, are counted. Where a resource's own settings decide whose a thing is, the line is dashed and the
    reason stands below the responsibility.
    """
    head = _head(service)
    top = head.y + head.height + 30
    states = {r.id: r for r in posture.responsibilities} if posture else {}
    rows: list[Box] = []
    moved: list[str] = []
    for area in model.areas:
        y = sheet.after(rows[-1]) if rows else sheet.first_row(top)
        named = [r for r in model.responsibilities if r.area == area.id and r.covers(service.id)]
        moves = any(_reasons(r, service) for r in named)
        if moves:
            moved.append(area.id)
        rows.append(
            _row(area, service, named, states, y, "a resource's own settings move the line" if moves else "")
        )
    panel = sheet.panel(rows, top, middle="Where the line runs", moved=moved)
    counts = _counts(model, service, states) if posture else None
    outcome = outcome_box(model.summary.collaboration.outcome, counts, posture, panel, note=_NOTE)
    return Drawing(
        title=f"{service.name}: where the line runs",
        description=f"{service.line} " + " ".join(box.title or "" for box in rows),
        width=sheet.WIDTH,
        height=outcome.y + outcome.height + sheet.MARGIN,
        items=(head, sheet.down(head, "shared", top), panel, sheet.down(panel, "outcome", outcome.y), outcome),
    )


def _head(service: Service) -> Box:
    width = 760.0
    x, inner, room = sheet.MIDDLE - width / 2, sheet.MIDDLE - width / 2 + 20, width - 40
    kind = f"{words(service.type)} ({service.cloud})"
    labels = [
        Label(x=inner, y=0, width=room, text=service.name, size=20, bold=True, align="center"),
        Label(x=inner, y=0, width=room, text=kind, role="muted", align="center"),
        Label(x=inner, y=0, width=room, text=service.line, size=14, align="center"),
    ]
    items, height = column(labels, sheet.MARGIN + sheet.PAD, 3)
    return Box(
        id="service",
        x=x,
        y=sheet.MARGIN,
        width=width,
        height=height + 2 * sheet.PAD,
        role="area",
        radius=10,
        items=tuple(items),
    )


def _row(
    area: Area,
    service: Service,
    covering: Sequence[Responsibility],
    states: dict[str, ResponsibilityPosture],
    y: float,
    moved: str,
) -> Box:
    named = [r for r in covering if r.services != "all"]
    others = {id_ for r in named if r.party == "customer" for id_ in r.counterpart}
    shown = [r for r in covering if r in named or r.id in others]
    halves = {}
    told = [f"{area.title}."]
    for party in ("aws", "customer"):
        mine = [r for r in shown if r.party == party]
        rest = sum(r.party == party for r in covering) - len(mine)
        halves[party] = _half(party, service, mine, rest, states, y)
        told.append(f"{'AWS' if party == 'aws' else 'You'}: {'; '.join(r.title for r in mine) or _count(rest)}.")
    return sheet.row(area, y, halves["aws"], halves["customer"], " ".join(told), moved=moved)


def _half(
    party: Party,
    service: Service,
    mine: Sequence[Responsibility],
    rest: int,
    states: dict[str, ResponsibilityPosture],
    y: float,
) -> PartyColumn:
    """The responsibilities of one party in an area, and how many there are beside those."""
    x, top = sheet.LEFT[party] + sheet.PAD, y + sheet.PAD
    items: list[Element] = []
    for responsibility in mine:
        state = states.get(responsibility.id) if party == "customer" else None
        placed, height = _one(responsibility, service, state, x, top)
        items += placed
        top += height + 5
    if rest or not mine:
        text = f"and {_count(rest)}" if mine else _count(rest)
        label = Label(x=x, y=top, width=sheet.INNER, text=text, size=12, role="muted")
        items.append(label)
        top += label.height + 5
    return PartyColumn(party, items, top - 5 + sheet.PAD - y)


def _count(number: int) -> str:
    return f"{number} that hold{'s' if number == 1 else ''} for every service" if number else "nothing"


def _one(
    responsibility: Responsibility, service: Service, state: ResponsibilityPosture | None, x: float, y: float
) -> tuple[list[Element], float]:
    """A responsibility with its state, and what of a resource makes it hold; and how high that is."""
    role: Role = _ROLES[state.state] if state else responsibility.party
    sign = Mark(x=x, y=y + (13 * LEADING - _SIGN) / 2, width=_SIGN, height=_SIGN, role=role, round=bool(state))
    inner, width = x + _SIGN + 8, sheet.INNER - _SIGN - 8
    title = Label(x=inner, y=y, width=width - (_STATE if state else 0), text=responsibility.title)
    items: list[Element] = [sign, title]
    if state:
        told = f"gap, {state.severity}" if state.severity else words(state.state)
        left = inner + width - _STATE
        items.append(Label(x=left, y=y, width=_STATE, text=told, role=role, bold=True, size=12, align="right"))
    reasons = [
        Label(x=inner, y=0, width=width, text=f"{'Or' if number else 'Where'}: {reason}", size=11, role="muted")
        for number, reason in enumerate(_reasons(responsibility, service))
    ]
    below, height = column(reasons, y + title.height + 1)
    return [*items, *below], title.height + (height + 1 if below else 0)


def _reasons(responsibility: Responsibility, service: Service) -> list[str]:
    """What of a resource of the service makes the responsibility hold, where its own settings decide."""
    return list(dict.fromkeys(when.because for when in responsibility.when if when.table in service.tables))


def _counts(model: Model, service: Service, states: dict[str, ResponsibilityPosture]) -> Counts:
    """How the customer's responsibilities that name the service stand."""
    named = [states[r.id] for r in model.responsibilities if r.id in states and service.id in r.services]
    by_state = Counter(r.state for r in named)
    severities = Counter(r.severity for r in named)
    return Counts(
        owed=by_state["met"] + by_state["gap"] + by_state["unproven"] + by_state["waived"],
        met=by_state["met"],
        gaps=by_state["gap"],
        unproven=by_state["unproven"],
        waived=by_state["waived"],
        not_applicable=by_state["not-applicable"],
        gaps_by_severity={name: severities[name] for name in SEVERITIES if severities[name]},
    )

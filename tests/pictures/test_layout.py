"""Nothing overlaps, nothing leaves its box, everything can be read: in every picture there is."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from demarcate.model import Model, load
from demarcate.posture.structs import Counts, Posture
from demarcate.report.pictures.collaboration import collaboration
from demarcate.report.pictures.colours import PAINTS
from demarcate.report.pictures.comparison import comparison
from demarcate.report.pictures.drawing import Box, Drawing, Label, Line
from demarcate.report.pictures.poster import poster
from demarcate.report.pictures.service_line import service_line
from tests.each import each

from .geometry import contrast, contrasts, faults, labels

SERVICES = tuple(load().service)
COMPARED = {
    "four": ("ec2", "rds", "lambda", "s3"),
    "two": ("s3", "ec2"),
    "one type": ("rds", "lambda", "elastic-beanstalk"),
    "a full band": SERVICES[:7],
    "two bands": SERVICES[:8],
    "all": SERVICES,
}
BOTH = pytest.mark.parametrize("name", ["model alone", "posture", "hostile"])


def fits(label: Label) -> bool:
    """Whether each word of it could stand on one line, so that none has to be broken."""
    return all(len(word) < 40 for word in label.text.split())


def posture_of(name: str, posture: Posture, hostile: Posture) -> Posture | None:
    return {"model alone": None, "posture": posture, "hostile": hostile}[name]


def hold(drawing: Drawing) -> None:
    assert faults(drawing) == []
    assert [label.text for label in labels(drawing) if " ".join(label.lines) != label.text and fits(label)] == []
    for scheme in ("light", "dark"):
        weak = [(what, round(ratio, 2)) for what, ratio in contrasts(drawing, scheme) if ratio < 4.5]
        assert not [told for told in weak if told[0].startswith("text")], scheme


@BOTH
def test_the_collaboration(name: str, model: Model, posture: Posture, hostile: Posture) -> None:
    hold(collaboration(model, posture_of(name, posture, hostile)))


@BOTH
@each("service", SERVICES)
def test_each_service(service: str, name: str, model: Model, posture: Posture, hostile: Posture) -> None:
    hold(service_line(model, model.service[service], posture_of(name, posture, hostile)))


@each("name", COMPARED)
def test_comparisons(name: str, model: Model) -> None:
    hold(comparison(model, [model.service[id_] for id_ in COMPARED[name]]))


def test_the_poster(model: Model) -> None:
    hold(poster(model))


numbers = st.integers(0, 10**6)
counts = st.builds(
    lambda met, unproven, other, severities: Counts(
        owed=met + unproven + sum(severities.values()),
        met=met,
        gaps=sum(severities.values()),
        unproven=unproven,
        not_applicable=other,
        provided=other,
        attested=other // 2,
        gaps_by_severity=severities,
    ),
    numbers,
    numbers,
    numbers,
    st.dictionaries(st.sampled_from(["critical", "high", "medium", "low"]), st.integers(1, 10**6)),
)


@settings(max_examples=25)
@given(st.lists(counts, min_size=7, max_size=7), st.text(max_size=300))
def test_any_counts_and_any_name(drawn: list[Counts], origin: str) -> None:
    model = load()
    areas = dict(zip(model.area, drawn, strict=False))
    empty = Posture(
        origin=origin,
        source="cloudformation",
        moment="2026-01-01T00:00:00Z",
        summary=drawn[6],
        responsibilities=(),
        areas=areas,
        parties={},
        accounts={},
        regions={},
        not_run=(),
        unread=(),
    )
    assert faults(collaboration(model, empty)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_signs_of_a_state_stand_out_from_what_they_stand_on(scheme: str, posture: Posture) -> None:
    """A sign has words beside it; without them WCAG asks for 3."""
    paints = PAINTS["light" if scheme == "light" else "dark"]
    for role in ("met", "gap", "unproven"):
        for ground in ("met", "gap", "unproven", "customer", "outcome"):
            assert contrast(paints[role].mark, paints[ground].fill) >= 3, (role, ground)


# --- What the checks above would find -------------------------------------------------------------------

A = Box(id="a", x=10, y=10, width=50, height=50, role="aws")
at = partial(replace, A)


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ((A, at(id="b", x=40)), "overlaps"),
        ((A, at(id="a", x=80)), "one id"),
        ((at(x=190),), "not inside"),
        ((at(items=(Label(x=12, y=50, width=40, text="two lines of text"),)),), "not inside a"),
        ((Label(x=0, y=0, width=1, text="wide"),), "wider"),
        ((A, Line(points=((0, 30), (100, 30)))), "runs through"),
        ((A, Line(points=((0, 0), (100, 30)))), "neither"),
        ((A, Line(points=((60, 30), (100, 30)), source="b")), "begin or end at b"),
        ((A, Line(points=((70, 30), (100, 30)), source="a")), "begin or end at a"),
    ],
)
def test_a_fault_is_found(items: tuple[Box | Label | Line, ...], says: str) -> None:
    drawing = Drawing(title="", description="", width=200, height=100, items=items)
    assert any(says in fault for fault in faults(drawing)), faults(drawing)


def test_contrast_is_as_wcag_has_it() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48

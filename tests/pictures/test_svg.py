"""SVG: well-formed, whole in itself, in words as well, and nothing in it but text."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from demarcate.model import Model
from demarcate.posture.structs import Posture
from demarcate.report.pictures.collaboration import collaboration
from demarcate.report.pictures.colours import PAINTS
from demarcate.report.pictures.comparison import comparison
from demarcate.report.pictures.drawing import Drawing
from demarcate.report.pictures.svg import svg

SVG = "{http://www.w3.org/2000/svg}"
INLINE = pytest.mark.parametrize("inline", [False, True])


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


@INLINE
def test_each_area_is_there_with_its_words(inline: bool, model: Model, posture: Posture) -> None:
    root = parsed(svg(collaboration(model, posture), inline=inline))
    assert [group.get("data-area") for group in root.iter(f"{SVG}g") if group.get("data-area")] == list(model.area)
    said = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    for area in model.areas:
        counts = posture.areas[area.id]
        assert area.title in said
        assert f"{counts.met} of {counts.owed} met" in said
        for word, number in (("unproven", counts.unproven), ("gap", counts.gaps)):
            assert not number or re.search(rf"\b{number} {word}", said), f"{number} {word}"


@INLINE
def test_it_has_a_title_and_a_description(inline: bool, model: Model, posture: Posture) -> None:
    drawing = collaboration(model, posture)
    root = parsed(svg(drawing, inline=inline))
    by_id = {item.get("id"): item.text for item in root if item.get("id")}
    title, told = (root.get("aria-labelledby") or "").split()
    assert by_id[title] == drawing.title
    assert by_id[told] == drawing.description
    assert str(posture.summary) in drawing.description
    assert root.get("role") == ("group" if inline else "img")


def test_a_page_links_each_area_and_a_file_none(model: Model, posture: Posture) -> None:
    drawing = collaboration(model, posture)
    assert not list(parsed(svg(drawing)).iter(f"{SVG}a"))
    links = list(parsed(svg(drawing, inline=True)).iter(f"{SVG}a"))
    assert [link.get("href") for link in links] == [f"#area/{id_}" for id_ in model.area]
    for link, area in zip(links, model.areas, strict=True):
        assert (link.get("aria-label") or "").startswith(area.title)


@INLINE
def test_nothing_hostile_is_markup(inline: bool, model: Model, hostile: Posture) -> None:
    text = svg(collaboration(model, hostile), inline=inline)
    root = parsed(text)
    allowed = {"svg", "title", "desc", "style", "rect", "g", "a", "text", "path", "polygon"}
    assert {item.tag.removeprefix(SVG) for item in root.iter()} <= allowed
    assert not [name for item in root.iter() for name in item.attrib if name.startswith("on")]
    assert "\x1b" not in text
    assert "<script>" in "".join(root.itertext())  # it is there, as text


@INLINE
def test_both_themes_have_every_colour(inline: bool, model: Model) -> None:
    text = svg(collaboration(model), inline=inline)
    defined = set(re.findall(r"(--picture-[\w-]+):", text))
    assert set(re.findall(r"var\((--picture-[\w-]+)\)", text)) <= defined
    for scheme in PAINTS:
        for role, paint in PAINTS[scheme].items():
            assert f"--picture-{role}-ink:{paint.ink}" in text
    assert "prefers-color-scheme:dark" in text
    assert ("data-theme=dark" in text) is inline
    assert set(PAINTS["light"]) == set(PAINTS["dark"])


def test_it_needs_nothing_from_elsewhere(model: Model, posture: Posture) -> None:
    for inline in (False, True):
        text = svg(collaboration(model, posture), inline=inline)
        assert re.findall(r"https?://[^\"<]*", text) == ["http://www.w3.org/2000/svg"]
        assert "url(" not in text and "@import" not in text


def test_two_pictures_in_one_page_share_no_id(model: Model) -> None:
    both = svg(collaboration(model), inline=True) + svg(comparison(model, model.services[:3]), inline=True)
    ids = re.findall(r'\bid="([^"]+)"', both)
    assert len(ids) == len(set(ids)) == 4


def test_the_same_drawing_gives_the_same_text(model: Model) -> None:
    assert svg(collaboration(model)) == svg(collaboration(model))


def test_every_size_is_a_plain_number() -> None:
    drawing = Drawing(title="t", description="d", width=1 / 3, height=2.0, items=())
    assert 'viewBox="0 0 0.33 2"' in svg(drawing)

"""A drawing as SVG: a file of its own, or a part of a page.

In a page the colours are CSS custom properties of the class `picture`, so that the page's theme (`data-theme`
on the root, or else the reader's system) decides; each area is a link to `#area/<id>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from demarcate.report.pictures.colours import PAINTS, Scheme
from demarcate.report.pictures.drawing import (
    BASELINE,
    LEADING,
    SHARE,
    Box,
    Drawing,
    Element,
    Label,
    Line,
    Mark,
    arrowhead,
    text_width,
)
from demarcate.report.pictures.markup import attribute, number, text

FONTS = "Helvetica, Arial, 'Liberation Sans', 'Nimbus Sans', 'DejaVu Sans Condensed', sans-serif"

_ANCHORS = {"left": "start", "center": "middle", "right": "end"}


def svg(drawing: Drawing, *, inline: bool = False) -> str:
    """The drawing as SVG text, whole in itself; `inline` for the body of a page, with links and the page's theme."""
    name = re.sub(r"[^a-z0-9]+", "-", drawing.title.lower())
    size = f'viewBox="0 0 {number(drawing.width)} {number(drawing.height)}"'
    if not inline:
        size += f' width="{number(drawing.width)}" height="{number(drawing.height)}"'
    # What is in an image cannot be reached by keyboard: a picture with links is a group of them.
    role = 'role="group"' if inline else 'role="img"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" {size} {role} '
        f'aria-labelledby="title-{name} told-{name}">',
        f'<title id="title-{name}">{text(drawing.title)}</title>',
        f'<desc id="told-{name}">{text(drawing.description)}</desc>',
        f"<style>\n{_style(inline=inline)}\n</style>",
    ]
    if not inline:
        lines.append('<rect class="page" width="100%" height="100%"/>')
    lines += _items(drawing.items, inline=inline)
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _style(*, inline: bool) -> str:
    light, dark = _variables("light"), _variables("dark")
    if inline:
        themes = [
            f".picture{{{light}}}",
            f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]) .picture{{{dark}}}}}",
            f":root[data-theme=dark] .picture{{{dark}}}",
            f"@media print{{:root .picture.picture.picture{{{light}}}}}",
        ]
    else:
        themes = [f".picture{{{light}}}", f"@media (prefers-color-scheme:dark){{.picture{{{dark}}}}}"]
    roles = [role for role in PAINTS["light"] if role != "page"]
    rules = [
        f".picture text{{font-family:{FONTS}}}",
        ".picture .bold{font-weight:700}",
        ".picture .page{fill:var(--picture-page-fill)}",
        *(f".picture rect.{r}{{fill:var(--picture-{r}-fill);stroke:var(--picture-{r}-edge)}}" for r in roles),
        *(f".picture text.{r}{{fill:var(--picture-{r}-ink)}}" for r in roles),
        *(f".picture .mark.{r}{{fill:var(--picture-{r}-mark);stroke:none}}" for r in roles),
        *(f".picture path.{r}{{fill:none;stroke:var(--picture-{r}-mark)}}" for r in roles),
        *(f".picture polygon.{r}{{fill:var(--picture-{r}-mark)}}" for r in roles),
    ]
    if inline:
        rules.append(".picture a:hover .area,.picture a:focus-visible .area{stroke-width:3}")
    return "\n".join([*themes, *rules])


def _variables(scheme: Scheme) -> str:
    return ";".join(
        f"--picture-{role}-{part}:{getattr(paint, part)}"
        for role, paint in PAINTS[scheme].items()
        for part in ("fill", "edge", "ink", "mark")
    )


def _items(items: tuple[Element, ...], *, inline: bool) -> Iterator[str]:
    for item in items:
        if isinstance(item, Box):
            yield from _box(item, inline=inline)
        elif isinstance(item, Label):
            yield from _label(item)
        elif isinstance(item, Mark):
            yield _mark(item)
        else:
            yield from _line(item)


def _box(box: Box, *, inline: bool) -> Iterator[str]:
    link = inline and box.area is not None
    if link:
        yield f'<a href="#area/{quote(box.area or "")}" aria-label={attribute(box.title or box.id)}>'
    about = f" data-area={attribute(box.area)}" if box.area else ""
    yield f"<g{about}>"
    if box.title and not link:
        yield f"<title>{text(box.title)}</title>"
    if box.role != "plain":
        yield f'<rect class="{box.role}" {_place(box)} rx="{number(box.radius)}"/>'
    yield from _items(box.items, inline=inline)
    yield "</g>"
    if link:
        yield "</a>"


def _label(label: Label) -> Iterator[str]:
    anchor = _ANCHORS[label.align]
    x = label.x + SHARE[label.align] * label.width
    style = f'class="{label.role}{" bold" if label.bold else ""}" font-size="{number(label.size)}"'
    for index, line in enumerate(label.lines):
        baseline = label.y + (index * LEADING + BASELINE) * label.size
        # Whatever font there is, a line is as long as it was measured.
        length = number(text_width(line, label.size, bold=label.bold))
        yield (
            f'<text {style} x="{number(x)}" y="{number(baseline)}" text-anchor="{anchor}" '
            f'textLength="{length}" lengthAdjust="spacingAndGlyphs">{text(line)}</text>'
        )


def _mark(mark: Mark) -> str:
    radius = mark.height / 2 if mark.round else 2
    return f'<rect class="mark {mark.role}" {_place(mark)} rx="{number(radius)}"/>'


def _line(line: Line) -> Iterator[str]:
    points, head = arrowhead(line)
    if head:
        told = " ".join(f"{number(x)},{number(y)}" for x, y in head)
        yield f'<polygon class="{line.role}" points="{told}"/>'
    path = " L".join(f"{number(x)} {number(y)}" for x, y in points)
    dashes = ' stroke-dasharray="5 4"' if line.dashed else ' stroke-linecap="square"'
    yield f'<path class="{line.role}" d="M{path}" stroke-width="{number(line.thickness)}"{dashes}/>'


def _place(item: Box | Mark) -> str:
    return f'x="{number(item.x)}" y="{number(item.y)}" width="{number(item.width)}" height="{number(item.height)}"'

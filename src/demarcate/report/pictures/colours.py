"""How each role looks, on a light page and on a dark one."""

from __future__ import annotations

from typing import Literal

import msgspec

from demarcate.report.pictures.drawing import Role

Scheme = Literal["light", "dark"]


class Paint(msgspec.Struct, frozen=True):
    """The colours of a role: a surface, its edge, text of the role, and the strong colour of its marks."""

    fill: str
    edge: str
    ink: str
    mark: str


PAINTS: dict[Scheme, dict[Role, Paint]] = {
    "light": {
        "page": Paint("#ffffff", "#ffffff", "#17212b", "#17212b"),
        "text": Paint("#ffffff", "#d5dbe1", "#17212b", "#17212b"),
        "muted": Paint("#f6f7f9", "#d5dbe1", "#4f5c69", "#9aa6b2"),
        "aws": Paint("#f1f3f6", "#aab4bf", "#33404d", "#6b7a89"),
        "customer": Paint("#eaf2fc", "#7fabdd", "#144a86", "#2d6fb8"),
        "area": Paint("#ffffff", "#17212b", "#17212b", "#17212b"),
        "line": Paint("#ffffff", "#17212b", "#17212b", "#17212b"),
        "outcome": Paint("#12314f", "#12314f", "#ffffff", "#ffffff"),
        "met": Paint("#eaf6ee", "#79b78d", "#17603a", "#2f8f58"),
        "gap": Paint("#fdeeec", "#e0968d", "#9b231a", "#d64538"),
        "unproven": Paint("#fdf5e1", "#d3b15c", "#6f4e00", "#b5800f"),
        "not-applicable": Paint("#f6f7f9", "#d5dbe1", "#4f5c69", "#82909d"),
    },
    "dark": {
        "page": Paint("#11171d", "#11171d", "#e6ebf0", "#e6ebf0"),
        "text": Paint("#11171d", "#36424e", "#e6ebf0", "#e6ebf0"),
        "muted": Paint("#1a2229", "#36424e", "#a7b3bf", "#6b7884"),
        "aws": Paint("#1d252d", "#55636f", "#cdd6df", "#8b99a6"),
        "customer": Paint("#14263b", "#3f75b0", "#a9cdf5", "#5b9be0"),
        "area": Paint("#11171d", "#e6ebf0", "#e6ebf0", "#e6ebf0"),
        "line": Paint("#11171d", "#e6ebf0", "#e6ebf0", "#e6ebf0"),
        "outcome": Paint("#1b3d60", "#4f7fae", "#ffffff", "#ffffff"),
        "met": Paint("#12291c", "#3d7a55", "#8fd6aa", "#4cae75"),
        "gap": Paint("#2a1a1c", "#8f4a45", "#ffb0a6", "#e8665a"),
        "unproven": Paint("#2c230c", "#806522", "#ecc96d", "#d6a534"),
        "not-applicable": Paint("#1a2229", "#36424e", "#a7b3bf", "#74828f"),
    },
}

"""One self-contained page: nothing in it is fetched, and a policy in its head forbids that anything ever is.

A page is a template, style sheets, scripts and data, all of them files of one package.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from demarcate.report.pictures.colours import PAINTS
from demarcate.report.safe import json_text, printable

_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
"""What could end a script element, begin a comment or end a line of one; in JSON all of it is inside strings."""


def page(
    package: str,
    template: str,
    *,
    styles: Sequence[str],
    head: Sequence[str] = (),
    scripts: Sequence[str] = (),
    data: Any = None,
    pictures: Mapping[str, str] | None = None,
    context: Mapping[str, Any],
) -> str:
    """The page that a template of a package makes.

    `styles` and `scripts` name files of the package that are put together, in that order; `head` names scripts
    that run before anything is shown. The template finds them as `style`, `head_script` and `script`, the data
    as `data` (JSON that is safe in a script element) and the policy as `policy`. `pictures` are SVG of our own
    making, by the names under which the template finds them. All other text is escaped.
    """
    drawn = pictures or {}
    style = "\n".join([colours(), *(_read(package, name) for name in styles)])
    first, last = (_script(package, names) for names in (head, scripts))
    ours = {**drawn, "style": style, "head_script": first, "script": last, "data": embedded(_shown(data))}
    return (
        _environment(package)
        .get_template(template)
        .render(
            context,
            policy=_policy([style, *_styles(drawn.values())], [first, last]),
            # Files of our own, pictures in which all text is escaped, and JSON that is.
            **{name: Markup(text) for name, text in ours.items()},  # noqa: S704
        )
    )


def embedded(data: Any) -> str:
    r"""Data as JSON for a script element.

    >>> embedded("</script>")
    '"\\u003c/script\\u003e"'
    """
    return json_text(data, order="deterministic").translate(_ESCAPES)


def _shown(data: Any) -> Any:
    """The data with printable text alone, as all other text of the page is."""
    if isinstance(data, str):
        return printable(data)
    if isinstance(data, Mapping):
        return {printable(key): _shown(value) for key, value in data.items()}
    return [_shown(value) for value in data] if isinstance(data, list | tuple) else data


def colours() -> str:
    """The colours of all roles as custom properties, each for light and dark: `--gap-ink` and so on."""
    lines = []
    for role, paint in PAINTS["light"].items():
        for part in paint.__struct_fields__:
            dark = getattr(PAINTS["dark"][role], part)
            lines.append(f"  --{role}-{part}: light-dark({getattr(paint, part)}, {dark});\n")
    return f":root {{\n{''.join(lines)}}}\n"


def _script(package: str, names: Sequence[str]) -> str:
    """Scripts put together in a scope of their own; nothing where there are none."""
    if not names:
        return ""
    parts = "\n".join(_read(package, name) for name in names)
    return f'(() => {{\n"use strict";\n\n{parts}}})();\n'


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Only these very texts may run or style the page, and nothing may be fetched, framed, sent or rebased."""
    return (
        f"default-src 'none'; style-src {_hashes(styles)}; script-src {_hashes(scripts)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _styles(pictures: Iterable[str]) -> list[str]:
    """The style sheets within pictures."""
    return [style for picture in pictures for style in re.findall(r"<style>(.*?)</style>", picture, re.DOTALL)]


def _hashes(texts: Sequence[str]) -> str:
    return " ".join(_hash(text) for text in texts if text) or "'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text("utf-8")


def _environment(package: str) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: _read(package, name)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _harmless(value: Any) -> Any:
    """Untrusted text without what turns the reading direction or cannot be shown; escaping comes after this."""
    return value if isinstance(value, Markup) else printable(str(value))

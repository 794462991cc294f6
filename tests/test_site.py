"""The documentation site: it builds without a warning, leads nowhere that is not there, and asks no other host."""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import markdown  # type: ignore[import-untyped]
import pytest
import typer
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.cli import app
from demarcate.report import safe
from tests.each import each
from tests.test_docs import parse

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "mkdocs.yml"
CI = ROOT / "docs" / "how-to" / "assess-in-ci.md"

FETCHED = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src",),
    "audio": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
}
"""What a browser asks for by itself, by element."""

RAN = {"script", "iframe", "object", "embed", "style", "form", "base", "meta", "link"}
"""Elements that no text of a page may make."""


@dataclass
class Page(HTMLParser):
    """What a page leads to, fetches and holds."""

    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    styles: list[str] = field(default_factory=list)
    in_text: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    _inside: int = 0
    _style: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        self.ids |= {of[name] for name in ("id", "name") if name in of}
        if tag == "a" and "href" in of:
            self.links.append(of["href"])
        if not (tag == "link" and of.get("rel") in ("canonical", "prev", "next")):
            self.fetched += [of[name] for name in FETCHED.get(tag, ()) if name in of]
        self.styles += [of["style"]] if "style" in of else []
        self._style = tag == "style"
        if self._inside:
            self.in_text.append(tag)
            self.handlers += [name for name in of if name.startswith("on")]
            self.handlers += [value for value in of.values() if value.strip().lower().startswith("javascript:")]
        if tag == "article":
            self._inside += 1

    def handle_endtag(self, tag: str) -> None:
        self._inside -= tag == "article"
        self._style = False

    def handle_data(self, data: str) -> None:
        if self._style:
            self.styles.append(data)


def read(text: str) -> Page:
    page = Page()
    page.feed(text)
    return page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `mkdocs build --strict` builds it."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site")
    warnings = Warnings()
    logging.getLogger("mkdocs").addHandler(warnings)
    try:
        build(load_config(str(CONFIG), site_dir=str(folder), strict=True))
    finally:
        logging.getLogger("mkdocs").removeHandler(warnings)
    assert not warnings.told
    return folder


class Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: read(path.read_text()) for path in sorted(site.rglob("*.html"))}


def test_the_navigation_leads_to_every_page(site: Path, pages: dict[Path, Page]) -> None:
    docs = ROOT / "docs"
    expected = {site / path.relative_to(docs).with_suffix(".html") for path in docs.rglob("*.md")}
    linked = {(site / unquote(link.partition("#")[0])).resolve() for link in pages[site / "index.html"].links}
    assert expected <= {*pages}
    assert expected - linked <= {site / "index.html"}


def test_links_out_of_the_documentation_are_text(site: Path) -> None:
    page = (site / "how-to" / "prove-a-responsibility.html").read_text()
    assert "<code>examples/evidence</code>" in page
    assert "examples/evidence/README" not in page


def test_links_and_images_lead_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    files = {str(path.relative_to(site)): path for path in site.rglob("*") if path.is_file()}
    lost = []
    for path, page in pages.items():
        if path.name == "404.html":  # served from anywhere, so its links begin at the root
            continue
        here = path.relative_to(site)
        for link in dict.fromkeys([*page.links, *page.fetched]):
            parts = urlsplit(link)
            if parts.scheme:
                continue
            name = normpath(here.parent / unquote(parts.path)) if parts.path else str(here)
            target = files.get(name) or files.get(normpath(f"{name}/index.html"))
            there = target is not None
            if target in pages and parts.fragment:
                there = unquote(parts.fragment) in pages[target].ids
            if not there:
                lost.append(f"{path.relative_to(site)}: {link}")
    assert not lost


def test_no_page_asks_another_host(site: Path, pages: dict[Path, Page]) -> None:
    asked = [
        f"{path.relative_to(site)}: {url}"
        for path, page in pages.items()
        for url in [*page.fetched, *re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")]+)", " ".join(page.styles))]
        if urlsplit(url).netloc
    ]
    sheets = [
        f"{path.relative_to(site)}: {url}"
        for path in [*site.rglob("*.css"), *site.rglob("*.svg")]
        for url in re.findall(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")]+)", path.read_text())
    ]
    assert not [*asked, *sheets]


def test_the_search_works_in_a_folder_and_asks_no_other_host(site: Path, browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto((site / "reference" / "services" / "ec2.html").as_uri())
    page.fill("input[name=query]", "aws_ecr_image")
    page.wait_for_selector(".md-search-result__link")
    links = [link.get_attribute("href") or "" for link in page.query_selector_all(".md-search-result__link")]
    page.goto(next(link for link in links if link.endswith("#aws_ecr_image")))
    assert page.title() == "Amazon ECR - Demarcate"
    page.close()
    assert not wrong
    assert {urlsplit(url).scheme for url in asked} == {"file"}


def test_no_text_of_a_page_runs(site: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        assert not RAN & {*page.in_text}, path
        assert not page.handlers, path


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ('<img src="https://cdn.example/x.png">', ["https://cdn.example/x.png"]),
        ('<script src="//cdn.example/x.js"></script>', ["//cdn.example/x.js"]),
        ('<a href="https://example.com/">x</a>', []),
        ('<img src="../x.png">', []),
    ],
)
def test_what_asks_another_host_is_seen(text: str, asks: list[str]) -> None:
    assert [url for url in read(text).fetched if urlsplit(url).netloc] == asks


# --- Text that came from data ---------------------------------------------------------------------------


@cache
def renderer() -> markdown.Markdown:
    """Markdown as the site has it."""
    options = yaml.safe_load(CONFIG.read_text())["markdown_extensions"]
    names = [next(iter(option)) if isinstance(option, dict) else option for option in options]
    configs = {name: of for option in options if isinstance(option, dict) for name, of in option.items()}
    return markdown.Markdown(extensions=names, extension_configs=configs)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a id=x onclick=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "<https://evil.example>",
    "{: onclick=alert(1) }",
    "\\<script>",
    "`<script>`",
    "<!-- <script>",
    "<?php <script> ?>",
    "x\n\n<div onclick=alert(1)>",
]
WHERE = ["{}", "# {}", "- {}", "Some text {} and more.", "| a |\n|---|\n| {} |"]
PLAIN = {"p", "h1", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "a", "code", "ol", "div"}


def made(text: str, where: str) -> Page:
    page = read(f"<article>{renderer().reset().convert(where.format(safe.markdown(text)))}</article>")
    page.links = [link for link in page.links if not link.startswith("#")]  # the headings' own
    return page


@each("where", WHERE)
@each("text", HOSTILE)
def test_text_from_data_is_shown_as_text(text: str, where: str) -> None:
    page = made(text, where)
    assert not page.links
    assert not page.fetched
    assert not page.handlers
    assert {*page.in_text} <= PLAIN


@settings(max_examples=60)
@given(st.text("<>/\\`[]()!{}:#&;*_-=\"' abimgscript", max_size=40))
def test_no_text_from_data_makes_an_element(text: str) -> None:
    page = made(text, "Some text {} and more.")
    assert not page.links
    assert {*page.in_text} <= {"p"}


# --- Assess in CI ---------------------------------------------------------------------------------------

_YAML = re.compile(r'^```yaml title="([^"]+)"\n(.*?)^```$', re.M | re.S)
PIPELINES = [(title, yaml.safe_load(text)) for title, text in _YAML.findall(CI.read_text())]


def run_in(pipeline: Any) -> list[str]:
    """What a pipeline runs, wherever it says so."""
    if isinstance(pipeline, list):
        return [line for step in pipeline for line in run_in(step)]
    if not isinstance(pipeline, dict):
        return []
    own = [pipeline["run"]] if "run" in pipeline else pipeline.get("script", [])
    return [*own, *(line for job in pipeline.values() for line in run_in(job))]


def test_pipelines_are_yaml_that_runs_demarcate() -> None:
    titles = [title for title, _ in PIPELINES]
    assert any(title.startswith(".github/workflows/") for title in titles)
    assert ".gitlab-ci.yml" in titles
    commands = [line for _, pipeline in PIPELINES for line in run_in(pipeline) if line.startswith("demarcate ")]
    assert len(commands) == 5
    for command in commands:
        parse(typer.main.get_command(app), shlex.split(command))


def test_workflows_say_what_they_need_in_the_form_of_their_host() -> None:
    for title, pipeline in PIPELINES:
        if not title.startswith(".github/"):
            continue
        assert {*pipeline} == {"name", True, "permissions", "jobs"}  # YAML 1.1 reads `on` as true
        for job in pipeline["jobs"].values():
            assert job["runs-on"]
            assert all(("uses" in step) != ("run" in step) for step in job["steps"])


# --- Commands of all pages ------------------------------------------------------------------------------

_CONSOLE = re.compile(r"^ *```(?:console|sh)\n(?P<text>.*?)^ *```$", re.M | re.S)


def commands() -> Iterator[tuple[str, list[str]]]:
    """What pages tell people to run, up to where its output goes; the reference has commands of its own test."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        for block in _CONSOLE.finditer(path.read_text()):
            for line in block["text"].replace("\\\n", " ").splitlines():
                words = (
                    shlex.split(line.strip().removeprefix("$ "), comments=True) if "demarcate " in line else [""]
                )
                if words[0] == "demarcate":
                    end = next((at for at, word in enumerate(words) if word in (">", "|")), len(words))
                    yield f"{path.stem}: {line.strip()}", words[:end]


COMMANDS = dict(commands())


@each("words", COMMANDS.values(), ids=COMMANDS.keys())
def test_commands_parse(words: list[str]) -> None:
    parse(typer.main.get_command(app), words)

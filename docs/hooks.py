"""What mkdocs.yml cannot say: a folder's pages in the navigation, and links that leave the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"\[(?P<text>[^\]\n]+)\]\((?P<to>\.\./[^)\s]+)\)")


def on_config(config: Any) -> Any:
    """Put the pages that a pattern names in its place, so that no new page is forgotten."""
    docs = Path(config.docs_dir)
    config.nav = [
        {title: _pages(docs, entry) if isinstance(entry, list) else entry}
        for section in config.nav
        for title, entry in section.items()
    ]
    return config


def _pages(docs: Path, entries: list[Any]) -> list[Any]:
    named = [entry for entry in entries if isinstance(entry, dict) or "*" not in entry]
    pages: list[Any] = []
    for entry in entries:
        if isinstance(entry, dict):
            pages.append({title: _pages(docs, of) if isinstance(of, list) else of for title, of in entry.items()})
        elif entry in named:
            pages.append(entry)
        else:
            matching = (path.relative_to(docs).as_posix() for path in sorted(docs.glob(entry)))
            pages.extend(path for path in matching if path not in named)
    return pages


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001
    """Show a link to a file that is only in the repository as text: the site does not have it."""
    docs = Path(config.docs_dir).resolve()
    folder = (docs / page.file.src_uri).parent

    def inside(link: re.Match[str]) -> str:
        target = (folder / link["to"].partition("#")[0]).resolve()
        return link[0] if target.is_relative_to(docs) else link["text"]

    return _LINK.sub(inside, markdown)

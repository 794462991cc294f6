"""What changed from one assessment to another, as one self-contained page, without scripts.

The report of an assessment shows the same as one of its views.
"""

from __future__ import annotations

from demarcate.posture.news import News, Side
from demarcate.report.html.content import SHOWN_ROWS
from demarcate.report.html.page import page
from demarcate.report.html.words import WORDS
from demarcate.report.out import Out
from demarcate.version import __version__


def write(news: News, after: Side, out: Out) -> None:
    """Write the page of what is other in the later of two assessments."""
    out.write(
        page(
            "demarcate.report.html",
            "news_page.html.j2",
            styles=["look.css", "report.css"],
            context={
                **WORDS,
                "version": __version__,
                "news": news,
                "origin": after.origin,
                "moment": after.moment[:16].replace("T", " "),
                "SHOWN_ROWS": SHOWN_ROWS,
            },
        )
    )

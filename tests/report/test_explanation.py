"""What `explain` says of one thing of the model."""

from __future__ import annotations

import io

import pytest

from demarcate.model import Responsibility, Service, load
from demarcate.report import explanation
from demarcate.report.console import Console
from demarcate.report.out import Out

MODEL = load()
ITEMS: tuple[Responsibility | Service, ...] = (*MODEL.responsibilities, *MODEL.services)
SOURCED = [item for item in ITEMS if item.sources]


@pytest.mark.parametrize("item", SOURCED, ids=lambda item: item.id)
def test_sources_stand_whole_on_their_lines(item: Responsibility | Service) -> None:
    told = io.StringIO()
    explanation.write(MODEL, item.id, "text", Out(told), Console(Out(told), width=40))
    assert [line for line in told.getvalue().splitlines() if "https:" in line] == [
        f"  Source: {page}" for page in item.sources
    ]

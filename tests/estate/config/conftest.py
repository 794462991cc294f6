"""AWS for the tests of buckets, and an aggregator, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.conftest import aws, server
from tests.estate.config.aggregator import Aggregator, serving

__all__ = ["aggregator", "aws", "server"]


@pytest.fixture
def aggregator() -> Iterator[Aggregator]:
    """An aggregator that has nothing yet."""
    with serving(Aggregator()) as made:
        yield made

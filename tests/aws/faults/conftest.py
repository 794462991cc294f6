"""The world of these tests, made once a test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.faults.world import World, the_world, unhurried


@pytest.fixture(scope="session")
def whole_world() -> Iterator[World]:
    """An estate with something of everything, and what is seen of it when nothing fails."""
    with the_world() as world:
        yield world


@pytest.fixture
def world(whole_world: World) -> Iterator[World]:
    """The same, while nobody waits and AWS's patience is tried but once more."""
    with unhurried(attempts=1):
        yield whole_world

"""Ledgers for tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.postgresql import Server, programs, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """PostgreSQL, one for each worker that needs it."""
    installed = programs()
    if installed is None:
        pytest.skip("PostgreSQL is not installed: no ledger in it is tested")
    with serving(installed) as running:
        yield running


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Each kind of database, one after the other."""
    return str(request.param)


@pytest.fixture
def place(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a ledger may be that is not there yet: a file, or the URL of an empty schema."""
    if backend == "sqlite":
        return str(tmp_path / "ledger.sqlite")
    server: Server = request.getfixturevalue("server")
    return server.url(server.schema())

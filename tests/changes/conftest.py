"""A clean account, as the tests of live AWS have it, and a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demarcate.ledger.ledger import Ledger
from tests.aws.conftest import aws, endless, images, server
from tests.changes.fakes import unsynced
from tests.direct import called_directly

__all__ = ["aws", "endless", "images", "server"]


@pytest.fixture(autouse=True)
def direct() -> Iterator[None]:
    """AWS's answers come without connections, which no test here is about: those of `tests/aws` are."""
    with called_directly():
        yield


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger(str(tmp_path / "ledger.sqlite")) as opened:
        yield unsynced(opened)

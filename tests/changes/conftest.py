"""A clean account, as the tests of live AWS have it, and a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demarcate.ledger.ledger import Ledger
from tests.aws.conftest import aws, endless, images, server
from tests.changes.fakes import unsynced

__all__ = ["aws", "endless", "images", "server"]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger(str(tmp_path / "ledger.sqlite")) as opened:
        yield unsynced(opened)

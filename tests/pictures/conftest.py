from __future__ import annotations

import pytest
from msgspec.structs import replace

from demarcate.base.errors import Problem
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.model import Model, load
from demarcate.posture.structs import Posture
from tests.example import assessed

HOSTILE = '<script>alert("x")</script> & \x1b[31m\ufffe ]]> "quoted" ' + "a-very-long-folder/" * 40


@pytest.fixture(scope="session")
def model() -> Model:
    return load()


@pytest.fixture(scope="session")
def posture() -> Posture:
    """The posture of the example estate."""
    return assessed().posture


@pytest.fixture(scope="session")
def hostile(posture: Posture) -> Posture:
    """A posture whose source has a name that tries to be markup, and of which part could not be read."""
    unread = (Unread(kind=Kind.DENIED, reason="denied"), Unread(kind=Kind.DENIED, reason="denied"))
    return replace(posture, origin=HOSTILE, unread=unread, refused=(Problem("no such file"),))

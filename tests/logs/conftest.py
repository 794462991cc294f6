"""The AWS that the tests of logs talk to."""

from __future__ import annotations

from tests.aws.conftest import aws, server

__all__ = ["aws", "server"]

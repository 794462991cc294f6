"""A clean account, as the tests of live AWS have it."""

from __future__ import annotations

from tests.aws.conftest import aws, endless, images, server

__all__ = ["aws", "endless", "images", "server"]

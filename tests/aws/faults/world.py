"""The estate, served and read once without faults; then any operation may fail."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock
from urllib.request import Request, urlopen

import boto3
import botocore.endpoint
from moto import settings

from demarcate.estate.sources.aws import asking, clients
from tests.aws.answers.server import Fault, Server, serving
from tests.aws.faults.estate import fill
from tests.aws.faults.guarding import Guarded, guarded, reading
from tests.aws.faults.kinds import KINDS, Pages, but_first
from tests.aws.faults.reach import checks
from tests.aws.faults.seeing import REGION, Seen, look

WHO = "sts.get_caller_identity"


@dataclass(frozen=True)
class World:
    """A server with a full estate that does not change, and what is seen of it when nothing fails."""

    server: Server
    session: boto3.Session
    calm: Seen
    asked: Mapping[str, int]
    """How often each operation was called for it."""
    guarded: Guarded

    @contextmanager
    def failing(self, faults: Mapping[str, str]) -> Iterator[None]:
        """While operations fail, each in one of the ways of `KINDS`.

        Who asks is always answered once: without that there is nothing to read.
        """
        given = {operation: KINDS[kind][0] for operation, kind in faults.items()}
        if WHO in given:
            given[WHO] = but_first(given[WHO])
        with self.with_faults(given):
            yield

    @contextmanager
    def with_faults(self, faults: Mapping[str, Fault], storm: Fault | None = None) -> Iterator[None]:
        """While operations are answered otherwise, and all others by `storm` if there is one."""
        self.server.faults, self.server.storm = faults, storm
        self.server.calls.clear()
        try:
            yield
        finally:
            self.server.faults, self.server.storm = {}, None


@contextmanager
def the_world() -> Iterator[World]:
    """Create it. Takes some ten seconds."""
    with serving() as server:
        session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
        never = mock.patch.object(settings, "ACM_VALIDATION_WAIT", 1 << 31)  # a certificate stays as it was seen
        with unhurried(), never:
            _reset(server)
            fill(session, server.url)
            reader = reading(session, server.url)
            server.keep()
            server.calls.clear()
            calm = look(session, server.url, None, checks(), passes=True)
            asked = dict(server.calls)
            # Clusters and services are asked after together, as many as a page has: with one on each page, each by
            # itself.
            server.storm = Pages()
            together = ("aws_ecs_cluster", "aws_ecs_service", "aws_ecs_task_set")
            look(session, server.url, dict.fromkeys(together), ())
            server.storm = None
            seen = guarded(server, reader)
            server.freeze()
            _reset(server)
        yield World(server, session, calm, asked, seen)


def _reset(server: Server) -> None:
    urlopen(Request(f"{server.url}/moto-api/reset", method="POST")).close()


@contextmanager
def unhurried(attempts: int | None = None) -> Iterator[None]:
    """While nobody waits between attempts."""
    with (
        mock.patch.object(botocore.endpoint, "time", types.SimpleNamespace(sleep=lambda _: None)),
        mock.patch.object(asking, "time", types.SimpleNamespace(sleep=lambda _: None)),
        mock.patch.object(clients, "PATIENCE", clients.PATIENCE if attempts is None else attempts),
    ):
        yield

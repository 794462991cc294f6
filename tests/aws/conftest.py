"""A real moto server, over real HTTP on a free loopback port, for the tests of live AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from werkzeug.serving import make_server

from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.sources.aws.clients import without_prefix
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table
from tests.aws.answers.server import Handler
from tests.aws.endless import Server, serving_endlessly
from tests.aws.moto import Moto
from tests.conftest import models
from tests.serving import served

REGION = "eu-west-1"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of the server of this test process."""
    with served(make_server("127.0.0.1", 0, Moto(), threaded=True, request_handler=Handler)) as url:
        yield url


@pytest.fixture
def endless() -> Iterator[Server]:
    """A server that answers what it is told to, with or without an end."""
    with serving_endlessly() as made:
        yield made


class Aws:
    """A clean account: clients to fill it, and its tables read back through Demarcate."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = boto3.Session(
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            region_name=REGION,
        )
        self.session._session.register_component("data_loader", models(None))

    def client(self, service: str, region: str = REGION) -> Any:
        client: Any = self.session.client(service, region_name=region, endpoint_url=self.url)  # type: ignore[call-overload]
        client.meta.events.register("before-sign", without_prefix)
        return client

    def snapshot(self, *tables: str) -> Snapshot:
        return collect_snapshot(
            ["aws"],
            Options(session=self.session, regions=(REGION,), endpoint_url=self.url),
            selection=dict.fromkeys(tables),
        )

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of one table, with all of its columns; JSON columns are text."""
        snapshot = self.snapshot(name)
        columns = [column.name for column in table(name).all_columns]
        return [dict(row) for row in rows_of(snapshot, table(name), columns)]


@pytest.fixture
def aws(server: str) -> Iterator[Aws]:
    """A clean account. Nothing of the environment's credentials or endpoints is used."""
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{server}/moto-api/reset", method="POST")).close()
    yield Aws(server)


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The images that AWS offers."""
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "true")


@pytest.fixture
def policies_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The managed policies of AWS's own, which moto else leaves out."""
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")


Rows = Callable[[str], list[dict[str, Any]]]

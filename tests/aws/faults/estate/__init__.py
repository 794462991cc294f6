"""An estate with something of every kind that moto can make, created through AWS's API."""

from __future__ import annotations

from typing import Any

import boto3

from demarcate.estate.sources.aws.clients import without_prefix
from tests.aws.faults.estate import accounts, building, computing, keeping, networks, running, watching

REGION = "eu-west-1"
HOME = "us-east-1"


class Maker:
    """The clients that make the estate, each created once."""

    def __init__(self, session: boto3.Session, url: str) -> None:
        self._session, self._url = session, url
        self._clients: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str = REGION) -> Any:
        key = (service, region)
        if key not in self._clients:
            client: Any = self._session.client(  # type: ignore[call-overload]
                service, region_name=region, endpoint_url=self._url
            )
            client.meta.events.register("before-sign", without_prefix)
            self._clients[key] = client
        return self._clients[key]


def fill(session: boto3.Session, url: str) -> None:
    """Create the estate."""
    make = Maker(session, url)
    accounts.fill(make)
    keeping.fill(make)
    net = networks.fill(make)
    computing.fill(make, net)
    running.fill(make, net)
    building.fill(make, net)
    watching.fill(make, net)

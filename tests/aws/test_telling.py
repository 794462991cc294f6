"""Every attempt of a call is in the log, with who was asked for what, and nothing of what was said."""

from __future__ import annotations

import logging
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from demarcate.estate.sources.aws import clients
from demarcate.estate.sources.aws.clients import Clients
from demarcate.estate.sources.aws.session import identify
from tests.aws.conftest import Aws

TOKEN = "a-token-that-is-secret"


def entries(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record)["fields"] for record in caplog.records if record.getMessage() == "called"]


def test_calls_are_told(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "demarcate")
    asking = Clients(boto3.Session("testing", TOKEN, TOKEN, region_name="eu-west-1"), aws.url)
    account = identify(asking.session, asking, ["eu-west-1"]).account
    asking.pair("ec2", "eu-west-2")[0].describe_volumes()
    first, second = entries(caplog)
    assert (first["account"], first["operation"]) == (None, "sts:GetCallerIdentity")
    named = ("account", "region", "operation", "attempt", "status", "error")
    assert [second[name] for name in named] == [account, "eu-west-2", "ec2:DescribeVolumes", 1, 200, None]
    assert second["request_id"]
    assert 0 <= second["seconds"] < 600
    assert set(second) == {*named, "seconds", "request_id"}
    assert TOKEN not in repr([vars(record) for record in caplog.records])


def test_every_attempt_is_told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    caplog.set_level(logging.DEBUG, "demarcate")
    asking = Clients(boto3.Session("testing", TOKEN, region_name="eu-west-1"), "http://127.0.0.1:9")
    with pytest.raises(EndpointConnectionError):
        asking.pair("ec2", "eu-west-1")[0].describe_volumes()
    told = [(entry["attempt"], entry["error"], entry["status"]) for entry in entries(caplog)]
    assert told == [(attempt + 1, "EndpointConnectionError", None) for attempt in range(clients.ATTEMPTS)]


def test_nothing_is_added_where_nobody_listens(aws: Aws) -> None:
    client = Clients(boto3.Session("testing", TOKEN, region_name="eu-west-1"), aws.url).pair("ec2", "eu-west-1")[0]
    handlers = client.meta.events._emitter._handlers.prefix_search("response-received.ec2.DescribeVolumes")
    assert [handler for handler in handlers if "telling" in handler.__module__] == []

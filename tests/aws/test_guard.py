"""Nothing here can write: over all operations that botocore knows, and over all ways in which one is called."""

from __future__ import annotations

import ast
import gzip
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import botocore
import msgspec
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSRequest

from demarcate.estate.sources.aws.clients import client_of
from demarcate.estate.sources.aws.failures import Refused
from demarcate.estate.sources.aws.guard import NEVER, READ_TOO, of_tables, reads

NOBODY = "http://127.0.0.1:9"
SOURCE = Path(__file__).parent.parent.parent / "src" / "demarcate"


class Model(msgspec.Struct):
    """What is read of a service's model."""

    operations: dict[str, msgspec.Raw]


@cache
def operations() -> dict[str, str]:
    """Every operation that botocore knows, in its words, and as AWS writes it."""
    methods = {}
    for service in (Path(botocore.__file__).parent / "data").iterdir():
        for path in sorted(service.glob("*/service-2.json*"))[-1:]:
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            names = msgspec.json.decode(data, type=Model).operations
            methods.update({f"{service.name}.{xform_name(name)}": name for name in names})
    return methods


def test_botocore_may_ask_where_a_bucket_is() -> None:
    """It does so by itself where an endpoint sends it to another region."""
    assert "s3.head_bucket" in of_tables()


WRITES = (
    *(
        "create",
        "delete",
        "put",
        "update",
        "modify",
        "start",
        "stop",
        "run",
        "terminate",
        "attach",
        "detach",
        "send",
    ),
    *(
        "invoke",
        "execute",
        "tag",
        "untag",
        "register",
        "deregister",
        "associate",
        "disassociate",
        "enable",
        "disable",
    ),
    *(
        "add",
        "remove",
        "set",
        "reset",
        "cancel",
        "publish",
        "import",
        "restore",
        "copy",
        "reboot",
        "accept",
        "reject",
    ),
    *(
        "encrypt",
        "decrypt",
        "re_encrypt",
        "sign",
        "generate_data_key",
        "generate_mac",
        "revoke",
        "authorize",
        "assume",
    ),
)
"""How the names of operations begin that do something."""


def test_what_reads_is_told_from_what_writes() -> None:
    assert len(operations()) > 10_000
    mistaken = [
        operation
        for operation in operations()
        if operation.partition(".")[2].startswith(tuple(f"{verb}_" for verb in WRITES)) and reads(operation)
    ]
    assert set(mistaken) <= READ_TOO


def test_what_tables_declare_exists_and_reads() -> None:
    assert of_tables() <= set(operations())
    assert [operation for operation in of_tables() if not reads(operation)] == []


def test_every_exception_is_an_operation() -> None:
    assert set(operations()) >= READ_TOO | NEVER


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    return boto3.Session("testing", "testing", region_name="eu-west-1")


def client(session: boto3.Session, service: str) -> Any:
    return client_of(session, service, NOBODY, may=of_tables())


def clients(session: boto3.Session) -> Iterator[tuple[str, Any]]:
    services = {operation.partition(".")[0] for operation in of_tables()}
    for service in sorted(
        {*services, "kms", "lambda", "ssm", "secretsmanager", "dynamodb", "athena", "s3control"}
    ):
        yield service, client(session, service)


def test_all_but_what_tables_declare_is_refused_before_it_is_sent(session: boto3.Session) -> None:
    """Of every service that is read: were one sent, it would fail for what is missing, or reach nobody."""
    refused = set()
    for service, asking in clients(session):
        for name, operation in asking.meta.method_to_api_mapping.items():
            if f"{service}.{name}" in of_tables():
                continue
            with pytest.raises(Refused):
                asking._make_api_call(operation, {})
            refused.add(f"{service}.{name}")
    assert refused >= {"s3.put_object", "s3.get_object", "kms.decrypt", "ssm.get_parameter", "lambda.invoke"}


def sent_at_once(s3: Any) -> None:
    model = s3.meta.service_model.operation_model("DeleteBucket")
    request = {"url_path": "/b", "query_string": {}, "method": "DELETE", "headers": {}, "body": b"", "url": NOBODY}
    s3._endpoint.make_request(model, {**request, "context": {"client_region": "eu-west-1", "client_config": None}})


def signed(s3: Any) -> None:
    s3._request_signer.sign("DeleteBucket", AWSRequest(method="DELETE", url=NOBODY))


WAYS: dict[str, Callable[[Any], Any]] = {
    "a method": lambda s3: s3.delete_bucket(Bucket="b"),
    "its operation": lambda s3: s3._make_api_call("DeleteBucket", {"Bucket": "b"}),
    "an address": lambda s3: s3.generate_presigned_url("delete_bucket", {"Bucket": "b"}),
    "a form": lambda s3: s3.generate_presigned_post("b", "k"),
    "pages": lambda s3: list(s3.get_paginator("list_multipart_uploads").paginate(Bucket="b")),
    "a waiter": lambda s3: s3.get_waiter("object_exists").wait(Bucket="b", Key="k"),
    "a transfer": lambda s3: s3.upload_fileobj(BytesIO(), "b", "k"),
    "a request": sent_at_once,
    "a signature": signed,
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_calling_goes_past_it(way: str, session: boto3.Session) -> None:
    with pytest.raises(Refused):
        WAYS[way](client(session, "s3"))


def test_what_writes_is_refused_wherever_it_is_declared(session: boto3.Session) -> None:
    asking = client_of(session, "ec2", NOBODY, may=("ec2.delete_volume", "ec2.get_password_data"))
    with pytest.raises(Refused):
        asking.delete_volume(VolumeId="v")
    with pytest.raises(Refused):
        asking.get_password_data(InstanceId="i")


MAKING = {"client", "resource", "create_client", "_make_api_call"}


def test_clients_are_made_in_one_place() -> None:
    making = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MAKING
    }
    assert making == {"estate/sources/aws/clients.py"}

"""Endpoints that lie: answers made from botocore's shapes, with more or less wrong in them.

No answer comes over a network: botocore is handed bytes in place of sending, which it reads as it reads AWS's.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import threading
import types
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import boto3
import botocore.session
import yaml
from botocore.awsrequest import AWSResponse, HeadersDict

from demarcate.checks.engine import judge
from demarcate.estate.sources.accounts import Accounts
from demarcate.estate.sources.aws import clients
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import all_tables
from fuzz import texts, trees
from fuzz.inputs import Input
from fuzz.outcomes import checks, example, judged, report
from tests.aws.answers.answering import Answer, answer, error
from tests.aws.answers.asking import operations
from tests.aws.faults.kinds import example as request_for
from tests.aws.faults.world import unhurried
from tests.conftest import models
from tests.estate.config.estate import cases, document, item, named, queried

ACCOUNT, OTHER = "123456789012", "210987654321"
NOWHERE = "http://127.0.0.1:9"
"""Nothing is sent there; if it were, it would come to nobody."""
CODES = (
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "Throttling",
    "InternalError",
    "NoSuchEntity",
    "ResourceNotFoundException",
    "ValidationException",
    "ExpiredToken",
    "OptInRequired",
    "UnknownOperationException",
    "",
    "404",
    "InvalidClientTokenId",
    "NoSuchBucketPolicy",
    "AWSOrganizationsNotInUseException",
    "SlowDown",
    "\x1b[31mx",
    "AuthFailure",
)
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}],
    }
)
TIMES = (
    datetime(2026, 1, 15, 9, 30, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2036, 5, 5, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
)


def prepare() -> None:
    """Let service models be read once, and have judged and reported once."""
    os.environ["AWS_MAX_ATTEMPTS"] = "1"
    mock.patch.object(clients, "create_loader", models).start()
    mock.patch.object(clients, "gc", types.SimpleNamespace(collect=lambda: 0)).start()
    mock.patch.object(botocore.session, "Session", _Session).start()
    _operations()
    report(*example())


def make(random: Random) -> Input:
    """What is collected, how many of the answers are wrong, and a number that they all follow from."""
    kind = random.choice(("account",) * 16 + ("organization", "organization", "role", "aggregator", "bucket"))
    asked = {
        "kind": kind,
        "tables": sorted(random.sample(_tables(), random.choice((1, 1, 2, 4)))),
        "regions": random.choice((["eu-west-1"], ["eu-west-1"], ["eu-west-1", "us-east-1"], ["af-south-1"], None)),
        "wrong": random.choice((0.0, 0.05, 0.3, 0.9)),
        "odd": random.choice((0.0, 0.02, 0.2)),
        "endless": random.random() < 0.005,
        "number": random.randrange(2**32),
        "whole": random.random() < 0.05,
    }
    return {"asked.json": json.dumps(asked).encode()}


def run(given: Input, folder: Path) -> None:
    """Collect, and judge by the checks of what was collected; of twenty, one is reported as well."""
    raw = given["asked.json"]
    assert isinstance(raw, bytes)
    asked = json.loads(raw)
    sources = {"aggregator": "config:mine", "bucket": "s3://bucket/AWSLogs"}
    accounts = {"organization": Accounts(organization=True), "role": Accounts(only=(OTHER,))}
    with unhurried(attempts=1), mock.patch.object(_Session, "liar", _Liar(asked)):
        session = boto3.Session(
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            region_name="eu-west-1",
            botocore_session=_Session(),
        )
        snapshot = collect_snapshot(
            [sources.get(asked["kind"], "aws")],
            Options(
                session=session,
                regions=tuple(asked["regions"] or ()),
                endpoint_url=NOWHERE,
                accounts=accounts.get(asked["kind"]),
            ),
            selection=dict.fromkeys(asked["tables"]),
            out=folder / "out",
        )
    assert sorted(path.name for path in folder.iterdir()) == ["out"], "something is written beside it"
    mine = [check for check in checks().values() if check.table in asked["tables"]]
    judgement = judged(snapshot) if asked["whole"] else judge(snapshot, mine)
    judgement.to_arrow()
    if asked["whole"]:
        report(snapshot, judgement)


class _Session(botocore.session.Session):
    """A session whose clients are answered by a liar, whoever makes it."""

    liar: _Liar | None = None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.register_component("data_loader", models(None))
        self.register("before-send", self._lied)  # type: ignore[arg-type]  # its types know of no answer

    def _lied(self, **what: Any) -> AWSResponse | None:
        return self.liar(**what) if self.liar is not None else None


@cache
def _tables() -> list[str]:
    return sorted(name for name, table in all_tables().items() if table.steps)


@cache
def _operations() -> dict[str, str]:
    """Operations as tables write them, by what botocore calls their events."""
    more = (
        "sts.get_caller_identity",
        "sts.assume_role",
        "organizations.list_accounts",
        "organizations.list_parents",
        "organizations.describe_organization",
        "organizations.list_tags_for_resource",
        "organizations.list_roots",
        "organizations.list_organizational_units_for_parent",
        "organizations.list_accounts_for_parent",
        "organizations.describe_organizational_unit",
        "ec2.describe_regions",
        "s3.list_objects_v2",
        "s3.get_object",
        "s3.get_bucket_location",
        "s3.head_bucket",
        "config.select_aggregate_resource_config",
        "config.describe_configuration_aggregators",
        "config.describe_configuration_aggregator_sources_status",
        "config.describe_aggregate_compliance_by_config_rules",
        "config.get_aggregate_discovered_resource_counts",
        "config.list_aggregate_discovered_resources",
        "config.batch_get_aggregate_resource_config",
    )
    events = {}
    for operation in {*operations(), *more}:
        model = request_for(operation).model
        events[f"before-send.{model.service_model.service_id.hyphenize()}.{model.name}"] = operation
    return events


class _Liar:
    """Answers requests. The same request gets the same answer, whoever asks before it."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, event_name: str, request: Any, **_: Any) -> AWSResponse:
        scope = str(request.headers.get("Authorization", "")).partition("Credential=")[2].split("/")
        body = request.body.read() if hasattr(request.body, "read") else request.body
        key = f"{event_name} {scope[2:3]} {request.url} {body!r}"
        with self._lock:
            self._times[key] += 1
            times = self._times[key]
        random = Random(f"{self._asked['number']} {key} {times}")
        operation = _operations().get(event_name)
        if operation is None:
            given = Answer(400, (), b"")
        else:
            given = _answer(random, operation, self._asked["odd"], self._asked["endless"])
            if random.random() < self._asked["wrong"]:
                given = _lie(random, operation, given)
        headers: Any = HeadersDict({name: value for name, value in given.headers if _is_header(value)})
        headers.setdefault("Content-Length", str(len(given.body)))
        return AWSResponse(request.url, given.status, headers, _Raw(given.body))


def _is_header(value: str) -> bool:
    return not re.search(r"[\r\n]", value)


class _Raw(io.BytesIO):
    """The body as urllib3 gives it."""

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.read()


def _answer(random: Random, operation: str, odd: float, endless: bool) -> Answer:
    """A good answer, with some odd values in it."""
    asked = request_for(operation)
    shape = asked.model.output_shape
    told = _true(random, operation) if random.random() > odd else None
    if told is None:
        told = _value(random, shape, "", odd, endless, 0) if shape is not None else {}
    try:
        made = answer(asked, told)
        return made.but(body=made.body or b"")
    except Exception:  # moto cannot write every oddity: then it is an answer with nothing in it
        return Answer(200, (), b"")


def _true(random: Random, operation: str) -> dict[str, Any] | None:
    """What must be right for anything else to be asked."""
    if operation == "sts.get_caller_identity":
        return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/x", "UserId": "x"}
    if operation == "s3.list_objects_v2":
        return {
            "Contents": [{"Key": f"AWSLogs/{named()}", "Size": 10, "LastModified": TIMES[0]}],
            "IsTruncated": False,
        }
    if operation == "s3.get_object":
        chosen = [item(random.choice(_cases())) for _ in range(3)]
        return {"Body": gzip.compress(document(chosen), mtime=0)}
    if operation == "config.select_aggregate_resource_config":
        return {"Results": [json.dumps(queried(item(random.choice(_cases())))) for _ in range(3)]}
    return None


@cache
def _cases() -> list[Any]:
    return list(cases().values())


def _value(random: Random, shape: Any, name: str, odd: float, endless: bool, depth: int) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return {
            member: _value(random, inner, member, odd, endless, depth + 1)
            for member, inner in shape.members.items()
            if random.random() < (0.85 if depth < 6 else 0.2) and _kept(random, member, endless)
        }
    if kind == "list":
        many = random.choice((0, 1, 1, 2, 3)) if depth < 6 else 0
        return [_value(random, shape.member, name, odd, endless, depth + 1) for _ in range(many)]
    if kind == "map":
        keys = [_value(random, shape.key, "key", odd, endless, depth + 1) for _ in range(random.choice((0, 1, 2)))]
        return {key: _value(random, shape.value, name, odd, endless, depth + 1) for key in keys if depth < 8}
    if kind == "timestamp":
        return random.choice(TIMES) if random.random() < max(odd, 0.05) else TIMES[0]
    if kind == "boolean":
        return random.random() < 0.5
    if kind in ("integer", "long"):
        return (
            random.choice((0, -1, 2**31, 2**63, 10**30))
            if random.random() < odd
            else random.choice((0, 1, 7, 443))
        )
    if kind in ("float", "double"):
        return 1.5
    if kind == "blob":
        return texts.word(random).encode(errors="replace")
    return _text(random, shape, name, odd)


def _kept(random: Random, member: str, endless: bool) -> bool:
    """Mostly without a token, since what has one is asked for more."""
    is_token = bool(re.search("token|marker|truncated|more", member, re.IGNORECASE))
    return endless or not is_token or random.random() < 0.1


def _text(random: Random, shape: Any, name: str, odd: float) -> str:
    if random.random() < odd:
        word = texts.word(random)
        return word if random.random() < 0.1 else "".join(c for c in word if c.isprintable() and c.isascii())
    if getattr(shape, "enum", None):
        return str(random.choice(shape.enum))
    lowered = name.lower()
    if "arn" in lowered:
        return f"arn:aws:{random.choice(('s3', 'iam', 'kms'))}:eu-west-1:{ACCOUNT}:thing/x{random.randrange(9)}"
    if "account" in lowered or "owner" in lowered:
        return random.choice((ACCOUNT, ACCOUNT, OTHER))
    if "region" in lowered:
        return random.choice(("eu-west-1", "eu-west-1", "us-east-1", "mars-north-1"))
    if "policy" in lowered or "document" in lowered:
        return POLICY
    if "token" in lowered or "marker" in lowered:
        return f"token-{random.randrange(10**9)}"
    if "time" in lowered or "date" in lowered:
        return "2026-01-15T09:30:00Z"
    if "cidr" in lowered:
        return random.choice(("10.0.0.0/8", "0.0.0.0/0", "::/0"))
    return random.choice(("x", "y", f"{lowered[:20]}-{random.randrange(9)}", "default", "true", "1"))


def _lie(random: Random, operation: str, given: Answer) -> Answer:
    """Something else in place of an answer."""
    lot = random.random()
    if lot < 0.2:
        status = random.choice((400, 400, 403, 404, 500, 503))
        return error(request_for(operation), status, random.choice(CODES), texts.word(random))
    if lot < 0.3:
        return given.but(status=random.choice((204, 206, 301, 304, 307, 400, 403, 418, 429, 500, 503)))
    if lot < 0.35:
        return given.but(
            headers=(("Content-Length", random.choice(("0", "x", "-1", "9" * 30))), ("Content-Type", "x"))
        )
    if lot < 0.4:
        return given.but(
            body=random.choice((b"", b"[]", b"null", b"{}", b"<a/>", b"<html></html>", b"\xff\xfe", b"1", b'""'))
        )
    if lot < 0.75:
        return given.but(body=_member(random, given.body))
    return given.but(body=texts.damaged(random, given.body, [given.body]))


def _member(random: Random, body: bytes) -> bytes:
    """A value of another type or size in a document that stays one."""
    text = body.decode(errors="replace")
    if text.startswith("{"):
        try:
            tree = trees.parse(json.dumps(json.loads(text)))
        except (ValueError, yaml.YAMLError):
            return body
        return trees.json_of(trees.damaged(random, tree, [], trees.Language(("NextToken", "nextToken", ACCOUNT))))
    pieces = re.split(r"(<[^<>]*>)", text)
    for _ in range(random.choice((1, 2, 5))):
        at = random.randrange(len(pieces))
        if pieces[at].startswith("<"):
            pieces[at] = random.choice(
                ("", pieces[at] * 2, "<item>", "</item>", random.choice(pieces), "<a xmlns='x'>", "<x/>")
            )
        else:
            pieces[at] = re.sub("[<>&\0-\x1f]", "", texts.word(random))
    return "".join(pieces).encode(errors="replace")

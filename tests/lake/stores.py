"""A log store of generated events of some accounts and days, and rules that look across both."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from demarcate.logs.detecting.structs import State
from demarcate.logs.sigma.reading import load_rules
from demarcate.logs.sigma.structs import Rule
from demarcate.logs.store.folders import Folder
from demarcate.logs.store.ingesting import ingest

BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)
DAYS, EVENTS = 3, 600
ACCOUNTS = ("111122223333", "444455556666")
NAMES = ("StopLogging", "ConsoleLogin", "CreateUser", "DescribeInstances", "PutKeyPolicy")


def _rule(name: str, **own: Any) -> dict[str, Any]:
    return {
        "title": name,
        "name": name.lower(),
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {"s": {"eventName": name}, "condition": "s"},
        "demarcate": own,
    }


RULES: list[dict[str, Any]] = [
    _rule("StopLogging"),
    _rule("ConsoleLogin", baseline={"of": ["sourceIPAddress"], "days": 1}),
    _rule("CreateUser"),
    {
        **_rule("PutKeyPolicy"),
        "detection": {"s": {"requestParameters.policy|contains": "x"}, "condition": "s"},
    },
    {
        "title": "In a row",
        "name": "row",
        "correlation": {
            "type": "temporal_ordered",
            "rules": ["stoplogging", "createuser"],
            "group-by": ["awsRegion"],
            "timespan": "9h",
        },
    },
    {
        "title": "Often",
        "name": "often",
        "correlation": {
            "type": "event_count",
            "rules": ["createuser"],
            "group-by": ["userIdentity.arn"],
            "timespan": "20h",
            "condition": {"gte": 25},
        },
        "demarcate": {"window": "2d"},
    },
]


def rules(folder: Path) -> list[Rule]:
    """The rules, from a file that is written into a folder."""
    folder.mkdir()
    (folder / "rules.yml").write_text(yaml.safe_dump_all(RULES))
    loaded = load_rules([folder], shipped=False)
    assert loaded.problems == ()
    return [*loaded.rules.values()]


def events() -> list[dict[str, Any]]:
    """Events of some accounts and days, in the order of time."""
    lot = random.Random(7)  # noqa: S311
    moments = sorted(lot.randrange(DAYS * 86_400) for _ in range(EVENTS))
    return [
        {
            "eventID": f"e-{number:04}",
            "eventTime": (BEGINNING + timedelta(seconds=moment)).isoformat(),
            "eventSource": "iam.amazonaws.com",
            "eventName": lot.choice(NAMES),
            "awsRegion": lot.choice(["eu-west-1", "us-east-1"]),
            "recipientAccountId": lot.choice(ACCOUNTS),
            "sourceIPAddress": f"203.0.113.{lot.randrange(12)}",
            "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::111122223333:user/u{lot.randrange(2)}"},
            "requestParameters": lot.choice(
                [
                    {"policy": "xyz"},
                    {"omitted": True, "originalSize": 200_000, "reasonCode": "RequestSizeExceeded"},
                ]
            ),
        }
        for number, moment in enumerate(moments)
    ]


def make(folder: Path) -> Path:
    """A store of them, of which some came twice, in any order, and one without a moment."""
    told = events()
    del told[5]["eventTime"]
    random.Random(8).shuffle(told)  # noqa: S311
    files = folder.with_name(f"{folder.name}-files")
    files.mkdir()
    for number, records in enumerate((told[:400], told[300:])):
        text = json.dumps({"Records": records})
        (files / f"{number}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    ingest([Folder(files)], folder, workers=1)
    return folder


def counted(state: State) -> tuple[Any, ...]:
    """What a state has counted."""
    return state.events, state.undecided, state.learning, state.late, state.since, state.until

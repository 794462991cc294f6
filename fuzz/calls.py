"""Log files of CloudTrail, and service control policies that are tested against them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from demarcate.base.documents import read
from demarcate.base.errors import Problem
from demarcate.guardrails.denying import denials
from demarcate.guardrails.events import in_files
from demarcate.guardrails.filling import statements
from demarcate.guardrails.load import load_guardrails
from demarcate.guardrails.replaying import Outcome, replay
from fuzz import texts, trees
from fuzz.inputs import Input, put
from tests.guardrails.recorded import IDENTITIES, event
from tests.guardrails.test_catalog import SAID
from tests.guardrails.test_replaying import ALL, policy

WORDS = (
    *(
        "Records",
        "userIdentity",
        "sessionContext",
        "requestParameters",
        "versionId",
        "resources",
        "ARN",
        "invokedBy",
    ),
    *(
        "Statement",
        "Effect",
        "Deny",
        "Allow",
        "Action",
        "NotAction",
        "Resource",
        "Condition",
        "StringNotLike",
        "Null",
    ),
    *(
        "ForAllValues:ArnLike",
        "aws:PrincipalArn",
        "${aws:username}",
        "${*}",
        "*",
        "s3:*",
        "10.0.0.0/8",
        "AwsApiCall",
    ),
)


def prepare() -> None:
    """Read what inputs are made from."""
    _policies()


def make(random: Random) -> Input:
    """A policy and a log file, of which each may be damaged."""
    recorded = [
        event(case.call, random.choice(list(IDENTITIES)), **case.event)
        for case in random.choices(ALL, k=random.choice((1, 3, 9)))
    ]
    log = _damaged(random, {"Records": recorded})
    return {
        "policy.json": _damaged(random, random.choice(_policies())),
        "log.json": gzip.compress(log, 1, mtime=0) if random.random() < 0.3 else log,
    }


def run(given: Input, folder: Path) -> None:
    """Test the policy: each call is counted once, however odd it is."""
    put(given, folder)
    denying, _ = denials(read(folder / "policy.json", Any), "policy.json")
    problems: list[Problem] = []
    outcome = replay(denying, in_files([folder / "log.json"], problems.append), outcome=Outcome(problems=problems))
    counted = outcome.denied_count + outcome.unknown_count + outcome.allowed + outcome.refused
    counted += outcome.elsewhere + outcome.again + sum(outcome.free.values())
    assert counted == outcome.calls.count, "a call is lost, or counted twice"


@cache
def _policies() -> list[dict[str, Any]]:
    own = [guardrail for guardrail in load_guardrails().values() if guardrail.kind == "scp"]
    return [
        *(policy(case.statement, version=case.version) for case in ALL),
        *({"Version": "2012-10-17", "Statement": statements(guardrail, SAID)} for guardrail in own),
    ]


def _damaged(random: Random, value: Any) -> bytes:
    lot = random.random()
    if lot < 0.3:
        return json.dumps(value).encode()
    if lot < 0.4:
        raw = json.dumps(value).encode()
        return texts.damaged(random, raw, [raw])
    tree: yaml.Node = trees.parse(json.dumps(value))
    return trees.json_of(trees.damaged(random, tree, [tree], trees.Language(WORDS)))

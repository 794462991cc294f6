"""What comes first, why, and that it is the same however the findings were listed."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.patching.feed_formats import Exploited, Notice, Score
from demarcate.patching.feeds import Known
from demarcate.patching.priority import COLUMNS, First, first_of, ranked
from demarcate.patching.reading import Row
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.patching import priority as words
from tests.checks.test_engine import snapshot

DATA = yaml.safe_load((Path(__file__).parent / "priorities.yaml").read_text())
PLACE = {"account_id": "111122223333", "region": "eu-west-1"}


def known(case: dict[str, Any]) -> Known:
    listed = Exploited(
        added=date(2021, 12, 10), due=date(2021, 12, 24), name="x", ransomware=True, action="Patch."
    )
    left_out = case.get("without", ())
    return Known(
        kev=None if "kev" in left_out else dict.fromkeys(DATA["kev"], listed),
        epss=None if "epss" in left_out else {cve: Score(score, 0.5) for cve, score in DATA["epss"].items()},
        notices={
            name: Notice(severity="important", issued=date(2026, 1, 1), cves=tuple(cves), packages=())
            for name, cves in case.get("notices", {}).items()
        },
    )


def estate(case: dict[str, Any], *, reverse: bool = False) -> Snapshot:
    findings = [
        {
            **PLACE,
            "source_account_id": PLACE["account_id"],
            "resource": f"arn:finding/{number}",
            **DATA["usual"]["finding"],
            **{key: value for key, value in finding.items() if key != "of"},
            "resource_id": finding["of"],
        }
        for number, finding in enumerate(case["findings"])
    ]
    given = case.get("instances", {})
    names = dict.fromkeys(finding["of"] for finding in case["findings"] if finding["of"].startswith("i-"))
    instances = [
        {
            **PLACE,
            "resource": f"arn:{name}",
            "instance_id": name,
            **DATA["usual"]["instance"],
            **given.get(name, {}),
        }
        for name in names
        if given.get(name, {}) is not None
    ]
    rules = [
        {**PLACE, "resource": "arn:sg-open", "group_id": "sg-open", "is_egress": False, "cidr_ipv4": "0.0.0.0/0"},
        {
            **PLACE,
            "resource": "arn:sg-closed",
            "group_id": "sg-closed",
            "is_egress": True,
            "cidr_ipv4": "0.0.0.0/0",
        },
        {
            **PLACE,
            "resource": "arn:sg-closed",
            "group_id": "sg-closed",
            "is_egress": False,
            "cidr_ipv4": "10.0.0.0/8",
        },
    ]
    functions = [
        {**PLACE, "resource": arn, "arn": arn, "url_config_auth_type": auth, "tags": {}}
        for name, auth in case.get("functions", {}).items()
        for arn in [f"arn:aws:lambda:eu-west-1:111122223333:function:{name}"]
    ]
    gaps = [
        Unread(kind=Kind.DENIED, reason="denied", table=name, account=PLACE["account_id"], region=PLACE["region"])
        for name in case.get("unread", ())
    ]
    tables = {
        "aws_inspector2_finding": list(reversed(findings)) if reverse else findings,
        "aws_ec2_instance": instances,
        "aws_vpc_security_group_rule": [] if gaps else rules,
        "aws_lambda_function": functions,
        "aws_ssm_managed_instance_patch": [
            {**PLACE, "resource": f"arn:patch/{number}", **patch}
            for number, patch in enumerate(case.get("patches", ()))
        ],
    }
    digest = f"sha256:{'0a' * 32}"
    tables["aws_ecr_image_scan_finding"] = [
        {
            **PLACE,
            "partition": "aws",
            "resource": f"arn:scan/{number}",
            "repository_name": "app",
            "image_digest": digest,
            **scanned,
        }
        for number, scanned in enumerate(case.get("scanned", ()))
    ]
    tables["aws_ecs_task_container"] = [
        {**PLACE, "resource": f"arn:task/{number}", "image_digest": digest}
        for number in range(case.get("tasks", 0))
    ]
    return snapshot(tables, *gaps)


def firsts(case: dict[str, Any], *, reverse: bool = False) -> list[First]:
    tags = {key: frozenset(values) for key, values in case.get("data_tags", {}).items()}
    with estate(case, reverse=reverse) as taken:
        return first_of(taken, known(case), tags)


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case["name"])
def test_what_comes_first_and_why(case: dict[str, Any]) -> None:
    told = firsts(case)
    assert [first.resource for first in told] == [says[0] for says in case["says"]]
    for first, (_, *expected) in zip(told, case["says"], strict=True):
        said = [*first.why, *first.unknown]
        for part in expected:
            assert any(part in line for line in said), (part, said)
    assert [first.rank for first in told] == list(range(1, len(told) + 1))
    if "others" in case:
        assert [first.others for first in told] == case["others"]
    assert firsts(case, reverse=True) == told, "the order is the same however the findings were listed"


def test_the_terminal_says_all_of_it_within_its_width() -> None:
    case = DATA["cases"][3]
    stream = io.StringIO()
    words.write(firsts(case), 2, ["kev: of 2026-11-27, 1 days old"], Console(Out(stream), width=80))
    text = stream.getvalue()
    assert "1. ec2 instance i-gone (111122223333, eu-west-1)" in text
    assert "not known: whether it is running" in text
    assert "… and 1 more" in text
    assert text.endswith("kev: of 2026-11-27, 1 days old\n")
    assert max(map(len, text.splitlines())) <= 80
    columns, rows = words.rows(firsts(case))
    assert {len(row) for row in rows} == {len(columns)}


NUMBERS = st.none() | st.sampled_from([0.0, 0.5, 1.0])
FINDING = st.fixed_dictionaries(
    {
        "of": st.sampled_from(["i-a", "i-b", "i-c", "i-d"]),
        "vulnerability_id": st.sampled_from(["CVE-2021-44228", "CVE-2024-0002", "CVE-2020-0001", "GHSA-1"]),
        "epss_score": NUMBERS,
        "inspector_score": st.none() | st.sampled_from([0.0, 5.0, 10.0]),
        "fix_available": st.none() | st.sampled_from(["YES", "NO", "PARTIAL"]),
        "severity": st.none() | st.sampled_from(["LOW", "CRITICAL", "strange"]),
    }
)


@given(st.lists(FINDING, min_size=1, max_size=6))
def test_what_is_exploited_is_always_before_what_is_not_and_what_is_unknown_is_named(findings: Any) -> None:
    rows = [
        Row(
            dict.fromkeys((*COLUMNS["aws_inspector2_finding"], "file"))
            | {**PLACE, "resource": str(number), "resource_id": finding.pop("of"), **finding}
        )
        for number, finding in enumerate(findings)
    ]
    told = ranked(rows, {}, known({}), {})
    tiers = [{True: 0, None: 1, False: 2}[first.exploited] for first in told]
    assert tiers == sorted(tiers)
    for first in told:
        unknown = " ".join(first.unknown)
        assert ("EPSS" in unknown) == (first.epss is None)
        assert ("CVSS" in unknown.replace("EPSS: CVSS", "")) == (first.cvss is None)
        assert ("fixable" in unknown) == (first.fixable is None)
        assert "running" in unknown and "reachable" in unknown
    assert ranked(reversed(rows), {}, known({}), {}) == told

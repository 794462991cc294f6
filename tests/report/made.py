"""Assessments that are made and not judged: findings of any number and any text, in the database that judging makes.

Those that have a name are made once for all tests of a process, which only tell of them.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

from msgspec.structs import replace

from demarcate.base.connection import connect
from demarcate.base.encoding import to_json
from demarcate.checks.judgement import JUDGED, WAIVER, Judgement, Tally, Waived, make_tables
from demarcate.posture.assessment import Assessment
from tests.example import assessed
from tests.report.hostile import TEXTS

ACCOUNT, REGION = "123456789012", "eu-west-1"

FAILS = "ebs-volume-encrypted"


def finding(number: int, **others: Any) -> dict[str, Any]:
    """A finding of a live volume that fails, but for what is said otherwise."""
    return {
        "check": FAILS,
        "verdict": "fail",
        "resource": f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-{number:017x}",
        "account": ACCOUNT,
        "region": REGION,
        "reason": f"vol-{number:017x} (8 GiB) is not encrypted",
        "kind": None,
        "file": None,
        "line": None,
        "partition": "aws",
        "name": f"vol-{number:017x}",
        "tags": {"env": "prod"},
    } | others


def assessment(*findings: dict[str, Any], passed: int = 0, **posture: Any) -> Assessment:
    """An assessment of the example's snapshot that has these findings; so many resources more pass and are counted."""
    like = assessed()
    connection = connect()
    make_tables(connection, list(like.checks.values()))
    rows = [{**row, "tags": None if row["tags"] is None else to_json(row["tags"]).decode()} for row in findings]
    if rows:
        connection.execute(
            "INSERT INTO findings SELECT unnest(from_json($rows, $form), recursive := true)",
            {"rows": to_json(rows).decode(), "form": to_json([JUDGED | {"tags": "VARCHAR"}]).decode()},
        )
    connection.execute(f"ALTER TABLE findings ADD COLUMN {WAIVER}")
    counts = Counter((row["check"], row["account"], row["region"], row["verdict"]) for row in findings)
    counts[FAILS, ACCOUNT, REGION, "pass"] += passed
    places = dict.fromkeys(key[:3] for key in counts)
    tallies = tuple(
        Tally(
            check=at[0],
            account=at[1],
            region=at[2],
            passed=counts[*at, "pass"],
            failed=counts[*at, "fail"],
            unknown=counts[*at, "unknown"],
        )
        for at in places
    )
    judgement = Judgement(connection, tallies, (), like.snapshot)
    told = replace_posture(like, **{"source": "live", "origin": "aws", **posture})
    return replace(told, judgement=judgement)


def replace_posture(like: Assessment, **fields: Any) -> Assessment:
    """The same assessment with another posture."""
    import msgspec

    return replace(like, posture=msgspec.structs.replace(like.posture, **fields))


@cache
def live() -> Assessment:
    """Findings of a live estate, of each verdict and with what may be missing."""
    return assessment(
        finding(1),
        finding(2, verdict="unknown", reason="ec2:DescribeVolumes: access denied", kind="denied", tags=None),
        finding(3, verdict="unknown", resource=None, name=None, tags=None, kind="denied", reason="denied"),
        finding(4, verdict="pass", reason=""),
        finding(
            5, check="s3-bucket-versioning-enabled" if False else FAILS, account="210987654321", region="us-east-1"
        ),
    )


@cache
def with_files() -> Assessment:
    """A finding with all that it may have, in a file, and one of a whole table that is unknown."""
    return assessment(
        finding(1, file="t.yaml", line=4),
        finding(2, file="t.yaml", verdict="unknown", kind="denied", reason="denied"),
    )


@cache
def waived(text: str = "it is a test") -> Assessment:
    """A finding in a file that a waiver accepts, and one that none does."""
    told = assessment(finding(1, file="t.yaml", line=4), finding(2, file="t.yaml", line=9))
    _waive(told, text)
    return told


def _waive(told: Assessment, text: str) -> None:
    """Have a waiver accept the first finding."""
    judgement = told.judgement
    judgement.cursor().execute("UPDATE findings SET waiver = 'w-1' WHERE line = 4")
    judgement.waive([Waived(id="w-1", reason=text, owner=text, until="2999-01-01")], judgement.tallies)


@cache
def hostile() -> Assessment:
    """Findings whose every text is hostile, in files of hostile names."""
    told = _hostile()
    _waive(told, TEXTS[6])
    return told


def _hostile() -> Assessment:
    return assessment(
        *(
            finding(number, resource=text, reason=text, name=text, tags={text: text}, file=text, line=number)
            for number, text in enumerate(TEXTS)
        ),
        *(finding(100 + number, reason=text, resource=text, name=text) for number, text in enumerate(TEXTS)),
        origin=TEXTS[0],
    )

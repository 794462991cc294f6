"""Assessments to show: the example estate, and ones made by hand that are large, hostile or full of evidence."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec

from demarcate.base.errors import Problem
from demarcate.checks.judgement import Finding, Judgement, NotRun, Waived
from demarcate.checks.remedies import Remedy
from demarcate.checks.structs import Check
from demarcate.drift.structs import Comparison
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Part, TableParts, Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.evidence.structs import EvidenceResult
from demarcate.posture.assessment import Assessment
from demarcate.posture.news import News, NewsItem, NewsKind, Seen
from demarcate.posture.structs import CheckResult, Counts, Posture, ResponsibilityPosture, WaiverResult
from demarcate.report import html
from demarcate.report.html import drift as drift_page
from demarcate.report.out import Out
from tests.checks.test_engine import snapshot
from tests.example import assessed
from tests.report.hostile import DRIFT


class Judged:
    """The part of a judgement that a report reads."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._findings = findings

    def findings(self, *, passes: bool = True) -> Iterator[Finding]:
        return iter(self._findings)

    def unknown(self) -> dict[Kind, int]:
        kinds = Counter(finding.kind for finding in self._findings if finding.kind is not None)
        return dict(kinds.most_common())


def written(assessment: Assessment, drift: Comparison | None = None) -> str:
    """The report of an assessment."""
    out = io.StringIO()
    html.write(assessment, Out(out), drift)
    return out.getvalue()


SOME_DRIFT = msgspec.structs.replace(DRIFT, drifts=DRIFT.drifts[::9], aws=(DRIFT.aws or ())[::9])
"""Some of each kind: Axe takes its time for each element."""


def drift() -> str:
    """The page of hostile drift."""
    out = io.StringIO()
    drift_page.write(DRIFT, Out(out))
    return out.getvalue()


def judged(assessment: Assessment, findings: Sequence[Finding]) -> Assessment:
    """An assessment with other findings."""
    return msgspec.structs.replace(assessment, judgement=cast(Judgement, Judged(findings)))


def with_few(assessment: Assessment) -> Assessment:
    """An assessment with all findings of one check, and of the others two of each verdict and severity: Axe takes its
    time for each row.
    """
    kept: list[Finding] = []
    kinds: Counter[tuple[str, str]] = Counter()
    for each in assessment.findings():
        kinds[each.verdict, each.severity] += 1
        if each.check == "ebs-volume-encrypted" or kinds[each.verdict, each.severity] <= 2:
            kept.append(each)
    return judged(assessment, kept)


def changed(assessment: Assessment, **fields: Any) -> Assessment:
    """An assessment with other fields of its posture."""
    posture = msgspec.structs.replace(assessment.posture, **fields)
    return msgspec.structs.replace(assessment, posture=posture)


def having(posture: Posture, id_: str, **fields: Any) -> tuple[ResponsibilityPosture, ...]:
    """The responsibilities of a posture, one of them with other fields."""
    return tuple(
        msgspec.structs.replace(standing, **fields) if standing.id == id_ else standing
        for standing in posture.responsibilities
    )


def finding(check: Check, resource: str | None, reason: str, **fields: Any) -> Finding:
    """A finding of a check."""
    given: dict[str, Any] = {"verdict": "fail", "account": None, "region": None, "file": None, "line": None}
    return Finding(
        id="0" * 16,
        check=check.id,
        resource=resource,
        reason=reason,
        severity=check.severity,
        responsibility=check.responsibility,
        table=check.table,
        **(given | fields),
    )


# --- Many -----------------------------------------------------------------------------------------------

TEAMS = ("payments", "payments-old", "search")
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2")


def accounts(number: int) -> list[str]:
    return [f"{100_000_000_000 + 7_919 * i:012d}" for i in range(number)]


def large(number: int) -> Assessment:
    """A live estate with so many findings, about as long as live ones are, over 200 accounts and five regions."""
    base = assessed()
    checks = [check for check in base.checks.values() if check.responsibility in _judged_responsibilities()]
    where = accounts(200)
    findings = []
    for i in range(number):
        check, account, region = checks[i % len(checks)], where[i % len(where)], REGIONS[i % len(REGIONS)]
        name = f"{check.table.removeprefix('aws_').replace('_', '-')}-{i:06d}"
        arn = f"arn:aws:service:{region}:{account}:resource/{name}"
        reason = f"{name} is not as it should be: its setting is off, and the default of the account is off too"
        verdict = "unknown" if i % 5 == 4 else "fail"
        tags = {"Name": name, "team": TEAMS[i % len(TEAMS)]}
        findings.append(finding(check, arn, reason, account=account, region=region, verdict=verdict, tags=tags))
    counts = Counts(owed=60, met=21, gaps=30, unproven=9, gaps_by_severity={"critical": 2, "high": 12, "low": 16})
    with_places = changed(
        base,
        source="live",
        origin="aws",
        accounts=dict.fromkeys(where, counts),
        regions=dict.fromkeys((*REGIONS, "global"), counts),
        tags={"team": {"payments": counts, "": counts}},
    )
    return msgspec.structs.replace(judged(with_places, findings), snapshot=_live(base.snapshot, where))


def _live(snapshot: Snapshot, where: Sequence[str]) -> Snapshot:
    """A snapshot that says of itself that it was read in these accounts."""
    parts = tuple(Part(account=a, region=r, rows=50, file=None) for a in where for r in (*REGIONS, "global"))
    tables = {"aws_ebs_volume": TableParts(columns=("encrypted",), parts=parts)}
    return Snapshot(Path(), msgspec.structs.replace(snapshot.manifest, source="live", tables=tables, resources={}))


def _judged_responsibilities() -> set[str]:
    return {standing.id for standing in assessed().posture.responsibilities if standing.checks}


# --- Evidence -------------------------------------------------------------------------------------------


def result(title: str, **fields: Any) -> EvidenceResult:
    """A piece of evidence."""
    given: dict[str, Any] = {
        "kind": "attestation",
        "standing": "proves",
        "by": "platform team",
        "on": "2026-01-15",
        "valid_until": "2099-01-15",
        "file": "evidence/attestations.yaml",
        "line": 3,
    }
    return EvidenceResult(title=title, **(given | fields))


ATTESTED = "patch-management.patch-hypervisor"
TRAINED = "awareness-and-training.train-developers"


def with_evidence(assessment: Assessment) -> Assessment:
    """An assessment with evidence of every standing, something unread and something refused."""
    today = date.fromisoformat(assessment.posture.moment[:10])
    day = {name: (today + timedelta(days=days)).isoformat() for name, days in _DAYS.items()}
    report = result(
        "SOC 2 Type II",
        kind="report",
        by="AWS Artifact",
        valid_until=day["soon"],
        detail="period 2025-04-01 to 2026-03-31",
        link="https://aws.amazon.com/artifact/",
    )
    records = (
        result("Secure coding", kind="training", valid_until=day["later"], detail="41 of 41 people"),
        result("Phishing for developers", kind="phishing", standing="failed", detail="clicked: 31 of 41 people"),
        result("Secure coding, last year", kind="training", standing="expired", valid_until=day["past"]),
        result("Induction", kind="training", standing="incomplete", on=None, valid_until=None, line=9),
        result("Onboarding", kind="drill", standing="not-yet-valid", on=day["soon"]),
        result("Said twice", standing="contradicted"),
    )
    posture = assessment.posture
    posture = msgspec.structs.replace(posture, responsibilities=having(posture, ATTESTED, evidence=(report,)))
    posture = msgspec.structs.replace(posture, responsibilities=having(posture, TRAINED, evidence=records))
    unread = tuple(
        Unread(
            kind=Kind.DENIED,
            reason="AccessDenied",
            table="aws_rds_db_instance",
            account="111122223333",
            region="eu-central-1",
            operation=f"rds:Describe{what}",
        )
        for what in (
            "DBInstances",
            "DBClusters",
            "DBSnapshots",
            "Events",
            "DBParameters",
            "Certificates",
            "DBLogFiles",
        )
    )
    unread += (msgspec.structs.replace(unread[0], region="eu-west-1"),)
    refused = Problem("the document's SHA-256 is not the one that is written here", "evidence/reports.yaml", 12)
    return msgspec.structs.replace(
        assessment, posture=msgspec.structs.replace(posture, unread=unread, refused=(refused,))
    )


_DAYS = {"past": -1, "soon": 30, "later": 31}


# --- Hostile --------------------------------------------------------------------------------------------

HOSTILE = (
    "<script>window.__hacked = 1</script>",
    "</script><script>window.__hacked = 2</script>",
    "<!--<script>window.__hacked = 3",
    "]]><img src=x onerror=window.__hacked=4>",
    "\"'><svg onload=window.__hacked=5>",
    "javascript:window.__hacked=6",
    "{{ 7 * 7 }}{% for %}${window.__hacked=8}",
    "</style></title></textarea><iframe srcdoc='<script>parent.__hacked=9</script>'>",
    "a\\u003cb&lt;c&amp;d",
    "#responsibility/x?y=z&w=%zz",
)
"""Names that would do harm if anything took them for markup, script, a template or an address."""

SEPARATORS = "line\u2028paragraph\u2029end"
"""Line ends to JavaScript, and nothing to JSON."""

TURNED = "abc\u202efdp.exe"
"""A name that turns the reading direction: it is shown without that sign."""


def waiver(what: str, **fields: Any) -> WaiverResult:
    told: dict[str, Any] = {
        "reason": "a move",
        "owner": "o@example.com",
        "until": "2027-01-31",
        "findings": 1,
        "line": 1,
    }
    return WaiverResult(
        id=f"w {what}", what=what, **{"standing": "active", "file": "waivers.yaml", **told, **fields}
    )


def seen(kept: Finding) -> Seen:
    return Seen(**{name: getattr(kept, name) for name in Seen.__struct_fields__})


def with_waivers(assessment: Assessment) -> Assessment:
    """The same, of which what one check found is waived, with waivers of each kind and what changed."""
    accepted = Waived(id="w ebs-*", reason="a move", owner="o@example.com", until="2027-01-31")
    findings = [
        msgspec.structs.replace(told, waived=accepted) if told.check == "ebs-volume-encrypted" else told
        for told in assessment.findings()
    ]
    posture = msgspec.structs.replace(
        assessment.posture,
        waivers=tuple(
            waiver(what, standing=standing)
            for what, standing in (("ebs-*", "active"), ("s3-*", "ends-soon"), ("rds-*", "expired"))
        ),
        refused_waivers=(Problem("there is no check 'ebz-*'", "waivers.yaml", 9),),
    )
    items = tuple(NewsItem(kind=kind, finding=seen(findings[0])) for kind in NewsKind)
    news = News(since="2026-11-01T00:00:00Z", origin="estate", items=items, still_open=("a", "b"))
    return judged(msgspec.structs.replace(assessment, posture=posture, news=news), findings)


def hostile() -> Assessment:
    """The example estate with hostile text wherever text of others is shown."""
    base = with_evidence(assessed())
    check = next(check for check in base.checks.values() if check.responsibility in _judged_responsibilities())
    names = (*HOSTILE, SEPARATORS, TURNED)
    findings = [
        finding(
            check,
            name,
            f"reason {name}",
            account=f"account {name}",
            region=f"region {name}",
            file=f"{name}.yaml",
            tags={f"tag {name}": name},
            waived=Waived(id=f"w {name}", reason=f"waived {name}", owner=f"owner {name}", until="2099-01-01"),
        )
        for name in names
    ]
    items = (
        NewsItem(kind=kind, finding=seen(told), why=f"why {told.reason}") for told in findings for kind in NewsKind
    )
    told = "".join(names)
    theirs = msgspec.structs.replace(
        check,
        title=f"title {told}",
        remedy=Remedy(text=f"remedy {told}"),
        predicate=told,
        condition=told,
        severity_why=told,
        refs={told: (told,)},
        related={told: {told: told}},
    )
    judged_by = CheckResult(
        check=check.id,
        title=theirs.title,
        severity="critical",
        remedy=theirs.remedy.text,
        passed=0,
        failed=len(names),
        unknown=0,
    )
    manifest = msgspec.structs.replace(base.snapshot.manifest, resources={f"type {name}": 1 for name in names})
    counts = Counts(owed=1, gaps=1, gaps_by_severity={"high": 1})
    evidence = tuple(
        result(f"title {name}", by=f"by {name}", detail=f"detail {name}", link=name, file=f"{name}.csv", line=i)
        for i, name in enumerate(names)
    )
    posture = msgspec.structs.replace(
        base.posture,
        origin=f"origin {''.join(HOSTILE[:3])}",
        responsibilities=having(
            base.posture,
            check.responsibility,
            evidence=evidence,
            because=names,
            state="gap",
            severity="critical",
            checks=(judged_by,),
        ),
        not_run=(NotRun(check="none", reason=f"not run {told}", kind=Kind.UNTOLD),),
        accounts={f"account {name}": counts for name in names},
        regions={f"region {name}": counts for name in names},
        tags={name: {name: counts} for name in names},
        unread=tuple(Unread(kind=Kind.MALFORMED, reason=f"unread {name}", file=name, line=1) for name in names),
        refused=tuple(Problem(f"refused {name}", name, 1) for name in names),
        waivers=tuple(
            waiver(f"what {name}", reason=f"waived {name}", owner=f"owner {name}", file=name, standing="expired")
            for name in names
        ),
        refused_waivers=tuple(Problem(f"no waiver {name}", name, 1) for name in names),
    )
    return judged(
        msgspec.structs.replace(
            base,
            posture=posture,
            news=News(since="2026-11-01T00:00:00Z", origin=told, items=tuple(items), still_open=(told,)),
            checks={**base.checks, check.id: theirs},
            snapshot=Snapshot(Path(), manifest),
        ),
        findings,
    )


def ringing() -> Assessment:
    """The example's, of an account with alarms of CloudWatch in each state."""
    rows: list[dict[str, Any]] = [
        {"resource": name, "name": name, "account_id": "123456789012", "region": "eu-west-1"}
        | cast(dict[str, Any], {"state_value": state, "state_updated_timestamp": since})
        for name, state, since in (
            ("well", "OK", datetime(2026, 10, 31, 11, tzinfo=UTC)),
            ("older", "ALARM", datetime(2026, 10, 30, tzinfo=UTC)),
            ("unread", Unknown(Kind.DENIED, "access denied"), None),
            ("newer", "ALARM", datetime(2026, 10, 31, 11, tzinfo=UTC)),
            ("quiet", "INSUFFICIENT_DATA", datetime(2026, 1, 1, tzinfo=UTC)),
        )
    ]
    return msgspec.structs.replace(assessed(), snapshot=snapshot({"aws_cloudwatch_alarm": rows}))

"""What to patch first: what is known to be exploited, then what is likely to be, then what is severe.

Each is weighted by whether the resource runs, can be reached from the internet, can be mended at all, and holds data
that matters. What is not known of these counts as the worse, and is named: nothing is first or last for want of an
answer without saying so. A feed that is not believed sorts nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.estate.snapshots.querying import QueryLimits, run
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.patching.feed_formats import CVE, Exploited, notices_of
from demarcate.patching.feeds import Known
from demarcate.patching.reading import Place, Row, lost, read

STOPPED: Final = 0.25
REACHABLE: Final = 2.0
NO_FIX: Final = 0.5
PRECIOUS: Final = 1.5
"""By what a likelihood and a severity are multiplied: of what does not run, can be reached, has no fix, holds data."""

SEVERITIES: Final = {
    **{"CRITICAL": 9.0, "HIGH": 7.0, "IMPORTANT": 7.0, "MEDIUM": 4.0, "MODERATE": 4.0, "LOW": 0.1},
    "INFORMATIONAL": 0.0,
}
"""The least CVSS score of a severity: https://www.first.org/cvss/v3.1/specification-document, 5."""

WORST: Final = 10.0

MOST: Final = 20_000_000
"""How many rows are looked at."""

FINDINGS: Final = "aws_inspector2_finding"

_FINDING: Final = (
    *(
        "source_account_id",
        "vulnerability_id",
        "related_vulnerabilities",
        "severity",
        "inspector_score",
        "epss_score",
    ),
    *("fix_available", "exploit_available", "resource_type", "resource_id", "image_in_use_count", "packages"),
)

PATCHES: Final = "aws_ssm_managed_instance_patch"

_LACKING: Final = f"""
SELECT account_id, region, resource_id, vulnerability_id, min(resource) AS resource,
       arg_min(severity, title) AS severity, list(DISTINCT title ORDER BY title) AS packages
FROM (
    SELECT account_id, region, resource, instance_id AS resource_id, title, severity,
           unnest(cve_ids) AS vulnerability_id
    FROM {PATCHES} WHERE state IN ('Missing', 'Failed')
)
GROUP BY account_id, region, resource_id, vulnerability_id
"""
"""The vulnerabilities that patches would mend which nodes lack: the patch is the fix, and its severity its vendor's."""

SCANNED: Final = "aws_ecr_image_scan_finding"

_CONTAINERS: Final = "aws_ecs_task_container"

_IN_IMAGES: Final = f"""
SELECT account_id, region, 'arn:' || partition || ':ecr:' || region || ':' || account_id || ':repository/'
       || repository_name || '/' || image_digest AS resource_id, name AS vulnerability_id, min(resource) AS resource,
       max(cvss_score) AS inspector_score, min(severity) AS severity,
       list(DISTINCT package_name ORDER BY package_name) FILTER (package_name <> '') AS packages,
       nullif((SELECT count(*) FROM {_CONTAINERS} c WHERE c.image_digest = {SCANNED}.image_digest), 0)
       AS image_in_use_count
FROM {SCANNED} GROUP BY account_id, region, partition, repository_name, image_digest, name
"""
"""The vulnerabilities that ECR's own scan finds. That no task of ECS runs an image does not tell that nothing does."""

_IMAGE: Final = "AWS_ECR_CONTAINER_IMAGE"

_RULES, _INSTANCES, _FUNCTIONS = "aws_vpc_security_group_rule", "aws_ec2_instance", "aws_lambda_function"

_OPEN: Final = f"""
WITH open AS (
    SELECT DISTINCT account_id, region, group_id FROM {_RULES}
    WHERE NOT is_egress AND (cidr_ipv4 = '0.0.0.0/0' OR cidr_ipv6 = '::/0')
),
opened AS (
    SELECT DISTINCT i.account_id, i.region, i.instance_id
    FROM (SELECT account_id, region, instance_id, unnest(security_group_ids) AS group_id FROM {_INSTANCES}) i
    JOIN open USING (account_id, region, group_id)
)
SELECT i.account_id, i.region, i.instance_id AS id, i.instance_state = 'running' AS running,
       i.associate_public_ip_address AS has_address, i.tags,
       CASE WHEN i.security_group_ids IS NOT NULL THEN o.instance_id IS NOT NULL END AS is_open
FROM {_INSTANCES} i LEFT JOIN opened o USING (account_id, region, instance_id)
"""

_CALLED: Final = f"""
SELECT f.account_id, f.region, f.arn AS id, f.url_config_auth_type AS auth, f.tags FROM {_FUNCTIONS} f
"""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    FINDINGS: _FINDING,
    PATCHES: ("instance_id", "title", "severity", "state", "cve_ids"),
    SCANNED: ("name", "repository_name", "image_digest", "package_name", "severity", "cvss_score"),
    _CONTAINERS: ("image_digest",),
    _INSTANCES: (*("instance_id", "instance_state", "associate_public_ip_address", "security_group_ids", "tags"),),
    _RULES: ("group_id", "is_egress", "cidr_ipv4", "cidr_ipv6"),
    _FUNCTIONS: ("arn", "url_config_auth_type", "tags"),
}
"""What is read to know what comes first."""


class First(msgspec.Struct, frozen=True, kw_only=True):
    """A resource in its place: why it stands there, and what is not known of it.

    It is there for its worst vulnerability; `others` are how many more it has. None is not known.
    """

    rank: int
    resource: str
    kind: str
    name: str
    account_id: str | None
    region: str | None
    vulnerability: str
    packages: tuple[str, ...]
    others: int
    exploited: bool | None
    epss: float | None
    cvss: float | None
    running: bool | None
    reachable: bool | None
    fixable: bool | None
    holds_data: bool | None
    why: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is known of a resource, beside its vulnerabilities: None is not."""

    running: bool | None = None
    reachable: bool | None = None
    tags: Mapping[str, str] | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why what is not known is not, by what it is."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """One vulnerability of one resource, with what it is sorted by: the least is first."""

    key: tuple[float, float, float, str, str, str]
    first: First


def selection() -> dict[str, frozenset[str]]:
    """The tables and columns that are read."""
    return {name: frozenset(columns) for name, columns in COLUMNS.items()}


def first_of(snapshot: Snapshot, known: Known, data_tags: Mapping[str, frozenset[str]]) -> list[First]:
    """What to patch, the first first: the resources of a snapshot that have vulnerabilities.

    `data_tags` are keys of tags and the values that tell of data that matters. Raises DemarcateError.
    """
    exposures = {**_instances(snapshot), **_functions(snapshot)}
    findings = read(snapshot, {FINDINGS: _FINDING})[FINDINGS]
    told = {(row["region"], row["resource_id"], row["vulnerability_id"]) for row in findings}
    others = [*_told(_LACKING, snapshot, told), *_told(_IN_IMAGES, snapshot, told)]
    return ranked([*findings, *others], exposures, known, data_tags)


def ranked(
    findings: Iterable[Row],
    exposures: Mapping[tuple[Place, str], Exposure],
    known: Known,
    data_tags: Mapping[str, frozenset[str]],
) -> list[First]:
    """The resources of findings in their order, by what is known of each resource."""
    notices = notices_of(dict(known.notices)) if known.notices is not None else {}
    worst: dict[tuple[Place, str], _Judged] = {}
    counts: dict[tuple[Place, str], set[str]] = {}
    for row in findings:
        place = (row["source_account_id"] or row["account_id"], row["region"])
        of = (place, _identity(row))
        exposure = exposures.get(of) or _unseen(row)
        judged = _judge(row, place, exposure, known, notices, data_tags)
        counts.setdefault(of, set()).add(judged.first.vulnerability)
        if of not in worst or judged.key < worst[of].key:
            worst[of] = judged
    ordered = sorted(worst.items(), key=lambda item: item[1].key)
    return [
        msgspec.structs.replace(judged.first, rank=rank, others=len(counts[of]) - 1)
        for rank, (of, judged) in enumerate(ordered, 1)
    ]


def _identity(row: Row) -> str:
    """What the resource of a finding is called; of a function, its ARN without a version."""
    identity: str = row["resource_id"] or row.resource
    return ":".join(identity.split(":")[:7]) if row["resource_type"] == "AWS_LAMBDA_FUNCTION" else identity


def _told(sql: str, snapshot: Snapshot, known: Container[tuple[str, str, str]]) -> Iterator[Row]:
    """What Patch Manager or ECR tells, in the form of Inspector's findings, but for what is known by these."""
    blank = dict.fromkeys((*_FINDING, "file", "_unknown"))
    for told in _rows(sql, snapshot):
        resource = told["resource_id"] or ""
        if (told["region"], resource, told["vulnerability_id"]) in known:
            continue
        if sql is _IN_IMAGES:
            yield Row(blank | told | {"resource_type": _IMAGE})
        else:
            kind = "AWS_EC2_INSTANCE" if resource.startswith("i-") else "managed node"
            yield Row(blank | told | {"resource_type": kind, "fix_available": "YES"})


def _rows(sql: str, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    columns, rows = run(sql, snapshot, QueryLimits(rows=MOST))
    for values in rows:
        yield dict(zip(columns, values, strict=True))


def _tags(value: Any) -> Mapping[str, str] | None:
    tags = from_json(value) if isinstance(value, str) else value
    return tags if isinstance(tags, dict) else None


def _instances(snapshot: Snapshot) -> dict[tuple[Place, str], Exposure]:
    """What is known of instances: one can be reached that has a public address, and a group that lets all in."""
    unread = lost(snapshot, [_RULES])
    known: dict[tuple[Place, str], Exposure] = {}
    for row in _rows(_OPEN, snapshot):
        place = (row["account_id"], row["region"])
        reasons: dict[str, str] = {}
        gap = unread.get(place)
        address, is_open = row["has_address"], None if gap and not row["is_open"] else row["is_open"]
        reachable: bool | None = False
        if address is not False and is_open is not False:
            reachable = True if address and is_open else None
        if reachable is None:
            reasons["reachable"] = gap or "its addresses or security groups are not told"
        if row["running"] is None:
            reasons["running"] = "its state is not told"
        known[place, row["id"]] = Exposure(row["running"], reachable, _tags(row["tags"]), reasons)
    return known


def _functions(snapshot: Snapshot) -> dict[tuple[Place, str], Exposure]:
    """What is known of functions: one can be reached that has an address which asks nobody who they are."""
    known = {}
    for row in _rows(_CALLED, snapshot):
        auth = row["auth"]
        reasons = {"reachable": "its function URL is not told"} if auth is None else {}
        reachable = None if auth is None else auth == "NONE"
        known[(row["account_id"], row["region"]), row["id"]] = Exposure(
            True, reachable, _tags(row["tags"]), reasons
        )
    return known


def _unseen(row: Row) -> Exposure:
    """What is known of a resource that is not among the rows: of a container image, whether anything runs it."""
    if row["resource_type"] == _IMAGE:
        count = row["image_in_use_count"]
        reasons = {"reachable": "it depends on what runs the image", "data": "an image has no tags of the data"}
        if count is None:
            reasons["running"] = "what runs the image is not told"
        return Exposure(None if count is None else count > 0, None, None, reasons)
    unread = "the resource is not among what was read"
    return Exposure(reasons={"running": unread, "reachable": unread, "data": unread})


def _judge(
    row: Row,
    place: Place,
    exposure: Exposure,
    known: Known,
    notices: Mapping[str, list[str]],
    data_tags: Mapping[str, frozenset[str]],
) -> _Judged:
    vulnerability = row["vulnerability_id"] or "a vulnerability without an id"
    cves = [name for name in (vulnerability, *(row["related_vulnerabilities"] or ())) if CVE.fullmatch(name)]
    why: list[str] = []
    unknown: list[str] = []

    exploited = _exploited(cves, known.kev, why, unknown)
    epss = _epss(row, cves, known, why)
    cvss = row["inspector_score"]
    if cvss is not None:
        why.append(f"CVSS {cvss:.1f}")
    severity = (row["severity"] or "").upper()
    least = cvss if cvss is not None else SEVERITIES.get(severity)
    if cvss is None:
        unknown.append(
            f"CVSS: the least of severity {severity.lower()}, {least:.1f}, counts"
            if least is not None
            else f"CVSS and severity: {WORST:.1f} counts"
        )
    score = WORST if least is None else least
    if epss is None:
        unknown.append(f"EPSS: CVSS stands in its place, {score / 10:.2f}")

    fix = {"YES": True, "PARTIAL": True, "NO": False}.get(row["fix_available"] or "")
    published = next((notice for cve in cves for notice in notices.get(cve, ())), None)
    if fix is None and published:
        fix = True
    holds = _holds_data(exposure, data_tags)
    factors = (
        ("running", exposure.running, 1.0, STOPPED, "it runs", "it does not run"),
        (
            "reachable",
            exposure.reachable,
            REACHABLE,
            1.0,
            "it can be reached from the internet",
            "it cannot be reached from the internet",
        ),
        (
            "fixable",
            fix,
            1.0,
            NO_FIX,
            f"a fix is there{f' ({published})' if published else ''}",
            "there is no fix",
        ),
        ("data", holds, PRECIOUS, 1.0, "it holds data that matters", ""),
    )
    weight = 1.0
    for name, holds_true, if_true, if_false, said, said_not in factors:
        if name == "data" and not data_tags:
            continue
        # What is not known counts as the worse.
        weight *= max(if_true, if_false) if holds_true is None else if_true if holds_true else if_false
        if holds_true is None:
            reason = exposure.reasons.get(name)
            unknown.append(f"whether it is {_WORDS[name]}{f': {reason}' if reason else ''}")
        elif told := said if holds_true else said_not:
            why.append(told)
    likelihood = score / 10 if epss is None else epss
    tier = {True: 0.0, None: 1.0, False: 2.0}[exploited]
    identity = _identity(row)
    return _Judged(
        (
            tier,
            -likelihood * weight,
            -score * weight,
            f"{place[0]} {place[1]} {identity}",
            vulnerability,
            row.resource,
        ),
        First(
            rank=0,
            resource=identity,
            kind=(row["resource_type"] or "resource").removeprefix("AWS_").replace("_", " ").lower(),
            name=(exposure.tags or {}).get("Name") or identity.rpartition(":")[2].rpartition("/")[2],
            account_id=place[0],
            region=place[1],
            vulnerability=vulnerability,
            packages=tuple(row["packages"] or ()),
            others=0,
            exploited=exploited,
            epss=epss,
            cvss=cvss,
            running=exposure.running,
            reachable=exposure.reachable,
            fixable=fix,
            holds_data=holds if data_tags else None,
            why=tuple(why),
            unknown=tuple(unknown),
        ),
    )


_WORDS: Final = {
    "running": "running",
    "reachable": "reachable from the internet",
    "fixable": "fixable",
    "data": "tagged as holding data that matters",
}


def _exploited(
    cves: Sequence[str], kev: Mapping[str, Exploited] | None, why: list[str], unknown: list[str]
) -> bool | None:
    """Whether CISA knows it to be exploited. That its catalog is left out is said once, for all."""
    if kev is None:
        return None
    listed = [(cve, kev[cve]) for cve in cves if cve in kev]
    for _, entry in listed[:1]:
        ransomware = ", in ransomware" if entry.ransomware else ""
        why.append(f"it is exploited{ransomware} (CISA, due {entry.due})")
    if not listed and not cves:
        unknown.append("whether it is exploited: it has no CVE id to look for")
        return None
    return bool(listed)


def _epss(row: Row, cves: Iterable[str], known: Known, why: list[str]) -> float | None:
    """How likely it is exploited: by the feed, whose day is told, or else by Inspector."""
    scores = [known.epss[cve].epss for cve in cves if known.epss is not None and cve in known.epss]
    epss: float | None = max(scores) if scores else row["epss_score"]
    if epss is not None:
        why.append(f"EPSS {epss:.3f}{'' if scores else ' (Inspector)'}")
    return epss


def _holds_data(exposure: Exposure, data_tags: Mapping[str, frozenset[str]]) -> bool | None:
    if exposure.tags is None:
        return None
    return any(exposure.tags.get(key) in values for key, values in data_tags.items())

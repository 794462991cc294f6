"""Kinds of what is not known: each comes from a source, and none is told from a sentence."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

import demarcate
from demarcate import assessing
from demarcate.assessing import assess_sources
from demarcate.checks import engine, missing
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Finding
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import MANIFEST, Unread
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table
from tests.aws.test_kinds import LIVE
from tests.checks.comparisons import facts_compared
from tests.checks.test_engine import LOOKS, check, volume
from tests.checks.test_engine import snapshot as taken
from tests.estate.config.estate import deliver, named, snapshot_of
from tests.estate.config.volumes import volume as item

# --- templates ----------------------------------------------------------------------------------------------

TEMPLATE = """
Parameters:
  Open: {{Type: String}}
  Hidden: {{Type: String, NoEcho: true}}
  Stored: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}}
Conditions:
  Never: !Equals [a, b]
  Maybe: !Equals [!Ref Open, a]
Resources:
  Thing:
    Type: {type}
    Properties: {properties}
  Gone: {{Type: 'AWS::SNS::Topic', Condition: Never}}
"""

VOLUME = ("aws_ebs_volume", "AWS::EC2::Volume")
DATABASE = ("aws_rds_db_instance", "AWS::RDS::DBInstance")

DECLARED: dict[Kind, tuple[tuple[tuple[str, str], str, str], ...]] = {
    Kind.PARAMETER: (
        (VOLUME, "{Encrypted: !Ref Open}", "encrypted"),
        (VOLUME, "{KmsKeyId: !Sub 'key/${Open}'}", "kms_key_id"),
        (VOLUME, "{Encrypted: !If [Maybe, true, false]}", "encrypted"),
        (VOLUME, "{KmsKeyId: !Join ['', [a, !Ref Open]]}", "kms_key_id"),
    ),
    Kind.SECRET: ((VOLUME, "{KmsKeyId: !Ref Hidden}", "kms_key_id"),),
    Kind.PARAMETER_STORE: (
        (VOLUME, "{KmsKeyId: !Ref Stored}", "kms_key_id"),
        (VOLUME, "{Encrypted: '{{resolve:ssm:/a}}'}", "encrypted"),
    ),
    Kind.DEPLOYMENT: (
        (VOLUME, "{AvailabilityZone: !Select [0, !GetAZs '']}", "availability_zone"),
        (VOLUME, "{Encrypted: '{{resolve:secretsmanager:a}}'}", "encrypted"),
    ),
    Kind.MACRO: ((VOLUME, "{KmsKeyId: {'Fn::Transform': {Name: Mine}}}", "kms_key_id"),),
    Kind.NOT_GIVEN: ((VOLUME, "{KmsKeyId: !ImportValue Key}", "kms_key_id"),),
    Kind.UNRESOLVED: (
        (VOLUME, "{KmsKeyId: !Ref Nothing}", "kms_key_id"),
        (VOLUME, "{KmsKeyId: !Ref Gone}", "kms_key_id"),
    ),
    Kind.AMBIGUOUS: ((VOLUME, "{Encrypted: true, Encrypted: false}", "encrypted"),),
    Kind.UNSUPPORTED: ((VOLUME, "{KmsKeyId: {'Fn::Newer': a}}", "kms_key_id"),),
    Kind.MALFORMED: (
        (VOLUME, "{Encrypted: perhaps}", "encrypted"),
        (VOLUME, "{KmsKeyId: !Select [3, [a]]}", "kms_key_id"),
    ),
    Kind.TOO_MUCH: ((VOLUME, f"{{KmsKeyId: {{'Fn::Base64': {'a' * 1_000_001}}}}}", "kms_key_id"),),
    Kind.INDIRECT: ((DATABASE, "{DBSnapshotIdentifier: s}", "storage_encrypted"),),
}
"""Properties of a resource, and the column that is not known for them, by kind."""


@pytest.mark.parametrize(
    ("kind", "of", "properties", "column"),
    [
        pytest.param(kind, *case, id=f"{kind} {number}")
        for kind, cases in DECLARED.items()
        for number, case in enumerate(cases)
    ],
)
def test_a_value_of_a_template(
    kind: Kind, of: tuple[str, str], properties: str, column: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(TEMPLATE.format(type=of[1], properties=properties))
    options = Options(parameters={"Hidden": "x"})
    with collect_snapshot([path], options, selection={of[0]: frozenset((column,))}) as snapshot:
        (row,) = rows_of(snapshot, table(of[0]), [column, "_unknown"])
        assert row[column] is None
        assert json.loads(row["_unknown"])[column]["kind"] == kind
        sql = column if column.endswith("encrypted") else f"{column} <> 'x'"
        finding = finding_of(snapshot, sql, of[0])
    assert (finding.verdict, finding.kind) == ("unknown", kind)


def of_folder(tmp_path: Path) -> set[Kind]:
    """Why parts of a folder of templates are not read."""
    with collect_snapshot([tmp_path]) as snapshot:
        return {gap.kind for gap in snapshot.unread}


FINE = TEMPLATE.format(type=VOLUME[1], properties="{}")


def test_a_link_out_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(FINE)
    (tmp_path / "b.yaml").symlink_to("/etc/hostname")
    assert of_folder(tmp_path) == {Kind.UNREADABLE}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Resources: [", Kind.MALFORMED),
        (f"Resources: {'[' * 200}", Kind.TOO_MUCH),
        (f"Resources: {{}} # {'a' * 2_000_000}", Kind.TOO_MUCH),
        (f"Transform: Mine\n{FINE}", Kind.MACRO),
        (
            "Resources:\n  Fn::ForEach::All: [X, !Ref Open, {}]\nParameters:\n  Open: {Type: String}",
            Kind.PARAMETER,
        ),
        (FINE.replace("Gone:", "Thing:"), Kind.AMBIGUOUS),
        (
            f"{FINE}  Nested: {{Type: 'AWS::CloudFormation::Stack', Properties: {{TemplateURL: b}}}}",
            Kind.NOT_GIVEN,
        ),
    ],
)
def test_what_is_wrong_with_a_template(text: str, kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"AWSTemplateFormatVersion: 2010-09-09\n{text}")
    (tmp_path / "b.yaml").write_text(FINE)
    assert of_folder(tmp_path) == {kind}


# --- what AWS Config recorded -------------------------------------------------------------------------------


def only_changes(tmp_path: Path) -> Snapshot:
    return snapshot_of(deliver(tmp_path, [item("vol-1")], named("ConfigHistory")), tables=("aws_ebs_volume",))


def truncated(tmp_path: Path) -> Snapshot:
    deliver(tmp_path, [item("vol-1")])
    path = deliver(tmp_path, [item("vol-2")], named(region="eu-west-2"))
    path.write_bytes(path.read_bytes()[:-20])
    return snapshot_of(tmp_path, tables=("aws_ebs_volume",))


def old(tmp_path: Path) -> Snapshot:
    deliver(tmp_path, [item("vol-1")])
    deliver(tmp_path, [item("vol-2")], named(region="eu-west-2", time="20250101T000000Z"))
    return snapshot_of(tmp_path, tables=("aws_ebs_volume",))


def known_and_not_recorded(tmp_path: Path) -> Snapshot:
    bare = item("vol-2", configurationItemStatus="ResourceNotRecorded", configuration=None)
    return snapshot_of(deliver(tmp_path, [item("vol-1"), bare]), tables=("aws_ebs_volume",))


RECORDED: dict[Kind, Callable[[Path], Snapshot]] = {
    Kind.INCOMPLETE: only_changes,
    Kind.MALFORMED: truncated,
    Kind.STALE: old,
    Kind.UNTOLD: known_and_not_recorded,
}


@pytest.mark.parametrize("kind", RECORDED)
def test_what_deliveries_do_not_tell(kind: Kind, tmp_path: Path) -> None:
    with RECORDED[kind](tmp_path) as snapshot:
        assert kind in {gap.kind for gap in snapshot.unread}


def test_values_that_items_do_not_have(tmp_path: Path) -> None:
    with snapshot_of(
        deliver(tmp_path, [item("vol-1", configuration=None)]), tables=("aws_ebs_volume",)
    ) as snapshot:
        (row,) = rows_of(snapshot, table("aws_ebs_volume"), ["_unknown"])
    assert json.loads(row["_unknown"])["encrypted"]["kind"] == Kind.UNSET


# --- judging ------------------------------------------------------------------------------------------------


def finding_of(snapshot: Snapshot, sql: str, of: str = "aws_ebs_volume") -> Finding:
    (finding,) = judge(snapshot, [check(sql, of)]).findings()
    return finding


def untold(_: pytest.MonkeyPatch) -> Finding:
    rows = [{"resource": "V", "size": 8, "file": "a.yaml", "line": 3}]
    sql = "state = 'in-use' AND size > 3"
    return finding_of(taken({"aws_ebs_volume": rows}, source="cloudformation"), sql)


def not_collected(_: pytest.MonkeyPatch) -> Finding:
    rows = [volume("v", volume_id="v")]
    return finding_of(taken({"aws_ebs_volume": rows}, columns=("resource", "volume_id")), "encrypted")


def unset(_: pytest.MonkeyPatch) -> Finding:
    return finding_of(taken({"aws_ebs_volume": [volume("v")]}), "encrypted")


OF_RUNTIME = (
    "(select r.deprecation_date from aws_lambda_runtime r where r.name = aws_lambda_function.runtime) > now()"
)


def of_a_runtime(name: str) -> Finding:
    rows = [volume("f", runtime=name)]
    return finding_of(taken({"aws_lambda_function": rows}), OF_RUNTIME, "aws_lambda_function")


def lookup(_: pytest.MonkeyPatch) -> Finding:
    return of_a_runtime("cobol85")


def stale(monkeypatch: pytest.MonkeyPatch) -> Finding:
    row = {"name": "python3.8", "deprecation_date": "2030-01-01"}
    facts = facts_compared(datetime(2026, 1, 1).date(), row, days=10)
    monkeypatch.setattr(missing, "facts_of", lambda name: facts if name == "aws_lambda_runtime" else None)
    return of_a_runtime("python3.8")


def uncomputable(_: pytest.MonkeyPatch) -> Finding:
    return finding_of(taken({"aws_ebs_volume": [volume("v", size=2)]}), "size * 9223372036854775807 > 3")


def too_much(monkeypatch: pytest.MonkeyPatch) -> Finding:
    monkeypatch.setattr(engine, "SCAN_SECONDS", 0.5)
    rows = [volume(f"v{number}", volume_id=f"vol-{number}", encrypted=True) for number in range(2000)]
    slow = (
        "not exists (select 1 from aws_ebs_volume a where exists (select 1 from aws_ebs_volume b where "
        "contains(a.volume_id || b.volume_id || aws_ebs_volume.volume_id, 'none has this')))"
    )
    return finding_of(taken({"aws_ebs_volume": rows}), slow)


def unrecorded(_: pytest.MonkeyPatch) -> Finding:
    first = in_the_first_format(
        taken({"aws_ebs_volume": [volume("v", encrypted=None, _unknown={"encrypted": "why"})]})
    )
    finding = finding_of(first, "encrypted")
    assert finding.reason == "encrypted: why"
    return finding


JUDGED: dict[Kind, Callable[[pytest.MonkeyPatch], Finding]] = {
    Kind.UNTOLD: untold,
    Kind.NOT_COLLECTED: not_collected,
    Kind.UNSET: unset,
    Kind.LOOKUP: lookup,
    Kind.STALE: stale,
    Kind.UNCOMPUTABLE: uncomputable,
    Kind.TOO_MUCH: too_much,
    Kind.UNRECORDED: unrecorded,
}


@pytest.mark.parametrize("kind", JUDGED)
def test_a_verdict(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = JUDGED[kind](monkeypatch)
    assert (finding.verdict, finding.kind) == ("unknown", kind)


def test_a_check_that_nobody_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assessing, "collect_snapshot", lambda *_, **__: taken({"aws_ebs_volume": []}))
    with assess_sources(["aws"]) as assessment:
        kinds = {note.kind for note in assessment.posture.not_run}
    assert kinds == {Kind.ON_REQUEST, Kind.NOT_COLLECTED}


def test_each_kind_comes_from_somewhere() -> None:
    links = {Kind.UNREADABLE, Kind.ON_REQUEST}
    assert {*DECLARED, *RECORDED, *JUDGED, *LIVE, *links} == set(Kind)


# --- several causes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encrypted", "state", "kind"),
    [
        (Unknown(Kind.PARAMETER, "p"), None, Kind.PARAMETER),
        (None, Unknown(Kind.PARAMETER, "p"), Kind.PARAMETER),
        (Unknown(Kind.UNSET, "u"), Unknown(Kind.DENIED, "d"), Kind.DENIED),
        (Unknown(Kind.DENIED, "d"), Unknown(Kind.UNSET, "u"), Kind.DENIED),
    ],
)
def test_of_several_causes_the_kind_that_stands_first(encrypted: Any, state: Any, kind: Kind) -> None:
    rows = [volume("v", encrypted=encrypted, state=state)]
    finding = finding_of(taken({"aws_ebs_volume": rows}), "encrypted and state = 'in-use'")
    assert finding.kind is kind
    assert {part.partition(":")[0] for part in finding.reason.split("; ")} == {"encrypted", "state"}


def test_a_gap_looked_into_and_an_open_value() -> None:
    gap = Unread(kind=Kind.THROTTLED, reason="slow", table="aws_ebs_snapshot", account="1", region="r")
    rows = [volume("v", encrypted=Unknown(Kind.PARAMETER, "p"))]
    finding = finding_of(taken({"aws_ebs_volume": rows, "aws_ebs_snapshot": []}, gap), f"encrypted and {LOOKS}")
    assert finding.kind is Kind.THROTTLED


def test_of_several_rows_of_a_resource_the_kind_is_that_of_the_one_told() -> None:
    rows = [
        volume("g", cidr_ipv4=Unknown(Kind.PARAMETER, "b")),
        volume("g", cidr_ipv4=Unknown(Kind.DEPLOYMENT, "a")),
        volume("h", cidr_ipv4=Unknown(Kind.DEPLOYMENT, "a")),
        volume("h", cidr_ipv4="10.0.0.0/8"),
    ]
    judged = judge(
        taken({"aws_vpc_security_group_rule": rows}), [check("cidr_ipv4 <> 'x'", "aws_vpc_security_group_rule")]
    )
    told = {finding.resource: (finding.reason, finding.kind) for finding in judged.findings()}
    assert told["h"] == ("cidr_ipv4: a", Kind.DEPLOYMENT)
    assert told["g"] in {("cidr_ipv4: a", Kind.DEPLOYMENT), ("cidr_ipv4: b", Kind.PARAMETER)}
    assert judged.unknown() == {
        kind: sum(kind is other for _, other in told.values()) for _, kind in told.values()
    }


@pytest.mark.parametrize("value", ["plain", 3, None, {"kind": "bogus", "reason": "r"}, {"kind": "denied"}, ["a"]])
def test_whatever_somebody_wrote_into_a_snapshot_has_a_kind(value: Any) -> None:
    rows = [volume("v", encrypted=None, _unknown={"encrypted": value})]
    finding = finding_of(taken({"aws_ebs_volume": rows}), "encrypted")
    assert finding.kind is not None
    assert finding.reason.startswith("encrypted: ")


# --- the first format of snapshots --------------------------------------------------------------------------


def in_the_first_format(snapshot: Snapshot) -> Snapshot:
    manifest = msgspec.to_builtins(snapshot.manifest)
    for unread in manifest["unread"]:
        del unread["kind"]
    (snapshot.folder / MANIFEST).write_text(json.dumps(manifest | {"format": 1}))
    opened = Snapshot.open(snapshot.folder)
    opened.close = snapshot.close  # type: ignore[method-assign]
    return opened


def test_a_snapshot_of_the_first_format_is_read() -> None:
    gap = Unread(kind=Kind.DENIED, reason="denied", table="aws_ebs_volume", account="2", region="r")
    first = in_the_first_format(taken({"aws_ebs_volume": [volume("v", encrypted=True)]}, gap))
    (unread,) = first.unread
    assert unread == Unread(kind=Kind.UNRECORDED, reason="denied", table="aws_ebs_volume", account="2", region="r")
    assert finding_of(first, "encrypted").kind is Kind.UNRECORDED


# --- nobody reads a sentence --------------------------------------------------------------------------------

SOURCES = sorted(Path(demarcate.__file__).parent.rglob("*.py"))

SEARCHES = frozenset(
    (
        *("startswith", "endswith", "find", "rfind", "index", "rindex", "count", "partition", "rpartition"),
        *("split", "rsplit", "splitlines", "removeprefix", "removesuffix", "replace"),
        *("match", "fullmatch", "search", "findall", "finditer", "sub"),
    )
)


def is_sentence(node: ast.AST) -> bool:
    """Whether it is why something is not known."""
    return isinstance(node, ast.Attribute) and node.attr == "reason"


def looked_at(node: ast.AST) -> list[ast.AST]:
    """What an expression compares, searches, takes apart or looks into; nothing where it does none of these."""
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SEARCHES:
        return [node.func.value, *node.args]
    if isinstance(node, ast.Subscript):
        return [node.value]
    return [node.subject] if isinstance(node, ast.Match) else []


def readings(tree: ast.AST) -> list[int]:
    """The lines on which a sentence is read."""
    return [node.lineno for node in ast.walk(tree) if any(map(is_sentence, looked_at(node)))]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "code",
    [
        "one.reason == 'denied'",
        "'denied' in one.reason",
        "one.reason.endswith('d')",
        "one.reason.partition(' (')[0]",
        "re.search('d', one.reason)",
        "one.reason[:3]",
    ],
)
def test_what_counts_as_reading_a_sentence(code: str) -> None:
    assert readings(ast.parse(code))


def test_no_code_reads_a_sentence() -> None:
    assert not [f"{path}:{line}" for path in SOURCES for line in readings(ast.parse(path.read_text()))]

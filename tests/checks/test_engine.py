"""The engine: what is judged, counted, unknown, and told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from demarcate.base.documents import compose
from demarcate.base.errors import DemarcateError
from demarcate.checks import engine, judgement, missing, scanning, whys
from demarcate.checks.catalog import compile_check
from demarcate.checks.engine import judge
from demarcate.checks.judgement import COLUMNS, Judgement
from demarcate.checks.structs import Check, Written
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from tests.checks.comparisons import facts_compared

MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
Rows = Iterable[Mapping[str, Any]]


def check(sql: str, of: str = "aws_ebs_volume", **more: Any) -> Check:
    given = {"id": "c", "title": "C", "responsibility": "a.b", "fail": "{resource} fails", "severity": "low"}
    return compile_check(Written(table=of, passes=sql, **(given | more)), "c.yaml", compose("{}", "c.yaml"))


def snapshot(
    tables: Mapping[str, Rows], *unread: Unread, source: str = "live", columns: tuple[str, ...] | None = None
) -> Snapshot:
    with SnapshotWriter(source, "test", moment=MOMENT) as writer:
        for name, rows in tables.items():
            places = {(row.get("account_id"), row.get("region")) for row in rows} or {("1", "r")}
            for account, region in sorted(places, key=str):
                of = table(name)
                part = writer.part(of, columns or [c.name for c in of.all_columns], account, region)
                part.append(
                    dict(row) for row in rows if (row.get("account_id"), row.get("region")) == (account, region)
                )
                part.seal()
        writer.unread(*unread)
        return writer.finish()


def volume(resource: str, account: str = "1", region: str = "r", **columns: Any) -> dict[str, Any]:
    return {"resource": resource, "account_id": account, "region": region, **columns}


def told(judged: Judgement) -> list[tuple[str | None, str, str]]:
    return [(finding.resource, finding.verdict, finding.reason) for finding in judged.findings()]


def test_three_verdicts_and_their_counts() -> None:
    rows = [
        volume("a", encrypted=True),
        volume("b", encrypted=False),
        volume("c", encrypted=Unknown(Kind.MALFORMED, "why")),
    ]
    judged = judge(snapshot({"aws_ebs_volume": rows}), [check("encrypted")])
    assert told(judged) == [("b", "fail", "b fails"), ("c", "unknown", "encrypted: why")]
    (tally,) = judged.tallies
    assert (tally.passed, tally.failed, tally.unknown) == (1, 1, 1)


def test_unknown_findings_are_told_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an estate of half a million has no room for all of them at once."""
    rows = [volume(f"v{n}", encrypted=Unknown(Kind.MALFORMED, f"why {n}") if n % 3 else False) for n in range(8)]
    expected = told(judge(snapshot({"aws_ebs_volume": rows}), [check("encrypted")]))
    assert len(expected) == 8
    for at_once in (1, 3, 8):
        monkeypatch.setattr(whys, "AT_ONCE", at_once)
        assert told(judge(snapshot({"aws_ebs_volume": rows}), [check("encrypted")])) == expected


def test_passes_are_findings_when_asked_for() -> None:
    judged = judge(snapshot({"aws_ebs_volume": [volume("a", encrypted=True)]}), [check("encrypted")], passes=True)
    assert told(judged) == [("a", "pass", "")]


def test_arrow_has_the_promised_columns() -> None:
    arrow = judge(snapshot({"aws_ebs_volume": [volume("a", encrypted=False)]}), [check("encrypted")]).to_arrow()
    assert tuple(arrow.column_names) == COLUMNS
    assert arrow.num_rows == 1


@pytest.mark.parametrize("tags", ["[" * 3000 + "]" * 3000, "[1]", '"text"'])
def test_tags_that_are_none_are_not_told(tags: str) -> None:
    """A snapshot may hold anything where tags are expected."""
    nested = msgspec.Raw(tags.encode())
    judged = judge(snapshot({"aws_ebs_volume": [volume("a", encrypted=False, tags=nested)]}), [check("encrypted")])
    assert [(finding.verdict, finding.tags) for finding in judged.findings()] == [("fail", None)]


def test_where_excludes_and_unknown_where_is_unknown() -> None:
    rows = [
        volume("a", encrypted=False, state="deleting"),
        volume("b", encrypted=False, state="in-use"),
        volume("c", encrypted=True, state=None),
    ]
    judged = judge(snapshot({"aws_ebs_volume": rows}), [check("encrypted", where="state <> 'deleting'")])
    assert told(judged) == [("b", "fail", "b fails"), ("c", "unknown", "state: not returned by AWS")]


def test_what_others_operate_is_not_judged_unless_it_is_asked_for() -> None:
    """Who operates a row may not be known, as in a snapshot of an older version: it is judged then."""
    rows = [
        volume("a", encrypted=False, managed_by="eks.amazonaws.com"),
        volume("b", encrypted=False, managed_by=""),
        volume("c", encrypted=True, managed_by=""),
        volume("d", encrypted=None, managed_by=None),
    ]
    here = snapshot({"aws_ebs_volume": rows})
    judged = judge(here, [check("encrypted")])
    assert told(judged) == [("b", "fail", "b fails"), ("d", "unknown", "encrypted: not returned by AWS")]
    (tally,) = judged.tallies
    assert (tally.passed, tally.failed, tally.unknown) == (1, 1, 1)
    assert told(judge(here, [check("encrypted", where="managed_by <> ''")])) == [
        ("a", "fail", "a fails"),
        ("d", "unknown", "encrypted: not returned by AWS; managed_by: not returned by AWS"),
    ]


def test_now_is_the_moment_of_the_snapshot() -> None:
    rows = [volume("old", create_time="2026-01-01T00:00:00"), volume("new", create_time="2026-10-30T00:00:00")]
    judged = judge(snapshot({"aws_ebs_volume": rows}), [check("date_diff('day', create_time, now()) <= 90")])
    assert [resource for resource, _, _ in told(judged)] == ["old"]


LOOKS = "exists (select 1 from aws_ebs_snapshot s where s.volume_id = aws_ebs_volume.volume_id)"


def test_a_literal_that_reads_as_a_look_is_a_text() -> None:
    (name,) = check(LOOKS).looks
    text = f'"{name}"'
    rows = [volume(text, volume_id=text), volume("b", volume_id="b")]
    judged = judge(
        snapshot({"aws_ebs_volume": rows, "aws_ebs_snapshot": [volume("s", volume_id=text)]}),
        [check(f"volume_id = '{text}' and {LOOKS}", where=f"volume_id <> '{text} b' or {LOOKS}")],
        passes=True,
    )
    assert told(judged) == [(text, "pass", ""), ("b", "fail", "b fails")]


def test_a_table_looked_into_that_was_not_read_makes_the_verdict_unknown_there_and_only_there() -> None:
    rows = [volume("a", "1", volume_id="a"), volume("b", "2", volume_id="b")]
    snapshots = [volume("s", "1", volume_id="a")]
    gap = Unread(
        kind=Kind.DENIED,
        table="aws_ebs_snapshot",
        account="2",
        region="r",
        operation="ec2:DescribeSnapshots",
        reason="denied",
    )
    judged = judge(snapshot({"aws_ebs_volume": rows, "aws_ebs_snapshot": snapshots}, gap), [check(LOOKS)])
    ((resource, verdict, reason),) = told(judged)
    assert (resource, verdict) == ("b", "unknown")
    assert "2 r ec2:DescribeSnapshots: denied" in reason


def test_a_table_that_was_not_read_is_unknown_as_a_whole() -> None:
    gap = Unread(
        kind=Kind.DENIED,
        table="aws_ebs_volume",
        account="2",
        region="r",
        operation="ec2:DescribeVolumes",
        reason="denied",
    )
    judged = judge(snapshot({"aws_ebs_volume": [volume("a", encrypted=True)]}, gap), [check("encrypted")])
    ((resource, verdict, reason),) = told(judged)
    assert (resource, verdict) == (None, "unknown")
    assert "aws_ebs_volume could not be read: 2 r ec2:DescribeVolumes: denied" in reason
    assert sorted((t.account, t.passed, t.unknown) for t in judged.tallies) == [("1", 1, 0), ("2", 0, 1)]


def test_all_that_could_not_be_read_of_a_table_is_named() -> None:
    gaps = [
        Unread(
            kind=Kind.DENIED,
            table="aws_policy_statement",
            of=of,
            account="1",
            region="r",
            operation=f"x:{of}",
            reason=f"denied {'-' * 200}",
        )
        for of in ("aws_kms_key", "aws_sqs_queue", "aws_sns_topic")
    ]
    sql = check("effect = 'Deny'", "aws_policy_statement")
    (finding,) = judge(snapshot({"aws_policy_statement": []}, *gaps), [sql]).findings()
    assert [
        of for of in ("aws_kms_key", "aws_sqs_queue", "aws_sns_topic") if f"x:{of}" not in finding.reason
    ] == []


def test_a_table_that_was_not_collected_does_not_run() -> None:
    judged = judge(snapshot({"aws_ebs_snapshot": []}), [check("encrypted")])
    assert told(judged) == []
    assert [(note.check, note.reason) for note in judged.not_run] == [("c", "aws_ebs_volume was not collected")]


def test_a_template_cannot_tell_some_tables() -> None:
    rows = [{"resource": "V", "volume_id": "V", "size": 8, "file": "a.yaml", "line": 3}]
    judged = judge(
        snapshot({"aws_ebs_volume": rows}, source="cloudformation"),
        [
            check("default_ebs_encryption_enabled", "aws_ec2_regional_settings"),
            check(f"size > 3 AND {LOOKS}", id="d"),
        ],
    )
    assert [note.reason for note in judged.not_run] == ["templates cannot tell aws_ec2_regional_settings"]
    assert told(judged) == [("V", "unknown", "templates cannot tell aws_ebs_snapshot")]


@pytest.mark.parametrize("sql", ["state = 'in-use'", LOOKS, f"NOT {LOOKS}", f"state = 'in-use' OR {LOOKS}"])
def test_a_check_that_a_source_never_answers_does_not_run(sql: str) -> None:
    rows = [{"resource": "V", "volume_id": "V", "file": "a.yaml", "line": 3}]
    judged = judge(snapshot({"aws_ebs_volume": rows}, source="cloudformation"), [check(sql)])
    assert [(note.reason, note.kind) for note in judged.not_run] == [("templates do not tell it", Kind.UNTOLD)]
    assert told(judged) == []


def test_a_template_that_could_not_be_read_may_hold_what_is_not_found() -> None:
    rows = [{"resource": "V", "volume_id": "V", "kms_key_id": "k", "file": "a.yaml", "line": 3}]
    lost = Unread(kind=Kind.MALFORMED, reason="is not YAML", file="b.yaml", line=1)
    sql = "exists (select 1 from aws_ebs_volume o where o.kms_key_id = aws_ebs_volume.kms_key_id and o.size > 3)"
    taken = snapshot({"aws_ebs_volume": rows}, lost, source="cloudformation")
    ((_, verdict, reason),) = told(judge(taken, [check(sql)]))
    assert verdict == "unknown"
    assert "b.yaml:1: is not YAML" in reason


def test_what_is_decided_without_the_table_that_cannot_be_told_is_told() -> None:
    rows = [{"resource": "V", "volume_id": "V", "encrypted": True, "file": "a.yaml", "line": 3}]
    judged = judge(snapshot({"aws_ebs_volume": rows}, source="cloudformation"), [check(f"encrypted or {LOOKS}")])
    assert told(judged) == []


def test_a_column_that_the_source_does_not_tell_is_named() -> None:
    rows = [{"resource": "V", "size": 8, "file": "a.yaml", "line": 3}]
    sql = "state = 'in-use' AND size > 3"
    judged = judge(snapshot({"aws_ebs_volume": rows}, source="cloudformation"), [check(sql)])
    assert told(judged) == [("V", "unknown", "state: templates do not tell it")]


def test_rows_of_a_derived_table_are_judged_as_their_resource() -> None:
    rules = [
        volume("web", cidr_ipv4="10.0.0.0/8"),
        volume("web", cidr_ipv4="0.0.0.0/0"),
        volume("web", cidr_ipv4="0.0.0.0/0"),
        volume("db", cidr_ipv4="10.0.0.0/8"),
        volume("db", cidr_ipv4=Unknown(Kind.PARAMETER, "parameter Cidr has no value")),
        volume("ok", cidr_ipv4="10.0.0.0/8"),
    ]
    judged = judge(
        snapshot({"aws_vpc_security_group_rule": rules}),
        [check("cidr_ipv4 <> '0.0.0.0/0'", "aws_vpc_security_group_rule", fail="open to {cidr_ipv4}")],
    )
    assert told(judged) == [
        ("db", "unknown", "cidr_ipv4: parameter Cidr has no value"),
        ("web", "fail", "open to 0.0.0.0/0 (and 1 more)"),
    ]
    (tally,) = judged.tallies
    assert (tally.passed, tally.failed, tally.unknown) == (1, 1, 1)


def test_a_predicate_that_cannot_be_computed_is_unknown_and_leaves_the_others_alone() -> None:
    rows = [volume("a", size=2, encrypted=True)]
    bad = check("size * 9223372036854775807 > 3", id="bad")
    judged = judge(snapshot({"aws_ebs_volume": rows}), [bad, check("not encrypted", id="good")])
    findings = {finding.check: finding for finding in judged.findings()}
    assert findings["good"].verdict == "fail"
    assert findings["bad"].verdict == "unknown"
    assert "cannot be computed" in findings["bad"].reason


@pytest.mark.parametrize(
    ("days", "end", "expected"),
    [
        (400, "2030-01-01", "pass"),
        (10, "2030-01-01", "unknown"),
        (400, "2024-10-14", "fail"),
        (10, "2024-10-14", "fail"),
    ],
)
def test_what_facts_say_of_the_days_ahead_is_believed_only_for_a_time(
    days: int, end: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = facts_compared(datetime(2026, 1, 1).date(), {"name": "python3.8", "deprecation_date": end}, days=days)
    monkeypatch.setattr(missing, "facts_of", lambda name: old if name == "aws_lambda_runtime" else None)
    sql = (
        "(select r.deprecation_date from aws_lambda_runtime r where r.name = aws_lambda_function.runtime) > now()"
    )
    judged = judge(
        snapshot({"aws_lambda_function": [volume("f", runtime="python3.8")]}),
        [check(sql, "aws_lambda_function")],
        passes=True,
    )
    ((_, verdict, reason),) = told(judged)
    assert verdict == expected
    assert ("believed for 10 days" in reason) == (expected == "unknown")


def test_a_fact_that_is_not_there_is_unknown() -> None:
    sql = (
        "(select r.deprecation_date from aws_lambda_runtime r where r.name = aws_lambda_function.runtime) > now()"
    )
    judged = judge(
        snapshot({"aws_lambda_function": [volume("f", runtime="cobol85")]}), [check(sql, "aws_lambda_function")]
    )
    assert [verdict for _, verdict, _ in told(judged)] == ["unknown"]


def test_judging_is_pure() -> None:
    rows = [volume(f"v{i}", encrypted=[True, False, None][i % 3]) for i in range(50)]
    taken = snapshot({"aws_ebs_volume": rows})
    assert told(judge(taken, [check("encrypted")])) == told(judge(taken, [check("encrypted")]))


def rot(taken: Snapshot, file: str) -> None:
    """Damage a part, but for how it begins and ends."""
    part = taken.folder / file
    raw = bytearray(part.read_bytes())
    raw[4:-8] = b"\0" * (len(raw) - 12)
    part.write_bytes(raw)


def test_a_damaged_part_was_not_read() -> None:
    taken = snapshot({"aws_ebs_volume": [volume("a", encrypted=True)]})
    rot(taken, "tables/aws_ebs_volume/00000.parquet")
    judged = judge(taken, [check("encrypted"), check("size > 3", id="d")])
    assert [(finding.check, finding.verdict, finding.resource) for finding in judged.findings()] == [
        ("c", "unknown", None),
        ("d", "unknown", None),
    ]
    (lost,) = judged.snapshot.unread
    assert (lost.table, lost.account, lost.region) == ("aws_ebs_volume", "1", "r")
    assert lost.reason.startswith("tables/aws_ebs_volume/00000.parquet is damaged: ")
    assert all(str(lost) in finding.reason for finding in judged.findings())


def test_what_looks_into_a_damaged_part_is_unknown() -> None:
    rows = [volume("a", volume_id="a", encrypted=True), volume("b", "2", volume_id="b", encrypted=True)]
    snapshots = [volume("s", volume_id="a"), volume("s", "2", volume_id="b")]
    taken = snapshot({"aws_ebs_volume": rows, "aws_ebs_snapshot": snapshots})
    (taken.folder / "tables/aws_ebs_snapshot/00000.parquet").write_bytes(b"PAR1")
    judged = judge(taken, [check(LOOKS), check("not encrypted", id="d")])
    assert [(finding.resource, finding.verdict) for finding in judged.findings()] == [
        ("a", "unknown"),
        ("a", "fail"),
        ("b", "fail"),
    ]


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("account_id", pa.array([["1"], None]), [("b", "fail")]),
        ("region", pa.array([{"a": "r"}, None]), [("b", "fail")]),
        ("resource", pa.array([1, 2]), [("2", "fail")]),
        ("line", pa.array(["x", "2"]), [("b", "fail")]),
        ("_unknown", pa.array([1.5, None]), [("b", "fail")]),
        ("encrypted", pa.array(["yes", "maybe"]), [("b", "unknown")]),
        ("encrypted", pa.array([[True], [False]]), [("a", "unknown"), ("b", "unknown")]),
    ],
)
def test_columns_of_other_types_are_read_as_far_as_they_can(
    column: str, values: pa.Array, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    """What somebody else, or another version, has written is not known where it is no value of today's type."""
    taken = snapshot({"aws_ebs_volume": [volume("a", encrypted=True), volume("b", encrypted=False)]})
    part = next(taken.folder.rglob("*.parquet"))
    rows = pq.read_table(part)
    pq.write_table(rows.set_column(rows.column_names.index(column), column, values), part)
    judged = judge(Snapshot.open(taken.folder), [check("encrypted")])
    assert [(finding.resource, finding.verdict) for finding in judged.findings()] == expected


@pytest.mark.parametrize("passes", [False, True])
@pytest.mark.parametrize("counted", [(), ("a", "d"), ("a", "b", "c", "d")])
def test_many_rows_are_judged_as_few_are(
    passes: bool, counted: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        volume(f"v{i}", str(i % 3), encrypted=[True, False, None][i % 3], size=i, state=["a", "b", None][i % 3])
        for i in range(30)
    ]
    rules = [volume(f"g{i % 7}", cidr_ipv4=["0.0.0.0/0", "10.0.0.0/8"][i % 2]) for i in range(20)]
    taken = snapshot({"aws_ebs_volume": rows, "aws_vpc_security_group_rule": rules})
    checks = [
        check("encrypted", id="a"),
        check("size < 20", id="b", where="state <> 'a'"),
        check("size >= 0", id="c"),
        check("cidr_ipv4 <> '0.0.0.0/0'", "aws_vpc_security_group_rule", id="d"),
    ]

    def outcome() -> tuple[list[object], list[object]]:
        told = [check for check in checks if check.id not in counted]
        judged = judge(taken, told, counted=[check for check in checks if check.id in counted], passes=passes)
        assert {tally.check for tally in judged.counted} == set(counted)
        assert {finding.check for finding in judged.findings()} <= {check.id for check in told}
        return list(judged.findings()), sorted((*judged.tallies, *judged.counted), key=str)

    few = outcome()
    monkeypatch.setattr(scanning, "FEW_ROWS", 0)
    assert outcome() == few


def test_a_check_that_takes_too_long_is_unknown_and_the_others_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SCAN_SECONDS", 1.0)
    rows = [volume(f"v{i}", volume_id=f"vol-{i}", encrypted=True) for i in range(2000)]
    slow = check(
        "not exists (select 1 from aws_ebs_volume a where exists (select 1 from aws_ebs_volume b where "
        "contains(a.volume_id || b.volume_id || aws_ebs_volume.volume_id, 'none has this')))",
        id="slow",
    )
    judged = judge(snapshot({"aws_ebs_volume": rows}), [slow, check("encrypted", id="quick")])
    assert [(f.check, f.verdict, f.resource) for f in judged.findings()] == [("slow", "unknown", None)]
    assert "it takes longer than 1 s" in next(judged.findings()).reason
    assert {tally.check: (tally.passed, tally.unknown) for tally in judged.tallies} == {
        "slow": (0, 2000),
        "quick": (2000, 0),
    }


def test_arrow_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but Arrow tables needs pyarrow: a whole run of the command goes without."""
    monkeypatch.setattr(judgement, "find_spec", lambda name: None)
    judged = judge(snapshot({"aws_ebs_volume": [volume("a", encrypted=False)]}), [check("encrypted")])
    with pytest.raises(DemarcateError, match=r"need pyarrow: pip install 'demarcate\[arrow\]'"):
        judged.to_arrow()

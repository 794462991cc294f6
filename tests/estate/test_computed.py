"""Computed tables: made of several tables of an account, the same for every source, and never a guess."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.assessing import selection_of
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.schema.alarm_events import alarm_events
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.table import Bool, Computed, Table, Text
from demarcate.estate.schema.truths import Lookup, Truth, all_of, any_of, values_of
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.rereading import Rereading
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.aws.calls import calls_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.computing import finish
from demarcate.estate.sources.registry import SOURCES
from demarcate.estate.tables import all_tables, table
from demarcate.estate.tables.cloudtrail import ALARM_EVENT
from tests.estate.config.estate import Case, deliver, item

Row = dict[str, Any]
LIVE = next(source for source in SOURCES if source.name == "live")
VOLUME, KEY = "aws_ebs_volume", "aws_kms_key"
TABLES = (
    *("aws_account", "aws_cloudtrail_trail", "aws_cloudwatch_log_metric_filter", "aws_cloudwatch_alarm"),
    "aws_cloudwatch_composite_alarm",
)


def collected(tables: Mapping[str, Iterable[Row]], *unread: Unread, computed: str = ALARM_EVENT.name) -> Snapshot:
    """What a live collection of these rows ends in."""
    with SnapshotWriter(LIVE.name, "test") as writer:
        for name, rows in tables.items():
            of = table(name)
            held: dict[tuple[str, str], list[Row]] = {}
            for row in rows:
                held.setdefault((row["account_id"], row["region"]), []).append(row)
            for (account, region), here in held.items():
                part = writer.part(of, [column.name for column in of.all_columns], account, region)
                part.append(here)
                part.seal()
        writer.unread(*unread)
        return finish(writer, {computed: None}, LIVE)


# --- the alarms of the events of CloudTrail --------------------------------------------------------------

TRAIL: Row = {
    "is_logging": True,
    "is_multi_region_trail": True,
    "log_group_arn": "arn:aws:logs:r:1:log-group:trail",
}
ELSEWHERE = TRAIL | {"log_group_arn": "arn:aws:logs:r:999999999999:log-group:trail"}
FILTER: Row = {
    "log_group_name": "trail",
    "metric_transformation_name": "metric",
    "metric_transformation_namespace": "trail",
}
ALARM: Row = {
    "name": "on metric",
    "arn": "arn:alarm",
    "metric_name": "metric",
    "namespace": "trail",
    "actions_enabled": True,
    "alarm_actions": ["arn:topic"],
}
QUIET = ALARM | {"alarm_actions": []}
COMPOSITE: Row = {
    **{"name": "all", "arn": "arn:all", "alarm_rule": 'ALARM("on metric")'},
    **{"actions_enabled": True, "alarm_actions": ["arn:topic"]},
}
DENIED = Unknown(Kind.DENIED, "denied")
CHAINS: list[tuple[str, dict[str, list[Row]], str, str]] = [
    ("all of it", {}, "", "pass"),
    ("no trail", {"trail": []}, "", "fail"),
    ("a trail that does not log", {"trail": [TRAIL | {"is_logging": False}]}, "", "fail"),
    ("a trail of one region", {"trail": [TRAIL | {"is_multi_region_trail": False}]}, "", "fail"),
    (
        "a trail with another log group",
        {"trail": [TRAIL | {"log_group_arn": "arn:l:log-group:my-trail"}]},
        "",
        "fail",
    ),
    ("a trail without a log group", {"trail": [TRAIL | {"log_group_arn": ""}]}, "", "fail"),
    ("a trail whose log group is in another account", {"trail": [ELSEWHERE]}, "", "unknown"),
    ("the same, which does not log", {"trail": [ELSEWHERE | {"is_logging": False}]}, "", "fail"),
    ("the same beside one of one's own", {"trail": [ELSEWHERE, TRAIL]}, "", "pass"),
    ("a trail that may log", {"trail": [TRAIL | {"is_logging": DENIED}]}, "", "unknown"),
    ("a trail of which the status is not told", {"trail": [TRAIL | {"is_logging": None}]}, "", "unknown"),
    ("two trails", {"trail": [TRAIL | {"is_logging": DENIED}, TRAIL]}, "", "pass"),
    ("a trail that may be there", {"trail": [TRAIL | {"_conditional": "perhaps"}]}, "", "unknown"),
    ("no filter", {"filter": []}, "", "fail"),
    ("a filter that matches nothing", {"filter": [FILTER | {"matched_events": []}]}, "", "fail"),
    ("a filter of which that is not known", {"filter": [FILTER | {"matched_events": DENIED}]}, "", "unknown"),
    ("the same without an alarm", {"filter": [FILTER | {"matched_events": DENIED}], "alarm": []}, "", "fail"),
    ("a filter of which the group is not known", {"filter": [FILTER | {"log_group_name": None}]}, "", "unknown"),
    ("a filter of another metric", {"filter": [FILTER | {"metric_transformation_name": "m"}]}, "", "fail"),
    ("a filter of another region", {"filter": [FILTER | {"region": "elsewhere"}]}, "", "fail"),
    ("no alarm", {"alarm": []}, "", "fail"),
    ("an alarm without actions", {"alarm": [ALARM | {"alarm_actions": []}]}, "", "fail"),
    ("an alarm whose actions are off", {"alarm": [ALARM | {"actions_enabled": False}]}, "", "fail"),
    ("an alarm of which that is not known", {"alarm": [ALARM | {"alarm_actions": DENIED}]}, "", "unknown"),
    ("an alarm of which the metric is not known", {"alarm": [ALARM | {"metric_name": DENIED}]}, "", "unknown"),
    ("alarms that could not be read", {"alarm": []}, "aws_cloudwatch_alarm", "unknown"),
    ("the same where there is no filter", {"alarm": [], "filter": []}, "aws_cloudwatch_alarm", "fail"),
    ("alarms that could not be read elsewhere", {}, "aws_cloudwatch_alarm", "pass"),
    ("a composite alarm on it", {"alarm": [QUIET], "composite": [COMPOSITE]}, "", "pass"),
    (
        "a composite alarm on that",
        {
            "alarm": [QUIET],
            "composite": [
                COMPOSITE | {"alarm_actions": []},
                COMPOSITE | {"name": "on all", "arn": "arn:on", "alarm_rule": "ALARM(arn:all) AND OK(other)"},
            ],
        },
        "",
        "pass",
    ),
    (
        "a composite alarm of another region",
        {"alarm": [QUIET], "composite": [COMPOSITE | {"region": "s"}]},
        "",
        "fail",
    ),
    (
        "a composite alarm on another",
        {"alarm": [QUIET], "composite": [COMPOSITE | {"alarm_rule": "ALARM(b)"}]},
        "",
        "fail",
    ),
    (
        "a composite alarm without actions",
        {"alarm": [QUIET], "composite": [COMPOSITE | {"alarm_actions": []}]},
        "",
        "fail",
    ),
    (
        "a composite alarm whose rule is not known",
        {"alarm": [QUIET], "composite": [COMPOSITE | {"alarm_rule": DENIED}]},
        "",
        "unknown",
    ),
    (
        "a composite alarm whose rule is not understood",
        {"alarm": [QUIET], "composite": [COMPOSITE | {"alarm_rule": "ALARM(a) XOR ALARM(b)"}]},
        "",
        "unknown",
    ),
    (
        "composite alarms that could not be read",
        {"alarm": [QUIET], "composite": []},
        "aws_cloudwatch_composite_alarm",
        "unknown",
    ),
    ("the same, where they are not needed", {}, "aws_cloudwatch_composite_alarm", "pass"),
    ("filters that could not be read", {"filter": []}, "aws_cloudwatch_log_metric_filter", "unknown"),
    ("trails that could not be read", {"trail": []}, "aws_cloudtrail_trail", "unknown"),
    ("regions that could not be read", {"alarm": []}, "ec2:DescribeRegions", "unknown"),
    ("an account that could not be read", {}, "aws_account", "unknown"),
]


def test_the_chain_to_each_alarm() -> None:
    """Each chain is in an account of its own; each alarm of the catalog rings there for its events alone."""
    rows: dict[str, list[Row]] = {name: [] for name in TABLES}
    unread, expected = [], {}
    alarms = list(alarm_events())
    chains = [(alarm, CHAINS[0]) for alarm in alarms]
    chains += [(alarms[number % len(alarms)], chain) for number, chain in enumerate(CHAINS[1:])]
    for number, (alarm, (told, given_, gap, verdict)) in enumerate(chains):
        account = f"{number:012}"
        matching = FILTER | {"matched_events": list(alarm_events()[alarm])}
        chain: dict[str, list[Row]] = {"trail": [TRAIL], "filter": [matching], "alarm": [ALARM], "composite": []}
        chain |= given_
        for name, several in zip(TABLES[1:], chain.values(), strict=True):
            matched = {"matched_events": matching["matched_events"]} if several is chain["filter"] else {}
            rows[name] += [{"account_id": account, "region": "r", **matched, **row} for row in several]
        if gap != "aws_account":
            rows["aws_account"].append({"account_id": account, "region": "global", "resource": account})
        if gap:
            what: dict[str, Any] = {"operation": gap} if ":" in gap else {"table": gap}
            region = "global" if gap == "aws_account" else "r"
            unread.append(Unread(kind=Kind.DENIED, reason="denied", account=account, region=region, **what))
        expected[account] = (f"cloudtrail-alarm-{alarm}", verdict, told)
    checks = [load_checks()[name] for name in sorted({name for name, _, _ in expected.values()})]
    with collected(rows, *unread) as snapshot:
        verdicts = {(f.account, f.check): f.verdict for f in judge(snapshot, checks, passes=True).findings()}
    wrong = [
        (check, chain, verdict, verdicts.get((account, check)))
        for account, (check, verdict, chain) in expected.items()
        if verdicts.get((account, check)) != verdict
    ]
    assert not wrong
    whole = [account for account, (_, _, chain) in expected.items() if chain == CHAINS[0][0]]
    rung = [[check.id for check in checks if verdicts[account, check.id] == "pass"] for account in whole]
    assert rung == [[expected[account][0]] for account in whole]


def test_what_is_not_known_is_told_with_its_cause() -> None:
    account = {"account_id": "1", "region": "global", "resource": "account"}
    here = {"account_id": "1", "region": "r"}
    matching = {**FILTER, "matched_events": ["kms:DisableKey"], **here}
    gap = Unread(
        kind=Kind.DENIED,
        reason="access denied",
        table="aws_cloudwatch_alarm",
        account="1",
        region="s",
        operation="cloudwatch:DescribeAlarms",
    )
    rows: dict[str, list[Row]] = {
        "aws_account": [account],
        "aws_cloudtrail_trail": [TRAIL | here],
        TABLES[2]: [matching],
    }
    with collected(rows, gap) as snapshot:
        (finding,) = judge(snapshot, [load_checks()["cloudtrail-alarm-key-deletion"]]).findings()
    said = "aws_cloudwatch_alarm could not be read: 1 s cloudwatch:DescribeAlarms: access denied"
    assert (finding.verdict, finding.kind, finding.resource) == ("fail", None, "account")
    assert said not in finding.reason  # other events of the alarm are matched by no filter
    everything = {**matching, "matched_events": list(alarm_events()["key-deletion"])}
    with collected({**rows, TABLES[2]: [everything]}, gap) as snapshot:
        (finding,) = judge(snapshot, [load_checks()["cloudtrail-alarm-key-deletion"]]).findings()
    assert (finding.verdict, finding.kind, finding.resource) == ("unknown", Kind.DENIED, "account")
    assert finding.reason == f"raises_alarm: {said}"


def test_selecting_a_check_selects_the_calls_of_what_its_table_needs() -> None:
    selection = selection_of([load_checks()["cloudtrail-alarm-root-use"]], live=True)
    assert set(selection) == {ALARM_EVENT.name}
    operations = {call.operation for call in calls_of(selection)}
    assert operations == {
        "sts.get_caller_identity",
        "ec2.describe_regions",
        "cloudtrail.describe_trails",
        "cloudtrail.get_trail_status",
        "logs.describe_metric_filters",
        "cloudwatch.describe_alarms",
    }


TEXTS = st.sampled_from(["trail", "b", None])
FLAGS = st.sampled_from([True, False, True, None])
RAISING = st.fixed_dictionaries(
    {
        "aws_cloudtrail_trail": st.lists(
            st.fixed_dictionaries(
                {"log_group_arn": TEXTS, "is_logging": FLAGS, "is_multi_region_trail": st.just(True)}
            ),
            max_size=2,
        ),
        "aws_cloudwatch_log_metric_filter": st.lists(
            st.fixed_dictionaries(
                {
                    "log_group_name": TEXTS,
                    "matched_events": st.sampled_from([["kms:DisableKey"], [], None]),
                    "region": st.just("r"),
                    "metric_transformation_name": TEXTS,
                    "metric_transformation_namespace": st.just("n"),
                }
            ),
            max_size=2,
        ),
        "aws_cloudwatch_alarm": st.lists(
            st.fixed_dictionaries(
                {
                    **{"name": st.just("a"), "arn": st.just("arn:a")},
                    "metric_name": TEXTS,
                    "namespace": st.just("n"),
                    "region": st.just("r"),
                    "actions_enabled": FLAGS,
                    "alarm_actions": st.just(["topic"]),
                }
            ),
            max_size=2,
        ),
        "aws_cloudwatch_composite_alarm": st.lists(
            st.fixed_dictionaries(
                {
                    **{"name": st.just("c"), "arn": st.just("arn:c"), "region": st.just("r")},
                    "alarm_rule": st.sampled_from(["ALARM(a)", "ALARM(b)", None]),
                    "actions_enabled": FLAGS,
                    "alarm_actions": st.just(["topic"]),
                }
            ),
            max_size=1,
        ),
    }
)
POSSIBLE: dict[str, tuple[Any, ...]] = {
    "matched_events": (["kms:DisableKey"], []),
    **dict.fromkeys(
        ("log_group_arn", "log_group_name", "metric_name", "metric_transformation_name"), ("trail", "b")
    ),
    **dict.fromkeys(("is_logging", "actions_enabled"), (True, False)),
    "alarm_rule": ("ALARM(a)", "ALARM(b)"),
}


def raised(tables: Mapping[str, Sequence[Row]]) -> Truth:
    """What the table's function says of one event."""
    assert ALARM_EVENT.computed is not None
    given_ = {
        name: [{key: DENIED if value is None else value for key, value in row.items()} for row in rows]
        for name, rows in tables.items()
    }
    rows = ALARM_EVENT.computed.function({**given_, "aws_account": [{}]})
    answer: Truth = next(row["raises_alarm"] for _, row in rows if row["event"] == "kms:DisableKey")
    return answer


@given(RAISING)
def test_whether_an_alarm_goes_off_is_told_where_it_is_the_same_whatever_is_not_known(
    tables: dict[str, list[Row]],
) -> None:
    open_ = [
        (row, name) for rows in tables.values() for row in rows for name, value in row.items() if value is None
    ][:8]
    told = raised(tables)
    worlds: set[Truth] = set()
    for values in product(*(POSSIBLE[name] for _, name in open_)):
        for (row, name), value in zip(open_, values, strict=True):
            row[name] = value
        worlds.add(raised(tables))
    assert told in worlds if isinstance(told, bool) else True
    assert len(worlds) == 1 or isinstance(told, Unknown)


# --- any table --------------------------------------------------------------------------------------------


def keyed(tables: Mapping[str, Iterable[Any]]) -> Iterator[tuple[Row, Row]]:
    """Whether the key of each volume is enabled."""
    keys = Lookup()
    for key in tables[KEY]:
        arn, enabled = values_of(key, "arn", "enabled")
        keys.add((arn,), enabled)
    for volume in tables[VOLUME]:
        yield volume, {"key_enabled": keys.holds((volume["kms_key_id"],)), "volume": volume["volume_id"]}


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Table:
    function = getattr(request, "param", keyed)
    made = Table(
        "aws_ebs_volume_with_key",
        "A volume, and whether its key is enabled.",
        service="ebs",
        scope="account",
        computed=Computed(VOLUME, {VOLUME: ("kms_key_id", "volume_id"), KEY: ("arn", "enabled")}, function),
        columns=(Text("volume"), Bool("key_enabled")),
    )
    monkeypatch.setitem(all_tables(), made.name, made)
    return made


def read(snapshot: Snapshot, of: Table) -> dict[str, Any]:
    rows = rows_of(snapshot, of, ["resource", "key_enabled", "_unknown", "_conditional"])
    return {
        row["resource"]: row["key_enabled"] if row["key_enabled"] is not None else json.loads(row["_unknown"])
        for row in rows
    }


def test_templates(computed: Table, tmp_path: Path) -> None:
    """References join, what a condition leaves open stays so, and what could not be read may hold the key."""
    volume = {"Type": "AWS::EC2::Volume", "Properties": {"AvailabilityZone": "a", "Size": 1, "Encrypted": True}}
    key = {"Type": "AWS::KMS::Key", "Properties": {}}
    keys = {"On": {}, "Off": {"Enabled": False}, "May": {"Enabled": {"Ref": "Flag"}}}
    resources: dict[str, Any] = {
        **{name: key | {"Properties": properties} for name, properties in keys.items()},
        "If": key | {"Condition": "Maybe"},
        **{
            f"{name}Volume": volume
            | {"Properties": volume["Properties"] | {"KmsKeyId": {"Fn::GetAtt": [name, "Arn"]}}}  # type: ignore[operator]
            for name in (*keys, "If")
        },
        "OtherVolume": volume | {"Properties": volume["Properties"] | {"KmsKeyId": "arn:aws:kms:r:1:key/other"}},  # type: ignore[operator]
    }
    template = {
        "Parameters": {"Flag": {"Type": "String"}},
        "Conditions": {"Maybe": {"Fn::Equals": [{"Ref": "Flag"}, "yes"]}},
        "Resources": resources,
    }
    (tmp_path / "a.json").write_text(json.dumps(template))
    with collect_snapshot([tmp_path], selection={computed.name: None}) as snapshot:
        told = {name.rpartition("#")[2]: value for name, value in read(snapshot, computed).items()}
    assert told["OnVolume"] is True
    assert told["MayVolume"]["key_enabled"]["kind"] == "parameter"
    # Any of the others may be that of a key of which it is not known whether it is there.
    assert {told[f"{name}Volume"]["key_enabled"]["kind"] for name in ("If", "Off", "Other")} == {"lookup"}
    (tmp_path / "broken.json").write_text("{")
    with collect_snapshot([tmp_path], selection={computed.name: None}) as snapshot:
        told = {name.rpartition("#")[2]: value for name, value in read(snapshot, computed).items()}
    assert told["OnVolume"] is True
    assert told["OtherVolume"]["key_enabled"]["kind"] in ("lookup", "malformed")


def test_what_config_recorded(computed: Table, tmp_path: Path) -> None:
    arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
    volume = Case(
        "AWS::EC2::Volume", "vol-1", "arn:v", {"volumeId": "vol-1", "kmsKeyId": arn, "encrypted": True}, {}
    )
    key = Case("AWS::KMS::Key", "k", arn, {"keyId": "k", "arn": arn, "enabled": True, "keyState": "Enabled"}, {})
    deliver(tmp_path, [item(volume), item(key)])
    with collect_snapshot([tmp_path], selection={computed.name: None}) as snapshot:
        assert list(read(snapshot, computed).values()) == [True]
    deliver(tmp_path, [item(volume)])
    with collect_snapshot([tmp_path], selection={computed.name: None}) as snapshot:
        ((why,),) = (row.values() for row in read(snapshot, computed).values())
    assert why == {"kind": "not-collected", "reason": "AWS Config has no item of aws_kms_key"}


def test_a_table_whose_needs_a_source_does_not_tell_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}))
    with collect_snapshot([tmp_path / "t.json"]) as snapshot:
        assert ALARM_EVENT.name not in snapshot.manifest.tables
        ((_, why, kind),) = (
            (n.check, n.reason, n.kind)
            for n in judge(snapshot, [load_checks()["cloudtrail-alarm-root-use"]]).not_run
        )
    assert (why, kind) == ("templates cannot tell aws_cloudtrail_alarm_event", Kind.UNTOLD)


def odd(tables: Mapping[str, Iterable[Any]]) -> Iterator[tuple[Row, Row]]:
    """A function that takes what is not known for a row."""
    on = {key["arn"] for key in tables[KEY] if key["enabled"]}
    for volume in tables[VOLUME]:
        yield volume, {"volume": volume["volume_id"], "key_enabled": volume["kms_key_id"] in on}


@pytest.mark.parametrize("computed", [odd], indirect=True)
def test_a_function_without_an_answer_makes_the_table_unread_for_that_account_alone(computed: Table) -> None:
    def rows(of: str, **columns: Any) -> list[Row]:
        return [
            {"account_id": account, "region": "r", "resource": f"{of} {account}", **columns} for account in "12"
        ]

    tables = {
        VOLUME: rows("v", volume_id="v", kms_key_id="k"),
        KEY: rows("k", arn="k", enabled=True),
    }
    gap = Unread(kind=Kind.DENIED, reason="denied", table=KEY, account="2", region="s", operation="kms:ListKeys")
    with collected(tables, gap, computed=computed.name) as snapshot:
        assert read(snapshot, computed) == {"v 1": True}
        (lost,) = [unread for unread in snapshot.unread if unread.table == computed.name]
    assert (lost.account, lost.kind, lost.of) == ("2", Kind.DENIED, VOLUME)
    assert lost.reason == "aws_kms_key could not be read: 2 s kms:ListKeys: denied"


# --- truths and rows --------------------------------------------------------------------------------------

TRUTHS = st.sampled_from([True, False, DENIED])


@given(st.lists(TRUTHS, max_size=4))
def test_what_is_not_known_counts_only_where_it_may_decide(truths: list[Truth]) -> None:
    worlds = list(product(*((True, False) if truth is DENIED else (truth,) for truth in truths)))
    for said, joined in ((all_of(truths), all), (any_of(truths), any)):
        right = {joined(world) for world in worlds}
        assert right == ({True, False} if isinstance(said, Unknown) else {said})


MARK = "the ARN of a key"
"""Where a stand-in is put in."""
TEXT = st.one_of(st.text(max_size=3), st.just(MARK))
DATA = st.recursive(
    st.one_of(TEXT, st.booleans(), st.integers(-9, 9), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)
REASON = Unknown(Kind.PARAMETER, "parameter X has no value")
ROWS = st.fixed_dictionaries(
    {
        "resource": st.just("r"),
        "volume_id": st.one_of(TEXT, st.just(REASON)),
        "encrypted": st.sampled_from([True, False, REASON]),
        "attachments": st.one_of(
            st.lists(DATA, max_size=3), st.dictionaries(st.text(max_size=3), DATA, max_size=3)
        ),
    }
)


def assigned(value: Any) -> Any:
    """A value with stand-ins where they are meant."""
    if isinstance(value, dict):
        return {key: assigned(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(assigned, value))
    return StandIn("Key.Arn", "${Key.Arn}") if value == MARK else value


def plain(value: Any) -> Any:
    """A value that can be compared, whatever stand-ins are in it."""
    if type(value) is StandIn:
        return ("stand-in", value.text, value.written)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=20)
@given(st.lists(ROWS, min_size=1, max_size=20))
def test_rows_are_read_as_they_were_written(given_: list[Row]) -> None:
    of, columns = table(VOLUME), ("resource", "volume_id", "encrypted", "attachments")
    rows: list[Row] = assigned(given_)
    with SnapshotWriter("cloudformation", "test") as writer:
        part = writer.part(of, columns)
        part.append(dict(row) for row in rows)
        part.seal()
        writer.settle()
        held = writer.manifest().tables[VOLUME].parts
        with Rereading(writer.folder) as reading:
            again = list(reading.rows(of, [p.file for p in held if p.file], columns, {}))
    assert list(map(plain, again)) == list(map(plain, rows))

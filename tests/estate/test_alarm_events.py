"""Which alarm each event of CloudTrail sets off, by a computed table over the whole chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from demarcate.assessing import selection_of
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.schema.alarm_events import alarm_events
from demarcate.estate.schema.truths import Truth
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.sources.aws.calls import calls_of
from demarcate.estate.tables.cloudtrail import ALARM_EVENT
from tests.estate.computing import DENIED, Row, collected

TABLES = (
    *("aws_account", "aws_cloudtrail_trail", "aws_cloudwatch_log_metric_filter", "aws_cloudwatch_alarm"),
    "aws_cloudwatch_composite_alarm",
)


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

"""The account is what is judged: a group of accounts comes to what each of them comes to by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from demarcate.checks import engine, scanning
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Judgement
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from tests.checks.test_engine import LOOKS, MOMENT, check, rot, snapshot, told, volume

ACCOUNTS = ("1", "2", "3")
REGIONS = ("r", "s")
BIG = 9223372036854775807
"""What no number can be multiplied by."""

name = st.sampled_from(["a", "b", None])
VALUES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "aws_ebs_volume": st.fixed_dictionaries(
        {
            "volume_id": name,
            "encrypted": st.sampled_from([True, False, None, Unknown(Kind.PARAMETER, "why")]),
            "size": st.sampled_from([0, 0, 0, 1, 2]),
            "state": name,
        }
    ),
    "aws_ebs_snapshot": st.fixed_dictionaries({"volume_id": name, "volume_size": st.sampled_from([0, 0, 1, 2])}),
    "aws_eks_cluster": st.fixed_dictionaries({"version": st.sampled_from(["1.30", "9.9", None])}),
    "aws_eks_cluster_version": st.fixed_dictionaries(
        {
            "cluster_version": st.sampled_from(["1.30", "9.9"]),
            "end_of_standard_support_date": st.sampled_from(["2020-01-01T00:00:00", "2040-01-01T00:00:00"]),
        }
    ),
    "aws_vpc_security_group_rule": st.fixed_dictionaries(
        {"cidr_ipv4": st.sampled_from(["0.0.0.0/0", "10.0.0.0/8"])}
    ),
}
COLUMNS = {
    "aws_ebs_volume": "encrypted",
    "aws_ebs_snapshot": "volume_id",
    "aws_eks_cluster": "version",
    "aws_eks_cluster_version": "end_of_standard_support_date",
    "aws_vpc_security_group_rule": "cidr_ipv4",
}
PARTS = st.fixed_dictionaries(
    {
        "rows": st.sampled_from([0, 1, 1, 2]),
        "whole": st.sampled_from([True] * 6 + [False]),
        "columns": st.sampled_from([True] * 6 + [False]),
        "rotten": st.sampled_from([False] * 9 + [True]),
    }
)
SUPPORT = (
    "(select v.end_of_standard_support_date from aws_eks_cluster_version v where v.cluster_version = version)"
)
CHECKS = [
    check("encrypted", id="own"),
    check("encrypted", id="where", where="state <> 'a'"),
    check(f"size * {BIG} < 3", id="poisoned"),
    check(LOOKS, id="looks"),
    check("encrypted", id="where-looks", where=LOOKS),
    check(
        "volume_id in (select s.volume_id from aws_ebs_snapshot s where not s.encrypted or "
        f"s.volume_size * {BIG} >= 0)",
        id="poisoned-look",
    ),
    check(f"{SUPPORT} > now()", "aws_eks_cluster", id="facts"),
    check("cidr_ipv4 <> '0.0.0.0/0'", "aws_vpc_security_group_rule", id="derived"),
]


@st.composite
def estates(draw: st.DrawFn) -> Snapshot:
    """A snapshot of some accounts, each with gaps, values that cannot be computed with and facts of its own."""
    rotten = []
    with SnapshotWriter("live", "test", moment=MOMENT) as writer:
        for account in ACCOUNTS:
            if draw(st.sampled_from([False] * 6 + [True])):
                writer.unread(
                    Unread(kind=Kind.DENIED, tables=tuple(VALUES), account=account, reason="it may not be entered")
                )
                continue
            if draw(st.sampled_from([False] * 6 + [True])):
                writer.unread(
                    Unread(kind=Kind.THROTTLED, account=account, operation="ec2:DescribeRegions", reason="denied")
                )
            for region in REGIONS:
                for of, values in VALUES.items():
                    part = draw(PARTS)
                    gap = Unread(kind=Kind.DENIED, reason="denied", table=of, account=account, region=region)
                    if not part["whole"]:
                        writer.unread(gap)
                        continue
                    if not part["columns"]:
                        writer.unread(
                            replace(gap, kind=Kind.THROTTLED, columns=(COLUMNS[of],), reason="throttled")
                        )
                    to = writer.part(table(of), [c.name for c in table(of).all_columns], account, region)
                    to.append(
                        volume(f"{of} {account} {region} {n}", account, region, **draw(values))
                        for n in range(part["rows"])
                    )
                    to.seal()
                    if part["rows"] and part["rotten"]:
                        rotten.append((of, account, region))
        taken = writer.finish()
    for of, *place in rotten:
        parts = taken.manifest.tables[of].parts
        rot(taken, next(str(part.file) for part in parts if [part.account, part.region] == place))
    return taken


def outcome(judged: Sequence[Judgement]) -> dict[str, set[object]]:
    return {
        "findings": {
            (f.id, f.verdict, f.account, f.region, f.reason, f.kind, f.line) for j in judged for f in j.findings()
        },
        "tallies": {tally for j in judged for tally in j.tallies},
        "not run": {each for j in judged for each in j.not_run},
        "unread": {unread for j in judged for unread in j.snapshot.unread},
    }


@pytest.mark.parametrize("few", [True, False])
@settings(max_examples=5, phases=[Phase.explicit, Phase.generate])  # to find a smaller one takes minutes
@given(taken=estates())
def test_a_group_comes_to_what_its_accounts_come_to(few: bool, taken: Snapshot) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if not few:
            patch.setattr(scanning, "FEW_ROWS", 0)
        group = outcome([judge(taken, CHECKS)])
        alone = outcome([judge(taken.of([account]), CHECKS) for account in ACCOUNTS])
        # What is damaged is seen of more than an account's own checks would look at.
        assert alone.pop("unread") <= group.pop("unread")
        assert group == alone
        patch.setattr(engine, "GROUP_ACCOUNTS", 2)
        groups = outcome([judge(taken, CHECKS)])
        assert group == {name: groups[name] for name in group}
    taken.close()


def test_a_value_that_cannot_be_computed_is_told_of_its_account_alone() -> None:
    rows = [volume(f"v{n}", str(n), volume_id="7", state="secret" if n == 3 else "5") for n in range(9)]
    of_number = check("not array_length(string_split(state, '')) = 6 or cast(volume_id as int) > 9", id="number")
    judged = judge(snapshot({"aws_ebs_volume": rows}), [of_number, check(f"size * {BIG} < 3", id="null")])
    assert {(f.check, f.account, f.verdict) for f in judged.findings() if f.check == "number"} == {
        ("number", "3", "fail")
    }


def test_an_account_believes_its_own_facts() -> None:
    def clusters(account: str) -> dict[str, Any]:
        return volume(f"c{account}", account, version="7")

    ends = {"1": "2040-01-01T00:00:00", "2": "2020-01-01T00:00:00"}
    taken = snapshot(
        {
            "aws_eks_cluster": [clusters(account) for account in ACCOUNTS],
            "aws_eks_cluster_version": [
                volume("v", account, cluster_version="7", end_of_standard_support_date=end)
                for account, end in ends.items()
            ],
        }
    )
    judged = judge(taken, [check(f"{SUPPORT} > now()", "aws_eks_cluster")], passes=True)
    assert [(finding.account, finding.verdict) for finding in judged.findings()] == [
        ("1", "pass"),
        ("2", "fail"),
        ("3", "unknown"),
    ]


def test_a_poisoned_account_leaves_the_others_alone() -> None:
    rows = [volume(f"v{n}", str(n), size=2 if n == 5 else 0) for n in range(12)]
    judged = judge(snapshot({"aws_ebs_volume": rows}), [check(f"size * {BIG} < 3"), check("size = 0", id="d")])
    assert [(resource, verdict) for resource, verdict, _ in told(judged)] == [(None, "unknown"), ("v5", "fail")]
    passed = {tally.account: tally.passed for tally in judged.tallies if tally.check == "c"}
    assert passed == {str(n): 0 if n == 5 else 1 for n in range(12)}


def test_what_could_not_be_read_of_no_account_keeps_no_accounts_together() -> None:
    rows = [volume(f"v{n}", str(n), size=2 if n == 1 else 0) for n in range(3)]
    lost = Unread(kind=Kind.DENIED, reason="denied", operation="organizations:ListAccounts")
    judged = judge(snapshot({"aws_ebs_volume": rows}, lost), [check(f"size * {BIG} < 3")])
    assert [(finding.account, finding.verdict) for finding in judged.findings()] == [("1", "unknown")]

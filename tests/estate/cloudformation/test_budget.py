"""Small templates that ask for very much: an answer within the budget, and the other templates are read."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.access import rows as of_policies
from demarcate.base.limits import MAX_REASON
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.snapshot import rows_of
from demarcate.estate.sources.cloudformation import budget, estate, stacks
from demarcate.estate.sources.cloudformation.budget import (
    CELL,
    CHARACTER,
    FACTOR,
    PORTION,
    TOO_MUCH,
    Budget,
    Exhausted,
    Share,
)
from demarcate.estate.sources.cloudformation.templates import Templates, load
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import table
from tests import children
from tests.estate.cloudformation.bombs import (
    DOUBLING,
    GOOD,
    KINDS,
    LOOPS,
    Make,
    bucket,
    doubled,
    policy,
    write,
    yaml,
)

UNKNOWN = {"a_text_that_looks_like_tokens", "one_name_exported_by_all", "outputs_and_parameters"}
"""Those of which a value or two are unknown, and no more."""


@pytest.fixture
def a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the reserve, for what uses it up whatever it is. In children it is used up as it is."""
    monkeypatch.setattr(estate, "Budget", functools.partial(Budget, budget.RESERVE // 10))


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_what_asks_for_very_much_is_told(make: Make, tmp_path: Path) -> None:
    source = tmp_path / "estate"
    source.mkdir()
    (source / "zz.yaml").write_text(GOOD)
    make(source)
    done = children.demarcate("collect", str(source), "--out", str(tmp_path / "out"), cwd=tmp_path)
    assert "Traceback" not in done.said
    assert done.code == (0 if make.__name__ in UNKNOWN else 3), done.said
    assert done.code == 0 or str(source) in done.said
    assert done.peak < children.MEMORY


@pytest.mark.parametrize("make", DOUBLING)
@pytest.mark.usefixtures("a_tenth")
def test_what_is_doubled_is_unknown_and_the_rest_is_read(make: str, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    write(tmp_path, doubled([make] * 60))
    result = load([tmp_path])
    [problem] = result.problems
    assert problem.file == str(tmp_path / "t.json")
    assert "asks for more than is allowed" in problem.message
    by_id = {resource.logical_id: resource.properties for resource in result.resources}
    assert by_id["Good"] == {}
    for name in "AB":
        properties = by_id[name]
        assert isinstance(properties, dict)
        assert isinstance(properties["BucketName"], Unknown)


def test_reasons_are_short(tmp_path: Path) -> None:
    write(tmp_path, {"Resources": {"A": bucket({"Ref": "x" * 900_000})}})
    [resource] = load([tmp_path]).resources
    assert isinstance(resource.properties, dict)
    assert len(resource.properties["BucketName"].reason) == MAX_REASON


@pytest.mark.usefixtures("a_tenth")
def test_one_template_leaves_something_to_the_others(tmp_path: Path) -> None:
    """Even many that use up what they have leave others what their own size allows."""
    for number in range(2 * PORTION):
        write(tmp_path, doubled(["Sub"] * 60), f"{number}.json")
    (tmp_path / "ordinary.yaml").write_text(
        "Resources:\n"
        + "".join(
            f"  B{n}: {{Type: AWS::S3::Bucket, Properties: {{BucketName: !Sub 'b{n}-${{AWS::Region}}',\n"
            "    VersioningConfiguration: {Status: Enabled}, Tags: [{Key: environment, Value: production}]}}\n"
            for n in range(200)
        )
    )
    result = load([tmp_path])
    ordinary = [resource for resource in result.resources if resource.file == str(tmp_path / "ordinary.yaml")]
    assert len(ordinary) == 200
    assert isinstance(ordinary[-1].properties, dict)
    assert ordinary[-1].properties["BucketName"].written == "b199-${AWS::Region}"
    assert {problem.file for problem in result.problems} == {
        str(tmp_path / f"{number}.json") for number in range(2 * PORTION)
    }


def test_many_that_lack_a_little_leave_something_to_the_others() -> None:
    estate_of = Budget()
    for number in range(30_000):
        share = estate_of.share(f"{number}.yaml", 100, 1)
        share.spend(FACTOR * 100 + 1)
        assert not share.exhausted


def test_what_many_export_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    output = stacks.Stack.output

    def counted(stack: stacks.Stack, name: str) -> Any:
        asked.append(name)
        return output(stack, name)

    monkeypatch.setattr(stacks.Stack, "output", counted)
    document = {
        "Resources": {"A": bucket({"Fn::ImportValue": "e"})},
        "Outputs": {"O": {"Value": "x", "Export": {"Name": "e"}}},
    }
    for number in range(20):
        write(tmp_path, document, f"{number}.json")
    resources = load([tmp_path]).resources
    assert [resource.properties for resource in resources] == [{"BucketName": "x"}] * 20
    assert len(asked) <= 40  # before names are known, and after


def test_rows_count_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of three characters makes a row of some hundred: where it is too much, the rest is one unknown row."""
    monkeypatch.setattr(estate, "Budget", functools.partial(Budget, 8_000_000))
    yaml(
        tmp_path,
        "Metadata: {A: &a {CidrIp: 0.0.0.0/0, IpProtocol: '-1'}}\nResources:\n"
        "  A: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: d, SecurityGroupIngress: ["
        + ",".join(["*a"] * 1_000)
        + "]}}\n  B: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: d}}\n",
    )
    name = "aws_vpc_security_group_rule"
    snapshot = collect_snapshot([tmp_path], selection={name: frozenset(["cidr_ipv4"])})
    rows = [dict(row) for row in rows_of(snapshot, table(name), ["resource", "cidr_ipv4", "_unknown"])]
    unknown = [row["resource"] for row in rows if row["cidr_ipv4"] is None and TOO_MUCH in (row["_unknown"] or "")]
    assert 100 < len(rows) < 1_000
    assert unknown == ["A", "B"]
    [unread] = snapshot.manifest.unread
    assert unread.file == str(tmp_path / "t.json")


SMALL = 200_000
"""The reserve that small templates are tried with, so that it is used up in no time."""


class Counted(Share):
    """A share that knows how often it refused."""

    refused = 0

    def spend(self, units: int) -> None:
        try:
            super().spend(units)
        except Exhausted:
            self.refused += 1
            raise


def loaded(document: Any) -> tuple[Templates, int, list[Counted]]:
    shares: list[Counted] = []

    class Small(Budget):
        def share(self, file: str, size: int, resources: int) -> Share:
            shares.append(Counted(self, file, FACTOR * size, resources))
            return shares[-1]

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(estate, "Budget", functools.partial(Small, SMALL))
        write(Path(folder), document)
        return load([Path(folder)]), (Path(folder) / "t.json").stat().st_size, shares


def characters(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(key) + characters(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(map(characters, value))
    return len(value) if isinstance(value, str) else 0


@given(st.lists(st.sampled_from(sorted(DOUBLING)), max_size=30), st.text("xyé", max_size=30), st.booleans())
def test_the_work_stays_within_the_budget(makes: list[str], leaf: str, loop: bool) -> None:
    document = doubled(makes, leaf)
    if loop:
        document["Transform"] = LOOPS
        document["Resources"] = {"Fn::ForEach::L": ["X", list("abcdefgh"), {"A${X}": document["Resources"]["A"]}]}
    result, size, [share] = loaded(document)
    allowed = FACTOR * size + SMALL // PORTION
    assert share.spent <= allowed
    assert sum(characters(resource.properties) for resource in result.resources) <= allowed // CHARACTER
    # Once it is used up everything returns: nothing that is left asks more often than it is written.
    assert share.refused <= size
    assert bool(share.refused) == share.exhausted == any("asks for more" in p.message for p in result.problems)


def test_no_statement_is_looked_at_once_the_budget_is_used_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is made of a policy is many times its size: it is counted by what it takes, and ends with the budget."""
    looked_at: list[Any] = []
    judge = of_policies._row

    def looking(written: Any) -> Any:
        looked_at.append(written)
        return judge(written)

    monkeypatch.setattr(of_policies, "_row", looking)
    monkeypatch.setattr(estate, "Budget", functools.partial(Budget, SMALL))
    dense = [{"Effect": "Allow", "Action": "a:*", "Resource": "*"}] * 100
    write(tmp_path, {"Resources": {f"R{number}": policy(dense) for number in range(20)}})
    of = table("aws_policy_statement")
    snapshot = collect_snapshot([tmp_path], selection={of.name: None})
    rows = list(rows_of(snapshot, of, ["effect", "_unknown"]))
    unknown = [row for row in rows if row["effect"] is None]
    assert len(unknown) > 10
    assert all(TOO_MUCH in row["_unknown"] for row in unknown)
    spent = (len(rows) - len(unknown)) * CELL * len(of.all_columns)
    assert spent < FACTOR * (tmp_path / "t.json").stat().st_size + SMALL
    assert len(looked_at) <= len(rows) + len(dense)


def test_the_constants_fit_together() -> None:
    assert budget.RESERVE // PORTION >= 2_000 * budget.RESOURCE
    assert budget.RESERVE // PORTION >= 500 * budget.SAM, "CloudFormation takes 500 resources"
    assert budget.MAX_TEXT * CHARACTER < budget.MAX_PROPERTIES < budget.RESERVE // PORTION


LIMITS: dict[str, tuple[str, int, str, set[str]]] = {
    "resources of a template": ("MAX_RESOURCES", 2, "has more than 2 resources", {"A0", "A1", "B0", "B1"}),
    "resources of their size": ("FREE_RESOURCES", 3, "more than 4 resources, as many as", {"A0", "A1", "A2"}),
    "resources of all": ("MAX_ALL_RESOURCES", 4, "more than 4 resources", {"A0", "A1", "A2"}),
    "characters of all": ("MAX_CHARACTERS", 50, "at most 50 are read at once", {"A0", "A1", "A2"}),
}


@pytest.mark.parametrize(("name", "limit", "says", "read"), LIMITS.values(), ids=LIMITS)
def test_what_is_beyond_a_limit_is_told(
    name: str, limit: int, says: str, read: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks if name == "MAX_RESOURCES" else estate, name, limit)
    for letter in "AB":
        write(tmp_path, {"Resources": {f"{letter}{n}": bucket("x") for n in range(3)}}, f"{letter}.json")
    result = load([tmp_path])
    assert {resource.logical_id for resource in result.resources} == read
    assert {problem.file for problem in result.problems if says in problem.message} >= {str(tmp_path / "B.json")}

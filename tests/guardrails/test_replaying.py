"""A policy is tested against recorded calls: what is told is decided, what is not is not known, nothing is guessed."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.access.values import every
from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError, Problem
from demarcate.estate.schema.unknown import Unknown
from demarcate.guardrails import replaying
from demarcate.guardrails.actions import _made, authorized, written
from demarcate.guardrails.calls import call_of
from demarcate.guardrails.denying import denials
from demarcate.guardrails.events import in_files
from demarcate.guardrails.parameters import told
from demarcate.guardrails.replaying import Outcome, replay
from tests.each import each
from tests.effort import effort
from tests.guardrails.recorded import ACCOUNT, ROLE, deliver, event
from tests.guardrails.test_catalog import actions, keys
from tools.actions import actions as made

CASES = Path(__file__).parent / "cases" / "denials.yaml"


class Case(msgspec.Struct, forbid_unknown_fields=True):
    statement: dict[str, Any]
    call: str
    denied: bool | str
    by: str = "role"
    event: dict[str, Any] = {}
    version: str = "2012-10-17"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    whole = [
        {"Effect": "Deny", **({} if "NotResource" in each else {"Resource": "*"}), **each} for each in statements
    ]
    return {"Version": version, "Statement": whole}


def answer(case: Case) -> bool | Unknown:
    (denial,), _ = denials(policy(case.statement, version=case.version), "p")
    return denial.denies(call_of(event(case.call, case.by, **case.event)))


ALL = read(CASES, list[Case])


@each("case", ALL, ids=[f"{number}-{case.call}" for number, case in enumerate(ALL, 1)])
def test_a_statement_and_a_call(case: Case) -> None:
    denied = answer(case)
    if isinstance(case.denied, str):
        assert isinstance(denied, Unknown), denied
        assert case.denied in denied.reason
    else:
        assert denied is case.denied


@settings(max_examples=60)
@given(st.sampled_from(ALL), st.randoms())
def test_order_and_lists_change_nothing_and_a_further_test_never_widens(case: Case, random: Any) -> None:
    plain = answer(case)
    shuffled = {**case.statement}
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in shuffled:
            values = shuffled[name] if isinstance(shuffled[name], list) else [shuffled[name]]
            shuffled[name] = random.sample(values * 2, len(values) * 2)
    again = answer(msgspec.structs.replace(case, statement=shuffled))
    assert (again is True, again is False) == (plain is True, plain is False)
    narrower = {**case.statement.get("Condition", {}), "StringEquals": {"aws:RequestedRegion": "nowhere"}}
    assert answer(msgspec.structs.replace(case, statement={**case.statement, "Condition": narrower})) is False


KEYS = ("aws:username", "aws:calledvia", "aws:sourceip", "aws:requestedregion")
TEXT = st.sampled_from(["a", "b", "*", "a*", "${aws:username}", "8.8.8.8", "8.0.0.0/8", "1", "2", "true"])
OPERATORS = [
    f"{quantity}{operator}{if_exists}"
    for quantity in ("", "ForAllValues:", "ForAnyValue:")
    for operator in (
        *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "ArnLike", "ArnNotEquals", "Bool"),
        *("IpAddress", "NotIpAddress", "NumericLessThan", "DateEquals"),
    )
    for if_exists in ("", "IfExists")
] + ["Null"]
CONDITIONS = st.dictionaries(
    st.sampled_from(OPERATORS),
    st.dictionaries(st.sampled_from(KEYS), st.lists(TEXT, min_size=1, max_size=2), min_size=1, max_size=2),
    min_size=1,
    max_size=3,
)
VALUE = st.none() | st.lists(st.sampled_from(["a", "b", "8.8.8.8", "1", "true"]), min_size=1, max_size=2).map(
    tuple
)


@settings(max_examples=150)
@given(CONDITIONS, st.fixed_dictionaries(dict.fromkeys(KEYS, VALUE)), st.sets(st.sampled_from(KEYS)))
def test_what_is_decided_stays_so_whatever_else_a_request_was(
    conditions: dict[str, Any], whole: dict[str, Any], hidden: set[str]
) -> None:
    (denial,), _ = denials(policy({"Action": "*", "Condition": conditions}), "p")
    part = {key: value for key, value in whole.items() if key not in hidden}
    decided, completed = (every(test.holds(keys, True) for test in denial.conditions) for keys in (part, whole))
    assert isinstance(decided, Unknown) or completed is decided


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "it is no policy"),
        ({"Version": "2012-10-17"}, "it is no policy"),
        (
            policy({"Action": "s3:*", "Principal": {"AWS": "*"}}),
            'and one for resources says "Principal": "*"',
        ),
        (
            policy({"Action": "s3:*", "NotPrincipal": "*"}),
            "statement 1: a control policy for principals has no Principal",
        ),
        (policy({"Effect": "Refuse", "Action": "s3:*"}), "Effect is Allow or Deny"),
        (policy({}), "either Action or NotAction"),
        (policy({"Action": "a:b", "NotAction": "a:c"}), "either Action or NotAction"),
        (policy({"Action": "a:b", "NotResource": "x", "Resource": "y"}), "either Resource or NotResource"),
        (policy({"Action": {"a": 1}}), "expected text"),
        (policy({"Action": "a:b", "Condition": {"Bool": 1}}), "a condition is an object"),
        (policy({"Action": "a:b", "Condition": {"Bool": {"x": {}}}}), "expected text"),
        ({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, "none"]}, "p.json: statement 2"),
        (policy(*[{"Action": "a:b"}] * 1000), "characters, and AWS takes 10,240"),
    ],
)
def test_what_cannot_be_tested_is_refused(document: Any, told: str) -> None:
    with pytest.raises(DemarcateError, match=re.escape(told)):
        denials(document, "p.json")


# --- whom a policy binds ----------------------------------------------------------------------------------


def run(*events: dict[str, Any], statement: dict[str, Any] | None = None, **how: Any) -> Outcome:
    denying, _ = denials(policy(statement or {"Action": "ec2:*"}), "p")
    return replay(denying, events, **how)


@pytest.mark.parametrize(
    ("by", "free"),
    [("linked", "a service-linked role"), ("service", "a service itself"), ("role", "of the management account")],
)
def test_some_are_bound_by_no_policy(by: str, free: str) -> None:
    outcome = run(event("ec2:RunInstances", by), management=ACCOUNT if by == "role" else "")
    assert (dict(outcome.free), outcome.denied_count, outcome.unknown_count) == ({free: 1}, 0, 0)


def test_the_root_user_of_a_member_account_is_bound() -> None:
    outcome = run(event("ec2:RunInstances", "root"))
    assert [what.principal for what in outcome.denied] == [f"arn:aws:iam::{ACCOUNT}:root"]


def test_of_whom_it_is_not_known_whether_they_are_bound_it_is_not_known() -> None:
    outcome = run(event("ec2:RunInstances", "nobody"))
    (what,) = outcome.unknown
    assert what.unknown == "whether a policy binds a caller of type WebIdentityUser"


def test_a_caller_of_another_account_is_bound_only_where_that_is_known_to_be_yours() -> None:
    call = event("sts:AssumeRole", "stranger")
    statement = {"Action": "sts:AssumeRole"}
    (what,) = run(call, statement=statement).unknown
    assert what.unknown == "whether 444455556666 is of your organization"
    assert run(call, statement=statement, accounts=["444455556666"]).denied_count == 1
    assert run(call, statement=statement, organization="o-a1b2c3d4e5").denied_count == 1
    assert run(call, statement=statement, accounts=[ACCOUNT]).elsewhere == 1


def test_sessions_of_a_role_are_one_caller_and_times_are_told() -> None:
    events = [
        event("ec2:RunInstances", eventTime=f"2026-11-{day}T10:00:00Z", eventID=str(day), awsRegion=region)
        for day, region in ((20, "eu-west-1"), (12, "eu-west-1"), (28, "us-east-1"))
    ]
    outcome = run(*events)
    ((what, times),) = outcome.denied.items()
    assert (what.principal, what.event, what.statement) == (ROLE, "ec2:RunInstances", "statement 1")
    assert (times.count, times.first[:10], times.last[:10]) == (3, "2026-11-12", "2026-11-28")
    assert times.regions == {"eu-west-1", "us-east-1"}


def test_every_call_is_counted_once() -> None:
    events = [
        event("ec2:RunInstances", eventID="1"),
        event("ec2:RunInstances", eventID="1"),
        event("ec2:RunInstances", eventID="2", sharedEventID="1"),
        event("ec2:RunInstances", eventID="3", errorCode="Client.UnauthorizedOperation"),
        event("ec2:RunInstances", eventID="4", errorCode="Client.InvalidParameterValue"),
        event("ec2:RunInstances", eventID="5", who={"accountId": "999999999999"}),
        event("ec2:CreateVolume", eventID="6", requestParameters={"size": "1"}),
        event("s3:ListBuckets", eventID="7"),
        event("signin:ConsoleLogin", eventType="AwsConsoleSignIn"),
        {"eventName": 1},
    ]
    denying, _ = denials(
        policy(
            {"Action": "ec2:CreateVolume", "Condition": {"Bool": {"ec2:Encrypted": "false"}}},
            {"Sid": "Run", "Action": "ec2:RunInstances"},
        ),
        "p",
    )
    outcome = replay(denying, events, accounts=[ACCOUNT])
    counted = (outcome.denied_count, outcome.unknown_count, outcome.refused, outcome.elsewhere, outcome.again)
    assert counted == (2, 1, 1, 1, 2)
    assert outcome.allowed == 1
    assert outcome.calls.count == sum(counted) + outcome.allowed
    assert (outcome.no_calls, outcome.unread) == (2, 1)
    assert outcome.statements == {"statement 1": 1, "statement 2 (Run)": 2}


def test_what_is_told_apart_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "MOST", 5)
    monkeypatch.setattr(replaying, "REMEMBERED", 2)
    users = [f"arn:aws:iam::{ACCOUNT}:user/{number}" for number in range(20)]
    outcome = run(*(event("ec2:RunInstances", "user", who={"arn": arn, "accessKeyId": "ASIA"}) for arn in users))
    assert (len(outcome.denied), outcome.denied_more, outcome.denied_count) == (5, 15, 20)


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(sorted(event("a:b"))),
    st.sampled_from([case for case in ALL if "Condition" in case.statement or "Resource" in case.statement]),
)
def test_whatever_stands_in_an_event_it_is_counted(value: Any, name: str, case: Case) -> None:
    told = {**event(case.call, case.by, **case.event), name: value}
    outcome = run(told, statement=case.statement)
    counted = outcome.denied_count + outcome.unknown_count + outcome.allowed + outcome.refused
    assert counted + sum(outcome.free.values()) + outcome.no_calls == 1
    assert len(outcome.problems) == outcome.unread
    assert outcome.unread == outcome.no_calls or name == "eventType"


# --- files ------------------------------------------------------------------------------------------------


def read_all(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    problems: list[Problem] = []
    events = list(in_files([path], problems.append))
    return events, [str(problem) for problem in problems]


def test_files_are_read_as_cloudtrail_delivers_them(tmp_path: Path) -> None:
    folder = tmp_path / "AWSLogs" / ACCOUNT / "CloudTrail" / "eu-central-1"
    deliver(folder / "a_CloudTrail_1.json.gz", [event("ec2:RunInstances", eventID="1")])
    deliver(folder / "b.json", [event("ec2:RunInstances", eventID="2")])
    for other in ("CloudTrail-Digest_1", "CloudTrail-Insight_1", "Config_eu-central-1_ConfigSnapshot_1"):
        (folder / f"{ACCOUNT}_{other}.json.gz").write_bytes(b"no log")
    (folder / "notes.txt").write_text("no log")
    events, problems = read_all(tmp_path)
    assert ([told["eventID"] for told in events], problems) == (["1", "2"], [])


def test_what_is_damaged_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    whole = deliver(tmp_path / "a.json.gz", [event("ec2:RunInstances")] * 50).read_bytes()
    (tmp_path / "b.json.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.json").write_text('{"configurationItems": []}')
    (tmp_path / "d.json").write_text('{"Records": [[' + "[" * 200 + "]" * 200 + "]]}")
    (tmp_path / "e.json").write_text('{"Records": "none"}')
    (tmp_path / "f.json").mkdir()
    deliver(tmp_path / "g.json", [event("ec2:RunInstances"), "none"])
    events, problems = read_all(tmp_path)
    assert len(events) >= 52
    assert run(*events).unread == 1
    assert [problem.split(": ")[0].rpartition("/")[2] for problem in problems] == [
        "b.json.gz",
        "c.json",
        "d.json",
        "e.json",
    ]
    assert "it has no list Records" in problems[1]


def test_a_bomb_ends_early(tmp_path: Path) -> None:
    small = b'{"eventName":1},'
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b'{"Records":[' + small * 800_000 + b"{}]}", 9))
    problems: list[Problem] = []
    with effort(60):
        count = sum(1 for _ in in_files([tmp_path], problems.append))
    assert count < 600_000
    (problem,) = problems
    assert "holds far more than its size accounts for" in str(problem) or "unpacks to more" in str(problem)


def test_a_folder_without_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemarcateError, match="there is no file of CloudTrail in it"):
        read_all(tmp_path)


# --- the data ---------------------------------------------------------------------------------------------

SOME = (
    *(
        "apigateway",
        "apigatewayv2",
        "autoscaling",
        "cloudfront",
        "cloudtrail",
        "cloudwatch",
        "iam",
        "kms",
        "lambda",
    ),
    *("logs", "organizations", "s3", "sns", "sqs", "sts"),
)


def test_names_of_calls_are_what_aws_says_now() -> None:
    """Of some services: `python -m tools.actions` makes the data of all, which takes longer."""
    fresh = made(SOME)
    kept = msgspec.to_builtins(_made())
    assert fresh["methods"] == kept["methods"]
    for name, prefix in fresh["sources"].items():
        assert kept["sources"].get(name) == prefix
    for name, operations in fresh["unknown"].items():
        assert set(operations) <= set(kept["unknown"].get(name, ())), f"{name}: python -m tools.actions"


def test_actions_that_people_wrote_down_exist() -> None:
    data = written()
    for source, names in data.actions.items():
        for name, of in names.items():
            for action in of:
                assert action.lower() in actions()[source], f"{source}: {name} is authorized by {action}"
            assert authorized(f"{source}.amazonaws.com", name).actions
    assert {action.lower() for of in data.of_versions.values() for action in of} <= actions()["s3"]
    assert set(data.prefixes.values()) <= set(actions())


def test_parameters_are_of_actions_and_keys_that_exist() -> None:
    data = told()
    for name in (*data.keys, *data.resources, *data.partly, *data.listed):
        service, _, action = name.partition(":")
        assert action.lower() in actions()[service], name
    for name, of in data.keys.items():
        if name in keys():
            assert set(of) <= keys()[name], name
    assert set(keys()) - {"kms:CreateGrant"} <= set(data.keys), "conditions of guardrails can be tested"


# --- resource control policies ----------------------------------------------------------------------------

OTHER = "444455556666"
KEY: dict[str, Any] = {"resources": [{"ARN": f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/k", "accountId": ACCOUNT}]}
OUTSIDE = {
    "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
}


@pytest.mark.parametrize(
    ("call", "how", "told"),
    [
        # Whoever calls is bound, on what is in the account; of a foreign caller the organization is not told.
        (event("kms:Decrypt", **KEY), {}, "denied"),
        (event("kms:Decrypt", "stranger", **KEY), {}, "denied"),
        (event("kms:Decrypt", "linked", **KEY), {}, "a service-linked role"),
        (event("kms:Decrypt", **KEY), {"management": ACCOUNT}, "somebody on a resource of the management account"),
        (event("kms:Decrypt", **KEY), {"accounts": [OTHER]}, "elsewhere"),
        (event("kms:Decrypt", **KEY), {"condition": OUTSIDE, "organization": "o-a1b2c3d4e5"}, "allowed"),
        (event("kms:Decrypt", "service", **KEY), {"condition": OUTSIDE}, "allowed"),
        (
            event("kms:Decrypt", "stranger", **KEY),
            {"condition": OUTSIDE, "organization": "o-a1b2c3d4e5"},
            "aws:principalorgid, which is not told of the request",
        ),
        # The record of an account that did not call is the owner's; where the caller's own may be of any, nobody knows.
        (event("sts:AssumeRole", "stranger"), {}, "denied"),
        (event("sts:AssumeRole"), {}, "in which account the resource is"),
        (event("sts:AssumeRole"), {"accounts": [OTHER]}, "in which account the resource is"),
        (
            event("sts:AssumeRole", requestParameters={"roleArn": f"arn:aws:iam::{OTHER}:role/R"}),
            {"accounts": [ACCOUNT]},
            "elsewhere",
        ),
    ],
)
def test_a_policy_for_resources_binds_whoever_calls(call: Any, how: dict[str, Any], told: str) -> None:
    condition = how.pop("condition", None)
    statement = {
        "Action": ["kms:*", "sts:AssumeRole"],
        "Principal": "*",
        **({"Condition": condition} if condition else {}),
    }
    (denial,), _ = denials(policy(statement), "p")
    outcome = replay([denial], [call], for_resources=True, **how)
    said = [
        *["denied"] * outcome.denied_count,
        *["allowed"] * outcome.allowed,
        *["elsewhere"] * outcome.elsewhere,
        *(what.unknown for what in outcome.unknown),
        *outcome.free,
    ]
    assert said == [told]

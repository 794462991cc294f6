"""Who must approve what, and when: policies by the clock, by tags, by number, and files of them that are wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.applying import standing
from demarcate.changes.deciding import approve, changes, permitted, record_plan
from demarcate.changes.planning import make_change
from demarcate.changes.policies import DEFAULT, Freeze, Most, Policy, Window, read_policies, under, why_not
from demarcate.changes.status import Approval, State
from demarcate.changes.structs import Change
from demarcate.ledger.entry import Actor
from demarcate.ledger.ledger import Ledger
from tests.changes.cases import APPROVER, PLANNER
from tests.changes.fakes import Fake, carry_out, change_of, step

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday


def change(*steps: Any, judged: dict[str, int] | None = None) -> Change:
    return make_change("switch on", "findings", "a test", steps or [step("r-1", tags={})], judged=judged)


def reasons(policy: Policy, of: Change, *people: str, now: datetime = NOW) -> list[str]:
    approvals = [Approval(digest=of.digest, until="", by=person) for person in people]
    return why_not([policy], of, planner="p@example.com", approvals=approvals, now=now)


# --- Windows --------------------------------------------------------------------------------------------

NIGHT = Window(days=("sat",), begins="22:00", ends="04:00", zone="Europe/Berlin")
SPRING = Window(begins="02:00", ends="03:00", zone="Europe/Berlin")
DAY = Window(days=("tue",))


@pytest.mark.parametrize(
    ("window", "moment", "holds"),
    [
        (NIGHT, "2026-11-28T20:59", False),  # a Saturday, 21:59 in Berlin
        (NIGHT, "2026-11-28T21:00", True),
        (NIGHT, "2026-11-28T23:30", True),  # Sunday there
        (NIGHT, "2026-11-29T02:59", True),
        (NIGHT, "2026-11-29T03:00", False),
        (NIGHT, "2026-11-28T01:00", False),  # the night from Friday
        (NIGHT, "2026-11-29T22:00", False),
        # In the night to 2026-10-25 the hour from 2 to 3 comes twice, and 4 is at 3:00 UTC.
        (NIGHT, "2026-10-24T20:00", True),
        (NIGHT, "2026-10-25T00:30", True),
        (NIGHT, "2026-10-25T01:30", True),
        (NIGHT, "2026-10-25T02:59", True),
        (NIGHT, "2026-10-25T03:00", False),
        # In the night to 2026-03-29 there is no hour from 2 to 3, and 4 is at 2:00 UTC.
        (NIGHT, "2026-03-28T20:59", False),
        (NIGHT, "2026-03-28T21:00", True),
        (NIGHT, "2026-03-29T01:59", True),
        (NIGHT, "2026-03-29T02:00", False),
        (SPRING, "2026-03-29T00:59", False),
        (SPRING, "2026-03-29T01:00", False),
        (SPRING, "2026-10-25T00:30", True),
        (SPRING, "2026-10-25T01:30", True),
        (DAY, "2026-11-24T00:00", True),
        (DAY, "2026-11-24T23:59", True),
        (DAY, "2026-11-25T00:00", False),
        (Window(days=()), "2026-11-24T12:00", False),
    ],
)
def test_windows(window: Window, moment: str, holds: bool) -> None:
    at = datetime.fromisoformat(f"{moment}+00:00")
    assert window.holds(at) is holds
    told = reasons(Policy(name="p", approvals={"default": 0}, windows=(window,)), change(), now=at)
    assert told == ([] if holds else ["policy 'p': it is outside of every window"])


def test_a_freeze_is_by_the_calendar_of_its_zone() -> None:
    freeze = Freeze(begins=date(2026, 12, 18), ends=date(2027, 1, 4), why="end of the year", zone="Europe/Berlin")
    policy = Policy(name="p", approvals={"default": 0}, freezes=(freeze,))
    frozen = ["policy 'p': nothing is applied until 2027-01-04 (end of the year)"]
    for moment, told in {
        "2026-12-17T22:59": [],
        "2026-12-17T23:00": frozen,
        "2027-01-04T22:59": frozen,
        "2027-01-04T23:00": [],
    }.items():
        assert reasons(policy, change(), now=datetime.fromisoformat(f"{moment}+00:00")) == told


# --- Approvals ------------------------------------------------------------------------------------------


def test_another_person_approves() -> None:
    assert reasons(DEFAULT[0], change()) == [
        "policy 'another person approves': 1 to approve it other than p@example.com, who planned it, and 0 did"
    ]
    assert reasons(DEFAULT[0], change(), "p@example.com") != []
    assert reasons(DEFAULT[0], change(), "P@Example.com") != []
    assert reasons(DEFAULT[0], change(), "q@example.com") == []


def test_two_approve_what_interrupts() -> None:
    policy = Policy(name="p", approvals={"interrupts": 2, "costs": 0}, by=("a@example.com", "b@example.com"))
    risky = change(step("r-1", tags={}, risk=("costs", "interrupts")))
    assert reasons(policy, risky, "a@example.com", "c@example.com") == [
        "policy 'p': 2 to approve it of a@example.com, b@example.com other than p@example.com, who planned it, and "
        "1 did"
    ]
    assert reasons(policy, risky, "a@example.com", "A@example.com") != []
    assert reasons(policy, risky, "a@example.com", "b@example.com") == []
    assert reasons(policy, change(step("r-1", tags={}, risk=("costs",)))) == []
    assert len(reasons(policy, change())) == 1  # no risk is the rest


def test_own_approval() -> None:
    assert reasons(Policy(name="p", own=True), change(), "p@example.com") == []


def test_whose_approval_is_taken(tmp_path: Path, ledger: Ledger) -> None:
    plan = change_of(1, Fake(tmp_path / "aws"))
    record_plan(ledger, PLANNER, plan)
    with pytest.raises(
        DemarcateError, match=r"planner@example\.com planned it, and policy 'another person approves'"
    ):
        approve(ledger, PLANNER, plan.id, DEFAULT)
    named = [Policy(name="p", by=("boss@example.com",))]
    with pytest.raises(DemarcateError, match=r"policy 'p' asks for the approval of boss@example\.com"):
        approve(ledger, APPROVER, plan.id, named)
    for digest in ("", plan.digest[:7], "0" * 12):
        with pytest.raises(DemarcateError, match="the plan was edited"):
            approve(ledger, APPROVER, plan.id, DEFAULT, digest=digest)
    assert approve(ledger, Actor(person="Boss@example.com"), plan.id, named, digest=plan.digest[:8]).policy == "p"


def test_an_approval_expires(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws", answers=["refused"])
    plan = change_of(1, fake)
    record_plan(ledger, PLANNER, plan)
    approve(ledger, APPROVER, plan.id, [Policy(name="p", expires=1)], now=NOW)
    status = standing(ledger, plan.id)
    assert permitted(status, DEFAULT, now=NOW + timedelta(minutes=59)) == "policy another person approves"
    for later in (timedelta(hours=1), timedelta(days=9999)):
        with pytest.raises(DemarcateError, match="1 to approve it"):
            permitted(status, DEFAULT, now=NOW + later)
    carry_out(ledger, fake, plan, "apply")
    assert standing(ledger, plan.id).state is State.STOPPED
    approve(ledger, APPROVER, plan.id, DEFAULT, now=NOW + timedelta(days=1))  # what stands still can go on
    assert permitted(standing(ledger, plan.id), DEFAULT, now=NOW + timedelta(days=2))


def test_an_edited_plan_is_not_approved(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws")
    plan = change_of(2, fake)
    record_plan(ledger, PLANNER, plan)
    approve(ledger, APPROVER, plan.id, DEFAULT)
    edited = Change(id=plan.id, title=plan.title, origin="hand", source="", steps=plan.steps[:1])
    for again in (edited, plan):  # also not by making it what it was
        record_plan(ledger, PLANNER, again)
        status = standing(ledger, plan.id)
        assert (status.state, status.change, status.approvals) == (State.PLANNED, again, [])
        with pytest.raises(DemarcateError, match="1 to approve it"):
            permitted(status, DEFAULT)
    approve(ledger, APPROVER, plan.id, DEFAULT)
    carry_out(ledger, fake, plan, "apply")
    with pytest.raises(DemarcateError, match="it is applied, and cannot be planned anew"):
        record_plan(ledger, PLANNER, edited)
    assert [status.change.id for status in changes(ledger)] == [plan.id]


def test_what_needs_nobody_is_applied_as_planned(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws")
    plan = change_of(1, fake)
    record_plan(ledger, PLANNER, plan)
    nobody = [Policy(name="dev", approvals={"default": 0})]
    status = carry_out(ledger, fake, plan, "apply", permit=lambda status: permitted(status, nobody))
    assert status.state is State.APPLIED


def test_a_lockout_is_accepted_by_name() -> None:
    from demarcate.changes.status import Status

    status = Status(change(step("r-1", tags={}, risk=("locks-out",))), "p@example.com", "")
    nobody = [Policy(name="dev", approvals={"default": 0})]
    with pytest.raises(DemarcateError, match="--accept-lockout"):
        permitted(status, nobody)
    assert permitted(status, nobody, accept_lockout=True) == "policy dev"


# --- Which policy ---------------------------------------------------------------------------------------

PRODUCTION = Policy(name="production", tags={"env": ("prod", "live")}, approvals={"default": 2})
OTHER_ACCOUNT = Policy(name="sandbox", accounts=("999999999999",), approvals={"default": 0})
REST = Policy(name="rest", approvals={"default": 0})


@pytest.mark.parametrize(
    ("tags", "names"),
    [
        ({"env": "prod"}, ["production"]),
        ({"env": "dev"}, ["rest"]),
        ({}, ["rest"]),
        (None, ["production", "rest"]),  # it may be of production
    ],
)
def test_the_first_policy_that_is_for_a_step(tags: Any, names: list[str]) -> None:
    assert list(under([PRODUCTION, OTHER_ACCOUNT, REST], change(step("r-1", tags=tags)))) == names


def test_no_policy() -> None:
    with pytest.raises(
        DemarcateError, match="no policy is for step 1, r-1 in 123456789012 whose tags are not known"
    ):
        under([PRODUCTION], change(step("r-1", tags=None)))
    with pytest.raises(DemarcateError, match=r"no policy is for step 2, r-2 in 123456789012$"):
        under([PRODUCTION], change(step("r-1", tags={"env": "prod"}), step("r-2", tags={})))


def test_the_blast_limit() -> None:
    steps = [step(f"r-{number}", tags={}, checks=("c",), findings=(f"f-{number}",)) for number in range(3)]
    few = Policy(name="p", approvals={"default": 0}, at_most=Most(resources=2))
    assert reasons(few, change(*steps)) == ["policy 'p': it touches 3 resources, and 2 at once are allowed"]
    assert reasons(few, change(steps[0], steps[0], steps[1])) == []  # two calls for one resource
    share = Policy(name="p", approvals={"default": 0}, at_most=Most(percent=10))
    assert reasons(share, change(*steps, judged={"c": 30, "d": 1000})) == []
    told = "policy 'p': it touches 3 of the 29 resources of c, and 10 % at once are allowed"
    assert reasons(share, change(*steps, judged={"c": 29, "d": 1000})) == [told]
    by_hand = reasons(share, change(step("r-1", tags={})))
    assert by_hand == ["policy 'p': of how many resources it touches 1 is not known"]


# --- Files ----------------------------------------------------------------------------------------------

WRONG = {
    "{name: p}": "1: expected a list of policies",
    "[]": "1: expected a list of policies",
    "- name: p\n- {name: p}": "2: there are two policies of the name 'p'",
    '- name: p\n  windows: [{from: "25:00"}]': "'25:00' is no time; expected HH:MM",
    '- name: p\n  windows: [{from: "24:30"}]': "'24:30' is no time",
    '- name: p\n  windows: [{from: "22"}]': "'22' is no time",
    '- name: p\n  windows: [{from: "22:00+02:00"}]': "'22:00+02:00' is no time",
    "- name: p\n  windows: [{zone: Europe/Atlantis}]": "there is no time zone 'Europe/Atlantis'",
    "- name: p\n  windows: [{zone: ../../etc/passwd}]": "there is no time zone",
    "- name: p\n  windows: [{days: [someday]}]": "2: ",
    "- name: p\n  freezes: [{from: 2026-12-18, to: 2026-12-17}]": "a freeze ends on 2026-12-17, before it begins",
    "- name: p\n  accounts: ['12345']": "'12345' is no account",
    "- name: p\n  tags: {environment: []}": "the tag 'environment' has no value",
    "- name: p\n  by: ['']": "somebody without a name",
    "- name: p\n  windows: [{days: []}]": "it never opens",
    "- name: p\n  expires: 0": "2: ",
    "- name: p\n  expires: .nan": "2: ",
    "- name: p\n  expires: .inf": "2: ",
    "- name: p\n  expires: 1e300": "2: ",
    "- name: p\n  at-most: {percent: .nan}": "2: ",
    "- name: p\n  at-most: {percent: 101}": "2: ",
    "- name: p\n  approvals: {default: -1}": "2: ",
    "- name: p\n  approvals: {breaks: 1}": "1: ",
    "- name: p\n  aproved-by: [a]": "1: ",
    '- name: p\n  alarms: ["arn:aws:sns:eu-west-1:123456789012:topic"]': "is no alarm; expected a name, or arn:",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_file_that_is_wrong(text: str, tmp_path: Path) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text(text)
    with pytest.raises(DemarcateError) as raised:
        read_policies(file)
    assert str(raised.value).startswith(f"{file}:")
    assert WRONG[text] in str(raised.value)


def test_the_example_of_the_module_is_one(tmp_path: Path) -> None:
    from textwrap import dedent

    from demarcate.changes import policies

    file = tmp_path / "policies.yaml"
    file.write_text(dedent(str(policies.__doc__).partition("\n\n")[2].partition("\n\n")[0]))
    (policy,) = read_policies(file)
    assert (policy.name, policy.at_most, policy.windows[0].ends) == (
        "production",
        Most(resources=20, percent=10),
        "04:00",
    )

"""What can lock somebody out is named, whatever the person wrote who planned it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from demarcate.changes.lockouts import lockouts, whom, why, with_lockout
from demarcate.changes.planning import HandStep, plan_by_hand
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Operation, Read, Step
from demarcate.checks.catalog import load_checks
from demarcate.estate.sources.aws.operations import describe, members
from tests.changes.fakes import ACCOUNT, step

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/ann"
USER = f"arn:aws:iam::{ACCOUNT}:user/team/ann"

HARMLESS = {
    "s3-bucket-tls-required",  # the policy that it sets denies requests without TLS alone
    "eks-cluster-endpoint-private",  # it opens a way, and closes none
}


class Holders:
    """AWS, in which so many have a policy; None may not be asked."""

    def __init__(self, count: int | None) -> None:
        self.count = count

    def read(self, account: str, region: str, read: Read) -> Any:
        if read.operation.name.startswith("iam.get"):
            return "there"
        if self.count is None:
            raise NotDone("AccessDenied")
        return [{"RoleName": str(number)} for number in range(self.count)]


def calling(name: str, **parameters: Any) -> Step:
    return msgspec.structs.replace(step("a"), do=Operation(name=name, parameters=parameters))


def test_each_operation_is_awss_and_each_remedy_that_can_says_so() -> None:
    for name, told in lockouts().operations.items():
        assert not told.only or told.only in members(name), name
        assert describe(name), name
    for check in load_checks().values():
        for mend in check.remedy.mends:
            ((name, parameters),) = mend.do.items()
            can = why(Operation(name=name, parameters=dict(parameters)))
            assert not can or "locks-out" in (check.remedy.risk or ()) or check.id in HARMLESS, check.id


@pytest.mark.parametrize(
    ("name", "parameters", "caller", "holders", "says"),
    [
        ("iam.delete_role_policy", {"RoleName": "Deploy"}, ROLE, 9, "it is of who plans it"),
        ("iam.delete_user", {"UserName": "ann"}, USER, 9, "it is of who plans it"),
        ("iam.delete_user", {"UserName": "bob"}, USER, 9, ""),
        ("iam.delete_role_policy", {"RoleName": "Other"}, ROLE, 9, ""),
        (
            "iam.detach_role_policy",
            {"RoleName": "A", "PolicyArn": ADMINISTRATOR},
            ROLE,
            1,
            "of the last administrator",
        ),
        ("iam.detach_role_policy", {"RoleName": "A", "PolicyArn": ADMINISTRATOR}, ROLE, 2, ""),
        (
            "iam.detach_role_policy",
            {"RoleName": "A", "PolicyArn": ADMINISTRATOR},
            ROLE,
            None,
            "is not known: AccessD",
        ),
        ("iam.detach_role_policy", {"RoleName": "A", "PolicyArn": "arn:aws:iam::1:policy/x"}, ROLE, 1, ""),
    ],
)
def test_whom_a_step_would_lock_out(
    name: str, parameters: dict[str, str], caller: str, holders: int | None, says: str
) -> None:
    told = whom(calling(name, **parameters), caller, Holders(holders))
    assert says in told and bool(told) is bool(says)


def test_a_step_that_a_person_wrote_carries_the_risk() -> None:
    written = HandStep(
        account=ACCOUNT,
        region="eu-west-1",
        resource="r",
        risk=("costs",),
        do={"iam.detach_role_policy": {"RoleName": "A", "PolicyArn": ADMINISTRATOR}},
        undo={"iam.attach_role_policy": {"RoleName": "A", "PolicyArn": ADMINISTRATOR}},
        reads={"iam.get_role": {"RoleName": "A"}},
        state="@",
        done="@",
    )
    assert plan_by_hand("t", "f", [written], Holders(1)).risks == ("costs", "locks-out")
    groups = calling("ec2.modify_instance_attribute", Groups=["sg-1"])
    assert with_lockout(groups).risk == ("locks-out",) and with_lockout(with_lockout(groups)).risk == (
        "locks-out",
    )
    assert with_lockout(calling("ec2.modify_instance_attribute", DisableApiTermination={})).risk == ()

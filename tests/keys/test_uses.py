"""Who may use a key: a case of `uses.yaml` each, and the same asked from the other side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.keys.access import OPERATIONS, KeyUse, what_may_be_used, who_may_use
from tests.checks.test_engine import snapshot

ACCOUNT, REGION = "111122223333", "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k-1"
DENIED = Unknown(Kind.DENIED, "access denied")
Statements = list[dict[str, Any]]


class Case(msgspec.Struct, forbid_unknown_fields=True):
    it: str
    policy: Statements | str
    iam: dict[str, Statements] | str
    grants: list[dict[str, Any]] | str = []
    decrypt: str | None = msgspec.field(name="Decrypt", default=None)
    encrypt: str | None = msgspec.field(name="Encrypt", default=None)
    put_key_policy: str | None = msgspec.field(name="PutKeyPolicy", default=None)
    schedule: str | None = msgspec.field(name="ScheduleKeyDeletion", default=None)

    @property
    def expected(self) -> dict[str, str]:
        told = (self.decrypt, self.encrypt, self.put_key_policy, self.schedule)
        names = ("Decrypt", "Encrypt", "PutKeyPolicy", "ScheduleKeyDeletion")
        return {name: text for name, text in zip(names, told, strict=True) if text is not None}


CASES = read(Path(__file__).parent / "uses.yaml", list[Case])


def arn(short: Any) -> Any:
    if isinstance(short, list):
        return [arn(each) for each in short]
    return f"arn:aws:iam::{ACCOUNT}:{short}" if short.startswith(("role/", "root")) else short


def document(statements: Statements) -> Any:
    made = []
    for each in statements:
        said = {"Effect": "Allow", "Resource": "*", **each}
        principal = {type_: arn(said.pop(type_)) for type_ in ("AWS", "Service") if type_ in said}
        made.append({**said, **({"Principal": principal} if principal else {})})
    return {"Version": "2012-10-17", "Statement": made}


def key(policy: Any, grants: Any) -> dict[str, Any]:
    return {
        **{"resource": KEY, "arn": KEY, "id": "k-1", "account_id": ACCOUNT, "region": REGION},
        **{"aliases": ["alias/pay"], "policy": policy, "grants": grants},
    }


def identities(roles: dict[str, Statements]) -> dict[str, Any]:
    """The rows of roles with these statements, and of nobody else."""
    rows = [
        {
            **{"resource": arn(f"role/{name}"), "arn": arn(f"role/{name}"), "name": name, "account_id": ACCOUNT},
            **{"attached_policy_arns": [], "permissions_boundary_arn": ""},
            "inline_policies": [{"PolicyName": "p", "PolicyDocument": document(said)}] if said else [],
        }
        for name, said in roles.items()
    ]
    return {"aws_iam_role": rows, "aws_iam_user": [], "aws_iam_group": [], "aws_iam_policy": []}


def estate(case: Case) -> Snapshot:
    policy = DENIED if isinstance(case.policy, str) else document(case.policy)
    grants: Any = DENIED
    if not isinstance(case.grants, str):
        grants = [{**each, "GranteePrincipal": arn(each["GranteePrincipal"])} for each in case.grants]
    tables: dict[str, Any] = {"aws_kms_key": [key(policy, grants)]}
    return snapshot(tables | ({} if isinstance(case.iam, str) else identities(case.iam)))


def short(principal: str) -> str:
    if not principal.startswith("arn:"):
        return principal
    account, name = principal.split(":")[4], principal.rpartition(":")[2].removeprefix("role/")
    return name if account == ACCOUNT else f"{account}:{name}"


def told(uses: list[KeyUse], operation: str) -> str:
    of_it = [use for use in uses if use.operation == operation]
    sure = [short(use.principal) for use in of_it if use.effective.allowed is True]
    perhaps = [short(use.principal) for use in of_it if use.effective.allowed is not True]
    return " ".join([*sorted(sure), *(["?", *perhaps] if perhaps else [])])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.it)
def test_who_may_use_a_key(case: Case) -> None:
    with estate(case) as of:
        chosen, uses = who_may_use(of, "alias/pay")
        assert chosen.arn == KEY
        for operation, expected in case.expected.items():
            sure, mark, perhaps = expected.partition("?")
            whole = " ".join([*sorted(sure.split()), *(["?", perhaps.strip()] if mark else [])])
            assert told(uses, operation) == whole, operation
        assert {use.operation for use in uses} <= set(OPERATIONS)
        assert all(use.effective.because for use in uses)
        app = f"arn:aws:iam::{ACCOUNT}:role/app"
        of_key = outcomes(uses, app)
        if of_key or "app" in case.iam:
            assert outcomes(what_may_be_used(of, app), app) == of_key


def outcomes(uses: list[KeyUse], principal: str) -> list[tuple[str, bool | Unknown]]:
    return [(use.operation, use.effective.allowed) for use in uses if use.principal == principal]


def test_what_is_not_there_is_refused() -> None:
    with estate(CASES[0]) as of:
        for name in ("k-2", "alias/other", f"{KEY}2"):
            with pytest.raises(DemarcateError, match="no such key"):
                who_may_use(of, name)
        with pytest.raises(DemarcateError, match="no such user or role"):
            what_may_be_used(of, f"arn:aws:iam::{ACCOUNT}:role/none")
        with pytest.raises(DemarcateError, match="is no principal"):
            what_may_be_used(of, "role/app")


def test_whom_a_template_names_is_told_by_its_logical_id(tmp_path: Path) -> None:
    roles = [
        f'{{Effect: Allow, Principal: {{AWS: !GetAtt {name}.Arn}}, Action: "kms:{what}", Resource: "*"}}'
        for name, what in (("Reader", "Decrypt"), ("Writer", "Encrypt"))
    ]
    (tmp_path / "t.yaml").write_text(
        f"Resources:\n  Key: {{Type: AWS::KMS::Key, Properties: {{KeyPolicy: {{Statement: [{', '.join(roles)}]}}}}}}\n"
        + "".join(
            f"  {name}: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{}}}}}}\n"
            for name in ("Reader", "Writer")
        )
    )
    with collect_snapshot([tmp_path / "t.yaml"]) as declared:
        _, uses = who_may_use(declared, "Key")
    assert told(uses, "Decrypt") == "Reader ? whomever a grant names"
    assert told(uses, "Encrypt") == "Writer ? whomever a grant names"
    assert told(uses, "PutKeyPolicy") == ""

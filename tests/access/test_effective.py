"""What all policies together make of a request: a line of `cases/effective.yaml` each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.access.effective import Around, Grant, Named, effective
from demarcate.access.evaluating import Request
from demarcate.access.statements import Policy, PolicyKind
from demarcate.base.documents import read
from demarcate.estate.schema.unknown import Kind, Unknown

U = Unknown(Kind.DENIED, "iam.get_role: access denied")
Short = list[dict[str, Any]] | str


class Case(msgspec.Struct, forbid_unknown_fields=True):
    it: str
    allowed: bool | str
    who: str = "arn:aws:iam::111122223333:role/app"
    action: str = "s3:GetObject"
    identity: Short = []
    resource: Short | None = None
    kind: str = "resource"
    boundary: Short | None = None
    session: Short = []
    endpoint: Short | None = None
    scps: list[Short] | str = []
    rcps: list[Short] | str = []
    grants: list[dict[str, Any]] | str = []
    management_account: bool = False
    resource_in_management: bool = False
    context: dict[str, Any] = {}
    because: str = ""
    guardrails: dict[str, str] = {}


def policy(name: str, short: Short) -> Any:
    if isinstance(short, str):
        return U
    statements = []
    for each in short:
        said = {key: value for key, value in each.items() if key not in ("allow", "deny")}
        effect = "Allow" if "allow" in each else "Deny"
        statements.append({"Effect": effect, "Action": each.get("allow") or each["deny"], "Resource": "*", **said})
    return Named(name, Policy.of({"Version": "2012-10-17", "Statement": statements}))


def several(name: str, short: Short) -> Any:
    told = policy(name, short)
    return told if isinstance(told, Unknown) else (told,) if short else ()


def levels(name: str, short: Any) -> Any:
    return (
        U
        if isinstance(short, str)
        else tuple(several(f"{name} {number}", each) for number, each in enumerate(short))
    )


def around(case: Case) -> Around:
    return Around(
        identity=several("inline", case.identity),
        boundary=None if case.boundary is None else policy("boundary", case.boundary),
        session=several("session", case.session),
        resource=None if case.resource is None else policy("its policy", case.resource),
        resource_kind=PolicyKind(case.kind),
        resource_account="111122223333",
        scps=levels("scp", case.scps),
        rcps=levels("rcp", case.rcps),
        endpoint=None if case.endpoint is None else policy("endpoint", case.endpoint),
        grants=U
        if isinstance(case.grants, str)
        else tuple(
            Grant(each["grantee"], frozenset(each["operations"]), each.get("constrained", False))
            for each in case.grants
        ),
        management_account=case.management_account,
        resource_in_management=case.resource_in_management,
    )


ALL = read(Path(__file__).parent / "cases" / "effective.yaml", list[Case])


def request_of(case: Case) -> Request:
    resource = "arn:aws:s3:::b/k"
    return Request.of(
        {"principal": case.who, "action": case.action, "resource": resource, "context": case.context}
    )


@pytest.mark.parametrize("case", ALL, ids=[case.it for case in ALL])
def test_what_comes_of_a_request(case: Case) -> None:
    told = effective(request_of(case), around(case))
    assert ("unknown" if isinstance(told.allowed, Unknown) else told.allowed) == case.allowed, told
    if case.because:
        assert case.because in {because.layer for because in told.because}
    assert case.guardrails.items() <= {kind: state.value for kind, state in told.guardrails.items()}.items()


@settings(max_examples=60)
@given(
    st.sampled_from([case for case in ALL if not isinstance(case.allowed, str)]),
    st.sampled_from(["identity", "boundary", "scps", "resource", "grants"]),
)
def test_what_is_not_known_never_decides(case: Case, hidden: str) -> None:
    """What is told with a layer hidden is what is told with it, or unknown."""
    partly = effective(request_of(case), around(msgspec.structs.replace(case, **{hidden: "unknown"}))).allowed
    layer = getattr(case, hidden)
    if layer in (None, [], "unknown"):
        return  # with nothing there it may have been anything
    assert isinstance(partly, Unknown) or partly == case.allowed

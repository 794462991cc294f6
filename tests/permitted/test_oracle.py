"""Who may do what, held to an evaluator of whole requests that was written apart (`tests/access/brute.py`).

What is told as sure is so whatever the request carries, what is told with a witness is so with that, and what some
completion of the request lets through is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.access.effective import Around, Named
from demarcate.access.evaluating import Request, Who
from demarcate.access.patterns import matching
from demarcate.access.statements import Policy, PolicyKind
from demarcate.permitted.asking import Policies
from demarcate.permitted.holders import Holder
from demarcate.permitted.listing import what_can
from demarcate.permitted.organization import SCP
from demarcate.permitted.resources import Owned
from tests.access import brute
from tests.permitted.estates import ACCOUNT, BUCKET, arn, document

TAG = "aws:PrincipalTag/team"
ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
RESOURCES = (f"{BUCKET}/k", f"{BUCKET}/j/k", "arn:aws:s3:::other/k")

conditions = st.sampled_from(
    [
        *({}, {}, {}),
        {"StringEquals": {TAG: "x"}},
        {"StringNotEquals": {TAG: "x"}},
        {"StringEqualsIfExists": {TAG: ["x", "y"]}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/a*"}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-2"}},
    ]
)
named = st.sampled_from(["*", f"{BUCKET}/*", f"{BUCKET}/k", "arn:aws:s3:::*/k", "arn:aws:s3:::other/*"])
actions = st.sampled_from(["*", "s3:*", "s3:Get*", "s3:PutObject", "s3:*Object"])


@st.composite
def statement(draw: st.DrawFn, *effects: str) -> dict[str, Any]:
    said: dict[str, Any] = {draw(st.sampled_from(effects)): draw(actions)}
    said[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(named)
    held = draw(conditions)
    return said | ({"Condition": held} if held else {})


def statements(*effects: str, most: int = 3) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(statement(*(effects or ("allow", "allow", "deny"))), max_size=most)


whom = st.sampled_from(["*", "role/app", "role/other", "root", "444455556666"])
of_bucket = st.lists(st.tuples(statement("allow", "deny"), whom), max_size=2)


@dataclass
class Made:
    """An estate of one role and one bucket."""

    identity: dict[str, Any]
    boundary: dict[str, Any] | None
    scps: list[dict[str, Any]]
    rcps: list[dict[str, Any]]
    bucket: dict[str, Any]

    def told(self) -> Policies:
        """The same, as it would be read."""
        policies = Policies.__new__(Policies)
        policies.__dict__.update(holders=(self.holder,), organizations=self, resources=self, beside=self)
        return policies

    @property
    def holder(self) -> Holder:
        who = Who.of(arn("role/app"))
        boundary = None if self.boundary is None else Named("boundary", Policy.of(self.boundary))
        around = Around(
            identity=(Named("p", Policy.of(self.identity)),), boundary=boundary, scps=self.levels(ACCOUNT, SCP)
        )
        return Holder(who, around, who.name)

    def levels(self, account: str, kind: str) -> Any:
        if account != ACCOUNT:
            return ()
        documents = self.scps if kind == SCP else self.rcps
        return tuple((Named(f"{kind} {number}", Policy.of(each)),) for number, each in enumerate(documents))

    def is_management(self, _: str) -> bool:
        return False

    def of(self, what: str) -> Any:
        if what == "s3":
            return [self.named(BUCKET)]
        return "o-1" if what == ACCOUNT else []

    def path(self, _: str) -> str:
        return "o-1/r-1/"

    def blocks_public(self, _: str) -> None:
        return None

    def lists(self, *_: Any) -> tuple[()]:
        return ()

    def points(self) -> tuple[()]:
        return ()

    def named(self, _: str) -> Owned:
        return Owned(BUCKET, self.bucket, PolicyKind.RESOURCE, ACCOUNT, "s3", "data")

    def truth(self, request: dict[str, Any]) -> bool:
        """Whether AWS allows a request of which everything is known, by the rules of its documentation."""

        def hits(policy: dict[str, Any]) -> list[dict[str, Any]]:
            told = [{"Principal": "*", **each} for each in policy["Statement"]]
            return [each for each in told if brute.about(each, request)]

        is_ours = request["resource"].startswith(BUCKET)
        rcps, bucket = (self.rcps, self.bucket) if is_ours else ([], {"Statement": []})
        layers = [self.identity, *self.scps, *rcps, bucket, *([self.boundary] if self.boundary else [])]
        if any(each["Effect"] == "Deny" for layer in layers for each in hits(layer)):
            return False
        guards = [*self.scps, *rcps, *([self.boundary] if self.boundary else [])]
        if not all(any(each["Effect"] == "Allow" for each in hits(guard)) for guard in guards):
            return False
        directly = [each for each in hits(bucket) if each["Principal"] in ("*", {"AWS": arn("role/app")})]
        return bool(hits(self.identity) or directly)

    def requests(self, action: str, resource: str) -> list[dict[str, Any]]:
        """Every completion of a request of the role."""
        context = {
            "aws:PrincipalArn": [arn("role/app")],
            "aws:PrincipalOrgID": ["o-1"],
            "aws:SecureTransport": ["true"],
        }
        who = arn("role/app")
        return [
            {"principal": who, "action": action, "resource": resource, "context": {**context, TAG: tag}}
            for tag in (["x"], ["y"], ["z"], None)
        ]

    def lets_through(self, witness: Request) -> bool:
        told = witness.plain
        tag = told["context"].get(TAG.lower(), ["z"])
        (request,) = self.requests(told["action"], told["resource"])[:1]
        return self.truth({**request, "context": {**request["context"], TAG: tag}})


def whole(said: list[dict[str, Any]], *, named: bool = False) -> dict[str, Any]:
    return document([{"allow": "*"}, *said], named=named)


estates = st.builds(
    lambda identity, boundary, scps, rcps, bucket: Made(
        document(identity),
        None if boundary is None else document(boundary),
        [whole(each) for each in scps],
        [whole(each, named=True) for each in rcps],
        document([{**said, "AWS": who} for said, who in bucket]),
    ),
    statements(),
    st.none() | st.lists(statement("allow", "allow", "deny"), min_size=1, max_size=2),
    st.lists(statements("deny", most=1), max_size=2),
    st.lists(statements("deny", most=1), max_size=1),
    of_bucket,
)


@settings(max_examples=120, deadline=None)
@given(estates, st.sampled_from(ACTIONS), st.sampled_from(RESOURCES[:2]))
def test_who_may_is_what_aws_documents(made: Made, action: str, resource: str) -> None:
    may, _ = made.told().who_can(action, resource)
    answers = {made.truth(request) for request in made.requests(action, resource)}
    if not may:
        assert answers == {False}
        return
    (each,) = may
    if each.effective.allowed is True:
        assert answers == {True}, each
    if each.witness is not None:
        assert made.lets_through(each.witness), each
    else:
        assert True not in answers, each


@settings(max_examples=50, deadline=None)
@given(estates)
def test_what_somebody_may_do_is_what_aws_documents(made: Made) -> None:
    bucket = [each for each in made.bucket["Statement"] if each["Effect"] == "Allow"]
    made.bucket = {**made.bucket, "Statement": bucket}  # what a wildcard stands for is not held to each resource
    made.rcps = []
    cans = what_can(made.told(), arn("role/app"), "s3:*")
    for can in cans:
        if can.witness is not None and can.witness.resource.startswith("arn:aws:s3:::"):
            assert made.lets_through(can.witness), can
    for action in ACTIONS:
        for resource in RESOURCES:
            telling = [can for can in cans if action in can.actions and matching(can.resource)(resource)]
            if any(made.truth(request) for request in made.requests(action, resource)):
                assert telling, (action, resource)

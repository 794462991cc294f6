"""A policy document as rows: one a statement, with what checks ask of each, flat.

Pure, and the same for every kind of policy. Where an element is not known, only the answers that depend on it
are: a statement that allows "*" to everybody is public whatever else its list of principals may hold.

Source: the IAM JSON policy element reference of the IAM User Guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from demarcate.access.actions import (
    covers_action,
    covers_service,
    sensitive,
    sensitive_actions,
    wildcard_services,
)
from demarcate.access.conditions import Context, always_hold, never_hold
from demarcate.access.limits import condition_keys, limits_action, names_source
from demarcate.access.limits import limiting as limiting_of
from demarcate.access.public import is_public
from demarcate.access.reach import Own, Reach, Reached, reading
from demarcate.access.remembering import Remembered
from demarcate.access.resources import covers_everything, covers_kind
from demarcate.access.statements import Policy, PolicyKind, Principals, Statement, no_statement
from demarcate.access.values import every, opposite, some
from demarcate.estate.schema.standins import StandIn, combined, sample
from demarcate.estate.schema.unknown import Kind, Unknown

Row = dict[str, Any]
"""Column of `aws_policy_statement` to value; a value may be an Unknown."""

UNLIMITED: Final = {
    "passes_any_role": ("iam:passrole",),
    "assumes_any_role": ("sts:assumerole",),
    "reads_any_secret": ("secretsmanager:getsecretvalue",),
    "decrypts_with_any_key": ("kms:decrypt", "kms:reencryptfrom"),
    "changes_any_trail": ("cloudtrail:deletetrail", "cloudtrail:stoplogging", "cloudtrail:updatetrail"),
}
"""Columns that tell whether a statement is about one of these actions, on every resource of their kind."""

REACH: Final = ("reach", "anyone", "witness", "reach_alone", "anyone_alone", "s3_public")
"""Columns that tell how far a statement reaches: by what the Denies of its policy leave, and by itself."""

COLUMNS: Final = (
    *("statement_index", "statement", "sid", "effect", "principals", "not_principals", "service_principals"),
    *("federated_providers", "actions", "not_actions", "wildcard_services", "watched_actions"),
    *("resources", "not_resources", "wildcard_resources", "all_resources"),
    *("conditions", "condition_keys", "limiting_keys", "has_condition", *REACH, "denies_plain_http"),
    *("allows_plain_http", "unlimited_services", *UNLIMITED),
)
"""What a statement tells: first where it is."""


def statements(
    document: Any, kind: PolicyKind = PolicyKind.RESOURCE, own: Own | None = None, service: str = ""
) -> list[Row]:
    """The statements of a policy document, with what checks ask of each. `service` is the prefix of the actions of what
    the policy is attached to.

    >>> [row["actions"] for row in statements({"Statement": {"Effect": "Allow", "Action": "s3:Get*"}})]
    [['s3:get*']]
    """
    made = _REMEMBERED.of(document, (kind, own, service), lambda: _statements(document, kind, own, service))
    return [dict(row) for row in made]


_REMEMBERED: Remembered[list[Row]] = Remembered()


def _statements(document: Any, kind: PolicyKind, own: Own | None, service: str) -> list[Row]:
    policy = Policy.of(document)
    told = reading(policy, kind, own, service)
    return _rows(
        document,
        policy,
        [
            {**_reach(alone, left), "s3_public": is_public(said)} if kind.names_principals else _NOBODY
            for said, alone, left in zip(policy.statements, told.alone, told.left, strict=True)
        ],
    )


def unreached(document: Any) -> list[Row]:
    """The statements of a resource's policy without how far they reach, which takes most of the time."""
    policy = Policy.of(document)
    return _rows(document, policy, [{} for _ in policy.statements])


def taken_for_public(document: Any) -> list[bool | Unknown]:
    """Of each statement of a bucket's policy, whether S3 takes it for public."""
    policy = Policy.of(document)
    return [
        is_public(said) if isinstance(written, dict) else no_statement(written)
        for said, written in zip(policy.statements, policy.written, strict=True)
    ]


def _rows(document: Any, policy: Policy, reach: Sequence[Row]) -> list[Row]:
    """A row for each statement, with how far it reaches; unknown where what is written is none."""
    inside = isinstance(document, dict) and isinstance(document.get("Statement"), list)
    return [
        _all_unknown(written)
        if isinstance(written, Unknown) and not inside
        else {
            "statement_index": said.index,
            "statement": _called(said),
            **(
                {**_row(said), **reaches}
                if isinstance(written, dict)
                else dict.fromkeys(COLUMNS[2:], no_statement(written))
            ),
        }
        for said, written, reaches in zip(policy.statements, policy.written, reach, strict=True)
    ]


def _called(said: Statement) -> Any:
    """What findings call a statement: its number and its Sid, which a template may assign."""
    if isinstance(said.sid, Unknown) or type(said.sid) is not StandIn:
        return said.sid if isinstance(said.sid, Unknown) else said.called
    return combined("{called} ({sid})", {"called": said.called, "sid": said.sid})


def reach_of(
    document: Any, kind: PolicyKind = PolicyKind.RESOURCE, own: Own | None = None, service: str = ""
) -> Reached:
    """How far a policy document reaches as a whole."""
    return reading(Policy.of(document), kind, own, service).whole


_NOBODY: Final = {
    **{"reach": "", "anyone": False, "witness": {}},
    **{"reach_alone": "", "anyone_alone": False, "s3_public": False},
}
"""Of a policy that is for whoever has it."""


def _reach(alone: Reached, left: Reached) -> Row:
    return {
        "reach": _text(left.reach),
        "anyone": left.anyone,
        "witness": _witness(left),
        "reach_alone": _text(alone.reach),
        "anyone_alone": alone.anyone,
    }


def _witness(reached: Reached) -> Any:
    if isinstance(reached.reach, Unknown):
        return reached.reach
    return reached.witness.plain if reached.witness is not None else {}


def _text(reach: Reach | Unknown) -> str | Unknown:
    return reach if isinstance(reach, Unknown) else str(reach)


def _all_unknown(reason: Unknown) -> Row:
    return dict.fromkeys(COLUMNS, reason)


def _row(said: Statement) -> Row:
    principals, not_principals = said.principals, said.not_principals
    watched = sensitive(said.actions, said.not_actions).column
    limiting = limiting_of(said.conditions)
    return {
        "sid": said.sid,
        "effect": said.effect,
        "principals": principals.column,
        "not_principals": not_principals.column,
        "service_principals": principals.of_type("Service", _service),
        "federated_providers": principals.of_type("Federated", _provider),
        "actions": said.actions.column,
        "not_actions": said.not_actions.column,
        "wildcard_services": wildcard_services(said.actions, said.not_actions),
        "watched_actions": watched,
        "resources": said.resources.column,
        "not_resources": said.not_resources.column,
        "wildcard_resources": any("*" in text for text in said.resources.known) or said.resources.unknown or False,
        "all_resources": covers_everything(said.resources, said.not_resources),
        "conditions": said.conditions,
        "condition_keys": condition_keys(said.conditions),
        "limiting_keys": limiting.column,
        "has_condition": said.conditions if isinstance(said.conditions, Unknown) else bool(said.conditions),
        "denies_plain_http": _denies_plain_http(said, principals),
        "allows_plain_http": _allows_plain_http(said, principals, not_principals),
        "unlimited_services": _unlimited_services(said, principals),
        **(_ABOUT_OTHERS if watched == [] else _unlimited(said)),
    }


_ABOUT_OTHERS: Final = dict.fromkeys(UNLIMITED, False)
"""Of a statement about none of the actions that are watched, which these are among."""


def _unlimited(said: Statement) -> Row:
    return {column: some(unlimited(said, action) for action in actions) for column, actions in UNLIMITED.items()}


# --- principals -------------------------------------------------------------------------------------------


def _service(text: str | StandIn) -> str | StandIn:
    return text if isinstance(text, StandIn) else text.lower()


_OWN_NAMES = ("cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com", "www.amazon.com")


def _provider(whole: str | StandIn) -> str | Unknown:
    """The name of an identity provider: a host (and path), or `saml:` and its name."""
    text = sample(whole)
    _, separator, name = text.partition(":oidc-provider/")
    if separator:
        return name.lower()
    _, separator, name = text.partition(":saml-provider/")
    if separator:
        return f"saml:{name}"
    if isinstance(whole, StandIn):
        return whole.unknown
    return text if text in _OWN_NAMES else Unknown(Kind.DEPLOYMENT, f"{text}: which identity provider it is")


# --- actions on resources ---------------------------------------------------------------------------------


def unlimited(said: Statement, action: str) -> bool | Unknown:
    """Whether it is about an action on every resource of its kind, and without a condition that limits who may do it,
    or what to.
    """

    def answers() -> Iterator[bool | Unknown]:  # one by one: few statements get past the first
        yield covers_action(said.actions, said.not_actions, action)
        yield covers_kind(said.resources, said.not_resources, sensitive_actions()[action])
        yield opposite(limits_action(said.conditions, action))

    return every(answers())


def _unlimited_services(said: Statement, principals: Principals) -> Any:
    """The services that it lets in for whomever they act."""
    services = principals.of_type("Service", _service)
    if said.effect == "Deny" or services == []:
        return []
    if isinstance(said.effect, Unknown) or isinstance(services, Unknown):
        return said.effect if isinstance(said.effect, Unknown) else services
    answers = [(name, names_source(said.conditions, sample(name))) for name in services]
    unsure = next((answer for _, answer in answers if isinstance(answer, Unknown)), None)
    return unsure or [name for name, answer in answers if answer is False]


# --- plain HTTP -------------------------------------------------------------------------------------------

_PLAIN_HTTP: Final[Context] = {"aws:securetransport": ("false",), "s3:tlsversion": None}
"""What is known of a request without TLS."""


def _denies_plain_http(said: Statement, principals: Principals) -> bool | Unknown:
    """Whether it denies everybody whatever needs no TLS: all of S3, or the mounting of a file system."""

    def answers() -> Iterator[bool | Unknown]:
        yield said.effect if isinstance(said.effect, Unknown) else said.effect == "Deny"
        yield principals.anyone
        yield some(
            (
                covers_service(said.actions, said.not_actions, "s3"),
                covers_action(said.actions, said.not_actions, "elasticfilesystem:clientmount"),
            )
        )
        yield always_hold(said.tests, _PLAIN_HTTP)

    return every(answers())


def _allows_plain_http(said: Statement, principals: Principals, not_principals: Principals) -> bool | Unknown:
    """Whether it allows everybody to mount a file system, also where there is no TLS."""

    def answers() -> Iterator[bool | Unknown]:
        yield said.effect if isinstance(said.effect, Unknown) else said.effect == "Allow"
        yield _anyone(principals, not_principals)
        yield covers_action(said.actions, said.not_actions, "elasticfilesystem:clientmount")
        yield opposite(never_hold(said.tests, _PLAIN_HTTP))

    return every(answers())


def _anyone(principals: Principals, not_principals: Principals) -> bool | Unknown:
    """Whether everybody is meant, or everybody but some."""
    return True if not_principals.types else not_principals.unknown or principals.anyone


def named_statements(policies: Iterable[Any]) -> Iterator[Row]:
    """The statements of inline policies: {PolicyName, PolicyDocument} each."""
    for policy in policies:
        if isinstance(policy, Unknown):
            yield _all_unknown(policy)
            continue
        name = policy.get("PolicyName", "")
        for statement in statements(policy.get("PolicyDocument"), PolicyKind.IDENTITY):
            called = statement["statement"]
            if name and isinstance(name, str) and isinstance(called, str):
                called = combined("{called} of inline policy {name}", {"called": called, "name": name})
            yield {"policy_name": name, **statement, "statement": called}

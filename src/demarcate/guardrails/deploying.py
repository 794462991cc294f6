"""Deploy guardrails: the change that makes their policies and attaches them to one target, and undoes that.

Controls of Control Tower are enabled for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import Reader, make_change
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Change, Operation, Read, Step, Undo
from demarcate.changes.values import EARLIER
from demarcate.checks.remedies import AFTER, Risk
from demarcate.guardrails import enabling
from demarcate.guardrails.filling import Choices, Policy, policies
from demarcate.guardrails.load import limits
from demarcate.guardrails.structs import TITLES, TYPES, Guardrail

ROOTS: Final = "organizations.list_roots"
LISTED: Final = "organizations.list_policies"
ATTACHED: Final = "organizations.list_policies_for_target"
DESCRIBED: Final = "organizations.describe_policy"
READS: Final = enabling.READS | {ROOTS, LISTED, ATTACHED, DESCRIBED}
"""What planning reads, and what applying reads again."""

TARGET: Final = re.compile(r"(?P<root>r-[0-9a-z]{4,32})|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|[0-9]{12}")
"""What a policy can be attached to: a root, a unit, or an account (botocore's model of AttachPolicy)."""


def plan(
    guardrails: Sequence[Guardrail],
    target: str,
    account: str,
    reader: Reader,
    choices: Choices,
    *,
    root: bool = False,
    region: str = enabling.GLOBAL,
) -> Change:
    """The change that puts guardrails on a target, as planned by the management account, or who acts for it.

    `region` is where Control Tower is asked for its landing zone.

    Raises DemarcateError where there is nothing to attach, where AWS would not take it, and for a root unless `root`.
    """
    _check(target, root=root)
    controls = [guardrail for guardrail in guardrails if guardrail.control]
    made = policies([guardrail for guardrail in guardrails if not guardrail.control], choices)
    try:
        if made:
            _check_types(made, account, reader)
        steps = list(_steps(made, target, account, reader))
        if controls:
            steps += enabling.steps(controls, target, account, reader, region)
    except NotDone as error:
        raise DemarcateError(f"{target}: {error}") from error
    if not steps:
        raise DemarcateError(f"{target} has all of these guardrails already")
    names = ", ".join(guardrail.id for guardrail in guardrails)
    return make_change(f"guardrails of {target}: {names}", "hand", f"guardrails {names}", steps)


def _check(target: str, *, root: bool) -> None:
    parts = TARGET.fullmatch(target)
    if parts is None:
        raise DemarcateError(f"{target!r} is no target: expected ou-…, an account of 12 digits, or r-… (--target)")
    if parts["root"] and not root:
        raise DemarcateError(
            f"{target} is a root, and all accounts are below it: try a unit first, or say that you mean it (--root)"
        )


def _check_types(made: Sequence[Policy], account: str, reader: Reader) -> None:
    """Refuse types of policies that are not switched on. Raises DemarcateError and NotDone."""
    read = Read(operation=Operation(name=ROOTS), state="Roots[].PolicyTypes[?Status=='ENABLED'].Type[]")
    enabled = reader.read(account, enabling.GLOBAL, read) or []
    for kind in sorted({policy.kind for policy in made}):
        if TYPES[kind] not in enabled:
            raise DemarcateError(
                f"{TITLES[kind]} are not switched on in this organization: aws organizations enable-policy-type "
                f"--policy-type {TYPES[kind]} --root-id ROOT"
            )


def _steps(made: Sequence[Policy], target: str, account: str, reader: Reader) -> Iterator[Step]:
    """The steps of all policies, each made and then attached. Raises DemarcateError and NotDone."""
    number = 0
    for kind in dict.fromkeys(policy.kind for policy in made):
        mine = [policy for policy in made if policy.kind == kind]
        names: list[str] = reader.read(account, enabling.GLOBAL, _at(target, mine[0], "Policies[].Name")) or []
        new = [policy for policy in mine if policy.name not in names]
        if len(names) + len(new) > limits()[kind].attached:
            raise DemarcateError(
                f"{target} has {len(names)} {TITLES[kind]}, {len(new)} would be added, and AWS attaches "
                f"{limits()[kind].attached} at most"
            )
        for policy in new:
            there = _there(policy, account, reader)
            if there is None:
                yield _made(policy, account)
                number += 1
            yield _attached(policy, target, account, there or {EARLIER: f"[{number - 1}].Id"})
            number += 1


def _named(policy: Policy) -> Read:
    """The policy that has the name, wherever it is attached."""
    return Read(
        operation=Operation(name=LISTED, parameters={"Filter": TYPES[policy.kind]}),
        state=f"Policies[?Name=='{policy.name}'] | [0].{{Id: Id, Name: Name}}",
        pages=True,
    )


def _at(target: str, policy: Policy, state: str) -> Read:
    return Read(
        operation=Operation(name=ATTACHED, parameters={"TargetId": target, "Filter": TYPES[policy.kind]}),
        state=state,
        pages=True,
    )


def _there(policy: Policy, account: str, reader: Reader) -> str | None:
    """The id of the policy, where it was made already. Raises DemarcateError for another one of its name."""
    known: dict[str, Any] | None = reader.read(account, enabling.GLOBAL, _named(policy))
    if known is None or not known.get("Id"):
        return None
    read = Read(operation=Operation(name=DESCRIBED, parameters={"PolicyId": known["Id"]}), state="Policy.Content")
    if reader.read(account, enabling.GLOBAL, read) != policy.text:
        raise DemarcateError(
            f"the policy {policy.name} ({known['Id']}) was changed since it was made: rename it there, or delete it"
        )
    return str(known["Id"])


def _made(policy: Policy, account: str) -> Step:
    told = f"{'; '.join(guardrail.title for guardrail in policy.guardrails)}"
    return Step(
        account=account,
        region=enabling.GLOBAL,
        resource=policy.name,
        do=Operation(
            name="organizations.create_policy",
            parameters={
                "Name": policy.name,
                "Description": told if len(told) <= _DESCRIPTION else f"{told[: _DESCRIPTION - 1]}…",
                "Type": TYPES[policy.kind],
                "Content": policy.text,
            },
        ),
        reads=_named(policy),
        before=None,
        done="Id",
        undo=Undo(operation=Operation(name="organizations.delete_policy", parameters={"PolicyId": {AFTER: "Id"}})),
    )


_DESCRIPTION: Final = 512
"""How many characters the description of a policy may have (botocore's model of CreatePolicy)."""


def _attached(policy: Policy, target: str, account: str, id_: Any) -> Step:
    risks: set[Risk] = {"interrupts"}
    if any(guardrail.locks_out for guardrail in policy.guardrails):
        risks.add("locks-out")
    return Step(
        account=account,
        region=enabling.GLOBAL,
        resource=f"{policy.name} at {target}",
        do=Operation(name="organizations.attach_policy", parameters={"PolicyId": id_, "TargetId": target}),
        reads=_at(target, policy, f"Policies[?Name=='{policy.name}'] | [0].{{Id: Id, Name: Name}}"),
        before=None,
        done="Id",
        undo=Undo(
            operation=Operation(
                name="organizations.detach_policy", parameters={"PolicyId": {AFTER: "Id"}, "TargetId": target}
            )
        ),
        risk=tuple(sorted(risks)),
    )

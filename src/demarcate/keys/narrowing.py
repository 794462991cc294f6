"""Narrow a key's policy: what it becomes by the use that was recorded, who loses what by it, and who is locked out.

Of named principals only what uses the key is narrowed, to what they were recorded to do. What administers it stays, as
nobody does that every quarter; so does what leaves the decision to the account, names a service, or names everybody.
Sources: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html,
https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from demarcate.access.authorization import actions_like
from demarcate.access.callers import Own
from demarcate.access.comparing import gained
from demarcate.access.evaluating import account_named
from demarcate.access.statements import Policy, PolicyKind, listed, read
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import Reader
from demarcate.changes.structs import Change, Operation
from demarcate.changes.values import literal
from demarcate.estate.schema.unknown import Unknown
from demarcate.keys.access import OPERATIONS, Identities, uses_of_key
from demarcate.keys.changing import described
from demarcate.keys.listing import Key
from demarcate.keys.recorded import Recorded

_POLICY: Final = "kms.get_key_policy"
READS: Final = frozenset({_POLICY})
"""What is asked of AWS beside what says which key it is."""

LONGEST: Final = 32_768
"""How many bytes a key's policy may have.
Source: https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"""

USES: Final = frozenset(
    f"kms:{name}".lower()
    for name in (
        *("Decrypt", "DeriveSharedSecret", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair", "GenerateMac"),
        *(
            "GenerateDataKeyPairWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext",
            "ReEncryptFrom",
            "ReEncryptTo",
        ),
        *("Sign", "Verify", "VerifyMac", "Encapsulate", "Decapsulate"),
    )
)
"""The actions that use a key, as `kms:GetKeyLastUsage` counts use."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Somebody who may no longer do something, and how often CloudTrail recorded that they did, and when last."""

    principal: str
    operation: str
    perhaps: bool
    recorded: Recorded | None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The policy that is there and the narrower one, who loses what by it, and whether anybody is left to change it:
    None where that is not known.
    """

    before: str
    after: str
    losses: tuple[Loss, ...]
    governed: bool | None

    @property
    def locks_out(self) -> list[str]:
        """Who is locked out, in words: who was recorded to use what they lose, and everybody where nobody governs."""
        told = [
            f"{loss.principal} loses {loss.operation}, which it did {loss.recorded.times} times, last on "
            f"{loss.recorded.last[:10]}"
            for loss in self.losses
            if loss.recorded is not None
        ]
        if not self.governed:
            sure = "nobody" if self.governed is False else "perhaps nobody"
            told.append(f"{sure} of what was read could change the key's policy again")
        return told


def proposed(document: Any, recorded: Sequence[Recorded]) -> dict[str, Any]:
    """A policy that lets named principals use the key for what they were recorded to use it for, and no more.

    `recorded` is the use of this key. Raises DemarcateError for what is no policy.
    """
    document = read(document)
    if not isinstance(document, dict):
        raise DemarcateError("the key's policy cannot be read, and so not be narrowed")
    statements = [narrow for said in listed(document) if (narrow := _narrowed(said, recorded)) is not None]
    return {**document, "Statement": statements}


def _narrowed(said: Any, recorded: Sequence[Recorded]) -> Any:
    """A statement as it becomes: the same where it is not narrowed, None where nothing is left of it."""
    names = _named(said)
    if not names:
        return said
    written = said["Action"] if isinstance(said["Action"], list) else [said["Action"]]
    kept: list[str] = []
    for pattern in written:
        stands_for = list(actions_like(pattern if pattern != "*" else "kms:*"))
        uses = [each for each in stands_for if each.name.lower() in USES]
        if not uses:
            kept.append(pattern)
            continue
        did = {each.action for each in recorded if each.principal in names}
        kept += [each.name for each in stands_for if each not in uses or each.name.lower() in did]
    kept = list(dict.fromkeys(kept))
    return {**said, "Action": kept} if kept else None


def _named(said: Any) -> frozenset[str]:
    """The principals that a statement names, where it lets these, and no others, do what it names; else nobody."""
    if not isinstance(said, Mapping) or said.get("Effect") != "Allow" or "Action" not in said:
        return frozenset()
    principal = said.get("Principal")
    if not isinstance(principal, Mapping) or set(principal) != {"AWS"}:
        return frozenset()
    texts = principal["AWS"] if isinstance(principal["AWS"], list) else [principal["AWS"]]
    if not all(type(text) is str and "*" not in text and account_named(text) is None for text in texts):
        return frozenset()
    return frozenset(texts)


def narrowed(key: Key, before: Any, after: Any, identities: Identities, recorded: Sequence[Recorded]) -> Narrowed:
    """What comes of another policy in the place of a key's.

    Raises DemarcateError where it lets in whom the old one does not, and for what AWS would not take.
    """
    was, becomes = Policy.of(before), Policy.of(after)
    for policy, what in ((was, "the key's policy"), (becomes, "the new policy")):
        if policy.unknown is not None:
            raise DemarcateError(f"{what} cannot be weighed: {policy.unknown.reason}")
    text = to_json(read(after)).decode()
    if len(text.encode()) > LONGEST:
        raise DemarcateError(
            f"the new policy has {len(text.encode()):,} bytes: a key's policy has {LONGEST:,} at most"
        )
    wider = next(gained(was, becomes, PolicyKind.KEY, Own(key.account), "kms"), None)
    if wider is not None:
        reach = wider.reached.high.value
        raise DemarcateError(f"the new policy is not narrower: {wider.statement.name} lets in {reach}")
    asked = (*OPERATIONS, *sorted({each.action.removeprefix("kms:") for each in recorded} - _ASKED))
    may, may_not = (_allowed(key, document, identities, asked) for document in (before, after))
    gains = next((place for place in may_not if place not in may), None)
    if gains is not None:
        raise DemarcateError(f"the new policy is not narrower: {gains[0]} may {gains[1]} by it, and may not now")
    did = {(each.principal, each.action): each for each in recorded}
    losses = tuple(
        Loss(principal, operation, unsure, did.get((principal, f"kms:{operation}".lower())))
        for (principal, operation), unsure in may.items()
        if (principal, operation) not in may_not
    )
    left = [unsure for (_, operation), unsure in may_not.items() if operation == "PutKeyPolicy"]
    governed = None if left and all(left) else bool(left)
    return Narrowed(before if isinstance(before, str) else to_json(before).decode(), text, losses, governed)


_ASKED: Final = frozenset(name.lower() for name in OPERATIONS)


def _allowed(
    key: Key, document: Any, identities: Identities, operations: Sequence[str]
) -> dict[tuple[str, str], bool]:
    """Who may do what with a key under a policy: whether that is unsure."""
    under = replace(key, row={**key.row, "policy": read(document)})
    return {
        (use.principal, use.operation): isinstance(use.effective.allowed, Unknown)
        for use in uses_of_key(under, identities, operations=operations)
    }


def policy_of(name: str, account: str, region: str, reader: Reader) -> tuple[str, str]:
    """The ARN of a key, and the text of its policy as it is now. Raises DemarcateError."""
    plan, told = described(name, account, region, reader, "encryption.manage-key-policies")
    _, text = plan.read(_POLICY, "Policy", pages=False, KeyId=told["KeyId"], PolicyName="default")
    return plan.resource, text


def narrow(arn: str, told: Narrowed, reader: Reader) -> Change | None:
    """The change that puts the narrower policy; None where it is the one that is there. Raises DemarcateError."""
    if read(told.before) == read(told.after):
        return None
    plan, key = described(arn, "", "", reader, "encryption.manage-key-policies")
    of_key = {"KeyId": key["KeyId"], "PolicyName": "default"}
    reads, before = plan.read(_POLICY, "Policy", pages=False, **of_key)
    if before != told.before:
        raise DemarcateError(f"{arn}: its policy was changed since it was read: say it again")
    plan.step(
        Operation(name="kms.put_key_policy", parameters={**of_key, "Policy": told.after}),
        reads,
        before,
        f"@ != {literal(before)}",
        Operation(name="kms.put_key_policy", parameters={**of_key, "Policy": before}),
        risk=("interrupts", "locks-out"),
    )
    many = len({loss.principal for loss in told.losses})
    return plan.change(f"narrow the policy of {arn}: {many} lose something")

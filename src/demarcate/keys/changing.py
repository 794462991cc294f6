"""Rotation, deletion and grants of a key, as a person says that they are to be: a change of what is not so yet.

A key is disabled before its deletion is scheduled, so that what still uses it fails while the key can be had back, and
undoing the change makes it what it was. Sources:
https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html,
https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html,
https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.base.moments import utc
from demarcate.changes.making import Making
from demarcate.changes.planning import Reader
from demarcate.changes.structs import Change, Operation, Undo
from demarcate.changes.values import literal, without_nulls

_KEY: Final = "kms.describe_key"
_ROTATION: Final = "kms.get_key_rotation_status"
_ROTATIONS: Final = "kms.list_key_rotations"
_GRANTS: Final = "kms.list_grants"

READS: Final = frozenset({_KEY, _ROTATION, _ROTATIONS, _GRANTS})
"""What is asked of AWS."""

SHORTEST_PERIOD: Final = 90
LONGEST_PERIOD: Final = 2560
"""Days between two rotations that KMS takes.
Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html"""

SHORTEST_WAIT: Final = 7
LONGEST_WAIT: Final = 30
"""Days that KMS waits before it deletes a key.
Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"""

ON_DEMAND: Final = 3600.0
"""Seconds in which a rotation that was asked for must show. AWS names no time for it."""

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")

_STATE: Final = "KeyMetadata.KeyState"


def described(name: str, account: str, region: str, reader: Reader, owed: str) -> tuple[Making, Mapping[str, Any]]:
    """A key as it is now, and where steps for it are made. `name` is its ARN, its id, or an alias.

    An ARN says its account and region; what else it is called is looked for in those given. Raises DemarcateError.
    """
    parts = name.split(":", 5)
    if len(parts) == 6:
        if parts[2] != "kms" or not parts[3] or not parts[4]:
            raise DemarcateError(f"{name} is no key: expected arn:aws:kms:REGION:ACCOUNT:key/ID")
        region, account = parts[3], parts[4]
    elif not _ID.fullmatch(name) and not name.startswith("alias/"):
        name = f"alias/{name}"
    plan = Making(reader, account, region, name, owed)
    _, told = plan.read(_KEY, "KeyMetadata", pages=False, KeyId=name)
    if not isinstance(told, dict) or not told.get("Arn"):
        raise DemarcateError(f"{name}: AWS does not say which key that is")
    if told.get("KeyManager") == "AWS":
        raise DemarcateError(f"{name} is AWS's own key for a service: AWS rotates it, and nobody else changes it")
    plan.resource = told["Arn"]
    return plan, told


# --- rotation ---------------------------------------------------------------------------------------------


def cannot_rotate(told: Mapping[str, Any], *, on_demand: bool = False) -> str:
    """Why a key does not rotate by itself, or on demand, in words; empty where it does. `told` is as KMS describes it.

    >>> cannot_rotate({"KeySpec": "RSA_2048", "Origin": "AWS_KMS"})
    'it is not a symmetric encryption key: make a new one, and point the alias at it'
    """
    if told.get("KeySpec") != "SYMMETRIC_DEFAULT":
        return "it is not a symmetric encryption key: make a new one, and point the alias at it"
    origin = told.get("Origin")
    if origin not in ("AWS_KMS", "EXTERNAL"):
        return f"its material is kept in a key store of your own ({origin}): it rotates there, or by a new key"
    if origin == "EXTERNAL" and not on_demand:
        return "you import its material: import new material, and rotate with --now"
    regions = told.get("MultiRegionConfiguration") or {}
    if regions.get("MultiRegionKeyType") == "REPLICA":
        return f"it is a replica, and rotates with its primary key: {(regions.get('PrimaryKey') or {}).get('Arn')}"
    if told.get("KeyState") != "Enabled":
        return f"it is {told.get('KeyState')}: only a key that is enabled rotates"
    return ""


def rotate(
    name: str, days: int | None, account: str, region: str, reader: Reader, *, now: bool = False
) -> Change | None:
    """The change that has a key rotate by itself, every so many days where that is said, or that rotates it `now`.

    None where it does so already. Raises DemarcateError for a key that cannot, and where it cannot be read.
    """
    plan, told = described(name, account, region, reader, "encryption.rotate-keys")
    if why := cannot_rotate(told, on_demand=now):
        raise DemarcateError(f"{plan.resource}: {why}")
    key = told["KeyId"]
    if now:
        reads, before = plan.read(_ROTATIONS, "length(Rotations)", KeyId=key)
        plan.step(
            Operation(name="kms.rotate_key_on_demand", parameters={"KeyId": key}),
            reads,
            before,
            f"@ > {literal(before)}",
            Undo(
                why_not="no rotation is taken back: what was encrypted before is still decrypted with its material"
            ),
            risk=("costs",),
            wait=ON_DEMAND,
        )
        return plan.change(f"rotate {name} now")
    state = "{On: KeyRotationEnabled, Days: RotationPeriodInDays}"
    reads, before = plan.read(_ROTATION, state, pages=False, KeyId=key)
    if before["On"] and days in (None, before["Days"]):
        return None
    period = {} if days is None else {"RotationPeriodInDays": days}
    if before["On"]:
        back = {"RotationPeriodInDays": before["Days"]} if before["Days"] else {}
        undo = Operation(name="kms.enable_key_rotation", parameters={"KeyId": key, **back})
    else:
        undo = Operation(name="kms.disable_key_rotation", parameters={"KeyId": key})
    plan.step(
        Operation(name="kms.enable_key_rotation", parameters={"KeyId": key, **period}),
        reads,
        before,
        "On" if days is None else f"On && Days == {literal(days)}",
        undo,
        risk=("costs",),
    )
    return plan.change(f"rotate {name}" + (f" every {days} days" if days is not None else " every year"))


# --- deletion ---------------------------------------------------------------------------------------------


def delete(
    name: str, days: int, account: str, region: str, reader: Reader, depends: str
) -> tuple[Change | None, str]:
    """The change that disables a key and schedules its deletion in so many days, and what it waits for besides.

    `depends` says what depends on it, in words, for whoever approves. None where its deletion is scheduled. Raises
    DemarcateError where it cannot be read, or is in a state in which it cannot be deleted.
    """
    plan, told = described(name, account, region, reader, "configuration-management.protect-from-loss")
    key, state = told["KeyId"], told.get("KeyState")
    if state in _GOING:
        return None, ""
    if state not in ("Enabled", "Disabled", "PendingImport", "Unavailable"):
        raise DemarcateError(f"{plan.resource}: it is {state}: wait until it is not")
    reads, _ = plan.read(_KEY, _STATE, pages=False, KeyId=key)
    if state == "Enabled":
        plan.step(
            Operation(name="kms.disable_key", parameters={"KeyId": key}),
            reads,
            state,
            "@ == 'Disabled'",
            Operation(name="kms.enable_key", parameters={"KeyId": key}),
            risk=("interrupts", "locks-out"),
        )
        state = "Disabled"
    plan.step(
        Operation(name="kms.schedule_key_deletion", parameters={"KeyId": key, "PendingWindowInDays": days}),
        reads,
        state,
        "@ == 'PendingDeletion' || @ == 'PendingReplicaDeletion'",
        Operation(name="kms.cancel_key_deletion", parameters={"KeyId": key}),
        risk=("loses-data", "locks-out"),
    )
    replicas = (told.get("MultiRegionConfiguration") or {}).get("ReplicaKeys") or []
    left = ", ".join(str(each.get("Arn")) for each in replicas)
    return plan.change(f"delete {name} in {days} days: {depends}"), left


_GOING: Final = ("PendingDeletion", "PendingReplicaDeletion")


def cancel_deletion(
    name: str, account: str, region: str, reader: Reader, *, enable: bool = False, now: datetime | None = None
) -> Change | None:
    """The change that cancels the deletion of a key, which is disabled then, and enables it where that is said.

    None where there is nothing to do. Raises DemarcateError where it cannot be read.
    """
    plan, told = described(name, account, region, reader, "configuration-management.protect-from-loss")
    key, state = told["KeyId"], told.get("KeyState")
    reads, _ = plan.read(_KEY, _STATE, pages=False, KeyId=key)
    if state in _GOING:
        undo = {"KeyId": key, "PendingWindowInDays": _days_left(told, now or datetime.now(UTC))}
        plan.step(
            Operation(name="kms.cancel_key_deletion", parameters={"KeyId": key}),
            reads,
            state,
            " && ".join(f"@ != {literal(going)}" for going in _GOING),
            Operation(name="kms.schedule_key_deletion", parameters=undo),
            risk=("costs",),
        )
        state = "Disabled"
    if enable and state == "Disabled":
        plan.step(
            Operation(name="kms.enable_key", parameters={"KeyId": key}),
            reads,
            state,
            "@ == 'Enabled'",
            Operation(name="kms.disable_key", parameters={"KeyId": key}),
        )
    return plan.change(f"keep {name}")


def _days_left(told: Mapping[str, Any], now: datetime) -> int:
    """For how many days KMS would wait as it does now: never less than the fewest that it takes."""
    days, ends = told.get("PendingDeletionWindowInDays"), told.get("DeletionDate")
    if days is None and ends:
        days = (utc(datetime.fromisoformat(ends)) - now).days + 1
    return min(max(int(days or LONGEST_WAIT), SHORTEST_WAIT), LONGEST_WAIT)


# --- grants -----------------------------------------------------------------------------------------------


def retire_grants(name: str, ids: Sequence[str], account: str, region: str, reader: Reader) -> Change | None:
    """The change that revokes grants of a key. Undone, the same is granted again, under another id.

    Raises DemarcateError where the key has no grant of an id, and where it cannot be read.
    """
    plan, told = described(name, account, region, reader, "encryption.grant-key-use")
    key = told["KeyId"]
    _, grants = plan.read(_GRANTS, "Grants", KeyId=key)
    held = {grant["GrantId"]: grant for grant in grants}
    alike: Counter[str] = Counter()
    for id_ in dict.fromkeys(ids):
        grant = held.get(id_)
        if grant is None:
            raise DemarcateError(
                f"{plan.resource} has no grant {id_}; `demarcate keys grants {name}` names those that it has"
            )
        same = " && ".join(f"{field} == {literal(grant.get(field))}" for field in _GIVEN if field != "Name")
        of_id, before = plan.read(_GRANTS, f"Grants[?GrantId == {literal(id_)}] | [0]", KeyId=key)
        again, many = plan.read(_GRANTS, f"Grants[?{same}] | length(@)", KeyId=key)
        many -= alike[same]
        alike[same] += 1
        given = {field: grant[field] for field in _GIVEN if grant.get(field)}
        plan.step(
            Operation(name="kms.revoke_grant", parameters={"KeyId": key, "GrantId": id_}),
            of_id,
            before,
            "@ == null",
            Undo(
                operation=Operation(name="kms.create_grant", parameters=without_nulls({"KeyId": key, **given})),
                reads=again,
                done=f"@ >= {literal(many)}",
            ),
            risk=("interrupts", "locks-out"),
        )
    count = "1 grant" if len(plan.steps) == 1 else f"{len(plan.steps)} grants"
    return plan.change(f"retire {count} of {name}")


_GIVEN: Final = (
    *("GranteePrincipal", "GranteeServicePrincipal", "RetiringPrincipal", "RetiringServicePrincipal"),
    *("Operations", "Constraints", "Name"),
)
"""What a grant is made of. The one who made it is whoever makes it anew."""

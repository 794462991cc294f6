"""Which steps can lock somebody out, and whom: the caller themselves, or the last administrator, where that is known.

What a person writes into a file of steps is not believed here: a call that can do it carries the risk in any case.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from demarcate.base.documents import read
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Operation, Read, Step

FILE: Final = Path(__file__).with_name("lockouts.yaml")
HOLDERS: Final = "iam.list_entities_for_policy"
"""What is asked of AWS to tell whether somebody is the last administrator."""

_ADMINISTRATOR: Final = ":iam::aws:policy/AdministratorAccess"
_OWN: Final = {"UserName": ":user/", "RoleName": ":assumed-role/"}


class _Lockout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    why: str
    only: str = ""
    """The parameter without which it cannot."""


class Lockouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`lockouts.yaml`."""

    sources: tuple[str, ...]
    checked: date
    operations: dict[str, _Lockout]


class Reader(Protocol):
    """What reads states: `reach.Reach`, which see."""

    def read(self, account: str, region: str, read: Read) -> Any:
        """The state. Raises NotDone."""


@cache
def lockouts() -> Lockouts:
    """What is known of operations."""
    return read(FILE, Lockouts)


def why(operation: Operation) -> str:
    """What an operation does that can lock somebody out; empty where it cannot."""
    told = lockouts().operations.get(operation.name)
    if told is None or (told.only and told.only not in operation.parameters):
        return ""
    return told.why


def with_lockout(step: Step) -> Step:
    """A step with the risk that somebody is locked out, where its call can do that."""
    if not why(step.do) or "locks-out" in step.risk:
        return step
    return msgspec.structs.replace(step, risk=(*step.risk, "locks-out"))


def whom(step: Step, caller: str, reader: Reader) -> str:
    """Whom a step would lock out, as far as that is known; `caller` is the ARN of who plans it."""
    parameters = step.do.parameters
    for name, kind in _OWN.items():
        own = caller.partition(kind)[2].partition("/" if name == "RoleName" else "\0")[0].rpartition("/")[2]
        if own and parameters.get(name) == own:
            return "it is of who plans it"
    if str(parameters.get("PolicyArn", "")).endswith(_ADMINISTRATOR) and step.do.name.startswith("iam.detach_"):
        return _last(step, reader)
    return ""


def _last(step: Step, reader: Reader) -> str:
    """Whether nobody else has the policy of administrators."""
    holders = Read(
        operation=Operation(name=HOLDERS, parameters={"PolicyArn": step.do.parameters["PolicyArn"]}),
        state="[PolicyGroups, PolicyUsers, PolicyRoles][]",
        pages=False,
    )
    try:
        held = reader.read(step.account, step.region, holders) or []
    except NotDone as error:
        return f"whether it is of the last administrator is not known: {error}"
    return "it is of the last administrator" if len(held) <= 1 else ""

"""What declared settings would have refused of recorded calls: policies of EC2 and S3, which services enforce.

They are no matter of rights, so that no role and no service is exempt; what a setting refuses is `data/refusals.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final, Literal

import jmespath
import msgspec

from demarcate.access.public import is_public
from demarcate.access.statements import Statement, listed
from demarcate.access.values import some
from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.guardrails.actions import Authorized
from demarcate.guardrails.calls import Call
from demarcate.guardrails.denying import Ruling
from demarcate.guardrails.load import FOLDER

_ROOTS: Final[Mapping[str, Literal["declarative-ec2", "s3"]]] = {
    "ec2_attributes": "declarative-ec2",
    "s3_attributes": "s3",
}
"""What a policy of each kind begins with."""

_ASSIGN: Final = "@@assign"


class Refused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that some values of a setting refuse; with none named, any."""

    what: str
    actions: tuple[str, ...]
    values: tuple[str, ...] = ()
    where: str = ""
    public: str = ""
    unknown: str = ""


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A setting, by its path in the policy."""

    setting: str
    refuses: tuple[Refused, ...]
    unseen: str = ""


class Refusals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`data/refusals.yaml`."""

    sources: tuple[str, ...]
    checked: date
    settings: tuple[Setting, ...]


@cache
def refusals() -> Refusals:
    """What is known of settings."""
    return read(FOLDER / "data" / "refusals.yaml", Refusals)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a value of a setting refuses."""

    name: str
    said: Refused

    def about(self, called: Authorized) -> bool | Unknown:
        """Whether it is about one of the actions of a call; where these are not known, about all of their service."""
        mine = {action.lower() for action in self.said.actions}
        if called.actions:
            return not mine.isdisjoint(called.actions)
        if called.service not in ("", *(action.partition(":")[0] for action in mine)):
            return False
        return Unknown(Kind.UNTOLD, "which action the call was authorized by")

    def denies(self, call: Call) -> bool | Unknown:
        """Whether it would have refused a call."""
        about = self.about(call.authorized)
        if about is not True:
            return about
        if self.said.unknown:
            return Unknown(Kind.UNTOLD, self.said.unknown)
        if not self.said.where and not self.said.public:
            return True
        if call.parameters is None:
            return Unknown(Kind.UNTOLD, "what the call asked for")
        if self.said.where:
            return bool(jmespath.search(self.said.where, call.parameters))
        policy = jmespath.search(self.said.public, call.parameters)
        if not isinstance(policy, dict):
            return Unknown(Kind.UNTOLD, "what the policy says")
        return some(is_public(Statement.of(written)) for written in listed(policy))


def kind_of(document: Any) -> Literal["declarative-ec2", "s3"] | None:
    """Which kind of policy of settings a document is; None where it is none."""
    named = document if isinstance(document, dict) else {}
    return next((kind for root, kind in _ROOTS.items() if root in named), None)


def rulings(document: Mapping[str, Any], name: str) -> tuple[list[Ruling], list[str]]:
    """What a policy of settings refuses, and what it stops that no recorded call tells.

    Raises DemarcateError for a setting that nothing is known of: what it refuses would pass for allowed.
    """
    refusing: list[Ruling] = []
    unseen: list[str] = []
    known = {told.setting: told for told in refusals().settings}
    for path, value in _settings(document, known):
        told = known.get(path)
        if told is None:
            raise DemarcateError(f"{name}: it is not known what {path} refuses")
        label = path.partition(".")[2]
        refusing += [
            Refusal(f"{label} ({refused.what})", refused)
            for refused in told.refuses
            if not refused.values or value in refused.values
        ]
        unseen += [told.unseen] if told.unseen else []
    if not refusing:
        raise DemarcateError(f"{name}: it assigns no setting")
    return refusing, unseen


def _settings(
    document: Mapping[str, Any], known: Mapping[str, Setting], above: str = ""
) -> Iterator[tuple[str, Any]]:
    """The settings of a policy and what is assigned to them. What only details one that is known is passed over."""
    for key, inner in document.items():
        path = f"{above}.{key}" if above else key
        if key.startswith("@@") or key in ("exception_message", "image_criteria"):
            continue
        if isinstance(inner, dict) and path not in known and _ASSIGN not in inner:
            yield from _settings(inner, known, path)
        else:
            yield path, inner.get(_ASSIGN) if isinstance(inner, dict) else inner


def whom(management: str, accounts: Sequence[str]) -> Callable[[Call], tuple[bool | Unknown, str]]:
    """What says whether a setting holds for a call: of everybody in an account but, unless it is named, that which
    manages the organization.
    """

    def binds(call: Call) -> tuple[bool | Unknown, str]:
        if management and call.account == management and management not in accounts:
            return False, "of the management account"
        return True, ""

    return binds

"""What Terraform says where a check passes: `terraform.yaml`, for checks whose columns do not lead back to it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from demarcate.base.documents import read
from demarcate.changes.values import Missing, Values, answers
from demarcate.checks.structs import Check
from demarcate.estate.sources.cloudformation.editing import NotEdited
from demarcate.estate.sources.terraform.wanted import Wanted, wanted_by


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of a resource, or of what completes it; `terraform.yaml` says what each member means."""

    says: dict[str, Any]
    by: str = ""
    into: str = ""
    which: dict[str, Any] = {}
    carries: tuple[str, ...] = ()
    document: dict[str, Any] | None = None
    anew: bool = False
    joined: bool = False


@cache
def arguments() -> Mapping[str, Arguments]:
    """The arguments by which checks pass, by check."""
    return read(Path(__file__).with_name("terraform.yaml"), dict[str, Arguments])


def wanted_for(check: Check, resource: str, asked: Mapping[str, Any]) -> list[Wanted]:
    """The arguments by which a kind of resource passes a check, as data says them; none where it does not.

    `asked` are values that a person gives. Raises NotEdited where one is missing, or no provider has the arguments.
    """
    of = arguments().get(check.id)
    if of is None:
        return []
    try:
        says = Values(None, answers(check.remedy, asked)).fill(of.says)
    except Missing as error:
        raise NotEdited(str(error)) from error
    return wanted_by(
        resource,
        says,
        by=of.by,
        into=of.into,
        which=of.which,
        carries=of.carries,
        document=of.document,
        anew=of.anew,
        joined=of.joined,
    )

"""Rings: which resources receive an artefact first, and what lets it through to the next. Data, in a file.

    budget: 10%
    snapshots: true
    freezes: [{from: 2026-12-18, to: 2027-01-04, why: end of the year}]
    rings:
      - id: test
        tags: {environment: [test]}
        approvals: {default: 0}
        soak: 24h
        checks: [ssm-managed-instance-patch-compliant]
      - id: production
        units: [ou-abcd-11111111]
        approvals: {default: 2}
        windows: [{days: [sat, sun], from: "22:00", to: "04:00", zone: Europe/Berlin}]
        alarms: [checkout-errors]

A ring is a policy of changes (`changes/policies.py`): it has its accounts, tags, approvals, windows, freezes, limits
and alarms. Each resource belongs to the first ring that is for it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from demarcate.base.documents import DocumentError, compose, convert, line_of, node_at, read_text
from demarcate.base.errors import DemarcateError
from demarcate.changes.policies import Freeze, Policy, wrong_of
from demarcate.checks.catalog import select
from demarcate.checks.structs import Check

_SOAK: Final = re.compile(r"([1-9][0-9]{0,3}) ?(m|h|d)")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_UNIT: Final = re.compile(r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32}")
"""https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html"""
_BUDGET: Final = re.compile(r"([1-9][0-9]?|100) ?%")


class Ring(Policy, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Resources that receive an artefact together: of accounts, of units of the organization, with tags, in `groups`.

    `soak` is for how long it is watched, once it has the artefact. What must be so then: no alarm rings or rang, and
    each of `checks` passes for all of its resources that it judges.
    """

    name: str = msgspec.field(name="id")
    units: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Resource groups, by name, in whichever account and region there is one."""
    soak: str = ""
    checks: tuple[str, ...] = ()

    @property
    def soaks(self) -> timedelta:
        """For how long it is watched."""
        told = _SOAK.fullmatch(self.soak)
        return timedelta(**{_UNITS[told[2]]: int(told[1])}) if told else timedelta()

    def holds(
        self,
        account: str,
        units: Collection[str],
        tags: Mapping[str, Any] | None,
        groups: Collection[str] | None = (),
    ) -> bool | None:
        """Whether a resource belongs to it; None where that hangs on tags or on groups which are not known."""
        if self.accounts and account not in self.accounts:
            return False
        if self.units and not set(self.units) & set(units):
            return False
        if self.groups and groups is not None and not set(self.groups) & set(groups):
            return False
        if (tags is None and self.tags) or (groups is None and self.groups):
            return None
        return all((tags or {}).get(key) in values for key, values in self.tags.items())


class Rings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rings in order. `budget` is how many resources of a ring may be out at once, whatever their service: a number, or
    per cent of the ring. With `snapshots`, a copy of what a patch cannot be taken back from is made first.
    """

    rings: tuple[Ring, ...]
    budget: int | str = 1
    snapshots: bool = False
    freezes: tuple[Freeze, ...] = ()

    def at_once(self, resources: int) -> int:
        """How many of so many resources may be out at once: one at least."""
        if isinstance(self.budget, int):
            return self.budget
        told = _BUDGET.fullmatch(self.budget)
        return max(1, resources * int(told[1]) // 100) if told else 1


def read_rings(path: Path, checks: Mapping[str, Check]) -> Rings:
    """The rings of a file, with the freezes that hold for all. Raises DocumentError that names the line."""
    file = str(path)
    node = compose(read_text(path), file)
    try:
        rings = convert(node, Rings, file)
    except DocumentError as error:
        raise DocumentError(error.message + _meant(error.message), file, error.line) from error
    for where, wrong in _wrong(rings, checks):
        deepest = node_at(node, where)
        raise DocumentError(wrong, file, line_of(deepest) if isinstance(deepest, yaml.Node) else None)
    frozen = tuple(msgspec.structs.replace(ring, freezes=(*ring.freezes, *rings.freezes)) for ring in rings.rings)
    return msgspec.structs.replace(rings, rings=frozen)


_KEYS: Final = tuple(field.encode_name for type_ in (Ring, Rings) for field in msgspec.structs.fields(type_))


def _meant(message: str) -> str:
    """The key that somebody may have meant who wrote another one."""
    told = re.search("unknown field `([^`]+)`", message)
    near = difflib.get_close_matches(told[1], _KEYS, 1) if told else []
    return f"; did you mean {near[0]}?" if near else ""


def _wrong(rings: Rings, checks: Mapping[str, Check]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What cannot be, and where it stands."""
    budget = rings.budget
    if (isinstance(budget, int) and budget < 1) or (isinstance(budget, str) and not _BUDGET.fullmatch(budget)):
        yield ("budget",), f"{budget!r} is no budget; expected a number from 1, or per cent such as 10%"
    if not rings.rings:
        yield ("rings",), "expected a list of rings"
    for wrong in wrong_of(Policy(name="all", freezes=rings.freezes)):
        yield ("freezes",), wrong
    names = set[str]()
    for place, ring in enumerate(rings.rings):
        where = ("rings", place)
        if ring.name in names:
            yield (*where, "id"), f"there are two rings {ring.name!r}"
        names.add(ring.name)
        for number, unit in enumerate(ring.units):
            if not _UNIT.fullmatch(unit):
                yield (
                    (*where, "units", number),
                    f"{unit!r} is no unit; expected one such as ou-abcd-11111111",
                )
        if ring.soak and not _SOAK.fullmatch(ring.soak):
            yield (*where, "soak"), f"{ring.soak!r} is no time to soak; expected one such as 30m, 24h or 3d"
        if ring.at_most.percent is not None:
            yield (
                (*where, "at-most"),
                "at-most per cent is of what a check judges; say budget for how many are out at once",
            )
        for number, check in enumerate(ring.checks):
            try:
                select(dict(checks), [check])
            except DemarcateError as error:
                yield (*where, "checks", number), str(error)
        for wrong in wrong_of(ring):
            yield where, f"ring {ring.name!r}: {wrong}"

"""A value for every member: texts, numbers and moments differ from member to member, and come from its name alone.

Booleans, and texts that may be a few values only, cannot all differ in one answer. So there are `VARIANTS` answers, and
of two such members of one object at least one answer says different things. After these come `SPARSE` answers in which
members of the item itself are left out, of two of a type one without the other: what that means is seen there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import product
from typing import Any

from tests.estate.golden.forms import Form
from tests.estate.golden.outline import Outline

VARIANTS = 5
SPARSE = 4
DEPTH = 6
"""How many objects stand within each other. Rules of firewalls go on for ever; no table looks deeper."""
ACCOUNT = "123456789012"
REGION = "eu-west-1"
_POLICIES = ("document", "resourcepolicy", "policytext", "keypolicy", "accesspolicies")
_DATES = ("date", "time", "timestamp", "lastmodified", "createdat", "updatedat")


@dataclass(slots=True)
class Values:
    """Makes the values of one variant, from 0; those from `VARIANTS` on are sparse.

    `keys` are the keys of maps that somebody looks for, by where the map is: botocore knows nothing of them. `thin` is
    where members may be left out, `kept` are the members that nothing can be asked or named without.
    """

    outline: Outline
    variant: int
    keys: Mapping[str, set[str]] = field(default_factory=dict)
    thin: Collection[str] = ()
    kept: Collection[str] = ()

    def of(self, form: Form, where: str) -> Any:
        """A value of a form for what is at `where` ("describe_volumes/Volumes/0/Size")."""
        return self._value(form, where, 0, ())

    def _value(self, form: Form, where: str, rank: int, above: tuple[str, ...]) -> Any:
        if form.kind == "object":
            return self._object(form, where, above)
        if form.kind == "list" and form.item is not None:
            item = form.item()
            return [self._value(item, f"{where}/{n}", rank + n, above) for n in (0, 1)]
        if form.kind == "map" and form.item is not None:
            keys = sorted(self.keys.get(_place(where), ())) or [text(f"{where}/key-{n}") for n in "ab"]
            return {key: self._value(form.item(), f"{where}/{key}", n, above) for n, key in enumerate(keys)}
        if form.kind == "boolean":
            return bool(code(2, rank)[self.variant % VARIANTS])
        values = self.outline.values(form)
        if values:
            return values[code(len(values), rank)[self.variant % VARIANTS]]
        return plain(form.kind, where)

    def _object(self, form: Form, where: str, above: tuple[str, ...]) -> dict[str, Any]:
        """An object with all members, but for what it is itself within of."""
        place = _place(where)
        thin = self.variant >= VARIANTS and place in self.thin
        within = (*above, form.name)
        made = {}
        for member in self.outline.members(form):
            if member.inner.name in within or (member.inner.kind == "object" and len(above) >= DEPTH):
                continue
            if thin and not self._told(member.number) and f"{place}/{member.name}" not in self.kept:
                continue
            made[member.name] = self._value(member.form, f"{where}/{member.name}", member.number, within)
        return made

    def _told(self, number: int) -> bool:
        """Whether the member with a number in its group is not left out, in a sparse variant."""
        return bool((number + 1) >> (self.variant - VARIANTS) & 1)


def code(size: int, rank: int) -> tuple[int, ...]:
    """Which of so many values the member of a rank has in each variant: never the same in all, where it can be."""
    codes = _codes(size)
    return codes[rank % len(codes)]


@cache
def _codes(size: int) -> list[tuple[int, ...]]:
    """All codes of which not every variant is the same, those with most values first."""
    codes = [choices for choices in product(range(size), repeat=VARIANTS) if len({*choices}) > 1]
    return sorted(codes, key=lambda choices: (-len({*choices}), choices)) or [(0,) * VARIANTS]


def digest(where: str) -> str:
    """A number that stands for a place, in hexadecimal."""
    return sha256(where.encode()).hexdigest()


@cache
def _place(where: str) -> str:
    return "/".join(part for part in where.split("/") if not part.isdecimal())


def _name(where: str) -> str:
    return _place(where).rpartition("/")[2]


def text(where: str) -> str:
    """A text that is found nowhere else: the member's name, and a few letters for where it is."""
    return f"{_name(where)}-{digest(where)[:4]}"


@cache
def plain(kind: str, where: str) -> Any:
    """A value for a place, in the form that its name asks for."""
    number = int(digest(where)[:6], 16)
    if kind == "number":
        return number
    if kind == "fraction":
        return number + 0.5
    if kind == "moment":
        return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=number * 10)
    if kind == "bytes":
        return text(where).encode()
    name = _name(where).lower()
    if kind == "any":
        return policy(where) if name.endswith(_POLICIES) else {text(f"{where}/member"): text(f"{where}/value")}
    if name.endswith(("arn", "arns")):
        return f"arn:aws:service:{REGION}:{ACCOUNT}:{text(where)}"
    if name == "policy" or name.endswith(_POLICIES):
        return json.dumps(policy(where))
    if name.endswith(_DATES):
        return plain("moment", where).isoformat()
    return text(where)


def policy(where: str) -> dict[str, Any]:
    """A policy that is found nowhere else."""
    statement = {
        "Sid": text(where),
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{text(where)}"},
        "Action": f"service:{text(where)}",
        "Resource": f"arn:aws:service:::{text(where)}",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}

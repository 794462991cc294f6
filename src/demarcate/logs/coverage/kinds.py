"""The kinds of logs that there are, as `sources.yaml` has them, and what of an estate tells of them."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.estate.sources.plan import Selection
from demarcate.permitted.resources import of_identities

BUCKETS: Final = "aws_s3_bucket"
GROUPS: Final = "aws_cloudwatch_log_group"
TRAILS: Final = "aws_cloudtrail_trail"
IDENTITIES: Final = ("aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_policy")

_OF_PLACES: Final = {
    BUCKETS: (
        *("name", "arn", "policy", "versioning_enabled", "expires_after_days"),
        *("object_lock_enabled", "object_lock_default_mode", "object_lock_default_days"),
    ),
    GROUPS: ("name", "arn", "retention_in_days", "deletion_protection_enabled"),
}

SELECTORS: Final = ("is_logging", "event_selectors", "advanced_event_selectors")
"""What of a trail tells which data events it records."""


class Is(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of a column: that it equals something, that its list holds it, or that there is anything."""

    equals: str | bool | None = None
    holds: str = ""
    filled: bool = False


class To(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"kind": "is"}):
    """Where a log lies: see `sources.yaml`."""

    column: str
    kind: str
    form: str = "{}"
    day: str = ""
    prefix: str = ""
    path: str = ""
    hive: str = ""
    where: dict[str, Is] = {}
    newest: str = ""
    error: str = ""
    optional: bool = False


class Then(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a third table."""

    table: str
    own: str
    key: str


class By(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of another table that says of a resource that it is logged."""

    table: str
    own: str
    key: str
    on: dict[str, Is]
    any: bool = False
    then: Then | None = None
    to: tuple[To, ...] = ()


class DataEvents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events of data, which trails record for resources of a type. An object's ARN goes on after `ends`."""

    type: str
    to: tuple[To, ...]
    ends: str = ""


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of log: see `sources.yaml`."""

    id: str
    title: str
    table: str
    named: str
    among: dict[str, Is] = {}
    on: dict[str, Is] = {}
    by: tuple[By, ...] = ()
    data_events: DataEvents | None = None
    to: tuple[To, ...] = ()
    kept: int | None = None


@cache
def kinds() -> tuple[Kind, ...]:
    """All of them, in their order."""
    return read(Path(__file__).with_name("sources.yaml"), tuple[Kind, ...])


def named(ids: Iterable[str]) -> list[Kind]:
    """The kinds that are meant: all where none is named. Raises DemarcateError for the id of none."""
    told = {kind.id: kind for kind in kinds()}
    chosen = list(ids) or list(told)
    for each in chosen:
        if each not in told:
            near = difflib.get_close_matches(each, told, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(told)}"
            raise DemarcateError(f"there is no kind of log {each!r}; {hint}")
    return [told[each] for each in chosen]


def columns(chosen: Iterable[Kind]) -> dict[str, tuple[str, ...]]:
    """What is read to tell of these kinds: tables, each with its columns; identities with all of them."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for kind in chosen:
        for name, asked in _asked(kind):
            wanted[name].update(asked)
    for name, asked in _OF_PLACES.items():
        wanted[name].update(asked)
    return {name: tuple(sorted(asked)) for name, asked in wanted.items()}


def _asked(kind: Kind) -> Iterator[tuple[str, Iterable[str]]]:
    yield kind.table, (kind.named, *kind.among, *kind.on, *_of(kind.to), *(by.own for by in kind.by))
    for by in kind.by:
        yield by.table, (by.key, *by.on)
        if by.then is None:
            yield by.table, _of(by.to)
        else:
            yield by.table, (by.then.own,)
            yield by.then.table, (by.then.key, *_of(by.to))
    if kind.data_events is not None:
        yield kind.table, ("arn",)
        yield TRAILS, (*SELECTORS, *_of(kind.data_events.to))


def _of(places: Iterable[To]) -> Iterator[str]:
    for to in places:
        yield from (
            name for name in (to.column, to.prefix, to.path, to.hive, to.newest, to.error, *to.where) if name
        )


def selection(chosen: Iterable[Kind]) -> Selection:
    """What is read of a source: also who may do what, to tell who may delete logs."""
    told = {name: frozenset(asked) for name, asked in columns(chosen).items()}
    return {**told, **of_identities()}

"""Which actions of IAM a recorded call was authorized by.

CloudTrail records the operation that was called, with the version of the API behind its name where a service has
several; most actions are called after it. Where that is not so the data beside this file has it, and where nothing
tells, the action is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Final

import msgspec

from demarcate.base.documents import read
from demarcate.base.encoding import from_json
from demarcate.base.files import read_bytes
from demarcate.guardrails.load import FOLDER

LARGEST: Final = 1_000_000
"""How many bytes our own data may have."""


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`data/actions.yaml`."""

    sources: tuple[str, ...]
    checked: date
    prefixes: dict[str, str]
    actions: dict[str, dict[str, tuple[str, ...]]]
    undecided: dict[str, frozenset[str]]
    of_versions: dict[str, tuple[str, ...]]


class _Made(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`data/actions.json`."""

    sources: dict[str, str]
    methods: dict[str, str]
    unknown: dict[str, frozenset[str]]


@cache
def written() -> Written:
    """What people wrote down of names that differ."""
    return read(FOLDER / "data" / "actions.yaml", Written)


@cache
def _made() -> _Made:
    return from_json(read_bytes(FOLDER / "data" / "actions.json", LARGEST), _Made)


@dataclass(frozen=True, slots=True)
class Authorized:
    """All actions that a call needed, in lower case. Where they are not known there are none, and `service` is the
    prefix of them, or "" where that is not known either.
    """

    actions: tuple[str, ...]
    service: str


_VERSION: Final = re.compile(r"(\d{4}_\d{2}_\d{2}|\d{8}(v\d+)?)$")
"""The version of the API behind the name of a call: CreateFunction20150331v2, UpdateDistribution2020_05_31."""

_HOST: Final = ".amazonaws.com"


@lru_cache(maxsize=32_768)
def authorized(source: str, name: str, *, version: bool = False) -> Authorized:
    """The actions of a call by its eventSource and eventName; `version` says that it names a version of an object.

    >>> authorized("lambda.amazonaws.com", "CreateFunction20150331").actions
    ('lambda:createfunction',)
    >>> authorized("s3.amazonaws.com", "ListObjects").actions
    ('s3:listbucket',)
    """
    first = source.removesuffix(_HOST)
    prefix = _made().sources.get(first, "")
    name = _VERSION.sub("", name)
    if name in written().undecided.get(first, ()):
        return Authorized((), "")
    told = written().actions.get(first, {}).get(name, (name,))
    if version and first == "s3":
        told = written().of_versions.get(name, told)
    if prefix == "apigateway":
        told = _only(_made().methods, name)
    elif name in _made().unknown.get(first, ()):
        told = ()
    return Authorized(tuple(f"{prefix}:{action}".lower() for action in told) if prefix else (), prefix)


def _only(methods: Mapping[str, str], name: str) -> tuple[str, ...]:
    return (methods[name],) if name in methods else ()

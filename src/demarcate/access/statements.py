"""A policy document of whatever kind as its statements, each with what it says by its elements.

From a live document, from JSON text and from a template alike: what is not known is kept where it stands, and so
is what only exists once deployed. What is larger than AWS takes, and a language of the future, are unknown.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

import msgspec

from demarcate.access.conditions import Test, tests_in
from demarcate.access.values import Values, lower, values_of
from demarcate.base.limits import MAX_BYTES
from demarcate.estate.schema.paths import ABSENT, kind
from demarcate.estate.schema.standins import combined, distinct, settled
from demarcate.estate.schema.transforms import document as parsed
from demarcate.estate.schema.unknown import Kind, Unknown

LANGUAGES: Final = {"2012-10-17": True, "2008-10-17": False}
"""The versions of the policy language, and whether its texts have variables. A document without one is of the older."""

MOST_STATEMENTS: Final = 5_000
"""How many statements of one policy are weighed against each other; AWS's largest policies have some hundred."""

MOST_WILDCARDS: Final = 200
"""How many wildcards one text may have, so that it is compared with others."""


class PolicyKind(StrEnum):
    """What a policy is attached to, which decides who it is about."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    KEY = "key"
    SESSION = "session"
    BOUNDARY = "boundary"
    SCP = "scp"
    RCP = "rcp"
    VPC_ENDPOINT = "vpc-endpoint"
    ACCESS_POINT = "access-point"
    S3_ORGANIZATION = "s3-organization"

    @property
    def names_principals(self) -> bool:
        """Whether its statements say whom they are for; those of others are for whoever has them attached."""
        return self in _NAMING


_NAMING: Final = frozenset(
    (
        *(PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.KEY, PolicyKind.RCP, PolicyKind.VPC_ENDPOINT),
        PolicyKind.ACCESS_POINT,
    )
)

# --- principals -------------------------------------------------------------------------------------------


class Principals(msgspec.Struct, frozen=True):
    """Principals by type; `unknown` where not even the types are known."""

    types: Mapping[str, Values] = {}
    unknown: Unknown | None = None

    @classmethod
    def of(cls, value: Any) -> Principals:
        """What Principal or NotPrincipal holds."""
        value = settled(value)
        if value is ABSENT or value is None:
            return _NOBODY
        if isinstance(value, Unknown):
            return cls(unknown=value)
        if value == "*":
            return cls({"*": Values(["*"])})
        if not isinstance(value, dict):
            return cls(unknown=Unknown(Kind.MALFORMED, f'Principal is "*" or an object, not {kind(value)}'))
        return cls({type_: values_of(texts) for type_, texts in value.items()})

    @property
    def given(self) -> bool:
        """Whether there are, or may be, any."""
        return bool(self.types) or self.unknown is not None

    @property
    def anyone(self) -> bool | Unknown:
        """Whether everybody is meant."""
        if "*" in self.types:
            return True
        aws = self.types.get("AWS", Values())
        return "*" in aws.known or self.unknown or aws.unknown or False

    @property
    def refused(self) -> bool:
        """Whether AWS refuses one of them: a wildcard stands for all, or else for nobody."""
        return any("*" in text for values in self.types.values() for text in values.known if text != "*")

    @property
    def column(self) -> Any:
        """Each as text, with its type."""
        if not self.types:
            return self.unknown or []
        texts = []
        for type_, values in self.types.items():
            if self.unknown or values.unknown:
                return self.unknown or values.unknown
            of_type = f"{type_}:{{value}}"
            texts += [
                "*" if text == "*" and type_ in ("*", "AWS") else combined(of_type, {"value": whole})
                for text, whole in zip(values.known, values.texts, strict=True)
            ]
        return self.unknown or distinct(texts)

    def of_type(self, type_: str, change: Any) -> Any:
        """The principals of one type, each changed by a function (which may give an Unknown)."""
        values = self.types.get(type_)
        if values is None:
            return self.unknown or []
        if self.unknown or values.unknown:
            return self.unknown or values.unknown
        texts = [change(text) for text in values.texts]
        return next((text for text in texts if isinstance(text, Unknown)), texts)


_NOBODY: Final = Principals()


# --- statements -------------------------------------------------------------------------------------------


class Statement(msgspec.Struct, frozen=True, dict=True):
    """What a statement of a policy says, by its elements. `index` is its number, from 1, and `line` where it begins."""

    effect: Any
    actions: Values
    not_actions: Values
    resources: Values
    not_resources: Values
    conditions: Any
    principals: Principals = Principals()
    not_principals: Principals = Principals()
    sid: Any = ""
    index: int = 0
    line: int | None = None

    @classmethod
    def of(cls, statement: Any, index: int = 0, line: int | None = None) -> Statement:
        """The elements of one statement; all are unknown where it is none."""
        if not isinstance(statement, dict):
            reason = no_statement(statement)
            some_, none, nobody = Values(unknown=reason), Values(), Principals()
            whom = Principals(unknown=reason)
            return cls(reason, some_, none, some_, none, reason, whom, nobody, reason, index, line)
        conditions = settled(statement.get("Condition", {}))
        return cls(
            settled(statement.get("Effect", Unknown(Kind.MALFORMED, "a statement has no Effect"))),
            lower(statement.get("Action", ABSENT)),
            lower(statement.get("NotAction", ABSENT)),
            values_of(statement.get("Resource", ABSENT)),
            values_of(statement.get("NotResource", ABSENT)),
            {} if conditions is None else conditions,
            Principals.of(statement.get("Principal", ABSENT)),
            Principals.of(statement.get("NotPrincipal", ABSENT)),
            statement.get("Sid", ""),
            index,
            line,
        )

    @cached_property
    def tests(self) -> tuple[Test | Unknown, ...]:
        """The tests of its condition, all of which must hold; Unknown for one that cannot be read."""
        if self.conditions == {}:
            return ()
        return tuple(test if isinstance(test, Unknown) else Test.of(*test) for test in tests_in(self.conditions))

    @property
    def allows(self) -> bool | Unknown:
        """Whether it allows; what is neither Allow nor Deny, AWS refuses."""
        if isinstance(self.effect, Unknown):
            return self.effect
        if self.effect not in ("Allow", "Deny"):
            return Unknown(Kind.MALFORMED, "AWS refuses an Effect that is neither Allow nor Deny")
        return bool(self.effect == "Allow")

    @property
    def called(self) -> str:
        """What people call it where there is no file: its number and its Sid."""
        sid = f" ({self.sid})" if type(self.sid) is str and self.sid else ""
        return f"statement {self.index}{sid}"

    @property
    def name(self) -> str:
        """What people call it: its number, its Sid and its line."""
        return self.called + (f" on line {self.line}" if self.line else "")


def no_statement(value: Any) -> Unknown:
    """Why something is no statement."""
    if isinstance(value, Unknown):
        return value
    return Unknown(Kind.MALFORMED, f"a statement is an object, not {kind(value)}")


# --- documents --------------------------------------------------------------------------------------------


class Policy(msgspec.Struct, frozen=True):
    """The statements of a document. `variables` says whether its texts have any. `unknown` is why it cannot be weighed
    as a whole, though its statements may be told: it says more than is compared, or in a language that is not known.
    """

    statements: tuple[Statement, ...]
    variables: bool = True
    unknown: Unknown | None = None
    written: tuple[Any, ...] = ()
    """The statements as they are written."""

    @classmethod
    def of(cls, document: Any, lines: tuple[int, ...] = ()) -> Policy:
        """A document: as data, or as JSON text. `lines` are where its statements begin, where that is known."""
        document = read(document)
        items = tuple(_listed(document))
        by_index = dict(enumerate(lines, 1))
        statements = tuple(
            Statement.of(written, number, by_index.get(number)) for number, written in enumerate(items, 1)
        )
        version = settled(document.get("Version")) if isinstance(document, dict) else None
        variables = not isinstance(version, Unknown) and LANGUAGES.get(str(version), False)
        return cls(statements, variables, _beyond(version, len(items)), items)


def _beyond(version: Any, count: int) -> Unknown | None:
    """Why a policy cannot be weighed as a whole."""
    if isinstance(version, Unknown):
        return version
    if version is not None and str(version) not in LANGUAGES:
        said = str(version)[:40]
        return Unknown(Kind.UNSUPPORTED, f"version {said!r} of the policy language, which is not known here")
    if count > MOST_STATEMENTS:
        return Unknown(Kind.TOO_MUCH, f"{count:,} statements: at most {MOST_STATEMENTS:,} are weighed")
    return None


def read(document: Any) -> Any:
    """A policy document as data. Text that is none, that is too long, or has a key twice, is Unknown, and says so."""
    if not isinstance(document, str) or (type(document) is str and not document):
        return document
    if type(document) is str and len(document) > MAX_BYTES:
        return Unknown(Kind.TOO_MUCH, f"a policy of {len(document):,} characters: at most {MAX_BYTES:,} are read")
    data = parsed(document)
    if type(document) is str and isinstance(data, dict):
        twice = None if _as_many_keys(document, data) else _twice(document)
        if twice is not None:
            return Unknown(Kind.MALFORMED, f"the policy has the key {twice[:60]!r} twice in one object")
    return data


_SPACED: Final = re.compile(r'"\s+:')


def _as_many_keys(text: str, data: Any) -> bool:
    """Whether JSON text has as many keys as what it says, so that none can be there twice; False where that is not told
    at a glance.
    """
    return text.count('":') == _keys_in(data) and not _SPACED.search(text)


def _keys_in(data: Any) -> int:
    if isinstance(data, dict):
        return len(data) + sum(_keys_in(value) for value in data.values() if isinstance(value, dict | list))
    return sum(_keys_in(value) for value in data if isinstance(value, dict | list))


class _Twice(Exception):
    """A key that stands twice in an object."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        raise _Twice(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return made


def _twice(text: str) -> str | None:
    """A key that stands twice in an object of JSON text that is known to be good."""
    try:
        json.loads(text, object_pairs_hook=_pairs)
    except _Twice as error:
        return str(error)
    except ValueError:
        return None
    return None


def listed(document: Any) -> list[Any]:
    """The statements of a policy document as they are written: as data, or as JSON text. None or nothing has none; one
    that is Unknown stands for all of those that could not be read.
    """
    return list(_listed(read(document)))


def _listed(document: Any) -> Iterator[Any]:
    if document is None or (type(document) is str and not document):
        return
    if isinstance(document, Unknown):
        yield document
    elif not isinstance(document, dict):
        yield Unknown(Kind.MALFORMED, f"a policy document is an object, not {kind(document)}")
    else:
        items = document.get("Statement", [])
        yield from items if isinstance(items, list) else [items]

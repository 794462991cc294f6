"""Stand-ins: what a template assigns in place of a value that only exists once deployed.

It is known which value that is, and not what it is. So a stand-in may be handed on, kept and compared with another
one, and nothing else may be asked of it: a function that looks at one as at a text has no answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from demarcate.estate.schema.unknown import Kind, Unknown

HOLE: Final = r"\$\{([^{}!][^{}]*)\}"
"""A pattern of what is assigned in a text, with its name."""

_HOLE: Final = re.compile(HOLE)

DYNAMIC: Final = "resolve:"
"""How the name of an assigned part begins that a dynamic reference makes: anything may come of it."""

PARAMETER: Final = DYNAMIC + "ssm"
"""How it begins where the reference is to Parameter Store."""

ARN: Final = r"\$\{[^{}!:][^{}:]*\.Arn\}"
"""A pattern of assigned parts that begin with `arn:`."""

NEVER_EMPTY: Final = (
    r"\$\{[^{}!:][^{}:]*\.(Arn|Id)\}"
    r"|\$\{([^{}:]*/)?AWS::(AccountId|Partition|Region|StackId|StackName|URLSuffix)\}"
)
"""A pattern of assigned parts that are known not to be empty, beside what `Ref` gives."""

MAY_BE_EMPTY: Final = r"(\$\{(resolve:[^{}]*|([^{}!/]+/)*[^{}!/][^{}/]*[.:][^{}/]*)\})*"
"""A pattern of texts of which nothing is left without attributes, once the parts that are never empty are replaced."""


class Undecided(Exception):
    """Something was asked of a stand-in that only its value can answer."""

    def __init__(self, value: StandIn) -> None:
        super().__init__(value.reason)
        self.value = value


class StandIn:
    """A text that only exists once deployed.

    `text` stands for it in rows, the same for each that is the same value. `written` says what it is made of, as
    `Fn::Sub` writes it: `${DataKey.Arn}`, `logs-${AWS::AccountId}`, and `${!x}` for a `${x}` that is text. Where it is
    the base64 of another one, that is `encoded`.

    It says of itself that it is a `str`, so that functions of texts take it for the text that it will be, and what
    then asks for its letters raises: Undecided, or TypeError where a function of the library does.

    >>> key = StandIn("DataKey.Arn", "${DataKey.Arn}")
    >>> isinstance(key, str), key == "", bool(key), key.reason
    (True, False, True, 'is what DataKey.Arn will be, once deployed')
    """

    __slots__ = ("encoded", "text", "written")

    def __init__(self, text: str, written: str, encoded: StandIn | None = None) -> None:
        self.text, self.written, self.encoded = text, written, encoded

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return str

    @property
    def filled(self) -> bool:
        """Whether it is known not to be empty: what `Ref` gives, an ARN, or a text with more than what is assigned."""
        return _filled(self.written)

    @property
    def reason(self) -> str:
        """Why its value is not known."""
        return reason(self.written)

    @property
    def unknown(self) -> Unknown:
        """What is told where its value is needed."""
        return Unknown(Kind.PARAMETER_STORE if self.refers_to(PARAMETER) else Kind.DEPLOYMENT, self.reason)

    def refers_to(self, store: str) -> bool:
        """Whether a dynamic reference in it begins so: `resolve:secretsmanager:`."""
        return any(name.startswith(store) for name in _HOLE.findall(self.written))

    def __eq__(self, other: object) -> bool:
        if type(other) is StandIn:
            if self.written == other.written:
                return True
        elif not isinstance(other, str | int | float) or (isinstance(other, str) and not self.may_be(other)):
            return False
        raise Undecided(self)

    __hash__ = None  # type: ignore[assignment]

    def may_be(self, text: str) -> bool:
        """Whether its value may turn out to be that text, by what stands around of what is assigned."""
        return _pattern(self.written).fullmatch(text) is not None

    def __bool__(self) -> bool:
        if self.filled:
            return True
        raise Undecided(self)

    def __contains__(self, text: str) -> bool:
        if any(text in piece for piece in _HOLE.split(self.written)[::2]):
            return True
        raise Undecided(self)

    def startswith(self, text: str) -> bool:
        """As of a `str`, by what stands before all that is assigned."""
        known = _HOLE.split(self.written)[0]
        if known.startswith(text) or not text.startswith(known):
            return known.startswith(text)
        raise Undecided(self)

    def endswith(self, text: str) -> bool:
        """As of a `str`, by what stands after all that is assigned."""
        known = _HOLE.split(self.written)[-1]
        if known.endswith(text) or not text.endswith(known):
            return known.endswith(text)
        raise Undecided(self)

    @property
    def is_of_names(self) -> bool:
        """Whether all that is assigned in it names things: ids, ARNs, the account, the region."""
        return all(_part(name) != ".*" for name in _HOLE.findall(self.written))

    def fill(self, put: Callable[[str], str]) -> str:
        """The text with something put in for what is assigned, by its name: `DataKey.Arn`, `AWS::Region`."""
        return _HOLE.sub(lambda hole: put(hole[1]), self.written).replace("${!", "${")

    @property
    def sample(self) -> str:
        """A text of the form that its value will have. Raises Undecided where not all of what is assigned is names."""
        if not self.is_of_names:
            raise Undecided(self)
        return self.fill(lambda name: _SAMPLES[_part(name)])

    def __repr__(self) -> str:
        return f"StandIn({self.text!r}, {self.written!r})"

    def __str__(self) -> str:
        raise Undecided(self)

    def __format__(self, _: str) -> str:
        raise Undecided(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise Undecided(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return StandIn, (self.text, self.written, self.encoded)


def reason(written: str) -> str:
    """Why a value is not known, by what it is made of."""
    whole = _HOLE.fullmatch(written)
    return f"is what {whole[1] if whole else written} will be, once deployed"


def escaped(text: str) -> str:
    """A text that is known, as `Fn::Sub` writes it."""
    return text.replace("${", "${!") if "${" in text else text


def _filled(written: str) -> bool:
    return _pattern(written).fullmatch("") is None


_PSEUDO_NAME: Final = re.compile(r"(?:.*/)?AWS::(?:AccountId|Partition|Region|StackName|URLSuffix)")


def _part(name: str) -> str:
    """A pattern of what an assigned part may be: of attributes, only ARNs and ids are known never to be empty."""
    if name.startswith(DYNAMIC):
        return ".*"
    if _PSEUDO_NAME.fullmatch(name):
        return _PSEUDO
    if name.endswith((".Arn", "AWS::StackId")):
        return "arn:.+"
    last = name.rpartition("/")[2]
    return ".+" if last.endswith(".Id") or not re.search("[.:]", last) else ".*"


_PSEUDO: Final = "[A-Za-z0-9.-]+"
_SAMPLES: Final = {_PSEUDO: "x", "arn:.+": "arn:x:x:x:x:X", ".+": "X"}
"""What a part of each pattern may look like; a wildcard is none of them."""


@lru_cache(maxsize=4096)
def _pattern(written: str) -> re.Pattern[str]:
    pieces = _HOLE.split(written)
    return re.compile(
        "".join(
            _part(piece) if index % 2 else re.escape(piece.replace("${!", "${"))
            for index, piece in enumerate(pieces)
        ),
        re.DOTALL,
    )


def combined(text: str, values: Mapping[str, Any]) -> str | StandIn:
    """A text with values put in at their names: a stand-in where one of them is."""
    shown = {name: value.text if type(value) is StandIn else value for name, value in values.items()}
    if not any(type(value) is StandIn for value in values.values()):
        return text.format_map(shown)
    written = {name: value.written if type(value) is StandIn else value for name, value in values.items()}
    return StandIn(text.format_map(shown), text.format_map(written))


def first_standin(value: Any) -> StandIn | None:
    """The first stand-in anywhere inside plain data (dicts, lists), or None."""
    if type(value) is StandIn:
        return value
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return None
    for item in value:
        if type(item) is not str and (inside := first_standin(item)) is not None:
            return inside
    return None


def sample(value: str | StandIn) -> str:
    """A text, or one of the form that a stand-in's value will have. Raises Undecided."""
    return value.sample if isinstance(value, StandIn) else value


def distinct(values: Iterable[Any]) -> list[Any]:
    """Texts and stand-ins without repetition."""
    return list({value.written if isinstance(value, StandIn) else (value,): value for value in values}.values())


def settled(value: Any) -> Any:
    """A value of which its letters are asked next: Unknown where it is a stand-in."""
    return value.unknown if type(value) is StandIn else value


def marks(type_: str, value: Any) -> Any:
    """What the stand-ins in a column's value are made of. Of a text that is one: what it is made of. Of a list of
    texts: a list as long, with NULL for those that are known. Of JSON: by where they are, as a JSON pointer (RFC 6901)
    says it.

    >>> marks("VARCHAR[]", ["a", StandIn("Group", "${Group}")])
    [None, '${Group}']
    >>> marks("JSON", {"Topics": [StandIn("Alarms", "${Alarms}")]})
    {'/Topics/0': '${Alarms}'}
    """
    if type_ == "VARCHAR[]":
        return [item.written if isinstance(item, StandIn) else None for item in value]
    return value.written if isinstance(value, StandIn) else dict(_marks(value, ""))


def _marks(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, StandIn):
        yield where, value.written
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _marks(item, f"{where}/{str(key).replace('~', '~0').replace('/', '~1')}")


def unmarked(value: Any, told: Any) -> Any:
    """A column's value with its stand-ins again, by what `marks` told of them: those of each are what they were, but
    for what they are the base64 of.

    >>> unmarked({"Topics": ["Alarms"]}, {"/Topics/0": "${Alarms}"})
    {'Topics': [StandIn('Alarms', '${Alarms}')]}
    """
    if isinstance(told, str):
        return StandIn(value, told)
    if isinstance(told, list):
        return [item if mark is None else StandIn(item, mark) for item, mark in zip(value, told, strict=True)]
    for pointer, mark in told.items():
        *way, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))
        inside = value
        for step in way:
            inside = inside[int(step) if isinstance(inside, list) else step]
        key: Any = int(last) if isinstance(inside, list) else last
        inside[key] = StandIn(inside[key], mark)
    return value


def shown(value: Any) -> Any:
    """Plain data with the texts that stand for stand-ins in their places. What has none is its own answer."""
    if type(value) is StandIn:
        return value.text
    if isinstance(value, dict):
        return {key: item if type(item) is str else shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [item if type(item) is str else shown(item) for item in value]
    return value

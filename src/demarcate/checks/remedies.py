"""What mends a failing resource: beside the check, as data.

A remedy that Demarcate can carry out is one or two calls of AWS. Operations are written as botocore writes them, their
parameters with columns of the failing row in braces, and with what AWS said before:

    remedy:
      text: Enable versioning.
      do: {s3.put_bucket_versioning: {Bucket: "{name}", VersioningConfiguration: {Status: Enabled}}}
      reads: {s3.get_bucket_versioning: {Bucket: "{name}"}}
      done: Status == 'Enabled'
      undo: {s3.put_bucket_versioning: {Bucket: "{name}", VersioningConfiguration: {Status: Suspended}}}
      risk: [costs]

`state`, `fits`, `done`, and what stands behind `$before` and `$after`, are JMESPath (https://jmespath.org). In `state`
and behind those two, a column stands in braces between quotes: `Keys[?KeyId=='{key_id}']`. What is null in an answer
is left out of a call.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from string import Formatter
from typing import Any, Final, Literal

import msgspec

from demarcate.base.limits import shortened

Risk = Literal["interrupts", "costs", "loses-data", "locks-out"]
RISKS: Final[tuple[Risk, ...]] = ("interrupts", "costs", "loses-data", "locks-out")
"""What a change may do beside what it is for: interrupt what runs, cost money, lose data, lock somebody out."""

Written = dict[str, dict[str, Any]]
"""An operation and its parameters, as they are written: one key, one value."""

Way = Literal["console", "cli", "cloudformation", "terraform"]
"""In which ways a person can do by hand what is not done for them."""

BEFORE: Final = "$before"
AFTER: Final = "$after"
ELSE: Final = "$else"
ASKED: Final = "$asked"
MERGED: Final = "$merged"
JOINED: Final = "$joined"
POLICY: Final = "$policy"
ADD: Final = "$add"
MARKS: Final = frozenset({BEFORE, AFTER, ELSE, ASKED, MERGED, JOINED, POLICY, ADD})
"""Keys of a mapping that stands for a value: what AWS said before or after, what was asked of a person, several
mappings laid over each other, several lists one behind the other, the text of a policy with statements added to it."""

COLUMN: Final = re.compile(r"'\{(\w+)\}'")
"""A column of the failing row in a JMESPath."""


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that only a person can say, such as for how long to keep logs."""

    about: str
    default: Any = None


class Mend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One call, what is read before and after it, and the call that undoes it.

    `state` is the part of what is read that the call changes; it is saved before, and must still be that when the
    call is made. `absent` are error codes that say there is none. `fits` is true of a state that the call can mend;
    any other takes a person. `done` is true of the state when the call has taken effect. `undo` is the call that
    brings back the state, `undo_absent` where there was none, or else why nothing does.
    """

    do: Written
    reads: Written
    state: str = "@"
    absent: tuple[str, ...] = ()
    fits: str = ""
    done: str
    undo: Written | str
    undo_absent: Written | None = None


class Remedy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """How to mend what fails: in a sentence, by hand, and, where it is safe, by calls that a change makes.

    `by_hand` has texts with columns of the failing row in braces. `then` are further calls, in order. `risk` says what
    the calls may do beside what they are for.
    """

    text: str
    by_hand: dict[Way, str] = {}
    asks: dict[str, Asked] = {}
    do: Written | None = None
    reads: Written | None = None
    state: str = "@"
    absent: tuple[str, ...] = ()
    fits: str = ""
    done: str = ""
    undo: Written | str | None = None
    undo_absent: Written | None = None
    then: tuple[Mend, ...] = ()
    risk: tuple[Risk, ...] | None = None

    @property
    def mends(self) -> tuple[Mend, ...]:
        """The calls in order; none where it takes a person."""
        if self.do is None or self.reads is None or self.undo is None:
            return ()
        first = Mend(
            do=self.do,
            reads=self.reads,
            state=self.state,
            absent=self.absent,
            fits=self.fits,
            done=self.done,
            undo=self.undo,
            undo_absent=self.undo_absent,
        )
        return (first, *self.then)


def faults(remedy: Remedy, columns: list[str]) -> Iterator[str]:
    """What is wrong with a remedy of a check whose table has these columns."""
    wrong = list(_wrong_texts(remedy))
    if wrong:
        yield from wrong
        return
    given = (remedy.do, remedy.reads, remedy.undo, remedy.risk, remedy.done or None)
    partly = any(value is not None for value in given) or remedy.then
    if partly and any(value is None for value in given):
        yield "remedy: what is done takes all of do, reads, done, undo and risk"
    for mend in remedy.mends:
        calls = {"do": mend.do, "reads": mend.reads, "undo": mend.undo, "undo-absent": mend.undo_absent}
        for key, written in calls.items():
            if isinstance(written, dict) and (len(written) != 1 or "." not in next(iter(written))):
                yield f"remedy: {key} is one operation, such as s3.put_bucket_versioning, and its parameters"
        yield from (f"remedy: {wrong}" for wrong in wrong_paths(mend))
    for name in columns_of(remedy):
        if name not in columns:
            near = difflib.get_close_matches(name, columns, 1)
            yield f"remedy: the table has no column {name!r}{f'; did you mean {near[0]}?' if near else ''}"
    for name in asked_of(remedy):
        if name not in remedy.asks:
            yield f"remedy: it takes {name!r}, which is not among what it asks"


def _wrong_texts(remedy: Remedy) -> Iterator[str]:
    """Texts in which a column cannot be found."""
    for text in (*remedy.by_hand.values(), *(leaf for mend in remedy.mends for leaf in _leaves(_written(mend)))):
        try:
            names = [name for _, name, _, _ in Formatter().parse(text)] if isinstance(text, str) else []
        except ValueError:
            names = [""]
        if "" in names:
            yield f"remedy: {text!r} has a brace that holds no column: write {{{{ or }}}} for one of its own"


def wrong_paths(mend: Mend) -> Iterator[str]:
    """What is written as a path into an answer and is none."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    for text in (mend.state, mend.fits or "@", mend.done, *paths_of(mend)):
        if not isinstance(text, str):
            yield f"{shortened(str(text))} is no JMESPath: {BEFORE} and {AFTER} take a text"
            continue
        try:
            jmespath.compile(text)
        except JMESPathError as error:
            yield f"{text!r} is no JMESPath: {str(error).splitlines()[0]}"


def columns_of(remedy: Remedy) -> tuple[str, ...]:
    """The columns of the failing row that a remedy takes, sorted."""
    texts = [*remedy.by_hand.values()]
    names: set[str] = set()
    for mend in remedy.mends:
        texts += [value for value in _leaves(_written(mend)) if isinstance(value, str)]
        paths = (path for path in (mend.state, *paths_of(mend)) if isinstance(path, str))
        names.update(name for path in paths for name in COLUMN.findall(path))
    names.update(name for text in texts for _, name, _, _ in Formatter().parse(text) if name)
    return tuple(sorted(names))


def paths_of(mend: Mend) -> list[Any]:
    """What it looks up in a state: texts, where it is written as it has to be."""
    return [value[key] for value in _mappings(_written(mend)) for key in (BEFORE, AFTER) if key in value]


def takes_from_state(mend: Mend) -> bool:
    """Whether its call is made of what was read before it."""
    return any(BEFORE in value for value in _mappings([mend.do]))


def asked_of(remedy: Remedy) -> list[str]:
    """The names of what it takes from a person."""
    return [value[ASKED] for mend in remedy.mends for value in _mappings(_written(mend)) if ASKED in value]


def _written(mend: Mend) -> list[Any]:
    return [mend.do, mend.reads, mend.undo if isinstance(mend.undo, dict) else None, mend.undo_absent]


def _walk(value: Any, take: Callable[[Any], bool]) -> Iterator[Any]:
    if take(value):
        yield value
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in (BEFORE, AFTER, ASKED):
                yield from _walk(inner, take)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, take)


def _leaves(value: Any) -> Iterator[Any]:
    return _walk(value, lambda inner: not isinstance(inner, dict | list))


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    return _walk(value, lambda inner: isinstance(inner, dict))

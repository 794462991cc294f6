"""The few events of a file that any rule may match, found while it is decoded: of others four members are looked at.

What a file of CloudTrail is, and what is wrong with one, is the store's to say (`logs/store/forms/cloudtrail.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from demarcate.base.memory import keep_freed
from demarcate.logs.sigma.structs import ANCHORS, Rule
from demarcate.logs.store import inflating
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.entries import Entry
from demarcate.logs.store.forms import cloudtrail


class _Who(msgspec.Struct, gc=False):
    type: str = ""


class _Head(msgspec.Struct, gc=False, rename="camel"):
    event_name: str = ""
    error_code: str | None = None
    event_source: str = ""
    event_time: str = ""
    user_identity: _Who | None = None


class _Heads(msgspec.Struct, gc=False, rename="pascal"):
    records: list[_Head]


class _Raw(msgspec.Struct, gc=False, rename="pascal"):
    records: list[msgspec.Raw]


_heads: Final = msgspec.json.Decoder(_Heads).decode
_raw: Final = msgspec.json.Decoder(_Raw).decode


@dataclass(slots=True)
class Sifted:
    """What is left of some files: lines of JSON by file, how many events there were, and the first and last moment."""

    lines: list[bytes] = field(default_factory=list)
    events: int = 0
    first: str = ""
    last: str = ""
    refused: list[tuple[str, Damaged]] = field(default_factory=list)
    odd: int = 0


class Sieve:
    """What tells events that rules may match from all others."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._texts: dict[str, set[str]] = {name: set() for name in ANCHORS}
        self._open = False
        for rule in rules:
            if rule.correlation is not None:
                continue
            if rule.anchor is None:
                self._open = True
            else:
                self._texts[rule.anchor[0]].update(rule.anchor[1])
        self._asked = [name for name, texts in self._texts.items() if texts]
        # A text that was met once is not put into small letters again.
        self._known: dict[str, dict[str, bool]] = {name: {} for name in self._asked}

    def sift(self, entries: Sequence[Entry]) -> Sifted:
        """Read files. One that cannot be read is told, and the rest goes on."""
        sifted = Sifted()
        for entry in entries:
            try:
                self._file(inflating.whole(entry.read(inflating.MAX_PACKED)), sifted)
            except Damaged as damage:
                sifted.refused.append((entry.name, damage))
        return sifted

    def _file(self, data: bytes, sifted: Sifted) -> None:
        try:
            heads = _heads(data).records
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            self._carefully(data, sifted)
            return
        if not heads:
            return
        if not heads[0].event_name or heads[0].event_source.startswith("aws:"):
            cloudtrail.cut(data)  # which says what it is instead
        sifted.events += len(heads)
        _span(sifted, [head.event_time for head in heads])
        wanted = self._wanted(heads)
        if not wanted:
            return
        every = _raw(data).records
        records = [every[number] for number in wanted]
        if b"\n" in data:
            sifted.lines.append(b"".join(cloudtrail.compact(records)))
        else:
            sifted.lines.append(b"\n".join((*records, b"")))

    def _carefully(self, data: bytes, sifted: Sifted) -> None:
        """Take all records of a file in which something is odd. Raises Damaged for one that is none of CloudTrail's."""
        cloudtrail.cut(data)
        cut = cloudtrail.carefully(data)
        lines = list(cut.pieces)
        if lines:
            sifted.lines.append(b"".join(lines))
        sifted.events += len(lines)
        sifted.odd += cut.odd

    def _wanted(self, heads: list[_Head]) -> list[int]:
        """The places of the events that a rule may match."""
        if self._open:
            return list(range(len(heads)))
        wanted: set[int] = set()
        for name in self._asked:
            told = _MEMBERS[name](heads)
            texts = {text for text in set(told) if text is not None and self._is_asked(name, text)}
            if texts:
                wanted.update([number for number, text in enumerate(told) if text in texts])
        return sorted(wanted)

    def _is_asked(self, field: str, text: str) -> bool:
        known = self._known[field]
        asked = known.get(text)
        if asked is None:
            asked = text.lower() in self._texts[field]
            if len(known) < _MOST:
                known[text] = asked
        return asked


_MEMBERS: Final[dict[str, Callable[[list[_Head]], list[str | None]]]] = {
    "eventName": lambda heads: [head.event_name for head in heads],
    "errorCode": lambda heads: [head.error_code for head in heads],
    "userIdentity.type": lambda heads: [head.user_identity.type if head.user_identity else None for head in heads],
    "eventSource": lambda heads: [head.event_source for head in heads],
}
"""What events say in the members by which rules are chosen (`ANCHORS`)."""

_MOST: Final = 10_000


def _span(sifted: Sifted, moments: list[Any]) -> None:
    first, last = min(moments), max(moments)
    sifted.first = min(sifted.first, first) if sifted.first else first
    sifted.last = max(sifted.last, last)


_sieve: Final[list[Sieve]] = []


def begin(rules: tuple[Rule, ...]) -> None:
    """Get ready to sift, in a process of its own: which loads no more than this module needs."""
    keep_freed()
    _sieve.append(Sieve(rules))


def sift(entries: list[Entry]) -> Sifted:
    """Read files, in such a process."""
    return _sieve[0].sift(entries)

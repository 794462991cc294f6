"""The one artefact that is promoted: what it is, as AWS tells it, frozen when a plan is made.

Later rings receive exactly what the first one did. So what AWS tells of an artefact is read wherever it is to be
installed, has one digest there, and must have it still whenever a ring begins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import Reader
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Read


class Place(msgspec.Struct, frozen=True, order=True):
    """An account and a region."""

    account: str
    region: str


class Artefact(msgspec.Struct, frozen=True, kw_only=True):
    """What is promoted. `content` is what `read` gave of it in each of `places`, and `digest` names that.

    `note` says to people what may still move, where something may. `snapshot` is an id of our own by which AWS is to
    take the same content again, where it has such ids.
    """

    kind: str
    value: str
    read: Read
    content: Any
    digest: str
    places: tuple[Place, ...]
    note: str = ""
    snapshot: str = ""


def digest_of(content: Any) -> str:
    """What names the content of an artefact."""
    return f"sha256:{hashlib.sha256(to_json(content, order='sorted')).hexdigest()}"


def pin(
    kind: str, value: str, read: Read, places: Iterable[Place], reader: Reader
) -> tuple[Artefact, dict[Place, str]]:
    """Freeze an artefact as it is where it is to be installed; the second is why not in places that do not have it.

    The first place, in order, that has it says what it is: another that has something else under the same name does
    not have it. Raises DemarcateError where none has it.
    """
    content: Any = None
    had: list[Place] = []
    lacking: dict[Place, str] = {}
    for place in dict.fromkeys(places):
        try:
            told = reader.read(place.account, place.region, read)
        except NotDone as error:
            lacking[place] = f"{kind} {value} cannot be read there: {error}"
            continue
        if told is None:
            lacking[place] = f"there is no {kind} {value} in {place.account}, {place.region}"
        elif had and told != content:
            lacking[place] = f"{kind} {value} is something else there than in {had[0].account}, {had[0].region}"
        else:
            content = told
            had.append(place)
    if not had:
        raise DemarcateError(*(sorted(set(lacking.values())) or [f"there is nothing that {kind} {value} is for"]))
    pinned = Artefact(
        kind=kind, value=value, read=read, content=content, digest=digest_of(content), places=tuple(had)
    )
    return pinned, lacking


def changed(artefact: Artefact, places: Iterable[Place], reader: Reader) -> list[str]:
    """Why an artefact is not any more what was planned; nothing where it is."""
    reasons = []
    for place in sorted(set(places)):
        where = f"{artefact.kind} {artefact.value} in {place.account}, {place.region}"
        try:
            told = reader.read(place.account, place.region, artefact.read)
        except NotDone as error:
            reasons.append(f"{where} cannot be read: {error}")
            continue
        if told is None:
            reasons.append(f"{where} is not there any more")
        elif digest_of(told) != artefact.digest:
            reasons.append(f"{where} was changed since it was planned: plan again, and begin with the first ring")
    return reasons

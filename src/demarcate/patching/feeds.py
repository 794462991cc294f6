"""Feeds that say which vulnerabilities matter: kept in the folder of the user's data, each with its day and its age.

A feed is replaced as a whole, once all of it was found to be right. One that is older than it may be is not believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec

from demarcate.base.encoding import from_json, to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.fetching import fetch, is_url, shown_url
from demarcate.base.files import is_file, read_bytes, write_whole
from demarcate.base.folders import data_folder
from demarcate.patching.feed_formats import (
    LARGEST,
    Exploited,
    FeedError,
    Notice,
    Parser,
    Score,
    parse_epss,
    parse_kev,
    parse_updateinfo,
)

R = TypeVar("R")

PACKED: Final = 50_000_000
"""How many bytes of a feed are fetched or read, as it comes."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: where it comes from, who may be asked for it, how it is read, and for how many days it is believed."""

    id: str
    about: str
    address: str
    hosts: tuple[str, ...]
    parse: Parser
    rows: Any
    days: int


FEEDS: Final = {
    feed.id: feed
    for feed in (
        Feed(
            "kev",
            "CISA's catalog of vulnerabilities that are known to be exploited",
            "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
            ("www.cisa.gov",),
            parse_kev,
            dict[str, Exploited],
            14,
        ),
        Feed(
            "epss",
            "FIRST's scores of how likely vulnerabilities are exploited",
            "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
            ("epss.empiricalsecurity.com",),
            parse_epss,
            dict[str, Score],
            7,
        ),
        Feed(
            "updateinfo",
            "The update notices of Amazon Linux: updateinfo.xml.gz of its repository",
            "",
            ("cdn.amazonlinux.com",),
            parse_updateinfo,
            dict[str, Notice],
            14,
        ),
    )
}


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A feed as it is kept."""

    feed: str
    source: str
    as_of: datetime
    taken: datetime
    rows: msgspec.Raw


class Kept(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """A feed that is kept: where it came from, the moment that it is of, when it was taken, and its rows."""

    feed: str
    source: str
    as_of: datetime
    taken: datetime
    rows: dict[str, R]

    @property
    def until(self) -> datetime:
        """Until when it is believed."""
        return self.as_of + timedelta(days=FEEDS[self.feed].days)

    def age(self, moment: datetime) -> int:
        """Its age in days."""
        return max(0, (moment - self.as_of).days)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What feeds say at a moment, and why one of them says nothing. None is a feed that is not believed."""

    kev: Mapping[str, Exploited] | None = None
    epss: Mapping[str, Score] | None = None
    notices: Mapping[str, Notice] | None = None
    said: tuple[str, ...] = ()
    """A line for each feed: its day and age, or why it is left out."""


def feed_of(name: str) -> Feed:
    """The feed of that name. Raises DemarcateError that says which there are."""
    if name not in FEEDS:
        raise DemarcateError(f"there is no feed {name!r} (there are: {', '.join(FEEDS)})")
    return FEEDS[name]


def update(name: str, source: str | None, now: datetime) -> Kept[Any]:
    """Take a feed from a file or an address, by default where it is published, in the place of the one that is kept.

    Raises DemarcateError where it is not that feed, is older than the one that is kept or of a day that is not yet, and
    where it cannot be read or written.
    """
    feed = feed_of(name)
    if source is None and not feed.address:
        raise DemarcateError(f"{name}: name a file, or an address at {' or '.join(feed.hosts)}")
    place = feed.address if source is None else source
    shown = shown_url(place) if is_url(place) else place
    try:
        raw = fetch(place, PACKED, feed.hosts) if is_url(place) else read_bytes(Path(place), PACKED)
        parsed = feed.parse(raw)
    except FeedError as error:
        raise DemarcateError(f"{shown}: {error}") from error
    except OSError as error:
        raise DemarcateError(f"{shown}: cannot be read: {error.strerror or error}") from error
    if parsed.as_of > now + timedelta(days=1):
        raise DemarcateError(f"{shown}: is of {parsed.as_of.date()}, which is not yet")
    before = kept(name)
    if before is not None and before.as_of > parsed.as_of:
        raise DemarcateError(
            f"{shown}: is of {parsed.as_of.date()}, and what is kept is newer: of {before.as_of.date()}"
        )
    taken: Kept[Any] = Kept(feed=name, source=shown, as_of=parsed.as_of, taken=now, rows=parsed.rows)
    path = file_of(name)
    try:
        write_whole(path, to_json(taken))
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error
    return taken


def file_of(name: str) -> Path:
    """Where a feed is kept. Raises DemarcateError where there is no home."""
    try:
        return data_folder() / "feeds" / f"{name}.json"
    except RuntimeError as error:
        raise DemarcateError("there is no home directory to keep feeds in; set XDG_DATA_HOME or HOME") from error


def kept(name: str) -> Kept[Any] | None:
    """The feed that is kept; None where none is. Raises DemarcateError for a file that is damaged."""
    try:
        path = file_of(name)
    except DemarcateError:  # without a home nothing is kept
        return None
    if not is_file(path):
        return None
    try:
        file: _File = from_json(read_bytes(path, LARGEST), _File)
        rows = from_json(bytes(file.rows), feed_of(name).rows)
    except (OSError, ValueError) as error:
        raise DemarcateError(f"{path}: {error} (update this feed again, or remove the file)") from error
    return Kept(feed=name, source=file.source, as_of=file.as_of, taken=file.taken, rows=rows)


def known(moment: datetime) -> Known:
    """What the feeds that are kept say at a moment: nothing where one is too old, or there is none."""
    told: dict[str, Any] = {}
    said = []
    for name, feed in FEEDS.items():
        have = kept(name)
        if have is None:
            said.append(f"{name}: there is none: demarcate feeds update {name}")
        elif have.until < moment:
            said.append(
                f"{name}: of {have.as_of.date()}, {_days(have.age(moment))} old, and believed for {feed.days}: it is "
                "left out"
            )
        else:
            said.append(f"{name}: of {have.as_of.date()}, {_days(have.age(moment))} old")
            told["notices" if name == "updateinfo" else name] = have.rows
    return Known(**told, said=tuple(said))


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def now() -> datetime:
    """What time it is, in UTC."""
    return datetime.now(UTC)

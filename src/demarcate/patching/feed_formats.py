"""What feeds of vulnerabilities look like: CISA's catalog, FIRST's scores, and the update notices of distributions.

They come from others, by a file or over the network: each is read within limits, and refused as a whole where it is not
what it has to be.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar
from xml.parsers import expat

import msgspec

from demarcate.base.encoding import from_json
from demarcate.patching.schedules import ScheduleError, moment_of

R = TypeVar("R")

CVE: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,12}")

LARGEST: Final = 200_000_000
"""How many bytes a feed may have, unpacked. All scores are about 15 MB, Amazon Linux's notices about 40."""

MOST: Final = 1_000_000
"""How many rows a feed may have. All scores are about 350,000."""


class FeedError(ValueError):
    """A feed that is not what it has to be, and what is wrong."""


class Exploited(msgspec.Struct, frozen=True, kw_only=True):
    """A vulnerability that is known to be exploited, as CISA's catalog has it."""

    added: date
    due: date
    name: str
    ransomware: bool
    action: str


class Score(msgspec.Struct, frozen=True, array_like=True):
    """How likely a vulnerability is exploited within 30 days, from 0 to 1, and what part of all is not likelier."""

    epss: float
    percentile: float


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """An update that a distribution has published."""

    severity: str
    issued: date
    cves: tuple[str, ...]
    packages: tuple[str, ...]


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a feed, by the vulnerability or notice that they are of, and the moment that they are of."""

    as_of: datetime
    rows: dict[str, Any]


def unpacked(raw: bytes, limit: int = LARGEST) -> bytes:
    """What gzip unpacks, where it is gzip. Raises FeedError for what is damaged or too large."""
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(raw, limit + 1)
    except zlib.error as error:
        raise FeedError("it is damaged: gzip does not unpack it") from error
    if len(data) > limit:
        raise FeedError(f"it has more than {limit:,} bytes when it is unpacked")
    if not unpacker.eof:
        raise FeedError("it is cut off: gzip does not come to its end")
    return data


# --- CISA's catalog of known exploited vulnerabilities ------------------------------------------------------


class _Entry(msgspec.Struct, rename="camel"):
    cve_id: str = msgspec.field(name="cveID")
    date_added: date
    due_date: date
    vulnerability_name: str
    required_action: str
    known_ransomware_campaign_use: str = "Unknown"


class _Catalog(msgspec.Struct, rename="camel"):
    date_released: str
    count: int
    vulnerabilities: list[_Entry]


def parse_kev(raw: bytes) -> Parsed:
    """CISA's catalog, https://github.com/cisagov/kev-data. Raises FeedError."""
    try:
        catalog: _Catalog = from_json(unpacked(raw), _Catalog)
        as_of = moment_of(catalog.date_released)
    except (ValueError, ScheduleError) as error:
        raise FeedError(f"it is not CISA's catalog: {error}") from error
    if catalog.count != len(catalog.vulnerabilities):
        raise FeedError(f"it says that it has {catalog.count:,} rows, and has {len(catalog.vulnerabilities):,}")
    rows = (
        (
            _cve(entry.cve_id),
            Exploited(
                added=entry.date_added,
                due=entry.due_date,
                name=entry.vulnerability_name,
                ransomware=entry.known_ransomware_campaign_use.lower() == "known",
                action=entry.required_action,
            ),
        )
        for entry in catalog.vulnerabilities
    )
    return Parsed(as_of=as_of, rows=_each_once(rows))


def _each_once(pairs: Iterable[tuple[str, R]]) -> dict[str, R]:
    """Rows by their ids. Raises FeedError where there are none, which would say of nothing that it matters; and where
    two have one id, of which only one could be believed.
    """
    rows: dict[str, R] = {}
    for id_, row in pairs:
        if id_ in rows:
            raise FeedError(f"it has {id_} twice")
        rows[id_] = row
    if not rows:
        raise FeedError("it has no rows")
    return rows


def _cve(text: str) -> str:
    if not CVE.fullmatch(text):
        raise FeedError(f"{text[:40]!r} is no CVE id")
    return text


# --- FIRST's exploit prediction scores -----------------------------------------------------------------------

_HEAD: Final = re.compile(r"#model_version:[^,\s]+,score_date:([^,\s]+)")


def parse_epss(raw: bytes) -> Parsed:
    """FIRST's scores of one day: a line with the model's version and the day, then cve, epss and percentile.

    https://www.first.org/epss/data_stats. Raises FeedError.
    """
    try:
        lines = unpacked(raw).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise FeedError("it is not UTF-8 text") from error
    head = _HEAD.fullmatch(lines[0]) if lines else None
    if head is None or lines[1:2] != ["cve,epss,percentile"]:
        raise FeedError("it does not begin with #model_version:…,score_date:… and cve,epss,percentile")
    if len(lines) - 2 > MOST:
        raise FeedError(f"it has more than {MOST:,} rows")
    try:
        as_of = moment_of(_with_colon(head[1]))
    except ScheduleError as error:
        raise FeedError(f"score_date: {error}") from error
    return Parsed(as_of=as_of, rows=_each_once(_score(line, number) for number, line in enumerate(lines[2:], 3)))


def _with_colon(text: str) -> str:
    """The moment as ISO 8601 has it: older files write +0000."""
    return re.sub(r"([+-][0-9]{2})([0-9]{2})$", r"\1:\2", text)


def _score(line: str, number: int) -> tuple[str, Score]:
    cve, _, rest = line.partition(",")
    epss, _, percentile = rest.partition(",")
    try:
        score = Score(float(epss), float(percentile))
    except ValueError:
        score = Score(-1, -1)
    if not CVE.fullmatch(cve) or not (0 <= score.epss <= 1 and 0 <= score.percentile <= 1):
        raise FeedError(f"line {number}: expected a CVE id and two numbers from 0 to 1, not {line[:60]!r}")
    return cve, score


# --- update notices -------------------------------------------------------------------------------------------


def parse_updateinfo(raw: bytes) -> Parsed:
    """The update notices of a repository of packages, as `updateinfo.xml` has them. Raises FeedError.

    Their dates have no zone, and are days here.
    """
    reader = _Notices()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(unpacked(raw), True)
    except (expat.ExpatError, LookupError) as error:  # the latter where it says that it has an unknown encoding
        raise FeedError(f"it is no XML: {error}") from error
    if not reader.rows:
        raise FeedError("it has no update notices")
    newest = max(notice.issued for notice in reader.rows.values())
    return Parsed(as_of=datetime(newest.year, newest.month, newest.day, tzinfo=UTC), rows=dict(reader.rows))


def _refuse(*_: Any) -> None:
    raise FeedError("it declares a type of document or entities, which no update notices do")


DEEPEST: Final = 20
LONGEST: Final = 400
"""How many characters of an id, a severity or the name of a package are kept."""


class _Notices:
    """Takes the events of the parser."""

    def __init__(self) -> None:
        self.rows: dict[str, Notice] = {}
        self._path: list[str] = []
        self._text = ""
        self._id = self._severity = self._issued = ""
        self._cves: dict[str, None] = {}
        self._packages: dict[str, None] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > DEEPEST:
            raise FeedError("it is nested too deeply")
        self._text = ""
        if name == "update":
            self._id = self._severity = self._issued = ""
            self._cves, self._packages = {}, {}
        elif name in ("issued", "updated") and not self._issued:
            self._issued = attributes.get("date", "")
        elif name == "reference" and CVE.fullmatch(attributes.get("id", "")):
            self._cves[attributes["id"]] = None
        elif name == "package" and attributes.get("name"):
            self._packages[attributes["name"][:LONGEST]] = None

    def text(self, text: str) -> None:
        if len(self._text) < LONGEST:
            self._text += text[:LONGEST]

    def end(self, name: str) -> None:
        self._path.pop()
        if name == "id" and self._path[-1:] == ["update"]:
            self._id = self._text.strip()
        elif name == "severity" and self._path[-1:] == ["update"]:
            self._severity = self._text.strip().lower()
        elif name == "update":
            self._add()

    def _add(self) -> None:
        try:
            issued = date.fromisoformat(self._issued[: len("2026-11-28")])
        except ValueError as error:
            raise FeedError(f"{self._id or 'a notice'}: {self._issued[:40]!r} is no date") from error
        if not self._id or self._id in self.rows:
            raise FeedError(f"{self._id!r} is not the id of one notice")
        if len(self.rows) >= MOST:
            raise FeedError(f"it has more than {MOST:,} notices")
        self.rows[self._id] = Notice(
            severity=self._severity, issued=issued, cves=tuple(self._cves), packages=tuple(self._packages)
        )


def notices_of(rows: dict[str, Notice]) -> dict[str, list[str]]:
    """The ids of the notices of each vulnerability, the first one first."""
    by_cve: dict[str, list[str]] = {}
    for id_, notice in sorted(rows.items(), key=lambda item: (item[1].issued, item[0])):
        for cve in notice.cves:
            by_cve.setdefault(cve, []).append(id_)
    return by_cve


Parser = Callable[[bytes], Parsed]

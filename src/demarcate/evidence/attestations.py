"""Attestations: somebody's word that a responsibility is met, or that it is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from demarcate.base.arn import is_account_id, is_region
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.evidence.hashes import Documents, digest
from demarcate.evidence.lists import Entry, parse_list, read_list, said
from demarcate.evidence.problems import Problems, UnknownName, Unusable, shown
from demarcate.evidence.reading import Reading
from demarcate.evidence.structs import Record, Scope
from demarcate.evidence.values import Responsibilities, last_day, past_day
from demarcate.model import Model


class _Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: tuple[str | int, ...] | None = None
    regions: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    link: str | None = None
    file: str | None = None
    sha256: str | None = None


class _Attestation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    responsibility: str | tuple[str, ...]
    statement: str
    met: bool = True
    scope: str | _Scope = "all"
    by: str
    on: str
    valid_until: str
    document: _Document | None = None


def read_attestations(path: Path, reading: Reading) -> Iterator[Record]:
    """The attestations of one YAML file; what is wrong in it is noted in `reading.problems`."""
    yield from _records(read_list(path, _Attestation, reading.problems), reading)


def attestation(model: Model, moment: date, values: Mapping[str, Any]) -> Record:
    """One attestation, from values under the keys that a file has them under.

    Raises DemarcateError that says all that is wrong with them.
    """
    problems = Problems()
    reading = Reading(model, moment, Responsibilities(model), Documents(Path()), problems)
    text = to_json([values]).decode()  # which is YAML, too
    records = list(_records(parse_list(text, "", _Attestation, problems), reading))
    if wrong := problems.listed():
        raise DemarcateError(*(problem.message for problem in wrong))
    return records[0]


def _records(entries: Iterable[Entry[_Attestation]], reading: Reading) -> Iterator[Record]:
    for entry in entries:
        try:
            if names := _named(entry, reading):
                yield _record(entry, names, reading)
        except Unusable as refused:
            reading.problems.add(entry.file, refused.line or entry.line, refused)


def _named(entry: Entry[_Attestation], reading: Reading) -> tuple[str, ...]:
    """The responsibilities that it can speak of; each other one is a problem of its own."""
    written = entry.value.responsibility
    texts: list[str] = []
    names = (
        [(written, entry.line_of("responsibility"))]
        if isinstance(written, str)
        else [(name, entry.line_of("responsibility", place)) for place, name in enumerate(written)]
    )
    if not names:
        raise Unusable(
            "responsibility is empty; expected one id or a list of them", entry.line_of("responsibility")
        )
    for name, line in names:
        try:
            texts.append(reading.responsibilities.named(name, "attestation"))
        except Unusable as refused:
            reading.problems.add(entry.file, line, refused)
    return tuple(dict.fromkeys(texts))


def _record(entry: Entry[_Attestation], names: tuple[str, ...], reading: Reading) -> Record:
    written = entry.value
    on, until = _dates(entry, reading.moment)
    with entry.at("document"):
        link, detail = _document(written.document or _Document(), reading)
    with entry.at("scope"):
        scope = _scope(written.scope, reading)
    return Record(
        kind="attestation",
        responsibilities=names,
        title=said(written.statement, "statement"),
        by=said(written.by, "by"),
        on=on,
        valid_until=until,
        met=written.met,
        scope=scope,
        detail=detail,
        link=link,
        file=entry.file,
        line=entry.line,
    )


def _dates(entry: Entry[_Attestation], moment: date) -> tuple[date, date]:
    with entry.at("on"):
        on = past_day(entry.value.on, "on", moment)
    with entry.at("valid-until"):
        return on, last_day(entry.value.valid_until, "valid-until", on)


def _scope(written: str | _Scope, reading: Reading) -> Scope:
    """For what it speaks. Raises Refused for a name that is none, and for a list without one."""
    if isinstance(written, str):
        if written != "all":
            raise Unusable(f"scope is {shown(written)}; expected 'all', or accounts, regions or services")
        return Scope()
    given = {
        name: names
        for name in ("accounts", "regions", "services")
        if (names := getattr(written, name)) is not None
    }
    for name, names in given.items():
        if not names:
            raise Unusable(f"scope.{name} is empty; name some, or leave it out where all are meant")
    if not given:
        raise Unusable("scope is empty; write 'all', or name accounts, regions or services")
    accounts = tuple(str(account) for account in given.get("accounts", ()))
    regions, services = given.get("regions", ()), given.get("services", ())
    for account in accounts:
        if not is_account_id(account):
            raise Unusable(f"scope.accounts has {shown(account)}; expected the 12 digits of an account, in quotes")
    for region in regions:
        if not is_region(region):
            raise Unusable(f"scope.regions has {shown(region)}; expected a region such as eu-central-1")
    for service in services:
        if service not in reading.model.service:
            raise UnknownName("service", service, reading.model.service)
    return Scope(accounts=accounts, regions=regions, services=services)


def _document(written: _Document, reading: Reading) -> tuple[str | None, str]:
    """The link of a document, where it is one, and what is known of the document. Raises Refused."""
    notes: list[str] = []
    if written.file is not None:
        if written.sha256 is None:
            raise Unusable(f"document.file is {shown(written.file)} without its sha256; add it (sha256sum FILE)")
        reading.documents.verify(written.file, written.sha256)
        notes.append(f"{said(written.file, 'document.file')} (SHA-256 verified)")
    elif written.sha256 is not None:
        if written.link is None:
            raise Unusable("document has a sha256 of nothing; add the file or the link that it belongs to")
        notes.append(f"SHA-256 {digest(written.sha256)[:12]}… noted; not verified, as the document is elsewhere")
    if written.link is None:
        return None, "; ".join(notes)
    link = said(written.link, "document.link")
    if is_web_link(link):
        return link, "; ".join(notes)
    return None, "; ".join([link, *notes])


def is_web_link(text: str) -> bool:
    """Whether a text is a link that a browser may follow: https or http, and a host.

    >>> is_web_link("https://wiki.example.com/patching"), is_web_link("javascript:alert(1)")
    (True, False)
    """
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and text.isprintable() and " " not in text
        )
    except ValueError:
        return False

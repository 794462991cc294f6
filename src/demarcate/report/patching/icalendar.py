"""The calendar of patching as iCalendar (RFC 5545), for the calendars that people look at.

https://datatracker.ietf.org/doc/html/rfc5545
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from demarcate.base.errors import DemarcateError
from demarcate.patching.calendar import Calendar
from demarcate.patching.dates import Entry, EntryKind
from demarcate.report.out import Out
from demarcate.report.patching.calendar import KINDS, told
from demarcate.report.safe import one_line
from demarcate.version import __version__


def write(calendar: Calendar, out: Out) -> None:
    """Write the entries, each an event that has the same UID in every calendar of the estate.

    Raises DemarcateError where the package `icalendar` is not installed.
    """
    try:
        import icalendar
    except ImportError as error:
        raise DemarcateError("iCalendar takes the package icalendar: pip install 'demarcate[calendar]'") from error

    whole = icalendar.Calendar()
    whole.add("prodid", f"-//Demarcate//Demarcate {__version__}//EN")
    whole.add("version", "2.0")
    whole.add("calscale", "GREGORIAN")
    whole.add("method", "PUBLISH")
    for entry in calendar.entries:
        event = icalendar.Event()
        event.add("uid", uid(entry))
        event.add("dtstamp", calendar.moment)
        if entry.kind is EntryKind.SUPPORT_ENDS:
            event.add("dtstart", entry.start.date())
        else:
            event.add("dtstart", entry.start.replace(microsecond=0))
            event.add("dtend", (entry.end or entry.start + timedelta(minutes=1)).replace(microsecond=0))
        event.add("summary", one_line(f"{KINDS[entry.kind]}: {entry.of} {entry.name}"))
        event.add("description", one_line(f"{told(entry)} [{entry.resource}]"))
        event.add("categories", [KINDS[entry.kind]])
        # A window keeps nobody from being met.
        event.add("transp", "TRANSPARENT")
        whole.add_component(event)
    out.write_crlf(whole.to_ical().decode().removesuffix("\r\n").split("\r\n"))


def uid(entry: Entry) -> str:
    """What names an entry for ever: what it is, of which resource, and when."""
    what = "" if entry.kind is EntryKind.WINDOW else entry.what  # of a window it tells how many nodes it has today
    parts = (entry.kind, entry.account_id, entry.region, entry.resource, entry.start.isoformat(), what)
    told_parts = "\0".join(map(str, parts))
    return f"{hashlib.sha256(told_parts.encode(errors='replace')).hexdigest()[:32]}@demarcate"

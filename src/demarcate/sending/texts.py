r"""An item as one line of text: CEF, LEEF, or an entry of syslog.

CEF: "ArcSight Common Event Format (CEF) Implementation Standard", version 0. In the header `|` and `\` are escaped by a
backslash, and no line may end; in the extension `=` and `\` are, and line ends are written \n.
LEEF: IBM, "Log Event Extended Format (LEEF)", version 2.0, "LEEF event components". It has no escape: attributes are
set apart by a tab (told as x09), so no value may have one, and no header a `|`.
Syslog: RFC 5424; its octet counting over TLS RFC 5425 (and 6587).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from demarcate.base.encoding import to_json
from demarcate.base.moments import milliseconds, utc
from demarcate.sending.structs import Delivery, Item
from demarcate.version import __version__

_SEVERITY: Final = {"critical": 10, "high": 8, "medium": 5, "low": 3, "informational": 1}
"""CEF's and LEEF's severities go from 0 (or 1) to 10."""

_SYSLOG: Final = {"critical": 2, "high": 3, "medium": 4, "low": 5, "informational": 6}
"""RFC 5424, table 2: critical, error, warning, notice, informational."""

_FACILITY: Final = 13
"""RFC 5424, table 1: log audit."""

_LINE_ENDS: Final = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def _seen(text: str) -> str:
    return _UNSEEN.sub("\ufffd", text)


# --- CEF --------------------------------------------------------------------------------------------------


def cef(delivery: Delivery) -> str:
    """A delivery in CEF."""
    item = delivery.item
    header = ["CEF:0", "Demarcate", "Demarcate", __version__, item.rule or item.kind, item.title]
    told = [*(_cef_header(part) for part in header), str(_SEVERITY[item.severity])]
    extension = " ".join(f"{key}={_cef_value(value)}" for key, value in _cef_fields(delivery) if value)
    return "|".join(told) + "|" + extension


def _cef_header(text: str) -> str:
    return _LINE_ENDS.sub(" ", _seen_lines(text)).replace("\\", "\\\\").replace("|", "\\|")


def _cef_value(text: str) -> str:
    escaped = _seen_lines(text).replace("\\", "\\\\").replace("=", "\\=")
    return _LINE_ENDS.sub(r"\\n", escaped)


def _seen_lines(text: str) -> str:
    """Text without what cannot be seen, whose line ends stay."""
    return "".join(sign if _LINE_ENDS.match(sign) else _seen(sign) for sign in text)


def _cef_fields(delivery: Delivery) -> list[tuple[str, str]]:
    """Keys of the extension dictionary, and labelled strings for what it has no key for."""
    item = delivery.item
    told = [
        ("rt", str(_milliseconds(item))),
        ("externalId", item.id),
        ("cat", item.kind),
        ("outcome", item.state),
        ("msg", (item.text or item.title)[:1023]),
    ]
    labelled = {
        "account": item.account,
        "region": item.region,
        "resource": item.resource,
        "responsibility": item.responsibility,
        "area": item.area,
        "key": delivery.key,
    }
    for number, (label, value) in enumerate(labelled.items(), 1):
        if value:
            told += [(f"cs{number}", value), (f"cs{number}Label", label)]
    return told


# --- LEEF -------------------------------------------------------------------------------------------------


def leef(delivery: Delivery) -> str:
    """A delivery in LEEF 2.0."""
    item = delivery.item
    header = ["LEEF:2.0", "Demarcate", "Demarcate", __version__, item.rule or item.kind, "x09"]
    attributes = {
        "devTime": str(_milliseconds(item)),
        "sev": str(_SEVERITY[item.severity]),
        "cat": item.kind,
        "identifier": item.id,
        "key": delivery.key,
        "state": item.state,
        "name": item.title,
        "msg": item.text or item.title,
        "account": item.account,
        "region": item.region,
        "resource": item.resource,
        "responsibility": item.responsibility,
        "area": item.area,
    }
    told = "\t".join(f"{key}={_leef_value(value)}" for key, value in attributes.items() if value)
    return "|".join(_leef_value(part).replace("|", "/") for part in header) + "|" + told


def _leef_value(text: str) -> str:
    return _seen(_LINE_ENDS.sub(" ", text).replace("\t", " "))


# --- syslog -----------------------------------------------------------------------------------------------


def syslog(delivery: Delivery, format: str, host: str) -> bytes:
    """An entry of RFC 5424: of OCSF, CEF or LEEF. `host` is this machine's name."""
    item = delivery.item
    priority = _FACILITY * 8 + _SYSLOG[item.severity]
    moment = utc(datetime.fromisoformat(item.moment)).isoformat(timespec="milliseconds")
    head = f"<{priority}>1 {moment.replace('+00:00', 'Z')} {_name(host, 255)} demarcate - {_name(item.kind, 32)} -"
    if format == "cef":
        text = cef(delivery)
    elif format == "leef":
        text = leef(delivery)
    else:
        text = to_json({**item.event, "demarcate_key": delivery.key}).decode()
    # The mark says that the message is UTF-8 (section 6.4); parsers of CEF and LEEF look for their own beginning.
    mark = "" if format in ("cef", "leef") else "\ufeff"
    return f"{head} {mark}{text}".encode(errors="replace")


def counted(entry: bytes) -> bytes:
    """An entry with its length before it (RFC 5425, section 4.3)."""
    return str(len(entry)).encode() + b" " + entry


def _name(text: str, most: int) -> str:
    """A field of the head: signs of ASCII that can be seen; `-` where there is none."""
    return "".join(sign for sign in text if "!" <= sign <= "~")[:most] or "-"


def _milliseconds(item: Item) -> int:
    return milliseconds(datetime.fromisoformat(item.moment))

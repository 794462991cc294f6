"""What a run tells of itself, on standard error: a line an entry, for people or as JSON."""

from __future__ import annotations

import logging

from demarcate.base.logs import LOG
from demarcate.base.moments import since_1970
from demarcate.report.out import notes
from demarcate.report.safe import json_text, one_line


def begin(verbosity: int, form: str) -> None:
    """Tell of phases (1), and of every call of AWS (2 and more), as "text" or as "json"."""
    handler = _Handler()
    handler.setFormatter(_Json() if form == "json" else _Text())
    LOG.handlers = [handler]
    LOG.propagate = False
    LOG.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        out = notes()
        out.write(self.format(record) + "\n")
        out.flush()


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """`2026-11-23T10:00:00.123Z info collected seconds=1.2`; a value with spaces stands in quotes."""
        fields = " ".join(f"{name}={_value(value)}" for name, value in _fields(record).items())
        return one_line(f"{_moment(record)} {record.levelname.lower()} {record.getMessage()} {fields}")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """An object on one line."""
        level = record.levelname.lower()
        return json_text(
            {"time": _moment(record), "level": level, "event": record.getMessage(), **_fields(record)}
        )


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields: dict[str, object] = getattr(record, "fields", {})
    return {name: value for name, value in fields.items() if value is not None}


def _value(value: object) -> str:
    text = str(value)
    return text if text.isascii() and text.isprintable() and not set(text) & set(' "=') else json_text(text)


def _moment(record: logging.LogRecord) -> str:
    return since_1970(record.created).isoformat(timespec="milliseconds").replace("+00:00", "Z")

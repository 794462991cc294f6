"""Events of CloudTrail as a trail delivers them: files with one array, `Records`.

Source of the form: the AWS CloudTrail User Guide, "CloudTrail log file examples" and "CloudTrail record contents".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from demarcate.base.encoding import to_json
from demarcate.base.sql import identifier, literal
from demarcate.estate.schema.unknown import Kind as Why
from demarcate.logs.events import COLUMNS, OMITTED, TABLE, Column, Kind
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.forms.form import LONGEST, Cut, Form, Table, json_lines, moment, selected

EVENTS: Final = Table(
    TABLE,
    {
        **{column.name: "VARCHAR" if column.kind is Kind.JSON else column.kind.value for column in COLUMNS},
        OMITTED: "VARCHAR[]",
    },
    moment="event_time",
    account="recipient_account_id",
    identity="event_id",
)

_OMITTED: Final = b'"omitted":true'
"""What a file has somewhere in which CloudTrail left out anything. Few have, and looking for it row by row is dear."""

_SPACED: Final = 300
"""Bytes of a file in which its way of writing shows."""

_COLON: Final = re.compile(rb'[^\\]"(?:\s:|:\s)')

SOME: Final = "some left out"
"""What the header of such a file says."""


def _whole(column: Column) -> bool:
    """Whether the column is a member of the event itself, and not of its userIdentity."""
    return "." not in column.member


_MEMBERS: Final = {
    column.member: "JSON" if column.kind is Kind.JSON else "VARCHAR" for column in COLUMNS if _whole(column)
}
_SIZED: Final = [column for column in COLUMNS if column.kind is Kind.JSON]
"""What CloudTrail may leave out for its size."""


def _nested() -> dict[str, Any]:
    """The members of userIdentity that are columns, as a structure of DuckDB."""
    structure: dict[str, Any] = {}
    for column in COLUMNS:
        if not _whole(column):
            at = structure
            *above, last = column.member.split(".")[1:]
            for name in above:
                at = at.setdefault(name, {})
            at[last] = "VARCHAR"
    return structure


def _value(column: Column, *, some: bool) -> str:
    """SQL for a column, of an event and its identity `u`. `some` says that members may have been left out."""
    path = [column.member] if _whole(column) else ["u", *column.member.split(".")[1:]]
    value = ".".join(map(identifier, path))
    if column.kind is Kind.MOMENT:
        return moment(value)
    if column.kind is Kind.BOOL:
        return f"TRY_CAST({value} AS BOOLEAN)"
    if some and column in _SIZED:
        return f"CASE WHEN NOT coalesce({_left_out(column)}, false) THEN CAST({value} AS VARCHAR) END"
    return f"CAST({value} AS VARCHAR)" if column.kind is Kind.JSON else value


def _left_out(column: Column) -> str:
    return f"json_extract_string({identifier(column.member)}, '$.omitted') = 'true'"


_LEFT_OUT: Final = (
    "nullif(list_filter(["
    + ", ".join(f"CASE WHEN {_left_out(column)} THEN {literal(column.name)} END" for column in _SIZED)
    + "], lambda x: x IS NOT NULL), []::VARCHAR[])"
)


def rows_of_events(source: str, *, some: bool = True) -> str:
    """SQL for rows of the table, of a relation with the members of events as columns."""
    expressions = {column.name: _value(column, some=some) for column in COLUMNS}
    if some:
        expressions[OMITTED] = _LEFT_OUT
    transform = f"json_transform(userIdentity, {literal(to_json(_nested()).decode())})"
    # Not as one value: of columns that nobody asks for nothing is read then.
    return selected(EVENTS, expressions, f"(SELECT *, {transform} AS u FROM {source})")


def _select(file: str, header: str) -> str:
    return rows_of_events(json_lines(file, _MEMBERS), some=header == SOME)


CLOUDTRAIL: Final = Form("a file of CloudTrail", EVENTS, _select)


class _File(msgspec.Struct, rename="pascal"):
    """A file of CloudTrail: its records as they stand."""

    records: list[msgspec.Raw]


class _Head(msgspec.Struct, rename="camel"):
    """What tells that a record is CloudTrail's."""

    event_source: Any = None
    event_name: Any = None


_NONE: Final = msgspec.Raw()
"""What stands after the last line feed."""

_records = msgspec.json.Decoder(_File).decode
_head = msgspec.json.Decoder(_Head).decode


def cut(data: bytes) -> Cut:
    """The records of a file. Raises Damaged for what is no JSON, and what is none of CloudTrail's."""
    try:
        records = _records(data).records
    except RecursionError as error:
        raise Damaged("damaged: nested too deeply", Why.TOO_MUCH) from error
    except msgspec.ValidationError as error:
        raise Damaged("not CloudTrail: expected a JSON object with an array Records") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(f"damaged: not JSON: {error}") from error
    if not records:
        return Cut(CLOUDTRAIL, ())
    check(records[0])
    if b"\n" in data:
        return Cut(CLOUDTRAIL, compact(records), SOME)
    some = _OMITTED in data or _is_spaced(data[:_SPACED])
    records.append(_NONE)
    return Cut(CLOUDTRAIL, (b"\n".join(records),), SOME if some else "")


def _is_spaced(head: bytes) -> bool:
    """Whether there is a space at the colon of a member, where CloudTrail leaves none and who writes it anew may.

    A document within a text, such as a policy, often has some: its quotes have a backslash before them.
    """
    return (b'": ' in head or b'" :' in head or b"\t" in head) and _COLON.search(head) is not None


def compact(records: list[msgspec.Raw]) -> Iterator[bytes]:
    """Records on a line each, however they were written. Raises Damaged."""
    for record in records:
        try:
            yield msgspec.json.format(bytes(record), indent=-1) + b"\n"
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Damaged(f"damaged: not JSON: {error}") from error


def check(record: msgspec.Raw | bytes) -> None:
    """Raise Damaged for a record that says it is not CloudTrail's. What is none at all is told later."""
    try:
        head = _head(record)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return
    source = head.event_source
    if head.event_name is None or not isinstance(source, str) or source.startswith("aws:"):
        raise Damaged("not CloudTrail: its records have no eventSource and eventName of an API")


def carefully(data: bytes) -> Cut:
    """The records of a file in which something is odd: what is no object, or too long, is left out and counted.

    Raises Damaged likewise.
    """
    try:
        records = _records(data).records
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Damaged(f"damaged: not JSON: {error}") from error
    made = Cut(CLOUDTRAIL, (), SOME)
    made.pieces = plain_objects(records, made)
    return made


def plain_objects(records: list[Any], made: Cut) -> Iterator[bytes]:
    """Those of some records that are objects, written anew: a member that stands twice counts once."""
    for record in records:
        try:
            value = msgspec.json.decode(record)
            text = to_json(value) if isinstance(value, dict) else b""
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            text = b""
        if not 0 < len(text) < LONGEST:
            made.odd += 1
            continue
        yield text + b"\n"

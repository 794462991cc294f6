"""Keys: one table of them all, who may use which for what, and what depends on one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from demarcate.access.effective import Effective, Guardrail
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Unknown
from demarcate.keys.access import KeyUse
from demarcate.keys.data import Reader, Under
from demarcate.keys.listing import Key, Listed, Use
from demarcate.report import rows
from demarcate.report.access import GUARDRAILS, NOT_COUNTED
from demarcate.report.console import Console
from demarcate.report.out import Out

_TOLD: Final[Mapping[str, Callable[[Listed], Any]]] = {
    "key": lambda each: each.key.resource,
    "aliases": lambda each: each.key["aliases"],
    "manager": lambda each: each.key["key_manager"],
    "state": lambda each: each.key["key_state"],
    "deletion": lambda each: each.key["deletion_date"],
    "origin": lambda each: each.key["origin"],
    "spec": lambda each: each.key["key_spec"],
    "multi_region": lambda each: each.key["multi_region"],
    "rotation": lambda each: each.rotation,
    "rotation_days": lambda each: each.key["rotation_period_in_days"] if each.rotation == "on" else None,
    "next_rotation": lambda each: each.key["next_rotation_date"] if each.rotation == "on" else None,
    "last_used": lambda each: each.last_used,
    "users": lambda each: each.users,
}
"""What is told of each key, in columns that may not be known."""

_WHERE: Final = ("account_id", "region", "file")


def write_list(listed: Sequence[Listed], format: str, out: Out, console: Console) -> None:
    """One table of all keys. What is not known is so, with its reason."""
    if format == "text":
        for each in listed:
            _block(each, console)
        if not listed:
            console.print_line("no keys in what was read")
        return
    columns = [*_TOLD, *_WHERE, "unknown", "not_counted"]
    records = []
    for each in listed:
        values = {name: get(each) for name, get in _TOLD.items()}
        why = {name: value.reason for name, value in values.items() if isinstance(value, Unknown)}
        told = [None if name in why else _plain(value) for name, value in values.items()]
        records.append([*told, *each.key.place, why, dict(each.not_counted)])
    rows.write(columns, records, format, out)


def _block(each: Listed, console: Console) -> None:
    """A key as people read it: what it is called, then a line for each thing that is told."""
    console.print_line(each.key.resource, bold=True)
    for name, get in _TOLD.items():
        value = get(each)
        if name == "key" or value is None or value == [] or (name == "multi_region" and value is False):
            continue
        told = f"not known: {value.reason}" if isinstance(value, Unknown) else _words(value)
        console.print_line(f"{name.replace('_', ' ')}: {told}", indent=2)
    if each.not_counted:
        console.print_line(_not_counted(each.not_counted), indent=4)
    where = ", ".join(text for text in each.key.place if text)
    if where and not each.key.arn.startswith("arn:"):
        console.print_line(where, indent=2)


def _not_counted(left: Mapping[str, str]) -> str:
    """How many tables may hold more, and why the first of them was not read."""
    name, why = next(iter(left.items()))
    more = f", and {len(left) - 1} more tables" if len(left) > 1 else ""
    return f"perhaps more: {name} was not all read ({why}){more}"


def _words(value: Any) -> str:
    value = _plain(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(value: Any) -> Any:
    """A value as it is written: a moment as its day and time, what a template assigns as what it is."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if type(value) is StandIn:
        return value.written
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value


def write_uses(title: str, uses: Sequence[KeyUse], by: str, format: str, out: Out, console: Console) -> None:
    """Who may use keys, operation by operation, surely or perhaps. `by` is what people are asked about: what changes
    from line to line, `principal` or `key`.
    """
    if format != "text":
        columns = ["key", "operation", "principal", "allowed", "because", *GUARDRAILS, "why"]
        rows.write(columns, map(_record, uses), format, out)
        return
    console.print_line(title, bold=True)
    for operation, of_it in groupby(uses, key=lambda use: (use.operation, use.key.resource)[by == "key"]):
        console.print_line(operation, indent=2)
        for use in of_it:
            perhaps = "perhaps " if isinstance(use.effective.allowed, Unknown) else ""
            console.print_line(f"{perhaps}{use.principal if by == 'principal' else use.operation}", indent=4)
            for step in use.effective.because:
                console.print_line(step.words, indent=6)
    if not uses:
        console.print_line("nobody of what was read" if by == "principal" else "no key of what was read", indent=2)
    _say_uncounted([use.effective for use in uses], console)


def _say_uncounted(told: Iterable[Effective], console: Console) -> None:
    """Say that control policies are not counted, where they were not read."""
    if any(comes.guardrails.get("scp") is Guardrail.UNKNOWN for comes in told):
        console.print_line(NOT_COUNTED, indent=2)


def _record(use: KeyUse) -> list[Any]:
    allowed = use.effective.allowed
    unknown = isinstance(allowed, Unknown)
    guardrails = [str(use.effective.guardrails.get(name, "unknown")) for name in GUARDRAILS]
    because = [step.words for step in use.effective.because]
    return [
        use.key.resource,
        use.operation,
        use.principal,
        None if unknown else True,
        because,
        *guardrails,
        allowed.reason if isinstance(allowed, Unknown) else None,
    ]


def write_dependants(
    name: str,
    key: Key | None,
    uses: Sequence[Use],
    left: Mapping[str, str],
    format: str,
    out: Out,
    console: Console,
) -> None:
    """What depends on a key: every row that names it."""
    if format != "text":
        columns = ["key", "table", "column", "resource", *_WHERE, "named"]
        called = key.resource if key is not None else name
        told = [[called, use.table, use.column, use.resource, *use.place, use.name] for use in uses]
        rows.write(columns, told, format, out)
        return
    console.print_line(key.resource if key is not None else f"{name}, which is not in what was read", bold=True)
    if key is not None:
        day = key["deletion_date"]
        ends = f", to be deleted on {day:%Y-%m-%d}" if isinstance(day, datetime) else ""
        state = key["key_state"]
        console.print_line(f"{state if type(state) is str else 'state not known'}{ends}", indent=2)
    for table, of_it in groupby(uses, key=lambda use: use.table):
        console.print_line(table, indent=2)
        for use in of_it:
            place = ", ".join(text for text in use.place if text and text not in use.resource)
            console.print_line(f"{use.resource}{f' ({place})' if place else ''}: {use.column}", indent=4)
    if not uses:
        console.print_line("nothing of what was read names it", indent=2)
    if left:
        console.print_line(_not_counted(left), indent=2)


def write_readers(
    resource: str, under: Under, readers: Sequence[Reader], format: str, out: Out, console: Console
) -> None:
    """Who can read the data of a resource, and who has one half of it: the one that is missing is told."""
    if format != "text":
        columns = ["resource", "key", "principal", "reads", "asks", "decrypts", "because", "why"]
        called = under.key.resource if under.key is not None else None
        told = []
        for each in readers:
            reads, asks, decrypts = each.reads, _answer(each.asks), _answer(each.decrypts)
            why = reads.reason if isinstance(reads, Unknown) else under.words if under.key is None else None
            told.append([resource, called, each.principal, _known(reads), asks, decrypts, _steps(each), why])
        rows.write(columns, told, format, out)
        return
    console.print_line(resource, bold=True)
    console.print_line(f"under {under.words}", indent=2)
    for title, chosen in (
        ("can read the data", [each for each in readers if each.reads is True]),
        ("perhaps can", [each for each in readers if isinstance(each.reads, Unknown)]),
        ("can ask for it, cannot decrypt", [each for each in readers if each.reads is False and each.asks]),
        ("can decrypt, cannot ask for it", [each for each in readers if each.reads is False and not each.asks]),
    ):
        for number, each in enumerate(chosen):
            if not number:
                console.print_line(title, indent=2)
            console.print_line(each.principal, indent=4)
            for step in _steps(each):
                console.print_line(step, indent=6)
    if not readers:
        console.print_line("nobody of what was read", indent=2)
    halves = [half for each in readers for half in (each.asks, each.decrypts) if isinstance(half, Effective)]
    _say_uncounted(halves, console)


def _answer(half: Effective | Unknown | bool | None) -> bool | None:
    return _known(half.allowed if isinstance(half, Effective) else half or False)


def _known(answer: bool | Unknown) -> bool | None:
    return None if isinstance(answer, Unknown) else answer


def _steps(reader: Reader) -> list[str]:
    """Both halves with their steps."""
    told = []
    for name, half in (("asks", reader.asks), ("decrypts", reader.decrypts)):
        if isinstance(half, Effective):
            told += [f"{name}: {step.words}" for step in half.because]
        elif isinstance(half, Unknown):
            told.append(f"{name}: not known: {half.reason}")
    return told

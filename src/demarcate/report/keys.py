"""Keys: one table of them all, who may use which for what, and what depends on one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from demarcate.access.effective import Effective, Guardrail
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.telling import Row
from demarcate.evidence.structs import Record
from demarcate.keys.access import KeyUse, grants_of
from demarcate.keys.data import Reader, Under
from demarcate.keys.defaults import Default
from demarcate.keys.listing import GRANT, Key, Listed, Use
from demarcate.keys.narrowing import Narrowed
from demarcate.keys.recorded import Seen
from demarcate.keys.reencryption import Reencryption
from demarcate.report import rows
from demarcate.report.access import GUARDRAILS, NOT_COUNTED
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.safe import in_words

_TOLD: Final[Mapping[str, Callable[[Listed], Any]]] = {
    "key": lambda each: each.key.resource,
    "owner": lambda each: each.key.account or None,
    "aliases": lambda each: each.key["aliases"],
    "manager": lambda each: each.key["key_manager"],
    "state": lambda each: each.key["key_state"],
    "deletion": lambda each: each.key["deletion_date"],
    "origin": lambda each: each.key["origin"],
    "store": lambda each: each.key["custom_key_store_id"] or None,
    "material_expires": lambda each: each.key["valid_to"],
    "spec": lambda each: each.key["key_spec"],
    "multi_region": lambda each: each.key["multi_region"],
    "rotation": lambda each: each.rotation,
    "rotation_days": lambda each: each.key["rotation_period_in_days"] if each.rotation == "on" else None,
    "next_rotation": lambda each: each.key["next_rotation_date"] if each.rotation == "on" else None,
    "last_rotation": lambda each: each.key["last_rotation_date"],
    "on_demand": lambda each: each.key["on_demand_rotations"],
    "moved_aliases": lambda each: each.moved,
    "grants": lambda each: each.grants,
    "other_accounts": lambda each: each.others,
    "last_used": lambda each: each.last_used,
    "users": lambda each: each.users,
}
"""What is told of each key, in columns that may not be known."""

_ZERO: Final = ("multi_region", "on_demand", "grants")
"""What people are told only where there is any."""

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
        nothing = value is None or value in ([], ()) or (name in _ZERO and not value)
        if name in ("key", "owner") or nothing:
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
    if isinstance(value, list | tuple):
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
            for step in use.effective.steps:
                console.print_line(step, indent=6)
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
    because = use.effective.steps
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
    say_dependants(key, uses, left, console)


def say_dependants(key: Key | None, uses: Sequence[Use], left: Mapping[str, str], console: Console) -> None:
    """How a key stands, and what depends on it, for people."""
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


def in_short(uses: Sequence[Use], left: Mapping[str, str]) -> str:
    """How many resources depend on a key, and how many tables may hold more."""
    resources = len({(use.table, use.resource, use.place) for use in uses})
    told = "1 resource names it" if resources == 1 else f"{resources or 'no'} resources name it"
    return f"{told}, {len(left)} tables were not all read" if left else told


def write_grants(key: Key, grants: Sequence[Row], format: str, out: Out, console: Console) -> None:
    """The grants of a key: whom each lets, for what, what it is held to, and whether it was certainly never used."""
    if format != "text":
        told = [[key.resource, *(_plain_known(row[name]) for name in GRANT)] for row in grants]
        rows.write(["key", *GRANT], told, format, out)
        return
    console.print_line(key.resource, bold=True)
    for row in grants:
        console.print_line(f"{row['grant_id']}: {row['grantee']}", indent=2)
        console.print_line(
            f"for {_words(row['operations'] or [])}, since {_words(row['creation_date'])}", indent=4
        )
        held = "held to nothing" if row["constrained"] is False else f"held to {in_words(row['constraints'])}"
        unused = {True: "never used", False: "used"}.get(row["unused"], "whether it was used is not known")
        console.print_line(f"{held}; {unused}", indent=4)
    if not grants:
        whole = grants_of(key)
        console.print_line(f"not known: {whole.reason}" if isinstance(whole, Unknown) else "no grants", indent=2)


def _plain_known(value: Any) -> Any:
    return None if isinstance(value, Unknown) else _plain(value)


def write_defaults(told: Sequence[Default], own: Collection[str], format: str, out: Out, console: Console) -> None:
    """What is under no key of one's own, by service, those first where one is asked for."""
    if format != "text":
        columns = ["service", "table", "column", "resource", *_WHERE, "named", "whose", "required", "why"]
        records = [[*_of_default(each)] for each in told]
        rows.write(columns, records, format, out)
        return
    ordered = sorted(told, key=lambda each: (not each.required, each.service, each.table))
    for service, of_it in groupby(ordered, key=lambda each: each.service):
        asked = " (a key of your own is required)" if service in own else ""
        console.print_line(f"{service}{asked}", bold=True)
        for each in of_it:
            why = f" ({each.why})" if each.why else ""
            console.print_line(f"{each.resource}: {each.column}: {each.whose}{why}", indent=2)
    if not told:
        console.print_line("all of what was read is under keys of your own")


def _of_default(each: Default) -> Iterator[Any]:
    yield from (each.service, each.table, each.column, each.resource, *each.place, each.name)
    yield from (each.whose, each.required, each.why or None)


def write_client_side(
    attested: Sequence[Record], seen: Sequence[Seen], format: str, out: Out, console: Console
) -> None:
    """What was attested and seen of encryption in the client."""
    if format != "text":
        told = [["attested", each.title, each.by, None, each.on, f"until {each.valid_until}"] for each in attested]
        told += [
            ["seen", each.library, each.principal or None, each.key or None, each.last, each.by] for each in seen
        ]
        rows.write(["how", "what", "by", "key", "on", "shown_by"], told, format, out)
        return
    for record in attested:
        console.print_line(f"attested by {record.by} on {record.on}, until {record.valid_until}", bold=True)
        console.print_line(record.title, indent=2)
    for each in seen:
        console.print_line(f"seen: {each.library}, last on {each.last[:10]}", bold=True)
        for line in filter(None, (each.by, each.principal, each.key)):
            console.print_line(line, indent=2)
    if not attested and not seen:
        console.print_line("not known: nothing was attested, and of what was read nothing shows it")


def say_reencryption(told: Reencryption, console: Console) -> None:
    """What re-encrypting takes beside its change, for people."""
    for title, lines in (
        ("before it is applied", told.before),
        ("then", told.then),
        ("cost", (told.cost,)),
        ("outage", (told.outage,)),
    ):
        for number, line in enumerate(filter(None, lines)):
            if not number:
                console.print_line(title, bold=True)
            console.print_line(line, indent=2)


def say_losses(told: Narrowed, *, known: bool, console: Console) -> None:
    """Who loses what by a narrower policy. `known` says whether all that was recorded of the key's use was read."""
    for principal, of_it in groupby(
        sorted(told.losses, key=lambda each: each.principal), lambda each: each.principal
    ):
        console.print_line(f"{principal} loses", bold=True)
        for loss in of_it:
            perhaps = "perhaps " if loss.perhaps else ""
            did = "no use of it was recorded" if known else "whether it used that is not known"
            if loss.recorded is not None:
                did = f"used {loss.recorded.times} times, last on {loss.recorded.last[:10]}"
            console.print_line(f"{perhaps}{loss.operation}: {did}", indent=2)
    if not told.losses:
        console.print_line("nobody of what was read loses anything that is asked of keys here")


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
            told += [f"{name}: {step}" for step in half.steps]
        elif isinstance(half, Unknown):
            told.append(f"{name}: not known: {half.reason}")
    return told

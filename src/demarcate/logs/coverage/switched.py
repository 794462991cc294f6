"""Whether one resource is logged, and by which rows: its own, those of another table, or a trail that records its data.

Source of what event selectors mean: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DataResource.html
and https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from demarcate.estate.schema.rows import attempt
from demarcate.estate.schema.truths import Truth, all_of, any_of
from demarcate.estate.schema.unknown import Kind as Why
from demarcate.estate.schema.unknown import Unknown, first_unknown
from demarcate.estate.snapshots.telling import Row
from demarcate.logs.coverage.kinds import TRAILS, By, DataEvents, Is, Kind, To
from demarcate.logs.estate import Estate

Lies = tuple[Row, tuple[To, ...]]
"""A row that tells where a log lies, and in which of its columns."""


def holds(row: Row, asked: Mapping[str, Is], *, any: bool = False) -> Truth:
    """Whether a row has what is asked of its columns: of all, or of any of them."""
    return (any_of if any else all_of)(_is(row[column], wanted) for column, wanted in asked.items())


def _is(value: Any, wanted: Is) -> Truth:
    if isinstance(value, Unknown):
        return value
    if wanted.holds:
        return isinstance(value, list) and wanted.holds in value
    if wanted.filled:
        return bool(value)
    return value is not None and value == wanted.equals


def logged(row: Row, kind: Kind, estate: Estate) -> tuple[Truth, list[Lies]]:
    """Whether a resource is logged, and by what. Places are told of what is on, or may be."""
    told: list[tuple[Truth, Lies]] = []
    if kind.on:
        told.append((holds(row, kind.on), (row, kind.to)))
    for by in kind.by:
        told += _by(row, by, estate)
    if kind.data_events is not None:
        told += _recorded(row, kind.data_events, estate)
    truth = any_of(truth for truth, _ in told)
    return truth, [lies for each, lies in told if each is not False and lies[1]]


def _by(row: Row, by: By, estate: Estate) -> Iterator[tuple[Truth, Lies]]:
    account = row["account_id"] or ""
    if isinstance(row[by.own], Unknown):
        yield row[by.own], (row, ())
        return
    for other in estate.having(by.table, by.key, account, row[by.own]):
        truth = holds(other, by.on, any=by.any)
        if by.then is None:
            yield truth, (other, by.to)
            continue
        last = estate.having(by.then.table, by.then.key, account, other[by.then.own])
        for each in last:
            yield truth, (each, by.to)
        if not last:
            lacking = estate.lacks(by.then.table, account, row["region"])
            yield all_of((truth, lacking or False)), (other, ())
    lacking = estate.lacks(by.table, account, row["region"])
    if lacking is not None:
        yield lacking, (row, ())


# --- data events ------------------------------------------------------------------------------------------


def _recorded(row: Row, events: DataEvents, estate: Estate) -> Iterator[tuple[Truth, Lies]]:
    account, arn = row["account_id"] or "", row["arn"]
    for trail in estate.having(TRAILS, "region", account, row["region"]):
        selected = arn if isinstance(arn, Unknown) else selects(trail, events.type, f"{arn}{events.ends}")
        logs = trail["is_logging"]
        truth = all_of((logs if isinstance(logs, Unknown) else bool(logs), selected))
        yield truth, (trail, events.to)
    lacking = estate.lacks(TRAILS, account, row["region"])
    if lacking is not None:
        yield lacking, (row, ())


_WIDE: Final = ("arn:aws:s3", "arn:aws:s3:::", "arn:aws:lambda", "arn:aws:dynamodb")


def selects(trail: Row, type_: str, arn: str) -> Truth:
    """Whether a trail records all data events of a resource; not known where it records some of them alone."""
    plain, advanced = trail["event_selectors"], trail["advanced_event_selectors"]
    unknown = first_unknown([plain, advanced])
    if unknown is not None:
        return unknown
    told: Truth = attempt(
        lambda _: any_of([*_plain(plain or (), type_, arn), *_advanced(advanced or (), type_, arn)]),
        [plain, advanced],
        "the event selectors of a trail",
    )
    return told


def _plain(selectors: Iterable[Mapping[str, Any]], type_: str, arn: str) -> Iterator[Truth]:
    for selector in selectors:
        for resource in selector.get("DataResources", ()):
            if resource.get("Type") == type_ and any(
                value in _WIDE or arn.startswith(value) for value in resource.get("Values", ())
            ):
                only = selector.get("ReadWriteType", "All")
                yield only == "All" or Unknown(Why.INDIRECT, f"a trail records events that are {only} alone")


def _advanced(selectors: Iterable[Mapping[str, Any]], type_: str, arn: str) -> Iterator[Truth]:
    for selector in selectors:
        fields = {field["Field"]: field for field in selector.get("FieldSelectors", ())}
        if type_ not in fields.get("resources.type", {}).get("Equals", ()):
            continue
        if "resources.ARN" in fields and not _names(fields["resources.ARN"], arn):
            continue
        more = sorted(set(fields) - {"eventCategory", "resources.type", "resources.ARN"})
        told = f"a trail picks events out by {', '.join(more)}"
        yield Unknown(Why.INDIRECT, told) if more else True


_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "Equals": str.__eq__,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}


def _names(field: Mapping[str, Any], arn: str) -> bool:
    """Whether a field of a selector takes an ARN: all of its operators do, each by any of its values."""
    for name, test in _TESTS.items():
        if field.get(name) and not any(test(arn, value) for value in field[name]):
            return False
        if any(test(arn, value) for value in field.get(f"Not{name}", ())):
            return False
    return True

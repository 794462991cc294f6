"""Where logs lie: a bucket or a log group, how long they are kept there, and whether they can be changed.

What is not known has its reason in the place of a value, as rows have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from demarcate.base.moments import utc
from demarcate.estate.schema.standins import StandIn, shown
from demarcate.estate.schema.truths import Truth
from demarcate.estate.schema.unknown import Kind as Why
from demarcate.estate.schema.unknown import Unknown, first_unknown
from demarcate.estate.snapshots.telling import Row
from demarcate.logs.coverage.kinds import BUCKETS, GROUPS, Kind, To
from demarcate.logs.coverage.paths import beginning
from demarcate.logs.coverage.switched import Lies, holds
from demarcate.logs.estate import Estate

BUCKET: Final = "bucket"
GROUP: Final = "log-group"
OTHER: Final = "other"

GLOBAL: Final = "global"
"""What stands for the region of what has none."""

NOT_ASKED: Final = Unknown(Why.NOT_COLLECTED, "AWS was not asked (--ask-aws)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the log of a resource lies. `account` and `region` are those of the place, '' where they are not known;
    `day` is where the objects of a day lie below `prefix`, '' where that is not known.
    """

    kind: str
    name: str
    account: str = ""
    region: str = ""
    prefix: str = ""
    day: str = ""
    newest: datetime | Unknown | None = NOT_ASKED
    row: Row | None = None
    unknown: Unknown | None = None
    """Why it was not looked into, where `row` is None."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same place for several resources; groups of one name are one in each region."""
        return self.kind, self.name, self.account, self.region if self.kind == GROUP else ""


def places(row: Row, kind: Kind, lies: list[Lies], estate: Estate) -> Iterator[Place | Unknown]:
    """Where the logs of a resource lie, by the rows that tell it."""
    for teller, where in lies:
        enough = any(to.optional and not isinstance(teller[to.column], Unknown) for to in where)
        for to in where:
            laid_out = holds(teller, to.where)
            if laid_out is False:
                continue
            for value in _values(teller[to.column]):
                if isinstance(value, Unknown):
                    if not (to.optional and enough):
                        yield value
                elif value:
                    yield _place(value, row, kind, teller, to, estate, laid_out)


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _place(value: Any, row: Row, kind: Kind, teller: Row, to: To, estate: Estate, laid_out: Truth = True) -> Place:
    named = row[kind.named]
    text = shown(value)
    form, name, account, region, prefix = to.kind, str(text), "", "", ""
    if to.kind == "arn" and not isinstance(value, StandIn):
        form, name, account, region, prefix = _by_arn(name)
    elif to.kind == "arn":
        form, name = OTHER, name.removesuffix(".Arn")
    elif form == BUCKET:
        name = name.partition(".s3.")[0]
    if form == GROUP and not account:
        account, region = row["account_id"] or "", row["region"] or ""
        name = to.form.replace("{named}", str(shown(named))).replace("{}", name)
    newest = _newest(teller, to)
    objects = teller[to.prefix] if to.prefix else ""
    path, hive = (teller[to.path] if to.path else ""), (teller[to.hive] if to.hive else False)
    unlaid = first_unknown([laid_out, objects, path, hive])
    if unlaid is not None and newest is NOT_ASKED:
        newest = unlaid
    held, unknown = _row(form, name, account, region, estate)
    if held is not None:
        account, region = held["account_id"] or account, held["region"] or region
    day = to.day if form == BUCKET and type(named) is str and type(objects) is str else ""
    if "{region}" in day and row["region"] in (None, "", GLOBAL):  # a bucket of which AWS did not tell it
        day = ""
    if to.path and form == BUCKET and type(named) is str and type(path) is str:
        day = beginning(path, named, row["account_id"] or "", prefix=prefix, hive=hive is True)
    elif day:
        for what, told in (
            *(("{account}", row["account_id"] or ""), ("{region}", row["region"] or ""), ("{named}", named)),
            *(("{prefix}", objects), ("{folder}", f"{objects.rstrip('/')}/" if objects else "")),
        ):
            day = day.replace(what, told)
    return Place(form, name, account, region, prefix, day, newest, held, unknown)


def _by_arn(arn: str) -> tuple[str, str, str, str, str]:
    """Kind, name, account, region and prefix of what an ARN names."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return OTHER, arn, "", "", ""
    if parts[2] == "s3":
        name, _, prefix = parts[5].partition("/")
        prefix = prefix.removesuffix("*").strip("/")
        return BUCKET, name, "", "", f"{prefix}/" if prefix else ""
    if parts[2] == "logs" and parts[5].startswith("log-group:"):
        return GROUP, parts[5].removeprefix("log-group:").removesuffix(":*"), parts[4], parts[3], ""
    return OTHER, arn, parts[4], parts[3], ""


def _newest(teller: Row, to: To) -> datetime | Unknown | None:
    """When the service says that it delivered last; None where it never did."""
    if not to.newest:
        return NOT_ASKED
    last, error = teller[to.newest], teller[to.error] if to.error else ""
    if isinstance(last, Unknown):
        return last
    if error and not isinstance(error, Unknown):
        return Unknown(Why.SERVICE_ERROR, f"the last delivery failed: {error}")
    return utc(last) if isinstance(last, datetime) else None


def _row(kind: str, name: str, account: str, region: str, estate: Estate) -> tuple[Row | None, Unknown | None]:
    if kind == BUCKET:
        for of in estate.accounts:
            for row in estate.having(BUCKETS, "name", of, name) or _by_resource(BUCKETS, name, of, estate):
                return row, None
        lacking = first_unknown([estate.lacks(BUCKETS, of) for of in estate.accounts])
        told = "it is no bucket of what was read: another account's, or gone"
        return None, lacking or Unknown(Why.LOOKUP, told)
    if kind != GROUP:
        return None, Unknown(Why.LOOKUP, "it is neither a bucket nor a log group, and is not looked into")
    if account not in estate.accounts:
        return None, Unknown(Why.LOOKUP, f"it is in account {account}, which was not read")
    groups = estate.having(GROUPS, "name", account, name) or _by_resource(GROUPS, name, account, estate)
    for row in groups:
        if not region or row["region"] == region:
            return row, None
    lacking = estate.lacks(GROUPS, account, region or None)
    return None, lacking or Unknown(Why.LOOKUP, "there is no such log group")


def _by_resource(name: str, resource: str, account: str, estate: Estate) -> list[Row]:
    """Of a template, what refers to it is called as the resource is."""
    return estate.having(name, "resource", account, resource)


# --- what a place makes of it -----------------------------------------------------------------------------


def kept_days(place: Place) -> int | Unknown:
    """In how many days what lies there expires; 0 where it never does."""
    row = place.row
    if row is None:
        return place.unknown or NOT_ASKED
    days: int | Unknown = row["expires_after_days" if place.kind == BUCKET else "retention_in_days"]
    return days


def immutable(place: Place) -> str | Unknown:
    """What keeps it from being deleted: a lock and for how long, versions, protection of the group; '' for nothing."""
    row = place.row
    if row is None:
        return place.unknown or NOT_ASKED
    if place.kind == GROUP:
        protected = row["deletion_protection_enabled"]
        return protected if isinstance(protected, Unknown) else "deletion protection" if protected else ""
    locked, mode, days, versions = (
        row[name]
        for name in (
            *("object_lock_enabled", "object_lock_default_mode"),
            *("object_lock_default_days", "versioning_enabled"),
        )
    )
    unknown = first_unknown([locked, mode, days, versions])
    if unknown is not None:
        return unknown
    if locked and mode:
        return f"{mode} {days} days"
    return "versions" if versions else ""


def elsewhere(place: Place, account: str) -> bool | Unknown:
    """Whether it is in another account than what is logged."""
    if place.account:
        return place.account != account
    return place.unknown or NOT_ASKED

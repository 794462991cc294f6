"""Where things are sent: the destinations and rules of the user's own settings.

    [destinations.siem]
    kind = "splunk"
    url = "https://splunk.example.com:8088"
    token-variable = "SPLUNK_TOKEN"

    [[send-rules]]
    to = "siem"
    severity = "medium"

Secrets are not settings: a setting names the variable of the environment that holds one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from demarcate.base.fetching import is_loopback, shown_url
from demarcate.base.moments import local, utc
from demarcate.base.names import nearest
from demarcate.evidence.problems import shown
from demarcate.sending.structs import SEVERITIES, Item, Kind, SendingError, Severity


class Quiet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Hours in which only what is as severe as `but`, or worse, is sent; the rest waits until they end."""

    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    zone: str = "UTC"
    but: Severity = "critical"

    def until(self, moment: datetime) -> datetime | None:
        """When the hours end that a moment is in (UTC); None where it is in none."""
        here = local(moment, ZoneInfo(self.zone))
        begin, end = time.fromisoformat(self.begin), time.fromisoformat(self.end)
        now = here.time().replace(tzinfo=None)
        inside = begin <= now < end if begin < end else now >= begin or now < end
        if not inside:
            return None
        day = here.date() if now < end else here.date() + timedelta(days=1)
        return utc(datetime.combine(day, end, ZoneInfo(self.zone)))


class Destination(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab", tag_field="kind"
):
    """What all destinations have. With `digest`, what is new is gathered for so many minutes and sent together.

    Programs are told of a detection again when it has grown; people (`GROWN` is False) are told once.
    """

    GROWN: ClassVar[bool] = True

    quiet: Quiet | None = None
    digest: Annotated[int, msgspec.Meta(ge=1, le=10_080)] | None = None


class Webhook(Destination, frozen=True, kw_only=True, tag="webhook"):
    """Any address that takes JSON; each call is signed with a secret."""

    url: str
    secret_variable: str


class Splunk(Destination, frozen=True, kw_only=True, tag="splunk"):
    """Splunk's HTTP Event Collector."""

    url: str
    token_variable: str
    index: str | None = None
    sourcetype: str = "demarcate:ocsf"


class Elastic(Destination, frozen=True, kw_only=True, tag="elastic"):
    """Elasticsearch, or OpenSearch: a data stream or an index."""

    url: str
    index: str
    api_key_variable: str | None = None
    user: str | None = None
    password_variable: str | None = None


class Syslog(Destination, frozen=True, kw_only=True, tag="syslog"):
    """A syslog receiver over TLS."""

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 6514
    format: Literal["ocsf", "cef", "leef"] = "ocsf"


class SecurityLake(Destination, frozen=True, kw_only=True, tag="security-lake"):
    """The place of custom sources of Security Lake: a folder, or s3://BUCKET/PREFIX and the profile that may write."""

    folder: str
    source: str = "demarcate"
    profile: str | None = None
    endpoint_url: str | None = None


class Apprise(Destination, frozen=True, kw_only=True, tag="apprise"):
    """Slack, Teams, mail and whatever else apprise knows: its URL is a secret."""

    GROWN: ClassVar[bool] = False

    url_variable: str


AnyDestination = Webhook | Splunk | Elastic | Syslog | SecurityLake | Apprise


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What goes to a destination: this severe or worse, of these areas, accounts and kinds; none named means all."""

    to: tuple[str, ...]
    severity: Severity = "informational"
    area: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    kind: tuple[Kind, ...] = ()

    def takes(self, item: Item) -> bool:
        """Whether an item is what it speaks of."""
        return (
            is_as_severe(item.severity, self.severity)
            and (not self.area or item.area in self.area)
            and (not self.account or item.account in self.account)
            and (not self.kind or item.kind in self.kind)
        )


def is_as_severe(severity: Severity, bound: Severity) -> bool:
    """Whether a severity is another one, or worse."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(bound)


class Routes(msgspec.Struct, frozen=True, kw_only=True):
    """All destinations by name, and the rules."""

    destinations: dict[str, AnyDestination]
    rules: tuple[Rule, ...] = ()

    def takes(self, name: str, item: Item) -> bool:
        """Whether an item goes to a destination: where rules speak of it, one of them must take it."""
        rules = [rule for rule in self.rules if name in rule.to]
        return not rules or any(rule.takes(item) for rule in rules)

    def named(self, names: Iterable[str]) -> dict[str, AnyDestination]:
        """The destinations of these names, or all. Raises SendingError for a name that there is not."""
        wanted = list(dict.fromkeys(names)) or list(self.destinations)
        if not wanted:
            raise SendingError(
                "there is no destination: set one in your own demarcate.toml, such as [destinations.siem]"
            )
        check_names(wanted, self.destinations)
        return {name: self.destinations[name] for name in wanted}


def check_names(names: Iterable[str], known: Iterable[str]) -> None:
    """Raise SendingError for a name of no destination, with the nearest, or all that there are."""
    there = list(known)
    for name in names:
        if name not in there:
            hint = nearest(name, there) or f"; there are: {', '.join(there) or 'none'}"
            raise SendingError(f"there is no destination {shown(name)}{hint}")


_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LISTS: Final = ("to", "area", "account", "kind")


def read_routes(
    destinations: Mapping[str, Any],
    rules: Sequence[Mapping[str, Any]],
    areas: Iterable[str],
    where: Mapping[str, str] | None = None,
) -> Routes:
    """The destinations and rules of settings; `areas` are those that there are, `where` says what each comes from.

    Raises SendingError for one that cannot be used.
    """
    places = where or {}
    place = places.get("destinations", "settings")
    made: dict[str, AnyDestination] = {}
    for name, told in destinations.items():
        at = f"{place}: destination {name[:100]!r}"
        if not _NAME.fullmatch(name):
            raise SendingError(f"{at}: a name has letters, digits, - _ and ., at most 64")
        made[name] = _destination(told, at)
    place, known = places.get("send-rules", "settings"), set(areas)
    read = tuple(_rule(told, f"{place}: send-rules {number}", made, known) for number, told in enumerate(rules, 1))
    return Routes(destinations=made, rules=read)


def _destination(told: Mapping[str, Any], at: str) -> AnyDestination:
    try:
        made: AnyDestination = msgspec.convert(told, AnyDestination)
    except msgspec.ValidationError as error:
        raise SendingError(f"{at}: {error}") from error
    if hasattr(made, "url"):
        _check_url(made.url, at)
    if made.quiet is not None:
        _check_quiet(made.quiet, at)
    return made


def _check_url(url: str, at: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise SendingError(f"{at}: url: {error}") from error
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))):
        raise SendingError(f"{at}: url: {shown_url(url)}: only https addresses are sent anything")
    if "@" in parts.netloc or parts.fragment:
        raise SendingError(
            f"{at}: url: {shown_url(url)}: has a user, password or fragment: name a variable instead"
        )


def _check_quiet(quiet: Quiet, at: str) -> None:
    try:
        begin, end = time.fromisoformat(quiet.begin), time.fromisoformat(quiet.end)
        ZoneInfo(quiet.zone)
    except (ValueError, KeyError, OSError) as error:
        raise SendingError(
            f"{at}: quiet: {error}: from and to are times such as 22:00, zone is Europe/Berlin"
        ) from error
    if begin == end or begin.tzinfo or end.tzinfo:
        raise SendingError(f"{at}: quiet: from and to are two different times, such as 22:00 and 07:00")


def _rule(told: Mapping[str, Any], at: str, destinations: Mapping[str, AnyDestination], areas: set[str]) -> Rule:
    lists = {name: [told[name]] for name in _LISTS if isinstance(told.get(name), str)}
    try:
        rule = msgspec.convert({**told, **lists}, Rule)
    except msgspec.ValidationError as error:
        raise SendingError(f"{at}: {error}") from error
    for name in rule.to:
        if name not in destinations:
            raise SendingError(
                f"{at}: there is no destination {name!r}; there are: {', '.join(destinations) or 'none'}"
            )
    for area in rule.area:
        if area not in areas:
            raise SendingError(f"{at}: there is no area {area!r}; there are: {', '.join(sorted(areas))}")
    return rule


def secret(variable: str, at: str) -> str:
    """What a variable of the environment holds. Raises SendingError where it is not set, or is no secret."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise SendingError(f"{at}: the environment has no {variable}: set it to the secret that is meant")
    if not (value.isascii() and value.isprintable()):
        raise SendingError(f"{at}: the environment's {variable} has characters that no secret has")
    return value

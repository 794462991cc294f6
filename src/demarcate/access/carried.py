"""What the request of a caller carries: to each condition key the values that a policy can tell apart.

These are the values that its tests name, their neighbours, and one that none of them names. Which caller carries which
key is data (`data/keys.yaml`), with its source.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Final

from msgspec import structs
from msgspec.structs import replace

from demarcate.access.callers import OWN, Constants, Own, World, account_of, key_of, shared_or_none
from demarcate.access.conditions import Context, Generic, Given, Same, Test, fill
from demarcate.access.evaluating import Caller
from demarcate.access.operators import NEGATED, moment, number
from demarcate.access.patterns import is_wild, limited, sample, unlike

MOST_VALUES: Final = 2_000
"""How many values of one key are tried."""

MOST_TOGETHER: Final = 60
"""How many values of one key are tried in pairs."""


def values_of_key(
    name: str, world: World, said: Constants, own: Own, fixed: Context | None = None
) -> tuple[Given, ...] | None:
    """What a key may hold in a request of a caller, the most telling first; None where nothing is known of it. `fixed`
    are the keys that variables stand for. Raises TooWide.
    """
    key = key_of(name)
    if key is None:
        return None
    ways = {world.caller.value, world.way, "all"}
    if not ways & {*key.by, *key.perhaps}:
        return (None,)
    tests = said.tests.get(name, [])
    if fixed:
        tests = [_filled(test, fixed) for test in tests]
    texts = list(dict.fromkeys(text for test in tests for text in test.values.known))
    values = limited(dict.fromkeys(_values(key.form, world, texts, tests, own)), MOST_VALUES)
    given: list[Given] = [(value,) for value in values]
    if key.many:
        given += [(left, right) for left, right in combinations(limited(values, MOST_TOGETHER), 2)]
        given += [tuple(values)] if len(values) > 2 else []
    if not ways & {*key.by} or not given:
        given.append(None)
    return tuple(given)


def _filled(test: Test, fixed: Context) -> Test:
    """A test with the values of variables put in, where they are known."""
    if not any("${" in text for text in test.values.known):
        return test
    texts = [fill(text, fixed, wild=False) if "${" in text else text for text in test.values.known]
    known = [text for text in texts if isinstance(text, str)]
    return replace(test, values=structs.replace(test.values, known=known, standins={}))


def _values(form: str, world: World, texts: list[str], tests: list[Test], own: Own) -> Iterator[str]:
    account, organization = world.account, world.organization
    make = Generic if world.generic else str
    match form:
        case "account" | "source-account" | "source-owner":
            yield account
        case "organization" | "source-organization":
            yield from [] if organization is None else [organization]
        case "organization-path" | "source-organization-path":
            if organization is not None:
                yield from _patterned(texts, [f"{organization}/*"], make)
                yield make(f"{organization}/r-zz/")
        case "user-id":
            yield from _user_ids(world, texts)
        case "principal-type":
            anonymous = world.caller is Caller.ANONYMOUS
            yield from ["Anonymous"] if anonymous else ["AssumedRole", "User", "Account", "FederatedUser"]
        case "is-service":
            yield "true" if world.caller is Caller.SERVICE else "false"
        case "service-name":
            yield from (who.name for who in world.names)
        case "source-arn":
            yield from _source_arns(world, texts)
        case "function-arn" | "instance-arn":
            yield from _patterned(texts, [f"arn:*:*:*:{account}:*"], make)
        case "address":
            yield from (address for address, _ in addresses(tuple(texts)))
        case "vpc" | "endpoint" | "endpoint-account" | "endpoint-organization" | "endpoint-organization-path":
            yield from _ways_named(world, texts, _STRANGE_WAYS.get(form) or world.account)
        case "vpc-arn":
            yield from _ways_named(world, texts, f"arn:aws:ec2:zz:{account}:vpc/vpc-zz")
        case "way-account":
            yield from _ways_named(world, texts, account)
        case "way-arn":
            yield from _ways_named(world, texts, f"arn:aws:s3:zz:{account}:accesspoint/zz")
        case "mount-target":
            yield "false"
            yield from [] if world.generic and not world.named_way else ["true"]
        case "resource-account":
            yield from [own.account] if own.account else [*texts, OWN]
        case "resource-organization":
            yield own.home
            yield from [] if own.organization else texts
        case "truth":
            yield from ("true", "false")
        case _:
            yield from _chosen(tests)


def _patterned(texts: Iterable[str], patterns: Iterable[str], make: type[str]) -> Iterator[str]:
    """What the texts share with the patterns, and a sample of each of these."""
    patterns = list(patterns)
    for text in texts:
        for pattern in patterns:
            value = shared_or_none(text, pattern)
            if value is not None:
                yield make(value)
    yield from (make(sample(pattern, "zz")) for pattern in patterns)


_ROLE_ID, _USER_ID = "AROAZZZZZZZZZZZZZZZZZ", "AIDAZZZZZZZZZZZZZZZZZ"


def _user_ids(world: World, texts: list[str]) -> Iterator[str]:
    if world.caller is Caller.ANONYMOUS:
        yield "anonymous"
        return
    if world.generic:
        yield from _patterned(texts, [f"{_ROLE_ID}:*", _USER_ID, world.account], Generic)
    else:
        yield from (sample(text) for text in texts)
        yield from (f"{_ROLE_ID}:zz", _USER_ID)


_STRANGE_WAYS: Final = {
    "vpc": "vpc-zzzzzzzzz",
    "endpoint": "vpce-zzzzzzzz",
    "endpoint-organization": "o-zzzzzzzzzz",
    "endpoint-organization-path": "o-zzzzzzzzzz/r-zz/",
}


def _ways_named(world: World, texts: list[str], strange: str) -> Iterator[str]:
    """Networks and access points: those that are named, and one that anybody may make."""
    if not world.generic or world.named_way:
        yield from (sample(text) for text in texts)
    else:
        parts = strange.split(":")
        pattern = ":".join([*parts[:3], "*", *parts[4:5], "*"]) if len(parts) > 5 else strange
        yield from (Generic(value) for text in texts if is_wild(text) and (value := shared_or_none(text, pattern)))
    yield Generic(strange)


def _source_arns(world: World, texts: list[str]) -> Iterator[str]:
    make = Generic if world.generic else str
    of_account = [f"arn:aws:*:*:{world.account}:*", f"arn:*:*:*:{world.account}:*"]
    yield from _patterned(texts, of_account, make)
    if world.generic:
        for text in texts:  # what names no account, and no name: anybody has such a thing
            value = shared_or_none(text, "arn:aws:*:::zz*") or shared_or_none(text, "arn:*:*:::zz*")
            if value is not None and is_wild(text):
                yield Generic(value)
    else:
        for text in texts:
            if not account_of(text):
                yield sample(text)


# --- values that whoever asks may choose ------------------------------------------------------------------


def _chosen(tests: Sequence[Test]) -> Iterator[str]:
    """The values that tests name, their neighbours, and one that they do not name."""
    yield Generic("(anything)")
    wild: list[str] = []
    filler = unlike([text for test in tests for text in test.values.known])
    for test in tests:
        operator = NEGATED.get(test.operator, test.operator)
        if test.values.unknown:
            yield Same.of(test.values.unknown)
        for text in test.values.known:
            if operator.startswith("numeric"):
                yield from _numbers(text)
            elif operator.startswith("date"):
                yield from _dates(text)
            elif operator == "ipaddress":
                yield from (address for address, _ in addresses((text,)))
            elif operator == "bool":
                yield from ("true", "false")
            elif operator in ("stringlike", "arnlike", "arnequals"):
                wild.append(text)
                yield sample(text, filler)
                yield sample(text, "")
            elif operator != "null":
                yield text
                if operator.endswith("ignorecase"):
                    yield from (text.lower(), text.upper())
    together = limited(dict.fromkeys(wild), MOST_TOGETHER) if len(tests) > 1 else []
    for left, right in combinations(together, 2):
        value = shared_or_none(left, right)
        if value is not None:
            yield value


def _numbers(text: str) -> Iterator[str]:
    try:
        told = number(text)
    except ValueError:
        return
    for near in (told, told - 1, told + 1):
        yield str(int(near)) if near == int(near) else str(near)


def _dates(text: str) -> Iterator[str]:
    try:
        when = moment(text)
        yield from ((when + timedelta(seconds=near)).isoformat() for near in (0, -1, 1))
    except (ValueError, OverflowError):
        return


# --- addresses --------------------------------------------------------------------------------------------

_PRIVATE: Final = ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                   "192.168.0.0/16", "224.0.0.0/3")  # fmt: skip
_GLOBAL6: Final = ipaddress.ip_network("2000::/3")

WIDE: Final = {4: 2**24, 6: 2**96}
"""More addresses than this are anybody's: S3 takes a range for public that is wider than a /8, or a /32 of IPv6."""


@lru_cache(maxsize=1024)
def addresses(texts: tuple[str, ...]) -> tuple[tuple[str, tuple[int, int]], ...]:
    """An address of each range that the texts divide the Internet into, the largest first, with the version of IP and
    how many addresses the range has; none where it is private.
    """
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue
    told = []
    for version, bits in ((4, 32), (6, 128)):
        cuts = {0, 2**bits}
        known = [ipaddress.ip_network(text) for text in _PRIVATE] if version == 4 else [_GLOBAL6]
        for network in (*networks, *known):
            if network.version == version:
                cuts |= {int(network.network_address), int(network.broadcast_address) + 1}
        ordered = sorted(cuts)
        for low, high in pairwise(ordered):
            address = ipaddress.ip_address(low) if version == 4 else ipaddress.IPv6Address(low)
            inside = any(address in network for network in known)
            public = inside if version == 6 else not inside
            told.append((str(address), (version, high - low if public else 0)))
    return tuple(sorted(told, key=lambda pair: -pair[1][1] / WIDE[pair[1][0]]))

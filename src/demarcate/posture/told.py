"""What another tool says of one resource, and the words that its forms share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec

from demarcate.base.moments import since_1970, utc
from demarcate.checks.structs import Verdict
from demarcate.evidence.problems import Unusable, shown

PROWLER, SECURITY_HUB, CONFIG, CHECKOV, INSPECTOR = (
    "prowler",
    "security-hub",
    "config-rule",
    "checkov",
    "inspector",
)
"""Tools, as the references of checks name them; checks cite none of Inspector."""

TITLES: Final = {
    PROWLER: "Prowler",
    SECURITY_HUB: "Security Hub",
    CONFIG: "AWS Config",
    CHECKOV: "Checkov",
    INSPECTOR: "Inspector",
}
"""The tools as people call them."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What another tool says of one resource.

    `check` is its own name for what it asked. `resource` is None where it speaks of all resources at once; `on` is the
    moment of its verdict (ISO 8601, UTC), None where it tells none. `suppressed` says that people told it to be silent.
    """

    tool: str
    check: str
    verdict: Verdict
    resource: str | None = None
    name: str | None = None
    account: str | None = None
    region: str | None = None
    file: str | None = None
    on: str | None = None
    reason: str = ""
    suppressed: bool = False


Reader = Callable[[msgspec.Raw], Iterator[Told | None]]


def verdict_of(word: str, words: dict[str, Verdict]) -> Verdict:
    """A verdict by the tool's word for it. Raises Unusable for one that it does not have."""
    verdict = words.get(word)
    if verdict is None:
        raise Unusable(f"{shown(word)} is none of {', '.join(words)}")
    return verdict


def moment_of(value: str | float | None) -> str | None:
    """A moment as AWS and others write it, as ISO 8601 in UTC; None where it is none.

    Numbers are seconds since 1970, or thousandths where they are so large.
    """
    with suppress(ValueError):
        if isinstance(value, str) and value:
            return utc(datetime.fromisoformat(value)).isoformat()
        if isinstance(value, int | float):
            return since_1970(value / 1000 if value > 1e11 else value).isoformat()
    return None

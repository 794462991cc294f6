"""The order of versions, as the services of AWS write them.

A version is compared by its numbers, from the left: 2023.9 is before 2023.10, and PostgreSQL 5.4 before 5.10. Aurora
writes the engine that it is like before its own version (`8.0.mysql_aurora.3.04.1`), EKS `1.31` and `v1.31.2-eks-abc`,
node images and Amazon Linux the day of a release (`1.31.2-20241212`, `2023.6.20241212`), Windows builds
(`10.0.20348.2965`). What is a hash says nothing of the order, and what is made before a release comes before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Key = tuple[tuple[int, ...], int, int]
"""What versions are ordered by: their numbers, how near to a release they are, and the how manieth before it."""

_HASH = re.compile(r"-eks-[0-9a-f]+|\+[0-9A-Za-z.-]*|@?sha256:[0-9a-f]+")
_BEFORE = re.compile(r"(?<![A-Za-z])(alpha|beta|preview|rc)[-.]?(\d*)", re.IGNORECASE)
_STAGES = ("alpha", "beta", "preview", "rc")
_NUMBER = re.compile(r"\d+")

MOST_DIGITS = 18
"""How many digits a number of a version may have."""


def key(version: str) -> Key:
    """What a version is ordered by. Raises ValueError for a text that has no order: `LATEST`, `default`, a hash.

    >>> key("2023.9") < key("2023.10"), key("v1.31.2-eks-abc") > key("1.31"), key("17beta1") < key("17.0")
    (True, True, True)
    """
    text = _HASH.sub("", version)
    before = _BEFORE.search(text)
    if before is not None:
        text = text[: before.start()]
    numbers = _NUMBER.findall(text)
    if not numbers or any(len(number) > MOST_DIGITS for number in numbers):
        raise ValueError(f"{version!r} is not a version: it has no numbers to order it by")
    ordered = [int(number) for number in numbers]
    while len(ordered) > 1 and not ordered[-1]:
        ordered.pop()
    if before is None:
        return tuple(ordered), len(_STAGES), 0
    return tuple(ordered), _STAGES.index(before[1].lower()), int(before[2] or 0)


def newest(versions: Iterable[str]) -> str | None:
    """The newest of some versions; None where none has an order.

    >>> newest(["5.4", "5.10", "LATEST"])
    '5.10'
    """
    return max(filter(is_ordered, versions), key=key, default=None)


def behind(version: str, offered: Iterable[str]) -> int | None:
    """How many of the versions that are offered come after one; None where it has no order.

    >>> behind("5.4", ["5.4", "5.5", "5.10"]), behind("LATEST", ["5.4"])
    (2, None)
    """
    if not is_ordered(version):
        return None
    own = key(version)
    return len({other for other in map(key, filter(is_ordered, offered)) if other > own})


def is_ordered(version: str) -> bool:
    """Whether a text is a version that has an order."""
    try:
        key(version)
    except ValueError:
        return False
    return True

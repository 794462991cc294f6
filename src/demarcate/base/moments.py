"""Moments: any that comes from outside is brought to UTC here, since those at the ends of time cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; one without an offset is taken to be in UTC.

    Raises ValueError for one that UTC has no year for: 0001-01-01T00:00:00+14:00.
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} is out of range") from error


def local(moment: datetime, zone: tzinfo) -> datetime:
    """The same moment by the clocks of a zone. Raises ValueError for one that the zone has no year for."""
    try:
        return moment.astimezone(zone)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} is out of range") from error


def milliseconds(moment: datetime) -> int:
    """How many milliseconds after the beginning of 1970 (UTC) a moment is, whole.

    >>> milliseconds(datetime(1970, 1, 1, 0, 0, 1))
    1000
    """
    return round(utc(moment).timestamp() * 1000)


def since_1970(seconds: float) -> datetime:
    """The moment so many seconds after the beginning of 1970. Raises ValueError for one that is out of range."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{seconds} is out of range") from error

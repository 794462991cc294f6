"""The ways to name what Config recorded: paths, s3://BUCKET/PREFIX, config:AGGREGATOR."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from demarcate.base.errors import DemarcateError
from demarcate.estate.sources.config.files import recognises

if TYPE_CHECKING:
    import boto3

    from demarcate.estate.sources.config.opening import Opened

BUCKET = "s3://"
AGGREGATOR = "config:"


def is_remote(name: str) -> bool:
    """Whether it takes AWS credentials to read a source."""
    return name.startswith((BUCKET, AGGREGATOR))


def is_config(name: str) -> bool:
    """Whether a source is one of Config's: as it is named, or by what is there."""
    return is_remote(name) or recognises(Path(name))


@contextmanager
def open_source(
    names: Sequence[str], types: Iterable[str], *, session: boto3.Session | None, endpoint_url: str | None
) -> Iterator[Opened]:
    """All that is needed of some types. Raises DemarcateError where nothing can be read at all."""
    from demarcate.estate.sources.config.opening import open_files

    if not any(map(is_remote, names)):
        with open_files([Path(name) for name in names]) as opened:
            yield opened
        return
    if len(names) > 1:
        raise DemarcateError(f"{next(filter(is_remote, names))}: name it alone")
    from demarcate.estate.sources.aws.session import make_session

    session = session or make_session()
    if names[0].startswith(BUCKET):
        from demarcate.estate.sources.config.buckets import open_bucket

        with open_bucket(names[0], session, endpoint_url) as opened:
            yield opened
    else:
        from demarcate.estate.sources.config.aggregators import open_aggregator

        with open_aggregator(names[0], types, session, endpoint_url) as opened:
            yield opened

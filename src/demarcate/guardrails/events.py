"""The calls that CloudTrail recorded: in files as it delivers them, or from its event history. One is held at a time.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError, Problem
from demarcate.base.files import is_file, is_folder, open_file, walk
from demarcate.base.limits import FREE_RESOURCES
from demarcate.estate.sources.aws.clients import Clients, client_of, without_prefix
from demarcate.estate.sources.aws.failures import FAILED, why
from demarcate.estate.sources.aws.session import identify, session_of
from demarcate.estate.sources.config.budget import Budget
from demarcate.estate.sources.config.damage import Damaged
from demarcate.estate.sources.config.scanning import Form, items
from demarcate.estate.sources.interface import Options

Event = dict[str, Any]
Refuse = Callable[[Problem], None]
"""What is told of everything that cannot be read."""

LOG: Final = Form("a log file of CloudTrail", "Records", "eventName")

ENDINGS: Final = (".json", ".json.gz")
OTHERS: Final = ("_CloudTrail-", "_Config_")
"""What stands in the names of other files that lie beside logs: digests, insights, and what AWS Config delivers."""

LOOKUP: Final = "cloudtrail.lookup_events"

KEPT: Final = 90
"""For how many days CloudTrail keeps its history of management events."""


def files_of(paths: Sequence[Path], refuse: Refuse) -> Iterator[Path]:
    """The log files that are named, and those in folders that are.

    Raises DemarcateError where there is nothing of a name, and where a folder has none.
    """
    for path in paths:
        if is_file(path):
            yield path
            continue
        if not is_folder(path):
            raise DemarcateError(f"{path}: there is no such file or folder (--events)")
        files = walk(
            path,
            [path],
            lambda name: name.endswith(ENDINGS) and not any(other in name for other in OTHERS),
            lambda file, reason: refuse(Problem(reason, str(file))),
        )
        first = next(files, None)
        if first is None:
            raise DemarcateError(
                f"{path}: there is no file of CloudTrail in it: expected names that end in .json.gz"
            )
        yield first
        yield from files


def in_files(paths: Sequence[Path], refuse: Refuse, *, resources: int = FREE_RESOURCES) -> Iterator[Event]:
    """The events of files, as they come. What is damaged is told, and the rest goes on.

    `resources` are for how many items more than their size accounts for the files may hold.
    """
    budget = Budget(resources)
    for path in files_of(paths, refuse):
        try:
            with contextlib.closing(open_file(path)) as stream:
                yield from map(_event, items(stream, {}, budget, LOG))
        except (OSError, Damaged) as error:
            reason = f"cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)
            refuse(Problem(reason, str(path)))


def in_history(
    options: Options, days: int, refuse: Refuse, *, resource: str = "", now: datetime | None = None
) -> Iterator[Event]:
    """The management events of the last days in an account, region by region: CloudTrail gives 100 a second at most.
    With `resource` only those that it lists under this name.

    Raises DemarcateError without credentials.
    """
    session = session_of(options)
    own = Clients(session, options.endpoint_url)
    caller = identify(session, own, options.regions)
    own.close()
    since = (now or datetime.now(UTC)) - timedelta(days=days)
    named: dict[str, Any] = {}
    if resource:
        named["LookupAttributes"] = [{"AttributeKey": "ResourceName", "AttributeValue": resource}]
    for region in options.regions or (caller.start,):
        client = client_of(session, "cloudtrail", options.endpoint_url, may=(LOOKUP,), region=region)
        client.meta.events.register("before-sign", without_prefix)
        try:
            for page in client.get_paginator("lookup_events").paginate(StartTime=since, **named):
                for told in page.get("Events", ()):
                    yield _event(from_json(told.get("CloudTrailEvent") or "{}"))
        except FAILED as error:
            refuse(Problem(f"{LOOKUP} in {caller.account}, {region}: {why(error).reason}"))
        except ValueError as error:
            refuse(Problem(f"{LOOKUP} in {caller.account}, {region}: an event is no JSON: {error}"))


def _event(told: Any) -> Event:
    """An event; an empty one in the place of what is none, so that it is counted as not known."""
    return told if isinstance(told, dict) else {}

"""What assess and collect have in common for many accounts: which engine runs their groups, and how."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.report.out import say

if TYPE_CHECKING:
    from demarcate.estate.sources.interface import Options
    from demarcate.estate.sources.plan import Selection
    from demarcate.evidence.structs import ReadEvidence
    from demarcate.evidence.waivers import ReadWaivers, WaiverRules
    from demarcate.lake.engines import Engine
    from demarcate.posture.assessment import Assessment


class EngineChoice(StrEnum):
    """What runs groups of accounts."""

    LOCAL = "local"
    SPARK = "spark"


EngineName = Annotated[
    EngineChoice | None,
    typer.Option(
        "--engine",
        help="What runs accounts as tasks: processes here, or Spark. Default: processes, for what is large.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="With --engine local: how many processes. Default: one for each core."),
]
Master = Annotated[
    str | None,
    typer.Option(
        "--master", metavar="URL", help="With --engine spark: its master, or sc://HOST:PORT of Spark Connect."
    ),
]


def engine_of(
    sources: Sequence[str],
    name: EngineChoice | None,
    workers: int | None,
    master: str | None,
) -> Engine | None:
    """What judges these; None where they are judged in this process. Raises DemarcateError for what does not fit."""
    from demarcate.base.errors import DemarcateError
    from demarcate.lake.places import is_lake, is_large

    engine = chosen(name, workers, master)
    in_parts = engine is not None or any(map(is_lake, sources))
    if not in_parts and (len(sources) > 1 or find_spec("pyarrow") is None or not is_large(sources[0])):
        return None
    if len(sources) > 1:
        raise DemarcateError(f"{sources[0]}: name one lake, alone")
    return engine or chosen(EngineChoice.LOCAL, None, None)


def chosen(name: EngineChoice | None, workers: int | None, master: str | None) -> Engine | None:
    """The engine that is asked for; None where none is. Raises DemarcateError for options that do not fit."""
    from demarcate.base.errors import DemarcateError

    if name is EngineChoice.SPARK:
        if master is None:
            raise DemarcateError("--engine spark needs --master, such as spark://HOST:7077 or sc://HOST:15002")
        if workers is not None:
            raise DemarcateError("--workers is for --engine local: Spark has as many as its master gives")
    elif master is not None:
        raise DemarcateError("--master is for --engine spark")
    if name is None and workers is None:
        return None
    if find_spec("pyarrow") is None:
        raise DemarcateError("groups of accounts need pyarrow: pip install 'demarcate[arrow]'")
    from demarcate.lake.engines import Engine

    return Engine("spark" if name is EngineChoice.SPARK else "local", workers, master)


def check_here(save: str | None) -> None:
    """Refuse to keep on S3 what is judged in this process. Raises DemarcateError."""
    from demarcate.base.errors import DemarcateError
    from demarcate.lake.places import REMOTE

    if save is not None and save.startswith(REMOTE):
        raise DemarcateError(f"--save {save} is for lakes: name an engine (--engine local), or a folder")


@contextlib.contextmanager
def assessed(
    sources: Sequence[str],
    engine: Engine,
    save: str | None,
    how: Options,
    checks: list[str] | None,
    check_folders: list[Path] | None,
    evidence: list[ReadEvidence],
    waivers: list[ReadWaivers],
    rules: WaiverRules,
    tags: list[str],
    *,
    passes: bool,
) -> Iterator[Assessment]:
    """The assessment of a lake: kept where that is asked for, else as long as it is used.

    Raises DemarcateError as `assess_lake` does.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.base.stopping import TemporaryFolder
    from demarcate.estate.sources.registry import check_options
    from demarcate.lake.assessing import assess_lake
    from demarcate.lake.places import REMOTE, Lake

    (place,) = sources
    lake = Lake(place=place, endpoint=how.endpoint_url, region=next(iter(how.regions), None))
    remote = lake.is_remote or (save or "").startswith(REMOTE)
    check_options(place, "a lake", frozenset(("endpoint_url", "regions") if remote else ()), how)
    if save is None and engine.name == "spark":
        raise DemarcateError("--engine spark needs --save DIR: a new folder that all workers see, or s3://…")
    to = None
    if save is not None and save.startswith(REMOTE):
        to = Lake(place=save, endpoint=how.endpoint_url, region=next(iter(how.regions), None))
    with contextlib.ExitStack() as stack:
        own = save is None or to is not None
        folder = stack.enter_context(TemporaryFolder()) / "assessment" if own else Path(save or "")
        assessment = stack.enter_context(
            assess_lake(
                lake,
                folder,
                engine,
                checks=checks,
                check_folders=check_folders or (),
                evidence=evidence,
                waivers=waivers,
                rules=rules,
                tags=tags,
                passes=passes,
                to=to,
            )
        )
        if save is not None:
            say(f"{save}: what became of each account is in outcomes, and each finding in findings, as Parquet")
        yield assessment


def collect(sources: Sequence[str], selection: Selection, how: Options, out: Path, engine: Engine) -> None:
    """Collect accounts into a lake, and say what became of them. Raises DemarcateError as `collect_lake` does."""
    from demarcate.base.errors import DemarcateError
    from demarcate.cli import options
    from demarcate.estate.sources.registry import check_options, source_of
    from demarcate.lake.collecting import collect_lake

    source = source_of(list(sources))
    if not (source.asks and source.recognises(sources[0])) or source.name != "live":
        raise DemarcateError(f"{sources[0]}: --engine and --workers are for live accounts: aws")
    check_options(sources[0], source.title, source.uses(sources), how)
    began = time.monotonic()
    done = collect_lake(selection, how, out, engine)
    rows = sum(each.rows for each in done)
    say(f"{out}: {rows:,} rows of {len(done):,} accounts, {time.monotonic() - began:.1f} s")
    for each in done:
        if each.failed:
            say(f"could not be read: {each.account}: {each.failed}")
    unread = [told for each in done for told in each.unread]
    options.say_unread(unread)
    if unread or any(each.failed for each in done):
        raise typer.Exit(options.UNREAD)

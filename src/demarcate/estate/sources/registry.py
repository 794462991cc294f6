"""The sources that there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from demarcate.base.errors import DemarcateError
from demarcate.base.files import STANDARD_INPUT, is_standard_input, take_standard_input
from demarcate.base.limits import MAX_PIPED
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.aws.source import LiveSource
from demarcate.estate.sources.cdk.source import CdkSource
from demarcate.estate.sources.cloudformation.source import TemplateSource
from demarcate.estate.sources.config.source import ConfigSource
from demarcate.estate.sources.interface import SPELLED, Options, Source
from demarcate.estate.sources.terraform.source import TerraformSource
from demarcate.estate.sources.together.source import Declaring, TogetherSource

_DECLARING: Final[tuple[Declaring, ...]] = (CdkSource(), TerraformSource(), TemplateSource())
"""The sources of what is declared, which can be read together."""

SOURCES: Final[tuple[Source, ...]] = (LiveSource(), ConfigSource(), *_DECLARING)
"""In the order in which they are asked whose a name is; the last takes what is nobody else's."""

TOGETHER: Final[Source] = TogetherSource(_DECLARING)

TELLING: Final = tuple({source.label: source for source in SOURCES}.values())
"""The sources that tell tables each in its own way: of those that people call the same, the last."""


def source_of(names: Sequence[str]) -> Source:
    """The source that some names are of. Raises DemarcateError where they are of several that are not read together."""
    if "" in names:  # a variable of the shell that is not set: the folder one stands in was not meant
        raise DemarcateError("a source is an empty text: name what is to be read; . is the folder that you are in")
    sources = {name: next(source for source in SOURCES if source.recognises(name)) for name in names}
    source = sources[names[0]]
    if all(other is source for other in sources.values()):
        return source
    if all(other in _DECLARING for other in sources.values()):
        return TOGETHER
    name, other = next((name, other) for name, other in sources.items() if other is not source)
    raise DemarcateError(
        f"{names[0]} is {source.title}, {name} is {other.title}: they are two estates, to be read one by one"
    )


def take_piped(names: Sequence[str]) -> None:
    """Take what is piped in, where `-` is among some names. Raises DemarcateError where it cannot be had, or is named
    twice.
    """
    if STANDARD_INPUT not in names:
        return
    if names.count(STANDARD_INPUT) > 1:
        raise DemarcateError(f"{STANDARD_INPUT} is standard input, which there is only one of: name it once")
    take_standard_input(MAX_PIPED)


def check_there(names: Sequence[str], source: Source) -> None:
    """Refuse names that nothing has, of the source that takes what is nobody else's. Raises DemarcateError."""
    for name in names if source is SOURCES[-1] else ():
        if is_standard_input(Path(name)):
            continue
        try:
            Path(name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            raise DemarcateError(f"{name}: there is no such file or directory") from None
        except (OSError, ValueError):
            continue  # the source says what is wrong with it


def collected_from(snapshot: Snapshot) -> Source:
    """The source that a snapshot was collected from. Raises DemarcateError for one that this version does not have."""
    name = snapshot.manifest.source
    for source in (*SOURCES, TOGETHER):
        if source.name == name:
            return source
    raise DemarcateError(f"{snapshot.folder}: is of a source that this version does not have: {name!r}")


def check_options(name: str, title: str, used: frozenset[str], options: Options) -> None:
    """Refuse an option that cannot be used with what is named, and would be passed over. Raises DemarcateError."""
    for option in options.given():
        if option not in used:
            raise DemarcateError(f"{name} is {title}, which {SPELLED[option]} is not for: leave it out")

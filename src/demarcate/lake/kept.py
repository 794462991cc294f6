"""Assessments that are kept on S3, at hand as folders: copied into a temporary one for as long as they are used."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from demarcate.base.connection import short
from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_within, read_bytes
from demarcate.base.stopping import TemporaryFolder
from demarcate.lake.places import REMOTE, Lake, take
from demarcate.posture.kept import LARGEST, NAME, Kept

_AS_PATH = str(Path(REMOTE) / "_").removesuffix("_")
"""How a path begins that was made of the name of a place on S3: it has lost a slash."""


def is_remote(path: Path) -> bool:
    """Whether a path is the name of a place on S3."""
    return str(path).startswith(_AS_PATH)


@contextlib.contextmanager
def at_hand(path: Path, endpoint: str | None = None, region: str | None = None) -> Iterator[Path]:
    """A kept assessment as a folder of this machine: the path itself, or a copy of what is at `s3://BUCKET/PREFIX`.

    Without an endpoint and a region, those of the environment are asked, as the AWS CLI has them. What is wrong with it
    names the place on S3. Raises DemarcateError where it cannot be copied.
    """
    if not is_remote(path):
        yield path
        return
    place = REMOTE + str(path).removeprefix(_AS_PATH)
    with TemporaryFolder() as temporary:
        folder = temporary / "assessment"
        folder.mkdir()
        try:
            _copy(Lake(place=place, endpoint=endpoint, region=region), folder)
            yield folder
        except DemarcateError as error:
            raise DemarcateError(str(error).replace(str(folder), place)) from error


def _copy(place: Lake, folder: Path) -> None:
    """Copy the files that an assessment names. What is not as it was written, opening it says."""
    from pyarrow import ArrowInvalid

    try:
        take(place, [NAME], folder)
        names = from_json(read_bytes(folder / NAME, LARGEST), Kept).files
        if any(not is_within(folder / name, [folder]) for name in names):
            raise DemarcateError(f"{place.place}: damaged: it names files outside of it; assess again")
        for parent in {(folder / name).parent for name in names}:
            parent.mkdir(parents=True, exist_ok=True)
        take(place, names, folder)
    except ValueError as error:
        if isinstance(error, ArrowInvalid):  # a name that no bucket has
            raise DemarcateError(f"{place.place}: {short(error)}") from error
        return  # opening it says what is wrong with the file
    except OSError as error:
        raise DemarcateError(f"{place.place}: cannot be read: {short(error)}") from error

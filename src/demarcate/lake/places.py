"""Lakes: a folder of accounts, each a snapshot with its manifest, or one snapshot that has them all; here, or on S3.

    LAKE/<anything>/manifest.json, accounts/, tables/        a snapshot for each account (or some)
    LAKE/manifest.json, accounts/<account>.json, tables/     or one for all

Nothing of a lake is read here but manifests. Whoever judges a group of its accounts fetches what that group needs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from demarcate.base.connection import short
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_folder, read_bytes
from demarcate.estate.snapshots.manifest import (
    LARGEST_MANIFEST,
    MANIFEST,
    Overview,
    account_files,
    is_snapshot,
    overview,
    part_files,
)

READERS = 16
"""How many manifests are read side by side."""

LARGE_ACCOUNTS, LARGE_ROWS = 200, 1_000_000
"""From so many accounts, or rows, on a snapshot is judged by several processes."""

REMOTE = "s3://"

BEGAN = ".began"
"""What there is first at a place that is written to, and not when it is whole."""


class Lake(msgspec.Struct, frozen=True, kw_only=True):
    """Where a lake is: a folder, or `s3://BUCKET/PREFIX`, at `endpoint` and in `region` where these are given.

    Else they are those that the environment names, in the variables of the AWS CLI.
    """

    place: str
    endpoint: str | None = None
    region: str | None = None

    @property
    def is_remote(self) -> bool:
        """Whether it is on S3."""
        return self.place.startswith(REMOTE)


class Holding(NamedTuple):
    """What a lake holds in one of its folders ("" is the lake itself): some accounts of it (None: all), and how many
    rows they have. Those that are `alike` may be judged as one.
    """

    folder: str
    account: str | None
    rows: int
    alike: tuple[Any, ...] = ()


class _Files(msgspec.Struct, frozen=True):
    """The files of a lake."""

    names: Callable[[], list[str]]
    """The folders below it."""
    read: Callable[[str], bytes]
    """What is in a file. Raises OSError."""
    copy: Callable[[str, Path], object]
    """Copy a file. Raises OSError."""


class _Objects(_Files, frozen=True):
    """Those of a lake on S3, which can be written as well."""

    put: Callable[[Path, str], object]
    """Copy a file there, where it is as a whole or not at all. Raises OSError."""
    written: Callable[[], list[str]]
    """The names of all that is below it. Raises OSError."""
    remove: Callable[[str], object]
    """Remove one. Raises OSError."""
    clear: Callable[[], object]
    """Remove all of them. Raises OSError."""
    begin: Callable[[], object]
    """Write an empty file, `.began`. Raises OSError."""


def is_lake(name: str) -> bool:
    """Whether a name is that of a folder with a snapshot in each of its folders, and nothing else."""
    path = Path(name)
    if not is_folder(path) or is_snapshot(path):
        return False
    try:
        with os.scandir(path) as listing:
            entries = [Path(entry.path) for entry in listing if not entry.name.startswith(".")]
    except OSError:
        return False
    return bool(entries) and all(is_folder(entry) and is_snapshot(entry) for entry in entries)


def is_large(name: str) -> bool:
    """Whether a name is that of a snapshot which is worth several processes, and can be divided among them."""
    path = Path(name)
    if not is_snapshot(path):
        return False
    try:
        held = _told(_files(Lake(place=name)), "")
    except (OSError, DemarcateError):
        return False  # which opening it says
    if held is None or not held.is_divisible:
        return False
    return len(held.rows) >= LARGE_ACCOUNTS or (len(held.rows) > 1 and sum(held.rows.values()) >= LARGE_ROWS)


def holdings(lake: Lake) -> list[Holding]:
    """What a lake holds, by its manifests. A folder that is no snapshot is in it: judging it says why it is none.

    Raises DemarcateError where the lake cannot be read, or has no account.
    """
    files = _files(lake)
    try:
        whole = _told(files, "")
        if whole is not None:
            return _divided("", whole)
        names = files.names()
    except OSError as error:
        raise DemarcateError(f"{lake.place}: cannot be read: {_why(error)}") from error
    except DemarcateError as error:
        raise DemarcateError(f"{lake.place}: {error}") from error
    with ThreadPoolExecutor(READERS) as pool:
        told = list(pool.map(partial(_attempted, files), names))
    if not any(told):
        raise DemarcateError(
            f"{lake.place}: not a lake: expected a snapshot, or a folder with a snapshot for each account"
        )
    held = [
        holding
        for name, of in zip(names, told, strict=True)
        for holding in (_divided(name, of) if of is not None else [Holding(name, None, 0)])
    ]
    return sorted(held, key=lambda holding: (str(holding.alike), holding.folder, holding.account or ""))


def _attempted(files: _Files, name: str) -> Overview | None:
    try:
        return _told(files, name)
    except (OSError, DemarcateError):
        return None


def _told(files: _Files, folder: str) -> Overview | None:
    """What a folder of a lake holds; None where it has no manifest. Raises OSError, DemarcateError."""
    try:
        return overview(lambda name: files.read(f"{folder}/{name}" if folder else name))
    except FileNotFoundError:
        return None


def _divided(folder: str, held: Overview) -> list[Holding]:
    if not held.is_divisible or not held.rows:
        return [Holding(folder, None, sum(held.rows.values()), held.alike)]
    return [Holding(folder, account, rows, held.alike) for account, rows in held.rows.items()]


def grouped(held: Iterable[Holding], workers: int, most_accounts: int, most_rows: int) -> list[list[Holding]]:
    """What is judged together: up to so many accounts and rows, in groups that workers can share evenly."""
    listed = list(held)
    rounds = -(-len(listed) // (most_accounts * workers))
    each = max(1, -(-len(listed) // (rounds * workers))) if listed else 1
    groups: list[list[Holding]] = []
    rows = 0
    for holding in listed:
        if not groups or len(groups[-1]) == each or rows + holding.rows > most_rows:
            groups.append([])
            rows = 0
        groups[-1].append(holding)
        rows += holding.rows
    return groups


def fetch(lake: Lake, folder: str, accounts: Sequence[str] | None, to: Path) -> None:
    """Copy what a folder of a lake holds of some accounts. What is missing of it is missing in the copy.

    Raises OSError where it cannot be read for another reason, and DemarcateError where no manifest says what it holds.
    """
    files = _files(lake)

    def copy(name: str) -> None:
        path = to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            files.copy(f"{folder}/{name}" if folder else name, path)
        except FileNotFoundError:
            path.unlink(missing_ok=True)

    copy(MANIFEST)
    for names in (account_files, part_files):
        with ThreadPoolExecutor(READERS) as pool:
            list(pool.map(copy, (name for name in names(to, accounts) if not (to / name).exists())))


def begin(lake: Lake) -> bool:
    """Write a first file to a place on S3, to see that one may; unless something is there: then it is False.

    Raises OSError, and DemarcateError for a place that is none.
    """
    files = _on_s3(lake)
    if files.written():
        return False
    files.begin()
    return True


def take(lake: Lake, names: Iterable[str], to: Path) -> None:
    """Copy files from a place on S3 into a folder, in which their folders are. Raises OSError."""
    files = _on_s3(lake)
    with ThreadPoolExecutor(READERS) as pool:
        list(pool.map(lambda name: files.copy(name, to / name), names))


def publish(folder: Path, names: Iterable[str], lake: Lake) -> None:
    """Copy files of a folder to a place on S3. Raises OSError."""
    files = _on_s3(lake)
    with ThreadPoolExecutor(READERS) as pool:
        list(pool.map(lambda name: files.put(folder / name, name), names))


def withdraw(lake: Lake, but: Collection[str] = ()) -> None:
    """Remove what is at a place on S3, but for some files. Raises OSError."""
    files = _on_s3(lake)
    if not but:
        files.clear()
        return
    with ThreadPoolExecutor(READERS) as pool:
        list(pool.map(files.remove, (name for name in files.written() if name not in but)))


def _files(lake: Lake) -> _Files:
    """Raises DemarcateError for a place that is none."""
    if lake.is_remote:
        return _on_s3(lake)
    root = Path(lake.place)
    if not is_folder(root):
        raise DemarcateError(f"{lake.place}: not a folder; name that of a lake, or s3://BUCKET/PREFIX")

    def names() -> list[str]:
        with os.scandir(root) as listing:
            return sorted(entry.name for entry in listing if entry.is_dir() and not entry.name.startswith("."))

    return _Files(
        names,
        lambda name: read_bytes(root / name, LARGEST_MANIFEST),
        lambda name, to: shutil.copyfile(root / name, to),
    )


def _on_s3(lake: Lake) -> _Objects:
    if find_spec("pyarrow") is None:
        raise DemarcateError("a lake on S3 needs pyarrow: pip install 'demarcate[arrow]'")
    from pyarrow import fs

    endpoint = lake.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    scheme, _, host = (endpoint or "").rpartition("://")
    given = {"endpoint_override": host or None, "scheme": scheme or None, "region": lake.region}
    system = fs.S3FileSystem(**{name: value for name, value in given.items() if value})
    root = lake.place.removeprefix(REMOTE).strip("/")
    if not root:
        raise DemarcateError(f"{lake.place}: names no bucket; expected s3://BUCKET/PREFIX")

    def names() -> list[str]:
        listed = system.get_file_info(fs.FileSelector(root, recursive=False))
        return sorted(info.base_name for info in listed if info.type == fs.FileType.Directory)

    def read(name: str) -> bytes:
        with system.open_input_stream(f"{root}/{name}") as stream:
            return bytes(stream.read(LARGEST_MANIFEST))

    def copy(name: str, to: Path) -> None:
        with system.open_input_stream(f"{root}/{name}") as stream, to.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)

    def put(file: Path, name: str) -> None:
        with file.open("rb") as stream, system.open_output_stream(f"{root}/{name}") as there:
            shutil.copyfileobj(stream, there, 1 << 20)

    def written() -> list[str]:
        below = fs.FileSelector(root, recursive=True, allow_not_found=True)
        return [
            info.path.removeprefix(f"{root}/")
            for info in system.get_file_info(below)
            if info.type == fs.FileType.File
        ]

    return _Objects(
        names,
        read,
        copy,
        put,
        written,
        remove=lambda name: system.delete_file(f"{root}/{name}"),
        clear=lambda: system.delete_dir(root),
        begin=lambda: system.open_output_stream(f"{root}/{BEGAN}").close(),
    )


def _why(error: OSError) -> str:
    """What was wrong, on one line. PyArrow tells it in a text of its own, without a number."""
    return error.strerror or short(error)

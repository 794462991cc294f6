"""Baselines: what an estate is declared to be, kept as a snapshot in the user's folder and signed off in the ledger.

A baseline has a name and versions, from 1. Each is a folder that nothing changes again; the ledger has its digest, so
that one that was edited, or put in its place, is not believed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import open_file
from demarcate.base.folders import data_folder
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger

SET: Final = "baseline-set"
"""The kind of entry that signs a baseline off."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_PIECE: Final = 1 << 20


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a baseline, as the ledger has it."""

    name: str
    version: int
    digest: str
    origin: str
    moment: str
    source: str
    by: str = ""
    at: str = ""

    @property
    def folder(self) -> Path:
        """Where its snapshot is kept."""
        return folder_of(self.name, self.version)


def check_name(name: str) -> None:
    """Refuse a name that is none. Raises DemarcateError."""
    if not _NAME.fullmatch(name):
        raise DemarcateError(f"{name!r} is no name for a baseline: up to 63 of a-z, 0-9, '.', '_' and '-'")


def folder_of(name: str, version: int) -> Path:
    """Where a version of a baseline is kept. Raises DemarcateError where there is no home."""
    check_name(name)
    try:
        return data_folder() / "baselines" / name / str(version)
    except RuntimeError as error:
        raise DemarcateError("there is no home folder to keep baselines in") from error


def baselines(ledger: Ledger, name: str | None = None) -> Iterator[Baseline]:
    """All versions of all baselines, or of one, in the order in which they were set."""
    for entry in ledger.entries(kinds=(SET,)):
        told = _told(entry.act.after)
        if told is not None and name in (None, told.name):
            yield msgspec.structs.replace(told, by=entry.person, at=entry.at)


def newest(ledger: Ledger, name: str, version: int | None = None) -> Baseline:
    """The newest version of a baseline, or one that is named. Raises DemarcateError where there is none."""
    versions = [told for told in baselines(ledger, name) if version in (None, told.version)]
    if not versions:
        which = f" {version}" if version is not None else ""
        raise DemarcateError(f"there is no baseline {name}{which} (see: demarcate baseline list)")
    return versions[-1]


def open_baseline(baseline: Baseline) -> Snapshot:
    """The snapshot of a baseline. Raises DemarcateError where it is not as it was signed off."""
    if not baseline.folder.is_dir():
        raise DemarcateError(f"baseline {baseline.name} {baseline.version}: {baseline.folder} is not there")
    if digest_of(baseline.folder) != baseline.digest:
        raise DemarcateError(
            f"baseline {baseline.name} {baseline.version}: {baseline.folder} was changed since {baseline.by} signed "
            "it off: set it anew"
        )
    return Snapshot.open(baseline.folder)


def set_baseline(ledger: Ledger, actor: Actor, name: str, snapshot: Snapshot) -> Baseline:
    """Keep a snapshot as the next version of a baseline, and sign it off.

    The folder is there before the entry is, and is removed where the entry cannot be written.
    """
    version = max((told.version for told in baselines(ledger, name)), default=0) + 1
    folder = folder_of(name, version)
    aside = folder.with_name(f".{version}.{os.getpid()}")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed before it was signed off
        aside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(snapshot.folder, aside)
        aside.rename(folder)
    except OSError as error:
        raise DemarcateError(f"{folder}: cannot be written: {error.strerror or error}") from error
    baseline = Baseline(
        name=name,
        version=version,
        digest=digest_of(folder),
        origin=snapshot.manifest.origin,
        moment=snapshot.moment.isoformat(),
        source=snapshot.manifest.source,
    )
    try:
        entry = ledger.append(actor, Act(kind=SET, after=msgspec.to_builtins(baseline)))[0]
    except DemarcateError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return msgspec.structs.replace(baseline, by=entry.person, at=entry.at)


def digest_of(folder: Path) -> str:
    """The SHA-256 of all that is in a folder: of each file's path and content, in order."""
    whole = hashlib.sha256()
    try:
        for path in sorted(path for path in folder.rglob("*") if not path.is_dir()):
            whole.update(f"{path.relative_to(folder).as_posix()}\0".encode("utf-8", "surrogateescape"))
            part = hashlib.sha256()
            with open_file(path, follow=False) as file:
                while piece := file.read(_PIECE):
                    part.update(piece)
            whole.update(part.digest())
    except OSError as error:
        raise DemarcateError(f"{folder}: cannot be read: {error.strerror or error}") from error
    return whole.hexdigest()


def _told(after: Any) -> Baseline | None:
    try:
        return msgspec.convert(after, Baseline)
    except msgspec.ValidationError:
        return None

"""Accounts collected into a lake: each by a task of its own, with the limits that one account has, as of one moment.

Until it is whole, a lake is written into a folder beside the one that was named: `.LAKE.partial`. Each account is there
as a whole, or with the journal of its own from which a later run goes on (`estate/snapshots/journal.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from demarcate.base.children import end_with_parent, run_child
from demarcate.base.encoding import from_json, to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_folder, read_bytes, write_whole
from demarcate.base.logs import phase
from demarcate.base.stopping import TemporaryFolder, remove
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.journal import partial_folder
from demarcate.estate.snapshots.manifest import AccountNote, Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.accounts import Accounts, Members
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection, Want
from demarcate.lake.engines import Engine

BEGAN = ".began.json"
"""What a lake that is not whole was begun with."""

LARGEST = 100_000_000
"""How many bytes what passes between processes may have."""


class _Began(msgspec.Struct, frozen=True, kw_only=True):
    moment: datetime
    asked: dict[str, str]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How accounts are read, in a form that travels: credentials are those that are found where they are read."""

    folder: str
    moment: datetime
    selection: dict[str, tuple[Want, ...] | None]
    regions: tuple[str, ...]
    profile: str | None
    endpoint_url: str | None
    role_name: str
    external_id: str | None
    telling: tuple[str, ...] | None
    elsewhere: bool


class _Work(msgspec.Struct, frozen=True, kw_only=True):
    reading: Reading
    notes: tuple[AccountNote, ...]
    unread: tuple[Unread, ...] = ()


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one account: how many rows there are, what could not be read; or why there is nothing."""

    account: str
    rows: int = 0
    unread: tuple[Unread, ...] = ()
    failed: str = ""


@phase("collected")
def collect_lake(selection: Selection, options: Options, out: Path, engine: Engine) -> list[Collected]:
    """Collect the accounts that options mean, each into a folder of a new lake that has its id.

    An account that cannot be read, or whose process dies, is one that was not read, and the others go on. Raises
    DemarcateError where nothing can be read at all, where `out` cannot be a new folder, and where the engine does not
    come to its end: then what is whole can be gone on with.
    """
    from demarcate.estate.sources.aws.collect import list_members
    from demarcate.estate.sources.aws.source import asked_of

    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise DemarcateError(f"{out}: exists already; name a new folder for the lake")
    members = list_members(options)
    partial = partial_folder(out)
    moment = _begun(partial, asked_of(selection, options), resume=options.resume)
    accounts = options.accounts or Accounts()
    reading = Reading(
        folder=str(partial),
        moment=moment,
        selection={
            name: None if columns is None else tuple(sorted(columns, key=str))
            for name, columns in selection.items()
        },
        regions=options.regions,
        profile=options.profile,
        endpoint_url=options.endpoint_url,
        role_name=accounts.role_name,
        external_id=accounts.external_id,
        telling=None if members.telling is None else tuple(sorted(members.telling)),
        elsewhere=any(note.id in (members.telling or ()) for note in members.notes if not note.skipped),
    )
    works = _works(reading, members)
    done = [from_json(told, Collected) for told in engine.run(CollectAccounts(works), len(works))]
    for each in done:
        if each.failed:
            _leave_word(reading, each, partial)
    if out.is_dir():
        out.rmdir()
    (partial / BEGAN).unlink()
    partial.rename(out)
    return done


def _begun(partial: Path, asked: dict[str, str], *, resume: bool) -> datetime:
    """The moment of a lake that is begun, or gone on with. Raises DemarcateError where it may not be."""
    if partial.exists():
        if not resume:
            raise DemarcateError(
                f"{partial}: was left by a collection that was stopped: go on with --resume, or delete it"
            )
        try:
            began = from_json(read_bytes(partial / BEGAN, LARGEST), _Began)
        except (OSError, ValueError) as error:
            raise DemarcateError(f"{partial}: cannot be gone on with ({error}): delete it") from error
        differs = sorted(name for name in {*began.asked, *asked} if began.asked.get(name) != asked.get(name))
        if differs:
            raise DemarcateError(
                f"{partial}: other {', '.join(differs)} were asked for: ask for the same, or delete it"
            )
        return began.moment
    moment = datetime.now(UTC).replace(microsecond=0)
    try:
        partial.mkdir(parents=True)
        write_whole(partial / BEGAN, to_json(_Began(moment=moment, asked=asked)))
    except OSError as error:
        raise DemarcateError(f"{partial}: cannot be written: {error.strerror or error}") from error
    return moment


def _works(reading: Reading, members: Members) -> list[_Work]:
    """One for each account. The first has what belongs to none: accounts that are not read, and what is not known."""
    skipped = tuple(note for note in members.notes if note.skipped)
    works = [_Work(reading=reading, notes=(note,)) for note in members.notes if not note.skipped]
    if works:
        works[0] = _Work(reading=reading, notes=(*works[0].notes, *skipped), unread=members.unread)
    return works


@dataclass(frozen=True, slots=True)
class CollectAccounts:
    """The task of collecting an account, by its number."""

    works: Sequence[_Work]

    def __call__(self, number: int) -> bytes:
        """What became of it. Raises DemarcateError where this machine does not see the folder to write into."""
        work = self.works[number]
        account, parent = work.notes[0].id, Path(work.reading.folder)
        if not is_folder(parent):
            raise DemarcateError(f"{parent} is not seen here: the lake must lie where all workers reach it")
        if is_folder(parent / account):  # of an earlier run
            return to_json(_told(account, Snapshot.open(parent / account)))
        with TemporaryFolder() as folder:
            (folder / "work").write_bytes(to_json(work))
            why_dead = run_child("demarcate.lake.collecting", folder)
            if why_dead is not None:
                return to_json(Collected(account=account, failed=f"the process that collected it {why_dead}"))
            return read_bytes(folder / "told", LARGEST)


def _told(account: str, snapshot: Snapshot) -> Collected:
    rows = sum(part.rows for held in snapshot.manifest.tables.values() for part in held.parts)
    return Collected(account=account, rows=rows, unread=snapshot.unread)


def _collect(work: _Work) -> Collected:
    """Collect an account, in a process of its own."""
    from demarcate.estate.sources.collecting import collect_snapshot

    reading, account = work.reading, work.notes[0].id
    out = Path(reading.folder) / account
    telling = None if reading.telling is None else frozenset(reading.telling)
    members = Members(work.notes, telling, work.unread, reading.elsewhere)
    options = Options(
        profile=reading.profile,
        regions=reading.regions,
        endpoint_url=reading.endpoint_url,
        accounts=Accounts(False, (account,), reading.role_name, reading.external_id, members),
        moment=reading.moment,
        resume=partial_folder(out).exists(),
        preset=frozenset(("moment",)),
    )
    selection = {
        name: None if columns is None else frozenset(columns) for name, columns in reading.selection.items()
    }
    try:
        return _told(account, collect_snapshot(["aws"], options, selection=selection, out=out))
    except (DemarcateError, OSError) as error:
        return Collected(account=account, failed=str(error))


def _leave_word(reading: Reading, failed: Collected, folder: Path) -> None:
    """A snapshot that says of an account that nothing of it was read."""
    remove(partial_folder(folder / failed.account))
    with SnapshotWriter("live", "aws", out=folder / failed.account, moment=reading.moment) as writer:
        writer.accounts.append(AccountNote(id=failed.account))
        unread = Unread(
            kind=Kind.INCOMPLETE,
            reason=failed.failed,
            account=failed.account,
            tables=tuple(sorted(reading.selection)),
        )
        writer.unread(unread)
        writer.finish()


if __name__ == "__main__":
    given = Path(sys.argv[1])
    end_with_parent(given)
    told = _collect(from_json(read_bytes(given / "work", LARGEST), _Work))
    (given / "told").write_bytes(to_json(told))

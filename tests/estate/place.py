"""Where queries that want out are tried: what they must not reach, and what must hold after each."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.querying import QueryLimits, run
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot

ATTACKS = read(Path(__file__).parent / "attacks.yaml", dict[str, list[str]])
LIMITS = QueryLimits(seconds=1, memory=400_000_000, rows=1000)
MARK = "a-word-that-nobody-may-read"
TEMPLATE = """
Resources:
  Data: {Type: AWS::S3::Bucket, Properties: {BucketName: data}}
  Logs: {Type: AWS::S3::Bucket, Properties: {BucketName: logs}}
"""


@dataclass(frozen=True)
class Place:
    """A snapshot, a file beside it that is nobody's business, and a server that counts who calls it."""

    folder: Path
    snapshot: Snapshot
    server: socket.socket

    def aimed(self, attack: str) -> str:
        url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        names = {"secret": self.folder / "secret.txt", "folder": self.folder, "url": url}
        for name, value in {**names, "snapshot": self.snapshot.folder}.items():
            attack = attack.replace("{" + name + "}", str(value))
        return attack

    def called(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            self.server.accept()
            return True
        return False

    def files(self) -> dict[Path, bytes]:
        return {
            path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()
        }

    def holds(self, query: str, limits: QueryLimits = LIMITS) -> str:
        """Whatever it says: nothing is read, called, written or kept. Why it has no answer, where it has none."""
        before = self.files()
        answer: list[object] = []
        refused = ""
        try:
            columns, rows = run(query, self.snapshot, limits)
            answer += columns
            answer += rows
        except DemarcateError as error:
            refused = str(error)
        assert MARK not in str(answer)
        assert "secret.txt.csv" not in str(answer), "no folder is listed"
        assert self.files() == before
        assert not self.called()
        return refused


@contextlib.contextmanager
def placed(folder: Path) -> Iterator[Place]:
    """Make one in a folder."""
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "secret.txt").write_text(f"name\n{MARK}\n")
    (folder / "secret.txt.csv").write_text(f"name\n{MARK}\n")
    kept = collect_to(folder / "snapshot", folder / "template.yaml")
    (kept.folder / "link").symlink_to(folder / "secret.txt")
    (kept.folder / "up").symlink_to(folder)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield Place(folder, kept, server)


def collect_to(out: Path, template: Path) -> Snapshot:
    """The snapshot of a template in a folder."""
    collect_snapshot([str(template)], out=out)
    return Snapshot.open(out)

"""Documents that evidence points to: they lie in its folder, and their SHA-256 is what was written down."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path, PurePosixPath

from demarcate.base.files import TooLarge, open_file
from demarcate.evidence.problems import Unusable, shown

LARGEST = 1_000_000_000
"""How many bytes a document may have."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Documents:
    """The documents in an evidence folder. Each is read once, in pieces, however often it is named."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests: dict[Path, str] = {}

    def verify(self, name: str, sha256: str) -> None:
        """Hold a document to its SHA-256.

        Raises Refused for another hash, and for a path that does not lead to a file within the folder.
        """
        path = self._path(name)
        expected = digest(sha256)
        known = self._digests.get(path)
        if known is None:
            try:
                known = self._digests[path] = _digest_of(path)
            except OSError as error:
                raise Unusable(f"the document {shown(name)} cannot be read: {error.strerror or error}") from error
        if known != expected:
            raise Unusable(
                f"the document {shown(name)} has the SHA-256 {known}, not {expected}: it is not what was attested"
            )

    def _path(self, name: str) -> Path:
        inside = PurePosixPath(name)
        if (
            inside.is_absolute()
            or Path(name).is_absolute()
            or ".." in inside.parts
            or "\\" in name
            or "\0" in name
        ):
            raise Unusable(f"the document {shown(name)} leaves the evidence folder; expected a path within it")
        path = self._folder
        for part in inside.parts:
            path /= part
            mode = _mode(path, name)
            if stat.S_ISLNK(mode):
                raise Unusable(
                    f"the document {shown(name)} is reached by a symbolic link; expected the file itself"
                )
        if path == self._folder or not stat.S_ISREG(mode):
            raise Unusable(f"the document {shown(name)} is no file")
        return path


def _digest_of(path: Path) -> str:
    """The SHA-256 of a file. Raises OSError, for what is no file or is too large as well."""
    hashed, left = hashlib.sha256(), LARGEST
    with open_file(path, follow=False) as file:
        while piece := file.read(1 << 20):
            hashed.update(piece)
            left -= len(piece)
            if left < 0:
                raise TooLarge(path, LARGEST)
    return hashed.hexdigest()


def _mode(path: Path, name: str) -> int:
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError as error:
        raise Unusable(f"the document {shown(name)} does not exist in the evidence folder") from error
    except OSError as error:
        raise Unusable(f"the document {shown(name)} cannot be read: {error.strerror or error}") from error


def digest(text: str) -> str:
    """A SHA-256, in lower case. Raises Refused for what is none."""
    lowered = text.lower()
    if not _SHA256.fullmatch(lowered):
        raise Unusable(f"sha256 is {shown(text, 70)}; expected 64 hexadecimal digits (sha256sum FILE)")
    return lowered

"""Files of evidence as text. Spreadsheets write several encodings; only those that say so are read."""

from __future__ import annotations

import codecs
from pathlib import Path

from demarcate.base.documents import DocumentError
from demarcate.base.files import TooLarge, read_bytes

LIMIT = 50_000_000
"""How many bytes one file of evidence may have."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_SAVE_AS = "save it as UTF-8 (spreadsheets call it “CSV UTF-8”)"


def read_text(path: Path) -> str:
    """The text of a file: UTF-8, or UTF-16 with its byte order mark. No encoding is ever guessed.

    Raises DocumentError for a file that cannot be read, is too large or has another encoding.
    """
    try:
        raw = read_bytes(path, LIMIT)
    except TooLarge as error:
        raise DocumentError(f"has more than {LIMIT:,} bytes; divide it into several files", str(path)) from error
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror or error}", str(path)) from error
    return decode(raw, str(path))


def decode(raw: bytes, file: str) -> str:
    """The text in the bytes of a file. Raises DocumentError with the line where they are no text."""
    if raw.startswith(_UTF32):
        raise DocumentError(f"is in UTF-32; {_SAVE_AS}", file)
    if raw.startswith(_UTF16):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise DocumentError(f"is not whole: it begins as UTF-16 and breaks off; {_SAVE_AS}", file) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{raw[error.start]:02X}"
        raise DocumentError(f"is not in UTF-8 ({what}); {_SAVE_AS}", file, line) from error
